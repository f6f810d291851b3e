/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration parser under libFuzzer: any bytes are either refused with one
 * line, or accepted; what is accepted is, written and read again, the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "config/config.h"
#include "nat/instance.h"

static void refused_well(void)
{
	const char *why = daisy_error();

	MUST(why && *why && !strchr(why, '\n'));
}

/* What was accepted, written out and read again. */
static void comes_round(const struct daisy_config *config)
{
	struct daisy_config *again;
	char *text, *twice;
	size_t len, len_twice;

	MUST(!daisy_config_format(config, &text, &len));
	MUST(!daisy_config_parse("again", text, len, false, &again));
	MUST(!daisy_config_format(again, &twice, &len_twice));
	MUST(len == len_twice && !memcmp(text, twice, len));
	daisy_config_free(again);
	free(twice);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct daisy_config *config = NULL, *copy;
	/* A buffer of its own, so that a byte read behind the end is seen. */
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (daisy_config_parse("fuzz", text, size, false, &config)) {
		MUST(!config);
		refused_well();
	} else {
		comes_round(config);
		copy = daisy_config_copy(config);
		MUST(copy);
		daisy_config_free(copy);
		daisy_config_free(config);
	}
	free(text);
	return 0;
}
