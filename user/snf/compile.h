/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The synthesizer: from the elements of a chain to one classifier for each entry.
 *
 * A classifier is a list of filters, each with its class; the first filter that
 * has a packet decides, and the last has every packet. That is lazy subtraction
 * (S-13): what earlier filters take away is not written into later ones.
 */
#ifndef DAISY_SNF_COMPILE_H
#define DAISY_SNF_COMPILE_H

#include "snf/class.h"

/* Bounds of what the datapath can be given. */
#define DAISY_CHAIN_MAX_FILTERS 262144
#define DAISY_CHAIN_MAX_CLASSES 65536
/* Intersections, in millions: what bounds the time, some seconds. */
#define DAISY_CHAIN_MAX_MILLIONS 200

struct daisy_class_rule {
	struct daisy_filter filter;
	uint32_t class;			/* index */
	struct daisy_place place;	/* what decided last */
};

struct daisy_classifier {
	struct daisy_class_rule *rules;
	size_t n_rules;
	struct daisy_tree *tree;
};

struct daisy_compiled {
	struct daisy_class *classes;
	size_t n_classes;
	uint32_t *buckets;		/* hash of classes: index + 1 */
	size_t n_buckets;
	struct daisy_classifier *classifiers;	/* one for each entry of the chain */
};

/*
 * Fill chain->compiled. -E2BIG with daisy_error() that names the rules which multiply most if the
 * result is too large; other negative errno as usual.
 */
int daisy_compile(struct daisy_chain *chain);
/* The class that a packet of an entry belongs to. */
const struct daisy_class *daisy_compiled_class(const struct daisy_chain *chain, size_t entry,
					       const struct daisy_header *header);

#endif
