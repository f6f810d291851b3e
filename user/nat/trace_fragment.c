/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bpf/lib/parse.h and bpf/lib/frag.h would say of options and fragments. */
#include <arpa/inet.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/extent.h"	/* of bpf/ */
#include "nat/internal.h"
#include "nat/tracing.h"

#define IP_LONGEST 65535

/* Beside the classes of held packets, what a share is of (bpf/lib/budget.h). */
#define BUDGET_FIRST_OUT DAISY_HOLD_CLASSES_MAX
#define BUDGET_FIRST_IN (DAISY_HOLD_CLASSES_MAX + 1)
#define BUDGET_FIRST_OF (DAISY_HOLD_CLASSES_MAX + 3)

/* Knuth's multiplier, as in bpf/lib/frag.h. */
#define PAIR_HASH 0x9e3779b1u

int daisy_trace_header(const struct daisy_tracing *t)
{
	const struct daisy_trace_packet *p = t->packet;
	int payload = p->size - IP_HEADER - p->options;

	if (payload < 0)
		return -REASON_BAD_HEADER;
	if (p->source_route)
		return -REASON_SOURCE_ROUTE;
	if (p->offset + payload > IP_LONGEST - IP_HEADER)
		return -REASON_BAD_HEADER;
	if ((p->more || p->offset) && (!payload || (p->more && payload & 7)))
		return -REASON_BAD_HEADER;
	return 0;
}

bool daisy_trace_spent(const struct daisy_tracing *t, struct in_addr addr, uint32_t zone, uint32_t what,
		       uint32_t limit)
{
	uint64_t word = addr.s_addr | (uint64_t)what << 32 | (uint64_t)zone << 48;
	uint32_t slot = (uint32_t)(word * t->conf->hash_key[1] >> (64 - DAISY_BUDGET_BITS));
	struct daisy_budget budget;

	return daisy_trace_look_up(t, "budgets", &slot, &budget) && budget.tick == t->now &&
	       budget.count >= limit;
}

/* Towards the inside the datagram counts for its receiver, and for its sender towards that one. */
static bool spent_inbound(const struct daisy_tracing *t)
{
	struct in_addr to = t->trace->daddr;
	struct in_addr pair = { t->packet->saddr.s_addr ^ to.s_addr * PAIR_HASH };

	return daisy_trace_spent(t, pair, t->to_zone, BUDGET_FIRST_OF, DAISY_UNFINISHED_OF_SENDER) ||
	       daisy_trace_spent(t, to, t->to_zone, BUDGET_FIRST_IN, DAISY_UNFINISHED_DATAGRAMS);
}

int daisy_trace_remember(struct daisy_tracing *t)
{
	bool spent = t->from_inside ? daisy_trace_spent(t, t->packet->saddr, t->link->zone, BUDGET_FIRST_OUT,
							DAISY_UNFINISHED_DATAGRAMS) : spent_inbound(t);

	daisy_trace_say(t, "fragment", "the first of its datagram: %s", spent ?
			"its host has left as many unfinished in this second as it may" :
			"remembered, so that the others follow it");
	return spent ? -REASON_FRAGMENT_QUOTA : 0;
}

static bool look_up(const struct daisy_tracing *t, struct daisy_fragment *f)
{
	struct daisy_fragment_key key = {
		.id = htons(t->packet->id), .zone = t->from_inside ? t->link->zone : 0,
		.proto = t->packet->proto, .outbound = t->from_inside,
	};

	memcpy(key.saddr, &t->packet->saddr, sizeof(key.saddr));
	memcpy(key.daddr, &t->packet->daddr, sizeof(key.daddr));
	return daisy_trace_look_up(t, "fragments", &key, f) &&
	       daisy_tick_age(t->now, f->seen) < t->conf->timer[DAISY_TIMER_FRAGMENT];
}

/* Does it contradict what has been seen of its datagram? */
static bool overlaps(const struct daisy_trace_packet *p, const struct daisy_fragment *f)
{
	uint32_t len = (uint32_t)(p->size - IP_HEADER - p->options), end = p->offset + len, n;
	uint64_t extent = extent_add(f->extent, p->offset / 8, (end + 7) / 8);

	if (f->total && (end > f->total || (!p->more && end != f->total)))
		return true;
	if (!extent || f->bytes + len > extent_end(extent) * 8 ||
	    (!p->more && extent_end(f->extent) * 8 > end))
		return true;
	if (!f->first || p->offset % f->first)
		return false;
	n = p->offset / f->first;
	return n < 64 && f->pieces >> n & 1;
}

static void orphan(struct daisy_tracing *t)
{
	daisy_trace_say(t, "fragment", "no first one of its datagram has been forwarded, or it is complete");
	if (t->from_inside && !daisy_trace_inside(t, t->packet->saddr))
		daisy_trace_drop(t, REASON_NOT_INSIDE);
	else
		daisy_trace_hold(t, DAISY_HOLD_FRAGMENT, REASON_FRAGMENT_ORPHAN);
}

/* The way of the first one. */
static void follow(struct daisy_tracing *t, const struct daisy_fragment *f)
{
	struct daisy_mapping end = { .link = f->link };
	struct daisy_trace_hop hop;
	int err;

	daisy_trace_say(t, "fragment", "follows the first one of its datagram, %u bytes of which were seen",
			f->bytes);
	memcpy(&t->trace->saddr, f->saddr, sizeof(f->saddr));
	memcpy(&t->trace->daddr, f->daddr, sizeof(f->daddr));
	t->trace->new_id = f->id != htons(t->packet->id);
	if (t->trace->new_id)
		daisy_trace_say(t, "id", "the first one's, %u", ntohs(f->id));
	end.inside.zone = f->link < DAISY_MAX_LINKS ? t->inst->links[f->link].zone : 0;
	memcpy(end.inside.addr, f->daddr, sizeof(f->daddr));
	err = f->to_inside ? daisy_trace_inside_hop(t, &end, &hop) :
			     daisy_trace_outside(t, t->trace->saddr, &hop);
	if (err)
		daisy_trace_drop(t, -err);
	else
		daisy_trace_leave(t, &hop, COUNTER_fragments);
}

void daisy_trace_fragment(struct daisy_tracing *t)
{
	const struct daisy_trace_packet *p = t->packet;
	bool again = p->replay == 1 + DAISY_HOLD_TOO_BIG;	/* then it was noted before */
	struct daisy_fragment f;

	if (p->ttl <= 1)
		daisy_trace_drop(t, REASON_TTL);
	else if (!look_up(t, &f) || (f.total && f.bytes >= f.total && !again))
		orphan(t);
	else if (!again && overlaps(p, &f))
		daisy_trace_drop(t, REASON_FRAGMENT_OVERLAP);
	else
		follow(t, &f);
}
