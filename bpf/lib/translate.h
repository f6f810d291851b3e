/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation of TCP, UDP and ICMP queries: outbound, inbound, and both at once
 * (hairpin). The order within each: mapping, next hop, size, and only then the
 * first change of the packet, so that an ICMP error quotes what was received.
 */
#ifndef DAISY_TRANSLATE_H
#define DAISY_TRANSLATE_H

#include "create.h"
#include "emit.h"
#include "frag.h"
#include "icmp_reply.h"
#include "rewrite.h"
#include "route.h"

#define TCP_ACK 0x10

/* The next hop's MTU holds the packet? */
static __always_inline bool fits(const struct packet *p, const struct daisy_nexthop *nh)
{
	return likely(p->tot_len <= nh->mtu);
}

/*
 * Refresh a mapping by an outbound packet (RFC 4787 REQ-6; inbound ones never
 * do, paper "Lost in NAT" section 3). Written only when a tick has passed, so
 * that the lines of busy mappings stay clean. False if it ended at this moment.
 */
static __always_inline bool mapping_refresh(struct daisy_mapping *m, __u64 ctl, __u32 now)
{
	__u64 was;

	if (likely(ctl_seen(ctl) == now))
		return true;
	was = ctl_cas(m, ctl, (ctl & ~DAISY_SEEN_MASK) | now);
	return was == ctl || ctl_state(was) == MAPPING_ACTIVE;
}

/* The TCP connection that an outbound packet belongs to. Returns 0 or minus a reason. */
static __always_inline int conn_outbound(struct daisy_mapping *m, const struct packet *p,
					 __u32 slot, __u32 port)
{
	struct daisy_tcp_mapping *t = (void *)m;
	__u64 remote = endpoint_word(p->daddr, p->dport, 0);
	struct conn_packet cp;

	if (likely(conn_is_quiet(t, remote, p->tcp_flags, p->now, true)))
		return 0;
	cp = (struct conn_packet){
		.remote = remote, .now = p->now, .slot = slot, .port = port,
		.flags = p->tcp_flags, .outbound = 1,
	};
	return conn_track(t, &cp) ? -REASON_CREATE_RACE : 0;
}

static __always_inline void conn_inbound(struct daisy_mapping *m, const struct packet *p,
					 __u32 slot, __u32 port, __u64 remote)
{
	struct daisy_tcp_mapping *t = (void *)m;
	struct conn_packet cp;

	if (likely(conn_is_quiet(t, remote, p->tcp_flags, p->now, false)))
		return;
	cp = (struct conn_packet){
		.remote = remote, .now = p->now, .slot = slot, .port = port, .flags = p->tcp_flags,
	};
	conn_track(t, &cp);
}

/* A mapping may be opened by anything but a TCP segment in the middle (RFC 6146 section 3.5.2.2). */
static __always_inline bool may_open(const struct packet *p, __u32 proto)
{
	return proto != DAISY_TCP ||
	       (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/*
 * Find or create the mapping of the packet's source, and refresh it. Returns
 * the record, with its index entry, or NULL with *entry minus a reason.
 */
static __always_inline struct daisy_mapping *source_mapping(struct xdp_md *ctx, const struct daisy_conf *c,
							    const struct packet *p, __u32 proto,
							    __s64 *entry)
{
	__u64 endpoint = endpoint_word(p->saddr, p->sport, p->zone);
	struct daisy_mapping *m;
	struct create_args a;
	struct index_place place;
	__u64 e, ctl;

	index_place(c, endpoint_hash(c, endpoint, proto), &place);
	e = bucket_match(place.bucket[0], place.fingerprint);
	if (unlikely(!e))
		e = bucket_match(place.bucket[1], place.fingerprint);
	if (likely(e)) {
		m = vector_record(proto, entry_slot(e), entry_port(e));
		if (likely(m)) {
			ctl = ctl_read(m);
			if (likely(record_is(m, ctl, e, endpoint) &&
				   (proto == DAISY_TCP || mapping_refresh(m, ctl, p->now)))) {
				*entry = e;
				return m;
			}
		}
	}
	a = (struct create_args){
		.endpoint = endpoint, .remote = endpoint_word(p->daddr, p->dport, 0),
		.proto = proto, .link = p->link, .now = p->now, .find_only = !may_open(p, proto),
	};
	*entry = mapping_obtain(ctx, &a);
	if (*entry <= 0)
		return NULL;
	m = vector_record(proto, entry_slot(*entry), entry_port(*entry));
	if (m && (proto == DAISY_TCP || mapping_refresh(m, ctl_read(m), p->now)))
		return m;
	*entry = -REASON_CREATE_RACE;
	return NULL;
}

static __always_inline __u32 slot_addr(__u32 slot)
{
	struct daisy_slot *s = bpf_map_lookup_elem(&slots, &slot);

	return s ? *(__u32 *)s->addr : 0;
}

static __always_inline void end_outbound(struct packet *p, __u32 proto)
{
	if (proto == DAISY_UDP)
		END(p, out_udp);
	else if (proto == DAISY_TCP)
		END(p, out_tcp);
	else
		END(p, out_icmp);
}

static __always_inline void end_inbound(struct packet *p, __u32 proto)
{
	if (proto == DAISY_UDP)
		END(p, in_udp);
	else if (proto == DAISY_TCP)
		END(p, in_tcp);
	else
		END(p, in_icmp);
}

/* From inside to outside. proto is a constant at each call. */
static __always_inline int translate_out(struct xdp_md *ctx, struct daisy_conf *c, struct packet *p, __u32 proto)
{
	struct daisy_nexthop *nh;
	struct daisy_mapping *m;
	struct iphdr *ip;
	__u32 addr, slot, port;
	__s64 entry;
	void *l4;
	int err = 0;

	m = source_mapping(ctx, c, p, proto, &entry);
	if (unlikely(!m))
		return entry;
	slot = entry_slot(entry);
	port = entry_port(entry);
	if (proto == DAISY_TCP) {
		err = conn_outbound(m, p, slot, port);
		if (err)
			return err;
	}
	addr = slot_addr(slot);
	nh = route_outside(ctx, c, p, addr, &err);
	if (unlikely(!nh))
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (unlikely(is_first_fragment(p->frag))) {
		err = fragment_remember(p, addr, p->daddr, false, p->link);
		if (err)
			return err;
	}
	ip = packet_at(ctx, p->l3, IP_LEN);
	l4 = packet_at(ctx, p->l4, proto == DAISY_TCP ? TCP_LEN : L4_MIN);
	if (!ip || !l4)
		return -REASON_TRUNCATED;
	rewrite_endpoint(ip, l4, proto, true, addr, port, rewrite_ttl(ip));
	end_outbound(p, proto);
	return emit(ctx, p, nh);
}

/* From outside to the mapping of (slot, destination port). */
static __always_inline int translate_in(struct xdp_md *ctx, struct daisy_conf *c, struct packet *p, __u32 proto)
{
	struct daisy_mapping *m = vector_record(proto, p->dst_slot, p->dport);
	struct daisy_nexthop *nh;
	union daisy_endpoint in;
	struct iphdr *ip;
	int err = 0;
	void *l4;

	if (unlikely(!m || ctl_state(ctl_read(m)) != MAPPING_ACTIVE))
		return -REASON_NO_MAPPING;
	if (unlikely(p->ttl <= 1))
		return time_exceeded(ctx, p);
	if (proto == DAISY_TCP)
		conn_inbound(m, p, p->dst_slot, p->dport, endpoint_word(p->saddr, p->sport, 0));
	in.word = m->inside.word;
	nh = route_inside(ctx, c, p, m, &err);
	if (unlikely(!nh))
		return err;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (unlikely(is_first_fragment(p->frag))) {
		err = fragment_remember(p, p->saddr, (__u32)in.word, true, m->link);
		if (err)
			return err;
	}
	ip = packet_at(ctx, p->l3, IP_LEN);
	l4 = packet_at(ctx, p->l4, proto == DAISY_TCP ? TCP_LEN : L4_MIN);
	if (!ip || !l4)
		return -REASON_TRUNCATED;
	rewrite_endpoint(ip, l4, proto, false, (__u32)in.word, in.port, rewrite_ttl(ip));
	end_inbound(p, proto);
	return emit(ctx, p, nh);
}

/*
 * Inside to inside by an external address (RFC 4787 REQ-9, RFC 5382 REQ-8): the
 * source becomes its own external endpoint, the destination the inside one. TCP
 * and UDP only: an echo request to an external address is answered by the NAT.
 */
static __always_inline int hairpin_proto(struct xdp_md *ctx, struct daisy_conf *c, struct packet *p, __u32 proto)
{
	struct daisy_mapping *from, *to;
	struct daisy_nexthop *nh;
	union daisy_endpoint in;
	struct iphdr *ip;
	__u32 addr, slot, port;
	__s64 entry;
	int err = 0;
	void *l4;

	to = vector_record(proto, p->dst_slot, p->dport);
	if (!to || ctl_state(ctl_read(to)) != MAPPING_ACTIVE)
		return -REASON_NO_MAPPING;
	in.word = to->inside.word;
	if (in.word == endpoint_word(p->saddr, p->sport, p->zone))
		return -REASON_HAIRPIN_LOOP;
	from = source_mapping(ctx, c, p, proto, &entry);
	if (!from)
		return entry;
	slot = entry_slot(entry);
	port = entry_port(entry);
	addr = slot_addr(slot);
	if (proto == DAISY_TCP) {
		err = conn_outbound(from, p, slot, port);
		if (err)
			return err;
		conn_inbound(to, p, p->dst_slot, p->dport, endpoint_word(addr, port, 0));
	}
	nh = route_inside(ctx, c, p, to, &err);
	if (!nh)
		return err;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (is_first_fragment(p->frag)) {
		err = fragment_remember(p, addr, (__u32)in.word, true, to->link);
		if (err)
			return err;
	}
	ip = packet_at(ctx, p->l3, IP_LEN);
	l4 = packet_at(ctx, p->l4, proto == DAISY_TCP ? TCP_LEN : L4_MIN);
	if (!ip || !l4)
		return -REASON_TRUNCATED;
	rewrite_endpoint(ip, l4, proto, true, addr, port, rewrite_ttl(ip));
	rewrite_endpoint(ip, l4, proto, false, (__u32)in.word, in.port, 0);
	END(p, hairpin);
	return emit(ctx, p, nh);
}

STAGE int hairpin_udp(struct xdp_md *ctx, struct packet *p)
{
	struct daisy_conf *c = conf_get();

	return p && c ? hairpin_proto(ctx, c, p, DAISY_UDP) : -REASON_NO_VECTOR;
}

STAGE int hairpin_tcp(struct xdp_md *ctx, struct packet *p)
{
	struct daisy_conf *c = conf_get();

	return p && c ? hairpin_proto(ctx, c, p, DAISY_TCP) : -REASON_NO_VECTOR;
}

#endif
