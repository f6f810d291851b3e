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
 * nothing from the others. A complete datagram leaves the table at once. What has
 * been seen of a datagram is kept with it: fragments may not overlap, nor reach
 * beyond the last one (RFC 1858, RFC 5722 section 3: hosts do not send such).
 * With several holes at a time an overlap of pieces of odd sizes may pass; then
 * the datagram has more bytes than room before it is complete, and never is.
 */
#ifndef DAISY_FRAG_H
#define DAISY_FRAG_H

#include "budget.h"
#include "emit.h"
#include "extent.h"
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

/* Both of the datagram's budgets. */
static __always_inline bool fragment_take(const struct daisy_fragment *value, __u32 now)
{
	if (value->sender != value->budget &&
	    !budget_take(value->sender, now, DAISY_UNFINISHED_OF_SENDER))
		return false;
	if (budget_take(value->budget, now, DAISY_UNFINISHED_DATAGRAMS))
		return true;
	if (value->sender != value->budget)
		budget_give(value->sender, now);
	return false;
}

/* What the first fragment becomes. Returns 0 or minus a reason. */
static __always_inline int fragment_insert(const struct packet *p, struct daisy_fragment *value)
{
	__u32 first = fragment_payload(p);

	if (!fragment_take(value, p->now))
		return -REASON_FRAGMENT_QUOTA;
	value->seen = p->now;
	value->first = first;
	value->bytes = first;
	value->pieces = 1;
	value->extent = extent_word(first / 8, 0, 0, first / 8);
	value->id = p->new_id;
	fragment_key(&value->key, p);
	if (bpf_map_update_elem(&fragments, &value->key, value, BPF_ANY))
		return -REASON_FRAGMENT_FULL;
	/*
	 * When the table is full, it takes back what nobody has looked up first: the
	 * datagrams on their way. Unless this one has been.
	 */
	return bpf_map_lookup_elem(&fragments, &value->key) ? 0 : -REASON_FRAGMENT_FULL;
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
	value.budget = budget_slot(p->saddr, p->zone, BUDGET_FIRST_OUT);
	value.sender = value.budget;
	return fragment_insert(p, &value);
}

/*
 * The first fragment goes in, perhaps back in: to an inside host (its endpoint
 * word) on a link. A stranger's flood is charged to whom it is for, since
 * strangers forge their source; and to both, so that one who does not forge it
 * leaves the others their half.
 */
STAGE int fragment_remember_in(const struct packet *p, __u32 saddr, __u64 inside, __u32 link)
{
	struct daisy_fragment value = { .to_inside = 1, .link = link };
	__u32 daddr = inside, zone = inside >> 48;

	if (!p)
		return -REASON_FRAGMENT_FULL;
	__builtin_memcpy(value.saddr, &saddr, 4);
	__builtin_memcpy(value.daddr, &daddr, 4);
	if (p->outbound) {
		value.budget = budget_slot(p->saddr, p->zone, BUDGET_FIRST_OUT);
		value.sender = value.budget;
	} else {
		value.budget = budget_slot(daddr, zone, BUDGET_FIRST_IN);
		/* Knuth's multiplier: neighbours of the one and of the other do not meet. */
		value.sender = budget_slot(p->saddr ^ daddr * 0x9e3779b1u, zone, BUDGET_FIRST_OF);
	}
	return fragment_insert(p, &value);
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
	__u16 id;
	__u16 complete;		/* the datagram, with this one */
};

/* Other CPUs may note other pieces meanwhile; what none of them finds in its way is not kept. */
#define EXTENT_TRIES 4

/* Note [from, end) of a datagram, or refuse it. */
static __always_inline int fragment_extend(struct daisy_fragment *f, __u32 from, __u32 end, bool last)
{
	__u64 old, fresh;

	for (int i = 0; i < EXTENT_TRIES; i++) {
		old = *(volatile __u64 *)&f->extent;
		if (last && extent_end(old) * 8 > end)
			return -REASON_FRAGMENT_OVERLAP;
		fresh = extent_add(old, from / 8, (end + 7) / 8);
		/* More bytes than there is room for: an overlap behind a hole. */
		if (!fresh || *(volatile __u32 *)&f->bytes + (end - from) > extent_end(fresh) * 8)
			return -REASON_FRAGMENT_OVERLAP;
		if (__sync_val_compare_and_swap(&f->extent, old, fresh) == old)
			return 0;
	}
	return 0;
}

/*
 * Does a fragment of [from, from + len) go with what has been seen of its
 * datagram? Notes it. The element may change its owner meanwhile: then a note
 * is wrong in a datagram whose pieces will be refused, none is translated wrongly.
 */
static __always_inline int fragment_note(struct daisy_fragment *f, const struct packet *p, struct fragment_way *way)
{
	__u32 from = (p->frag & IP_OFFSET) * 8, len = fragment_payload(p), end = from + len, sum, n;
	__u32 first = f->first, total = f->total;
	bool last = !(p->frag & IP_MF);
	int err;

	if (total && (end > total || (last && end != total)))
		return -REASON_FRAGMENT_OVERLAP;
	err = fragment_extend(f, from, end, last);
	if (err)
		return err;
	/* Pieces of the usual same size are known one by one, in any order. */
	if (first && from % first == 0) {
		n = from / first;
		if (n < 64 && __sync_fetch_and_or(&f->pieces, 1ULL << (n & 63)) & 1ULL << (n & 63))
			return -REASON_FRAGMENT_OVERLAP;
	}
	if (last)
		*(volatile __u16 *)&f->total = end;
	sum = __sync_fetch_and_add(&f->bytes, len) + len;
	total = *(volatile __u16 *)&f->total;
	if (!total || sum < total)
		return 0;
	way->complete = 1;
	budget_give(f->budget, p->now);
	if (f->sender != f->budget)
		budget_give(f->sender, p->now);
	return 0;
}

/*
 * What was done with the first fragment, copied. The table takes back the
 * oldest element when it is full, perhaps while we read it: its new owner's key
 * is written before the rest, so if the key still stands after the copy, the
 * copy is of our datagram. A complete datagram is over: its id may come again.
 * It is still there if a piece of it waits to be cut, and only that is let through.
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
	return again ? 0 : fragment_note(f, p, way);
}

/* Before its first one: held, unless from a stranger on the inside link. */
static __always_inline int fragment_orphan(struct xdp_md *ctx, struct packet *p)
{
	if (p->outbound && !inside_prefix(p->zone, p->saddr))
		return -REASON_NOT_INSIDE;
	return hold(ctx, p, DAISY_HOLD_FRAGMENT) ?: -REASON_FRAGMENT_ORPHAN;
}

/*
 * A piece of a datagram goes to be cut (by = 1), is back (-1), or completes it
 * (0). Complete and not waited for, it leaves the table, to others' use.
 */
STAGE int fragment_settle(const struct packet *p, int by)
{
	struct daisy_fragment_key key;
	struct daisy_fragment *f;

	if (!p)
		return 0;
	fragment_key(&key, p);
	f = bpf_map_lookup_elem(&fragments, &key);
	if (!f)
		return 0;
	if (by > 0)
		__sync_fetch_and_add(&f->waiting, 1);
	else if (by < 0 && f->waiting)
		__sync_fetch_and_add(&f->waiting, -1);
	if (f->total && f->bytes >= f->total && !*(volatile __u32 *)&f->waiting)
		bpf_map_delete_elem(&fragments, &key);
	return 0;
}

/* A later fragment goes the first one's way. */
static __always_inline int fragment_send(struct xdp_md *ctx, struct packet *p, const struct fragment_way *way,
					 bool *held)
{
	struct daisy_conf *c = conf_get();
	struct daisy_nexthop *nh;
	struct iphdr *ip;
	int err = 0;

	if (!c)
		return -REASON_NO_ROUTE;
	if (way->to_inside) {
		__u32 link = way->link;
		struct daisy_link *l = bpf_map_lookup_elem(&links, &link);

		nh = route_inside_find(ctx, p, way->daddr, l ? l->zone : 0, link, &err);
	} else {
		nh = route_outside(ctx, c, p, way->saddr, &err);
	}
	if (!nh)
		return err < 0 ? err : -REASON_UNRESOLVED;
	if (!fits(p, nh)) {
		err = too_big(ctx, p, nh->mtu);
		*held = err == XDP_REDIRECT;
		return err;
	}
	ip = packet_at(ctx, p->l3, IP_LEN);
	if (!ip)
		return -REASON_TRUNCATED;
	rewrite_addrs(ip, way->saddr, way->daddr);
	ident_put(ip, way->id);
	END(p, fragments);
	return emit(ctx, p, nh);
}

/* A later fragment. */
STAGE int fragment_translate(struct xdp_md *ctx, struct packet *p)
{
	struct fragment_way way = {};
	bool held = false;
	int verdict;

	if (!p)
		return -REASON_FRAGMENT_ORPHAN;
	verdict = fragment_find(p, &way);
	if (verdict)
		return verdict == -REASON_FRAGMENT_ORPHAN ? fragment_orphan(ctx, p) : verdict;
	verdict = fragment_send(ctx, p, &way, &held);
	if (unlikely(held))
		fragment_settle(p, 1);
	else if (p->replay == 1 + DAISY_HOLD_TOO_BIG)
		fragment_settle(p, -1);
	else if (way.complete)
		fragment_settle(p, 0);
	return verdict;
}

#endif
