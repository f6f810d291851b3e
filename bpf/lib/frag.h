/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments (RFC 4787 REQ-14). The first one has the ports: it is translated as
 * any packet, and what was done is remembered by (addresses, id, protocol).
 * Later ones are translated by that. One that comes before the first is refused.
 */
#ifndef DAISY_FRAG_H
#define DAISY_FRAG_H

#include "emit.h"
#include "icmp_reply.h"
#include "rewrite.h"
#include "route.h"

static __always_inline void fragment_key(struct daisy_fragment_key *key, const struct packet *p)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->saddr, &p->saddr, 4);
	__builtin_memcpy(key->daddr, &p->daddr, 4);
	key->id = p->id;
	key->zone = p->outbound ? p->zone : 0;
	key->proto = p->proto;
	key->outbound = p->outbound;
}

/* What the first fragment becomes. Returns 0 or minus a reason. */
STAGE int fragment_remember(const struct packet *p, __u32 saddr, __u32 daddr, bool to_inside, __u32 link)
{
	struct daisy_fragment value = { .to_inside = to_inside, .link = link };
	struct daisy_fragment_key key;

	if (!p)
		return -REASON_FRAGMENT_FULL;
	value.seen = p->now;
	__builtin_memcpy(value.saddr, &saddr, 4);
	__builtin_memcpy(value.daddr, &daddr, 4);
	fragment_key(&key, p);
	value.key = key;
	return bpf_map_update_elem(&fragments, &key, &value, BPF_ANY) ? -REASON_FRAGMENT_FULL : 0;
}

/*
 * Too big for the next link: with DF the sender is told (RFC 4787 REQ-13);
 * without, the packet is refused, since XDP cannot make two frames of one.
 */
STAGE int too_big(struct xdp_md *ctx, struct packet *p, __u16 mtu)
{
	struct icmp_reply r = {
		.type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED, .mtu = mtu, .reason = REASON_TOO_BIG,
		.end = __builtin_offsetof(struct daisy_counters, icmp_frag_needed),
	};

	if (!p)
		return -REASON_TOO_BIG;
	return p->frag & IP_DF ? icmp_error_reply(ctx, p, &r) : -REASON_TOO_BIG;
}

/*
 * What was done with the first fragment, copied. The table takes back the
 * oldest element when it is full, perhaps while we read it: its new owner's key
 * is written before the rest, so if the key still stands after the copy, the
 * copy is of our datagram.
 */
static __always_inline bool fragment_find(const struct packet *p, struct daisy_fragment *copy)
{
	struct daisy_fragment_key key;
	const struct daisy_fragment *f;
	const __u64 *a, *b = (const __u64 *)&key;

	fragment_key(&key, p);
	f = bpf_map_lookup_elem(&fragments, &key);
	if (!f)
		return false;
	*copy = *f;
	barrier();
	a = (const __u64 *)&f->key;
	return *(const volatile __u64 *)&a[0] == b[0] && *(const volatile __u64 *)&a[1] == b[1];
}

/* A later fragment. */
STAGE int fragment_translate(struct xdp_md *ctx, struct packet *p)
{
	struct daisy_conf *c = conf_get();
	struct daisy_nexthop *nh;
	struct daisy_fragment f;
	__u32 saddr, daddr;
	struct iphdr *ip;
	int err = 0;

	if (!p || !c)
		return -REASON_FRAGMENT_ORPHAN;
	if (!fragment_find(p, &f) || tick_age(p->now, f.seen) >= c->timer[DAISY_TIMER_FRAGMENT])
		return -REASON_FRAGMENT_ORPHAN;
	__builtin_memcpy(&saddr, f.saddr, 4);
	__builtin_memcpy(&daddr, f.daddr, 4);
	if (f.to_inside) {
		__u32 link = f.link;
		struct daisy_link *l = bpf_map_lookup_elem(&links, &link);

		nh = route_inside_find(ctx, p, daddr, l ? l->zone : 0, link, &err);
	} else {
		nh = route_outside(ctx, c, p, saddr, &err);
	}
	if (!nh)
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (p->tot_len > nh->mtu)
		return too_big(ctx, p, nh->mtu);
	ip = packet_at(ctx, p->l3, IP_LEN);
	if (!ip)
		return -REASON_TRUNCATED;
	rewrite_addrs(ip, saddr, daddr);
	END(p, fragments);
	return emit(ctx, p, nh);
}

#endif
