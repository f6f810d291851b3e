/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "snf/proof.h"

/* Steps of the search for a packet in one region; more are no proof. */
#define MAX_STEPS 1000000

struct check {
	const struct daisy_chain *chain;
	const struct daisy_classifier *classifier;
	struct daisy_proof *proof;
	unsigned int n_steps;
};

static const struct daisy_filter *filter_of(const struct check *c, uint32_t rule)
{
	return &c->classifier->rules[rule].filter;
}

/* A packet of the region that none of the filters has: true with *header. */
static bool find_free(struct check *c, const struct daisy_region *region, const uint32_t *rules,
		      size_t n, struct daisy_header *header)
{
	const struct daisy_filter *filter;

	if (++c->n_steps > MAX_STEPS)
		return false;
	while (n && !daisy_region_meets(&c->chain->sets, region, filter_of(c, *rules)))
		rules++, n--;
	if (!n) {
		for (int f = 0; f < N_READ_FIELDS; f++)
			header->value[f] = region->first[f];
		return true;
	}
	filter = filter_of(c, *rules);
	for (int f = 0; f < N_READ_FIELDS; f++) {
		struct daisy_interval full;
		uint32_t n_in, from = region->first[f];
		const struct daisy_interval *in = daisy_set_intervals(&c->chain->sets, filter->set[f],
								      (enum daisy_field)f, &full, &n_in);
		struct daisy_region part = *region;

		for (uint32_t i = 0; i <= n_in; i++) {
			uint32_t last = i < n_in && in[i].first <= region->last[f] ? in[i].first - 1 :
					region->last[f];

			if ((i == n_in || in[i].first > from) && from <= region->last[f]) {
				part.first[f] = from;
				part.last[f] = last;
				if (find_free(c, &part, rules + 1, n - 1, header))
					return true;
			}
			if (i == n_in || in[i].last >= region->last[f])
				break;
			from = in[i].last >= from ? in[i].last + 1 : from;
		}
	}
	return false;
}

static void format_packet(const struct daisy_header *header, char *text, size_t size)
{
	char value[24];

	*text = '\0';
	for (int f = 0; f < N_READ_FIELDS; f++) {
		daisy_field_format((enum daisy_field)f, header->value[f], value);
		snprintf(text + strlen(text), size - strlen(text), "%s%s %s", f ? ", " : "",
			 daisy_field_name((enum daisy_field)f), value);
	}
}

static int refuse(struct check *c, const struct daisy_region *region, const char *what)
{
	char text[400];

	for (int f = 0; region && f < N_READ_FIELDS; f++)
		c->proof->counter_example.value[f] = region->first[f];
	format_packet(&c->proof->counter_example, text, sizeof(text));
	daisy_error_set("%s: %s", what, text);
	return -EDOM;
}

static bool one_class(const struct check *c, const uint32_t *rules, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (c->classifier->rules[rules[i]].class != c->classifier->rules[*rules].class)
			return false;
	return true;
}

/* `rules`: those of the whole list that can decide in the leaf's region. */
static int check_leaf(struct check *c, const struct daisy_region *region,
		      const struct daisy_tree_node *node, const uint32_t *rules, size_t n)
{
	const uint32_t *refs = c->classifier->tree->refs + node->child;
	bool alike = n && one_class(c, rules, n);

	c->proof->n_regions++;
	if (!n || !daisy_region_within(&c->chain->sets, region, filter_of(c, rules[n - 1]))) {
		c->n_steps = 0;
		if (find_free(c, region, rules, n, &c->proof->counter_example))
			return refuse(c, NULL, "a packet has no class");
		if (c->n_steps > MAX_STEPS)
			return refuse(c, region, "it takes too long to prove that every packet near this one has a "
				      "class");
	}
	if (alike && node->n == 1 && n && *refs == rules[n - 1])
		return 0;
	if (node->n == n && (!n || !memcmp(refs, rules, n * sizeof(*rules))))
		return 0;
	return refuse(c, region, "the search tree leaves out filters, as for the packet");
}

static int check_node(struct check *c, const struct daisy_region *region, uint32_t index,
		      const uint32_t *rules, size_t n)
{
	const struct daisy_tree_node *node = &c->classifier->tree->nodes[index];
	uint32_t *mine = malloc((n + 1) * sizeof(*mine));
	size_t n_mine = 0;
	int err = 0;

	if (!mine) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		if (!daisy_region_meets(&c->chain->sets, region, filter_of(c, rules[i])))
			continue;
		mine[n_mine++] = rules[i];
		if (daisy_region_within(&c->chain->sets, region, filter_of(c, rules[i])))
			break;
	}
	if (node->field == N_READ_FIELDS)
		err = check_leaf(c, region, node, mine, n_mine);
	else if (node->cut < region->first[node->field] || node->cut >= region->last[node->field])
		err = refuse(c, region, "the search tree cuts outside of a region, as for the packet");
	for (uint32_t side = 0; !err && node->field < N_READ_FIELDS && side < 2; side++) {
		struct daisy_region part = *region;

		if (side)
			part.first[node->field] = node->cut + 1;
		else
			part.last[node->field] = node->cut;
		err = check_node(c, &part, node->child + side, mine, n_mine);
	}
	free(mine);
	return err;
}

int daisy_proof_check(const struct daisy_chain *chain, const struct daisy_classifier *classifier,
		      struct daisy_proof *proof)
{
	struct check c = { .chain = chain, .classifier = classifier, .proof = proof };
	size_t n = classifier->n_rules;
	uint32_t *rules = malloc((n + 1) * sizeof(*rules));
	struct daisy_region all;
	int err;

	if (!rules) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	*proof = (struct daisy_proof){ 0 };
	daisy_region_all(&all);
	for (size_t i = 0; i < n; i++)
		rules[i] = (uint32_t)i;
	err = check_node(&c, &all, 0, rules, n);
	free(rules);
	return err;
}
