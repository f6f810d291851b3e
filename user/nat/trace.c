/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "nat/addrs.h"
#include "nat/internal.h"
#include "nat/mapping.h"
#include "nat/tracing.h"

struct text {
	char t[INET_ADDRSTRLEN];
};

static const char *address_text(struct in_addr addr, struct text *text)
{
	return inet_ntop(AF_INET, &addr, text->t, sizeof(text->t));
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

/* Strangers on the inside link get no answer. */
static void time_exceeded_inside(struct daisy_tracing *t)
{
	if (daisy_trace_inside(t, t->packet->saddr))
		daisy_trace_time_exceeded(t);
	else
		daisy_trace_drop(t, REASON_NOT_INSIDE);
}

static void say_found(struct daisy_tracing *t, const char *whose, uint32_t slot, uint16_t port,
		      const struct daisy_tcp_mapping *record)
{
	uint32_t left = daisy_mapping_expires_in(t->conf, t->proto, record, t->now);
	char life[32] = "static";
	struct text in, out;
	struct in_addr inside;

	if (left != DAISY_EXPIRES_NEVER)
		snprintf(life, sizeof(life), "%u s left", daisy_seconds_from_ticks(left));
	memcpy(&inside, record->m.inside.addr, sizeof(inside));
	daisy_trace_say(t, "mapping", "%s: %s:%u of zone %u is %s:%u outside (slot %u), %s", whose,
			address_text(inside, &in), record->m.inside.port, record->m.inside.zone,
			address_text(daisy_slot_address(t->inst, slot), &out), port, slot, life);
}

/* Is an address of ours on its way to another box? */
static bool is_stopped(struct daisy_tracing *t, uint32_t slot)
{
	if (!(t->inst->slots[slot].flags & SLOT_STOPPED))
		return false;
	daisy_trace_say(t, "mapping", "its address (slot %u) is on its way between boxes", slot);
	return true;
}

/* The mapping of the source, there or to be made: fills in its external endpoint. 0 or minus a reason. */
static int source_mapping(struct daisy_tracing *t)
{
	struct daisy_trace *trace = t->trace;
	struct daisy_tcp_mapping record;
	uint32_t slot;
	uint16_t port;
	int err;

	if (daisy_trace_find(t, source(t), &slot, &port) &&
	    daisy_trace_record(t, slot, port, &record)) {
		say_found(t, "found by the source", slot, port, &record);
		trace->saddr = daisy_slot_address(t->inst, slot);
		trace->sport = port;
		return is_stopped(t, slot) ? -REASON_MOVING : 0;
	}
	if (t->proto == DAISY_TCP && (t->packet->tcp_flags & TCP_OPENS) != TCP_SYN) {
		daisy_trace_say(t, "mapping", "none, and only a plain SYN opens one");
		return daisy_trace_inside(t, t->packet->saddr) ? -REASON_TCP_NO_SYN :
								 -REASON_NOT_INSIDE;
	}
	trace->creates = true;
	err = daisy_trace_create(t, &trace->saddr);
	return err ? err : daisy_trace_index_full(t, source(t)) ? -REASON_INDEX_FULL : 0;
}

/* What waits for another box will be answered there. */
static void refuse(struct daisy_tracing *t, int reason)
{
	if (reason == REASON_MOVING)
		daisy_trace_drop(t, reason);
	else
		daisy_trace_refuse(t, reason);
}

static void outbound(struct daisy_tracing *t)
{
	static const enum daisy_trace_counter counters[DAISY_N_PROTOS] = {
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
		daisy_trace_drop(t, -err);
	else
		daisy_trace_leave(t, &hop, counters[t->proto]);
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
	t->to_zone = record->m.inside.zone;
	return true;
}

static void inbound(struct daisy_tracing *t)
{
	static const enum daisy_trace_counter counters[DAISY_N_PROTOS] = {
		[DAISY_UDP] = COUNTER_in_udp, [DAISY_TCP] = COUNTER_in_tcp,
		[DAISY_ICMP] = COUNTER_in_icmp,
	};
	struct daisy_tcp_mapping record;
	struct daisy_trace_hop hop;
	int err;

	if (is_stopped(t, t->dst_slot)) {
		daisy_trace_drop(t, REASON_MOVING);
		return;
	}
	if (!destination_mapping(t, &record)) {
		daisy_trace_unsolicited(t, REASON_NO_MAPPING);
		return;
	}
	if (t->filtered && !daisy_trace_admits(t, t->packet->saddr, &record)) {
		daisy_trace_unsolicited(t, REASON_FILTERED);
		return;
	}
	if (t->packet->replay == 1 + DAISY_HOLD_SYN) {
		daisy_trace_drop(t, REASON_SYN_SUPERSEDED);
		return;
	}
	if (t->packet->ttl <= 1) {
		daisy_trace_time_exceeded(t);
		return;
	}
	err = daisy_trace_mapping_hop(t, &record.m, &hop);
	if (t->proto == DAISY_ICMP)	/* one id: the one on the other side */
		t->trace->sport = t->trace->dport;
	if (err)
		daisy_trace_drop(t, -err);
	else
		daisy_trace_leave(t, &hop, counters[t->proto]);
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
		daisy_trace_drop(t, REASON_NO_MAPPING);
		return;
	}
	if (record.m.inside.word == source(t).word) {
		daisy_trace_drop(t, REASON_HAIRPIN_LOOP);
		return;
	}
	err = source_mapping(t);
	if (err) {
		refuse(t, -err);
		return;
	}
	if (is_stopped(t, t->dst_slot)) {
		daisy_trace_drop(t, REASON_MOVING);
		return;
	}
	if (t->filtered && !daisy_trace_admits(t, t->trace->saddr, &record)) {
		daisy_trace_drop(t, REASON_FILTERED);
		return;
	}
	err = daisy_trace_mapping_hop(t, &record.m, &hop);
	if (err)
		daisy_trace_drop(t, -err);
	else
		daisy_trace_leave(t, &hop, COUNTER_hairpin);
}

static void echo(struct daisy_tracing *t)
{
	if (t->packet->more) {
		daisy_trace_drop(t, REASON_UNSUPPORTED_ICMP);
		return;
	}
	daisy_trace_say(t, "answer", "echo request to an external address: the NAT answers itself");
	daisy_trace_finish(t, TRACE_ANSWER, COUNTER_icmp_echo_replies);
}

static void icmp_from_inside(struct daisy_tracing *t)
{
	uint8_t type = t->packet->icmp_type;

	if (t->to_external && type == ECHO && daisy_trace_inside(t, t->packet->saddr))
		echo(t);
	else if (t->to_external && type == ECHO)
		daisy_trace_drop(t, REASON_NOT_INSIDE);
	else if (!t->to_external && (type == ECHO || type == TIMESTAMP))
		outbound(t);
	else
		daisy_trace_drop(t, REASON_UNSUPPORTED_ICMP);
}

static void icmp_from_outside(struct daisy_tracing *t)
{
	uint8_t type = t->packet->icmp_type;

	if (type == ECHO_REPLY || type == TIMESTAMP_REPLY)
		inbound(t);
	else if (type == ECHO)
		echo(t);
	else
		daisy_trace_drop(t, REASON_UNSUPPORTED_ICMP);
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
	if (t->packet->size >= IP_HEADER + t->packet->options + header)
		return 0;
	return t->packet->more ? -REASON_FRAGMENT_TINY : -REASON_TRUNCATED;
}

/* As it is, between an inside address behind `link` and a destination that a rule names. */
static void forward_untranslated(struct daisy_tracing *t, bool inbound,
				 const struct daisy_rule *rule, uint32_t link)
{
	struct daisy_mapping end = { .link = (uint16_t)link, .inside.zone = rule->zone };
	struct daisy_trace_hop hop;
	int err;

	if (t->packet->ttl <= 1) {
		daisy_trace_time_exceeded(t);
		return;
	}
	t->to_zone = rule->zone;
	memcpy(end.inside.addr, &t->packet->daddr, sizeof(end.inside.addr));
	err = inbound ? daisy_trace_inside_hop(t, &end, &hop) :
			daisy_trace_outside(t, t->packet->saddr, &hop);
	if (err)
		daisy_trace_drop(t, -err);
	else
		daisy_trace_leave(t, &hop, COUNTER_untranslated);
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
	int err = transport(t);
	uint32_t link;

	/* A later fragment from the inside knows from the first one what it is. */
	if (!t->conf->rules || t->to_external || (p->offset ? !inbound : err && err != -REASON_UNSUPPORTED_PROTO) ||
	    (inbound && daisy_addrs_find(t->inst->addrs, p->saddr.s_addr)))
		return false;
	for (uint32_t i = 0; i < set->n && i < DAISY_MAX_RULES; i++) {
		const struct daisy_rule *r = &set->rule[i];

		if ((remote.s_addr & r->mask) != r->addr || (r->proto && r->proto != p->proto) ||
		    (r->last && !p->offset && (port < r->first || port > r->last)) ||
		    (!inbound && r->zone != t->link->zone) ||
		    !daisy_trace_link(t, r->zone, inbound ? p->daddr : p->saddr, &link))
			continue;
		daisy_trace_say(t, "rule", "no-translate rule %u names the destination: forwarded as it is",
				i + 1);
		t->from_inside = !inbound;
		if (p->offset)
			daisy_trace_fragment(t);
		else
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
		daisy_trace_finish(t, TRACE_PASS, COUNTER_pass_own);
	else if (octet >= 224 && (octet < 240 || t->packet->daddr.s_addr == INADDR_BROADCAST))
		daisy_trace_finish(t, TRACE_PASS, COUNTER_pass_multicast);
	else if (octet == 0 || octet == 127 || octet >= 224 || bad_source(t->packet->saddr))
		daisy_trace_drop(t, REASON_BAD_ADDRESS);
	else {
		t->to_external = to;
		t->dst_slot = to ? to->slot : 0;
		t->filtered = to && to->filtered;
		return false;
	}
	return true;
}

/* A packet whose direction is known. */
static void transported(struct daisy_tracing *t)
{
	const struct daisy_trace_packet *p = t->packet;
	int err;

	/* At offset 8 it would overlap the TCP flags: RFC 1858 section 3. */
	if (p->proto == IPPROTO_TCP && p->offset == 8) {
		daisy_trace_drop(t, REASON_FRAGMENT_TINY);
		return;
	}
	if (p->offset) {
		daisy_trace_fragment(t);
		return;
	}
	err = transport(t);
	if (err)
		daisy_trace_drop(t, -err);
	else if (t->proto == DAISY_ICMP)
		(t->from_inside ? icmp_from_inside : icmp_from_outside)(t);
	else if (!t->from_inside)
		inbound(t);
	else
		(t->to_external ? hairpin : outbound)(t);
}

static void run(struct daisy_tracing *t)
{
	static const char *const sides[] = {
		[SIDE_NONE] = "of no side", [SIDE_INSIDE] = "inside", [SIDE_OUTSIDE] = "outside",
		[SIDE_BOTH] = "both sides",
	};
	int err;

	daisy_trace_say(t, "link", "number %u, %s, zone %u", t->packet->link, sides[t->link->side & 3],
			t->link->zone);
	if (t->link->side == SIDE_NONE) {
		daisy_trace_finish(t, TRACE_PASS, COUNTER_pass_other);
		return;
	}
	err = daisy_trace_header(t);
	if (err) {
		daisy_trace_drop(t, -err);
		return;
	}
	if (addresses(t) || untranslated(t))
		return;
	err = direction(t);
	if (err < 0) {
		daisy_trace_drop(t, -err);
		return;
	}
	t->from_inside = err;
	daisy_trace_say(t, "direction", "%s", !t->from_inside ? "from the outside to an external address" :
			t->to_external ? "from the inside to an external address" :
			"from the inside to the outside");
	transported(t);
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
	if (packet->proto == IPPROTO_ICMP && !packet->offset &&
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
