/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "lib/grace.h"
#include "nat/blocks.h"

#define N_WORDS 16
#define N_LEAVES 1024

/* A creator takes the leaves first and writes the word then: what is in between is not lost. */
#define LOOKS 3

struct leaves {
	uint64_t word[N_WORDS];
};

static void allowed_leaves(const struct daisy_port_set *set, struct leaves *leaves)
{
	memset(leaves, 0, sizeof(*leaves));
	for (uint32_t leaf = 0; leaf < N_LEAVES; leaf++) {
		uint32_t first = leaf * DAISY_BLOCK_LEAF_PORTS;

		if (set->leaf[leaf] && first >= set->block_first &&
		    first + DAISY_BLOCK_LEAF_PORTS - 1 <= set->block_last)
			leaves->word[leaf / 64] |= 1ULL << (leaf & 63);
	}
}

void daisy_blocks_init(struct daisy_block_map *map, const struct daisy_port_set *set)
{
	struct leaves allowed;

	allowed_leaves(set, &allowed);
	memset(map, 0, sizeof(*map));
	for (uint32_t i = 0; i < N_WORDS; i++) {
		map->free[i] = map->allowed[i] = allowed.word[i];
		map->n_free += __builtin_popcountll(allowed.word[i]);
	}
}

/* Those of blocks that are somebody's, or are being given back. */
static void owned_leaves(const struct daisy_block_map *map, struct leaves *leaves)
{
	memset(leaves, 0, sizeof(*leaves));
	for (uint32_t leaf = 0; leaf < N_LEAVES; leaf++) {
		union daisy_block block = {
			.word = __atomic_load_n(&map->block[leaf].word, __ATOMIC_ACQUIRE),
		};

		for (uint32_t i = 0; block.order && i < 1U << (block.order - 1); i++)
			leaves->word[(leaf + i) / 64 & (N_WORDS - 1)] |= 1ULL << ((leaf + i) & 63);
	}
}

/* Leaves that may come into a block, but are neither free nor in one. */
static void lost_leaves(const struct daisy_block_map *map, const struct leaves *allowed,
			struct leaves *lost)
{
	struct leaves owned;

	owned_leaves(map, &owned);
	for (uint32_t i = 0; i < N_WORDS; i++)
		lost->word[i] = allowed->word[i] & ~owned.word[i] &
				~__atomic_load_n(&map->free[i], __ATOMIC_ACQUIRE);
}

static bool meet(struct leaves *a, const struct leaves *b)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < N_WORDS; i++)
		any |= a->word[i] &= b->word[i];
	return any;
}

/* From here on no port of other leaves is given out, also where they are of somebody's block. */
static void take_away(struct daisy_block_map *map, const struct leaves *allowed)
{
	for (uint32_t i = 0; i < N_WORDS; i++)
		__atomic_store_n(&map->allowed[i], allowed->word[i], __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < N_WORDS; i++) {
		uint64_t was = __atomic_fetch_and(&map->free[i], allowed->word[i], __ATOMIC_ACQ_REL);

		__atomic_fetch_sub(&map->n_free, __builtin_popcountll(was & ~allowed->word[i]),
				   __ATOMIC_ACQ_REL);
	}
}

void daisy_blocks_count(const struct daisy_block_map *map, uint32_t order,
			struct daisy_block_count *count)
{
	uint32_t leaves = 1U << (order - 1);
	uint64_t mask = leaves >= 64 ? UINT64_MAX : (1ULL << leaves) - 1;

	for (uint32_t leaf = 0; leaf < N_LEAVES; leaf++) {
		union daisy_block block = {
			.word = __atomic_load_n(&map->block[leaf].word, __ATOMIC_RELAXED),
		};
		uint64_t free = __atomic_load_n(&map->free[leaf / 64], __ATOMIC_RELAXED);

		count->used += block.order != 0;
		count->free += leaf % leaves == 0 && (free >> (leaf & 63) & mask) == mask;
	}
}

int daisy_blocks_reconcile(struct daisy_block_map *map, const struct daisy_port_set *set)
{
	struct leaves allowed, lost, again;
	int err = 0;

	allowed_leaves(set, &allowed);
	take_away(map, &allowed);
	lost_leaves(map, &allowed, &lost);
	for (int look = 1; look < LOOKS && meet(&lost, &lost) && !err; look++) {
		err = daisy_grace_wait();
		lost_leaves(map, &allowed, &again);
		meet(&lost, &again);
	}
	for (uint32_t i = 0; !err && i < N_WORDS; i++) {
		__atomic_fetch_or(&map->free[i], lost.word[i], __ATOMIC_ACQ_REL);
		__atomic_fetch_add(&map->n_free, __builtin_popcountll(lost.word[i]),
				   __ATOMIC_ACQ_REL);
	}
	return err;
}
