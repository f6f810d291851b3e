/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creation of a mapping. In this order:
 *
 *   1. the subscriber's count is raised (and its address chosen, the first time)
 *   2. a port is claimed, out of the subscriber's range by plan, or of its blocks,
 *      if the pool has those: the record is ours alone
 *   3. the record is filled in, state NEW: packets do not see it, inbound neither
 *   4. the index entry is published
 *   5. we look for a twin: the same endpoint, published by another CPU
 *   6. NEW -> ACTIVE: from here on the mapping translates, in both directions
 *
 * Each CPU publishes before it looks, so of two twins at least one sees the
 * other. Who sees an ACTIVE twin, or a NEW one with a lower (slot, port), has
 * lost and takes itself back; who sees a NEW one with a higher (slot, port)
 * aborts it by compare-and-swap on its control word, which fails if the twin
 * became ACTIVE at that moment, and then we have lost. So exactly one wins, and
 * no packet is ever translated by a mapping that is taken back. The loser's
 * record rests in ROLLED_BACK until the sweep has seen a grace period pass: a
 * CPU that read the entry before may still look at it.
 */
#ifndef DAISY_CREATE_H
#define DAISY_CREATE_H

#include "block.h"
#include "clock.h"
#include "conn.h"
#include "event.h"
#include "inbound.h"
#include "index.h"
#include "ports.h"
#include "subscriber.h"

struct create_args {
	__u64 endpoint;		/* inside: address, port, zone */
	__u64 remote;		/* TCP: of the connection that opens the mapping */
	__u32 now;		/* tick */
	__u16 link;
	__u8 proto;
	__u8 find_only : 1;	/* the packet may not open a mapping */
	__u8 unmapped : 1;	/* the index has just been searched in vain */
};

/* Step 2 in a pool of blocks, or with a plan. Returns as block_claim, or minus a reason. */
static __always_inline int create_block_port(struct xdp_md *ctx, const struct create_args *a,
					     __u64 grant, __u32 options)
{
	__u32 slot = grant_slot(grant);
	__u64 mask = port_parity(options, a->endpoint >> 32);
	struct daisy_pool *pool;
	int port, err;

	if (unlikely(grant_last(grant))) {
		port = plan_claim(grant, a->proto, mask);
		if (port)
			return port;
		if (!grant_order(grant))
			return -REASON_RANGE_FULL;
	}
	port = block_claim(a->endpoint, a->proto, slot, mask);
	if (port > 0)
		return port;
	pool = slot_pool(slot);
	if (!pool || !(-port & 0xff) || -port >> 8 >= pool->blocks)
		return -REASON_BLOCKS_FULL;
	err = block_add(ctx, a->endpoint, slot, grant_order(grant), -port & 0xff);
	if (err)
		return err;
	port = block_claim(a->endpoint, a->proto, slot, mask);
	/* Other packets of the subscriber have filled it meanwhile, or it has gone: the next one sees. */
	return port > 0 ? port : -REASON_SUBSCRIBER_RACE;
}

/* Step 2. Returns the port, or as block_claim, or minus a reason. */
static __always_inline int create_port(struct xdp_md *ctx, const struct create_args *a, __u64 grant)
{
	union daisy_endpoint inside = { .word = a->endpoint };
	struct daisy_conf *c = conf_get();
	struct port_wish wish = {};
	int port;

	if (!c)
		return -REASON_NO_PORT;
	wish.options = a->proto == DAISY_ICMP ? 0 : c->options;
	if (unlikely(grant >> GRANT_ORDER_SHIFT))
		return create_block_port(ctx, a, grant, wish.options);
	wish.map = grant_slot(grant) * DAISY_N_PROTOS + a->proto;
	wish.random = bpf_get_prandom_u32();
	wish.original = inside.port;
	port = port_claim(&wish);
	return port ? port : -REASON_NO_PORT;
}

/* Step 3, for a port as step 2 returns it. Returns the record or NULL; *ctl is its word. */
static __always_inline struct daisy_mapping *create_record(const struct create_args *a, __u32 slot,
							   __u32 claimed, __u64 *ctl)
{
	__u32 port = claimed & 0xffff;
	struct daisy_mapping *m;
	__u64 word;

	m = vector_record(a->proto, slot, port);
	if (!m)
		return NULL;
	word = ctl_read(m) + (1ULL << DAISY_GEN_SHIFT);
	*ctl = ctl_enter(word, MAPPING_NEW, a->now);
	m->inside.word = a->endpoint;
	m->created = a->now;
	m->flags = claimed >> 16 << DAISY_BLOCK_FLAG_SHIFT;
	m->link = a->link;
	if (a->proto == DAISY_TCP) {
		struct daisy_tcp_mapping *t = vector_tcp_record(slot, port);

		if (!t)
			return NULL;
		t->conns = 0;
		t->conn[0].remote.word = a->remote;
		t->conn[0].ctl.word = conn_word(CONN_OPENING, CONN_SYN_OUT | CONN_ANSWERED, a->now);
		t->conn[1].ctl.word = 0;
	}
	/* Nobody else writes it before the index entry is published, and that is a full barrier. */
	*(volatile __u64 *)&m->ctl.word = *ctl;
	return m;
}

/* Meet one candidate of step 5. True if we have lost against it. */
static __always_inline bool twin_wins(__u64 theirs, __u64 ours, __u64 endpoint, __u32 proto)
{
	struct daisy_mapping *m = vector_record(proto, ref_slot(theirs), ref_port(theirs));
	__u64 ctl;

	if (!m)
		return false;
	ctl = ctl_read(m);
	if (m->inside.word != endpoint)
		return false;
	if (ctl_state(ctl) == MAPPING_ACTIVE)
		return true;
	if (ctl_state(ctl) != MAPPING_NEW)
		return false;
	if (theirs >> DAISY_REF_PORT_SHIFT < ours >> DAISY_REF_PORT_SHIFT)
		return true;
	ctl = ctl_cas(m, ctl, ctl_enter(ctl, MAPPING_ABORTED, ctl_seen(ctl)));
	return ctl_state(ctl) == MAPPING_ACTIVE;
}

/* Step 5 in full: meet every other entry of our key. True if we have lost. */
STAGE int twin_meet(const struct create_args *a, __u64 ours)
{
	struct daisy_conf *c = conf_get();
	union daisy_ref *o;
	__u64 key, hash;

	if (!a || !c)
		return true;
	key = index_key(a->endpoint, a->proto);
	hash = index_hash(c, key);
	for (int n = 0; n < INDEX_PLACES * DAISY_BUCKET_ENTRIES; n++) {
		__u32 line = index_line(c, hash, n / DAISY_BUCKET_ENTRIES);
		struct daisy_bucket *b = bpf_map_lookup_elem(&index_buckets, &line);
		__u64 ref;

		if (!b)
			return true;
		ref = entry_match(&b->entry[n % DAISY_BUCKET_ENTRIES], key);
		if (ref && !ref_same(ref, ours) && twin_wins(ref, ours, a->endpoint, a->proto))
			return true;
	}
	if (!c->overflow_used)
		return false;
	o = bpf_map_lookup_elem(&index_overflow, &key);
	return o && !ref_same(ref_read(o), ours) &&
	       twin_wins(ref_read(o), ours, a->endpoint, a->proto);
}

/* Step 5. True if we have lost. */
static __always_inline bool twin_search(const struct create_args *a, __u64 ours)
{
	__u64 key = index_key(a->endpoint, a->proto), ref = 0;
	struct daisy_conf *c = conf_get();
	__u32 first;

	if (!c)
		return true;
	first = index_line(c, index_hash(c, key), 0);
	/* In the first bucket we are alone, and nothing stands elsewhere? */
	if (likely(bucket_count(first, key, &ref) == 1 && ref_same(ref, ours) &&
		   !index_displaced_from(first)))
		return false;
	return twin_meet(a, ours);
}

/* Take back a record that no packet has used. */
static __always_inline void create_undo(struct daisy_mapping *m, const struct create_args *a, __u64 ctl)
{
	/* An exchange, not a compare: a twin may have written ABORTED, and both end here. */
	__sync_lock_test_and_set(&m->ctl.word, ctl_enter(ctl, MAPPING_ROLLED_BACK, a->now));
}

/* Steps 4 to 6 for a filled record. Returns 0 or minus a reason. */
static __always_inline int create_publish(const struct create_args *a, struct daisy_mapping *m,
					  __u64 ref, __u64 ctl)
{
	int err;

	err = index_insert(a->endpoint, a->proto, ref);
	if (!err) {
		if (!twin_search(a, ref) &&
		    ctl_cas(m, ctl, ctl_enter(ctl, MAPPING_ACTIVE, a->now)) == ctl)
			return 0;
		if (!index_remove(a->endpoint, a->proto, ref))
			mapping_flag(m, MAPPING_INDEXED);
		err = -REASON_CREATE_RACE;
	}
	create_undo(m, a, ctl);
	return err;
}

static __always_inline void count_created(__u32 proto)
{
	struct daisy_counters *c = counters_get();

	if (!c)
		return;
	if (proto == DAISY_UDP)
		c->created_udp++;
	else if (proto == DAISY_TCP) {
		c->created_tcp++;
		c->conns_created++;	/* the one that opened it */
	} else
		c->created_icmp++;
}

STAGE int create_event(struct xdp_md *ctx, const struct create_args *a, __u64 ref, int reason)
{
	struct daisy_event e = {};
	struct daisy_mapping *m;

	if (!a)
		return 0;
	e.kind = reason ? EVENT_EXHAUSTED : EVENT_CREATED;
	e.proto = a->proto;
	e.reason = reason;
	e.tick = a->now;
	e.slot = ref_slot(ref);
	e.port = ref_port(ref);
	m = reason ? NULL : vector_record(a->proto, e.slot, e.port);
	e.generation = m ? ctl_generation(ctl_read(m)) : 0;
	e.link = a->link;
	e.inside.word = a->endpoint;
	event_send(ctx, &e);
	return 0;
}

/* One attempt. Returns the index word, or minus a reason. */
static __always_inline __s64 create_once(struct xdp_md *ctx, const struct create_args *a)
{
	struct daisy_mapping *m;
	__u64 ctl = 0, ref = 0;
	int port, err;
	__s64 grant;

	grant = subscriber_acquire(ctx, a->endpoint, a->proto, a->now);
	if (grant < 0)
		return grant;
	port = err = create_port(ctx, a, grant);
	if (port > 0) {
		ref = ref_make(grant_slot(grant), port & 0xffff, a->now);
		m = create_record(a, grant_slot(grant), port, &ctl);
		err = m ? create_publish(a, m, ref, ctl) : -REASON_NO_VECTOR;
	}
	if (err) {
		subscriber_release(a->endpoint, a->proto, a->now);
		return err;
	}
	return ref;
}

/*
 * Refresh a mapping by an outbound packet (RFC 4787 REQ-6; inbound ones never
 * do, paper "Lost in NAT" section 3). Written only when a tick has passed, so
 * that the lines of busy mappings stay clean. False if it ended at this moment.
 */
static __always_inline bool mapping_refresh(struct daisy_mapping *m, __u32 now)
{
	__u64 ctl = ctl_read(m), was;

	if (ctl_state(ctl) != MAPPING_ACTIVE)
		return false;
	if (ctl_seen(ctl) == now)
		return true;
	was = ctl_cas(m, ctl, (ctl & ~DAISY_SEEN_MASK) | now);
	return was == ctl || ctl_state(was) == MAPPING_ACTIVE;
}

/*
 * The host has moved to another link of its zone: what comes for it has to go
 * there. A hint hides the move from the straight path for eight ticks at most.
 */
static __always_inline void mapping_follow(struct daisy_mapping *m, __u32 proto, __u64 ref, __u32 link)
{
	__u32 was = m->link;

	if (likely(was == link))
		return;
	m->link = link;
	inbound_move(proto, ref, inside_read(m), was, link);
}

/*
 * What a packet does to the mapping it found. TCP refreshes connections, not
 * mappings. Returns the word, or 0 if the mapping ended at this moment.
 */
static __always_inline __s64 mapping_found(const struct create_args *a, __u64 ref)
{
	struct daisy_mapping *m;

	if (a->proto == DAISY_TCP)
		return ref;
	m = vector_record(a->proto, ref_slot(ref), ref_port(ref));
	if (!m || !mapping_refresh(m, a->now))
		return 0;
	mapping_follow(m, a->proto, ref, a->link);
	index_hint(a->endpoint, a->proto, ref, a->now);
	return ref;
}

/* The mapping of an endpoint, found or created. Returns its index word, or minus a reason. */
STAGE __s64 mapping_obtain(struct xdp_md *ctx, struct create_args *a)
{
	union daisy_endpoint inside;
	struct daisy_conf *c = conf_get();
	__s64 ref;

	if (!a || !c)
		return -REASON_NO_VECTOR;
	/* Who enters the endpoint meanwhile is found as a twin. */
	ref = a->unmapped && !a->find_only ? 0 : index_find(a->endpoint, a->proto);
	if (ref)
		ref = mapping_found(a, ref);
	if (ref)
		return ref;
	inside.word = a->endpoint;
	if (a->find_only)
		return inside_prefix(inside.zone, (__u32)inside.word) ? -REASON_TCP_NO_SYN
							       : -REASON_NOT_INSIDE;
	ref = create_once(ctx, a);
	if (ref > 0) {
		count_created(a->proto);
		if (c->options & DAISY_OPT_EVENTS)
			create_event(ctx, a, ref, 0);
		return ref;
	}
	if (ref != -REASON_CREATE_RACE) {
		if (c->options & DAISY_OPT_EVENTS && is_exhaustion(-ref))
			create_event(ctx, a, 0, -ref);
		return ref;
	}
	/* The winner becomes ACTIVE within its next few instructions. */
	for (int i = 0; i < 32; i++) {
		ref = index_find(a->endpoint, a->proto);
		if (ref) {
			COUNT(create_lost);
			return ref;	/* the winner has just stamped it */
		}
	}
	return -REASON_CREATE_RACE;
}

#endif
