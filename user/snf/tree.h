/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A search tree over a classifier: an inner node cuts its region, a box of the
 * header space, in two by one value of one field; a leaf has the filters that can
 * decide there, in their order.
 */
#ifndef DAISY_SNF_TREE_H
#define DAISY_SNF_TREE_H

#include "snf/compile.h"

struct daisy_region {
	uint32_t first[N_READ_FIELDS], last[N_READ_FIELDS];	/* inclusive */
};

struct daisy_tree_node {
	uint32_t cut;			/* inner: up to this value left, above right */
	uint8_t field;			/* N_READ_FIELDS: a leaf */
	uint32_t child;			/* inner: the left one, the right one is next; leaf: first of refs */
	uint32_t n;			/* leaf: number of refs */
};

struct daisy_tree {
	struct daisy_tree_node *nodes;	/* the root is the first */
	size_t n_nodes;
	uint32_t *refs;			/* numbers of filters */
	size_t n_refs;
	unsigned int depth;		/* of the deepest leaf */
	unsigned int widest;		/* most filters in a leaf */
	bool *decides;			/* of each filter: is it the first anywhere, as far as the tree tells */
};

int daisy_tree_build(struct daisy_chain *chain, struct daisy_classifier *classifier);
/* The filter that decides; NULL if none has the packet. */
const struct daisy_class_rule *daisy_tree_find(const struct daisy_sets *sets,
					 const struct daisy_classifier *classifier,
					 const struct daisy_header *header);

/* The whole header space. */
void daisy_region_all(struct daisy_region *region);
bool daisy_region_meets(const struct daisy_sets *sets, const struct daisy_region *region,
			const struct daisy_filter *filter);
bool daisy_region_within(const struct daisy_sets *sets, const struct daisy_region *region,
			 const struct daisy_filter *filter);

#endif
