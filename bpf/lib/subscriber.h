/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subscribers and their external address. The first packet pairs a subscriber
 * with the freer of two addresses drawn at random; the pairing holds for all
 * protocols (RFC 6888 REQ-2) and as long as there are mappings.
 */
#ifndef DAISY_SUBSCRIBER_H
#define DAISY_SUBSCRIBER_H

#include "clock.h"
#include "count.h"
#include "net_consts.h"

#define SUB_COUNT_MASK 0xffffffffULL

static __always_inline __u32 sub_state(__u64 word)
{
	return word >> DAISY_SUB_STATE_SHIFT;
}

static __always_inline __u32 sub_slot(__u64 word)
{
	return word >> DAISY_SUB_SLOT_SHIFT & (DAISY_MAX_SLOTS - 1);
}

static __always_inline __u64 sub_word(__u32 slot, __u32 mappings)
{
	return (__u64)SUBSCRIBER_LIVE << DAISY_SUB_STATE_SHIFT |
	       (__u64)slot << DAISY_SUB_SLOT_SHIFT | mappings;
}

static __always_inline bool slot_takes_mappings(__u32 slot)
{
	struct daisy_slot *s = bpf_map_lookup_elem(&slots, &slot);

	return s && s->state == SLOT_ACTIVE;
}

static __always_inline __s32 slot_free_ports(__u32 slot)
{
	__u32 udp = slot * DAISY_N_PROTOS + DAISY_UDP, tcp = slot * DAISY_N_PROTOS + DAISY_TCP;
	struct daisy_port_map *u = bpf_map_lookup_elem(&port_maps, &udp);
	struct daisy_port_map *t = bpf_map_lookup_elem(&port_maps, &tcp);

	return (u ? u->n_free : 0) + (t ? t->n_free : 0);
}

struct slot_search {
	__u32 first;		/* in pool_slots */
	__u32 n;
	__u32 start;		/* of the walk, relative to first */
	__s32 best_free;	/* ports */
	int best;		/* slot, or minus a reason */
};

/* Keep the slot at pool_slots[at] if it takes mappings and is freer than the best so far. */
static __always_inline void slot_consider(struct slot_search *s, __u32 at)
{
	__u32 *slot = bpf_map_lookup_elem(&pool_slots, &at);
	__s32 free;

	if (!slot || !slot_takes_mappings(*slot))
		return;
	free = slot_free_ports(*slot);
	if (free > s->best_free) {
		s->best_free = free;
		s->best = *slot & (DAISY_MAX_SLOTS - 1);
	}
}

static long slot_walk(__u32 i, struct slot_search *s)
{
	if (i >= s->n)
		return 1;
	slot_consider(s, s->first + (s->start + i) % s->n);
	return s->best_free > 0;
}

/*
 * An address for a new subscriber: the freer of two. Where both draws met
 * draining or full ones, the next in the list with a free port: nobody is
 * refused while there is one. Returns the slot or minus a reason.
 */
STAGE int slot_choose(__u32 zone)
{
	struct daisy_zone *z = bpf_map_lookup_elem(&zones, &zone);
	struct slot_search s = { .best_free = -1, .best = -REASON_NO_ADDRESS };
	__u64 list;

	if (!z)
		return -REASON_NO_ADDRESS;
	/* One read: userspace may switch to another list at any moment. */
	list = *(volatile __u64 *)z;
	s.first = list;
	s.n = list >> 32;
	if (!s.n)
		return -REASON_NO_ADDRESS;
	for (int i = 0; i < 2; i++) {
		s.start = (__u64)bpf_get_prandom_u32() * s.n >> 32;
		slot_consider(&s, s.first + s.start);
	}
	if (s.best_free <= 0)
		bpf_loop(DAISY_MAX_SLOTS, slot_walk, &s, 0);
	return s.best;
}

/* addr: network order. Is it in an inside prefix of the zone? */
STAGE int inside_prefix(__u32 zone, __u32 addr)
{
	struct daisy_prefix_key key = { .prefixlen = 64, .zone_be = bpf_htons(zone) };

	__builtin_memcpy(key.addr, &addr, 4);
	return bpf_map_lookup_elem(&inside_prefixes, &key) != NULL;
}

static __always_inline int subscriber_insert(const struct daisy_subscriber_key *key, __u32 now,
					     __u32 prefix_epoch)
{
	struct daisy_subscriber fresh = { .last_change = now, .prefix_epoch = prefix_epoch };
	int slot = slot_choose(key->zone);
	int err;	/* int, also where the helper is long: before 6.4 its upper half is not set */

	if (slot < 0)
		return slot;
	fresh.ctl.word = sub_word(slot, 0);
	err = bpf_map_update_elem(&subscribers, key, &fresh, BPF_NOEXIST);
	if (!err)
		COUNT(subscribers_created);
	else if (err != -17 /* EEXIST: another CPU was first, and that is as good */)
		return -REASON_NO_SUBSCRIBER;
	return 0;
}

/* The word with one mapping more; without mappings a draining address is left for another. */
static __always_inline __s64 subscriber_next_word(__u64 word, __u32 zone)
{
	int slot = sub_slot(word);

	if (slot_takes_mappings(slot))
		return word + 1;
	if (word & SUB_COUNT_MASK)
		return -REASON_DRAINING;
	slot = slot_choose(zone);
	return slot < 0 ? slot : (__s64)sub_word(slot, 1);
}

/*
 * Elements of a preallocated hash table are used again at once: between our look
 * and our compare-and-swap this one may have become another subscriber's. The
 * raised count keeps an element where it is, so a second look settles it.
 */
static __always_inline bool subscriber_is_still(const struct daisy_subscriber_key *key,
						struct daisy_subscriber *s)
{
	if (bpf_map_lookup_elem(&subscribers, key) == s)
		return true;
	__sync_fetch_and_add(&s->ctl.word, -1);
	return false;
}

/* Count one mapping more. Returns the slot it has to come from, or minus a reason. */
STAGE int subscriber_acquire(const struct daisy_subscriber_key *arg, __u32 now)
{
	struct daisy_subscriber_key copy, *key = &copy;	/* 6.1 takes no argument as a map key */
	struct daisy_conf *c = conf_get();
	struct daisy_subscriber *s;
	__u32 epoch;

	if (!arg || !c)
		return -REASON_NO_SUBSCRIBER;
	copy = *arg;
	epoch = c->prefix_epoch;	/* before the look: a change during it makes it stale */
	s = bpf_map_lookup_elem(&subscribers, key);
	if (!s || s->prefix_epoch != epoch) {
		if (!inside_prefix(key->zone, *(__u32 *)key->addr))
			return -REASON_NOT_INSIDE;
		if (s)
			s->prefix_epoch = epoch;
	}
	if (!s) {
		int err = subscriber_insert(key, now, epoch);

		if (err)
			return err;
		s = bpf_map_lookup_elem(&subscribers, key);
		if (!s)
			return -REASON_SUBSCRIBER_RACE;
	}
	for (int i = 0; i < 8; i++) {
		__u64 word = *(volatile __u64 *)&s->ctl.word;
		__s64 next;

		if (sub_state(word) != SUBSCRIBER_LIVE)
			break;
		next = subscriber_next_word(word, key->zone);
		if (next < 0)
			return next;
		if (__sync_val_compare_and_swap(&s->ctl.word, word, next) == word) {
			s->last_change = now;
			return subscriber_is_still(key, s) ? (int)sub_slot(next)
							   : -REASON_SUBSCRIBER_RACE;
		}
	}
	return -REASON_SUBSCRIBER_RACE;
}

STAGE int subscriber_release(const struct daisy_subscriber_key *arg, __u32 now)
{
	struct daisy_subscriber_key copy, *key = &copy;	/* 6.1 takes no argument as a map key */
	struct daisy_subscriber *s;

	if (!arg)
		return 0;
	copy = *arg;
	s = bpf_map_lookup_elem(&subscribers, key);
	if (s) {
		s->last_change = now;
		__sync_fetch_and_add(&s->ctl.word, -1);
	}
	return 0;
}

static __always_inline void subscriber_key(struct daisy_subscriber_key *key, __u64 endpoint)
{
	union daisy_endpoint inside = { .word = endpoint };

	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->addr, inside.addr, 4);
	key->zone = inside.zone;
}

#endif
