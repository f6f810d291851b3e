/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers, one function per layer. Each returns 0 to go on, an XDP action, or minus a reason. */
#ifndef DAISY_PARSE_H
#define DAISY_PARSE_H

#include "csum.h"
#include "emit.h"
#include "packet.h"

/* Up to two VLAN tags. *type becomes the type behind them; tags become the key of their link. */
STAGE int parse_tags(struct xdp_md *ctx, struct packet *p, struct daisy_tag_key *key, __be16 *type)
{
	if (!p || !key || !type)
		return -REASON_TRUNCATED;
	for (int i = 0; i < 2; i++) {
		struct vlan_tag *t;

		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			return 0;
		t = packet_at(ctx, p->l3, TAG_LEN);
		if (!t)
			return -REASON_TRUNCATED;
		key->tag[i] = bpf_ntohs(t->tci) & 0xfff;
		*type = t->proto;
		p->n_tags++;
		p->l3 += TAG_LEN;
	}
	return 0;
}

/* The link of a tagged frame: its number to p->link. False if no link has these tags. */
static __always_inline bool tagged_link(struct packet *p, const struct daisy_tag_key *key)
{
	__u32 *link = bpf_map_lookup_elem(&tagged_links, key);

	if (!link)
		return false;
	p->link = *link;
	return true;
}

/* A source route option bypasses what the destination address says (RFC 5508 section 9 leaves it to policy). */
STAGE bool has_source_route(struct xdp_md *ctx, __u32 at, __u32 end)
{
	for (int i = 0; i < 40; i++) {
		__u8 *option = packet_at(ctx, at, 2), len;

		if (at >= end || !option || option[0] == IPOPT_END)
			return false;
		if (option[0] == IPOPT_LSRR || option[0] == IPOPT_SSRR)
			return true;
		len = option[0] == IPOPT_NOOP ? 1 : option[1];
		if (!len)
			return false;
		at += len;
	}
	return false;
}

/* Sum of a header with options. */
STAGE __u64 ip_options_sum(struct xdp_md *ctx, __u32 at, __u32 end)
{
	__u64 sum = 0;

	for (int i = 0; i < 10; i++, at += 4) {
		__u32 *word = packet_at(ctx, at, 4);

		if (at >= end || !word)
			break;
		sum += *word;
	}
	return sum;
}

/* The IPv4 header at p->l3. Fragment fields are judged here, too: none may lead beyond 65535. */
static __always_inline int parse_ipv4(struct xdp_md *ctx, struct packet *p)
{
	struct iphdr *ip = packet_at(ctx, p->l3, IP_LEN);
	__u32 *w = (__u32 *)ip;
	__u32 len, tot_len;
	__u64 sum;

	if (!ip)
		return -REASON_TRUNCATED;
	len = (*(__u8 *)ip & 0xf) * 4;
	if (*(__u8 *)ip >> 4 != 4 || len < IP_LEN)
		return -REASON_BAD_HEADER;
	p->l4 = p->l3 + len;
	tot_len = bpf_ntohs(ip->tot_len);
	p->tot_len = tot_len;
	p->saddr = ip->saddr;
	p->daddr = ip->daddr;
	p->frag = bpf_ntohs(ip->frag_off);
	p->id = p->new_id = ip->id;
	p->ttl = ip->ttl;
	p->proto = ip->protocol;
	barrier_var(tot_len);	/* the verifier of 6.1 does not bound what a byte swap yields */
	if ((void *)ip + (tot_len & 0xffff) > packet_end(ctx))
		return -REASON_TRUNCATED;
	if (tot_len < len)
		return -REASON_BAD_HEADER;
	sum = (__u64)w[0] + w[1] + w[2] + w[3] + w[4];
	if (unlikely(len > IP_LEN)) {
		sum += ip_options_sum(ctx, p->l3 + IP_LEN, p->l4);
		if (has_source_route(ctx, p->l3 + IP_LEN, p->l4))
			return -REASON_SOURCE_ROUTE;
	}
	if (csum_fold(sum) != 0xffff)
		return -REASON_BAD_CHECKSUM;
	if ((p->frag & IP_OFFSET) * 8 + tot_len - len > 65535 - IP_LEN)
		return -REASON_BAD_HEADER;
	/* All but the last end at a multiple of eight, and none is empty. */
	if (unlikely(p->frag & (IP_MF | IP_OFFSET)) &&
	    (tot_len == len || (p->frag & IP_MF && (tot_len - len) & 7)))
		return -REASON_BAD_HEADER;
	return 0;
}

/* Transport header of a whole packet or a first fragment. */
static __always_inline int parse_l4(struct xdp_md *ctx, struct packet *p)
{
	__u32 need = p->proto == PROTO_TCP ? TCP_LEN : L4_MIN;
	__be16 *l4;

	if (p->proto != PROTO_UDP && p->proto != PROTO_TCP && p->proto != PROTO_ICMP)
		return -REASON_UNSUPPORTED_PROTO;
	if (p->tot_len < p->l4 - p->l3 + need)
		return p->frag & IP_MF ? -REASON_FRAGMENT_TINY : -REASON_TRUNCATED;
	l4 = packet_at(ctx, p->l4, L4_MIN);
	if (!l4)
		return -REASON_TRUNCATED;
	if (p->proto == PROTO_ICMP) {
		p->icmp_type = *(__u8 *)l4;
		p->sport = p->dport = bpf_ntohs(l4[2]);
		return 0;
	}
	p->sport = bpf_ntohs(l4[0]);
	p->dport = bpf_ntohs(l4[1]);
	if (p->proto == PROTO_TCP) {
		__u8 *tcp = packet_at(ctx, p->l4, TCP_LEN);

		if (!tcp)
			return -REASON_TRUNCATED;
		p->tcp_flags = tcp[13];
	}
	return 0;
}

#endif
