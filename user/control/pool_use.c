/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a pool is in use: read from the port and block maps, which packets keep. */
#include <string.h>

#include "control/verbs.h"
#include "nat/blocks.h"

static const char *const protos[DAISY_N_PROTOS] = { "udp", "tcp", "icmp" };

struct use {
	uint32_t addresses;
	uint32_t draining;
	int64_t free[DAISY_N_PROTOS];
	int64_t held[DAISY_N_PROTOS];
	struct daisy_block_count blocks;
	/* address and protocol with the fewest free ports */
	int64_t least;
	uint32_t least_slot;
	int least_proto;
};

static void add_slot(struct daisy_daemon *d, uint32_t slot, struct use *use)
{
	uint32_t order = daisy_instance_pools(d->inst)[daisy_instance_slots(d->inst)[slot].pool].block_order;

	use->addresses++;
	use->draining += daisy_instance_slots(d->inst)[slot].state == SLOT_DRAINING;
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		const struct daisy_port_map *map = daisy_instance_port_map(d->inst, slot, proto);
		int64_t free = __atomic_load_n(&map->n_free, __ATOMIC_RELAXED);

		use->free[proto] += free;
		use->held[proto] += __atomic_load_n(&map->n_held, __ATOMIC_RELAXED);
		if (use->addresses == 1 && !proto)
			use->least = free;
		if (free > use->least)
			continue;
		use->least = free;
		use->least_slot = slot;
		use->least_proto = proto;
	}
	if (order)
		daisy_blocks_count(daisy_instance_block_map(d->inst, slot), order, &use->blocks);
}

static json_t *by_proto(const int64_t *values)
{
	json_t *item = json_object();

	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		json_object_set_new(item, protos[proto], json_integer(values[proto]));
	return item;
}

json_t *daisy_pool_use(struct daisy_daemon *d, const struct daisy_config_pool *pool)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);
	json_t *item = json_object();
	struct use use = { 0 };

	for (uint32_t slot = 0; slot < daisy_instance_max_slots(d->inst); slot++)
		if (slots[slot].state != SLOT_EMPTY && !strcmp(d->pool_name[slots[slot].pool], pool->name))
			add_slot(d, slot, &use);
	json_object_set_new(item, "addresses", json_integer(use.addresses));
	json_object_set_new(item, "draining", json_integer(use.draining));
	json_object_set_new(item, "free", by_proto(use.free));
	json_object_set_new(item, "held", by_proto(use.held));
	if (use.addresses)
		json_object_set_new(item, "fullest", json_pack("{s:o,s:s,s:I}", "address",
			daisy_json_address(slots[use.least_slot].addr), "proto",
			protos[use.least_proto], "free", (json_int_t)use.least));
	if (pool->mode != POOL_DYNAMIC) {
		json_object_set_new(item, "blocks_used", json_integer(use.blocks.used));
		json_object_set_new(item, "blocks_free", json_integer(use.blocks.free));
	}
	return item;
}
