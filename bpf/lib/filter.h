/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address-dependent filtering (RFC 4787 REQ-8, RFC 5382 REQ-3), for pools that
 * ask for it. A mapping lets in only packets from addresses that it has itself
 * sent to: its outbound packets leave a permission for the address, which lasts
 * as long as the mapping may without them. The key has the mapping's
 * generation, so a permission ends with its mapping at the latest.
 *
 * The table takes back its least used permission when it is full. What is lost
 * that way is given again by the next outbound packet; a TCP connection in the
 * record needs none. A host gets so many new ones in a tick: a scan fills the table
 * slowly, and what it cannot have are answers to the scan.
 */
#ifndef DAISY_FILTER_H
#define DAISY_FILTER_H

#include "budget.h"
#include "clock.h"
#include "conn.h"
#include "index.h"
#include "packet.h"
#include "vector.h"

#define PERMISSION_REFRESH_TICKS DAISY_HINT_TICKS

/* A mapping, as the key of a permission has it: one word. */
static __always_inline __u64 filter_owner(struct daisy_mapping *m, __u32 proto, __u32 slot,
					  __u32 port)
{
	return slot | (__u64)port << 16 | (__u64)ctl_generation(ctl_read(m)) << 32 |
	       (__u64)proto << 48;
}

static __always_inline void filter_key(struct daisy_permission_key *key, __u64 owner, __u32 remote)
{
	key->slot = owner;
	key->port = owner >> 16;
	key->generation = owner >> 32;
	key->proto = owner >> 48;
	key->pad = 0;
	__builtin_memcpy(key->remote, &remote, 4);
}

/* A packet goes out by the mapping that ref names. */
STAGE int filter_permit(const struct packet *p, __u64 ref, __u32 proto)
{
	struct daisy_permission fresh = {};
	struct daisy_permission_key key;
	struct daisy_permission *there;
	struct daisy_mapping *m;

	if (!p)
		return 0;
	m = vector_record(proto, ref_slot(ref), ref_port(ref));
	if (!m)
		return 0;
	filter_key(&key, filter_owner(m, proto, ref_slot(ref), ref_port(ref)), p->daddr);
	fresh.seen = p->now;
	there = bpf_map_lookup_elem(&permissions, &key);
	if (there && tick_age(p->now, there->seen) < PERMISSION_REFRESH_TICKS)
		return 0;
	/* One mapping may send to any number of addresses: they must not displace what others need. */
	if (!there && !budget_take(budget_slot(p->saddr, p->zone, BUDGET_PERMIT), p->now,
				   DAISY_NEW_PERMISSIONS))
		return 0;
	/* Should it fail, the next outbound packet tries again. */
	return bpf_map_update_elem(&permissions, &key, &fresh, BPF_ANY);
}

/*
 * Is there a permission that still holds? Never writes: who is refused keeps
 * nothing alive (RFC 7857 section 2.4).
 */
static __always_inline bool filter_passes(__u64 owner, __u32 remote, __u32 now, __u32 proto)
{
	struct daisy_conf *c = conf_get();
	struct daisy_permission_key key;
	struct daisy_permission *p;
	__u32 timer;

	if (!c)
		return false;
	timer = proto == DAISY_UDP ? c->timer[DAISY_TIMER_UDP] :
		proto == DAISY_TCP ? c->timer[DAISY_TIMER_TCP_ESTABLISHED] :
				     c->timer[DAISY_TIMER_ICMP];
	filter_key(&key, owner, remote);
	p = bpf_map_lookup_elem(&permissions, &key);
	return p && tick_age(now, p->seen) < timer + PERMISSION_REFRESH_TICKS;
}

/* Has the inside sent to this address by a connection that stands in the record? */
static __always_inline bool filter_knows(const struct daisy_tcp_mapping *t, __u32 remote)
{
	for (int i = 0; i < DAISY_INLINE_CONNS; i++) {
		__u64 word = *(const volatile __u64 *)&t->conn[i].ctl.word;

		if (conn_state(word) >= CONN_OPENING && conn_flags(word) & CONN_ANSWERED &&
		    (__u32)t->conn[i].remote.word == remote)
			return true;
	}
	return false;
}

/* May a packet from an address (network order) come in to the mapping of its destination? */
STAGE bool filter_admits(const struct packet *p, __u32 remote, __u32 proto)
{
	struct daisy_mapping *m;

	if (!p)
		return false;
	m = vector_record(proto, p->dst_slot, p->dport);
	if (!m || m->flags & MAPPING_STATIC)
		return m;	/* a forward is open to all */
	if (proto == DAISY_TCP) {
		struct daisy_tcp_mapping *t = vector_tcp_record(p->dst_slot, p->dport);

		if (t && filter_knows(t, remote))
			return true;
	}
	return filter_passes(filter_owner(m, proto, p->dst_slot, p->dport), remote, p->now, proto);
}

#endif
