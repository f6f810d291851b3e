/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "nat/addrs.h"
#include "nat/internal.h"
#include "nat/mapping.h"
#include "nat/trace.h"
#include "shared/hold.h"

#define IP_HEADER 20
#define TCP_HEADER 20
#define L4_LEAST 8
#define TCP_OPENS 0x17		/* SYN, ACK, RST, FIN: of these SYN alone opens a mapping */
#define TCP_SYN 2

enum icmp_type {
	ECHO_REPLY = 0,
	UNREACHABLE = 3,
	ECHO = 8,
	EXCEEDED = 11,
	PARAMETER = 12,
	TIMESTAMP = 13,
	TIMESTAMP_REPLY = 14,
};

struct text {
	char t[INET_ADDRSTRLEN];
};

static const char *address_text(struct in_addr addr, struct text *text)
{
	return inet_ntop(AF_INET, &addr, text->t, sizeof(text->t));
}

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

static void drop(struct daisy_tracing *t, int reason)
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

enum counter {
#define X(name, help) COUNTER_##name,
	DAISY_COUNTERS(X)
#undef X
};

static void end(struct daisy_tracing *t, enum daisy_trace_end how, enum counter counter)
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

static uint32_t first_octet(struct in_addr addr)
{
	return ntohl(addr.s_addr) >> 24;
}

static bool bad_source(struct in_addr addr)
{
	uint32_t octet = first_octet(addr);

	return octet == 0 || octet == 127 || octet >= 224;
}

static union daisy_endpoint source(const struct daisy_tracing *t)
{
	union daisy_endpoint e = { .port = t->packet->sport, .zone = t->link->zone };

	memcpy(e.addr, &t->packet->saddr, sizeof(e.addr));
	return e;
}

/* May an ICMP error go back? The link needs an address to send it from. */
static bool may_answer(const struct daisy_tracing *t)
{
	static const uint8_t none[4];
	bool query = t->packet->icmp_type == ECHO || t->packet->icmp_type == ECHO_REPLY ||
		     t->packet->icmp_type == TIMESTAMP || t->packet->icmp_type == TIMESTAMP_REPLY;

	return memcmp(t->link->addr, none, sizeof(none)) && (t->proto != DAISY_ICMP || query);
}

/* An ICMP error that we owe, or the reason if it may not be sent. */
static void owe(struct daisy_tracing *t, enum counter counter, int refused)
{
	if (!may_answer(t)) {
		drop(t, refused);
		return;
	}
	if (!t->conf->icmp_rate) {
		drop(t, REASON_ICMP_RATE);
		return;
	}
	daisy_trace_say(t, "answer", "ICMP error, back by the same link, at most %u a second on each CPU",
			t->conf->icmp_rate);
	end(t, TRACE_ANSWER, counter);
}

/* No mapping can be made: the sender is told, unless waiting would not help (RFC 6888 REQ-11). */
static void refuse(struct daisy_tracing *t, int reason)
{
	drop(t, reason);
	if (reason == REASON_NOT_INSIDE || reason == REASON_TCP_NO_SYN || !t->conf->icmp_rate ||
	    t->conf->exhaustion == EXHAUSTION_SILENT || !may_answer(t))
		return;
	daisy_trace_say(t, "answer", "ICMP Destination Unreachable, back by the same link, at most %u a "
			"second on each CPU", (t->conf->icmp_rate + 1) / 2);
	t->trace->end = TRACE_ANSWER;
}

static void time_exceeded(struct daisy_tracing *t)
{
	daisy_trace_say(t, "ttl", "%u: not to be forwarded", t->packet->ttl);
	owe(t, COUNTER_icmp_time_exceeded, REASON_TTL);
}

/* Strangers on the inside link get no answer. */
static void time_exceeded_inside(struct daisy_tracing *t)
{
	if (daisy_trace_inside(t, t->packet->saddr))
		time_exceeded(t);
	else
		drop(t, REASON_NOT_INSIDE);
}

/* Without DF the slow path cuts it, if it is there and takes so long a frame. */
static bool is_cut(const struct daisy_trace_packet *p, const struct daisy_link *link)
{
	return p->held && ETH_HLEN + 4u * link->n_tags + p->size <= DAISY_HOLD_FRAME;
}

static void leave(struct daisy_tracing *t, const struct daisy_trace_hop *hop, enum counter counter)
{
	const struct daisy_trace_packet *p = t->packet;
	struct daisy_trace *trace = t->trace;
	struct text s, d;
	char port[16] = "a random port";

	if (p->size > hop->mtu) {
		daisy_trace_say(t, "size", "%u bytes do not fit into the MTU %u of the next link, DF is %s",
				p->size, hop->mtu, p->df ? "set" : "not set");
		if (p->df)
			owe(t, COUNTER_icmp_frag_needed, REASON_TOO_BIG);
		else if (is_cut(p, t->link))
			end(t, TRACE_HOLD, COUNTER_held_too_big);
		else
			drop(t, REASON_TOO_BIG);
		return;
	}
	daisy_trace_say(t, "size", "%u bytes fit into the MTU %u of the next link", p->size, hop->mtu);
	if (!trace->creates)
		snprintf(port, sizeof(port), "%u", trace->sport);
	daisy_trace_say(t, "rewrite", "from %s:%s to %s:%u, TTL %u",
			trace->saddr.s_addr ? address_text(trace->saddr, &s) : "one of them", port,
			address_text(trace->daddr, &d), trace->dport, p->ttl - 1);
	trace->egress = hop->link;
	end(t, TRACE_FORWARD, counter);
}

static void say_found(struct daisy_tracing *t, const char *whose, uint32_t slot, uint16_t port,
		      const struct daisy_tcp_mapping *record)
{
	struct text in, out;
	struct in_addr inside;

	memcpy(&inside, record->m.inside.addr, sizeof(inside));
	daisy_trace_say(t, "mapping", "%s: %s:%u of zone %u is %s:%u outside (slot %u), %u s left", whose,
			address_text(inside, &in), record->m.inside.port, record->m.inside.zone,
			address_text(daisy_slot_address(t->inst, slot), &out), port, slot,
			daisy_seconds_from_ticks(daisy_mapping_expires_in(t->conf, t->proto, record,
									  t->now)));
}

/* The mapping of the source, there or to be made: fills in its external endpoint. 0 or minus a reason. */
static int source_mapping(struct daisy_tracing *t)
{
	struct daisy_trace *trace = t->trace;
	struct daisy_tcp_mapping record;
	uint32_t slot;
	uint16_t port;

	if (daisy_trace_find(t, source(t), &slot, &port) &&
	    daisy_trace_record(t, slot, port, &record)) {
		say_found(t, "found by the source", slot, port, &record);
		trace->saddr = daisy_slot_address(t->inst, slot);
		trace->sport = port;
		return 0;
	}
	if (t->proto == DAISY_TCP && (t->packet->tcp_flags & TCP_OPENS) != TCP_SYN) {
		daisy_trace_say(t, "mapping", "none, and only a plain SYN opens one");
		return daisy_trace_inside(t, t->packet->saddr) ? -REASON_TCP_NO_SYN :
								 -REASON_NOT_INSIDE;
	}
	trace->creates = true;
	return daisy_trace_create(t, &trace->saddr);
}

static void outbound(struct daisy_tracing *t)
{
	static const enum counter counters[DAISY_N_PROTOS] = {
		[DAISY_UDP] = COUNTER_out_udp, [DAISY_TCP] = COUNTER_out_tcp,
		[DAISY_ICMP] = COUNTER_out_icmp,
	};
	struct daisy_trace_hop hop;
	int err;

	if (t->packet->ttl <= 1) {
		time_exceeded_inside(t);
		return;
	}
	err = source_mapping(t);
	if (err) {
		refuse(t, -err);
		return;
	}
	err = daisy_trace_outside(t, t->trace->saddr, &hop);
	if (err)
		drop(t, -err);
	else
		leave(t, &hop, counters[t->proto]);
}

/* The mapping of the destination: fills in its inside endpoint. */
static bool destination_mapping(struct daisy_tracing *t, struct daisy_tcp_mapping *record)
{
	if (!daisy_trace_record(t, t->dst_slot, t->packet->dport, record)) {
		daisy_trace_say(t, "mapping", "none at port %u of slot %u", t->packet->dport, t->dst_slot);
		return false;
	}
	say_found(t, "found by the destination", t->dst_slot, t->packet->dport, record);
	memcpy(&t->trace->daddr, record->m.inside.addr, sizeof(t->trace->daddr));
	t->trace->dport = record->m.inside.port;
	return true;
}

static void inbound(struct daisy_tracing *t)
{
	static const enum counter counters[DAISY_N_PROTOS] = {
		[DAISY_UDP] = COUNTER_in_udp, [DAISY_TCP] = COUNTER_in_tcp,
		[DAISY_ICMP] = COUNTER_in_icmp,
	};
	struct daisy_tcp_mapping record;
	struct daisy_trace_hop hop;
	int err;

	if (!destination_mapping(t, &record)) {
		drop(t, REASON_NO_MAPPING);
		return;
	}
	if (t->filtered && !daisy_trace_admits(t, t->packet->saddr, &record)) {
		drop(t, REASON_FILTERED);
		return;
	}
	if (t->packet->ttl <= 1) {
		time_exceeded(t);
		return;
	}
	err = daisy_trace_inside_hop(t, &record.m, &hop);
	if (t->proto == DAISY_ICMP)	/* one id: the one on the other side */
		t->trace->sport = t->trace->dport;
	if (err)
		drop(t, -err);
	else
		leave(t, &hop, counters[t->proto]);
}

static void hairpin(struct daisy_tracing *t)
{
	struct daisy_tcp_mapping record;
	struct daisy_trace_hop hop;
	int err;

	if (t->packet->ttl <= 1) {
		time_exceeded_inside(t);
		return;
	}
	if (!destination_mapping(t, &record)) {
		drop(t, REASON_NO_MAPPING);
		return;
	}
	if (record.m.inside.word == source(t).word) {
		drop(t, REASON_HAIRPIN_LOOP);
		return;
	}
	err = source_mapping(t);
	if (err) {
		refuse(t, -err);
		return;
	}
	if (t->filtered && !daisy_trace_admits(t, t->trace->saddr, &record)) {
		drop(t, REASON_FILTERED);
		return;
	}
	err = daisy_trace_inside_hop(t, &record.m, &hop);
	if (err)
		drop(t, -err);
	else
		leave(t, &hop, COUNTER_hairpin);
}

static void echo(struct daisy_tracing *t)
{
	daisy_trace_say(t, "answer", "echo request to an external address: the NAT answers itself");
	end(t, TRACE_ANSWER, COUNTER_icmp_echo_replies);
}

static void icmp_from_inside(struct daisy_tracing *t)
{
	uint8_t type = t->packet->icmp_type;

	if (t->to_external && type == ECHO && daisy_trace_inside(t, t->packet->saddr))
		echo(t);
	else if (t->to_external && type == ECHO)
		drop(t, REASON_NOT_INSIDE);
	else if (!t->to_external && (type == ECHO || type == TIMESTAMP))
		outbound(t);
	else
		drop(t, REASON_UNSUPPORTED_ICMP);
}

static void icmp_from_outside(struct daisy_tracing *t)
{
	uint8_t type = t->packet->icmp_type;

	if (type == ECHO_REPLY || type == TIMESTAMP_REPLY)
		inbound(t);
	else if (type == ECHO)
		echo(t);
	else
		drop(t, REASON_UNSUPPORTED_ICMP);
}

/* 0: TCP, UDP or ICMP, and long enough; or minus a reason. */
static int transport(struct daisy_tracing *t)
{
	uint32_t header = t->packet->proto == IPPROTO_TCP ? TCP_HEADER : L4_LEAST;

	if (t->packet->proto == IPPROTO_TCP)
		t->proto = DAISY_TCP;
	else if (t->packet->proto == IPPROTO_UDP)
		t->proto = DAISY_UDP;
	else if (t->packet->proto == IPPROTO_ICMP)
		t->proto = DAISY_ICMP;
	else
		return -REASON_UNSUPPORTED_PROTO;
	return t->packet->size < IP_HEADER + header ? -REASON_TRUNCATED : 0;
}

/* As it is, between an inside address behind `link` and a destination that a rule names. */
static void forward_untranslated(struct daisy_tracing *t, bool inbound,
				 const struct daisy_rule *rule, uint32_t link)
{
	struct daisy_mapping end = { .link = (uint16_t)link, .inside.zone = rule->zone };
	struct daisy_trace_hop hop;
	int err;

	if (t->packet->ttl <= 1) {
		time_exceeded(t);
		return;
	}
	memcpy(end.inside.addr, &t->packet->daddr, sizeof(end.inside.addr));
	err = inbound ? daisy_trace_inside_hop(t, &end, &hop) :
			daisy_trace_outside(t, t->packet->saddr, &hop);
	if (err)
		drop(t, -err);
	else
		leave(t, &hop, COUNTER_untranslated);
}

/* A no-translate rule for the packet (bpf/lib/untranslated.h)? Then its end is told. */
static bool untranslated(struct daisy_tracing *t)
{
	const struct daisy_trace_packet *p = t->packet;
	const struct daisy_rules *set = &t->inst->rules[t->conf->rules];
	bool inbound = t->link->side == SIDE_OUTSIDE ||
		       (t->link->side == SIDE_BOTH && !daisy_trace_inside(t, p->saddr));
	struct in_addr remote = inbound ? p->saddr : p->daddr;
	uint16_t port = p->proto == IPPROTO_ICMP ? 0 : inbound ? p->sport : p->dport;
	uint32_t link;

	if (!t->conf->rules || t->to_external || transport(t) == -REASON_TRUNCATED ||
	    (inbound && daisy_addrs_find(t->inst->addrs, p->saddr.s_addr)))
		return false;
	for (uint32_t i = 0; i < set->n && i < DAISY_MAX_RULES; i++) {
		const struct daisy_rule *r = &set->rule[i];

		if ((remote.s_addr & r->mask) != r->addr || (r->proto && r->proto != p->proto) ||
		    (r->last && (port < r->first || port > r->last)) ||
		    (!inbound && r->zone != t->link->zone) ||
		    !daisy_trace_link(t, r->zone, inbound ? p->daddr : p->saddr, &link))
			continue;
		daisy_trace_say(t, "rule", "no-translate rule %u names the destination: forwarded as it is",
				i + 1);
		forward_untranslated(t, inbound, r, link);
		return true;
	}
	return false;
}

/* 1: from the inside, 0: from the outside, or minus a reason. */
static int direction(struct daisy_tracing *t)
{
	uint8_t side = t->link->side;

	if (side == SIDE_INSIDE || (side == SIDE_BOTH && !t->to_external))
		return 1;
	if (!t->to_external)
		return -REASON_NOT_POOL;
	if (side == SIDE_BOTH && daisy_trace_inside(t, t->packet->saddr))
		return 1;
	return daisy_addrs_find(t->inst->addrs, t->packet->saddr.s_addr) ? -REASON_SPOOFED : 0;
}

/* Addresses that decide alone. True if one has. */
static bool addresses(struct daisy_tracing *t)
{
	const struct daisy_addr_entry *to = daisy_addrs_find(t->inst->addrs, t->packet->daddr.s_addr);
	uint32_t octet = first_octet(t->packet->daddr);
	const char *kind = !to ? "none of ours" : to->kind == ADDR_OWN ? "the box's own" : "external";
	struct text s, d;

	daisy_trace_say(t, "addresses", "from %s, to %s: %s", address_text(t->packet->saddr, &s),
			address_text(t->packet->daddr, &d), kind);
	if (to && to->kind == ADDR_OWN)
		end(t, TRACE_PASS, COUNTER_pass_own);
	else if (octet >= 224 && (octet < 240 || t->packet->daddr.s_addr == INADDR_BROADCAST))
		end(t, TRACE_PASS, COUNTER_pass_multicast);
	else if (octet == 0 || octet == 127 || octet >= 224 || bad_source(t->packet->saddr))
		drop(t, REASON_BAD_ADDRESS);
	else {
		t->to_external = to;
		t->dst_slot = to ? to->slot : 0;
		t->filtered = to && to->filtered;
		return false;
	}
	return true;
}

static void run(struct daisy_tracing *t)
{
	static const char *const sides[] = {
		[SIDE_NONE] = "of no side", [SIDE_INSIDE] = "inside", [SIDE_OUTSIDE] = "outside",
		[SIDE_BOTH] = "both sides",
	};
	int from_inside, err;

	daisy_trace_say(t, "link", "number %u, %s, zone %u", t->packet->link, sides[t->link->side & 3],
			t->link->zone);
	if (t->link->side == SIDE_NONE) {
		end(t, TRACE_PASS, COUNTER_pass_other);
		return;
	}
	if (addresses(t) || untranslated(t))
		return;
	from_inside = direction(t);
	err = from_inside < 0 ? from_inside : transport(t);
	if (err < 0) {
		drop(t, -err);
		return;
	}
	daisy_trace_say(t, "direction", "%s", !from_inside ? "from the outside to an external address" :
			t->to_external ? "from the inside to an external address" :
			"from the inside to the outside");
	if (t->proto == DAISY_ICMP)
		(from_inside ? icmp_from_inside : icmp_from_outside)(t);
	else if (!from_inside)
		inbound(t);
	else
		(t->to_external ? hairpin : outbound)(t);
}

int daisy_trace(struct daisy_instance *inst, const struct daisy_trace_packet *packet,
		daisy_trace_route_fn route, void *ctx, struct daisy_trace *trace)
{
	struct daisy_tracing t = {
		.inst = inst, .conf = inst->conf, .packet = packet, .trace = trace, .route = route,
		.ctx = ctx, .link = &inst->links[packet->link], .now = daisy_instance_tick(inst),
	};
	uint8_t type = packet->icmp_type;

	memset(trace, 0, sizeof(*trace));
	if (packet->proto == IPPROTO_ICMP &&
	    (type == UNREACHABLE || type == EXCEEDED || type == PARAMETER)) {
		daisy_error_set("ICMP type \"%u\" is an error, which goes the way of the packet that it "
				"quotes, expected a query or a reply", type);
		return -EINVAL;
	}
	trace->saddr = packet->saddr;
	trace->daddr = packet->daddr;
	trace->sport = packet->sport;
	trace->dport = packet->dport;
	t.stale = daisy_tick_age(t.now, t.conf->alive_tick) > DAISY_ALIVE_TICKS;
	run(&t);
	if (trace->end != TRACE_FORWARD)
		trace->creates = false;
	return 0;
}
