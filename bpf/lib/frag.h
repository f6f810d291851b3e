/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments (RFC 4787 REQ-14). The first one has the ports: it is translated as
 * any packet, and what was done is remembered by (addresses, id, protocol).
 * Later ones are translated by that. One that comes before the first is held
 * until that has come.
 *
 * Memory is bounded by the table, and each host by its budget: it counts
 * datagrams that were begun in this tick and are not finished, so a host with
 * whole datagrams has none in use, and one that floods first fragments takes
 * nothing from the others. What has been seen of a datagram is kept with it: no
 * fragment may overlap the first one, nor one of the usual same size, nor reach
 * beyond the last (RFC 1858, RFC 5722 section 3: hosts do not send such).
 */
#ifndef DAISY_FRAG_H
#define DAISY_FRAG_H

#include "budget.h"
#include "emit.h"
#include "hold.h"
#include "icmp_reply.h"
#include "ident.h"
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

static __always_inline __u32 fragment_payload(const struct packet *p)
{
	return p->tot_len - (p->l4 - p->l3);
}

/* What the first fragment becomes. host: whose datagram it is, a budget's slot. Returns 0 or minus a reason. */
static __always_inline int fragment_insert(const struct packet *p, struct daisy_fragment *value, __u32 host)
{
	struct daisy_fragment_key key;

	if (!budget_take(host, p->now, DAISY_UNFINISHED_DATAGRAMS))
		return -REASON_FRAGMENT_QUOTA;
	value->seen = p->now;
	value->first = fragment_payload(p);
	value->bytes = value->first;
	value->pieces = 1;
	value->budget = host;
	value->id = p->new_id;
	fragment_key(&key, p);
	value->key = key;
	if (bpf_map_update_elem(&fragments, &key, value, BPF_ANY))
		return -REASON_FRAGMENT_FULL;
	/*
	 * When the table is full, it takes back what nobody has looked up first: the
	 * datagrams on their way, and keeps the finished ones. Unless this one has been.
	 */
	return bpf_map_lookup_elem(&fragments, &key) ? 0 : -REASON_FRAGMENT_FULL;
}

/* The first fragment goes out: by its source and external address. */
STAGE int fragment_remember_out(const struct packet *p, __u32 saddr)
{
	struct daisy_fragment value = {};

	if (!p)
		return -REASON_FRAGMENT_FULL;
	value.link = p->link;
	__builtin_memcpy(value.saddr, &saddr, 4);
	__builtin_memcpy(value.daddr, &p->daddr, 4);
	return fragment_insert(p, &value, budget_slot(p->saddr, p->zone, BUDGET_FIRST_OUT));
}

/*
 * The first fragment goes in, perhaps back in: to an inside host (its endpoint
 * word) on a link. A stranger's flood is charged to whom it is for: strangers
 * forge their source.
 */
STAGE int fragment_remember_in(const struct packet *p, __u32 saddr, __u64 inside, __u32 link)
{
	struct daisy_fragment value = { .to_inside = 1, .link = link };
	__u32 daddr = inside, host;

	if (!p)
		return -REASON_FRAGMENT_FULL;
	__builtin_memcpy(value.saddr, &saddr, 4);
	__builtin_memcpy(value.daddr, &daddr, 4);
	host = p->outbound ? budget_slot(p->saddr, p->zone, BUDGET_FIRST_OUT)
			   : budget_slot(daddr, inside >> 48, BUDGET_FIRST_IN);
	return fragment_insert(p, &value, host);
}

/* The next hop's MTU holds the packet, or the daemon, which has it, will cut it? */
static __always_inline bool fits(const struct packet *p, const struct daisy_nexthop *nh)
{
	return likely(p->tot_len <= nh->mtu) || (p->replay && !(p->frag & IP_DF));
}

/*
 * Too big for the next link: with DF the sender is told (RFC 4787 REQ-13);
 * without, the daemon cuts the packet, since XDP cannot make two frames of one.
 */
STAGE int too_big(struct xdp_md *ctx, struct packet *p, __u16 mtu)
{
	struct icmp_reply r = {
		.type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED, .mtu = mtu, .reason = REASON_TOO_BIG,
		.end = __builtin_offsetof(struct daisy_counters, icmp_frag_needed),
	};

	if (!p)
		return -REASON_TOO_BIG;
	if (p->frag & IP_DF)
		return icmp_error_reply(ctx, p, &r);
	return hold(ctx, p, DAISY_HOLD_TOO_BIG) ?: -REASON_TOO_BIG;
}

/* What becomes of a later fragment. */
struct fragment_way {
	__u32 saddr;
	__u32 daddr;
	__u16 to_inside;
	__u16 link;
	__u32 id;
};

/*
 * Does a fragment of [from, from + len) go with what has been seen of its
 * datagram? Notes it. The element may change its owner meanwhile: then a note
 * is wrong in a datagram whose pieces will be refused, none is translated wrongly.
 */
static __always_inline int fragment_note(struct daisy_fragment *f, const struct packet *p)
{
	__u32 from = (p->frag & IP_OFFSET) * 8, len = fragment_payload(p), end = from + len;
	__u32 first = f->first, total = f->total, n;

	if (from < first || (total && end > total))
		return -REASON_FRAGMENT_OVERLAP;
	if (!(p->frag & IP_MF)) {
		if (total && end != total)
			return -REASON_FRAGMENT_OVERLAP;
		f->total = total = end;
	}
	if (first && from % first == 0) {
		n = from / first;
		if (n < 64 && __sync_fetch_and_or(&f->pieces, 1ULL << (n & 63)) & 1ULL << (n & 63))
			return -REASON_FRAGMENT_OVERLAP;
	}
	if (total && __sync_fetch_and_add(&f->bytes, len) + len >= total)
		budget_give(f->budget, p->now);
	else if (!total)
		__sync_fetch_and_add(&f->bytes, len);
	return 0;
}

/*
 * What was done with the first fragment, copied. The table takes back the
 * oldest element when it is full, perhaps while we read it: its new owner's key
 * is written before the rest, so if the key still stands after the copy, the
 * copy is of our datagram. A complete datagram is over: its id may come again.
 */
STAGE int fragment_find(const struct packet *p, struct fragment_way *way)
{
	struct daisy_conf *c = conf_get();
	struct daisy_fragment_key key;
	struct daisy_fragment *f;
	const __u64 *a, *b = (const __u64 *)&key;
	bool again;

	if (!p || !way || !c)
		return -REASON_FRAGMENT_ORPHAN;
	/* It was noted before it was found too big. */
	again = p->replay == 1 + DAISY_HOLD_TOO_BIG;
	fragment_key(&key, p);
	f = bpf_map_lookup_elem(&fragments, &key);
	if (!f || tick_age(p->now, f->seen) >= c->timer[DAISY_TIMER_FRAGMENT])
		return -REASON_FRAGMENT_ORPHAN;
	if (f->total && f->bytes >= f->total && !again)
		return -REASON_FRAGMENT_ORPHAN;
	way->saddr = *(__u32 *)f->saddr;
	way->daddr = *(__u32 *)f->daddr;
	way->to_inside = f->to_inside;
	way->link = f->link;
	way->id = f->id;
	barrier();
	a = (const __u64 *)&f->key;
	if (*(const volatile __u64 *)&a[0] != b[0] || *(const volatile __u64 *)&a[1] != b[1])
		return -REASON_FRAGMENT_ORPHAN;
	return again ? 0 : fragment_note(f, p);
}

/* Before its first one: held, unless from a stranger on the inside link. */
static __always_inline int fragment_orphan(struct xdp_md *ctx, struct packet *p)
{
	if (p->outbound && !inside_prefix(p->zone, p->saddr))
		return -REASON_NOT_INSIDE;
	return hold(ctx, p, DAISY_HOLD_FRAGMENT) ?: -REASON_FRAGMENT_ORPHAN;
}

/* A later fragment. */
STAGE int fragment_translate(struct xdp_md *ctx, struct packet *p)
{
	struct daisy_conf *c = conf_get();
	struct daisy_nexthop *nh;
	struct fragment_way way = {};
	struct iphdr *ip;
	int err;

	if (!p || !c)
		return -REASON_FRAGMENT_ORPHAN;
	err = fragment_find(p, &way);
	if (err)
		return err == -REASON_FRAGMENT_ORPHAN ? fragment_orphan(ctx, p) : err;
	if (way.to_inside) {
		__u32 link = way.link;
		struct daisy_link *l = bpf_map_lookup_elem(&links, &link);

		nh = route_inside_find(ctx, p, way.daddr, l ? l->zone : 0, link, &err);
	} else {
		nh = route_outside(ctx, c, p, way.saddr, &err);
	}
	if (!nh)
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (!fits(p, nh))
		return too_big(ctx, p, nh->mtu);
	ip = packet_at(ctx, p->l3, IP_LEN);
	if (!ip)
		return -REASON_TRUNCATED;
	rewrite_addrs(ip, way.saddr, way.daddr);
	ident_put(ip, way.id);
	END(p, fragments);
	return emit(ctx, p, nh);
}

#endif
