/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bugs that were seen in other NATs: none of them is here. */
#include <string.h>

#include "play.h"

#define H1 HOST(1, 5000)
#define S1 WORLD(1, 80)
#define Q1 HOST(1, 77)
#define P1 WORLD(1, 0)
#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_TCP OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created)
#define OPEN_ECHO OUT(ECHO(Q1, P1), C_out_icmp, C_created_icmp)
#define ERROR_IN(quoted) IN(ICMP_ERROR(WORLD(99, 0), H1, 11, 0, quoted), C_in_icmp_error)
#define ERROR_OUT(quoted) OUT(ICMP_ERROR(H1, S1, 3, 1, quoted), C_out_icmp_error)

/* The pool of zone 4: seven ports from 40000, without 40003. */
#define TINY_FIRST 40000
#define TINY_LAST 40007
#define TINY_RESERVED 40003

static void udp_out(struct bed *bed, unsigned int port, bool first)
{
	struct step s = OUT(UDP(HOST_OF(4, 1, 0), S1), C_out_udp, C_created_udp, first ? C_subscribers_created : C_NONE);

	s.in.src.port = port;
	play_step(bed, &s);
}

/* Inside ports that are the pool's own numbers: whoever looks one up under the other finds it. */
static void each_external_port_once(struct bed *bed)
{
	bool seen[TINY_LAST - TINY_FIRST + 1] = { false };
	unsigned int port;

	for (port = TINY_FIRST; port < TINY_LAST; port++)
		udp_out(bed, port, port == TINY_FIRST);
	for (port = TINY_FIRST; port < TINY_LAST; port++) {
		const struct end host = HOST_OF(4, 1, port);
		struct place at;

		if (state_find(bed, DAISY_UDP, &host, &at) != 1)
			play_fail("no mapping of port %u", port);
		if (seen[at.port - TINY_FIRST] || at.port == TINY_RESERVED)
			play_fail("external port %u a second time", at.port);
		seen[at.port - TINY_FIRST] = true;
	}
}

static void drained(struct bed *bed)
{
	daisy_instance_address_state(bed->inst, 0, SLOT_DRAINING);
	daisy_instance_address_state(bed->inst, 1, SLOT_DRAINING);
}

static const struct play plays[] = {
	{ "The transport checksum of a packet that an ICMP error quotes is updated, both ways (B1)",
	  STEPS(OPEN_UDP, OPEN_TCP, ERROR_IN(UDP(H1, S1, .ttl = 1)), ERROR_OUT(UDP(S1, H1)),
		ERROR_IN(TCP(H1, S1, ACK, .ttl = 1)), ERROR_OUT(TCP(S1, H1, ACK)), OPEN_ECHO,
		IN(ICMP_ERROR(WORLD(99, 0), Q1, 11, 0, ECHO(Q1, P1, .ttl = 1)), C_in_icmp_error),
		OUT(ICMP_ERROR(Q1, P1, 3, 1, ECHO_REPLY(P1, Q1)), C_out_icmp_error)) },
	{ "A subscriber whose ports are the pool's own numbers gets no external port twice (B2)",
	  STEPS(CALL(each_external_port_once), REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 40007), S1), NO_PORT)) },
	{ "The first packet of a flow leaves translated, like the second (B6)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1), C_out_udp), OPEN_TCP, OUT(TCP(H1, S1, SYN), C_out_tcp), OPEN_ECHO,
		OUT(ECHO(Q1, P1), C_out_icmp)) },
	{ "A packet that cannot be translated is dropped and counted, whatever the cause, and not let out (B11)",
	  STEPS(CALL(drained), REFUSED(AT_INSIDE, UDP(H1, S1), NO_ADDRESS), REFUSED(AT_INSIDE, TCP(H1, S1, SYN), NO_ADDRESS),
		REFUSED(AT_INSIDE, ECHO(Q1, P1), NO_ADDRESS), DROP(AT_INSIDE, TCP(H1, S1, ACK), TCP_NO_SYN),
		DROP(AT_INSIDE, UDP(H1, S1, .proto = 132), UNSUPPORTED_PROTO),
		DROP(AT_INSIDE, ECHO(Q1, P1, .type = 17), UNSUPPORTED_ICMP), CALL(each_external_port_once),
		REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 40007), S1), NO_PORT)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
