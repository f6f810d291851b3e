/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All memory of one chain: taken piece by piece, given back at once. The limit
 * is what bounds a compilation, whatever its input.
 */
#ifndef DAISY_SNF_ARENA_H
#define DAISY_SNF_ARENA_H

#include <stddef.h>

struct daisy_arena {
	struct daisy_arena_block *blocks;
	size_t used_bytes;
	size_t limit_bytes;
};

void daisy_arena_init(struct daisy_arena *arena, size_t limit_bytes);
void daisy_arena_clean(struct daisy_arena *arena);
/* Zeroed; NULL with daisy_error() when the limit is reached or the system has no more. */
void *daisy_arena_alloc(struct daisy_arena *arena, size_t size);
/*
 * Room for one more in a growing array of `n` items: the array, perhaps moved,
 * or NULL as above. Capacities are powers of two, so that none is stored.
 */
void *daisy_arena_grow(struct daisy_arena *arena, void *array, size_t n, size_t item);
/* [begin, end) as a string. */
char *daisy_arena_string(struct daisy_arena *arena, const char *begin, const char *end);

#endif
