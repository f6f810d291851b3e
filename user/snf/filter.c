/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "snf/filter.h"

#define X(id, name, bits) [FIELD_##id] = SET_FULL,
const struct daisy_filter daisy_filter_all = { .set = { DAISY_READ_FIELDS } };
#undef X
const struct daisy_operation daisy_operation_id;

bool daisy_filter_is_empty(const struct daisy_filter *filter)
{
	for (int f = 0; f < N_READ_FIELDS; f++)
		if (filter->set[f] == SET_EMPTY)
			return true;
	return false;
}

bool daisy_filter_has(const struct daisy_sets *sets, const struct daisy_filter *filter,
		      const struct daisy_header *header)
{
	for (int f = 0; f < N_READ_FIELDS; f++)
		if (filter->set[f] != SET_FULL &&
		    !daisy_set_has(sets, filter->set[f], (uint32_t)header->value[f]))
			return false;
	return true;
}

static int put(struct daisy_filter *out, int field, uint32_t set)
{
	out->set[field] = set;
	return set == SET_FAILED ? -ENOMEM : set == SET_EMPTY ? -ENOENT : 0;
}

int daisy_filter_intersect(struct daisy_sets *sets, const struct daisy_filter *a,
			   const struct daisy_filter *b, struct daisy_filter *out)
{
	int err = 0;

	for (int f = 0; !err && f < N_READ_FIELDS; f++)
		err = put(out, f, daisy_set_intersect(sets, a->set[f], b->set[f]));
	return err;
}

void daisy_operation_compose(const struct daisy_operation *first,
			     const struct daisy_operation *second, struct daisy_operation *out)
{
	struct daisy_operation result = *first;
	uint64_t *ttl = &result.value[FIELD_TTL];

	for (int f = 0; f < N_FIELDS; f++)
		if (second->written & 1u << f)
			result.value[f] = second->value[f];
	result.written |= second->written;
	if (!(result.written & 1u << FIELD_TTL)) {
		result.ttl_down += second->ttl_down;
	} else {
		result.ttl_down = 0;
		*ttl -= second->ttl_down < *ttl ? second->ttl_down : *ttl;
	}
	*out = result;
}

bool daisy_operation_is_id(const struct daisy_operation *operation)
{
	return !operation->written && !operation->ttl_down;
}

void daisy_operation_run(const struct daisy_operation *operation, struct daisy_header *header)
{
	for (int f = 0; f < N_FIELDS; f++)
		if (operation->written & 1u << f)
			header->value[f] = operation->value[f];
	header->value[FIELD_TTL] -= operation->ttl_down;
}

int daisy_operation_intersect(struct daisy_sets *sets, const struct daisy_filter *filter,
			      const struct daisy_operation *operation,
			      const struct daisy_filter *wanted, struct daisy_filter *out)
{
	int err = 0;

	for (int f = 0; !err && f < N_READ_FIELDS; f++) {
		uint32_t set = wanted->set[f];

		if (operation->written & 1u << f)
			set = daisy_set_has(sets, set, (uint32_t)operation->value[f]) ? SET_FULL : SET_EMPTY;
		else if (f == FIELD_TTL && set != SET_FULL)
			set = daisy_set_raise(sets, FIELD_TTL, set, operation->ttl_down);
		err = put(out, f, daisy_set_intersect(sets, filter->set[f], set));
	}
	return err;
}
