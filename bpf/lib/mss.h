/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maximum segment size that a SYN announces (RFC 9293 section 3.7.1), lowered
 * to what the path behind this box holds. ICMP says so, too, but is often lost.
 */
#ifndef DAISY_MSS_H
#define DAISY_MSS_H

#include "csum.h"
#include "packet.h"

#define TCPOPT_END 0
#define TCPOPT_NOOP 1
#define TCPOPT_MSS 2
#define TCPOPT_MSS_LEN 4
#define MSS_HEADERS (IP_LEN + TCP_LEN)
#define TCP_OPTIONS_MAX 40	/* bytes; each option has at least one */

/* What is announced at most; 0: anything. mtu: of the next hop. */
static __always_inline __u32 mss_limit(const struct daisy_conf *c, const struct packet *p, __u32 mtu)
{
	__u32 link = p->link, limit = c->mss_clamp;
	struct daisy_link *l;

	if (limit == DAISY_MSS_AUTO) {
		/* What comes back passes the link that this came by. */
		l = bpf_map_lookup_elem(&links, &link);
		if (l && l->mtu < mtu)
			mtu = l->mtu;
		limit = mtu > MSS_HEADERS ? mtu - MSS_HEADERS : 0;
	}
	return limit && limit < DAISY_MSS_MIN ? DAISY_MSS_MIN : limit;
}

/*
 * Lower the value of an option at `at`. Returns the difference in the checksum:
 * at an odd place the two bytes belong to two words of the sum, which takes them
 * as one word with its bytes exchanged.
 */
static __always_inline __u64 mss_lower(struct xdp_md *ctx, __u32 at, __u32 limit, bool odd)
{
	__u8 *value = packet_at(ctx, at, 2);
	__u32 before;

	if (!value)
		return 0;
	before = value[0] << 8 | value[1];
	if (before <= limit)
		return 0;
	value[0] = limit >> 8;
	value[1] = limit;
	return odd ? csum_diff2(before, limit) : csum_diff2(bpf_htons(before), bpf_htons(limit));
}

/*
 * Lower what a SYN announces. Options are read as a receiver does; whatever does
 * not fit into the header ends the search, and the packet goes as it is.
 */
STAGE int mss_clamp(struct xdp_md *ctx, const struct packet *p, __u32 limit)
{
	__u8 *tcp, *option;
	__u32 at, end, len;
	__u64 diff = 0;

	if (!p)
		return 0;
	tcp = packet_at(ctx, p->l4, TCP_LEN);
	if (!tcp)
		return 0;
	at = p->l4 + TCP_LEN;
	end = p->l4 + (tcp[12] >> 4) * 4;
	if (end > p->l3 + p->tot_len)
		return 0;
	for (int i = 0; i < TCP_OPTIONS_MAX; i++) {
		option = packet_at(ctx, at, 2);
		if (at + 2 > end || !option || option[0] == TCPOPT_END)
			break;
		len = option[0] == TCPOPT_NOOP ? 1 : option[1];
		if (!len || at + len > end)
			break;
		if (option[0] == TCPOPT_MSS && len == TCPOPT_MSS_LEN)
			diff += mss_lower(ctx, at + 2, limit, (at - p->l4) & 1);
		at += len;
	}
	tcp = packet_at(ctx, p->l4, TCP_LEN);
	if (diff && tcp) {
		struct tcphdr *header = (void *)tcp;

		header->check = csum_apply(header->check, diff);
	}
	return 0;
}

#endif
