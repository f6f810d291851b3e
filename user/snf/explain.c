/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "snf/explain.h"
#include "snf/tree.h"

/* Longer lists of intervals tell nobody anything. */
#define MAX_INTERVALS 8

/* Bits that an address prefix leaves open; -1: the interval is none. */
static int prefix_host_bits(const struct daisy_interval *i)
{
	uint32_t size = i->last - i->first;	/* one less */

	if (size & (size + 1) || i->first & size)
		return -1;
	return size == UINT32_MAX ? 32 : __builtin_popcount(size);
}

static void explain_interval(FILE *out, enum daisy_field field, const struct daisy_interval *i)
{
	int bits = prefix_host_bits(i);
	char text[24];

	daisy_field_format(field, i->first, text);
	fprintf(out, " %s", text);
	if (i->first == i->last)
		return;
	if ((field == FIELD_SRC || field == FIELD_DST) && bits >= 0) {
		fprintf(out, "/%d", 32 - bits);
		return;
	}
	daisy_field_format(field, i->last, text);
	fprintf(out, "-%s", text);
}

void daisy_filter_explain(FILE *out, const struct daisy_sets *sets,
			  const struct daisy_filter *filter)
{
	const char *comma = "";

	for (int f = 0; f < N_READ_FIELDS; f++) {
		struct daisy_interval full;
		uint32_t n;
		const struct daisy_interval *in = daisy_set_intervals(sets, filter->set[f],
								      (enum daisy_field)f, &full, &n);
		if (filter->set[f] == SET_FULL)
			continue;
		fprintf(out, "%s%s", comma, daisy_field_name((enum daisy_field)f));
		for (uint32_t i = 0; i < n && i < MAX_INTERVALS; i++)
			explain_interval(out, (enum daisy_field)f, &in[i]);
		if (n > MAX_INTERVALS)
			fprintf(out, " and %u more", n - MAX_INTERVALS);
		comma = ", ";
	}
	if (!*comma)
		fputs("everything", out);
}

static void explain_rule(FILE *out, const struct daisy_chain *chain, const struct daisy_class_rule *rule,
			 size_t number, bool decides)
{
	unsigned int line, column;
	const char *name;

	daisy_place_find(rule->place, &name, &line, &column);
	fprintf(out, "  %6zu  ", number);
	daisy_filter_explain(out, &chain->sets, &rule->filter);
	fprintf(out, "  (%s:%u%s)\n", name, line, decides ? "" : ", never reached");
}

void daisy_chain_explain(FILE *out, const struct daisy_chain *chain)
{
	const struct daisy_compiled *compiled = chain->compiled;

	for (size_t e = 0; e < chain->n_entries; e++) {
		const struct daisy_classifier *c = &compiled->classifiers[e];

		fprintf(out, "entry %s: %zu filters, the first that matches decides\n",
			chain->entries[e].name, c->n_rules);
		for (size_t k = 0; k < compiled->n_classes; k++) {
			bool titled = false;

			for (size_t i = 0; i < c->n_rules; i++) {
				if (c->rules[i].class != k)
					continue;
				if (!titled)
					fprintf(out, "class %08x: %s\n", compiled->classes[k].id,
						compiled->classes[k].text);
				titled = true;
				explain_rule(out, chain, &c->rules[i], i + 1, c->tree->decides[i]);
			}
		}
	}
}
