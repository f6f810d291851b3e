/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's inventory under libFuzzer: any bytes are either refused with one
 * line that has its place, or accepted; what is accepted has rules of which no two
 * stand in one place, in words that ovs-ofctl takes line by line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ctl/inventory.h"
#include "openflow/bundle.h"
#include "openflow/steering.h"

/* Boxes times prefixes: a file that is small may still ask for many rules. */
#define MAX_RULES 20000

static void refused_well(void)
{
	const char *why = daisy_error();

	MUST(!strncmp(why, "fuzz:", 5) && !strchr(why, '\n'));
}

static void has_rules(struct daisy_inventory *inv)
{
	struct daisy_flows wanted = { 0 }, had = { 0 };
	struct daisy_diff diff;
	size_t lines = 0;
	char *text;

	MUST(!daisy_steering(inv, &wanted));
	for (size_t i = 1; i < wanted.n; i++)
		MUST(daisy_flow_compare(&wanted.item[i - 1], &wanted.item[i]) < 0);
	MUST(!daisy_diff(inv, &wanted, &had, &diff));
	text = daisy_bundle_text(&diff);
	MUST(text);
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	MUST(lines == wanted.n);
	free(text);
	daisy_diff_clean(&diff);
	daisy_flows_clean(&wanted);
}

/* What a switch says is not to be trusted either. */
static void read_as_answer(const char *text, size_t size)
{
	struct daisy_flows flows = { 0 };

	if (!daisy_flows_read(&flows, text, size))
		daisy_flows_sort(&flows);
	daisy_flows_clean(&flows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct daisy_inventory *inv = NULL;
	/* A buffer of its own, so that a byte read behind the end is seen. */
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (daisy_inventory_parse("fuzz", text, size, &inv)) {
		MUST(!inv);
		refused_well();
	} else {
		if (inv->n_prefixes * inv->n_boxes < MAX_RULES)
			has_rules(inv);
		daisy_inventory_free(inv);
	}
	read_as_answer(text, size);
	free(text);
	return 0;
}
