/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same packets over every kind of link: UDP, TCP and ICMP, both directions
 * and hairpinned, two-armed and one-armed, untagged, tagged and double-tagged,
 * with and without IPv4 options. Each combination is a row of its own, so that
 * none is forgotten.
 */
#include <stdio.h>
#include <stdlib.h>

#include "play.h"

struct way {
	const char *name;
	enum bed_link in, out;
};

static const struct way ways[] = {
	{ "two-armed, untagged", LINK_IN, LINK_OUT },
	{ "two-armed, VLAN", LINK_IN_VLAN, LINK_OUT_VLAN },
	{ "two-armed, QinQ", LINK_IN_QINQ, LINK_OUT_QINQ },
	{ "two-armed, untagged inside and QinQ outside", LINK_IN, LINK_OUT_QINQ },
	{ "two-armed, QinQ inside and untagged outside", LINK_IN_QINQ, LINK_OUT },
	{ "two-armed, VLAN inside and untagged outside", LINK_IN_VLAN, LINK_OUT },
	{ "one-armed, untagged", LINK_BOTH, LINK_BOTH },
	{ "one-armed, VLAN", LINK_BOTH_VLAN, LINK_BOTH_VLAN },
	{ "one-armed, QinQ", LINK_BOTH_QINQ, LINK_BOTH_QINQ },
	{ "on a stick, VLAN inside and another outside", LINK_STICK_IN, LINK_STICK_OUT },
};

#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

/* Router alert (RFC 2113) and three no-operations. */
static const uint8_t options[] = { 148, 4, 0, 0, 1, 1, 1, 0 };

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define S1 WORLD(1, 80)
#define P1 WORLD(1, 0)

#define OPEN_UDP1 OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_UDP2 OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_TCP1 \
	OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
#define OPEN_TCP2 \
	OUT(TCP(H2, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
#define OPEN_ECHO OUT(ECHO(H1, P1), C_out_icmp, C_created_icmp, C_subscribers_created)

/* What is done on each way, without options and with. */
static const struct play acts[] = {
	{ "UDP outbound", STEPS(OPEN_UDP1, OUT(UDP(H1, S1), C_out_udp)) },
	{ "UDP inbound", STEPS(OPEN_UDP1, IN(UDP(S1, H1), C_in_udp)) },
	{ "TCP outbound", STEPS(OPEN_TCP1, OUT(TCP(H1, S1, ACK), C_out_tcp)) },
	{ "TCP inbound",
	  STEPS(OPEN_TCP1, IN(TCP(S1, H1, SYN | ACK), C_in_tcp), IN(TCP(S1, H1, ACK), C_in_tcp)) },
	{ "ICMP echo outbound", STEPS(OPEN_ECHO, OUT(ECHO(H1, P1), C_out_icmp)) },
	{ "ICMP echo reply inbound", STEPS(OPEN_ECHO, IN(ECHO_REPLY(P1, H1), C_in_icmp)) },
	{ "UDP hairpinned (U9)",
	  STEPS(OPEN_UDP2, HAIRPIN(UDP(H1, H2), C_hairpin, C_created_udp, C_subscribers_created),
		HAIRPIN(UDP(H2, H1), C_hairpin)) },
	{ "TCP hairpinned (T8)",
	  STEPS(OPEN_TCP2,
		HAIRPIN(TCP(H1, H2, SYN), C_hairpin, C_created_tcp, C_conns_created, C_conns_created,
			C_subscribers_created),
		HAIRPIN(TCP(H2, H1, SYN | ACK), C_hairpin), HAIRPIN(TCP(H1, H2, ACK), C_hairpin)) },
	{ "ICMP error inbound (I4)",
	  STEPS(OPEN_UDP1, IN(ICMP_ERROR(WORLD(9, 0), H1, 3, 3, UDP(H1, S1, .ttl = 1)), C_in_icmp_error)) },
	{ "ICMP error outbound (I5)",
	  STEPS(OPEN_UDP1, OUT(ICMP_ERROR(H1, S1, 3, 3, UDP(S1, H1, .ttl = 1)), C_out_icmp_error)) },
	{ "Time Exceeded for an outbound packet", STEPS(TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = 1))) },
	{ "Time Exceeded for an inbound packet",
	  STEPS(OPEN_UDP1, TIME_EXCEEDED(AT_OUTSIDE, UDP(S1, H1, .ttl = 1))) },
};

#define N_ACTS (sizeof(acts) / sizeof(acts[0]))

static struct play row(const struct way *way, const struct play *act, bool with_options)
{
	struct play p = { .in = way->in, .out = way->out, .steps = act->steps };
	char *title;

	if (asprintf(&title, "%s is right to the last byte, %s%s (R3, R4)", act->title, way->name,
		     with_options ? ", with IPv4 options" : "") < 0)
		abort();
	p.title = title;
	if (with_options) {
		p.options = options;
		p.n_options = sizeof(options);
	}
	return p;
}

int main(int argc, char **argv)
{
	static struct play plays[N_WAYS * N_ACTS * 2];
	size_t n = 0, w, a;
	int status;

	for (w = 0; w < N_WAYS; w++)
		for (a = 0; a < N_ACTS; a++) {
			plays[n++] = row(&ways[w], &acts[a], false);
			plays[n++] = row(&ways[w], &acts[a], true);
		}
	status = play_table(argc, argv, NULL, plays, n);
	while (n--)
		free((void *)plays[n].title);
	return status;
}
