/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port blocks of an address, from userspace: which leaves (64 ports each) may
 * come into a block. Packets claim blocks and sweeps give them back at the same
 * time; every change is one atomic operation.
 */
#ifndef DAISY_NAT_BLOCKS_H
#define DAISY_NAT_BLOCKS_H

#include "nat/ports.h"

/* A map that no packet uses yet. Leaves that the dynamic range holds in part stay out. */
void daisy_blocks_init(struct daisy_block_map *map, const struct daisy_port_set *set);

/*
 * Make the map of an address in service agree with the set: leaves beyond it
 * come into no block any more, new ones may. Blocks that are somebody's stay.
 * May wait for grace periods. 0 or -errno.
 */
int daisy_blocks_reconcile(struct daisy_block_map *map, const struct daisy_port_set *set);

struct daisy_block_count {
	uint32_t used;		/* blocks that are somebody's */
	uint32_t free;		/* places for more of the pool's size, which is a power of two and stands aligned */
};

/* Add the blocks of an address to a count. order: struct daisy_pool.block_order, not 0. */
void daisy_blocks_count(const struct daisy_block_map *map, uint32_t order,
			struct daisy_block_count *count);

#endif
