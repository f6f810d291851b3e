/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port blocks: a subscriber's ports come out of ranges that are its alone, so
 * that one record says for long whose a port was.
 *
 * Whose a block is, its word in block_maps says, with the number of its ports
 * in use. A creator raises that number before it takes a port, by a
 * compare-and-swap that demands itself as the owner; who gives the block back
 * demands the number 0. One word decides, so no port is ever taken in a block
 * that has gone, on however many CPUs. The ranges in struct daisy_subscriber only
 * say where to look: one that has gone, or that belongs to another address, is
 * found out by the word and its place used again.
 */
#ifndef DAISY_BLOCK_H
#define DAISY_BLOCK_H

#include "event.h"
#include "ports.h"
#include "subscriber.h"

#define BLOCK_PROBES 40		/* sixteen words, and those that somebody changed meanwhile */
#define BLOCK_ATTEMPTS 16	/* compare-and-swaps on a word that other CPUs change */

static __always_inline __u64 block_owner(const struct daisy_subscriber_key *key)
{
	return *(__u64 *)key;	/* address, zone, zeros: as the bit fields of union daisy_block */
}

static __always_inline __u64 block_owner_of(__u64 word)
{
	return word >> DAISY_BLOCK_OWNER_SHIFT & DAISY_BLOCK_OWNER_MASK;
}

static __always_inline __u32 block_order_of(__u64 word)
{
	return word >> DAISY_BLOCK_ORDER_SHIFT & 0xf;
}

static __always_inline __u32 block_ports(__u32 order)
{
	return DAISY_BLOCK_LEAF_PORTS / 2 << (order & 7);
}

/* Bits of the leaves of a block, at bit 0. */
static __always_inline __u64 block_leaves(__u32 order)
{
	return ~0ULL >> (64 - (1U << ((order - 1) & 7))) % 64;
}

/* First leaves of the blocks of an order that are nobody's in a word of free leaves. */
static __always_inline __u64 block_starts(__u64 free, __u32 order)
{
	if (order > 1)
		free &= free >> 1 & 0x5555555555555555ULL;
	if (order > 2)
		free &= free >> 2 & 0x1111111111111111ULL;
	if (order > 3)
		free &= free >> 4 & 0x0101010101010101ULL;
	if (order > 4)
		free &= free >> 8 & 0x0001000100010001ULL;
	if (order > 5)
		free &= free >> 16 & 0x0000000100000001ULL;
	if (order > 6)
		free &= free >> 32 & 1;
	return free;
}

struct block_search {
	__u32 slot;
	__u32 order;
	__u32 word;		/* next word of free leaves */
	__u32 random;		/* start inside of it */
	__s32 leaf;		/* the result; -1: none */
};

/* One probe. Returns 1 to end the loop. */
static long block_probe(__u32 unused, struct block_search *s)
{
	__u32 slot = s->slot, at = s->word & 15, leaf;
	struct daisy_block_map *map = bpf_map_lookup_elem(&block_maps, &slot);
	__u64 free, starts, upper;

	if (!map)
		return 1;
	free = *(volatile __u64 *)&map->free[at];
	starts = block_starts(free, s->order);
	if (!starts) {
		s->word++;
		return 0;
	}
	upper = starts & ~0ULL << (s->random & 63);
	leaf = lowest_bit(upper ? upper : starts);
	if (__sync_val_compare_and_swap(&map->free[at], free,
					free & ~(block_leaves(s->order) << leaf)) != free)
		return 0;	/* somebody else changed the word: look again */
	__sync_fetch_and_add(&map->n_free, -(1 << ((s->order - 1) & 7)));
	s->leaf = at * 64 + leaf;
	return 1;
}

/* Take a block's leaves. Returns the first, or -1 when the address has no such block left. */
static __always_inline __s32 block_take(__u32 slot, __u32 order)
{
	__u32 random = bpf_get_prandom_u32();
	struct block_search s = {
		.slot = slot, .order = order, .word = random >> 6, .random = random, .leaf = -1,
	};

	bpf_loop(BLOCK_PROBES, block_probe, &s, 0);
	return s.leaf;
}

/* May the block at a leaf be given out, by the ports that its address has now? */
static __always_inline bool block_allowed(struct daisy_block_map *map, __u32 leaf, __u32 order)
{
	__u64 allowed = *(volatile __u64 *)&map->allowed[leaf / 64 & 15];

	return !(~allowed >> (leaf & 63) & block_leaves(order));
}

/*
 * The leaves of a block that is nobody's are free for others, unless the pool's
 * ports have been changed: userspace finds those that are allowed, later.
 */
static __always_inline void block_free_leaves(struct daisy_block_map *map, __u32 leaf, __u32 order)
{
	if (!block_allowed(map, leaf, order))
		return;
	__sync_fetch_and_or(&map->free[leaf / 64 & 15], block_leaves(order) << (leaf & 63));
	__sync_fetch_and_add(&map->n_free, 1 << ((order - 1) & 7));
}

/* Count one port more in a block of this owner. Returns its order, or 0 if it is not the owner's. */
static __always_inline __u32 block_enter(struct daisy_block_map *map, __u32 leaf, __u64 owner)
{
	__u64 *at = &map->block[leaf & 1023].word;

	for (int i = 0; i < BLOCK_ATTEMPTS; i++) {
		__u64 word = *(volatile __u64 *)at;

		if (!block_order_of(word) || block_owner_of(word) != owner ||
		    !block_allowed(map, leaf & 1023, block_order_of(word)))
			return 0;
		if (__sync_val_compare_and_swap(at, word, word + 1) == word)
			return block_order_of(word);
	}
	return 0;
}

static __always_inline void block_leave(struct daisy_block_map *map, __u32 leaf)
{
	__sync_fetch_and_add(&map->block[leaf & 1023].word, -1);
}

/*
 * A port for an inside endpoint in one of the blocks that its subscriber has:
 * the port, and above its sixteen bits the order of its block. They are full:
 * minus the place for another in its ranges, counted from 1 (0: there is none),
 * and above eight bits how many it has. Few variables: the stack is short here.
 */
STAGE int block_claim(__u64 endpoint, __u32 proto, __u32 slot, __u64 mask)
{
	struct daisy_block_map *map = bpf_map_lookup_elem(&block_maps, &slot);
	struct daisy_subscriber_key key;
	struct daisy_subscriber *s;
	__u32 tally = 0;

	subscriber_key(&key, endpoint);
	s = bpf_map_lookup_elem(&subscribers, &key);
	if (!s || !map)
		return 0;
	slot = slot * DAISY_N_PROTOS + proto;
	for (int i = 0; i < DAISY_SUB_BLOCKS; i++) {
		__u32 leaf = *(volatile __u32 *)&s->range[i], order, port;

		order = leaf ? block_enter(map, (leaf & 0xffff) / DAISY_BLOCK_LEAF_PORTS,
					   *(volatile __u64 *)&key) : 0;
		if (!order) {
			tally |= tally & 0xff ? 0 : i + 1;
			continue;
		}
		leaf = (leaf & 0xffff) / DAISY_BLOCK_LEAF_PORTS;
		port = port_claim_between(slot, leaf * DAISY_BLOCK_LEAF_PORTS,
					  leaf * DAISY_BLOCK_LEAF_PORTS + block_ports(order) - 1,
					  mask);
		/* The order stays as long as we are entered. */
		if (port)
			return port | block_order_of(*(volatile __u64 *)&map->block[leaf].word) << 16;
		block_leave(map, leaf);
		tally += 0x100;
	}
	return -tally;
}

STAGE int block_event(struct xdp_md *ctx, __u32 kind, __u64 owner, __u32 slot, __u32 range)
{
	struct daisy_conf *c = conf_get();
	struct daisy_event e = {
		.kind = kind, .slot = slot, .port = range, .last = range >> 16,
		.inside.zone = owner >> 32,
	};
	__u32 addr = owner;

	if (!c || !(c->options & DAISY_OPT_EVENTS))
		return 0;
	e.tick = clock_tick(c);
	__builtin_memcpy(e.inside.addr, &addr, 4);
	event_send(ctx, &e);
	return 0;
}

/*
 * Enter a block at a place of the subscriber's ranges. False if another packet of
 * it has entered one there: that block is the subscriber's, and it stays. A range
 * that has gone may be cleared by the sweep at this moment: then once more.
 */
static __always_inline bool block_enlist(struct daisy_block_map *map, __u32 *place, __u32 range,
					 __u64 owner)
{
	for (int i = 0; i < 3; i++) {
		__u32 was = *(volatile __u32 *)place;
		__u32 leaf = (was & 0xffff) / DAISY_BLOCK_LEAF_PORTS;
		__u64 word = *(volatile __u64 *)&map->block[leaf].word;

		if (was && block_owner_of(word) == owner &&
		    block_allowed(map, leaf, block_order_of(word)))
			return false;
		if (__sync_val_compare_and_swap(place, was, range) == was)
			return true;
	}
	return false;
}

/*
 * Ranges name no address. One that is left of another address may have the first
 * port of a block that has just been taken, and would count that block twice.
 * The block is nobody's yet, so no range of its own can be met here.
 */
static __always_inline void block_forget(struct daisy_subscriber *s, __u32 port)
{
	for (int i = 0; i < DAISY_SUB_BLOCKS; i++) {
		__u32 range = *(volatile __u32 *)&s->range[i];

		if ((range & 0xffff) == port)
			__sync_val_compare_and_swap(&s->range[i], range, 0);
	}
}

/*
 * One more block for the subscriber, at a place that block_claim named. Whose
 * compare-and-swap on the place loses gives its block back: two packets that
 * need a block at once get one, and both use it. Returns 0 or minus a reason.
 */
STAGE int block_add(struct xdp_md *ctx, __u64 endpoint, __u32 slot, __u32 order, __u32 place)
{
	struct daisy_block_map *map = bpf_map_lookup_elem(&block_maps, &slot);
	struct daisy_subscriber_key key;
	struct daisy_subscriber *s;
	__u32 first;
	__u64 word;
	__s32 leaf;

	subscriber_key(&key, endpoint);
	s = bpf_map_lookup_elem(&subscribers, &key);
	if (!s || !map || !order || order > DAISY_BLOCK_ORDERS)
		return -REASON_SUBSCRIBER_RACE;
	place = (place - 1) & (DAISY_SUB_BLOCKS - 1);
	leaf = block_take(slot, order);
	if (leaf < 0)
		return -REASON_NO_BLOCK;
	leaf &= 1023;
	first = leaf * DAISY_BLOCK_LEAF_PORTS;
	block_forget(s, first);
	word = block_owner(&key) << DAISY_BLOCK_OWNER_SHIFT | (__u64)order << DAISY_BLOCK_ORDER_SHIFT;
	__sync_lock_test_and_set(&map->block[leaf].word, word);
	first |= (first + block_ports(order) - 1) << 16;
	if (block_enlist(map, &s->range[place], first, block_owner(&key)))
		block_event(ctx, EVENT_BLOCK_ALLOCATED, block_owner(&key), slot, first);
	else if (__sync_val_compare_and_swap(&map->block[leaf].word, word, 0) == word)
		block_free_leaves(map, leaf, order);
	/* else: a packet came to the block by a range of long ago, and the sweep gives it back */
	return 0;
}

/* Order of the block that a record's port was taken from; 0: none. */
static __always_inline __u32 block_order_of_record(__u32 flags)
{
	return flags >> DAISY_BLOCK_FLAG_SHIFT & 0xf;
}

/* A port that was taken from a block is free again. */
static __always_inline void block_port_freed(__u32 slot, __u32 port, __u32 order)
{
	struct daisy_block_map *map = bpf_map_lookup_elem(&block_maps, &slot);

	if (map && order)
		block_leave(map, (port & -block_ports(order)) / DAISY_BLOCK_LEAF_PORTS);
}

#endif
