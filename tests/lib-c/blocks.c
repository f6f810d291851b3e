/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/blocks.h"

#include <stdio.h>
#include <string.h>

#define N_LEAVES 1024

static char text[200];

static uint32_t leaves_of(union daisy_block block)
{
	return block.order ? 1U << (block.order - 1) : 0;
}

/* First leaf of the block that holds each leaf, -1: none. */
static const char *blocks_lay_out(const struct daisy_block_map *map, int16_t *block_of)
{
	int32_t n_free = 0;

	memset(block_of, 0xff, N_LEAVES * sizeof(*block_of));
	for (uint32_t leaf = 0; leaf < N_LEAVES; leaf++) {
		uint32_t n = leaves_of(map->block[leaf]);

		if (n && (leaf % n || map->block[leaf].leaving))
			return "a block is not aligned, or being given back";
		for (uint32_t i = leaf; i < leaf + n; i++) {
			if (block_of[i] >= 0 || map->free[i / 64] >> (i & 63) & 1)
				return "a block lies in another, or is free";
			block_of[i] = leaf;
		}
		n_free += map->free[leaf / 64] >> (leaf & 63) & 1;
	}
	return n_free == map->n_free ? NULL : "the count of free leaves is wrong";
}

/* Counts the ports of one protocol that were taken from blocks. */
static const char *ports_count(struct daisy_instance *inst, uint32_t slot, enum daisy_proto proto,
			       const int16_t *block_of, uint32_t *used)
{
	const struct daisy_block_map *map = daisy_instance_block_map(inst, slot);
	size_t stride;
	const char *p = daisy_instance_vector(inst, slot, proto, &stride);

	for (uint32_t port = 0; p && port < DAISY_VECTOR_SIZE; port++, p += stride) {
		const struct daisy_mapping *m = (const void *)p;
		int leaf = block_of[port / DAISY_BLOCK_LEAF_PORTS];
		union daisy_block block = { .word = leaf < 0 ? 0 : map->block[leaf].word };
		uint32_t addr;

		if (m->ctl.state == MAPPING_FREE || !(m->flags >> DAISY_BLOCK_FLAG_SHIFT))
			continue;
		memcpy(&addr, m->inside.addr, 4);
		if (leaf < 0 || addr != block.addr || m->inside.zone != block.zone) {
			snprintf(text, sizeof(text), "slot %u proto %u port %u: in no block of its "
				 "subscriber", slot, proto, port);
			return text;
		}
		used[leaf]++;
	}
	return NULL;
}

const char *blocks_contradiction(struct daisy_instance *inst, uint32_t slot)
{
	const struct daisy_block_map *map = daisy_instance_block_map(inst, slot);
	uint32_t used[N_LEAVES] = { 0 };
	int16_t block_of[N_LEAVES];
	const char *wrong = blocks_lay_out(map, block_of);

	for (int proto = 0; !wrong && proto < DAISY_N_PROTOS; proto++)
		wrong = ports_count(inst, slot, proto, block_of, used);
	for (uint32_t leaf = 0; !wrong && leaf < N_LEAVES; leaf++) {
		if (map->block[leaf].used == used[leaf])
			continue;
		snprintf(text, sizeof(text), "slot %u: the block at %u counts %u ports, %u are in use",
			 slot, leaf * DAISY_BLOCK_LEAF_PORTS, (unsigned int)map->block[leaf].used,
			 used[leaf]);
		wrong = text;
	}
	return wrong;
}

unsigned int blocks_count(struct daisy_instance *inst, uint32_t slot, uint32_t addr, uint16_t zone)
{
	const struct daisy_block_map *map = daisy_instance_block_map(inst, slot);
	unsigned int n = 0;

	for (uint32_t leaf = 0; leaf < N_LEAVES; leaf++)
		n += map->block[leaf].order &&
		     (!addr || (map->block[leaf].addr == addr && map->block[leaf].zone == zone));
	return n;
}
