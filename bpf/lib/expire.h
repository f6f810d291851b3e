/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one implementation of "a mapping ends". Userspace decides which records
 * to look at (user/nat/sweep.c) and sends them in batches; here each is looked
 * at again, and changed by compare-and-swap on exactly the word that was
 * judged: what a packet refreshed meanwhile stays.
 */
#ifndef DAISY_EXPIRE_H
#define DAISY_EXPIRE_H

#include "block.h"
#include "clock.h"
#include "conn.h"
#include "event.h"
#include "inbound.h"
#include "index.h"
#include "ports.h"
#include "subscriber.h"

enum expire_result {
	EXPIRE_NOTHING,
	EXPIRE_ENDED,		/* ACTIVE -> HOLD */
	EXPIRE_FREED,		/* HOLD, ROLLED_BACK -> FREE */
};

/* No record is used again before two ticks: more than one second, and so an RCU grace period. */
#define REST_TICKS 2

static __always_inline __u32 conn_timer(const struct daisy_conf *c, __u32 state)
{
	if (state == CONN_ESTABLISHED)
		return c->timer[DAISY_TIMER_TCP_ESTABLISHED];
	if (state == CONN_CLOSING)
		return c->timer[DAISY_TIMER_TCP_CLOSING];
	if (state == CONN_RESET)
		return c->timer[DAISY_TIMER_TCP_RESET];
	return c->timer[DAISY_TIMER_TCP_OPENING];
}

static __always_inline bool conn_is_over(const struct daisy_conf *c, __u64 word, __u32 now)
{
	return conn_state(word) >= CONN_OPENING &&
	       tick_age(now, word & DAISY_SEEN_MASK) >= conn_timer(c, conn_state(word));
}

/* One that the inside had part in, and that neither FIN nor RST has ended: its remote may go on. */
static __always_inline bool conn_idled(__u64 word)
{
	return conn_flags(word) & CONN_ANSWERED && conn_state(word) < CONN_CLOSING;
}

/* End the inline connections whose time is up. True if the mapping has none left, inline or in the table. */
static __always_inline bool tcp_sweep_conns(const struct daisy_conf *c, struct daisy_tcp_mapping *t,
					    __u32 now, bool force)
{
	bool empty = true;

	for (int i = 0; i < DAISY_INLINE_CONNS; i++) {
		__u64 word = *(volatile __u64 *)&t->conn[i].ctl.word;

		if (!word)
			continue;
		if ((!force && !conn_is_over(c, word, now)) ||
		    __sync_val_compare_and_swap(&t->conn[i].ctl.word, word, 0) != word)
			empty = false;
		else if (conn_idled(word))
			mapping_mark(&t->m, MAPPING_IDLED);
	}
	return empty && (force || !(t->conns & 0xffff));
}

/* A forward has no timer, and goes only with the configuration that has it. */
static __always_inline bool forward_stays(const struct daisy_mapping *m, const struct daisy_sweep_item *it)
{
	return m->flags & MAPPING_STATIC && it->force != DAISY_FORCE_STATIC;
}

/*
 * Is the mapping's time up, given its control word? A TCP mapping goes with its
 * last connection (paper "Lost in NAT", section 3), but not within two ticks of
 * a new one being entered (conn_hold_mapping).
 */
static __always_inline bool mapping_is_over(const struct daisy_conf *c, const struct daisy_mapping *m,
					    const struct daisy_sweep_item *it, __u64 ctl, __u32 now)
{
	__u32 age = tick_age(now, ctl_seen(ctl));
	struct daisy_tcp_mapping *t;

	if (it->proto != DAISY_TCP && forward_stays(m, it))
		return false;
	if (it->proto == DAISY_UDP)
		return it->force || age >= c->timer[DAISY_TIMER_UDP];
	if (it->proto == DAISY_ICMP)
		return it->force || age >= c->timer[DAISY_TIMER_ICMP];
	t = vector_tcp_record(it->slot, it->port);
	if (!t || (age < 2 && !it->force) || !tcp_sweep_conns(c, t, now, it->force) ||
	    forward_stays(m, it))
		return false;
	return it->force || !(t->m.flags & MAPPING_UNTRACKED) ||
	       age >= c->timer[DAISY_TIMER_TCP_ESTABLISHED];
}

static __always_inline void expire_event(struct xdp_md *ctx, const struct daisy_sweep_item *it,
					 struct daisy_mapping *m, __u64 ctl, __u32 now)
{
	struct daisy_event e = {
		.kind = EVENT_EXPIRED, .proto = it->proto, .tick = now,
		.slot = it->slot, .port = it->port,
		.generation = ctl_generation(ctl), .link = m->link, .inside = m->inside,
	};

	event_send(ctx, &e);
}

static __always_inline struct daisy_pool *pool_of_slot(__u32 slot)
{
	struct daisy_slot *s = bpf_map_lookup_elem(&slots, &slot);
	__u32 pool = s ? s->pool : 0;

	return bpf_map_lookup_elem(&pools, &pool);
}

/* Ticks that a freed port of an address rests. */
static __always_inline __u32 slot_hold(const struct daisy_conf *c, __u32 slot)
{
	struct daisy_pool *p = pool_of_slot(slot);

	return p && p->flags & POOL_HOLD ? p->hold : c->timer[DAISY_TIMER_HOLD];
}

/*
 * How a port rests: in hold-down, or only for as long as a CPU may look at the
 * record: when as many ports of its address are in hold-down as the pool allows,
 * or if the pool spares TCP whose connections have all been closed (RFC 6888
 * REQ-8). Those have been silent for the timer of their class.
 */
static __always_inline __u32 port_rest(const struct daisy_mapping *m, const struct daisy_sweep_item *it)
{
	__u32 index = it->slot * DAISY_N_PROTOS + it->proto;
	struct daisy_port_map *map = bpf_map_lookup_elem(&port_maps, &index);
	struct daisy_pool *p = pool_of_slot(it->slot);

	if (p && p->flags & POOL_REUSE_CLOSED && it->proto == DAISY_TCP &&
	    !(m->flags & (MAPPING_IDLED | MAPPING_UNTRACKED | MAPPING_STATIC)))
		return MAPPING_ROLLED_BACK;
	return p && map && p->max_held && map->n_held >= p->max_held ? MAPPING_ROLLED_BACK
								      : MAPPING_HOLD;
}

static __always_inline void port_count_held(const struct daisy_sweep_item *it, __u32 state, int n)
{
	__u32 index = it->slot * DAISY_N_PROTOS + it->proto;
	struct daisy_port_map *map = bpf_map_lookup_elem(&port_maps, &index);

	if (map && state == MAPPING_HOLD)
		__sync_fetch_and_add(&map->n_held, n);
}

/* ACTIVE -> HOLD: the port rests, the index forgets, the subscriber has one less. */
static __always_inline int mapping_end(struct xdp_md *ctx, struct daisy_conf *c, struct daisy_mapping *m,
				       const struct daisy_sweep_item *it, __u64 ctl, __u32 now)
{
	__u64 endpoint = m->inside.word;
	__u32 rest = port_rest(m, it), flags = m->flags;

	if (ctl_cas(m, ctl, ctl_enter(ctl, rest, now)) != ctl)
		return EXPIRE_NOTHING;
	if (it->proto == DAISY_UDP)
		inbound_clear(it->slot, it->port);
	port_count_held(it, rest, 1);
	if (!index_remove(endpoint, it->proto, ref_make(it->slot, it->port, now)))
		mapping_flag(m, MAPPING_INDEXED);
	if (flags & MAPPING_STATIC) {
		subscriber_forward(endpoint, it->slot, -1, now);
		return EXPIRE_ENDED;
	}
	subscriber_release(endpoint, it->proto, now);
	COUNT(expired);
	if (c->options & DAISY_OPT_EVENTS)
		expire_event(ctx, it, m, ctl, now);
	return EXPIRE_ENDED;
}

static __always_inline int port_end_hold(struct daisy_mapping *m, const struct daisy_sweep_item *it,
					 __u64 ctl, __u32 now)
{
	__u32 flags = m->flags;	/* as long as the record is ours */

	/* Now: the next mapping of this port may have the same entry. */
	if (unlikely(flags & MAPPING_INDEXED))
		index_remove(m->inside.word, it->proto, ref_make(it->slot, it->port, now));
	if (ctl_cas(m, ctl, ctl_enter(ctl, MAPPING_FREE, now)) != ctl)
		return EXPIRE_NOTHING;
	port_count_held(it, ctl_state(ctl), -1);
	port_release(it->slot * DAISY_N_PROTOS + it->proto, it->port);
	block_port_freed(it->slot, it->port, block_order_of_record(flags));
	COUNT(freed);
	return EXPIRE_FREED;
}

STAGE int sweep_one(struct xdp_md *ctx, const struct daisy_sweep_item *it, __u32 now)
{
	struct daisy_conf *c = conf_get();
	struct daisy_mapping *m;
	__u64 ctl;
	__u32 age;

	if (!it || !c || it->proto >= DAISY_N_PROTOS)
		return EXPIRE_NOTHING;
	m = vector_record(it->proto, it->slot, it->port);
	if (!m)
		return EXPIRE_NOTHING;
	ctl = ctl_read(m);
	age = tick_age(now, ctl_seen(ctl));
	switch (ctl_state(ctl)) {
	case MAPPING_ACTIVE:
		return mapping_is_over(c, m, it, ctl, now) ? mapping_end(ctx, c, m, it, ctl, now)
							: EXPIRE_NOTHING;
	case MAPPING_HOLD:
		if (age < slot_hold(c, it->slot))
			return EXPIRE_NOTHING;
		/* fall through: whatever the hold-down says, it rests */
	case MAPPING_ROLLED_BACK:
		return age >= REST_TICKS ? port_end_hold(m, it, ctl, now) : EXPIRE_NOTHING;
	}
	return EXPIRE_NOTHING;
}

/* A connection of the table whose time is up, or whose mapping is gone. */
STAGE int sweep_one_conn(const struct daisy_conn_key *arg, __u32 now)
{
	struct daisy_conn_key copy, *key = &copy;	/* 6.1 takes no argument as a map key */
	struct daisy_conf *c = conf_get();
	union daisy_conn_control *v;
	struct daisy_tcp_mapping *t;
	__u64 word, ctl;
	bool orphan;

	if (!arg || !c)
		return EXPIRE_NOTHING;
	copy = *arg;
	v = bpf_map_lookup_elem(&conns, key);
	t = vector_tcp_record(key->slot, key->ext_port);
	if (!v)
		return EXPIRE_NOTHING;
	word = *(volatile __u64 *)&v->word;
	ctl = t ? ctl_read(&t->m) : 0;
	orphan = !t || ctl_state(ctl) != MAPPING_ACTIVE || ctl_generation(ctl) != key->generation;
	if (!orphan && !conn_is_over(c, word, now))
		return EXPIRE_NOTHING;
	/* State FREE in the table: packets take it for absent until it is deleted. */
	if (__sync_val_compare_and_swap(&v->word, word, 0) != word)
		return EXPIRE_NOTHING;
	if (!orphan && conn_idled(word))
		mapping_mark(&t->m, MAPPING_IDLED);
	bpf_map_delete_elem(&conns, key);
	if (!orphan)
		__sync_fetch_and_add(&t->conns,
				     conn_flags(word) & CONN_ANSWERED ? -1 : -0x10000);
	return EXPIRE_ENDED;
}

/*
 * Give a block back whose ports are all free, in every protocol. The word goes
 * first, by compare-and-swap from "none in use": a creator that takes a port
 * there changes it before, and one that comes after finds no owner. Then nobody
 * looks at the leaves any more, and they are free for others.
 */
STAGE int sweep_one_block(struct xdp_md *ctx, __u32 slot, __u32 port)
{
	struct daisy_block_map *map = bpf_map_lookup_elem(&block_maps, &slot);
	__u32 leaf = port / DAISY_BLOCK_LEAF_PORTS & 1023, range = port, order;
	struct daisy_subscriber_key key;
	struct daisy_subscriber *s;
	__u64 word;

	if (!map)
		return EXPIRE_NOTHING;
	word = *(volatile __u64 *)&map->block[leaf].word;
	order = block_order_of(word);
	if (!order || word & DAISY_BLOCK_USED_MASK ||
	    __sync_val_compare_and_swap(&map->block[leaf].word, word, DAISY_BLOCK_LEAVING) != word)
		return EXPIRE_NOTHING;
	range |= (port + block_ports(order) - 1) << 16;
	*(__u64 *)&key = block_owner_of(word);
	s = bpf_map_lookup_elem(&subscribers, &key);
	/* Ranges name no address: of a subscriber that has gone on to another one they are not ours. */
	for (int i = 0; s && sub_slot(s->ctl.word) == slot && i < DAISY_SUB_BLOCKS; i++)
		__sync_val_compare_and_swap(&s->range[i], range, 0);
	/* Told before the block can be anybody's; each CPU has a ring: both orders may be met. */
	block_event(ctx, EVENT_BLOCK_RELEASED, block_owner_of(word), slot, range);
	__sync_lock_test_and_set(&map->block[leaf].word, 0);
	block_free_leaves(map, leaf, order);
	return EXPIRE_FREED;
}

/*
 * Forget a subscriber that has had no mapping for long. DEAD first, by
 * compare-and-swap: a creator that holds the entry sees it and refuses one
 * packet rather than count on an entry that is going. The table may refuse a
 * removal, and then the entry is met DEAD by the next sweep: nobody else removes.
 */
STAGE int sweep_one_subscriber(const struct daisy_subscriber_key *arg, __u32 now)
{
	struct daisy_subscriber_key copy, *key = &copy;	/* 6.1 takes no argument as a map key */
	struct daisy_conf *c = conf_get();
	struct daisy_subscriber *s;
	__u64 word;
	int err;	/* not long as the helper is: before 6.4 its upper half is not set */

	if (!arg || !c)
		return EXPIRE_NOTHING;
	copy = *arg;
	s = bpf_map_lookup_elem(&subscribers, key);
	if (!s)
		return EXPIRE_NOTHING;
	word = *(volatile __u64 *)&s->ctl.word;
	if (sub_state(word) != SUBSCRIBER_DEAD &&
	    (word & SUB_COUNTS_MASK || s->forwards ||
	     tick_age(now, s->last_change) < c->timer[DAISY_TIMER_SUBSCRIBER] ||
	     __sync_val_compare_and_swap(&s->ctl.word, word,
					 (__u64)SUBSCRIBER_DEAD << DAISY_SUB_STATE_SHIFT) != word))
		return EXPIRE_NOTHING;
	err = bpf_map_delete_elem(&subscribers, key);
	return err ? EXPIRE_NOTHING : EXPIRE_ENDED;
}

#endif
