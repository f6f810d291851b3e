/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors and the packet they quote (RFC 5508 sections 4 and 7, RFC 4787
 * REQ-12). The quoted packet is translated back, its IPv4 and transport
 * checksums and the ICMP checksum over all of it by difference. The quoted
 * transport checksum is not verified (REQ-3). An error neither refreshes nor
 * ends a mapping (REQ-6).
 */
#ifndef DAISY_ICMP_ERROR_H
#define DAISY_ICMP_ERROR_H

#include "translate.h"

#define ICMP_WORDS 1024		/* of four bytes: the largest message a single-buffer frame holds */
#define IP_HEADER_WORDS 30	/* of two bytes: sixty bytes */

/* The quoted packet. */
struct quoted {
	__u32 l3;
	__u32 l4;
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
	__u32 proto;		/* enum daisy_proto */
};

static __always_inline bool is_icmp_error(const struct packet *p)
{
	return p->icmp_type == ICMP_DEST_UNREACH || p->icmp_type == ICMP_TIME_EXCEEDED ||
	       p->icmp_type == ICMP_PARAMETERPROB;
}

static __always_inline void *packet_far(struct xdp_md *ctx, __u32 offset, __u32 len)
{
	void *data = packet_start(ctx);

	offset &= 0x1fff;
	return data + offset + len <= packet_end(ctx) ? data + offset : NULL;
}

/* Is the checksum of the whole ICMP message right (RFC 5508 REQ-3)? */
STAGE bool icmp_checksum_ok(struct xdp_md *ctx, const struct packet *p)
{
	__u32 len, at;
	__u64 sum = 0;

	if (!p)
		return false;
	len = p->tot_len - (p->l4 - p->l3);
	at = p->l4;
	if (len > 4 * ICMP_WORDS)
		return false;
	for (int i = 0; i < ICMP_WORDS && len >= 4; i++, at += 4, len -= 4) {
		__u32 *word = packet_far(ctx, at, 4);

		if (!word)
			return false;
		sum += *word;
	}
	for (int i = 0; i < 3 && len; i++, at++, len--) {
		__u8 *byte = packet_far(ctx, at, 1);

		if (!byte)
			return false;
		sum += i & 1 ? *byte << 8 : *byte;
	}
	return csum_fold(sum) == 0xffff;
}

STAGE bool ip_checksum_ok(struct xdp_md *ctx, __u32 at, __u32 len)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < IP_HEADER_WORDS; i++) {
		__u16 *word;

		if (2 * i >= len)
			break;
		word = packet_at(ctx, at + 2 * i, 2);
		if (!word)
			return false;
		sum += *word;
	}
	return csum_fold(sum) == 0xffff;
}

/* Ports or query id of the quoted transport header. False for what no mapping can have sent. */
static __always_inline bool quoted_ports(struct xdp_md *ctx, struct quoted *q, __u8 ip_proto)
{
	__be16 *l4 = packet_at(ctx, q->l4, L4_MIN);
	__u8 type;

	if (!l4)
		return false;
	q->proto = ip_to_proto(ip_proto);
	if (ip_proto == PROTO_TCP || ip_proto == PROTO_UDP) {
		q->sport = bpf_ntohs(l4[0]);
		q->dport = bpf_ntohs(l4[1]);
		return true;
	}
	type = *(__u8 *)l4;
	q->sport = q->dport = bpf_ntohs(l4[2]);
	return ip_proto == PROTO_ICMP &&
	       (type == ICMP_ECHO || type == ICMP_ECHOREPLY || type == ICMP_TIMESTAMP ||
		type == ICMP_TIMESTAMPREPLY);
}

/* Returns 0 or minus a reason. */
STAGE int quoted_parse(struct xdp_md *ctx, const struct packet *p, struct quoted *q)
{
	struct iphdr *ip;
	__u32 ihl, left;

	if (!p || !q)
		return -REASON_BAD_EMBEDDED;
	left = p->tot_len - (p->l4 - p->l3) - ICMP_LEN;
	q->l3 = p->l4 + ICMP_LEN;
	ip = packet_at(ctx, q->l3, IP_LEN);
	if (!ip || left < IP_LEN)
		return -REASON_BAD_EMBEDDED;
	ihl = (*(__u8 *)ip & 0xf) * 4;
	if (*(__u8 *)ip >> 4 != 4 || ihl < IP_LEN || left < ihl + L4_MIN)
		return -REASON_BAD_EMBEDDED;
	if (ip->frag_off & bpf_htons(IP_OFFSET))
		return -REASON_BAD_EMBEDDED;
	q->l4 = q->l3 + ihl;
	q->saddr = ip->saddr;
	q->daddr = ip->daddr;
	if (!ip_checksum_ok(ctx, q->l3, ihl))
		return -REASON_BAD_EMBEDDED;
	return quoted_ports(ctx, q, ip->protocol) ? 0 : -REASON_NO_MAPPING_ERROR;
}

/* The quoted transport checksum, or NULL if it is not quoted or not there (UDP 0). */
static __always_inline __sum16 *quoted_check(struct xdp_md *ctx, const struct packet *p,
					     const struct quoted *q)
{
	__u32 offset = q->proto == DAISY_TCP ? 16 : q->proto == DAISY_UDP ? 6 : 2;
	__sum16 *check = packet_at(ctx, q->l4 + offset, 2);

	if (!check || q->l4 + offset + 2 > p->l3 + p->tot_len)
		return NULL;
	return q->proto == DAISY_UDP && !*check ? NULL : check;
}

/* Replace one side of the quoted packet. Returns the difference in the ICMP checksum. */
static __always_inline __u64 quoted_rewrite(struct xdp_md *ctx, const struct packet *p,
					    const struct quoted *q, bool source, __u32 addr,
					    __u16 port)
{
	struct iphdr *ip = packet_at(ctx, q->l3, IP_LEN);
	__be16 *l4 = packet_at(ctx, q->l4, L4_MIN);
	__u64 addr_diff, port_diff, diff;
	__be32 *addr_field;
	__be16 *port_field, port_be = bpf_htons(port);
	__sum16 *check;
	__u16 before;

	if (!ip || !l4)
		return 0;
	addr_field = source ? &ip->saddr : &ip->daddr;
	port_field = q->proto == DAISY_ICMP ? &l4[2] : source ? &l4[0] : &l4[1];
	addr_diff = csum_diff4(*addr_field, addr);
	port_diff = csum_diff2(*port_field, port_be);
	*addr_field = addr;
	*port_field = port_be;
	before = ip->check;
	ip->check = csum_apply(before, addr_diff);
	diff = addr_diff + port_diff + csum_diff2(before, ip->check);
	check = quoted_check(ctx, p, q);
	if (check) {
		before = *check;
		if (q->proto == DAISY_ICMP)
			*check = csum_apply(before, port_diff);
		else if (q->proto == DAISY_UDP)
			*check = csum_apply_udp(before, addr_diff + port_diff);
		else
			*check = csum_apply(before, addr_diff + port_diff);
		diff += csum_diff2(before, *check);
	}
	return diff;
}

static __always_inline int error_finish(struct xdp_md *ctx, struct packet *p, __u64 icmp_diff,
					__u32 saddr, __u32 daddr, const struct daisy_nexthop *nh)
{
	struct iphdr *ip = packet_at(ctx, p->l3, IP_LEN);
	struct icmphdr *icmp = packet_at(ctx, p->l4, ICMP_LEN);
	const struct daisy_conf *c = conf_get();

	if (!ip || !icmp)
		return -REASON_TRUNCATED;
	icmp->checksum = csum_apply(icmp->checksum, icmp_diff);
	rewrite_addrs(ip, saddr, daddr);
	if (c && p->outbound && ident_matters(c, p))
		ident_put(ip, ident_next(c, daddr));
	return emit(ctx, p, nh);
}

/* From outside, about a packet that a mapping of ours sent (RFC 5508 REQ-4). */
STAGE int error_in(struct xdp_md *ctx, struct packet *p, const struct quoted *q)
{
	struct daisy_conf *c = conf_get();
	struct daisy_mapping *m = NULL;
	struct daisy_nexthop *nh;
	union daisy_endpoint in;
	__u64 diff;
	int err = 0;

	if (!c || !p || !q)
		return -REASON_NO_MAPPING_ERROR;
	if (q->saddr == p->daddr)
		m = live_record(q->proto, p->dst_slot, q->sport);
	if (!m)
		return -REASON_NO_MAPPING_ERROR;
	if (p->ttl <= 1)
		return -REASON_TTL;
	in.word = m->inside.word;
	nh = route_inside(ctx, c, p, m, &err);
	if (!nh)
		return err;
	if (!fits(p, nh))
		return -REASON_TOO_BIG;
	diff = quoted_rewrite(ctx, p, q, true, (__u32)in.word, in.port);
	END(p, in_icmp_error);
	return error_finish(ctx, p, diff, p->saddr, (__u32)in.word, nh);
}

/*
 * From inside, about a packet that a mapping of ours received (RFC 5508 REQ-5).
 * The sender may be a router that has no mapping: the outer source becomes the
 * external address of the mapping.
 */
STAGE int error_out(struct xdp_md *ctx, struct packet *p, const struct quoted *q, __u64 ref)
{
	struct daisy_conf *c = conf_get();
	__u32 addr = slot_addr(ref_slot(ref));
	struct daisy_nexthop *nh;
	__u64 diff;
	int err = 0;

	if (!c || !p || !q)
		return -REASON_NO_MAPPING_ERROR;
	nh = route_outside(ctx, c, p, addr, &err);
	if (!nh)
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (!fits(p, nh))
		return -REASON_TOO_BIG;
	diff = quoted_rewrite(ctx, p, q, false, addr, ref_port(ref));
	END(p, out_icmp_error);
	return error_finish(ctx, p, diff, addr, p->daddr, nh);
}

/* From inside, about a hairpinned packet: both sides of the quoted packet (RFC 5508 REQ-7). */
STAGE int error_hairpin(struct xdp_md *ctx, struct packet *p, const struct quoted *q, __u64 ref)
{
	struct daisy_conf *c = conf_get();
	struct daisy_mapping *m;
	__u32 addr = slot_addr(ref_slot(ref));
	struct daisy_nexthop *nh;
	union daisy_endpoint in;
	__u64 diff;
	int err = 0;

	if (!c || !p || !q)
		return -REASON_NO_MAPPING_ERROR;
	m = live_record(q->proto, p->dst_slot, q->sport);
	if (!m)
		return -REASON_NO_MAPPING_ERROR;
	in.word = m->inside.word;
	nh = route_inside(ctx, c, p, m, &err);
	if (!nh)
		return err;
	if (!fits(p, nh))
		return -REASON_TOO_BIG;
	diff = quoted_rewrite(ctx, p, q, false, addr, ref_port(ref));
	diff += quoted_rewrite(ctx, p, q, true, (__u32)in.word, in.port);
	END(p, hairpin);
	return error_finish(ctx, p, diff, addr, (__u32)in.word, nh);
}

/* An ICMP error: Destination Unreachable, Time Exceeded, Parameter Problem. */
STAGE int icmp_error_translate(struct xdp_md *ctx, struct packet *p)
{
	struct quoted q = {};
	__u64 ref;
	int err;

	if (!p)
		return -REASON_TRUNCATED;
	if (p->frag & (IP_MF | IP_OFFSET))
		return -REASON_UNSUPPORTED_ICMP;
	if (!icmp_checksum_ok(ctx, p))
		return -REASON_BAD_ICMP_CHECKSUM;
	err = quoted_parse(ctx, p, &q);
	if (err)
		return err;
	if (!p->outbound)
		return error_in(ctx, p, &q);
	if (!inside_prefix(p->zone, p->saddr))
		return -REASON_NOT_INSIDE;
	if (p->ttl <= 1)
		return -REASON_TTL;
	/* It has to go to the sender of what it quotes. */
	ref = index_find(endpoint_word(q.daddr, q.dport, p->zone), q.proto);
	if (!ref || q.saddr != p->daddr)
		return -REASON_NO_MAPPING_ERROR;
	return p->to_external ? error_hairpin(ctx, p, &q, ref) : error_out(ctx, p, &q, ref);
}

#endif
