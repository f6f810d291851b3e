/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last stage: Ethernet header for the next hop, and out by the same or another device. */
#ifndef DAISY_EMIT_H
#define DAISY_EMIT_H

#include <bpf/bpf_endian.h>

#include "replay.h"

struct vlan_tag {
	__be16 tci;
	__be16 proto;		/* of what follows */
};

/* Destination and source at once, as words: clang copies packed structs byte by byte. */
static __always_inline void write_macs(struct ethhdr *eth, const struct daisy_nexthop *nh)
{
	const __u32 *from = (const __u32 *)nh->dmac;
	__u32 *to = (__u32 *)eth;

	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
}

/*
 * Write an Ethernet header with the next hop's tags (IEEE 802.1Q; the outer one
 * of two is 802.1ad), after making room for more of them or cutting off fewer.
 * Of a replay, tell the daemon where it goes (here, where it costs the others nothing).
 */
STAGE int emit_tagged(struct xdp_md *ctx, __u32 had, const struct daisy_nexthop *nh)
{
	struct vlan_tag *t;
	struct ethhdr *eth;
	__u32 n;

	if (!nh)
		return -REASON_ADJUST_FAILED;
	n = nh->n_tags;
	if (n > 2 || had > 2)
		return -REASON_ADJUST_FAILED;
	replay_leaves_by(ctx, nh->link, nh->mtu);
	if (n != had && bpf_xdp_adjust_head(ctx, (int)(had - n) * TAG_LEN))
		return -REASON_ADJUST_FAILED;
	eth = packet_at(ctx, 0, ETH_LEN + 2 * TAG_LEN);
	if (!eth)
		return -REASON_ADJUST_FAILED;
	write_macs(eth, nh);
	t = (void *)(eth + 1);
	if (n == 0) {
		eth->h_proto = bpf_htons(ETH_P_IP);
	} else if (n == 1) {
		eth->h_proto = bpf_htons(ETH_P_8021Q);
		t[0].tci = bpf_htons(nh->tag[0]);
		t[0].proto = bpf_htons(ETH_P_IP);
	} else {
		eth->h_proto = bpf_htons(ETH_P_8021AD);
		t[0].tci = bpf_htons(nh->tag[0]);
		t[0].proto = bpf_htons(ETH_P_8021Q);
		t[1].tci = bpf_htons(nh->tag[1]);
		t[1].proto = bpf_htons(ETH_P_IP);
	}
	return 0;
}

/* Send the translated packet to its next hop. Returns the XDP action or minus a reason. */
static __always_inline int emit(struct xdp_md *ctx, const struct packet *p,
				const struct daisy_nexthop *nh)
{
	__u32 out = nh->link;
	struct daisy_link *l;

	if (unlikely(p->n_tags | nh->n_tags | p->replay)) {
		int err = emit_tagged(ctx, p->n_tags, nh);

		if (err)
			return err;
	} else {
		struct ethhdr *eth = packet_at(ctx, 0, ETH_LEN);

		if (!eth)
			return -REASON_TRUNCATED;
		write_macs(eth, nh);
	}
	if (out == p->link)
		return XDP_TX;
	l = bpf_map_lookup_elem(&links, &out);
	if (!l)
		return -REASON_NO_ROUTE;
	return l->device == device_link ? XDP_TX : bpf_redirect_map(&tx_links, out, 0);
}

#endif
