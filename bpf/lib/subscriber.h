/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subscribers and their external address. The first packet pairs a subscriber
 * with the freer of two addresses drawn at random; the pairing holds for all
 * protocols (RFC 6888 REQ-2) and as long as there are mappings.
 */
#ifndef DAISY_SUBSCRIBER_H
#define DAISY_SUBSCRIBER_H

#include "clock.h"
#include "event.h"
#include "grant.h"
#include "net_consts.h"
#include "plan.h"

#define SUB_COUNTS_MASK ((1ULL << DAISY_SUB_SLOT_SHIFT) - 1)
#define SUB_LIMIT_ALL DAISY_N_PROTOS	/* in daisy_pool.limit and .warn: all protocols together */

static __always_inline __u32 sub_state(__u64 word)
{
	return word >> DAISY_SUB_STATE_SHIFT;
}

static __always_inline __u32 sub_slot(__u64 word)
{
	return word >> DAISY_SUB_SLOT_SHIFT & (DAISY_MAX_SLOTS - 1);
}

static __always_inline void subscriber_key(struct daisy_subscriber_key *key, __u64 endpoint)
{
	union daisy_endpoint inside = { .word = endpoint };

	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->addr, inside.addr, 4);
	key->zone = inside.zone;
}

/* Without mappings. */
static __always_inline __u64 sub_word(__u32 slot)
{
	return (__u64)SUBSCRIBER_LIVE << DAISY_SUB_STATE_SHIFT | (__u64)slot << DAISY_SUB_SLOT_SHIFT;
}

/* One mapping of a protocol, to be added to the word. */
static __always_inline __u64 sub_one(__u32 proto)
{
	return 1ULL << proto * DAISY_SUB_COUNT_BITS;
}

/* Policy of the slot's pool; NULL if the slot takes no mappings. */
static __always_inline struct daisy_pool *slot_pool(__u32 slot)
{
	struct daisy_slot *s = bpf_map_lookup_elem(&slots, &slot);
	__u32 pool;

	if (!s || !daisy_slot_is_open(s))
		return NULL;
	pool = s->pool;
	return bpf_map_lookup_elem(&pools, &pool);
}

/* Ports in blocks that are nobody's; 0 if they are too few for a block. */
static __always_inline __s32 slot_free_in_blocks(__u32 slot, __u32 order)
{
	struct daisy_block_map *map = bpf_map_lookup_elem(&block_maps, &slot);

	if (!map || map->n_free < 1 << ((order - 1) & 7))
		return 0;
	return map->n_free * DAISY_BLOCK_LEAF_PORTS;
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
	struct daisy_pool *pool = slot ? slot_pool(*slot) : NULL;
	__s32 free;

	if (!pool)
		return;
	free = pool->block_order ? slot_free_in_blocks(*slot, pool->block_order)
				 : slot_free_ports(*slot);
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
	struct daisy_conf *c = conf_get();
	__u64 list;

	if (!z)
		return -REASON_NO_ADDRESS;
	/* One read: userspace may switch to another list at any moment. */
	list = *(volatile __u64 *)z;
	s.first = list;
	s.n = list >> 32;
	if (!s.n)
		return c && c->plans ? -REASON_NOT_PLANNED : -REASON_NO_ADDRESS;
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

/* State 0: it has no address yet. A constant: the stack has no room for it. */
static const struct daisy_subscriber subscriber_fresh;

/*
 * A new subscriber and its slot, by plan if it has one (0: none). Another CPU may
 * see it without one, and then both choose: the first compare-and-swap stands.
 */
static __always_inline int subscriber_insert(const struct daisy_subscriber_key *key, __u64 plan)
{
	int slot = plan ? (int)grant_slot(plan) : slot_choose(key->zone);
	struct daisy_subscriber *s;
	int err;	/* int, also where the helper is long: before 6.4 its upper half is not set */

	if (slot < 0)
		return slot;
	if (plan && !slot_pool(slot))
		return -REASON_DRAINING;
	err = bpf_map_update_elem(&subscribers, key, &subscriber_fresh, BPF_NOEXIST);
	if (!err)
		COUNT(subscribers_created);
	else if (err != -17 /* EEXIST: another CPU was first, and that is as good */)
		return -REASON_NO_SUBSCRIBER;
	s = bpf_map_lookup_elem(&subscribers, key);
	if (!s)
		return -REASON_SUBSCRIBER_RACE;
	__sync_val_compare_and_swap(&s->ctl.word, 0, sub_word(slot));
	return 0;
}

/* The counts stay: mappings of another address live on. */
static __always_inline struct daisy_pool *subscriber_move(__u64 *word, __u32 slot, int *err)
{
	*word = (*word & SUB_COUNTS_MASK) | sub_word(slot);
	*err = -REASON_DRAINING;
	return slot_pool(slot);
}

/*
 * The pool of the slot it has, which a new one chooses here; without mappings a
 * draining address is left for another. Who is in a plan has the plan's slot, and
 * who is in none any more leaves the plan's address, where it has no ports.
 */
static __always_inline struct daisy_pool *subscriber_pool(__u64 *word, __u32 zone, __u64 plan, int *err)
{
	struct daisy_pool *pool;

	if (unlikely(plan))
		return subscriber_move(word, grant_slot(plan), err);
	pool = *word ? slot_pool(sub_slot(*word)) : NULL;
	if (pool && likely(!pool->deterministic))
		return pool;
	*err = -REASON_DRAINING;
	if (!pool && *word & SUB_COUNTS_MASK)
		return NULL;
	*err = slot_choose(zone);
	return *err < 0 ? NULL : subscriber_move(word, *err, err);
}

/* The bound has to be seen where it is used (6.1). */
static __always_inline __u32 limit_index(__u32 proto)
{
	barrier_var(proto);
	return proto & 3;
}

/* May it have one mapping more (RFC 6888 REQ-4)? Sixteen bits hold all ports of an address. */
static __always_inline int subscriber_limits(const struct daisy_pool *pool, __u64 word, __u32 proto)
{
	__u32 count = daisy_subscriber_count(word, proto), limit = pool->limit[limit_index(proto)];
	__u32 all = pool->limit[SUB_LIMIT_ALL];

	if (count == DAISY_SUB_COUNT_MASK)
		return -REASON_NO_PORT;
	if ((limit && count >= limit) || (all && daisy_subscriber_mappings(word) >= all))
		return -REASON_LIMIT_MAPPINGS;
	return 0;
}

/*
 * May it have a new mapping in this tick (RFC 6888 REQ-5B)? The word holds the
 * tick and how many there were; of a tick 65536 earlier (a day) it may be wrong.
 */
static __always_inline int subscriber_rate(struct daisy_subscriber *s, __u32 rate, __u32 now)
{
	for (int i = 0; i < 8; i++) {
		__u32 word = *(volatile __u32 *)&s->rate, next = now << 16 | 1;

		if (word >> 16 == (now & 0xffff)) {
			if ((word & 0xffff) >= rate)
				return -REASON_LIMIT_RATE;
			next = word + 1;
		}
		if (__sync_val_compare_and_swap(&s->rate, word, next) == word)
			return 0;
	}
	return -REASON_LIMIT_RATE;
}

/* Does anybody want to know when the subscriber comes near a limit? */
static __always_inline bool subscriber_nears(const struct daisy_pool *pool, __u32 proto)
{
	return pool->warn[limit_index(proto)] || pool->warn[SUB_LIMIT_ALL];
}

/*
 * Has it come near a limit with its last mapping? True once; again only after it
 * has been below seven eighths of the threshold, so that a host which hovers
 * about it is reported once.
 */
static __always_inline bool subscriber_reaches(struct daisy_subscriber *s, __u32 warn, __u32 count, __u32 bit)
{
	if (!warn)
		return false;
	if (count >= warn)
		return !(__sync_fetch_and_or(&s->warned, bit) & bit);
	if (s->warned & bit && count < warn - warn / 8)
		__sync_fetch_and_and(&s->warned, ~bit);
	return false;
}

/* One mapping more, while somebody listens: an event, if it comes near a limit by it. */
STAGE int subscriber_warn(struct xdp_md *ctx, const struct daisy_subscriber_key *key, __u64 word,
			  __u32 proto, __u32 now)
{
	struct daisy_event e = { .kind = EVENT_THRESHOLD, .proto = proto, .tick = now };
	struct daisy_pool *pool = slot_pool(sub_slot(word));
	struct daisy_subscriber_key copy;
	struct daisy_subscriber *s;
	bool near;

	if (!key || !pool)
		return 0;
	copy = *key;
	s = bpf_map_lookup_elem(&subscribers, &copy);
	if (!s)
		return 0;
	near = subscriber_reaches(s, pool->warn[limit_index(proto)], daisy_subscriber_count(word, proto),
				  1U << limit_index(proto));
	near |= subscriber_reaches(s, pool->warn[SUB_LIMIT_ALL], daisy_subscriber_mappings(word),
				   1U << SUB_LIMIT_ALL);
	if (!near)
		return 0;
	e.slot = sub_slot(word);
	__builtin_memcpy(e.inside.addr, copy.addr, 4);
	e.inside.zone = copy.zone;
	event_send(ctx, &e);
	return 0;
}

/*
 * Elements of a preallocated hash table are used again at once: between our look
 * and our compare-and-swap this one may have become another subscriber's. The
 * raised count keeps an element where it is, so a second look settles it.
 */
static __always_inline bool subscriber_is_still(const struct daisy_subscriber_key *key,
						struct daisy_subscriber *s, __u32 proto)
{
	if (bpf_map_lookup_elem(&subscribers, key) == s)
		return true;
	__sync_fetch_and_add(&s->ctl.word, -sub_one(proto));
	return false;
}

/* The mapping is counted, in `word`. Returns the grant, or minus a reason, and then it is not. */
static __always_inline __s64 subscriber_granted(struct xdp_md *ctx, const struct daisy_subscriber_key *key,
						struct daisy_subscriber *s, const struct daisy_pool *pool,
						__u64 word, __u64 plan, __u32 proto, __u32 now)
{
	struct daisy_conf *c = conf_get();
	int err;

	if (!subscriber_is_still(key, s, proto))
		return -REASON_SUBSCRIBER_RACE;
	err = pool->rate ? subscriber_rate(s, pool->rate, now) : 0;
	if (err) {
		__sync_fetch_and_add(&s->ctl.word, -sub_one(proto));
		return err;
	}
	s->last_change = now;
	if (c && c->options & DAISY_OPT_EVENTS && subscriber_nears(pool, proto))
		subscriber_warn(ctx, key, word, proto, now);
	return (plan ? plan : sub_slot(word)) | (__u64)pool->block_order << GRANT_ORDER_SHIFT;
}

/* Count one mapping more. Returns what its port has to come from (a grant), or minus a reason. */
STAGE __s64 subscriber_acquire(struct xdp_md *ctx, __u64 endpoint, __u32 proto, __u32 now)
{
	struct daisy_subscriber_key copy, *key = &copy;
	struct daisy_conf *c = conf_get();
	struct daisy_subscriber *s;
	__s64 plan;
	__u32 epoch;

	if (!c || proto >= DAISY_N_PROTOS)
		return -REASON_NO_SUBSCRIBER;
	plan = unlikely(c->plans) ? plan_grant(endpoint) : 0;
	if (plan < 0)
		return plan;
	subscriber_key(key, endpoint);
	epoch = c->prefix_epoch;	/* before the look: a change during it makes it stale */
	s = bpf_map_lookup_elem(&subscribers, key);
	if (!s || s->prefix_epoch != epoch || !s->ctl.word) {
		if (!inside_prefix(key->zone, *(__u32 *)key->addr))
			return -REASON_NOT_INSIDE;
		if (!s) {
			int err = subscriber_insert(key, plan);

			if (err)
				return err;
			s = bpf_map_lookup_elem(&subscribers, key);
		}
		if (!s)
			return -REASON_SUBSCRIBER_RACE;
		s->last_change = now;
		s->prefix_epoch = epoch;
	}
	for (int i = 0; i < 8; i++) {
		__u64 word = *(volatile __u64 *)&s->ctl.word, next = word;
		struct daisy_pool *pool;
		int err = 0;

		if (sub_state(word) == SUBSCRIBER_DEAD)
			break;
		pool = subscriber_pool(&next, key->zone, plan, &err);
		if (!pool)
			return err;
		err = subscriber_limits(pool, next, proto);
		if (err)
			return err;
		next += sub_one(proto);
		if (__sync_val_compare_and_swap(&s->ctl.word, word, next) == word)
			return subscriber_granted(ctx, key, s, pool, next, plan, proto, now);
	}
	return -REASON_SUBSCRIBER_RACE;
}

/*
 * A forward to a subscriber comes (n 1) or goes (-1). It is not counted among
 * the mappings, and no limit holds for it; but it keeps the subscriber, and the
 * first one gives it its address, unless it has mappings elsewhere. Called
 * from where the sweep of subscribers is, too: none is being removed.
 */
STAGE int subscriber_forward(__u64 endpoint, __u32 slot, __s32 n, __u32 now)
{
	struct daisy_subscriber_key key;
	struct daisy_subscriber *s;
	__u64 word;

	subscriber_key(&key, endpoint);
	s = bpf_map_lookup_elem(&subscribers, &key);
	if (!s && n > 0) {
		/* EEXIST is as good: the second look settles it. */
		if (!bpf_map_update_elem(&subscribers, &key, &subscriber_fresh, BPF_NOEXIST))
			COUNT(subscribers_created);
		s = bpf_map_lookup_elem(&subscribers, &key);
	}
	if (!s)
		return -REASON_NO_SUBSCRIBER;
	word = *(volatile __u64 *)&s->ctl.word;
	if (n > 0 && !s->forwards && !(word & SUB_COUNTS_MASK))
		__sync_val_compare_and_swap(&s->ctl.word, word, sub_word(slot));
	__sync_fetch_and_add(&s->forwards, n);
	s->last_change = now;
	return 0;
}

STAGE int subscriber_release(__u64 endpoint, __u32 proto, __u32 now)
{
	struct daisy_subscriber_key key;
	struct daisy_subscriber *s;

	if (proto >= DAISY_N_PROTOS)
		return 0;
	subscriber_key(&key, endpoint);
	s = bpf_map_lookup_elem(&subscribers, &key);
	if (s) {
		s->last_change = now;
		__sync_fetch_and_add(&s->ctl.word, -sub_one(proto));
	}
	return 0;
}

#endif
