/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP messages that the NAT itself sends, back by the link the packet came
 * from: Time Exceeded (RFC 1812 section 5.3.1), Fragmentation Needed (RFC 1191),
 * Destination Unreachable when there is no mapping to be had (RFC 6888 REQ-11),
 * echo replies for external addresses.
 */
#ifndef DAISY_ICMP_REPLY_H
#define DAISY_ICMP_REPLY_H

#include "addrs.h"
#include "clock.h"
#include "event.h"
#include "rewrite.h"

#define ICMP_LEN 8
#define ICMP_TTL 64
#define ICMP_TOS 0xc0		/* precedence "internetwork control": RFC 1812 section 4.3.2.5 */
#define QUOTE_MAX (60 + L4_MIN)	/* a header with options and eight bytes: RFC 792 */

struct icmp_reply {
	__u8 type;
	__u8 code;
	__u16 mtu;	/* of Fragmentation Needed */
	__u16 reason;	/* why the packet is refused */
	__u16 end;	/* offset of the counter it ends in when it was answered; 0: its reason's */
};

/*
 * One token of this CPU's budget for the current second (RFC 1812 section
 * 4.3.2.8). spare: the last so many are not for this message.
 */
static __always_inline bool icmp_token(__u32 spare)
{
	struct daisy_conf *c = conf_get();
	struct daisy_icmp_tokens *t;
	__u32 zero = 0;
	__u64 now;

	t = bpf_map_lookup_elem(&icmp_tokens, &zero);
	if (!t || !c)
		return false;
	now = clock_ns(c);
	if (now - t->last_ns >= 1000000000ULL) {
		t->last_ns = now;
		t->tokens = c->icmp_rate;
	}
	if (t->tokens <= spare)
		return false;
	t->tokens--;
	return true;
}

/* Never about an ICMP error, a later fragment, or a source that is no host (RFC 1812 section 4.3.2.7). */
static __always_inline bool icmp_may_reply(const struct packet *p)
{
	if (is_later_fragment(p->frag) || addr_bad_source(p->saddr))
		return false;
	return p->proto != PROTO_ICMP || p->icmp_type == ICMP_ECHO ||
	       p->icmp_type == ICMP_ECHOREPLY || p->icmp_type == ICMP_TIMESTAMP ||
	       p->icmp_type == ICMP_TIMESTAMPREPLY;
}

static __always_inline void swap_macs(struct ethhdr *eth)
{
	__u8 mac[6];

	__builtin_memcpy(mac, eth->h_dest, 6);
	__builtin_memcpy(eth->h_dest, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, mac, 6);
}

/* Make room for IPv4 and ICMP headers before the quoted packet, cut what is not quoted, move the Ethernet header. */
static __always_inline bool icmp_make_room(struct xdp_md *ctx, __u32 l3, __u32 quote)
{
	int len = bpf_xdp_get_buff_len(ctx);
	__u8 head[ETH_LEN + 2 * TAG_LEN], *from, *to;

	if (bpf_xdp_adjust_tail(ctx, (int)(l3 + quote) - len))
		return false;
	from = packet_at(ctx, 0, sizeof(head));
	if (!from)
		return false;
	__builtin_memcpy(head, from, sizeof(head));
	if (bpf_xdp_adjust_head(ctx, -(IP_LEN + ICMP_LEN)))
		return false;
	to = packet_at(ctx, 0, sizeof(head));
	if (!to)
		return false;
	__builtin_memcpy(to, head, sizeof(head));
	return true;
}

/* Sum of `words` 16-bit words from an offset on. */
static __always_inline __u64 packet_sum(struct xdp_md *ctx, __u32 offset, __u32 words)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < (ICMP_LEN + QUOTE_MAX) / 2; i++) {
		__u16 *w = packet_at(ctx, offset + 2 * i, 2);

		if (i >= words || !w)
			break;
		sum += *w;
	}
	return sum;
}

static __always_inline void ip_header(struct iphdr *ip, __u32 saddr, __u32 daddr, __u16 len)
{
	__u16 *w = (__u16 *)ip;
	__u64 sum = 0;

	*(__u8 *)ip = 0x45;
	ip->tos = ICMP_TOS;
	ip->tot_len = bpf_htons(len);
	ip->id = 0;
	ip->frag_off = bpf_htons(IP_DF);	/* atomic: the id has no meaning (RFC 6864) */
	ip->ttl = ICMP_TTL;
	ip->protocol = PROTO_ICMP;
	ip->check = 0;
	ip->saddr = saddr;
	ip->daddr = daddr;
	for (int i = 0; i < IP_LEN / 2; i++)
		sum += w[i];
	ip->check = ~csum_fold(sum);
}

/*
 * Turn the frame into an ICMP error about itself. Returns XDP_TX or minus a
 * reason. A flood that gets no mappings leaves half of the budget to messages
 * that others need: what ends in its reason's counter is answered with the
 * other half only, and its withheld answers are no reason of their own.
 */
STAGE int icmp_error_reply(struct xdp_md *ctx, struct packet *p, struct icmp_reply *r)
{
	struct daisy_conf *c = conf_get();
	struct icmphdr *icmp;
	struct daisy_link *l;
	struct iphdr *ip;
	__u32 quote, link;

	if (!p || !r || !c)
		return -REASON_TTL;
	link = p->link;
	l = bpf_map_lookup_elem(&links, &link);
	if (!l || !*(__u32 *)l->addr || !icmp_may_reply(p))
		return -(int)r->reason;
	if (!icmp_token(r->end ? 0 : c->icmp_rate / 2))
		return r->end ? -REASON_ICMP_RATE : -(int)r->reason;
	quote = p->l4 - p->l3 + L4_MIN;
	if (quote > QUOTE_MAX || !icmp_make_room(ctx, p->l3, quote))
		return -REASON_ADJUST_FAILED;
	ip = packet_at(ctx, p->l3, IP_LEN + ICMP_LEN);
	if (!ip)
		return -REASON_ADJUST_FAILED;
	swap_macs(packet_at(ctx, 0, ETH_LEN) ?: (void *)ip);
	ip_header(ip, *(__u32 *)l->addr, p->saddr, IP_LEN + ICMP_LEN + quote);
	icmp = (void *)(ip + 1);
	icmp->type = r->type;
	icmp->code = r->code;
	icmp->checksum = 0;
	icmp->un.frag.__unused = 0;
	icmp->un.frag.mtu = bpf_htons(r->mtu);
	icmp->checksum = ~csum_fold(packet_sum(ctx, p->l3 + IP_LEN, (ICMP_LEN + quote) / 2));
	p->end = r->end ?: DROP_OFFSET(r->reason);
	return XDP_TX;
}

static __always_inline int time_exceeded(struct xdp_md *ctx, struct packet *p)
{
	struct icmp_reply r = {
		.type = ICMP_TIME_EXCEEDED, .reason = REASON_TTL,
		.end = __builtin_offsetof(struct daisy_counters, icmp_time_exceeded),
	};

	return icmp_error_reply(ctx, p, &r);
}

/* A packet that got no mapping, for a reason: its sender is told (RFC 6888 REQ-11, RFC 5508 REQ-8). */
STAGE int no_mapping_reply(struct xdp_md *ctx, struct packet *p, int reason)
{
	struct icmp_reply r = { .type = ICMP_DEST_UNREACH, .reason = reason };
	struct daisy_conf *c = conf_get();
	int verdict;

	if (!c || !is_exhaustion(reason) || c->exhaustion == EXHAUSTION_SILENT)
		return -reason;
	r.code = c->exhaustion == EXHAUSTION_ADMIN_PROHIBITED ? ICMP_PROHIBITED : ICMP_HOST_UNREACH;
	verdict = icmp_error_reply(ctx, p, &r);
	if (verdict == XDP_TX)
		COUNT(icmp_unreachable);
	return verdict;
}

/* Answer an echo request to one of the external addresses, as a host would. */
STAGE int icmp_echo_reply(struct xdp_md *ctx, struct packet *p)
{
	struct icmphdr *icmp;
	struct ethhdr *eth;
	struct iphdr *ip;
	__u16 *word, before;
	__u64 diff;

	if (!p)
		return -REASON_TRUNCATED;
	if (p->frag & (IP_MF | IP_OFFSET))
		return -REASON_UNSUPPORTED_ICMP;
	eth = packet_at(ctx, 0, ETH_LEN);
	ip = packet_at(ctx, p->l3, IP_LEN);
	icmp = packet_at(ctx, p->l4, ICMP_LEN);
	if (!eth || !ip || !icmp)
		return -REASON_TRUNCATED;
	swap_macs(eth);
	ip->saddr = p->daddr;
	ip->daddr = p->saddr;
	word = (__u16 *)&ip->ttl;
	before = *word;
	ip->ttl = ICMP_TTL;
	diff = csum_diff2(before, *word);
	ip->check = csum_apply(ip->check, diff);
	icmp->type = ICMP_ECHOREPLY;
	icmp_adjust(icmp, csum_diff2(ICMP_ECHO, ICMP_ECHOREPLY));
	END(p, icmp_echo_replies);
	return XDP_TX;
}

#endif
