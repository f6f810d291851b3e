/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Next hops. Towards the outside: a static one, else the one remembered for the
 * destination, else what the kernel's FIB says. Towards the inside: the one
 * remembered for the host, else a static one of its link, else the FIB.
 * Remembered ones hold for the current epoch, and only while the daemon, which
 * raises it when a route or a neighbour changes, is alive.
 */
#ifndef DAISY_ROUTE_H
#define DAISY_ROUTE_H

#include "clock.h"
#include "count.h"
#include "event.h"
#include "packet.h"

#define ROUTE_FIB_ANSWER 0	/* the next hop stands in fib_answer */

struct route_query {
	__u32 daddr;
	__u32 saddr;
	__u32 link;		/* ingress, or the inside link the answer must leave by */
	__u32 to_inside;
	__u32 by_link;		/* 1: look only at routes of that link (zones that share addresses) */
	__u32 now;
};

static __always_inline __u32 route_slot(__u32 daddr)
{
	return (daddr * 0x9e3779b1u) >> 16 & (DAISY_ROUTE_CACHE - 1);
}

static __always_inline __u64 route_word(__u16 epoch, __u16 nexthop, __u32 daddr)
{
	return (__u64)epoch << 48 | (__u64)nexthop << 32 | daddr;
}

/* Where the next hop of a host behind an inside link is remembered. */
static __always_inline union daisy_inside_route *inside_route(__u32 daddr, __u32 link)
{
	__u32 slot = route_slot(daddr + link);

	return bpf_map_lookup_elem(&inside_routes, &slot);
}

/* The word of a next hop that holds in this epoch. */
static __always_inline __u64 inside_route_word(__u16 epoch, __u32 link, __u16 nexthop, __u32 daddr)
{
	return (__u64)(epoch & 0xff) << 56 | (__u64)(link & 0xff) << 48 | (__u64)nexthop << 32 | daddr;
}

#define INSIDE_ROUTE_NEXTHOP (0xffffULL << 32)

/* The number remembered for a host in this epoch, 0 if none is. */
static __always_inline __u32 inside_route_number(const union daisy_inside_route *r, __u16 epoch,
						 __u32 link, __u32 daddr)
{
	__u64 word = *(const volatile __u64 *)&r->word;

	return (word & ~INSIDE_ROUTE_NEXTHOP) == inside_route_word(epoch, link, 0, daddr)
		       ? word >> 32 & 0xffff : 0;
}

static __always_inline bool side_fits(__u32 side, bool to_inside)
{
	return side == SIDE_BOTH || side == (to_inside ? SIDE_INSIDE : SIDE_OUTSIDE);
}

/* Our link with this L3 interface, -1 if none. */
STAGE int link_by_ifindex(__u32 ifindex)
{
	for (__u32 i = 0; i < DAISY_MAX_LINKS; i++) {
		__u32 k = i;
		struct daisy_link *l = bpf_map_lookup_elem(&links, &k);

		if (l && l->ifindex == ifindex && l->side != SIDE_NONE)
			return i;
	}
	return -1;
}

/* Fill fib_answer. Returns 0 or minus a reason. */
STAGE int route_answer(const struct bpf_fib_lookup *f, bool to_inside)
{
	struct daisy_nexthop *a;
	struct daisy_link *l;
	__u32 zero = 0, n;
	int number;

	if (!f)
		return -REASON_NO_ROUTE;
	number = link_by_ifindex(f->ifindex);
	a = bpf_map_lookup_elem(&fib_answer, &zero);
	if (number < 0 || !a)
		return -REASON_NO_ROUTE;
	n = number;
	l = bpf_map_lookup_elem(&links, &n);
	if (!l || !side_fits(l->side, to_inside))
		return -REASON_NO_ROUTE;
	__builtin_memcpy(a->dmac, f->dmac, 6);
	__builtin_memcpy(a->smac, l->mac, 6);
	a->link = n;
	a->mtu = l->mtu;
	a->n_tags = l->n_tags;
	a->tag[0] = l->tag[0];
	a->tag[1] = l->tag[1];
	a->state = NEXTHOP_RESOLVED;
	return 0;
}

STAGE int route_unresolved(struct xdp_md *ctx, const struct bpf_fib_lookup *f, __u32 now)
{
	struct daisy_event e = {
		.kind = EVENT_UNRESOLVED, .tick = now, .reason = REASON_UNRESOLVED,
	};

	if (!f)
		return -REASON_UNRESOLVED;
	e.ifindex = f->ifindex;
	__builtin_memcpy(e.inside.addr, &f->ipv4_dst, 4);
	event_send(ctx, &e);
	return -REASON_UNRESOLVED;
}

/*
 * Ask the kernel's FIB. Returns the number of the next hop, ROUTE_FIB_ANSWER, or
 * minus a reason.
 */
STAGE int route_find(struct xdp_md *ctx, struct route_query *q)
{
	struct bpf_fib_lookup f = { .family = 2 /* AF_INET */ };
	struct daisy_neighbour_key key = {};
	struct daisy_link *l;
	__u32 link, *number;
	long err;

	if (!q)
		return -REASON_NO_ROUTE;
	COUNT(route_misses);
	link = q->link;
	l = bpf_map_lookup_elem(&links, &link);
	if (!l)
		return -REASON_NO_ROUTE;
	f.ifindex = l->ifindex;
	f.ipv4_dst = q->daddr;
	f.ipv4_src = q->saddr;
	err = bpf_fib_lookup(ctx, &f, sizeof(f), q->by_link ? BPF_FIB_LOOKUP_OUTPUT : 0);
	if (err == BPF_FIB_LKUP_RET_NO_NEIGH)
		return route_unresolved(ctx, &f, q->now);
	if (err)
		return -REASON_NO_ROUTE;
	key.ifindex = f.ifindex;
	__builtin_memcpy(key.addr, &f.ipv4_dst, 4);
	number = bpf_map_lookup_elem(&neighbours, &key);
	err = route_answer(&f, q->to_inside);
	if (err)
		return err;
	return number && *number < DAISY_MAX_NEXTHOPS ? (int)*number : ROUTE_FIB_ANSWER;
}

static __always_inline struct daisy_nexthop *nexthop_get(__u32 number)
{
	struct daisy_nexthop *n = bpf_map_lookup_elem(&nexthops, &number);

	return n && n->state == NEXTHOP_RESOLVED ? n : NULL;
}

/* The next hop that route_find named. */
static __always_inline struct daisy_nexthop *route_nexthop(int found)
{
	__u32 zero = 0;

	if (found > ROUTE_FIB_ANSWER) {
		struct daisy_nexthop *n = nexthop_get(found);

		if (n)
			return n;
	}
	return bpf_map_lookup_elem(&fib_answer, &zero);
}

/* Next hop towards the outside; NULL with *err, minus a reason. */
static __always_inline struct daisy_nexthop *route_outside(struct xdp_md *ctx,
							   const struct daisy_conf *c,
							   const struct packet *p, __u32 saddr,
							   int *err)
{
	struct route_query q;
	struct daisy_nexthop *n;
	union daisy_route *r;
	__u32 slot;
	__u64 word;
	__u16 epoch;
	int found;

	slot = route_slot(p->daddr);
	r = bpf_map_lookup_elem(&routes, &slot);
	if (!r) {
		*err = -REASON_NO_ROUTE;
		return NULL;
	}
	if (c->static_nexthop) {
		*err = -REASON_UNRESOLVED;
		if (!p->unremembered)
			*(volatile __u64 *)&r->word = route_word(c->nexthop_epoch, c->static_nexthop, p->daddr);
		return nexthop_get(c->static_nexthop);
	}
	word = *(volatile __u64 *)&r->word;
	if (likely((__u32)word == p->daddr && word >> 48 == c->nexthop_epoch && !p->stale)) {
		n = nexthop_get(word >> 32 & 0xffff);
		if (likely(n))
			return n;
	}
	q = (struct route_query){
		.daddr = p->daddr, .saddr = saddr, .link = p->link, .now = p->now,
	};
	epoch = c->nexthop_epoch;	/* before the look: a change during it makes the entry stale */
	found = route_find(ctx, &q);
	*err = found;
	if (found < 0)
		return NULL;
	if (found > ROUTE_FIB_ANSWER && !p->unremembered)
		*(volatile __u64 *)&r->word = route_word(epoch, found, p->daddr);
	return route_nexthop(found);
}

/* Next hop towards an inside address behind link `link`, not remembered anywhere. */
static __always_inline struct daisy_nexthop *route_inside_find(struct xdp_md *ctx,
							       const struct packet *p, __u32 daddr,
							       __u32 zone, __u32 link, int *found)
{
	struct daisy_link *l = bpf_map_lookup_elem(&links, &link);
	struct route_query q = { .daddr = daddr, .saddr = p->saddr, .link = p->link,
				 .to_inside = 1, .now = p->now };

	if (!l) {
		*found = -REASON_NO_ROUTE;
		return NULL;
	}
	if (l->static_nexthop) {
		*found = l->static_nexthop;
		return nexthop_get(l->static_nexthop);
	}
	/* Zones may share addresses: only the routes of its own link lead to this one. */
	if (zone) {
		q.link = link;
		q.by_link = 1;
	}
	*found = route_find(ctx, &q);
	return *found < 0 ? NULL : route_nexthop(*found);
}

/* Next hop towards the inside endpoint of a mapping; NULL with *err, minus a reason. */
static __always_inline struct daisy_nexthop *route_inside(struct xdp_md *ctx,
							  const struct daisy_conf *c,
							  const struct packet *p,
							  struct daisy_mapping *m, int *err)
{
	union daisy_endpoint in = { .word = m->inside.word };
	__u32 daddr = (__u32)in.word, link = m->link, number;
	union daisy_inside_route *r = inside_route(daddr, link);
	__u16 epoch = c->nexthop_epoch;
	struct daisy_nexthop *n;

	number = r && !p->stale ? inside_route_number(r, epoch, link, daddr) : 0;
	if (likely(number)) {
		n = nexthop_get(number);
		if (likely(n))
			return n;
	}
	n = route_inside_find(ctx, p, daddr, in.zone, link, err);
	if (!n) {
		if (*err >= 0)
			*err = -REASON_UNRESOLVED;
		return NULL;
	}
	/* Number and epoch are one word: nobody sees one without the other. */
	if (r && *err > ROUTE_FIB_ANSWER)
		*(volatile __u64 *)&r->word = inside_route_word(epoch, link, *err, daddr);
	return n;
}

#endif
