/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rewriting of addresses and ports with their checksums (RFC 3022 section 4.1,
 * RFC 1624). The caller has checked that the headers lie inside the frame. The
 * IPv4 checksum was verified by the parser; a transport checksum is adjusted,
 * never repaired: what was wrong stays wrong.
 */
#ifndef DAISY_REWRITE_H
#define DAISY_REWRITE_H

#include "csum.h"
#include "packet.h"

/*
 * ICMP has no pseudo header: an echo reply may consist of nothing but zeros, and
 * its checksum is 0xffff then. The difference cannot tell that sum from 0xffff
 * and yields 0 for both (RFC 1624 section 3); 0xffff is right for both.
 */
static __always_inline void icmp_adjust(struct icmphdr *icmp, __u64 diff)
{
	const __u32 *words = (void *)icmp;

	icmp->checksum = csum_apply(icmp->checksum, diff);
	if (unlikely(!(words[0] | words[1])))
		icmp->checksum = 0xffff;
}

/* Transport headers of one query type: where the port (or id) and the checksum stand. */
static __always_inline void l4_adjust(void *l4, __u32 proto, __u64 addr_diff, __u64 port_diff)
{
	if (proto == DAISY_UDP) {
		struct udphdr *udp = l4;

		udp->check = csum_apply_udp(udp->check, addr_diff + port_diff);
	} else if (proto == DAISY_TCP) {
		struct tcphdr *tcp = l4;

		tcp->check = csum_apply(tcp->check, addr_diff + port_diff);
	} else {
		icmp_adjust(l4, port_diff);
	}
}

/* The port field as 16 bits in network order: source or destination port, or the query id. */
static __always_inline __be16 *l4_port(void *l4, __u32 proto, bool source)
{
	__be16 *field = l4;

	if (proto == DAISY_ICMP)
		return &field[2];
	return source ? &field[0] : &field[1];
}

/*
 * TTL minus one; the caller has seen that it is above one. Returns the
 * difference in the checksum: the TTL is the low byte of its word in memory.
 */
static __always_inline __u64 rewrite_ttl(struct iphdr *ip)
{
	ip->ttl--;
	return csum_diff2(1, 0);
}

/*
 * Replace one side's address (network order) and port (host order) in the
 * packet. ip_diff: what else has changed in the IPv4 header.
 */
static __always_inline void rewrite_endpoint(struct iphdr *ip, void *l4, __u32 proto, bool source,
					     __u32 addr, __u16 port, __u64 ip_diff)
{
	__be32 *addr_field = source ? &ip->saddr : &ip->daddr;
	__be16 *port_field = l4_port(l4, proto, source), port_be = bpf_htons(port);
	__u64 addr_diff = csum_diff4(*addr_field, addr);
	__u64 port_diff = csum_diff2(*port_field, port_be);

	*addr_field = addr;
	*port_field = port_be;
	ip->check = csum_apply(ip->check, addr_diff + ip_diff);
	l4_adjust(l4, proto, addr_diff, port_diff);
}

/* Replace both addresses and count the hop, where no transport header changes (later fragments, ICMP errors). */
static __always_inline void rewrite_addrs(struct iphdr *ip, __u32 saddr, __u32 daddr)
{
	__u64 diff = csum_diff4(ip->saddr, saddr) + csum_diff4(ip->daddr, daddr) + rewrite_ttl(ip);

	ip->saddr = saddr;
	ip->daddr = daddr;
	ip->check = csum_apply(ip->check, diff);
}

#endif
