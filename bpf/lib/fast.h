/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The common packet in one straight line: untagged IPv4 without options, whole,
 * TCP or UDP, of a mapping that exists, to a next hop that is remembered. It is
 * most of the traffic, and half of its cost would be asking what it is not.
 *
 * Anything else is left to the stages in nat.bpf.c: nothing is written before
 * every question is answered, so they begin anew. What is not asked here
 * follows from what is: a destination stands in `routes` only after the stages
 * have found it to be no address of ours, no multicast and so on (an address
 * that becomes ours raises the epoch); an endpoint stands in the index only if
 * it is inside; the tick is published only while the daemon lives.
 */
#ifndef DAISY_FAST_H
#define DAISY_FAST_H

#include "addrs.h"
#include "conn.h"
#include "create.h"
#include "emit.h"
#include "ident.h"
#include "inbound.h"
#include "index.h"
#include "rewrite.h"
#include "route.h"

#define FAST_MISS 0x10000	/* no verdict: ask the stages */
#define FAST_UNMAPPED 0x10001	/* the same, and the source has no mapping */

struct fast {
	struct ethhdr *eth;
	struct iphdr *ip;
	void *l4;
	const struct daisy_conf *conf;
	const struct daisy_link *link;
	__u32 now;
	__u32 tot_len;
	__u32 proto;		/* enum daisy_proto */
	__u32 tcp_flags;
};

/* Frame and IPv4 header. False if there is anything uncommon about them. */
static __always_inline bool fast_parse(struct xdp_md *ctx, struct fast *f)
{
	void *data = packet_start(ctx), *end = packet_end(ctx);
	const __u32 *w = data + ETH_LEN;
	const void *mac = f->link->mac;
	__u32 ttl_proto, tot_len;

	if (data + ETH_LEN + IP_LEN + TCP_LEN > end)
		return false;
	f->eth = data;
	f->ip = data + ETH_LEN;
	f->l4 = data + ETH_LEN + IP_LEN;
	if (*(__u32 *)data != *(const __u32 *)mac ||
	    *(__u16 *)(data + 4) != *(const __u16 *)(mac + 4))
		return false;
	if (f->eth->h_proto != bpf_htons(ETH_P_IP) || *(__u8 *)f->ip != 0x45)
		return false;
	/* id and fragment field, in memory order: MF and the offset have to be 0 */
	if (w[1] & bpf_htons(IP_MF | IP_OFFSET) << 16)
		return false;
	tot_len = bpf_ntohs(f->ip->tot_len);
	barrier_var(tot_len);	/* the verifier of 6.1 does not bound what a byte swap yields */
	if ((void *)f->ip + (tot_len & 0xffff) > end)
		return false;
	f->tot_len = tot_len;
	ttl_proto = w[2] & 0xffff;
	if ((ttl_proto & 0xff) <= 1)
		return false;
	if (ttl_proto >> 8 == PROTO_UDP) {
		f->proto = DAISY_UDP;
		f->tcp_flags = 0;
		if (f->tot_len < IP_LEN + L4_MIN)
			return false;
	} else if (ttl_proto >> 8 == PROTO_TCP) {
		f->proto = DAISY_TCP;
		f->tcp_flags = ((__u8 *)f->l4)[13];
		if (f->tot_len < IP_LEN + TCP_LEN || f->tcp_flags & TCP_CONTROL)
			return false;
	} else {
		return false;
	}
	return csum_fold((__u64)w[0] + w[1] + w[2] + w[3] + w[4]) == 0xffff;
}

/* The record of a word, if it is live and this endpoint's. */
static __always_inline struct daisy_mapping *fast_record(__u32 proto, __u64 ref, __u64 endpoint)
{
	struct daisy_mapping *m = vector_record(proto, ref_slot(ref), ref_port(ref));

	return m && m->inside.word == endpoint ? m : NULL;
}

/* Let the index vouch for the record, unless another connection has its hint there. */
static __always_inline void fast_hint(const struct fast *f, __u64 endpoint, __u32 proto, __u64 ref,
				      __u32 hint)
{
	if (hint_is_old(ref, f->now))
		index_hint(endpoint, proto, ref, hint);
}

/* No hint holds: refresh the record, then vouch for it. */
static __always_inline bool fast_refresh_udp(const struct fast *f, __u64 ref, __u64 endpoint)
{
	struct daisy_mapping *m = fast_record(DAISY_UDP, ref, endpoint);

	if (!m || m->link != device_link || !mapping_refresh(m, f->now))
		return false;
	fast_hint(f, endpoint, DAISY_UDP, ref, f->now);
	return true;
}

/* The same for a segment of the established first connection. */
static __always_inline bool fast_refresh_tcp(const struct fast *f, __u64 ref, __u64 endpoint,
					     __u64 remote)
{
	struct daisy_tcp_mapping *t = (void *)fast_record(DAISY_TCP, ref, endpoint);
	__u64 word, next;

	if (!t || t->m.link != device_link || ctl_state(ctl_read(&t->m)) != MAPPING_ACTIVE ||
	    t->conn[0].remote.word != remote)
		return false;
	word = *(volatile __u64 *)&t->conn[0].ctl.word;
	if (conn_state(word) != CONN_ESTABLISHED || conn_lag(word))
		return false;
	next = (word & ~DAISY_SEEN_MASK) | f->now;
	if (next != word && __sync_val_compare_and_swap(&t->conn[0].ctl.word, word, next) != word)
		return false;
	fast_hint(f, endpoint, DAISY_TCP, ref, hint_tcp(remote, f->now));
	return true;
}

#define REF_ABSENT 1	/* instead of a word: nobody has the key */

/* A key that is not in its first bucket: its word, REF_ABSENT, or 0: it has to be looked for. */
STAGE __u64 fast_find_displaced(__u64 key)
{
	struct daisy_conf *c = conf_get();
	__u64 hash, ref = 0;
	__u32 first;

	if (!c)
		return 0;
	hash = index_hash(c, key);
	first = index_line(c, hash, 0);
#pragma unroll
	for (int n = 1; n < INDEX_PLACES; n++) {
		ref = bucket_select(index_line(c, hash, n), key);
		if (likely(ref & DAISY_REF_PUBLISHED))
			return ref;
	}
	/*
	 * Asked last: packets of displaced keys are more than new ones, and are spared the line.
	 * Twins in the first bucket are not absent: one of them may be live.
	 */
	return index_displaced_from(first) || bucket_count(first, key, &ref) ? 0 : REF_ABSENT;
}

static __always_inline __u64 fast_find(const struct fast *f, __u64 key)
{
	__u64 ref = bucket_select(index_line(f->conf, index_hash(f->conf, key), 0), key);

	return likely(ref & DAISY_REF_PUBLISHED) ? ref : fast_find_displaced(key);
}

/* The word of the source's mapping, refreshed; REF_ABSENT; 0 if it has to be looked for. */
static __always_inline __u64 fast_source(const struct fast *f, __u32 proto)
{
	const __be16 *ports = f->l4;
	__u64 endpoint = endpoint_word(f->ip->saddr, bpf_ntohs(ports[0]), f->link->zone);
	__u64 key = index_key(endpoint, proto), ref = fast_find(f, key), remote;

	if (unlikely(!(ref & DAISY_REF_PUBLISHED)))
		return ref == REF_ABSENT ? ref : 0;
	if (proto == DAISY_UDP) {
		if (likely(hint_holds_udp(ref, f->now)))
			return ref;
		return fast_refresh_udp(f, ref, endpoint) ? ref : 0;
	}
	remote = endpoint_word(f->ip->daddr, bpf_ntohs(ports[1]), 0);
	if (likely(hint_holds_tcp(ref, remote, f->now)))
		return ref;
	return fast_refresh_tcp(f, ref, endpoint, remote) ? ref : 0;
}

/* The remembered next hop of an outside destination, if packets go there untagged. */
static __always_inline struct daisy_nexthop *fast_route(const struct fast *f, __u32 daddr)
{
	__u32 slot = route_slot(daddr);
	union daisy_route *r = bpf_map_lookup_elem(&routes, &slot);
	__u64 word;

	if (!r)
		return NULL;
	word = *(volatile __u64 *)&r->word;
	if ((__u32)word != daddr || word >> 48 != f->conf->nexthop_epoch)
		return NULL;
	return nexthop_get(word >> 32 & 0xffff);
}

static __always_inline bool fast_fits(const struct fast *f, const struct daisy_nexthop *nh)
{
	return !nh->n_tags && f->tot_len <= nh->mtu;
}

static __always_inline int fast_emit(const struct fast *f, const struct daisy_nexthop *nh)
{
	__u32 out = nh->link;
	struct daisy_link *l;

	write_macs(f->eth, nh);
	l = bpf_map_lookup_elem(&links, &out);
	return l && l->device == device_link ? XDP_TX : bpf_redirect_map(&tx_links, out, 0);
}

static __always_inline int fast_out(const struct fast *f, struct daisy_counters *count, __u32 proto)
{
	__u64 ref = fast_source(f, proto);
	struct daisy_nexthop *nh;
	struct daisy_slot *s;
	__u64 from, diff = 0;
	__u32 slot;

	if (unlikely(!(ref & DAISY_REF_PUBLISHED)))
		return ref == REF_ABSENT ? FAST_UNMAPPED : FAST_MISS;
	nh = fast_route(f, f->ip->daddr);
	if (unlikely(!nh || !fast_fits(f, nh)))
		return FAST_MISS;
	slot = ref_slot(ref);
	s = bpf_map_lookup_elem(&slots, &slot);
	if (!s)
		return FAST_MISS;
	from = *(const volatile __u64 *)s;
	if (unlikely(from >> DAISY_SLOT_FLAGS_SHIFT)) {
		if (from >> DAISY_SLOT_FLAGS_SHIFT != SLOT_IDENT)
			return FAST_MISS;
		if (!ident_is_atomic(bpf_ntohs(f->ip->frag_off)))
			diff = ident_write(f->ip, ident_next(f->conf, f->ip->daddr));
	}
	diff += rewrite_ttl(f->ip);
	rewrite_endpoint(f->ip, f->l4, proto, true, (__u32)from, ref_port(ref), diff);
	if (proto == DAISY_UDP)
		count->out_udp++;
	else
		count->out_tcp++;
	return fast_emit(f, nh);
}

/* The remembered next hop of an inside host. */
static __always_inline struct daisy_nexthop *fast_inside_hop(const struct fast *f, __u32 daddr,
							     __u32 link)
{
	union daisy_inside_route *r = inside_route(daddr, link);

	return r ? nexthop_get(inside_route_number(r, f->conf->nexthop_epoch, link, daddr)) : NULL;
}

/* The inbound word of a UDP port's mapping, 0 if none is live. */
static __always_inline __u64 fast_inbound_udp(__u32 slot, __u32 port)
{
	const union daisy_inbound *in = inbound_at(slot, port);

	return in ? *(const volatile __u64 *)&in->word : 0;
}

/* The same of a segment of an established connection, from its record. */
static __always_inline __u64 fast_inbound_tcp(const struct fast *f, __u32 slot)
{
	const __be16 *ports = f->l4;
	struct daisy_mapping *m = live_record(DAISY_TCP, slot, bpf_ntohs(ports[1]));

	if (!m ||
	    !conn_is_quiet((void *)m, endpoint_word(f->ip->saddr, bpf_ntohs(ports[0]), 0), 0))
		return 0;
	return inbound_word(inside_read(m), m->link);
}

static __always_inline int fast_in(const struct fast *f, struct daisy_counters *count, __u32 slot,
				   __u32 proto)
{
	const __be16 *ports = f->l4;
	union daisy_inbound in = {
		.word = proto == DAISY_UDP ? fast_inbound_udp(slot, bpf_ntohs(ports[1]))
					   : fast_inbound_tcp(f, slot),
	};
	struct daisy_nexthop *nh;

	if (unlikely(!in.word))
		return FAST_MISS;
	nh = fast_inside_hop(f, (__u32)in.word, in.word >> DAISY_INBOUND_LINK_SHIFT & 0xff);
	if (unlikely(!nh || !fast_fits(f, nh)))
		return FAST_MISS;
	rewrite_endpoint(f->ip, f->l4, proto, false, (__u32)in.word, in.port, rewrite_ttl(f->ip));
	if (proto == DAISY_UDP)
		count->in_udp++;
	else
		count->in_tcp++;
	return fast_emit(f, nh);
}

/* To an external address of ours, from outside and from nobody odd or to be asked about? Its slot, or -1. */
static __always_inline int fast_inbound_slot(const struct fast *f)
{
	__u64 ours = addr_find(f->ip->daddr);

	if (!addr_word_open(ours) || addr_bad_source(f->ip->saddr) ||
	    addr_find(f->ip->saddr))
		return -1;
	/* On a one-armed link the source tells a hairpin from an inbound packet. */
	if (f->link->side == SIDE_BOTH && inside_prefix(f->link->zone, f->ip->saddr))
		return -1;
	return addr_word_slot(ours);
}

/* A verdict for the common packet, FAST_MISS or FAST_UNMAPPED for any other. */
static __always_inline int fast_packet(struct xdp_md *ctx, struct daisy_counters *count)
{
	__u32 link = device_link;
	struct fast f;
	int slot;

	f.conf = conf_get();
	f.link = bpf_map_lookup_elem(&links, &link);
	if (!f.conf || !f.link || bpf_jiffies64() - f.conf->tick_jiffies >= DAISY_TICK_JIFFIES)
		return FAST_MISS;
	f.now = f.conf->tick;
	if (f.link->side == SIDE_NONE || !fast_parse(ctx, &f))
		return FAST_MISS;
	if (f.link->side != SIDE_OUTSIDE) {
		int verdict = f.proto == DAISY_UDP ? fast_out(&f, count, DAISY_UDP)
						   : fast_out(&f, count, DAISY_TCP);

		if (verdict < FAST_MISS || f.link->side == SIDE_INSIDE)
			return verdict;
	}
	slot = fast_inbound_slot(&f);
	if (slot < 0)
		return FAST_MISS;
	return f.proto == DAISY_UDP ? fast_in(&f, count, slot, DAISY_UDP)
				    : fast_in(&f, count, slot, DAISY_TCP);
}

#endif
