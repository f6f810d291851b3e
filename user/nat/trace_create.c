/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Could a mapping be created: what bpf/lib/subscriber.h, block.h and ports.h would find. */
#include <arpa/inet.h>
#include <string.h>

#include "nat/internal.h"
#include "nat/tracing.h"
#include "shared/plan.h"

#define N_LEAVES 1024

/* Free ports of a protocol at an address, both ends included. */
static uint32_t free_between(const struct daisy_tracing *t, uint32_t slot, uint32_t first,
			     uint32_t last)
{
	const struct daisy_port_map *map = daisy_instance_port_map(t->inst, slot, t->proto);
	uint32_t n = 0;

	for (uint32_t leaf = first / 64; leaf <= last / 64; leaf++) {
		uint64_t word = daisy_load_word(&map->leaf[leaf]);

		if (leaf == first / 64)
			word &= UINT64_MAX << (first & 63);
		if (leaf == last / 64)
			word &= UINT64_MAX >> (63 - (last & 63));
		n += (uint32_t)__builtin_popcountll(word);
	}
	return n;
}

/* Parity and range preservation are wishes; only the well-known ports are beyond the range. */
static uint32_t free_ports(const struct daisy_tracing *t, uint32_t slot)
{
	const struct daisy_port_map *map = daisy_instance_port_map(t->inst, slot, t->proto);
	uint32_t n = free_between(t, slot, map->first, map->last);

	if (!n && t->conf->options & DAISY_OPT_RANGE && t->packet->sport < 1024 &&
	    t->proto != DAISY_ICMP)
		n = free_between(t, slot, 1, 1023);
	return n;
}

static uint32_t leaves_of(uint32_t order)
{
	return 1u << (order - 1);
}

/* Is a block of this order nobody's? Blocks are aligned to their size. */
static bool has_block(const struct daisy_tracing *t, uint32_t slot, uint32_t order)
{
	const struct daisy_block_map *map = &t->inst->block_maps[slot];
	uint32_t n = leaves_of(order);
	uint64_t mask = n == 64 ? ~0ULL : (1ULL << n) - 1;

	for (uint32_t leaf = 0; leaf < N_LEAVES; leaf += n)
		if ((daisy_load_word(&map->free[leaf / 64]) >> (leaf & 63) & mask) == mask)
			return true;
	return false;
}

static const struct daisy_pool *pool_of(const struct daisy_tracing *t, uint32_t slot)
{
	return &t->inst->pools[t->inst->slots[slot].pool];
}

/* Could the address serve somebody new? */
static bool serves(const struct daisy_tracing *t, uint32_t slot)
{
	const struct daisy_pool *pool = pool_of(t, slot);

	return pool->block_order ? has_block(t, slot, pool->block_order) : free_ports(t, slot);
}

/* An address for a subscriber that has none: the freer of two, so any that has room may be it. */
static int choose(struct daisy_tracing *t, const char *who, struct in_addr *saddr)
{
	uint64_t list = daisy_load_word(&t->inst->zones[t->link->zone]);
	uint32_t first = (uint32_t)list, n = (uint32_t)(list >> 32), n_active = 0, n_free = 0;
	int refused = !n && t->conf->plans ? -REASON_NOT_PLANNED : -REASON_NO_ADDRESS;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = t->inst->pool_slots[first + i].slot;

		if (!daisy_slot_is_open(&t->inst->slots[slot]))
			continue;
		n_active++;
		refused = pool_of(t, slot)->block_order ? -REASON_NO_BLOCK : -REASON_NO_PORT;
		if (!serves(t, slot))
			continue;
		n_free++;
		*saddr = daisy_slot_address(t->inst, slot);
	}
	daisy_trace_say(t, "subscriber", "%s: the freer of two of the %u addresses of its zone, %u of them "
			"with room", who, n_active, n_free);
	if (n_free > 1)
		saddr->s_addr = 0;
	return n_free ? 0 : refused;
}

/* Limits of the pool, as for one mapping more. */
static int check_limits(struct daisy_tracing *t, const struct daisy_pool *pool,
			const struct daisy_subscriber *s)
{
	uint32_t count = daisy_subscriber_count(s->ctl.word, t->proto), limit = pool->limit[t->proto];
	uint32_t all = daisy_subscriber_mappings(s->ctl.word), most = pool->limit[DAISY_N_PROTOS];
	uint32_t rate = s->rate >> 16 == (t->now & 0xffff) ? s->rate & 0xffff : 0;

	if ((limit && count >= limit) || (most && all >= most)) {
		daisy_trace_say(t, "limits", "%u mappings of the protocol (limit %u), %u of all (limit %u); 0: "
				"none", count, limit, all, most);
		return -REASON_LIMIT_MAPPINGS;
	}
	if (!pool->rate || rate < pool->rate)
		return 0;
	daisy_trace_say(t, "limits", "%u new mappings within this second, limit %u", rate, pool->rate);
	return -REASON_LIMIT_RATE;
}

/* May the block give out ports, by the ports that its address has now? */
static bool is_allowed(const struct daisy_block_map *map, uint32_t leaf, uint32_t order)
{
	uint64_t mask = ~0ULL >> (64 - leaves_of(order));

	return !(~daisy_load_word(&map->allowed[leaf / 64]) >> (leaf & 63) & mask);
}

/* A port out of the blocks that the subscriber has, or out of one more. */
static int check_blocks(struct daisy_tracing *t, const struct daisy_pool *pool, uint32_t slot,
			const struct daisy_subscriber *s)
{
	const struct daisy_block_map *map = &t->inst->block_maps[slot];
	uint32_t held = 0, free = 0, addr = t->packet->saddr.s_addr;

	for (int i = 0; i < DAISY_SUB_BLOCKS; i++) {
		uint32_t first = s->range[i] & 0xffff;
		union daisy_block block = { .word = daisy_load_word(&map->block[first / 64]) };

		if (!s->range[i] || !block.order || block.addr != addr || block.zone != t->link->zone ||
		    !is_allowed(map, first / 64, block.order))
			continue;
		held++;
		free += free_between(t, slot, first, first + leaves_of(block.order) * 64 - 1);
	}
	daisy_trace_say(t, "blocks", "has %u of %u, with %u free ports", held, pool->blocks, free);
	if (free)
		return 0;
	if (held >= pool->blocks)
		return -REASON_BLOCKS_FULL;
	return has_block(t, slot, pool->block_order) ? 0 : -REASON_NO_BLOCK;
}

/* The host's place by the plan of a deterministic pool. 0: there is none, 1, or minus a reason. */
static int find_plan(const struct daisy_tracing *t, struct daisy_plan_place *place, uint32_t *slot)
{
	struct daisy_prefix_key key = { .prefixlen = 64, .zone_be = htons(t->link->zone) };
	struct daisy_plan_prefix prefix;
	struct daisy_plan_table table;

	memcpy(key.addr, &t->packet->saddr, sizeof(key.addr));
	if (!t->conf->plans || !daisy_trace_look_up(t, "plan_prefixes", &key, &prefix))
		return 0;
	if (!daisy_trace_look_up(t, "plans", &prefix.pool, &table) || table.version != prefix.version)
		return -REASON_SUBSCRIBER_RACE;
	daisy_plan_find(&table.numbers, prefix.number + ntohl(t->packet->saddr.s_addr) - prefix.addr,
			place);
	*slot = table.slot[place->address];
	return 1;
}

/* A port of its own range, or of an overflow block. s NULL: new, and the table is full. */
static int create_planned(struct daisy_tracing *t, const struct daisy_plan_place *place, uint32_t slot,
			  const struct daisy_subscriber *s, struct in_addr *saddr)
{
	const struct daisy_pool *pool = pool_of(t, slot);
	char address[INET_ADDRSTRLEN];
	uint32_t n;
	int err;

	*saddr = daisy_slot_address(t->inst, slot);
	n = free_between(t, slot, place->first, place->last);
	daisy_trace_say(t, "plan", "deterministic: ports %u-%u of %s, %u of them free", place->first,
			place->last, inet_ntop(AF_INET, saddr, address, sizeof(address)), n);
	if (!daisy_slot_is_open(&t->inst->slots[slot]))
		return -REASON_DRAINING;
	if (!s)
		return -REASON_NO_SUBSCRIBER;
	err = check_limits(t, pool, s);
	if (err || n)
		return err;
	return pool->block_order ? check_blocks(t, pool, slot, s) : -REASON_RANGE_FULL;
}

/* As a packet finds its subscriber paired. */
static int create_paired(struct daisy_tracing *t, const struct daisy_subscriber *s, struct in_addr *saddr)
{
	uint32_t slot = s->ctl.slot, mappings = daisy_subscriber_mappings(s->ctl.word);
	const struct daisy_pool *pool = pool_of(t, slot);
	char address[INET_ADDRSTRLEN];
	int err;

	if (daisy_slot_is_open(&t->inst->slots[slot]) && pool->deterministic)
		return choose(t, "no plan has it any more", saddr);
	if (!daisy_slot_is_open(&t->inst->slots[slot]) && !mappings)
		return choose(t, "its address takes no new mappings", saddr);
	*saddr = daisy_slot_address(t->inst, slot);
	inet_ntop(AF_INET, saddr, address, sizeof(address));
	daisy_trace_say(t, "subscriber", "has %u mappings at %s, where %u ports are free", mappings, address,
			free_ports(t, slot));
	if (!daisy_slot_is_open(&t->inst->slots[slot]))
		return -REASON_DRAINING;
	err = check_limits(t, pool, s);
	if (err)
		return err;
	if (pool->block_order)
		return check_blocks(t, pool, slot, s);
	return free_ports(t, slot) ? 0 : -REASON_NO_PORT;
}

int daisy_trace_create(struct daisy_tracing *t, struct in_addr *saddr)
{
	struct daisy_subscriber_key key = { .zone = t->link->zone };
	struct daisy_subscriber s = { 0 };
	struct daisy_plan_place place;
	bool known, full;
	uint32_t slot;
	int err;

	memcpy(key.addr, &t->packet->saddr, sizeof(key.addr));
	daisy_trace_say(t, "mapping", "none: one would be created");
	if (!daisy_trace_inside(t, t->packet->saddr))
		return -REASON_NOT_INSIDE;
	known = daisy_trace_look_up(t, "subscribers", &key, &s);
	full = !known && t->packet->subscribers >= t->inst->sizes.subscribers;
	err = find_plan(t, &place, &slot);
	if (err)
		return err < 0 ? err : create_planned(t, &place, slot, full ? NULL : &s, saddr);
	if (!known) {
		err = choose(t, "new", saddr);
		return err || !full ? err : -REASON_NO_SUBSCRIBER;
	}
	if (s.ctl.state != SUBSCRIBER_LIVE)
		return choose(t, "without an address", saddr);
	return create_paired(t, &s, saddr);
}
