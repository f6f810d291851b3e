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
#include "filter.h"
#include "frag.h"
#include "icmp_reply.h"
#include "inbound.h"
#include "mss.h"
#include "rewrite.h"
#include "route.h"

#define TCP_ACK 0x10

/* A SYN, in either direction: its announced segment size (option mss-clamp). */
static __always_inline void clamp_syn(struct xdp_md *ctx, const struct daisy_conf *c,
				      const struct packet *p, const struct daisy_nexthop *nh)
{
	__u32 limit;

	if (likely(!c->mss_clamp || !(p->tcp_flags & TCP_SYN)))
		return;
	limit = mss_limit(c, p, nh->mtu);
	if (limit)
		mss_clamp(ctx, p, limit);
}

/* The TCP connection that an outbound packet belongs to. Returns 0 or minus a reason. */
STAGE int conn_outbound(struct daisy_tcp_mapping *t, const struct packet *p, __u64 ref)
{
	struct conn_packet cp = { .slot = ref_slot(ref), .port = ref_port(ref), .outbound = 1 };

	if (!t || !p)
		return 0;
	cp.remote = endpoint_word(p->daddr, p->dport, 0);
	cp.now = p->now;
	cp.flags = p->tcp_flags;
	if (conn_track(t, &cp))
		return -REASON_CREATE_RACE;
	if (conn_is_quiet(t, cp.remote, p->tcp_flags))
		index_hint(endpoint_word(p->saddr, p->sport, p->zone), DAISY_TCP, ref,
			   hint_tcp(cp.remote, p->now));
	else if (p->tcp_flags & TCP_CONTROL)	/* the next packet has to look at the new state */
		index_hint(endpoint_word(p->saddr, p->sport, p->zone), DAISY_TCP, ref,
			   hint_none(p->now));
	return 0;
}

/* remote: endpoint word of the other end, as the mapping's owner sees it. */
STAGE int conn_inbound(struct daisy_tcp_mapping *t, const struct packet *p, __u64 remote)
{
	struct conn_packet cp = { .remote = remote };

	if (!t || !p)
		return 0;
	cp.now = p->now;
	cp.slot = p->dst_slot;
	cp.port = p->dport;
	cp.flags = p->tcp_flags;
	conn_track(t, &cp);
	/* The connection's state has changed: the next outbound packet has to look at it. */
	if (p->tcp_flags & TCP_CONTROL)
		index_hint(t->m.inside.word, DAISY_TCP, ref_make(p->dst_slot, p->dport, p->now),
			   hint_none(p->now));
	return 0;
}

/* A mapping may be opened by anything but a TCP segment in the middle (RFC 6146 section 3.5.2.2). */
static __always_inline bool may_open(const struct packet *p, __u32 proto)
{
	return proto != DAISY_TCP ||
	       (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/*
 * The mapping of a packet's source, found or created, with the TCP connection
 * that the packet belongs to. Its index word, or minus a reason.
 */
static __always_inline __s64 source_mapping(struct xdp_md *ctx, const struct packet *p, __u32 proto)
{
	struct create_args a = {
		.endpoint = endpoint_word(p->saddr, p->sport, p->zone),
		.remote = endpoint_word(p->daddr, p->dport, 0),
		.proto = proto, .link = p->link, .now = p->now, .find_only = !may_open(p, proto),
		.unmapped = p->unmapped,
	};
	__s64 ref = mapping_obtain(ctx, &a);
	struct daisy_tcp_mapping *t;
	int err;

	if (ref <= 0 || proto != DAISY_TCP)
		return ref;
	t = vector_tcp_record(ref_slot(ref), ref_port(ref));
	if (!t)
		return -REASON_NO_VECTOR;
	mapping_follow(&t->m, DAISY_TCP, ref, p->link);
	err = conn_outbound(t, p, ref);
	return err ? err : ref;
}

/* Address and flags of a slot as one word. */
static __always_inline __u64 slot_word(__u32 slot)
{
	struct daisy_slot *s = bpf_map_lookup_elem(&slots, &slot);

	return s ? *(const volatile __u64 *)s : 0;
}

static __always_inline __u32 slot_addr(__u32 slot)
{
	return slot_word(slot);
}

/* Both headers of a packet that is about to be changed. False if they are not there. */
static __always_inline bool headers_at(struct xdp_md *ctx, const struct packet *p, __u32 proto,
				       struct iphdr **ip, void **l4)
{
	*ip = packet_at(ctx, p->l3, IP_LEN);
	*l4 = packet_at(ctx, p->l4, proto == DAISY_TCP ? TCP_LEN : L4_MIN);
	return *ip && *l4;
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
	__s64 ref = source_mapping(ctx, p, proto);
	struct daisy_nexthop *nh;
	struct iphdr *ip;
	__u32 addr, port;
	__u64 from;
	int err = 0;
	void *l4;

	if (unlikely(ref <= 0))
		return no_mapping_reply(ctx, p, -ref);
	port = ref_port(ref);
	from = slot_word(ref_slot(ref));
	addr = from;
	if (unlikely(from >> DAISY_SLOT_FLAGS_SHIFT & SLOT_STOPPED))
		return -REASON_MOVING;
	if (unlikely(from >> DAISY_SLOT_FLAGS_SHIFT & SLOT_FILTERED))
		filter_permit(p, ref, proto);
	nh = route_outside(ctx, c, p, addr, &err);
	if (unlikely(!nh))
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (unlikely(ident_matters(c, p)))
		p->new_id = ident_next(c, p->daddr);
	if (unlikely(is_first_fragment(p->frag))) {
		err = fragment_remember_out(p, addr);
		if (err)
			return err;
	}
	if (proto == DAISY_TCP)
		clamp_syn(ctx, c, p, nh);
	if (!headers_at(ctx, p, proto, &ip, &l4))
		return -REASON_TRUNCATED;
	rewrite_endpoint(ip, l4, proto, true, addr, port, rewrite_ttl(ip) + ident_write(ip, p->new_id));
	end_outbound(p, proto);
	return emit(ctx, p, nh);
}

/* Is a destination of ours that has to be looked at on its way to another box? */
static __always_inline bool slot_is_stopped(const struct packet *p)
{
	return slot_word(p->dst_slot) >> DAISY_SLOT_FLAGS_SHIFT & SLOT_STOPPED;
}

/*
 * An inbound SYN that no mapping admits is held for six seconds, in which the
 * inside may open the same connection, and only then answered (RFC 5382 REQ-4).
 */
STAGE int unsolicited_syn(struct xdp_md *ctx, struct packet *p, int reason)
{
	struct icmp_reply r = {
		.type = ICMP_DEST_UNREACH, .code = ICMP_PORT_UNREACH, .reason = reason,
	};
	struct daisy_conf *c = conf_get();
	int verdict;

	if (!p || !c)
		return -reason;
	if (c->options & DAISY_OPT_SILENT_SYN || !may_open(p, DAISY_TCP) || p->frag & IP_MF)
		return -reason;
	if (p->replay != 1 + DAISY_HOLD_SYN)
		return hold(ctx, p, DAISY_HOLD_SYN) ?: -reason;
	verdict = icmp_error_reply(ctx, p, &r);
	if (verdict == XDP_TX)
		COUNT(icmp_unreachable);
	return verdict;
}

/* From outside to the mapping of (slot, destination port). */
static __always_inline int translate_in(struct xdp_md *ctx, struct daisy_conf *c, struct packet *p, __u32 proto)
{
	struct daisy_mapping *m = live_record(proto, p->dst_slot, p->dport);
	struct daisy_nexthop *nh;
	union daisy_endpoint in;
	struct iphdr *ip;
	int err = 0;
	void *l4;

	if (unlikely(p->filtered) && slot_is_stopped(p))
		return -REASON_MOVING;
	if (unlikely(!m))
		return proto == DAISY_TCP ? unsolicited_syn(ctx, p, REASON_NO_MAPPING) : -REASON_NO_MAPPING;
	if (unlikely(p->filtered) && !filter_admits(p, p->saddr, proto))
		return proto == DAISY_TCP ? unsolicited_syn(ctx, p, REASON_FILTERED) : -REASON_FILTERED;
	if (proto == DAISY_TCP && unlikely(p->replay == 1 + DAISY_HOLD_SYN))
		return -REASON_SYN_SUPERSEDED;
	if (unlikely(p->ttl <= 1))
		return time_exceeded(ctx, p);
	if (proto == DAISY_TCP)
		conn_inbound((void *)m, p, endpoint_word(p->saddr, p->sport, 0));
	in.word = inside_read(m);
	if (proto == DAISY_UDP)
		inbound_vouch(m, p->dst_slot, p->dport);
	nh = route_inside(ctx, c, p, m, &err);
	if (unlikely(!nh))
		return err;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (unlikely(is_first_fragment(p->frag))) {
		err = fragment_remember_in(p, p->saddr, in.word, m->link);
		if (err)
			return err;
	}
	if (proto == DAISY_TCP)
		clamp_syn(ctx, c, p, nh);
	if (!headers_at(ctx, p, proto, &ip, &l4))
		return -REASON_TRUNCATED;
	rewrite_endpoint(ip, l4, proto, false, (__u32)in.word, in.port, rewrite_ttl(ip));
	end_inbound(p, proto);
	return emit(ctx, p, nh);
}

/*
 * A hairpinned packet, out by the mapping that ref names and in by that of its
 * destination: the filtering of both, and the connection of the second. Returns
 * 0 or minus a reason.
 */
STAGE int hairpin_pass(const struct packet *p, __u64 ref, __u32 proto)
{
	__u64 own = slot_word(ref_slot(ref));
	struct daisy_tcp_mapping *t;

	if (!p)
		return -REASON_NO_MAPPING;
	if (own >> DAISY_SLOT_FLAGS_SHIFT & SLOT_STOPPED || (p->filtered && slot_is_stopped(p)))
		return -REASON_MOVING;
	if (own >> DAISY_SLOT_FLAGS_SHIFT & SLOT_FILTERED)
		filter_permit(p, ref, proto);
	if (p->filtered && !filter_admits(p, own, proto))
		return -REASON_FILTERED;
	if (proto == DAISY_TCP) {
		t = vector_tcp_record(p->dst_slot, p->dport);
		if (t)
			conn_inbound(t, p, endpoint_word(own, ref_port(ref), 0));
	}
	return 0;
}

/*
 * Inside to inside by an external address (RFC 4787 REQ-9, RFC 5382 REQ-8): the
 * source becomes its own external endpoint, the destination the inside one. TCP
 * and UDP only: an echo request to an external address is answered by the NAT.
 */
static __always_inline int hairpin_proto(struct xdp_md *ctx, struct daisy_conf *c, struct packet *p, __u32 proto)
{
	struct daisy_mapping *to;
	struct daisy_nexthop *nh;
	union daisy_endpoint in;
	struct iphdr *ip;
	__u32 addr, port;
	__s64 ref;
	int err = 0;
	void *l4;

	to = live_record(proto, p->dst_slot, p->dport);
	if (!to)
		return -REASON_NO_MAPPING;
	if (to->inside.word == endpoint_word(p->saddr, p->sport, p->zone))
		return -REASON_HAIRPIN_LOOP;
	ref = source_mapping(ctx, p, proto);
	if (ref <= 0)
		return no_mapping_reply(ctx, p, -ref);
	port = ref_port(ref);
	err = hairpin_pass(p, ref, proto);
	if (err)
		return err;
	addr = slot_addr(ref_slot(ref));
	nh = route_inside(ctx, c, p, to, &err);
	if (!nh)
		return err;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	if (ident_matters(c, p))
		p->new_id = ident_next(c, (__u32)to->inside.word);
	if (is_first_fragment(p->frag)) {
		err = fragment_remember_in(p, addr, to->inside.word, to->link);
		if (err)
			return err;
	}
	if (proto == DAISY_TCP)
		clamp_syn(ctx, c, p, nh);
	if (!headers_at(ctx, p, proto, &ip, &l4))
		return -REASON_TRUNCATED;
	in.word = to->inside.word;	/* again: less to keep on the stack over the calls */
	rewrite_endpoint(ip, l4, proto, true, addr, port, rewrite_ttl(ip) + ident_write(ip, p->new_id));
	rewrite_endpoint(ip, l4, proto, false, (__u32)in.word, in.port, 0);
	END(p, hairpin);
	return emit(ctx, p, nh);
}

/* One stage per direction and protocol: each has its own verifier run and its own stack frame. */
#define TRANSLATE_STAGE(name, translate, proto)                                  \
	STAGE int name(struct xdp_md *ctx, struct packet *p)                     \
	{                                                                        \
		struct daisy_conf *c = conf_get();                               \
		return p && c ? translate(ctx, c, p, proto) : -REASON_NO_VECTOR; \
	}

TRANSLATE_STAGE(out_udp, translate_out, DAISY_UDP)
TRANSLATE_STAGE(out_tcp, translate_out, DAISY_TCP)
TRANSLATE_STAGE(out_icmp, translate_out, DAISY_ICMP)
TRANSLATE_STAGE(in_udp, translate_in, DAISY_UDP)
TRANSLATE_STAGE(in_tcp, translate_in, DAISY_TCP)
TRANSLATE_STAGE(in_icmp, translate_in, DAISY_ICMP)
TRANSLATE_STAGE(hairpin_udp, hairpin_proto, DAISY_UDP)
TRANSLATE_STAGE(hairpin_tcp, hairpin_proto, DAISY_TCP)

#endif
