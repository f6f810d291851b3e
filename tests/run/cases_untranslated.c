/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No-translate rules: which packets go as they are, both ways, and which do not. */
#include <arpa/inet.h>
#include <string.h>

#include "play.h"

/* The rules are about this /25 of the world, zone 1. */
#define NAMED ADDR(198, 51, 100, 128)
#define ANY WORLD(130, 53)		/* a /32: every packet */
#define SIP WORLD(200, 5060)		/* the /25: UDP to ports 5060 to 5069 */
#define OTHER WORLD(200, 80)
#define S1 WORLD(1, 53)

/* Inside hosts as the outside sees them where nothing is translated. */
#define PLAIN(host, its_port) LITERAL(ADDR(10, 0, 0, host), its_port)
#define P1 PLAIN(1, 5000)
#define H1 HOST(1, 5000)
#define ROUTER WORLD(254, 0)

static const struct rule_row {
	uint32_t addr, mask;
	uint16_t first, last;
	uint8_t proto;
} rows[] = {
	{ NAMED, 0xffffff80, 5060, 5069, IPPROTO_UDP },
	{ ADDR(198, 51, 100, 130), 0xffffffff, 0, 0, 0 },
	{ EXT0, 0xffffffff, 0, 0, 0 },	/* has no effect: it is one of ours */
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void set_rules(struct bed *bed)
{
	struct daisy_rule rules[N_ROWS] = { 0 };
	unsigned int i;

	for (i = 0; i < N_ROWS; i++)
		rules[i] = (struct daisy_rule){ .addr = htonl(rows[i].addr), .mask = htonl(rows[i].mask),
			.first = rows[i].first, .last = rows[i].last, .zone = 1, .proto = rows[i].proto };
	/* The link that the way back leads to. */
	if (daisy_instance_prefix_add(bed->inst, 1, (struct in_addr){ htonl(ADDR(10, 0, 0, 0)) }, 8, bed->in) ||
	    daisy_instance_rules_set(bed->inst, rules, N_ROWS))
		play_fail("%s", daisy_error());
	bed->forgotten = NAMED;
}

static void drop_rules(struct bed *bed)
{
	if (daisy_instance_rules_set(bed->inst, NULL, 0))
		play_fail("%s", daisy_error());
	bed->forgotten = 0;
}

/* Otherwise the straight way would translate what it finds a next hop and a mapping for. */
static void nothing_remembered(struct bed *bed)
{
	unsigned int i;

	for (i = 0; i < DAISY_ROUTE_CACHE; i++)
		if ((ntohl((uint32_t)bed->routes[i].word) & ~127u) == NAMED &&
		    bed->routes[i].epoch == daisy_instance_conf(bed->inst)->nexthop_epoch)
			play_fail("the next hop of 198.51.100.%u is remembered",
				  ntohl((uint32_t)bed->routes[i].word) & 255);
}

#define GRE(from, to) { .proto = 47, .src = from, .dst = to }
#define AS_IS C_untranslated
#define NEW_UDP C_out_udp, C_created_udp, C_subscribers_created

static const struct play plays[] = {
	{ "Packets to a no-translate destination go as they are, and make no mapping (G6, RFC 6888 REQ-6)",
	  .setup = set_rules,
	  STEPS(OUT(UDP(P1, ANY), AS_IS), OUT(TCP(P1, ANY, SYN), AS_IS), OUT(TCP(P1, ANY, ACK), AS_IS),
		OUT(ECHO(PLAIN(1, 77), WORLD(130, 0)), AS_IS), STATE("")) },
	{ "What a no-translate destination sends to an inside address goes as it is (G6)", .setup = set_rules,
	  STEPS(IN(UDP(ANY, P1), AS_IS), IN(TCP(ANY, P1, SYN), AS_IS), IN(TCP(ANY, P1, ACK), AS_IS),
		IN(ECHO_REPLY(WORLD(130, 0), PLAIN(1, 77)), AS_IS), STATE("")) },
	{ "Protocols without ports go as they are where the rule names no protocol (G6)", .setup = set_rules,
	  STEPS(OUT(GRE(P1, ANY), AS_IS), IN(GRE(ANY, P1), AS_IS), DROP(AT_INSIDE, GRE(P1, SIP), UNSUPPORTED_PROTO)) },
	{ "Other inside hosts, protocols and ports than the rule's are translated (G6)", .setup = set_rules,
	  STEPS(OUT(UDP(P1, SIP), AS_IS), OUT(UDP(P1, WORLD(200, 5069)), AS_IS), OUT(UDP(H1, WORLD(200, 5070)), NEW_UDP),
		OUT(UDP(H1, OTHER), C_out_udp), OUT(TCP(H1, SIP, SYN), C_out_tcp, C_created_tcp, C_conns_created),
		OUT(UDP(H1, S1), C_out_udp)) },
	{ "An endpoint with a mapping is translated to others, and not to a no-translate destination (G6)",
	  .setup = set_rules,
	  STEPS(OUT(UDP(H1, S1), NEW_UDP), OUT(UDP(P1, SIP), AS_IS), OUT(UDP(H1, OTHER), C_out_udp),
		OUT(UDP(P1, SIP), AS_IS), OUT(UDP(P1, ANY), AS_IS), IN(UDP(OTHER, H1), C_in_udp),
		IN(UDP(SIP, P1), AS_IS), CALL(nothing_remembered)) },
	{ "From elsewhere nothing reaches an inside address untranslated (G6)", .setup = set_rules,
	  STEPS(DROP(AT_OUTSIDE, UDP(S1, P1), NOT_POOL), DROP(AT_OUTSIDE, UDP(OTHER, P1), NOT_POOL),
		DROP(AT_OUTSIDE, TCP(SIP, P1, SYN), NOT_POOL),
		DROP(AT_OUTSIDE, UDP(ANY, LITERAL(ADDR(172, 16, 0, 1), 5000)), NOT_POOL),
		DROP(AT_OUTSIDE, UDP(LITERAL(EXT0, 53), P1), NOT_POOL)) },
	{ "A stranger on the inside link is not forwarded to a no-translate destination (G6)", .setup = set_rules,
	  STEPS(DROP(AT_INSIDE, UDP(LITERAL(ADDR(172, 16, 0, 1), 5000), ANY), NOT_INSIDE)) },
	{ "Another zone than the rule's is translated (G6, U7)", .setup = set_rules,
	  STEPS(OUT(UDP(HOST_OF(2, 1, 5000), ANY), NEW_UDP)) },
	{ "TTL 1 is answered, in both directions (R4, G6)", .setup = set_rules,
	  STEPS(TIME_EXCEEDED(AT_INSIDE, UDP(P1, ANY, .ttl = 1)), TIME_EXCEEDED(AT_OUTSIDE, UDP(ANY, P1, .ttl = 1))) },
	{ "ICMP errors of the hosts and of routers on the way go as they are (U12a, G6)", .setup = set_rules,
	  STEPS(IN(ICMP_ERROR(ROUTER, PLAIN(1, 0), 11, 0, QUOTED(UDP(P1, SIP))), AS_IS),
		IN(ICMP_ERROR(SIP, PLAIN(1, 0), 3, 3, QUOTED(UDP(P1, SIP))), AS_IS),
		OUT(ICMP_ERROR(PLAIN(1, 0), SIP, 3, 3, QUOTED(UDP(SIP, P1))), AS_IS),
		OUT(ICMP_ERROR(PLAIN(9, 0), SIP, 11, 0, QUOTED(UDP(SIP, P1))), AS_IS),
		DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, PLAIN(1, 0), 11, 0, QUOTED(UDP(P1, OTHER))), NOT_POOL),
		DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, PLAIN(2, 0), 11, 0, QUOTED(UDP(P1, SIP))), NOT_POOL)) },
	{ "Fragments go as they are, the later ones with the first (U14, G6)", .setup = set_rules,
	  STEPS(OUT(UDP(P1, SIP, .payload = 100, .fragment = true, .part = 64), AS_IS),
		OUT(UDP(P1, SIP, .payload = 100, .fragment = true, .from = 64), C_fragments),
		IN(UDP(SIP, P1, .payload = 100, .fragment = true, .part = 64), AS_IS),
		IN(UDP(SIP, P1, .payload = 100, .fragment = true, .from = 64), C_fragments)) },
	{ "One-armed: the source tells the directions apart (G6)", .in = LINK_BOTH, .out = LINK_BOTH, .setup = set_rules,
	  STEPS(OUT(UDP(P1, ANY), AS_IS), IN(UDP(ANY, P1), AS_IS), OUT(UDP(H1, S1), NEW_UDP), IN(UDP(S1, H1), C_in_udp),
		DROP(AT_OUTSIDE, UDP(S1, P1), NOT_INSIDE)) },
	{ "VLAN tags change with the link (G6)", .in = LINK_IN_VLAN, .out = LINK_OUT_QINQ, .setup = set_rules,
	  STEPS(OUT(UDP(P1, ANY), AS_IS), IN(UDP(ANY, P1), AS_IS)) },
	{ "Rules that come and go under load hold from the next packet on (G6)",
	  STEPS(OUT(UDP(H1, ANY), NEW_UDP), IN(UDP(ANY, H1), C_in_udp), CALL(set_rules), OUT(UDP(P1, ANY), AS_IS),
		IN(UDP(ANY, P1), AS_IS), OUT(UDP(H1, S1), C_out_udp), CALL(drop_rules), OUT(UDP(H1, ANY), C_out_udp),
		DROP(AT_OUTSIDE, UDP(ANY, P1), NOT_POOL)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
