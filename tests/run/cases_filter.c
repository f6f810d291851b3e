/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address-dependent filtering: who may send to a mapping, and for how long. */
#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 5000)
#define S1 WORLD(1, 53)
#define S1_OTHER_PORT WORLD(1, 4711)
#define S2 WORLD(2, 53)
#define Q1 HOST(1, 77)
#define P1 WORLD(1, 0)
#define P2 WORLD(2, 0)
#define ROUTER WORLD(254, 0)

static void filtered(struct bed *bed, bool on)
{
	unsigned int slot;

	for (slot = 0; slot < BED_N_SLOTS; slot++)
		if (daisy_instance_address_filter(bed->inst, slot, on))
			play_fail("slot %u: %s", slot, daisy_error());
}

static void switch_on(struct bed *bed)
{
	filtered(bed, true);
}

static void switch_off(struct bed *bed)
{
	filtered(bed, false);
}

/* Each port of the address has a UDP mapping that has sent to S2: the TCP mapping shares its port with one. */
static void all_udp_ports(struct bed *bed)
{
	uint16_t port;

	for (port = 1; port <= 7; port++) {
		const struct step s = OUT(UDP(HOST_OF(4, 1, port), S2), C_out_udp, C_created_udp,
					  port == 1 ? C_subscribers_created : C_NONE);

		play_step(bed, &s);
	}
}

#define N_PERMISSIONS 256

static struct end destination(unsigned int i)
{
	return (struct end){ .addr = ADDR(198, 18, i >> 8, i & 255), .port = 53 };
}

static void send_to(struct bed *bed, unsigned int i)
{
	const struct end remote = destination(i);
	const struct step out = OUT(UDP(H1, remote), C_out_udp, i ? C_NONE : C_created_udp,
				    C_subscribers_created * !i);

	play_step(bed, &out);
}

/* Eight times as many destinations as there is room for: each may answer at once. */
static void more_than_fit(struct bed *bed)
{
	unsigned int i;

	for (i = 0; i < 8 * N_PERMISSIONS; i++) {
		const struct end remote = destination(i);
		const struct step in = IN(UDP(remote, H1), C_in_udp);

		if (i % (DAISY_NEW_PERMISSIONS / 2) == 0)
			daisy_instance_clock_advance(bed->inst, 2);
		send_to(bed, i);
		play_step(bed, &in);
	}
}

/* In one tick: as many new destinations as a host may have, and one more, who waits for the next. */
static void scan(struct bed *bed)
{
	const struct end late = destination(DAISY_NEW_PERMISSIONS);
	const struct step refused = { .kind = STEP_DROP, .at = AT_OUTSIDE, .in = UDP(late, H1),
				      .counts = { C_drop_FILTERED } };
	const struct step in = IN(UDP(late, H1), C_in_udp);
	unsigned int i;

	bed_await_tick(bed);
	for (i = 0; i <= DAISY_NEW_PERMISSIONS; i++)
		send_to(bed, i);
	play_step(bed, &refused);
	daisy_instance_clock_advance(bed->inst, 2);
	send_to(bed, DAISY_NEW_PERMISSIONS);
	play_step(bed, &in);
}

#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_TCP OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
#define OPEN_ICMP OUT(ECHO(Q1, P1), C_out_icmp, C_created_icmp, C_subscribers_created)
#define HANDSHAKE IN(TCP(S1, H1, SYN | ACK), C_in_tcp), OUT(TCP(H1, S1, ACK), C_out_tcp)
/* A packet's macro is a list by the time it would be handed on. */
#define KEPT_OUT(...) { .kind = STEP_DROP, .at = AT_OUTSIDE, .in = __VA_ARGS__, .counts = { C_drop_FILTERED } }

static const struct play plays[] = {
	{ "Without filtering anybody may send to a mapping (U8, T3, G7)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), IN(UDP(S1_OTHER_PORT, H1), C_in_udp),
		IN(UDP(S2, H1), C_in_udp)) },
	{ "With address-dependent filtering only whom the mapping has sent to, from any port of it (U8, U8a)",
	  .setup = switch_on,
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), IN(UDP(S1_OTHER_PORT, H1), C_in_udp),
		KEPT_OUT(UDP(S2, H1)), OUT(UDP(H1, S2), C_out_udp), IN(UDP(S2, H1), C_in_udp),
		IN(UDP(S1, H1), C_in_udp)) },
	{ "Who may send to a mapping may not send to another one of the same host (U8)", .setup = switch_on,
	  STEPS(OPEN_UDP, OUT(UDP(HOST(1, 5001), S2), C_out_udp, C_created_udp), KEPT_OUT(UDP(S2, H1)),
		KEPT_OUT(UDP(S1, HOST(1, 5001)))) },
	{ "Who is refused gets no answer, with TTL 1 neither", .setup = switch_on,
	  STEPS(OPEN_UDP, KEPT_OUT(UDP(S2, H1, .ttl = 1))) },
	{ "Pings are answered only by whom they were sent to (U8)", .setup = switch_on,
	  STEPS(OPEN_ICMP, IN(ECHO_REPLY(P1, Q1), C_in_icmp), KEPT_OUT(ECHO_REPLY(P2, Q1)),
		OUT(ECHO(Q1, P2), C_out_icmp), IN(ECHO_REPLY(P2, Q1), C_in_icmp)) },
	{ "A TCP connection from outside passes only from whom the mapping has sent to (T3, T3a)",
	  .setup = switch_on,
	  STEPS(OPEN_TCP, HANDSHAKE, KEPT_OUT(TCP(S2, H1, SYN)),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:53 established]"),
		IN(TCP(S1_OTHER_PORT, H1, SYN), C_in_tcp, C_conns_created)) },
	{ "Filtering of TCP knows nothing of what UDP has sent (T3b, X6)", .setup = switch_on,
	  STEPS(CALL(all_udp_ports), OUT(TCP(HOST_OF(4, 1, 9), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created),
		KEPT_OUT(TCP(S2, HOST_OF(4, 1, 9), SYN))) },
	{ "Data, FIN and RST from a stranger are refused, and change no connection (T3, X7)", .setup = switch_on,
	  STEPS(OPEN_TCP, HANDSHAKE, KEPT_OUT(TCP(S2, H1, ACK)), KEPT_OUT(TCP(S2, H1, FIN | ACK)),
		KEPT_OUT(TCP(S2, H1, RST)), STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:53 established]"),
		OUT(TCP(H1, S1, ACK), C_out_tcp), IN(TCP(S1, H1, ACK), C_in_tcp)) },
	{ "An established connection is let in after its last packet from inside as long as it is kept (T3, T5)",
	  .setup = switch_on,
	  STEPS(OPEN_TCP, HANDSHAKE, ADVANCE(ESTABLISHED_S - 1), SWEEP, IN(TCP(S1, H1, ACK), C_in_tcp)) },
	{ "What is refused does not refresh the mapping (X7, RFC 7857 section 2.4)", .setup = switch_on,
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), KEPT_OUT(UDP(S2, H1)), ADVANCE(1 + MARGIN_S), SWEEP,
		STATE("udp hold")) },
	{ "A permission lasts as long as the mapping would without packets, and no longer (U8)", .setup = switch_on,
	  STEPS(OPEN_UDP, ADVANCE(UDP_S / 2), OUT(UDP(H1, S2), C_out_udp), ADVANCE(UDP_S / 2 - 1),
		IN(UDP(S1, H1), C_in_udp), OUT(UDP(H1, S2), C_out_udp), ADVANCE(1 + 2 * MARGIN_S),
		KEPT_OUT(UDP(S1, H1)), IN(UDP(S2, H1), C_in_udp)) },
	{ "Packets to an address keep its permission (U8)", .setup = switch_on,
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), OUT(UDP(H1, S1), C_out_udp), ADVANCE(UDP_S - 1),
		IN(UDP(S1, H1), C_in_udp)) },
	{ "ICMP errors of any router on the way pass a filtered mapping (U12a, U8)", .setup = switch_on,
	  STEPS(OPEN_UDP, IN(ICMP_ERROR(ROUTER, H1, 11, 0, QUOTED(UDP(H1, S1))), C_in_icmp_error)) },
	{ "Hairpinned packets pass filtered mappings that have sent to each other's address (U8, U9)",
	  .setup = switch_on,
	  STEPS(OUT(UDP(HOST_OF(4, 1, 1), S1), C_out_udp, C_created_udp, C_subscribers_created),
		OUT(UDP(HOST_OF(3, 2, 1), S1), C_out_udp, C_created_udp, C_subscribers_created),
		DROP(AT_INSIDE, UDP(HOST_OF(4, 1, 1), HOST_OF(3, 2, 1)), FILTERED),
		HAIRPIN(UDP(HOST_OF(3, 2, 1), HOST_OF(4, 1, 1)), C_hairpin),
		HAIRPIN(UDP(HOST_OF(4, 1, 1), HOST_OF(3, 2, 1)), C_hairpin)) },
	{ "Filtering switched on under load holds for mappings that are there; those go on with whom they send to (U8a)",
	  STEPS(OPEN_UDP, IN(UDP(S2, H1), C_in_udp), CALL(switch_on), KEPT_OUT(UDP(S2, H1)),
		OUT(UDP(H1, S1), C_out_udp), IN(UDP(S1, H1), C_in_udp), CALL(switch_off),
		IN(UDP(S2, H1), C_in_udp)) },
	{ "Filtering switched on under load interrupts no TCP connection (T3a)",
	  STEPS(OPEN_TCP, HANDSHAKE, CALL(switch_on), IN(TCP(S1, H1, ACK), C_in_tcp)) },
	{ "A host that scans gets so many permissions in a tick, for others need theirs (U8, G5)",
	  .setup = switch_on, STEPS(CALL(scan)) },
	{ "Memory for permissions is bounded: the newest are kept, and nothing else is let in (U8, G5)",
	  .setup = switch_on,
	  STEPS(CALL(more_than_fit), KEPT_OUT(UDP(S1, H1)), STATE("udp 1/10.0.0.1:5000")) },
};

int main(int argc, char **argv)
{
	const struct daisy_instance_spec spec = { .max_permissions = N_PERMISSIONS };

	return play_table(argc, argv, &spec, plays, sizeof(plays) / sizeof(plays[0]));
}
