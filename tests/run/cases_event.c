/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of mappings: made, ended, and not made. */
#include <string.h>

#include "events.h"
#include "play.h"

#define H1 HOST(1, 5000)
#define S1 WORLD(1, 80)
#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)

static void somebody_listens(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->options |= DAISY_OPT_EVENTS;
}

static void nothing_was_said(struct bed *bed)
{
	events_none();
}

/* The event of H1's mapping, or of its successor in hold-down: the record is the same. */
static void check_mapping(struct bed *bed, const struct daisy_event *e, enum daisy_event_kind kind,
			  enum daisy_proto proto)
{
	const struct place at = { e->slot, e->port, e->proto };
	const struct daisy_mapping *m = state_record(bed, &at);
	const union daisy_endpoint host = { .addr = { 10, 0, 0, 1 }, .port = 5000, .zone = 1 };

	if (e->kind != kind || e->proto != proto || e->reason)
		play_fail("event %u of protocol %u, reason %u", e->kind, e->proto, e->reason);
	if (e->inside.word != host.word || m->inside.word != host.word)
		play_fail("event of another host");
	if (e->generation != m->ctl.generation)
		play_fail("event of generation %u, the record's is %u", e->generation, m->ctl.generation);
	if (e->tick != daisy_instance_tick(bed->inst) || e->link != LINK_IN)
		play_fail("event of tick %u and link %u", e->tick, e->link);
}

static void udp_made(struct bed *bed)
{
	check_mapping(bed, events_next(), EVENT_CREATED, DAISY_UDP);
	events_none();
}

static void udp_ended(struct bed *bed)
{
	check_mapping(bed, events_next(), EVENT_EXPIRED, DAISY_UDP);
	events_none();
}

/* Nowhere in the record does the destination's address or port stand. */
static void no_destination(struct bed *bed)
{
	static const uint8_t address[] = { 198, 51, 100, 1 };
	const struct daisy_event *e = events_next();

	check_mapping(bed, e, EVENT_CREATED, DAISY_UDP);
	if (memmem(e, sizeof(*e), address, sizeof(address)))
		play_fail("the destination's address");
	if (e->ifindex || e->pad || e->inside.port != 5000)
		play_fail("room for a port, and something in it");
	events_none();
}

static void tcp_made(struct bed *bed)
{
	check_mapping(bed, events_next(), EVENT_CREATED, DAISY_TCP);
	events_none();
}

static void icmp_made(struct bed *bed)
{
	check_mapping(bed, events_next(), EVENT_CREATED, DAISY_ICMP);
	events_none();
}

static void take_seven(struct bed *bed)
{
	unsigned int i;

	for (i = 0; i < 7; i++) {
		const struct step s = OUT(UDP(HOST_OF(4, 1, 0), S1), C_out_udp, C_created_udp);
		struct step of_port = s;

		of_port.in.src.port = i + 1;
		of_port.counts[2] = i ? C_NONE : C_subscribers_created;
		play_step(bed, &of_port);
		events_next();
	}
}

static void exhausted(struct bed *bed)
{
	const struct daisy_event *e = events_next();

	if (e->kind != EVENT_EXHAUSTED || e->reason != REASON_NO_PORT || e->inside.port != 8 || e->inside.zone != 4)
		play_fail("event %u, reason %u, port %u", e->kind, e->reason, e->inside.port);
	events_none();
}

/* Sixteen mappings of UDP, and a word when there are eight. */
static void eight_of_sixteen(struct bed *bed)
{
	somebody_listens(bed);
	daisy_instance_pools(bed->inst)[0].limit[DAISY_UDP] = 16;
	daisy_instance_pools(bed->inst)[0].warn[DAISY_UDP] = 8;
}

/* Ports first to last of host 1 get mappings. Returns how often the threshold was reported. */
static unsigned int make(struct bed *bed, unsigned int first, unsigned int last)
{
	unsigned int n = 0;

	for (unsigned int port = first; port <= last; port++) {
		const struct step s = OUT(UDP(HOST(1, port), S1), C_out_udp, C_created_udp,
					  port == 1 ? C_subscribers_created : C_NONE);
		const struct daisy_event *e;

		play_step(bed, &s);
		for (e = events_next(); e->kind != EVENT_CREATED; e = events_next())
			n += e->kind == EVENT_THRESHOLD;
	}
	return n;
}

static void end(struct bed *bed, unsigned int first, unsigned int last)
{
	for (unsigned int port = first; port <= last; port++) {
		const struct end host = { .addr = ADDR(10, 0, 0, 1), .port = (uint16_t)port, .zone = 1 };
		struct place at;

		if (state_find(bed, DAISY_UDP, &host, &at) != 1)
			play_fail("no mapping of port %u", port);
		bed_delete(bed, (struct daisy_sweep_item){ .slot = at.slot, .port = at.port, .proto = at.proto });
		events_next();
	}
}

static void hover(struct bed *bed)
{
	unsigned int n = make(bed, 1, 8);

	if (n != 1)
		play_fail("reported %u times at the threshold", n);
	for (unsigned int port = 8; port < 12; port++) {
		end(bed, port, port);
		n += make(bed, port + 1, port + 1);
	}
	if (n != 1)
		play_fail("reported again while about at the threshold");
	end(bed, 5, 7);
	n = make(bed, 20, 22);
	if (n != 1)
		play_fail("reported %u times after a fall below seven eighths", n);
}

static const struct play plays[] = {
	{ "Without a listener mappings are made and end in silence",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, CALL(nothing_was_said)) },
	{ "A listener is told of a UDP mapping and of its end (G16)", .setup = somebody_listens,
	  STEPS(OPEN_UDP, CALL(udp_made), OUT(UDP(H1, S1), C_out_udp), CALL(nothing_was_said),
		ADVANCE(UDP_S + MARGIN_S), SWEEP, CALL(udp_ended), ADVANCE(HOLD_S + MARGIN_S), SWEEP,
		CALL(nothing_was_said)) },
	{ "No event of a mapping names the destination (G12, RFC 6888 REQ-12)", .setup = somebody_listens,
	  STEPS(OPEN_UDP, CALL(no_destination), OUT(UDP(H1, WORLD(2, 53)), C_out_udp), CALL(nothing_was_said)) },
	{ "A listener is told of TCP and ICMP mappings (G16)", .setup = somebody_listens,
	  STEPS(OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		CALL(tcp_made), OUT(ECHO(H1, WORLD(1, 0)), C_out_icmp, C_created_icmp), CALL(icmp_made)) },
	{ "A listener is told of a pool without ports (G11, E3)", .setup = somebody_listens,
	  STEPS(CALL(take_seven), REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 8), S1), NO_PORT), CALL(exhausted)) },
	{ "A listener is told of exhaustion only where something is exhausted: not of strangers (G11, E3)",
	  .setup = somebody_listens,
	  STEPS(DROP(LINK_IN, UDP(LITERAL(ADDR(172, 16, 0, 1), 5), S1), NOT_INSIDE), CALL(nothing_was_said)) },
	{ "A threshold is reported once while a subscriber hovers about it, and again after a fall below seven "
	  "eighths of it (G4, E3)", .setup = eight_of_sixteen, STEPS(CALL(hover)) },
};

int main(int argc, char **argv)
{
	struct bed *bed = bed_open(NULL);
	int status;

	events_listen(bed);
	status = play_main(argc, argv, bed, plays, sizeof(plays) / sizeof(plays[0]));
	events_stop();
	bed_close(bed);
	return status;
}
