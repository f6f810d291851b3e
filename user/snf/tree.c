/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Built from the top: of each field the median of the filters' borders within the
 * region is tried, and the cut that leaves the least work in both halves is taken.
 * A filter that reaches over the cut is in both. Behind a filter that has the
 * whole region nothing decides, and where all filters have one class the last will
 * do. How often filters may be copied is a budget, dealt out by size, which bounds
 * memory and time for any input; leaves are longer where it is spent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snf/tree.h"

#define LEAF 8			/* compared one after the other faster than cut again */
#define MAX_DEPTH 96
#define MAX_BORDERS 8		/* of one filter in one field */
#define SAMPLE 512		/* filters whose borders are looked at, to find a median */
#define COPIES 48		/* budget of the root: copies of each filter, on average */

struct build {
	struct daisy_chain *chain;
	struct daisy_classifier *classifier;
	struct daisy_tree *tree;
	uint32_t *borders;
	size_t n_borders, size_borders;
};

struct list {
	uint32_t *rules;
	size_t n;
};

void daisy_region_all(struct daisy_region *region)
{
	for (int f = 0; f < N_READ_FIELDS; f++) {
		region->first[f] = 0;
		region->last[f] = (uint32_t)daisy_field_max((enum daisy_field)f);
	}
}

bool daisy_region_meets(const struct daisy_sets *sets, const struct daisy_region *region,
			const struct daisy_filter *filter)
{
	for (int f = 0; f < N_READ_FIELDS; f++)
		if (filter->set[f] != SET_FULL &&
		    !daisy_set_meets(sets, filter->set[f], region->first[f], region->last[f]))
			return false;
	return true;
}

bool daisy_region_within(const struct daisy_sets *sets, const struct daisy_region *region,
			 const struct daisy_filter *filter)
{
	for (int f = 0; f < N_READ_FIELDS; f++)
		if (filter->set[f] != SET_FULL &&
		    !daisy_set_covers(sets, filter->set[f], region->first[f], region->last[f]))
			return false;
	return true;
}

/* The filters that can decide in a region: up to one that has all of it. The caller frees them. */
static int select_rules(const struct build *b, const struct daisy_region *region,
			const struct list *from, struct list *out)
{
	const struct daisy_sets *sets = &b->chain->sets;

	out->n = 0;
	out->rules = malloc((from->n + 1) * sizeof(*out->rules));
	if (!out->rules)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++) {
		const struct daisy_filter *filter = &b->classifier->rules[from->rules[i]].filter;

		if (!daisy_region_meets(sets, region, filter))
			continue;
		out->rules[out->n++] = from->rules[i];
		if (daisy_region_within(sets, region, filter))
			break;
	}
	return 0;
}

static bool one_class(const struct build *b, const struct list *list)
{
	for (size_t i = 1; i < list->n; i++)
		if (b->classifier->rules[list->rules[i]].class != b->classifier->rules[*list->rules].class)
			return false;
	return true;
}

static int add_nodes(struct build *b, uint32_t *index)
{
	struct daisy_tree *tree = b->tree;

	for (int i = 0; i < 2; i++) {
		struct daisy_tree_node *nodes = daisy_arena_grow(&b->chain->arena, tree->nodes,
								 tree->n_nodes, sizeof(*nodes));
		if (!nodes)
			return -ENOMEM;
		tree->nodes = nodes;
		nodes[tree->n_nodes++] = (struct daisy_tree_node){ .field = N_READ_FIELDS };
	}
	*index = (uint32_t)tree->n_nodes - 2;
	return 0;
}

static int make_leaf(struct build *b, uint32_t node, const struct list *list, unsigned int depth)
{
	struct daisy_tree *tree = b->tree;
	bool alike = one_class(b, list);

	tree->nodes[node].child = (uint32_t)tree->n_refs;
	for (size_t i = 0; i < list->n; i++) {
		uint32_t *refs;

		tree->decides[list->rules[i]] = true;
		if (alike && i + 1 < list->n)
			continue;
		refs = daisy_arena_grow(&b->chain->arena, tree->refs, tree->n_refs, sizeof(*refs));
		if (!refs)
			return -ENOMEM;
		tree->refs = refs;
		refs[tree->n_refs++] = list->rules[i];
		tree->nodes[node].n++;
	}
	if (tree->nodes[node].n > tree->widest)
		tree->widest = tree->nodes[node].n;
	if (depth > tree->depth)
		tree->depth = depth;
	return 0;
}

/* Values after which a filter begins or ends in the region. */
static int add_borders(struct build *b, const struct daisy_region *region, enum daisy_field field,
		       uint32_t set)
{
	uint32_t first = region->first[field], last = region->last[field], n, kept = 0;
	struct daisy_interval full;
	const struct daisy_interval *in = daisy_set_intervals(&b->chain->sets, set, field, &full, &n);

	if (b->n_borders + 2 * MAX_BORDERS > b->size_borders) {
		size_t size = 2 * b->size_borders + 4 * MAX_BORDERS;
		uint32_t *borders = realloc(b->borders, size * sizeof(*borders));

		if (!borders)
			return -ENOMEM;
		b->borders = borders;
		b->size_borders = size;
	}
	for (uint32_t i = 0; i < n && kept < MAX_BORDERS; i++) {
		if (in[i].last < first || in[i].first > last)
			continue;
		if (in[i].first > first)
			b->borders[b->n_borders++] = in[i].first - 1, kept++;
		if (in[i].last < last)
			b->borders[b->n_borders++] = in[i].last, kept++;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* How many filters there are on each side of a cut. */
static void count_sides(const struct build *b, const struct list *list, enum daisy_field field,
			const struct daisy_region *region, uint32_t cut, size_t *left, size_t *right)
{
	*left = *right = 0;
	for (size_t i = 0; i < list->n; i++) {
		uint32_t set = b->classifier->rules[list->rules[i]].filter.set[field];

		*left += daisy_set_meets(&b->chain->sets, set, region->first[field], cut);
		*right += daisy_set_meets(&b->chain->sets, set, cut + 1, region->last[field]);
	}
}

struct cut {
	int field;			/* -1: none helps */
	uint32_t value;
	size_t left, right;
	double cost;
};

static int try_field(struct build *b, const struct daisy_region *region, const struct list *list,
		     enum daisy_field field, struct cut *best)
{
	struct cut cut = { .field = (int)field };

	b->n_borders = 0;
	for (size_t i = 0; i < list->n; i += 1 + list->n / SAMPLE) {
		uint32_t set = b->classifier->rules[list->rules[i]].filter.set[field];

		if (set != SET_FULL && add_borders(b, region, field, set))
			return -ENOMEM;
	}
	if (!b->n_borders)
		return 0;
	qsort(b->borders, b->n_borders, sizeof(*b->borders), by_value);
	cut.value = b->borders[b->n_borders / 2];
	count_sides(b, list, field, region, cut.value, &cut.left, &cut.right);
	cut.cost = (double)cut.left * (double)cut.left + (double)cut.right * (double)cut.right;
	if (cut.left < list->n && cut.right < list->n && (best->field < 0 || cut.cost < best->cost))
		*best = cut;
	return 0;
}

static int build(struct build *b, uint32_t node, const struct daisy_region *region,
		 const struct list *list, size_t budget, unsigned int depth)
{
	struct cut cut = { .field = -1 };
	struct list half;
	uint32_t child;
	int err = 0;

	if (list->n > LEAF && depth < MAX_DEPTH && !one_class(b, list))
		for (int f = 0; !err && f < N_READ_FIELDS; f++)
			if (region->first[f] < region->last[f])
				err = try_field(b, region, list, (enum daisy_field)f, &cut);
	if (err || cut.field < 0 || cut.left + cut.right > budget)
		return err ? err : make_leaf(b, node, list, depth);
	err = add_nodes(b, &child);
	if (err)
		return err;
	b->tree->nodes[node] = (struct daisy_tree_node){ cut.value, (uint8_t)cut.field, child, 0 };
	for (uint32_t side = 0; !err && side < 2; side++) {
		struct daisy_region part = *region;
		size_t n = side ? cut.right : cut.left;

		if (side)
			part.first[cut.field] = cut.value + 1;
		else
			part.last[cut.field] = cut.value;
		err = select_rules(b, &part, list, &half);
		if (!err)
			err = build(b, child + side, &part, &half,
				    (size_t)((double)budget * (double)n / (double)(cut.left + cut.right)),
				    depth + 1);
		free(half.rules);
	}
	return err;
}

int daisy_tree_build(struct daisy_chain *chain, struct daisy_classifier *classifier)
{
	struct daisy_tree *tree = daisy_arena_alloc(&chain->arena, sizeof(*tree));
	struct build b = { .chain = chain, .classifier = classifier, .tree = tree };
	struct list all = { NULL, 0 }, root = { NULL, 0 };
	struct daisy_region region;
	uint32_t index;
	int err = -ENOMEM;

	daisy_region_all(&region);
	if (tree)
		tree->decides = daisy_arena_alloc(&chain->arena, classifier->n_rules * sizeof(bool));
	all.rules = malloc(classifier->n_rules * sizeof(*all.rules));
	if (tree && tree->decides && all.rules && !add_nodes(&b, &index)) {
		for (; all.n < classifier->n_rules; all.n++)
			all.rules[all.n] = (uint32_t)all.n;
		err = select_rules(&b, &region, &all, &root);
	}
	if (!err)
		err = build(&b, index, &region, &root, COPIES * (root.n + 1000), 0);
	free(b.borders);
	free(root.rules);
	free(all.rules);
	classifier->tree = tree;
	return err;
}

const struct daisy_class_rule *daisy_tree_find(const struct daisy_sets *sets,
					 const struct daisy_classifier *classifier,
					 const struct daisy_header *header)
{
	const struct daisy_tree *tree = classifier->tree;
	const struct daisy_tree_node *node = tree->nodes;

	while (node->field < N_READ_FIELDS)
		node = &tree->nodes[node->child + (header->value[node->field] > node->cut)];
	for (uint32_t i = 0; i < node->n; i++) {
		const struct daisy_class_rule *rule = &classifier->rules[tree->refs[node->child + i]];

		if (daisy_filter_has(sets, &rule->filter, header))
			return rule;
	}
	return NULL;
}
