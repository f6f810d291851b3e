/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chain files under libFuzzer: any text is refused with one line, or compiles to
 * classifiers that are proven and say of headers what the elements one by one say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib-c/rng.h"
#include "fuzz.h"
#include "snf/interpreter.h"
#include "snf/proof.h"

static void draw(struct rng *rng, struct daisy_header *header)
{
	static const uint32_t protocols[] = { 0, 1, 6, 17 };

	*header = (struct daisy_header){ 0 };
	for (int f = 0; f < N_READ_FIELDS; f++)
		header->value[f] = rng_next(rng) % (daisy_field_max((enum daisy_field)f) + 1);
	header->value[FIELD_PROTO] = protocols[rng_below(rng, 4)];
	header->value[FIELD_SPORT] = rng_below(rng, 256);
	header->value[FIELD_PAINT] = 0;
}

static void agree(struct daisy_chain *chain, size_t entry)
{
	struct rng rng = { 0x5eed };
	struct daisy_proof proof;
	int err = daisy_proof_check(chain, &chain->compiled->classifiers[entry], &proof);

	MUST(!err);
	for (int i = 0; i < 100; i++) {
		const struct daisy_class *class;
		struct daisy_outcome outcome;
		struct daisy_header header;

		draw(&rng, &header);
		daisy_interpreter_run(chain, &chain->entries[entry], &header, &outcome);
		class = daisy_compiled_class(chain, entry, &header);
		MUST(class && class->id == outcome.class && class->end == outcome.end);
	}
}

static void refused_well(void)
{
	const char *why = daisy_error();

	MUST(*why && !strchr(why, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A buffer of its own, so that a byte read behind the end is seen. */
	char *text = malloc(size ? size : 1);
	struct daisy_chain chain;
	int err;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	err = daisy_chain_init(&chain);
	if (!err)
		err = daisy_chain_parse(&chain, "fuzz", text, size);
	if (!err)
		err = daisy_compile(&chain);
	if (err)
		refused_well();
	for (size_t e = 0; !err && e < chain.n_entries; e++)
		agree(&chain, e);
	daisy_chain_clean(&chain);
	free(text);
	return 0;
}
