/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet filters, products of one field filter for each field, and operations,
 * which write fields; both as in SNF, with INTERSECT (its Algorithm 2).
 */
#ifndef DAISY_SNF_FILTER_H
#define DAISY_SNF_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "snf/set.h"

struct daisy_filter {
	uint32_t set[N_READ_FIELDS];
};

extern const struct daisy_filter daisy_filter_all;

bool daisy_filter_is_empty(const struct daisy_filter *filter);
bool daisy_filter_has(const struct daisy_sets *sets, const struct daisy_filter *filter,
		      const struct daisy_header *header);
/* 0, -ENOENT if nothing is in both, -ENOMEM with daisy_error(). */
int daisy_filter_intersect(struct daisy_sets *sets, const struct daisy_filter *a,
			   const struct daisy_filter *b, struct daisy_filter *out);

/* What becomes of a packet: fields that get a value, and how much TTL goes down. */
struct daisy_operation {
	uint64_t value[N_FIELDS];	/* 0 where not written */
	uint32_t written;		/* bit by field */
	uint32_t ttl_down;		/* 0 where TTL is written */
};

extern const struct daisy_operation daisy_operation_id;

/* first, then second: *out = second o first. */
void daisy_operation_compose(const struct daisy_operation *first,
			     const struct daisy_operation *second, struct daisy_operation *out);
bool daisy_operation_is_id(const struct daisy_operation *operation);
void daisy_operation_run(const struct daisy_operation *operation, struct daisy_header *header);
/*
 * Algorithm 2: which packets of `filter` are in `wanted` after `operation`. A field that was not
 * written is intersected; a written one must have its value in the wanted set, or nothing is left.
 * Lowering TTL can be undone, so there the wanted set is raised instead of compared. Returns as
 * daisy_filter_intersect().
 */
int daisy_operation_intersect(struct daisy_sets *sets, const struct daisy_filter *filter,
			      const struct daisy_operation *operation,
			      const struct daisy_filter *wanted, struct daisy_filter *out);

#endif
