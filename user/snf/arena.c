/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "snf/arena.h"

#define BLOCK_BYTES ((size_t)256 << 10)

struct daisy_arena_block {
	struct daisy_arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

void daisy_arena_init(struct daisy_arena *arena, size_t limit_bytes)
{
	*arena = (struct daisy_arena){ .limit_bytes = limit_bytes };
}

void daisy_arena_clean(struct daisy_arena *arena)
{
	while (arena->blocks) {
		struct daisy_arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used_bytes = 0;
}

static struct daisy_arena_block *add_block(struct daisy_arena *arena, size_t size)
{
	struct daisy_arena_block *block;

	if (size < BLOCK_BYTES)
		size = BLOCK_BYTES;
	if (size > arena->limit_bytes - arena->used_bytes) {
		daisy_error_set("more than the %zu MiB of memory that a chain may take",
				arena->limit_bytes >> 20);
		return NULL;
	}
	block = calloc(1, sizeof(*block) + size);
	if (!block) {
		daisy_error_set("no memory");
		return NULL;
	}
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->used_bytes += size;
	return block;
}

void *daisy_arena_alloc(struct daisy_arena *arena, size_t size)
{
	struct daisy_arena_block *block = arena->blocks;
	void *data;

	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!block || block->size - block->used < size)
		block = add_block(arena, size);
	if (!block)
		return NULL;
	data = block->data + block->used;
	block->used += size;
	return data;
}

void *daisy_arena_grow(struct daisy_arena *arena, void *array, size_t n, size_t item)
{
	void *larger;

	if (n & (n - 1) || (!n && array))
		return array;
	larger = daisy_arena_alloc(arena, (n ? 2 * n : 1) * item);
	if (larger && n)
		memcpy(larger, array, n * item);
	return larger;
}

char *daisy_arena_string(struct daisy_arena *arena, const char *begin, const char *end)
{
	size_t n = (size_t)(end - begin);
	char *text = daisy_arena_alloc(arena, n + 1);

	if (text)
		memcpy(text, begin, n);
	return text;
}
