/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "snf/set.h"

#define FIRST_BUCKETS 1024

int daisy_sets_init(struct daisy_sets *sets, struct daisy_arena *arena)
{
	*sets = (struct daisy_sets){ .arena = arena, .n_buckets = FIRST_BUCKETS, .n = 2 };
	sets->sets = daisy_arena_alloc(arena, 2 * sizeof(*sets->sets));
	sets->buckets = daisy_arena_alloc(arena, FIRST_BUCKETS * sizeof(*sets->buckets));
	return sets->sets && sets->buckets ? 0 : -ENOMEM;
}

/* FNV-1a over whole words. */
static uint64_t hash_of(const struct daisy_interval *intervals, size_t n)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++) {
		hash = (hash ^ intervals[i].first) * UINT64_C(0x100000001b3);
		hash = (hash ^ intervals[i].last) * UINT64_C(0x100000001b3);
	}
	return hash ^ hash >> 29;
}

/* Bucket lists end with 0, which is SET_EMPTY and in no bucket. */
static int rehash(struct daisy_sets *sets)
{
	size_t n = 2 * sets->n_buckets;
	uint32_t *buckets = daisy_arena_alloc(sets->arena, n * sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	for (uint32_t i = 2; i < sets->n; i++) {
		uint32_t *bucket = &buckets[sets->sets[i].hash & (n - 1)];

		sets->sets[i].next = *bucket;
		*bucket = i;
	}
	sets->buckets = buckets;
	sets->n_buckets = n;
	return 0;
}

/* The number of canonical intervals that do not make up the whole field. */
static uint32_t intern(struct daisy_sets *sets, const struct daisy_interval *intervals, size_t n)
{
	uint64_t hash = hash_of(intervals, n);
	struct daisy_interval *copy;
	struct daisy_set *array;
	uint32_t *bucket;

	if (!n)
		return SET_EMPTY;
	for (uint32_t i = sets->buckets[hash & (sets->n_buckets - 1)]; i; i = sets->sets[i].next) {
		const struct daisy_set *s = &sets->sets[i];

		if (s->hash == hash && s->n == n && !memcmp(s->intervals, intervals, n * sizeof(*intervals)))
			return i;
	}
	if (sets->n >= 2 * sets->n_buckets && rehash(sets))
		return SET_FAILED;
	array = daisy_arena_grow(sets->arena, sets->sets, sets->n, sizeof(*array));
	copy = array ? daisy_arena_alloc(sets->arena, n * sizeof(*copy)) : NULL;
	if (!copy)
		return SET_FAILED;
	memcpy(copy, intervals, n * sizeof(*copy));
	sets->sets = array;
	bucket = &sets->buckets[hash & (sets->n_buckets - 1)];
	array[sets->n] = (struct daisy_set){ copy, (uint32_t)n, *bucket, hash };
	*bucket = (uint32_t)sets->n;
	return (uint32_t)sets->n++;
}

static struct daisy_interval *scratch(struct daisy_sets *sets, size_t n)
{
	if (n > sets->scratch_size) {
		sets->scratch = daisy_arena_alloc(sets->arena, 2 * n * sizeof(*sets->scratch));
		sets->scratch_size = sets->scratch ? 2 * n : 0;
	}
	return sets->scratch;
}

const struct daisy_interval *daisy_set_intervals(const struct daisy_sets *sets, uint32_t set,
						 enum daisy_field field, struct daisy_interval *full,
						 uint32_t *n)
{
	*full = (struct daisy_interval){ 0, (uint32_t)daisy_field_max(field) };
	*n = set == SET_FULL ? 1 : sets->sets[set].n;
	return set == SET_FULL ? full : sets->sets[set].intervals;
}

static int by_first(const void *a, const void *b)
{
	const struct daisy_interval *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

uint32_t daisy_set_make(struct daisy_sets *sets, enum daisy_field field,
			struct daisy_interval *intervals, size_t n)
{
	size_t kept = 0;

	if (!n)
		return SET_EMPTY;
	qsort(intervals, n, sizeof(*intervals), by_first);
	for (size_t i = 1; i < n; i++) {
		struct daisy_interval *last = &intervals[kept];

		if (intervals[i].first <= last->last || intervals[i].first == last->last + 1)
			last->last = intervals[i].last > last->last ? intervals[i].last : last->last;
		else
			intervals[++kept] = intervals[i];
	}
	if (!kept && !intervals->first && intervals->last == daisy_field_max(field))
		return SET_FULL;
	return intern(sets, intervals, kept + 1);
}

uint32_t daisy_set_range(struct daisy_sets *sets, enum daisy_field field, uint32_t first,
			 uint32_t last)
{
	struct daisy_interval interval = { first, last };

	if (first > last)
		return SET_EMPTY;
	return daisy_set_make(sets, field, &interval, 1);
}

/* The first interval that ends at `value` or behind it; n if none does. */
static uint32_t find(const struct daisy_set *set, uint32_t value)
{
	uint32_t low = 0, high = set->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set->intervals[middle].last < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* `few` has fewer intervals: each is looked up in `many`. */
static size_t intersect_into(struct daisy_interval *out, const struct daisy_set *few,
			     const struct daisy_set *many)
{
	size_t n = 0;

	for (uint32_t i = 0; i < few->n; i++) {
		const struct daisy_interval *f = &few->intervals[i];

		for (uint32_t k = find(many, f->first); k < many->n && many->intervals[k].first <= f->last;
		     k++) {
			const struct daisy_interval *m = &many->intervals[k];

			out[n++] = (struct daisy_interval){ f->first > m->first ? f->first : m->first,
							    f->last < m->last ? f->last : m->last };
		}
	}
	return n;
}

uint32_t daisy_set_intersect(struct daisy_sets *sets, uint32_t a, uint32_t b)
{
	const struct daisy_set *x, *y;
	struct daisy_interval *out;

	if (a == SET_FAILED || b == SET_FAILED)
		return SET_FAILED;
	if (a == b || b == SET_FULL || a == SET_EMPTY)
		return a;
	if (a == SET_FULL || b == SET_EMPTY)
		return b;
	x = &sets->sets[a];
	y = &sets->sets[b];
	if (x->intervals[x->n - 1].last < y->intervals[0].first ||
	    y->intervals[y->n - 1].last < x->intervals[0].first)
		return SET_EMPTY;
	out = scratch(sets, (size_t)x->n + y->n);
	if (!out)
		return SET_FAILED;
	return intern(sets, out, x->n < y->n ? intersect_into(out, x, y) : intersect_into(out, y, x));
}

uint32_t daisy_set_unite(struct daisy_sets *sets, enum daisy_field field, uint32_t a, uint32_t b)
{
	const struct daisy_set *x, *y;
	struct daisy_interval *out;

	if (a == SET_FAILED || b == SET_FAILED)
		return SET_FAILED;
	if (a == b || a == SET_FULL || b == SET_EMPTY)
		return a;
	if (b == SET_FULL || a == SET_EMPTY)
		return b;
	x = &sets->sets[a];
	y = &sets->sets[b];
	out = scratch(sets, (size_t)x->n + y->n);
	if (!out)
		return SET_FAILED;
	memcpy(out, x->intervals, x->n * sizeof(*out));
	memcpy(out + x->n, y->intervals, y->n * sizeof(*out));
	return daisy_set_make(sets, field, out, (size_t)x->n + y->n);
}

uint32_t daisy_set_complement(struct daisy_sets *sets, enum daisy_field field, uint32_t set)
{
	uint32_t max = (uint32_t)daisy_field_max(field), first = 0;
	const struct daisy_set *s;
	struct daisy_interval *out;
	size_t n = 0;

	if (set == SET_FAILED)
		return SET_FAILED;
	if (set == SET_EMPTY || set == SET_FULL)
		return set == SET_EMPTY ? SET_FULL : SET_EMPTY;
	s = &sets->sets[set];
	out = scratch(sets, (size_t)s->n + 1);
	if (!out)
		return SET_FAILED;
	for (uint32_t i = 0; i < s->n; i++) {
		if (s->intervals[i].first > first)
			out[n++] = (struct daisy_interval){ first, s->intervals[i].first - 1 };
		if (s->intervals[i].last == max)
			return intern(sets, out, n);
		first = s->intervals[i].last + 1;
	}
	out[n++] = (struct daisy_interval){ first, max };
	return intern(sets, out, n);
}

uint32_t daisy_set_raise(struct daisy_sets *sets, enum daisy_field field, uint32_t set,
			 uint32_t down)
{
	uint32_t max = (uint32_t)daisy_field_max(field);
	struct daisy_interval full;
	const struct daisy_interval *in;
	struct daisy_interval *out;
	uint32_t n;
	size_t kept = 0;

	if (set == SET_FAILED || set == SET_EMPTY || !down)
		return set;
	in = daisy_set_intervals(sets, set, field, &full, &n);
	out = scratch(sets, n);
	if (!out)
		return SET_FAILED;
	for (uint32_t i = 0; i < n && down <= max && in[i].first <= max - down; i++)
		out[kept++] = (struct daisy_interval){
			in[i].first + down, in[i].last > max - down ? max : in[i].last + down };
	return daisy_set_make(sets, field, out, kept);
}

bool daisy_set_has(const struct daisy_sets *sets, uint32_t set, uint32_t value)
{
	return daisy_set_meets(sets, set, value, value);
}

bool daisy_set_meets(const struct daisy_sets *sets, uint32_t set, uint32_t first, uint32_t last)
{
	const struct daisy_set *s = &sets->sets[set];
	uint32_t i;

	if (set == SET_FULL || set == SET_EMPTY)
		return set == SET_FULL;
	i = find(s, first);
	return i < s->n && s->intervals[i].first <= last;
}

bool daisy_set_covers(const struct daisy_sets *sets, uint32_t set, uint32_t first, uint32_t last)
{
	const struct daisy_set *s = &sets->sets[set];
	uint32_t i;

	if (set == SET_FULL || set == SET_EMPTY)
		return set == SET_FULL;
	i = find(s, first);
	return i < s->n && s->intervals[i].first <= first && s->intervals[i].last >= last;
}
