/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings of UDP and ICMP queries: reuse, pairing, filtering, ranges, timers, hold-down. */
#include <string.h>

#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 5000)
#define S1 WORLD(1, 53)
#define S2 WORLD(2, 80)
#define Q1 HOST(1, 77)
#define Q2 HOST(2, 77)
#define P1 WORLD(1, 0)
#define P2 WORLD(2, 0)

static void addresses_equal(struct bed *bed, const struct end *a, enum daisy_proto proto_a,
			    const struct end *b, enum daisy_proto proto_b)
{
	struct place at_a, at_b;

	if (state_find(bed, proto_a, a, &at_a) != 1 || state_find(bed, proto_b, b, &at_b) != 1)
		play_fail("a mapping is missing");
	if (at_a.slot != at_b.slot)
		play_fail("slots %u and %u", at_a.slot, at_b.slot);
}

static void paired_across_protocols(struct bed *bed)
{
	const struct end udp = H1, other = HOST(1, 5001), tcp = HOST(1, 6000), icmp = Q1;

	addresses_equal(bed, &udp, DAISY_UDP, &other, DAISY_UDP);
	addresses_equal(bed, &udp, DAISY_UDP, &tcp, DAISY_TCP);
	addresses_equal(bed, &udp, DAISY_UDP, &icmp, DAISY_ICMP);
}

static uint16_t external_port(struct bed *bed, enum daisy_proto proto, const struct end *inside)
{
	struct place at;

	if (state_find(bed, proto, inside, &at) != 1)
		play_fail("no mapping");
	return at.port;
}

static void no_tcp_on_udp_port(struct bed *bed)
{
	const struct end host = H1;
	struct place at;
	struct step s = { .kind = STEP_DROP, .at = AT_OUTSIDE, .counts = { C_drop_NO_MAPPING } };

	if (state_find(bed, DAISY_UDP, &host, &at) != 1)
		play_fail("no mapping");
	s.in = (struct pkt)TCP(S1, LITERAL(state_addr(bed, at.slot), at.port), SYN);
	play_step(bed, &s);
}

static void step_out(struct bed *bed, struct pkt pkt, enum counter a, enum counter b, enum counter c)
{
	const struct step s = { .kind = STEP_OUT, .at = AT_INSIDE, .in = pkt, .counts = { a, b, c } };

	play_step(bed, &s);
}

/* Sixty-four hosts with the same source port: as many external endpoints. */
static void many_hosts_same_port(struct bed *bed)
{
	static uint8_t seen[BED_N_SLOTS][DAISY_VECTOR_SIZE];
	unsigned int i;

	memset(seen, 0, sizeof(seen));
	for (i = 1; i <= 64; i++) {
		const struct end host = HOST(i, 5000);
		struct place at;

		step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp, C_subscribers_created);
		if (state_find(bed, DAISY_UDP, &host, &at) != 1)
			play_fail("no mapping");
		if (seen[at.slot][at.port]++)
			play_fail("an external endpoint was given twice");
	}
}

/* Sixty-four subscribers of a pool of two scattered addresses: both are used. */
static void scattered_pool_is_used(struct bed *bed)
{
	unsigned int i, n[BED_N_SLOTS] = { 0 };

	for (i = 1; i <= 64; i++) {
		const struct end host = HOST_OF(5, i, 5000);
		struct place at;

		step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp, C_subscribers_created);
		if (state_find(bed, DAISY_UDP, &host, &at) != 1)
			play_fail("no mapping");
		n[at.slot]++;
	}
	if (n[4] < 8 || n[5] < 8 || n[4] + n[5] != 64)
		play_fail("%u subscribers on one address, %u on the other", n[4], n[5]);
}

static void ports_in_dynamic_range(struct bed *bed)
{
	unsigned int i;

	for (i = 1; i <= 200; i++) {
		const struct end host = HOST(1, i);

		step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp,
			 i == 1 ? C_subscribers_created : C_NONE);
		if (external_port(bed, DAISY_UDP, &host) < 1024)
			play_fail("external port %u", external_port(bed, DAISY_UDP, &host));
	}
}

/* Ports taken in a row would be guessed (RFC 6056): of 200, few are neighbours. */
static void ports_are_scattered(struct bed *bed)
{
	unsigned int i, close = 0, last = 0;

	for (i = 1; i <= 200; i++) {
		const struct end host = HOST(1, 2000 + i);
		unsigned int port;

		step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp,
			 i == 1 ? C_subscribers_created : C_NONE);
		port = external_port(bed, DAISY_UDP, &host);
		close += last && (port > last ? port - last : last - port) < 64;
		last = port;
	}
	if (close > 8)
		play_fail("%u of 200 ports are near the one before", close);
}

static void with_option(struct bed *bed, uint32_t option)
{
	daisy_instance_conf(bed->inst)->options = option;
}

static void with_parity(struct bed *bed)
{
	with_option(bed, DAISY_OPT_PARITY);
}

/* Ports that all are even inside, and few as they were or neighbours outside. */
static void even_ports_are_scattered(struct bed *bed)
{
	unsigned int i, close = 0, odd = 0, last = 0;
	const bool parity = daisy_instance_conf(bed->inst)->options & DAISY_OPT_PARITY;

	for (i = 1; i <= 200; i++) {
		const struct end host = HOST(1, 2000 + 2 * i);
		unsigned int port;

		step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp,
			 i == 1 ? C_subscribers_created : C_NONE);
		port = external_port(bed, DAISY_UDP, &host);
		close += last && (port > last ? port - last : last - port) < 64;
		odd += port & 1;
		last = port;
	}
	if (close > 8)
		play_fail("%u of 200 ports are near the one before", close);
	if (parity ? odd : odd < 50 || odd > 150)
		play_fail("%u of 200 ports are odd", odd);
}

static void with_range(struct bed *bed)
{
	with_option(bed, DAISY_OPT_RANGE);
}

static void with_range_and_parity(struct bed *bed)
{
	with_option(bed, DAISY_OPT_RANGE | DAISY_OPT_PARITY);
}

/* Hosts of zone 3, whose address has every port: ports p for p in [from, to] keep a property. */
static void each_port(struct bed *bed, unsigned int from, unsigned int to, bool range, bool parity)
{
	unsigned int p;

	for (p = from; p <= to; p++) {
		const struct end host = HOST_OF(3, 1, p);
		unsigned int port;

		step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp,
			 p == from ? C_subscribers_created : C_NONE);
		port = external_port(bed, DAISY_UDP, &host);
		if (range && (p < 1024) != (port < 1024))
			play_fail("port %u became %u", p, port);
		if (parity && (p & 1) != (port & 1))
			play_fail("port %u became %u", p, port);
	}
}

static void range_is_kept(struct bed *bed)
{
	each_port(bed, 900, 1150, true, false);
}

static void parity_is_kept(struct bed *bed)
{
	each_port(bed, 3000, 3200, false, true);
}

static void range_and_parity_are_kept(struct bed *bed)
{
	each_port(bed, 900, 1150, true, true);
}

/* An address of seven ports, every one used and given back: none returns before its hold-down ended. */
static void open_seven(struct bed *bed)
{
	unsigned int i;

	for (i = 1; i <= 7; i++)
		step_out(bed, (struct pkt)UDP(HOST_OF(4, 1, i), S1), C_out_udp, C_created_udp,
			 i == 1 ? C_subscribers_created : C_NONE);
}

static void reopen_seven(struct bed *bed)
{
	unsigned int i;

	for (i = 11; i <= 17; i++)
		step_out(bed, (struct pkt)UDP(HOST_OF(4, 1, i), S1), C_out_udp, C_created_udp, C_NONE);
}

static void reserved_port_not_used(struct bed *bed)
{
	const struct place at = { .slot = 3, .port = 40003, .proto = DAISY_UDP };

	if (state_record(bed, &at)->ctl.state != MAPPING_FREE)
		play_fail("reserved port 40003 is in use");
}

#define SHARED_ADDR { .addr = ADDR(100, 64, 0, 1), .port = 5000, .zone = 1 }

static struct in_addr shared_net(void)
{
	return (struct in_addr){ .s_addr = htonl(ADDR(100, 64, 0, 0)) };
}

static void with_shared_prefix(struct bed *bed)
{
	if (daisy_instance_prefix_add(bed->inst, 1, shared_net(), 10, 0))
		play_fail("no prefix");
}

static void without_shared_prefix(struct bed *bed)
{
	if (daisy_instance_prefix_del(bed->inst, 1, shared_net(), 10))
		play_fail("the prefix stays");
}

/* A frame by itself, without the cost of looking its mapping up. */
static void send_port(struct bed *bed, unsigned int port, unsigned int verdict, enum counter count)
{
	const struct step s = OUT(UDP(HOST_OF(5, 1, 0), S1), C_NONE);
	struct step of_port = s;
	uint8_t frame[PKT_ROOM];
	struct bed_run run;
	size_t len;

	of_port.in.src.port = port;
	len = play_frame(bed, &of_port, frame);
	bed_run(bed, LINK_IN5, LINK_OUT, frame, len, &run);
	if (run.verdict != verdict || run.delta[count] != 1)
		play_fail("port %u: verdict %u", port, run.verdict);
}

static void refuse_silently(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->exhaustion = EXHAUSTION_SILENT;
}

/* Every port of an address: 64,512 flows of one subscriber, and a thousand that are refused. */
static void fill_address(struct bed *bed)
{
	unsigned int port;

	for (port = 1; port <= 64512; port++)
		send_port(bed, port, XDP_REDIRECT, C_created_udp);
	for (; port <= 65512; port++)
		send_port(bed, port, XDP_DROP, C_drop_NO_PORT);
}

static void all_refused_still(struct bed *bed)
{
	send_port(bed, 65000, XDP_DROP, C_drop_NO_PORT);
}

/* As a move to another box does. */
static void stop_all(struct bed *bed)
{
	for (uint32_t slot = 0; slot < BED_N_SLOTS; slot++)
		if (daisy_instance_address_stop(bed->inst, slot))
			play_fail("%s", daisy_error());
}

static void resume_all(struct bed *bed)
{
	for (uint32_t slot = 0; slot < BED_N_SLOTS; slot++)
		daisy_instance_address_resume(bed->inst, slot);
}

static void drain_first(struct bed *bed)
{
	daisy_instance_address_state(bed->inst, 0, SLOT_DRAINING);
}

/* All of one address's ports taken: each of thirty new subscribers gets the other one. */
static void one_address_has_ports(struct bed *bed)
{
	unsigned int i, proto;

	for (proto = DAISY_UDP; proto <= DAISY_TCP; proto++) {
		struct daisy_port_map *map = daisy_instance_port_map(bed->inst, 4, proto);

		memset(map->leaf, 0, sizeof(map->leaf));
		memset(map->summary, 0, sizeof(map->summary));
		map->n_free = 0;
	}
	for (i = 1; i <= 30; i++)
		step_out(bed, (struct pkt)UDP(HOST_OF(5, i, 5000), S1), C_out_udp, C_created_udp,
			 C_subscribers_created);
	for (proto = DAISY_UDP; proto <= DAISY_TCP; proto++)
		*daisy_instance_port_map(bed->inst, 4, proto) = bed->port_maps[4 * DAISY_N_PROTOS + proto];
}

static void drain_both(struct bed *bed)
{
	daisy_instance_address_state(bed->inst, 0, SLOT_DRAINING);
	daisy_instance_address_state(bed->inst, 1, SLOT_DRAINING);
}

static void undrain(struct bed *bed)
{
	daisy_instance_address_state(bed->inst, 0, SLOT_ACTIVE);
	daisy_instance_address_state(bed->inst, 1, SLOT_ACTIVE);
}

static void new_subscribers_avoid_drained(struct bed *bed)
{
	unsigned int i;

	for (i = 1; i <= 20; i++) {
		const struct end host = HOST(i, 5000);
		struct place at;

		step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp, C_subscribers_created);
		if (state_find(bed, DAISY_UDP, &host, &at) != 1 || at.slot != 1)
			play_fail("a new subscriber got the draining address");
	}
}

#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_ICMP OUT(ECHO(Q1, P1), C_out_icmp, C_created_icmp, C_subscribers_created)

/* The bed's one-armed device, here as a second way to the hosts of zone 1. */
static void move_to_another_link(struct bed *bed)
{
	bed->in = LINK_BOTH;
}

static void has_moved(struct bed *bed, enum daisy_proto proto)
{
	const struct end host = H1;
	struct place at;

	if (state_find(bed, proto, &host, &at) != 1 || state_record(bed, &at)->link != LINK_BOTH)
		play_fail("the mapping does not know the link of its host");
}

static void udp_has_moved(struct bed *bed)
{
	has_moved(bed, DAISY_UDP);
}

static void tcp_has_moved(struct bed *bed)
{
	has_moved(bed, DAISY_TCP);
}

/* The index entry of the only mapping, as one that cannot be changed now. */
static struct daisy_entry *busy;
static uint64_t busy_word;

static void keep_entry_busy(struct bed *bed)
{
	busy = NULL;
	for (unsigned int line = 0; line < bed->conf.index_lines; line++)
		for (unsigned int i = 0; i < DAISY_BUCKET_ENTRIES; i++)
			if (bed->index[line].entry[i].ref.word)
				busy = &bed->index[line].entry[i];
	if (!busy)
		play_fail("no entry in the index");
	busy_word = busy->ref.word;
	busy->ref.word &= ~DAISY_REF_PUBLISHED;
}

static void let_entry_go(struct bed *bed)
{
	if (!busy->ref.word)
		play_fail("the entry has gone");
	busy->ref.word = busy_word;
}

static const struct play plays[] = {
	{ "A UDP mapping is made once and used for every destination (U1, RFC 4787 REQ-1)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S2), C_out_udp), OUT(UDP(H1, WORLD(1, 54)), C_out_udp),
		STATE("udp 1/10.0.0.1:5000")) },
	{ "Two ports of a host have two UDP mappings (U1, U3)",
	  STEPS(OPEN_UDP, OUT(UDP(HOST(1, 5001), S1), C_out_udp, C_created_udp),
		STATE("udp 1/10.0.0.1:5000; udp 1/10.0.0.1:5001")) },
	{ "The same port of two hosts has two UDP mappings (U3, RFC 4787 REQ-3)",
	  STEPS(OPEN_UDP, OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, H1), C_in_udp), IN(UDP(S1, H2), C_in_udp),
		STATE("udp 1/10.0.0.1:5000; udp 1/10.0.0.2:5000")) },
	{ "Sixty-four hosts with one source port get sixty-four external endpoints (U3, B10)",
	  STEPS(CALL(many_hosts_same_port)) },
	{ "An ICMP query mapping is made once and used for every destination (I1a, RFC 5508 REQ-1)",
	  STEPS(OPEN_ICMP, OUT(ECHO(Q1, P2), C_out_icmp), IN(ECHO_REPLY(P1, Q1), C_in_icmp),
		IN(ECHO_REPLY(P2, Q1), C_in_icmp), STATE("icmp 1/10.0.0.1:77")) },
	{ "The same query id of two hosts has two mappings (I1)",
	  STEPS(OPEN_ICMP, OUT(ECHO(Q2, P1), C_out_icmp, C_created_icmp, C_subscribers_created),
		IN(ECHO_REPLY(P1, Q1), C_in_icmp), IN(ECHO_REPLY(P1, Q2), C_in_icmp)) },
	{ "ICMP timestamp queries are translated both ways (I10b)",
	  STEPS(OUT(ECHO(Q1, P1, .type = 13, .payload = 12), C_out_icmp, C_created_icmp,
		    C_subscribers_created),
		IN(ECHO_REPLY(P1, Q1, .type = 14, .payload = 12), C_in_icmp)) },
	{ "A UDP port, a TCP port and a query id that are equal have mappings of their own (X5)",
	  STEPS(OUT(UDP(HOST(1, 77), S1), C_out_udp, C_created_udp, C_subscribers_created),
		OUT(TCP(HOST(1, 77), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created), OUT(ECHO(Q1, P1), C_out_icmp, C_created_icmp),
		STATE("icmp 1/10.0.0.1:77; tcp 1/10.0.0.1:77 [198.51.100.1:53 opening]; udp 1/10.0.0.1:77")) },
	{ "A subscriber has one external address for all ports and protocols (U2, G2, RFC 6888 REQ-2)",
	  STEPS(OPEN_UDP, OUT(UDP(HOST(1, 5001), S2), C_out_udp, C_created_udp),
		OUT(TCP(HOST(1, 6000), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created),
		OUT(ECHO(Q1, P1), C_out_icmp, C_created_icmp), CALL(paired_across_protocols)) },
	{ "A subscriber keeps its address while its pairing lasts, without mappings (G2)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("udp hold"),
		OUT(UDP(HOST(1, 5001), S1), C_out_udp, C_created_udp),
		STATE("udp 1/10.0.0.1:5001; udp hold")) },
	{ "Addresses of a pool need not be neighbours, and all are used (G3, RFC 6888 REQ-3)",
	  STEPS(CALL(scattered_pool_is_used)) },

	{ "Inbound UDP from the contacted endpoint is translated (U8)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp)) },
	{ "Inbound UDP from a stranger is translated: endpoint-independent filtering (U8, G7, RFC 4787 REQ-8)",
	  STEPS(OPEN_UDP, IN(UDP(WORLD(9, 9), H1), C_in_udp), IN(UDP(WORLD(1, 54), H1), C_in_udp),
		STATE("udp 1/10.0.0.1:5000")) },
	{ "Inbound ICMP echo replies of a stranger are translated: the id is independent of the host (I1a, I10a)",
	  STEPS(OPEN_ICMP, IN(ECHO_REPLY(WORLD(9, 0), Q1), C_in_icmp)) },
	{ "Inbound UDP to a port without a mapping is dropped and creates nothing (U8)",
	  STEPS(DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 4000)), NO_MAPPING), STATE("")) },
	{ "Inbound TCP to a port without a mapping is dropped and creates nothing (T3)",
	  STEPS(DROP(AT_OUTSIDE, TCP(S1, LITERAL(EXT0, 4000), SYN), NO_MAPPING), STATE("")) },
	{ "Inbound echo reply to an id without a mapping is dropped (I1)",
	  STEPS(DROP(AT_OUTSIDE, ECHO_REPLY(P1, LITERAL(EXT0, 4000)), NO_MAPPING), STATE("")) },
	{ "A UDP mapping admits no TCP on the port of the same number (X6)",
	  STEPS(OPEN_UDP, CALL(no_tcp_on_udp_port)) },

	{ "External ports of a pool are its dynamic ones, whatever the inside port (U3a, R1)",
	  STEPS(CALL(ports_in_dynamic_range)) },
	{ "External ports are chosen at random (R1, G15, X10, RFC 6056 section 3.3)", STEPS(CALL(ports_are_scattered)) },
	{ "With range preservation, 1-1023 stays there and 1024-65535 too (U3a, RFC 4787 REQ-3a)",
	  .setup = with_range, STEPS(CALL(range_is_kept)) },
	{ "With parity preservation, even ports stay even and odd ones odd (U4, RFC 4787 REQ-4)",
	  .setup = with_parity, STEPS(CALL(parity_is_kept)) },
	{ "Range and parity preservation work together (U3a, U4)",
	  .setup = with_range_and_parity, STEPS(CALL(range_and_parity_are_kept)) },

	{ "With parity preservation ports are as random, but for their lowest bit (R2, RFC 6056 section 3)",
	  .setup = with_parity, STEPS(CALL(even_ports_are_scattered)) },
	{ "Without parity preservation, which is the default, even ports become odd ones too (X9)",
	  STEPS(CALL(even_ports_are_scattered)) },
	{ "A subscriber may have an address of 100.64.0.0/10, shared address space (R6, RFC 6598)",
	  .setup = with_shared_prefix,
	  STEPS(OUT(UDP(SHARED_ADDR, S1), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, SHARED_ADDR), C_in_udp), STATE("udp 1/100.64.0.1:5000"), CALL(without_shared_prefix)) },
	{ "A UDP mapping is alive one second before its timer (U5, RFC 4787 REQ-5)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), SWEEP, STATE("udp 1/10.0.0.1:5000"), IN(UDP(S1, H1), C_in_udp)) },
	{ "A UDP mapping ends after its timer, and its port rests (U5, G8)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("udp hold")) },
	{ "Outbound UDP refreshes the mapping (U6, RFC 4787 REQ-6)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), OUT(UDP(H1, S2), C_out_udp), ADVANCE(UDP_S - 1), SWEEP,
		STATE("udp 1/10.0.0.1:5000"), ADVANCE(1 + MARGIN_S), SWEEP, STATE("udp hold")) },
	{ "Inbound UDP does not refresh the mapping (U6a, D-15, X7)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), IN(UDP(S1, H1), C_in_udp), ADVANCE(1 + MARGIN_S), SWEEP,
		STATE("udp hold")) },
	{ "An ICMP query mapping is alive one second before its timer (I2, RFC 5508 REQ-2)",
	  STEPS(OPEN_ICMP, ADVANCE(ICMP_S - 1), SWEEP, STATE("icmp 1/10.0.0.1:77"),
		IN(ECHO_REPLY(P1, Q1), C_in_icmp)) },
	{ "An ICMP query mapping ends after its timer (I2, X12)",
	  STEPS(OPEN_ICMP, ADVANCE(ICMP_S + MARGIN_S), SWEEP, STATE("icmp hold")) },
	{ "Outbound queries refresh an ICMP mapping (I2, D-15)",
	  STEPS(OPEN_ICMP, ADVANCE(ICMP_S - 1), OUT(ECHO(Q1, P2), C_out_icmp), ADVANCE(ICMP_S - 1), SWEEP,
		STATE("icmp 1/10.0.0.1:77")) },
	{ "Inbound replies do not refresh an ICMP mapping (D-15)",
	  STEPS(OPEN_ICMP, ADVANCE(ICMP_S - 1), IN(ECHO_REPLY(P1, Q1), C_in_icmp), ADVANCE(1 + MARGIN_S),
		SWEEP, STATE("icmp hold")) },
	{ "A mapping that ended is made anew by the next outbound packet, on another port (U5, G8)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S + MARGIN_S), SWEEP, OUT(UDP(H1, S1), C_out_udp, C_created_udp),
		STATE("udp 1/10.0.0.1:5000; udp hold")) },

	{ "A freed port rests one second before its hold-down ended (G8, RFC 6888 REQ-8)",
	  STEPS(CALL(open_seven), ADVANCE(UDP_S + MARGIN_S), SWEEP, ADVANCE(HOLD_S - 1), SWEEP,
		REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 11), S1), NO_PORT),
		STATE("udp hold; udp hold; udp hold; udp hold; udp hold; udp hold; udp hold")) },
	{ "A freed port is used again after its hold-down, every one of them (G8)",
	  STEPS(CALL(open_seven), ADVANCE(UDP_S + MARGIN_S), SWEEP, ADVANCE(HOLD_S + MARGIN_S), SWEEP,
		STATE(""), CALL(reopen_seven), REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 18), S1), NO_PORT)) },
	{ "Nothing is translated to a port in hold-down (G8)",
	  STEPS(CALL(open_seven), ADVANCE(UDP_S + MARGIN_S), SWEEP,
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT_TINY, 40000)), NO_MAPPING),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT_TINY, 40007)), NO_MAPPING)) },
	{ "A full pool drops new flows and evicts none (G11, RFC 6888 REQ-11)",
	  STEPS(CALL(open_seven), REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 8), S1), NO_PORT),
		REFUSED(AT_INSIDE, UDP(HOST_OF(4, 2, 8), S1), NO_PORT, C_subscribers_created),
		OUT(UDP(HOST_OF(4, 1, 1), S2), C_out_udp), IN(UDP(S2, HOST_OF(4, 1, 7)), C_in_udp),
		STATE("udp 4/10.0.0.1:1; udp 4/10.0.0.1:2; udp 4/10.0.0.1:3; udp 4/10.0.0.1:4; "
		      "udp 4/10.0.0.1:5; udp 4/10.0.0.1:6; udp 4/10.0.0.1:7")) },
	{ "With every port in use, mapping and filtering are what they were (U11, RFC 4787 REQ-11)",
	  STEPS(CALL(open_seven), REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 8), S1), NO_PORT),
		OUT(UDP(HOST_OF(4, 1, 1), S2), C_out_udp), IN(UDP(WORLD(77, 7777), HOST_OF(4, 1, 1)), C_in_udp),
		OUT(UDP(HOST_OF(4, 1, 7), WORLD(77, 7777)), C_out_udp), IN(UDP(S1, HOST_OF(4, 1, 7)), C_in_udp),
		REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 8), S2), NO_PORT),
		STATE("udp 4/10.0.0.1:1; udp 4/10.0.0.1:2; udp 4/10.0.0.1:3; udp 4/10.0.0.1:4; "
		      "udp 4/10.0.0.1:5; udp 4/10.0.0.1:6; udp 4/10.0.0.1:7")) },
	{ "A pool that is full for UDP still has ports for TCP and ICMP (G11, U3)",
	  STEPS(CALL(open_seven), OUT(TCP(HOST_OF(4, 1, 1), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created),
		OUT(ECHO(HOST_OF(4, 1, 1), P1), C_out_icmp, C_created_icmp)) },
	{ "Reserved ports of a pool are never used (G3)",
	  STEPS(CALL(open_seven), CALL(reserved_port_not_used)) },

	{ "Every port of an address is used, none twice, and each is free again after its time (G11, G8, G13, B5)",
	  .setup = refuse_silently,
	  STEPS(CALL(fill_address), ADVANCE(UDP_S + MARGIN_S), SWEEP, CALL(all_refused_still),
		ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE(""), CALL(fill_address)) },

	{ "A draining address takes no new subscriber", .setup = drain_first,
	  STEPS(CALL(new_subscribers_avoid_drained)) },
	{ "A new subscriber gets the one address of a zone that has ports left (G11, U2)",
	  STEPS(CALL(one_address_has_ports)) },
	{ "A draining address goes on translating, and takes no new mapping",
	  STEPS(OPEN_UDP, CALL(drain_both), OUT(UDP(H1, S2), C_out_udp), IN(UDP(S2, H1), C_in_udp),
		REFUSED(AT_INSIDE, UDP(HOST(1, 5001), S1), DRAINING),
		REFUSED(AT_INSIDE, UDP(H2, S1), NO_ADDRESS), CALL(undrain),
		OUT(UDP(HOST(1, 5001), S1), C_out_udp, C_created_udp)) },

	{ "An address on its way to another box translates nothing, and goes on as it was if it stays (D-22)",
	  STEPS(OPEN_UDP, OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created),
		OUT(UDP(H1, S2), C_out_udp), IN(UDP(S2, H1), C_in_udp), CALL(stop_all),
		DROP(AT_INSIDE, UDP(H1, S2), MOVING), DROP(AT_OUTSIDE, UDP(S2, H1), MOVING),
		DROP(AT_INSIDE, TCP(H1, S1, ACK), MOVING), DROP(AT_OUTSIDE, TCP(S1, H1, ACK), MOVING),
		REFUSED(AT_INSIDE, UDP(HOST(1, 5001), S1), DRAINING), REFUSED(AT_INSIDE, UDP(H2, S1), NO_ADDRESS),
		CALL(resume_all), OUT(UDP(H1, S2), C_out_udp), IN(UDP(S2, H1), C_in_udp),
		OUT(TCP(H1, S1, ACK), C_out_tcp), OUT(UDP(HOST(1, 5001), S1), C_out_udp, C_created_udp)) },

	{ "An index entry that could not be removed with its mapping goes before the port is free (U3)",
	  STEPS(OUT(UDP(HOST(1, 5000), S1), C_out_udp, C_created_udp, C_subscribers_created),
		CALL(keep_entry_busy), ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("udp hold"), CALL(let_entry_go),
		ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE("")) },
	{ "What comes for a host that has moved to another link of its zone goes there: UDP (U1)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), CALL(move_to_another_link), ADVANCE(10),
		OUT(UDP(H1, S1), C_out_udp), CALL(udp_has_moved), IN(UDP(S1, H1), C_in_udp)) },
	{ "What comes for a host that has moved to another link of its zone goes there: TCP (T1)",
	  STEPS(OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		IN(TCP(S1, H1, SYN | ACK), C_in_tcp), OUT(TCP(H1, S1, ACK), C_out_tcp), CALL(move_to_another_link),
		ADVANCE(10), OUT(TCP(H1, S1, ACK), C_out_tcp), CALL(tcp_has_moved),
		IN(TCP(S1, H1, ACK), C_in_tcp)) },
	{ "Zones with the same inside address have mappings of their own (U7)",
	  STEPS(OPEN_UDP, OUT(UDP(HOST_OF(2, 1, 5000), S1), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, H1), C_in_udp), IN(UDP(S1, HOST_OF(2, 1, 5000)), C_in_udp),
		STATE("udp 1/10.0.0.1:5000; udp 2/10.0.0.1:5000")) },
	{ "Hosts of two zones with one address reach each other by their external endpoints (U7, U9)",
	  STEPS(OPEN_UDP, OUT(UDP(HOST_OF(2, 1, 5000), S1), C_out_udp, C_created_udp, C_subscribers_created),
		HAIRPIN(UDP(H1, HOST_OF(2, 1, 5000)), C_hairpin),
		HAIRPIN(UDP(HOST_OF(2, 1, 5000), H1), C_hairpin)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
