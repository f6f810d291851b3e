/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ARP for external addresses (RFC 826): requests from the outside are answered,
 * since the kernel does not know these addresses. All other ARP is the kernel's.
 */
#ifndef DAISY_ARP_H
#define DAISY_ARP_H

#include "addrs.h"
#include "packet.h"

/* ARP for Ethernet and IPv4, as on the wire. */
struct arp_ipv4 {
	__be16 htype;
	__be16 ptype;
	__u8 hlen;
	__u8 plen;
	__be16 oper;
	__u8 sha[6];
	__u8 spa[4];
	__u8 tha[6];
	__u8 tpa[4];
} __attribute__((packed));

static __always_inline __u32 load_addr(const __u8 *bytes)
{
	__u32 addr;

	__builtin_memcpy(&addr, bytes, 4);
	return addr;
}

static __always_inline bool arp_is_request(const struct arp_ipv4 *arp)
{
	return arp->htype == bpf_htons(ARPHRD_ETHER) && arp->ptype == bpf_htons(ETH_P_IP) &&
	       arp->hlen == 6 && arp->plen == 4 && arp->oper == bpf_htons(ARPOP_REQUEST);
}

/* An ARP frame whose payload stands at p->l3. */
STAGE int arp_packet(struct xdp_md *ctx, struct packet *p)
{
	struct arp_ipv4 *arp;
	struct daisy_link *l;
	struct ethhdr *eth;
	__u32 link, target;

	if (!p)
		return XDP_PASS;
	END(p, pass_arp);
	eth = packet_at(ctx, 0, ETH_LEN);
	arp = packet_at(ctx, p->l3, sizeof(*arp));
	link = p->link;
	l = bpf_map_lookup_elem(&links, &link);
	if (!eth || !arp || !l || p->side == SIDE_INSIDE || !arp_is_request(arp))
		return XDP_PASS;
	target = load_addr(arp->tpa);
	/* A gratuitous request announces its sender's address: it asks nothing. */
	if (addr_word_kind(addr_find(target)) != ADDR_EXTERNAL || target == load_addr(arp->spa))
		return XDP_PASS;
	arp->oper = bpf_htons(ARPOP_REPLY);
	__builtin_memcpy(arp->tha, arp->sha, 6);
	__builtin_memcpy(arp->tpa, arp->spa, 4);
	__builtin_memcpy(arp->sha, l->mac, 6);
	__builtin_memcpy(arp->spa, &target, 4);
	__builtin_memcpy(eth->h_dest, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, l->mac, 6);
	END(p, arp_replies);
	return XDP_TX;
}

#endif
