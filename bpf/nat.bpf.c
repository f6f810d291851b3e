/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet path: one XDP program, loaded once per device (device_link says
 * which). Stages in this order: frame -> link -> IPv4 -> direction -> look up or
 * create -> rewrite -> forward. What becomes of everything that is not
 * translated stands in doc/verdicts.md, row by row.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "lib/arp.h"
#include "lib/fast.h"
#include "lib/icmp_error.h"
#include "lib/parse.h"
#include "lib/translate.h"
#include "lib/untranslated.h"

/* Strangers on the inside link get no answer. */
static __always_inline int time_exceeded_inside(struct xdp_md *ctx, struct packet *p)
{
	return inside_prefix(p->zone, p->saddr) ? time_exceeded(ctx, p) : -REASON_NOT_INSIDE;
}

static __always_inline int icmp_from_inside(struct xdp_md *ctx, struct packet *p)
{
	if (p->icmp_type == ICMP_ECHO || p->icmp_type == ICMP_TIMESTAMP) {
		if (p->ttl <= 1)
			return time_exceeded_inside(ctx, p);
		return out_icmp(ctx, p);
	}
	return is_icmp_error(p) ? icmp_error_translate(ctx, p) : -REASON_UNSUPPORTED_ICMP;
}

static __always_inline int from_inside(struct xdp_md *ctx, struct packet *p)
{
	if (unlikely(p->ttl <= 1) && p->proto != PROTO_ICMP)
		return time_exceeded_inside(ctx, p);
	if (p->proto == PROTO_UDP)
		return out_udp(ctx, p);
	if (p->proto == PROTO_TCP)
		return out_tcp(ctx, p);
	return icmp_from_inside(ctx, p);
}

/* From inside to an external address: to another subscriber, or to the NAT itself. */
static __always_inline int from_inside_to_external(struct xdp_md *ctx, struct packet *p)
{
	if (p->proto == PROTO_ICMP) {
		if (p->icmp_type == ICMP_ECHO)
			return inside_prefix(p->zone, p->saddr) ? icmp_echo_reply(ctx, p)
								 : -REASON_NOT_INSIDE;
		return is_icmp_error(p) ? icmp_error_translate(ctx, p) : -REASON_UNSUPPORTED_ICMP;
	}
	if (p->ttl <= 1)
		return time_exceeded_inside(ctx, p);
	return p->proto == PROTO_UDP ? hairpin_udp(ctx, p) : hairpin_tcp(ctx, p);
}

static __always_inline int from_outside(struct xdp_md *ctx, struct packet *p)
{
	if (p->proto == PROTO_UDP)
		return in_udp(ctx, p);
	if (p->proto == PROTO_TCP)
		return in_tcp(ctx, p);
	if (p->icmp_type == ICMP_ECHOREPLY || p->icmp_type == ICMP_TIMESTAMPREPLY)
		return in_icmp(ctx, p);
	if (p->icmp_type == ICMP_ECHO)
		return icmp_echo_reply(ctx, p);
	return is_icmp_error(p) ? icmp_error_translate(ctx, p) : -REASON_UNSUPPORTED_ICMP;
}

/*
 * Which way a packet goes, from the side of its link; on a one-armed link the
 * source decides before the destination (DESIGN: a hairpin comes from the
 * inside). Returns 0, or minus a reason.
 */
static __always_inline int direction(struct packet *p, __u32 side)
{
	if (side == SIDE_INSIDE || (side == SIDE_BOTH && !p->to_external)) {
		p->outbound = 1;
		return 0;
	}
	if (!p->to_external)
		return -REASON_NOT_POOL;
	if (side == SIDE_BOTH && inside_prefix(p->zone, p->saddr)) {
		p->outbound = 1;
		return 0;
	}
	if (addr_find(p->saddr))
		return -REASON_SPOOFED;
	return 0;
}

/* Destinations that are never forwarded. Returns 0 to go on, XDP_PASS, or minus a reason. */
static __always_inline int special_destination(struct packet *p)
{
	__u32 octet = addr_octet(p->daddr);

	if (likely(octet != 0 && octet != 127 && octet < 224))
		return 0;
	if (octet >= 224 && (octet < 240 || p->daddr == 0xffffffff)) {
		END(p, pass_multicast);
		return XDP_PASS;
	}
	return -REASON_BAD_ADDRESS;
}

static __always_inline int ipv4_packet(struct xdp_md *ctx, struct packet *p,
				       const struct daisy_link *l)
{
	struct daisy_conf *c = conf_get();
	__u64 ours;
	int verdict;

	if (!c)
		return -REASON_NO_VECTOR;
	verdict = parse_ipv4(ctx, p);
	if (unlikely(verdict))
		return verdict;
	ours = addr_find(p->daddr);
	if (unlikely(addr_word_kind(ours) == ADDR_OWN)) {
		END(p, pass_own);
		return XDP_PASS;
	}
	verdict = special_destination(p);
	if (unlikely(verdict))
		return verdict;
	if (unlikely(addr_bad_source(p->saddr)))
		return -REASON_BAD_ADDRESS;
	p->to_external = ours != 0;
	p->dst_slot = addr_word_slot(ours);
	p->filtered = addr_word_filtered(ours);
	p->zone = l->zone;
	p->now = clock_tick(c);
	p->stale = tick_age(p->now, c->alive_tick) > DAISY_ALIVE_TICKS;
	clock_publish(c, p->now, p->stale);
	if (unlikely(c->rules) && !p->to_external) {
		verdict = untranslated(ctx, p);
		if (verdict != UNTRANSLATED_NOT)
			return verdict;
	}
	verdict = direction(p, l->side);
	if (unlikely(verdict))
		return verdict;
	if (unlikely(is_later_fragment(p->frag))) {
		/* An overlapping second header: RFC 1858 section 3. */
		if (p->proto == PROTO_TCP && (p->frag & IP_OFFSET) == 1)
			return -REASON_FRAGMENT_TINY;
		return p->ttl > 1 ? fragment_translate(ctx, p) : -REASON_TTL;
	}
	verdict = parse_l4(ctx, p);
	if (unlikely(verdict))
		return verdict;
	if (!p->outbound)
		return from_outside(ctx, p);
	return p->to_external ? from_inside_to_external(ctx, p) : from_inside(ctx, p);
}

/* Frames that are not IPv4 to our own MAC address. */
static __always_inline int other_frame(struct xdp_md *ctx, struct packet *p, __be16 type, bool ours)
{
	struct ethhdr *eth = packet_at(ctx, 0, ETH_LEN);

	if (type == bpf_htons(ETH_P_ARP))
		return arp_packet(ctx, p);
	if (type == bpf_htons(ETH_P_IPV6))
		END(p, pass_ipv6);
	else if (type != bpf_htons(ETH_P_IP))
		END(p, pass_other);
	else if (eth && eth->h_dest[0] & 1)
		END(p, pass_multicast);
	else
		END(p, pass_other_host);
	return XDP_PASS;
}

static __always_inline bool is_our_mac(const struct ethhdr *eth, const struct daisy_link *l)
{
	const void *a = eth->h_dest, *b = l->mac;

	return *(const __u32 *)a == *(const __u32 *)b &&
	       *(const __u16 *)(a + 4) == *(const __u16 *)(b + 4);
}

static __always_inline int frame(struct xdp_md *ctx, struct packet *p)
{
	struct ethhdr *eth = packet_at(ctx, 0, ETH_LEN);
	struct daisy_link *l;
	__be16 type;
	__u32 link;
	bool ours;

	if (!eth)
		return -REASON_TRUNCATED;
	type = eth->h_proto;
	p->l3 = ETH_LEN;
	p->link = device_link;
	if (unlikely(type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD))) {
		struct daisy_tag_key key = { .device = device_link };
		int err = parse_tags(ctx, p, &key, &type);

		if (err)
			return err;
		if (!tagged_link(p, &key)) {
			END(p, pass_other);
			return XDP_PASS;
		}
		eth = packet_at(ctx, 0, ETH_LEN);
		if (!eth)
			return -REASON_TRUNCATED;
	}
	link = p->link;
	l = bpf_map_lookup_elem(&links, &link);
	if (!l || l->side == SIDE_NONE) {
		END(p, pass_other);
		return XDP_PASS;
	}
	p->side = l->side;
	ours = is_our_mac(eth, l);
	if (unlikely(type != bpf_htons(ETH_P_IP) || !ours))
		return other_frame(ctx, p, type, ours);
	return ipv4_packet(ctx, p, l);
}

SEC("xdp")
int xdp_nat(struct xdp_md *ctx)
{
	struct daisy_counters *c = counters_get();
	struct packet p;
	int verdict;

	if (!c)
		return XDP_ABORTED;
	verdict = fast_packet(ctx, c);
	if (likely(verdict < FAST_MISS))
		return verdict;
	__builtin_memset(&p, 0, sizeof(p));
	p.unmapped = verdict == FAST_UNMAPPED;
	p.replay = replay_class(ctx);
	if (unlikely(p.replay))
		c->replays++;
	verdict = frame(ctx, &p);
	if (unlikely(verdict < 0)) {
		count_drop(c, -verdict);
		return XDP_DROP;
	}
	count_end(c, p.end);
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";
