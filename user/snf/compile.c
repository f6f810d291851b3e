/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Algorithm 1 of SNF, TRAVERSE: from an entry with the filter of all packets and
 * the operation that changes nothing, depth first through the processing units;
 * at each, the packets that match one of its filters go on as a class of their
 * own, until they leave or are dropped. What is dropped goes no further (early
 * discard). Algorithm 2, INTERSECT, is daisy_operation_intersect().
 *
 * Depth first keeps first-match order: the filters of a unit come in its order,
 * and each is followed to its end before the next. A unit's filter that takes all
 * packets still under way ends the search in that unit.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"
#include "snf/compile.h"
#include "snf/element.h"
#include "snf/tree.h"

/* The paper's t = (phi, omega), and where it comes from. */
struct traffic {
	struct daisy_filter filter;
	const struct daisy_operation *operation;
	struct daisy_path path;
	struct daisy_unit_entry *by;		/* decided last; NULL at an entry */
	const struct traffic *before;
};

struct work {
	struct daisy_chain *chain;
	struct daisy_compiled *compiled;
	struct daisy_classifier *classifier;
	uint64_t n_intersections;
};

static int add_class(struct work *w, struct daisy_class class, uint32_t *index)
{
	struct daisy_compiled *c = w->compiled;
	uint32_t at = class.id;
	struct daisy_class *list;
	char text[DAISY_CLASS_TEXT];

	for (; c->buckets[at % c->n_buckets]; at++) {
		struct daisy_class *known = &c->classes[c->buckets[at % c->n_buckets] - 1];

		if (known->id != class.id)
			continue;
		*index = (uint32_t)(known - c->classes);
		if (known->end == class.end &&
		    !memcmp(&known->operation, &class.operation, sizeof(class.operation)))
			return 0;
		daisy_error_set("two classes have the id %08x, expected another name of a function",
				class.id);
		return -EINVAL;
	}
	if (c->n_classes == DAISY_CHAIN_MAX_CLASSES) {
		daisy_error_set("more than %d classes", DAISY_CHAIN_MAX_CLASSES);
		return -E2BIG;
	}
	daisy_class_name(w->chain, class.end, &class.operation, text);
	list = daisy_arena_grow(&w->chain->arena, c->classes, c->n_classes, sizeof(*list));
	class.text = daisy_arena_string(&w->chain->arena, text, text + strlen(text));
	if (!list || !class.text)
		return -ENOMEM;
	c->classes = list;
	list[c->n_classes] = class;
	*index = (uint32_t)c->n_classes++;
	c->buckets[at % c->n_buckets] = *index + 1;
	return 0;
}

/* Classes forget what nobody sees: the operation of what is dropped, and annotations. */
static struct daisy_class class_of(const struct work *w, uint32_t end, const struct traffic *t)
{
	struct daisy_class class = { .end = end };

	if (end != DAISY_NOWHERE) {
		class.operation = *t->operation;
		class.operation.written &= ~(1u << FIELD_PAINT);
		class.operation.value[FIELD_PAINT] = 0;
	}
	class.id = daisy_class_name(w->chain, end, &class.operation, NULL);
	return class;
}

/* The filters that were used most often, for who has to change them. */
static int refuse_size(struct work *w)
{
	char text[DAISY_ERROR_SIZE] = "";

	for (int rank = 0; rank < 3; rank++) {
		struct daisy_unit_entry *most = NULL;
		unsigned int line, column;
		const char *name;

		for (size_t i = 0; i < w->chain->n_elements; i++) {
			struct daisy_unit *unit = w->chain->elements[i]->unit;

			for (size_t k = 0; unit && k < unit->n; k++)
				if (unit->n > 1 && (!most || unit->entries[k].n_uses > most->n_uses))
					most = &unit->entries[k];
		}
		if (!most || !most->n_uses)
			break;
		daisy_place_find(most->place, &name, &line, &column);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s:%u:%u (%llu)",
			 rank ? "," : "", name, line, column, (unsigned long long)most->n_uses);
		most->n_uses = 0;
	}
	daisy_error_set("the chain takes more than %d filters, most of them because of%s; expected rules that "
			"overlap less", DAISY_CHAIN_MAX_FILTERS, text);
	return -E2BIG;
}

static void lengthen(struct daisy_path *longest, const struct daisy_path *path)
{
	if (path->elements > longest->elements)
		*longest = *path;
}

/* The traffic's way ends: one more filter of the classifier. */
static int emit(struct work *w, uint32_t end, const struct traffic *t)
{
	struct daisy_classifier *c = w->classifier;
	struct daisy_class_rule *rules;
	uint32_t class = 0;
	int err = add_class(w, class_of(w, end, t), &class);

	if (err)
		return err;
	for (const struct traffic *at = t; at && at->by; at = at->before)
		at->by->n_uses++;
	if (c->n_rules == DAISY_CHAIN_MAX_FILTERS)
		return refuse_size(w);
	rules = daisy_arena_grow(&w->chain->arena, c->rules, c->n_rules, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	c->rules = rules;
	rules[c->n_rules++] = (struct daisy_class_rule){
		t->filter, class, t->by ? t->by->place : w->chain->elements[0]->place };
	w->compiled->classes[class].n_rules++;
	lengthen(&w->compiled->classes[class].path, &t->path);
	return 0;
}

static void walk_over(struct daisy_path *path, const struct daisy_element *e)
{
	path->elements += e->class != &daisy_element_port;
	path->reads += e->class->kind == ELEMENT_READ || e->class->kind == ELEMENT_READ_WRITE;
	path->writes += e->class->kind == ELEMENT_WRITE || e->class->kind == ELEMENT_READ_WRITE;
	path->checksums += e->class->writes_ip;
}

static int traverse(struct work *w, const struct traffic *t, uint32_t at, unsigned int input);

static int follow(struct work *w, const struct traffic *t, const struct daisy_element *e,
		  struct daisy_unit_entry *entry)
{
	struct traffic next = { .operation = t->operation, .path = t->path, .by = entry, .before = t };
	struct daisy_operation *operation;
	int err = daisy_operation_intersect(&w->chain->sets, &t->filter, t->operation, &entry->filter,
					    &next.filter);
	if (++w->n_intersections > DAISY_CHAIN_MAX_MILLIONS * UINT64_C(1000000)) {
		daisy_place_error(e->place, "the filters of \"%s\" and of the elements before it have more than "
				  "%d million combinations, expected fewer rules", e->name,
				  DAISY_CHAIN_MAX_MILLIONS);
		return -E2BIG;
	}
	if (err)
		return err;
	if (entry->operation) {
		operation = daisy_arena_alloc(&w->chain->arena, sizeof(*operation));
		if (!operation)
			return -ENOMEM;
		daisy_operation_compose(t->operation, entry->operation, operation);
		next.operation = operation;
	}
	err = entry->output == ELEMENT_DROP ? emit(w, DAISY_NOWHERE, &next) :
	      traverse(w, &next, e->outputs[entry->output].to, e->outputs[entry->output].port);
	/* All that came has gone this way. */
	return err ? err : !memcmp(&next.filter, &t->filter, sizeof(next.filter));
}

static int traverse(struct work *w, const struct traffic *t, uint32_t at, unsigned int input)
{
	const struct daisy_element *e = w->chain->elements[at];
	struct traffic here = *t;
	int err = 0;

	walk_over(&here.path, e);
	while (!e->unit) {
		if (!e->n_outputs)
			return emit(w, at, &here);
		at = e->outputs[input].to;
		input = e->outputs[input].port;
		e = w->chain->elements[at];
		walk_over(&here.path, e);
	}
	for (size_t i = 0; i < e->unit->n; i++) {
		err = follow(w, &here, e, &e->unit->entries[i]);
		if (err && err != -ENOENT)
			break;
	}
	return err < 0 && err != -ENOENT ? err : 0;
}

static int make_units(struct daisy_chain *chain)
{
	int err = 0;

	for (size_t i = 0; !err && i < chain->n_elements; i++)
		if (chain->elements[i]->class->unit)
			err = chain->elements[i]->class->unit(chain, chain->elements[i]);
	return err;
}

int daisy_compile(struct daisy_chain *chain)
{
	struct daisy_compiled *c = daisy_arena_alloc(&chain->arena, sizeof(*c));
	struct work w = { .chain = chain, .compiled = c };
	int err;

	if (!c)
		return -ENOMEM;
	c->n_buckets = 2 * DAISY_CHAIN_MAX_CLASSES;
	c->buckets = daisy_arena_alloc(&chain->arena, c->n_buckets * sizeof(*c->buckets));
	c->classifiers = daisy_arena_alloc(&chain->arena, chain->n_entries * sizeof(*c->classifiers));
	if (!c->buckets || !c->classifiers)
		return -ENOMEM;
	chain->compiled = c;
	err = make_units(chain);
	for (size_t i = 0; !err && i < chain->n_entries; i++) {
		/* Nothing is painted at an entry. */
		const struct daisy_operation plain = { .written = 1u << FIELD_PAINT };
		struct traffic all = { .filter = daisy_filter_all, .operation = &plain };

		w.classifier = &c->classifiers[i];
		err = traverse(&w, &all, chain->entries[i].element, 0);
		if (!err)
			err = daisy_tree_build(chain, w.classifier);
	}
	return err;
}

const struct daisy_class *daisy_compiled_class(const struct daisy_chain *chain, size_t entry,
					       const struct daisy_header *header)
{
	const struct daisy_classifier *c = &chain->compiled->classifiers[entry];
	const struct daisy_class_rule *rule = daisy_tree_find(&chain->sets, c, header);

	return rule ? &chain->compiled->classes[rule->class] : NULL;
}
