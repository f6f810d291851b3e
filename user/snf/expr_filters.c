/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an expression to a union of filters: negations go down to the tests,
 * where they are complements of sets; "and" multiplies, "or" adds. Two filters
 * that differ in one field only are one.
 */
#include <errno.h>
#include <string.h>

#include "snf/expr.h"

/* Far more than people write; a bound for what multiplies. */
#define MAX_FILTERS 1024

struct work {
	struct daisy_chain *chain;
	struct daisy_place place;
};

static int make(struct work *w, const struct daisy_expr *expr, bool negate,
		struct daisy_filters *out);

/* The only field in which a and b differ; -1: none or several. */
static int difference(const struct daisy_filter *a, const struct daisy_filter *b)
{
	int found = -1;

	for (int f = 0; f < N_READ_FIELDS; f++) {
		if (a->set[f] == b->set[f])
			continue;
		if (found >= 0)
			return -1;
		found = f;
	}
	return found;
}

static int add(struct work *w, struct daisy_filters *list, const struct daisy_filter *filter)
{
	struct daisy_filter *grown;

	for (size_t i = 0; i < list->n; i++) {
		int f = difference(&list->filters[i], filter);
		uint32_t *set = &list->filters[i].set[f < 0 ? 0 : f];

		if (!memcmp(&list->filters[i], filter, sizeof(*filter)))
			return 0;
		if (f < 0)
			continue;
		*set = daisy_set_unite(&w->chain->sets, (enum daisy_field)f, *set, filter->set[f]);
		return *set == SET_FAILED ? -ENOMEM : 0;
	}
	if (list->n == MAX_FILTERS)
		return daisy_place_error(w->place, "this expression takes more than %d filters, expected a "
					 "simpler one or several", MAX_FILTERS);
	grown = daisy_arena_grow(&w->chain->arena, list->filters, list->n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->filters = grown;
	grown[list->n++] = *filter;
	return 0;
}

/* Fields with a mask have at most 8 bits: their values are tried out. */
static uint32_t masked_set(struct work *w, const struct daisy_expr *test)
{
	uint32_t max = (uint32_t)daisy_field_max(test->field), set = SET_EMPTY;

	for (uint32_t v = 0; v <= max && set != SET_FAILED; v++)
		if ((v & test->mask) >= test->first && (v & test->mask) <= test->last)
			set = daisy_set_unite(&w->chain->sets, test->field, set,
					      daisy_set_range(&w->chain->sets, test->field, v, v));
	return set;
}

static int make_test(struct work *w, const struct daisy_expr *test, bool negate,
		     struct daisy_filters *out)
{
	uint32_t max = (uint32_t)daisy_field_max(test->field);
	struct daisy_filter filter = daisy_filter_all;
	uint32_t set = (test->mask & max) != max ? masked_set(w, test) :
		       daisy_set_range(&w->chain->sets, test->field, test->first,
				       test->last < max ? test->last : max);

	if (negate)
		set = daisy_set_complement(&w->chain->sets, test->field, set);
	if (set == SET_FAILED)
		return -ENOMEM;
	filter.set[test->field] = set;
	return set == SET_EMPTY ? 0 : add(w, out, &filter);
}

static int make_product(struct work *w, const struct daisy_expr *expr, bool negate,
			struct daisy_filters *out)
{
	struct daisy_filters left = { NULL, 0 }, right = { NULL, 0 };
	int err = make(w, expr->left, negate, &left);

	if (!err)
		err = make(w, expr->right, negate, &right);
	for (size_t i = 0; !err && i < left.n; i++) {
		for (size_t k = 0; !err && k < right.n; k++) {
			struct daisy_filter both;

			err = daisy_filter_intersect(&w->chain->sets, &left.filters[i], &right.filters[k],
						     &both);
			if (!err)
				err = add(w, out, &both);
			else if (err == -ENOENT)
				err = 0;
		}
	}
	return err;
}

static int make(struct work *w, const struct daisy_expr *expr, bool negate,
		struct daisy_filters *out)
{
	int err;

	switch (expr->kind) {
	case EXPR_TEST:
		return make_test(w, expr, negate, out);
	case EXPR_NOT:
		return make(w, expr->left, !negate, out);
	case EXPR_TRUE:
		return negate ? 0 : add(w, out, &daisy_filter_all);
	default:
		break;
	}
	if (negate ? expr->kind == EXPR_OR : expr->kind == EXPR_AND)
		return make_product(w, expr, negate, out);
	err = make(w, expr->left, negate, out);
	return err ? err : make(w, expr->right, negate, out);
}

int daisy_expr_filters(struct daisy_chain *chain, const struct daisy_expr *expr,
		       struct daisy_place place, struct daisy_filters *out)
{
	struct work w = { chain, place };

	*out = (struct daisy_filters){ NULL, 0 };
	return make(&w, expr, false, out);
}
