/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "snf/element.h"
#include "snf/explain.h"

/* A quoted string of dot. */
static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_node(FILE *out, const struct daisy_element *e, size_t i)
{
	static const char *const colours[] = {
		[ELEMENT_IO] = "grey", [ELEMENT_PARSING] = "grey", [ELEMENT_PASSIVE] = "grey",
		[ELEMENT_READ] = "darkgreen", [ELEMENT_WRITE] = "blue", [ELEMENT_READ_WRITE] = "purple",
	};

	fprintf(out, "\t\te%zu [color=%s, label=", i, colours[e->class->kind]);
	put_string(out, e->class->name);
	fputs("]\n", out);
}

static void put_elements(FILE *out, const struct daisy_chain *chain)
{
	for (size_t f = 0; f < chain->n_functions; f++) {
		fprintf(out, "\tsubgraph cluster_%zu {\n\t\tlabel=", f);
		put_string(out, chain->functions[f].name);
		fputs("\n", out);
		for (size_t i = 0; i < chain->n_elements; i++)
			if (chain->elements[i]->function == f)
				put_node(out, chain->elements[i], i);
		fputs("\t}\n", out);
	}
	for (size_t i = 0; i < chain->n_elements; i++)
		for (unsigned int k = 0; k < chain->elements[i]->n_outputs; k++)
			fprintf(out, "\te%zu -> e%u [label=\"%u\"]\n", i, chain->elements[i]->outputs[k].to, k);
}

static void put_classes(FILE *out, const struct daisy_chain *chain)
{
	const struct daisy_compiled *compiled = chain->compiled;

	for (size_t k = 0; k < compiled->n_classes; k++) {
		fprintf(out, "\tc%zu [shape=box, label=", k);
		put_string(out, compiled->classes[k].text);
		fputs("]\n", out);
	}
	for (size_t e = 0; e < chain->n_entries; e++) {
		const struct daisy_classifier *c = &compiled->classifiers[e];

		fprintf(out, "\tn%zu [shape=diamond, label=", e);
		put_string(out, chain->entries[e].name);
		fputs("]\n", out);
		for (size_t k = 0; k < compiled->n_classes; k++) {
			size_t n = 0;

			for (size_t i = 0; i < c->n_rules; i++)
				n += c->rules[i].class == k;
			if (n)
				fprintf(out, "\tn%zu -> c%zu [label=\"%zu\"]\n", e, k, n);
		}
	}
}

void daisy_chain_dot(FILE *out, const struct daisy_chain *chain)
{
	fputs("digraph elements {\n\trankdir=LR\n", out);
	put_elements(out, chain);
	fputs("}\ndigraph classes {\n\trankdir=LR\n", out);
	put_classes(out, chain);
	fputs("}\n", out);
}
