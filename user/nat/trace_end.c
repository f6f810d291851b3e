/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ends of a trace: dropped, answered, held, or forwarded. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "nat/internal.h"
#include "nat/tracing.h"

/* A text that does not fit is cut: it is for people. */
void daisy_trace_say(struct daisy_tracing *t, const char *stage, const char *fmt, ...)
{
	struct daisy_trace *trace = t->trace;
	struct daisy_trace_step *step;
	va_list args;

	if (trace->n_steps == DAISY_TRACE_STEPS)
		return;
	step = &trace->step[trace->n_steps++];
	step->stage = stage;
	va_start(args, fmt);
	vsnprintf(step->text, sizeof(step->text), fmt, args);
	va_end(args);
}

void daisy_trace_drop(struct daisy_tracing *t, int reason)
{
	static const struct {
		const char *name, *help;
	} reasons[DAISY_N_REASONS] = {
#define X(num, sym, name, help) [num] = { name, help },
		DAISY_REASONS(X)
#undef X
	};

	t->trace->end = TRACE_DROP;
	t->trace->reason = reason;
	t->trace->counter = reasons[reason].name;
	t->trace->why = reasons[reason].help;
}

void daisy_trace_finish(struct daisy_tracing *t, enum daisy_trace_end how,
			enum daisy_trace_counter counter)
{
	static const struct {
		const char *name, *help;
	} counters[] = {
#define X(name, help) { #name, help },
		DAISY_COUNTERS(X)
#undef X
	};

	t->trace->end = how;
	t->trace->counter = counters[counter].name;
	t->trace->why = counters[counter].help + strlen("(end) ");
}

/* May an ICMP error go back? Not about a later fragment, and the link needs an address to send it from. */
static bool may_answer(const struct daisy_tracing *t)
{
	static const uint8_t none[4];
	bool query = t->packet->icmp_type == ECHO || t->packet->icmp_type == ECHO_REPLY ||
		     t->packet->icmp_type == TIMESTAMP || t->packet->icmp_type == TIMESTAMP_REPLY;

	return !t->packet->offset && memcmp(t->link->addr, none, sizeof(none)) &&
	       (t->packet->proto != IPPROTO_ICMP || query);
}

/* Struct daisy_icmp_tokens of bpf/maps.h. */
struct tokens {
	uint64_t last_ns;
	uint64_t left;
};

/* CPUs that have no more than `spare` errors left to send in this second. */
static unsigned int n_out_of_tokens(const struct daisy_tracing *t, uint32_t spare, unsigned int n_cpus)
{
	uint64_t now = daisy_clock_ns(t->conf->clock_offset_ns);
	struct tokens *all = calloc(n_cpus, sizeof(*all));
	unsigned int n_out = 0;
	uint32_t zero = 0;

	if (!all || !daisy_trace_look_up(t, "icmp_tokens", &zero, all))
		n_cpus = 0;
	for (unsigned int i = 0; i < n_cpus; i++) {
		uint64_t left = now - all[i].last_ns >= DAISY_NS_PER_S ? t->conf->icmp_rate : all[i].left;

		n_out += left <= spare;
	}
	free(all);
	return n_out;
}

/* Is an ICMP error that we owe sent? The last `spare` of a second are for others. */
static bool has_token(struct daisy_tracing *t, const char *error, uint32_t spare)
{
	int n_cpus = libbpf_num_possible_cpus();
	unsigned int n_out = n_cpus > 0 ? n_out_of_tokens(t, spare, (unsigned int)n_cpus) : 0;

	if (!t->conf->icmp_rate)
		return false;
	daisy_trace_say(t, "answer", "ICMP %s, back by the same link, at most %u a second on each CPU; %u of "
			"%d have none left now", error, t->conf->icmp_rate - spare, n_out, n_cpus);
	t->trace->withheld = n_out;
	return (int)n_out < n_cpus;
}

void daisy_trace_owe(struct daisy_tracing *t, enum daisy_trace_counter counter, int refused)
{
	const char *error = counter == COUNTER_icmp_frag_needed ? "Fragmentation Needed" : "Time Exceeded";

	if (!may_answer(t))
		daisy_trace_drop(t, refused);
	else if (has_token(t, error, 0))
		daisy_trace_finish(t, TRACE_ANSWER, counter);
	else
		daisy_trace_drop(t, REASON_ICMP_RATE);
}

/* Refused, and its sender told within half of the rate. */
static void refuse_and_tell(struct daisy_tracing *t, int reason)
{
	daisy_trace_drop(t, reason);
	if (may_answer(t) && has_token(t, "Destination Unreachable", t->conf->icmp_rate / 2))
		t->trace->end = TRACE_ANSWER;
}

/* The sender is told, unless waiting would not help (RFC 6888 REQ-11). */
void daisy_trace_refuse(struct daisy_tracing *t, int reason)
{
	if (reason == REASON_NOT_INSIDE || reason == REASON_TCP_NO_SYN ||
	    t->conf->exhaustion == EXHAUSTION_SILENT)
		daisy_trace_drop(t, reason);
	else
		refuse_and_tell(t, reason);
}

void daisy_trace_time_exceeded(struct daisy_tracing *t)
{
	daisy_trace_say(t, "ttl", "%u: not to be forwarded", t->packet->ttl);
	daisy_trace_owe(t, COUNTER_icmp_time_exceeded, REASON_TTL);
}

static const struct {
	uint32_t of_queue, of_source, of_all;
} quotas[DAISY_N_HOLD_CLASSES] = {
#define X(sym, quota, source, total, help) [DAISY_HOLD_##sym] = { quota, source, total },
	DAISY_HOLD_CLASSES(X)
#undef X
};

static const struct {
	enum daisy_trace_counter counter;
	const char *text;
} waits[DAISY_N_HOLD_CLASSES] = {
	[DAISY_HOLD_FRAGMENT] = { COUNTER_held_fragments,
				  "waits at most two seconds for the first fragment of its datagram" },
	[DAISY_HOLD_TOO_BIG] = { COUNTER_held_too_big,
				 "goes to the daemon to be cut, which has it judged again at once" },
	[DAISY_HOLD_SYN] = { COUNTER_held_syns,
			     "waits six seconds for the inside to open the same connection" },
};

/* Has the class had its share for this second? */
static bool class_spent(const struct daisy_tracing *t, enum daisy_hold_class class)
{
	uint32_t slot = DAISY_BUDGETS_HASHED + class;
	struct daisy_budget budget;

	return daisy_trace_look_up(t, "budgets", &slot, &budget) && budget.tick == t->now &&
	       budget.count >= quotas[class].of_all;
}

/* Have all queues of the device as many packets on their way to the daemon as they may? */
static bool rings_full(const struct daisy_tracing *t, enum daisy_hold_class class)
{
	for (uint32_t queue = 0; queue < t->packet->hold_queues; queue++) {
		const struct daisy_hold_ring *ring =
			&t->inst->hold_rings[daisy_hold_key(t->link->device, queue, class)];
		uint32_t sent = __atomic_load_n(&ring->sent, __ATOMIC_RELAXED);

		if ((int32_t)(sent - __atomic_load_n(&ring->taken, __ATOMIC_RELAXED)) <
		    (int32_t)quotas[class].of_queue)
			return false;
	}
	return true;
}

void daisy_trace_hold(struct daisy_tracing *t, enum daisy_hold_class class, int reason)
{
	const struct daisy_trace_packet *p = t->packet;
	uint32_t zone = t->from_inside ? t->link->zone : 0;

	if (p->replay) {
		daisy_trace_drop(t, reason);
	} else if (!p->hold_queues) {
		daisy_trace_say(t, "hold", "the device has no slow path: judged at once");
		daisy_trace_drop(t, reason);
	} else if (ETH_HLEN + 4u * t->link->n_tags + p->size > DAISY_HOLD_FRAME) {
		daisy_trace_say(t, "hold", "too long to be held: judged at once");
		daisy_trace_drop(t, reason);
	} else if (t->conf->hold_full & 1U << class || rings_full(t, class)) {
		daisy_trace_drop(t, REASON_HOLD_FULL);
	} else if (daisy_trace_spent(t, p->saddr, zone, class, quotas[class].of_source)) {
		daisy_trace_drop(t, REASON_HOLD_SOURCE);
	} else if (class_spent(t, class)) {
		daisy_trace_drop(t, REASON_HOLD_FULL);
	} else {
		daisy_trace_say(t, "hold", "%s", waits[class].text);
		daisy_trace_finish(t, TRACE_HOLD, waits[class].counter);
		t->trace->class = class;
	}
}

void daisy_trace_unsolicited(struct daisy_tracing *t, int reason)
{
	const struct daisy_trace_packet *p = t->packet;

	if (t->proto != DAISY_TCP || (p->tcp_flags & TCP_OPENS) != TCP_SYN || p->more ||
	    t->conf->options & DAISY_OPT_SILENT_SYN)
		daisy_trace_drop(t, reason);
	else if (p->replay == 1 + DAISY_HOLD_SYN)
		refuse_and_tell(t, reason);
	else
		daisy_trace_hold(t, DAISY_HOLD_SYN, reason);
}

struct text {
	char t[INET_ADDRSTRLEN];
};

static const char *address_text(struct in_addr addr, struct text *text)
{
	return addr.s_addr ? inet_ntop(AF_INET, &addr, text->t, sizeof(text->t)) : "one of them";
}

static void say_rewrite(struct daisy_tracing *t)
{
	const struct daisy_trace *trace = t->trace;
	char port[16] = "a random port";
	struct text s, d;

	if (!trace->creates)
		snprintf(port, sizeof(port), "%u", trace->sport);
	if (t->packet->offset)
		daisy_trace_say(t, "rewrite", "from %s to %s, TTL %u", address_text(trace->saddr, &s),
				address_text(trace->daddr, &d), t->packet->ttl - 1);
	else
		daisy_trace_say(t, "rewrite", "from %s:%s to %s:%u, TTL %u", address_text(trace->saddr, &s),
				port, address_text(trace->daddr, &d), trace->dport, t->packet->ttl - 1);
}

/* What a SYN announces at most (bpf/lib/mss.h). */
static void clamp_syn(struct daisy_tracing *t, const struct daisy_trace_hop *hop)
{
	uint32_t limit = t->conf->mss_clamp, mtu = t->link->mtu < hop->mtu ? t->link->mtu : hop->mtu;
	const char *why = "as the configuration says";

	if (t->proto != DAISY_TCP || !(t->packet->tcp_flags & TCP_SYN) || !limit)
		return;
	if (limit == DAISY_MSS_AUTO) {
		limit = mtu > IP_HEADER + TCP_HEADER ? mtu - IP_HEADER - TCP_HEADER : 0;
		why = "by the MTUs of its links";
	}
	if (limit && limit < DAISY_MSS_MIN)
		limit = DAISY_MSS_MIN;
	if (!limit)
		return;
	t->trace->mss = (uint16_t)limit;
	daisy_trace_say(t, "mss", "announces a segment size of at most %u, %s", limit, why);
}

/* Of what goes outside, the identification of datagrams that are or may be in pieces (bpf/lib/ident.h). */
static void identify(struct daisy_tracing *t)
{
	const struct daisy_trace_packet *p = t->packet;
	uint32_t option = p->more || p->replay ? DAISY_OPT_IDENT : DAISY_OPT_IDENT_ALL;

	if (!t->from_inside || (p->df && !p->more) || !(t->conf->options & option))
		return;
	t->trace->new_id = true;
	daisy_trace_say(t, "id", "an identification of the box's own: %s",
			p->more ? "it is in pieces" : "others may cut it");
}

/* False if it has come to its end here. What the daemon has, it will cut. */
static bool fits(struct daisy_tracing *t, const struct daisy_trace_hop *hop)
{
	const struct daisy_trace_packet *p = t->packet;
	bool small = p->size <= hop->mtu, cut = !small && p->replay && !p->df;

	daisy_trace_say(t, "size", "%u bytes %s into the MTU %u of the next link%s", p->size,
			small ? "fit" : "do not fit", hop->mtu,
			small ? "" : p->df ? ", DF is set" : cut ? ", cut by the daemon" : ", DF is not set");
	if (small || cut)
		return true;
	if (p->df)
		daisy_trace_owe(t, COUNTER_icmp_frag_needed, REASON_TOO_BIG);
	else
		daisy_trace_hold(t, DAISY_HOLD_TOO_BIG, REASON_TOO_BIG);
	return false;
}

void daisy_trace_leave(struct daisy_tracing *t, const struct daisy_trace_hop *hop,
		       enum daisy_trace_counter counter)
{
	int err;

	if (!fits(t, hop))
		return;
	err = t->packet->more && !t->packet->offset ? daisy_trace_remember(t) : 0;
	if (err) {
		daisy_trace_drop(t, -err);
		return;
	}
	say_rewrite(t);
	if (counter != COUNTER_untranslated && !t->packet->offset) {
		identify(t);
		clamp_syn(t, hop);
	}
	t->trace->egress = hop->link;
	daisy_trace_finish(t, TRACE_FORWARD, counter);
}
