/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Field filters: unions of disjoint intervals of one field (SNF, "Packet unit
 * representation"). Equal sets have one number, so that they are compared and
 * stored as numbers. A set that has every value of its field is SET_FULL.
 */
#ifndef DAISY_SNF_SET_H
#define DAISY_SNF_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "snf/arena.h"
#include "snf/header.h"

struct daisy_interval {
	uint32_t first, last;		/* inclusive */
};

struct daisy_set {
	const struct daisy_interval *intervals;		/* ascending, never touching */
	uint32_t n;
	uint32_t next;			/* of its hash bucket */
	uint64_t hash;
};

#define SET_EMPTY 0u
#define SET_FULL 1u
/* No memory: daisy_error() says so. All operations hand it on. */
#define SET_FAILED UINT32_MAX

struct daisy_sets {
	struct daisy_arena *arena;
	struct daisy_set *sets;
	size_t n;
	uint32_t *buckets;
	size_t n_buckets;		/* a power of two */
	struct daisy_interval *scratch;
	size_t scratch_size;
};

int daisy_sets_init(struct daisy_sets *sets, struct daisy_arena *arena);

/* The intervals of a set; of SET_FULL the whole field, in *full. */
const struct daisy_interval *daisy_set_intervals(const struct daisy_sets *sets, uint32_t set,
						 enum daisy_field field, struct daisy_interval *full,
						 uint32_t *n);
/* From intervals in any order, which may overlap; they are sorted in place. */
uint32_t daisy_set_make(struct daisy_sets *sets, enum daisy_field field,
			struct daisy_interval *intervals, size_t n);
uint32_t daisy_set_range(struct daisy_sets *sets, enum daisy_field field, uint32_t first,
			 uint32_t last);
uint32_t daisy_set_intersect(struct daisy_sets *sets, uint32_t a, uint32_t b);
uint32_t daisy_set_unite(struct daisy_sets *sets, enum daisy_field field, uint32_t a, uint32_t b);
uint32_t daisy_set_complement(struct daisy_sets *sets, enum daisy_field field, uint32_t set);
/* The values whose difference to `down` is in the set: { v : v - down in set }. */
uint32_t daisy_set_raise(struct daisy_sets *sets, enum daisy_field field, uint32_t set,
			 uint32_t down);
bool daisy_set_has(const struct daisy_sets *sets, uint32_t set, uint32_t value);
/* Does the set have any, or all, of the values first to last? */
bool daisy_set_meets(const struct daisy_sets *sets, uint32_t set, uint32_t first, uint32_t last);
bool daisy_set_covers(const struct daisy_sets *sets, uint32_t set, uint32_t first, uint32_t last);

#endif
