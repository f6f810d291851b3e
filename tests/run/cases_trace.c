/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `daisy mapping trace` tells of a packet is what becomes of it: each packet
 * here, and in the other tables, is traced, then run through the program, and the
 * two ends compared with counter, reason and endpoints (trace_watch.c). At the
 * end every end that a trace can tell has to have been seen.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <string.h>

#include "play.h"
#include "trace_watch.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define S1 WORLD(1, 80)
#define S7 WORLD(7, 80)
#define NOBODY LITERAL(ADDR(172, 16, 0, 1), 5000)
#define SIP WORLD(130, 5060)
#define PLAIN LITERAL(ADDR(10, 0, 0, 1), 5000)
#define OWN LITERAL(OWN_ADDR, 22)

#define UDP_NEW C_out_udp, C_created_udp
#define TCP_NEW C_out_tcp, C_created_tcp, C_conns_created
#define ICMP_NEW C_out_icmp, C_created_icmp
#define FIRST C_subscribers_created
#define MISS C_route_misses

static void no_side(struct bed *bed)
{
	daisy_instance_links(bed->inst)[LINK_IN].side = SIDE_NONE;
}

static void no_address(struct bed *bed)
{
	for (enum bed_link link = 0; link < BED_N_LINKS; link++)
		*(uint32_t *)daisy_instance_links(bed->inst)[link].addr = 0;
}

static void no_errors(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->icmp_rate = 0;
}

static void small_mtu(struct bed *bed)
{
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].mtu = 1400;
}

static void unresolved(struct bed *bed)
{
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].state = NEXTHOP_UNRESOLVED;
}

static void resolved(struct bed *bed)
{
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].state = NEXTHOP_RESOLVED;
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].mtu = 1500;
}

/* The bed's namespace has no routes. */
static void by_route(struct bed *bed)
{
	bed->warm = false;
	daisy_instance_conf(bed->inst)->static_nexthop = 0;
	daisy_instance_conf(bed->inst)->nexthop_epoch++;
}

static void drain_all(struct bed *bed)
{
	for (uint32_t slot = 0; slot < BED_N_SLOTS; slot++)
		daisy_instance_address_state(bed->inst, slot, SLOT_DRAINING);
}

/* As a move to another box does. */
static void stop_all(struct bed *bed)
{
	for (uint32_t slot = 0; slot < BED_N_SLOTS; slot++)
		if (daisy_instance_address_stop(bed->inst, slot))
			play_fail("%s", daisy_error());
}

static void filter_all(struct bed *bed)
{
	for (uint32_t slot = 0; slot < BED_N_SLOTS; slot++)
		if (daisy_instance_address_filter(bed->inst, slot, true))
			play_fail("%s", daisy_error());
}

/* Zone 4 has seven ports. */
static void take_seven(struct bed *bed)
{
	for (unsigned int port = 1; port <= 7; port++) {
		const struct step s = OUT(UDP(HOST_OF(4, 1, port), S1), UDP_NEW, port == 1 ? FIRST : C_NONE);

		play_step(bed, &s);
	}
}

static void silent(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->exhaustion = EXHAUSTION_SILENT;
}

/* Segment sizes of 1400 at most, and ids of the box's own. */
static void rewrite_more(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->mss_clamp = 1400;
	daisy_instance_options_set(bed->inst, DAISY_OPT_IDENT | DAISY_OPT_IDENT_ALL);
}

/* UDP to ports 5060 to 5069 of 198.51.100.130 goes as it is. */
static void no_translate(struct bed *bed)
{
	const struct daisy_rule rule = {
		.addr = htonl(ADDR(198, 51, 100, 130)), .mask = 0xffffffff, .first = 5060, .last = 5069,
		.zone = 1, .proto = IPPROTO_UDP,
	};

	if (daisy_instance_prefix_add(bed->inst, 1, (struct in_addr){ htonl(ADDR(10, 0, 0, 0)) }, 8, bed->in) ||
	    daisy_instance_rules_set(bed->inst, &rule, 1))
		play_fail("%s", daisy_error());
	bed->forgotten = ADDR(198, 51, 100, 128);
}

static struct daisy_pool *policy(struct bed *bed)
{
	return &daisy_instance_pools(bed->inst)[0];
}

/* One block of 64 ports for each subscriber. */
static void small_blocks(struct bed *bed)
{
	policy(bed)->block_order = 1;
	policy(bed)->blocks = 1;
}

static void two_mappings(struct bed *bed)
{
	policy(bed)->limit[DAISY_UDP] = 2;
}

static void two_of_all(struct bed *bed)
{
	policy(bed)->limit[DAISY_N_PROTOS] = 2;
}

static void two_a_second(struct bed *bed)
{
	policy(bed)->rate = 2;
}

static void fill_block(struct bed *bed)
{
	for (unsigned int port = 1; port <= 64; port++) {
		const struct step s = OUT(UDP(HOST(1, port), S1), UDP_NEW, port == 1 ? FIRST : C_NONE);

		play_step(bed, &s);
	}
}

static struct daisy_block_map before[BED_N_SLOTS];

/* As if others had them. */
static void no_blocks_left(struct bed *bed)
{
	for (uint32_t slot = 0; slot < BED_N_SLOTS; slot++) {
		struct daisy_block_map *map = daisy_instance_block_map(bed->inst, slot);

		before[slot] = *map;
		memset(map->free, 0, sizeof(map->free));
		map->n_free = 0;
	}
}

static void blocks_back(struct bed *bed)
{
	for (uint32_t slot = 0; slot < BED_N_SLOTS; slot++)
		*daisy_instance_block_map(bed->inst, slot) = before[slot];
}

/* A SYN's option, as it comes and as it leaves. */
#define MSS_OPTION(value) (const uint8_t[]){ 2, 4, (value) >> 8, (value) & 255 }
#define MSS(came, left) \
	.tcp_options = MSS_OPTION(came), .n_tcp_options = 4, .tcp_options_after = MSS_OPTION(left)

/* A datagram of 3000 bytes of payload in pieces. */
#define LONG .payload = 3000, .fragment = true
#define PIECE_1 LONG, .part = 1480
#define PIECE_2 LONG, .from = 1480, .part = 1480
#define PIECE_3 LONG, .from = 2960

/* So many as a source may have held in a tick, and one more. */
static void many_syns(struct bed *bed)
{
	struct step s = DROP(AT_OUTSIDE, TCP(S1, LITERAL(EXT0, 0), SYN), NO_MAPPING);

	bed_await_tick(bed);
	for (unsigned int port = 1; port <= 70; port++) {
		s.in.dst.port = (uint16_t)(4000 + port);
		play_step(bed, &s);
	}
}

/* As many on their way to the daemon as the class may have, of every device. */
static void fill_rings(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "hold_rings");

	for (uint32_t device = 0; device < BED_N_DEVICES; device++) {
		const struct daisy_hold_ring full = { .sent = 256 };
		uint32_t key = daisy_hold_key(device, 0, DAISY_HOLD_FRAGMENT);

		bpf_map_update_elem(fd, &key, &full, 0);
	}
}

static void empty_rings(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "hold_rings");

	for (uint32_t key = 0; key < BED_N_DEVICES * DAISY_HOLD_QUEUES * DAISY_HOLD_CLASSES_MAX; key++)
		bpf_map_update_elem(fd, &key, &(struct daisy_hold_ring){ 0 }, 0);
}

#define N_SUBSCRIBERS 100

static void all_subscribers(struct bed *bed)
{
	for (unsigned int host = 1; host <= N_SUBSCRIBERS; host++) {
		const struct step s = OUT(UDP(HOST(host, 1), S1), UDP_NEW, FIRST);

		play_step(bed, &s);
	}
	trace_watch_case();
}

/* Another host when warm: a budget is of a tick, which may not be over. */
static void unfinished(struct bed *bed)
{
	const struct end host = { .addr = ADDR(10, 0, 0, bed->warm ? 91 : 90), .port = 5000, .zone = 1 };
	struct step open = OUT(UDP(H1, S1), UDP_NEW, FIRST), first = OUT(UDP(H1, S1, PIECE_1), C_out_udp);
	struct step over = DROP(AT_INSIDE, UDP(H1, S1, PIECE_1, .id = 999), FRAGMENT_QUOTA);

	open.in.src = first.in.src = over.in.src = host;
	play_step(bed, &open);
	bed_await_tick(bed);
	for (unsigned int i = 0; i < DAISY_UNFINISHED_DATAGRAMS; i++) {
		first.in.id = (int)(2000 + i);
		play_step(bed, &first);
	}
	trace_watch_case();
	play_step(bed, &over);
}

/* A SYN was held, and then the inside has opened its port: traced and judged again. */
static void superseded(struct bed *bed)
{
	const struct step syn = IN(TCP(S1, H1, SYN), C_in_tcp);
	uint8_t frame[PKT_ROOM];
	size_t len = play_frame(bed, &syn, frame);

	trace_watch_replay(bed, bed->out, DAISY_HOLD_SYN, frame, len);
}

/* The ends that a trace can tell. */
static const enum counter ends[] = {
	C_out_udp, C_out_tcp, C_out_icmp, C_in_udp, C_in_tcp, C_in_icmp, C_hairpin, C_icmp_time_exceeded,
	C_icmp_frag_needed, C_icmp_echo_replies, C_pass_own, C_pass_multicast, C_pass_other, C_drop_TRUNCATED,
	C_drop_BAD_ADDRESS, C_drop_UNSUPPORTED_PROTO, C_drop_UNSUPPORTED_ICMP, C_drop_NOT_INSIDE, C_drop_NOT_POOL,
	C_drop_SPOOFED, C_drop_NO_MAPPING, C_drop_TCP_NO_SYN, C_drop_NO_PORT, C_drop_NO_ADDRESS, C_drop_TTL,
	C_drop_TOO_BIG, C_drop_NO_ROUTE, C_drop_UNRESOLVED, C_drop_HAIRPIN_LOOP, C_drop_DRAINING, C_drop_ICMP_RATE,
	C_drop_FILTERED, C_untranslated, C_drop_NO_BLOCK, C_drop_BLOCKS_FULL, C_drop_LIMIT_MAPPINGS,
	C_drop_LIMIT_RATE, C_drop_BAD_HEADER, C_drop_SOURCE_ROUTE, C_fragments, C_drop_FRAGMENT_ORPHAN,
	C_drop_FRAGMENT_TINY, C_drop_FRAGMENT_OVERLAP, C_drop_FRAGMENT_QUOTA, C_held_fragments, C_held_syns,
	C_held_too_big, C_drop_HOLD_SOURCE, C_drop_HOLD_FULL, C_drop_SYN_SUPERSEDED, C_drop_NO_SUBSCRIBER,
	C_drop_MOVING,
};

static void all_seen(struct bed *bed)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!trace_watch_saw(ends[i]))
			play_fail("no packet that was traced ended in %s", bed_counter_name(ends[i]));
}

static const struct play plays[] = {
	{ "A trace tells of new and known mappings of UDP, TCP and ICMP, both ways",
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), OUT(UDP(H1, S7), C_out_udp), IN(UDP(S7, H1), C_in_udp),
		OUT(TCP(H1, S1, SYN), TCP_NEW), IN(TCP(S1, H1, SYN | ACK), C_in_tcp),
		OUT(TCP(H1, S1, ACK), C_out_tcp), OUT(ECHO(H1, WORLD(1, 0)), ICMP_NEW),
		IN(ECHO_REPLY(WORLD(1, 0), H1), C_in_icmp)) },
	{ "A trace tells of mappings on tagged links and on one arm", LINK_BOTH_QINQ, LINK_BOTH_QINQ,
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), IN(UDP(S1, H1), C_in_udp),
		HAIRPIN(UDP(H2, H1), C_hairpin, C_created_udp, FIRST)) },
	{ "A trace tells of hairpins, and of those that come back to themselves (U9)",
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), HAIRPIN(UDP(H2, H1), C_hairpin, C_created_udp, FIRST),
		HAIRPIN(UDP(H1, H2), C_hairpin), DROP(AT_INSIDE, UDP(H1, H1), HAIRPIN_LOOP),
		DROP(AT_INSIDE, UDP(H1, LITERAL(EXT0, 4000)), NO_MAPPING)) },
	{ "A trace tells which packets are left to the kernel",
	  STEPS(PASS(AT_OUTSIDE, TCP(S1, OWN, SYN), own), PASS(AT_INSIDE, UDP(H1, OWN), own),
		PASS(AT_INSIDE, UDP(H1, LITERAL(ADDR(224, 0, 0, 5), 9)), multicast),
		PASS(AT_INSIDE, UDP(H1, LITERAL(0xffffffff, 67)), multicast), CALL(no_side),
		PASS(LINK_IN, UDP(H1, S1), other)) },
	{ "A trace tells of addresses that decide alone",
	  STEPS(DROP(AT_INSIDE, UDP(H1, LITERAL(ADDR(127, 0, 0, 1), 9)), BAD_ADDRESS),
		DROP(LINK_IN, UDP(LITERAL(ADDR(240, 0, 0, 1), 9), S1), BAD_ADDRESS),
		DROP(LINK_IN, UDP(NOBODY, S1), NOT_INSIDE), DROP(LINK_IN, TCP(NOBODY, S1, ACK), NOT_INSIDE),
		DROP(LINK_IN, UDP(NOBODY, S1, .ttl = 1), NOT_INSIDE),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(ADDR(203, 0, 113, 99), 9)), NOT_POOL),
		DROP(AT_OUTSIDE, UDP(LITERAL(EXT1, 9), LITERAL(EXT0, 9)), SPOOFED),
		DROP(AT_OUTSIDE, UDP(OWN, LITERAL(EXT0, 9)), SPOOFED)) },
	{ "A trace tells of protocols and types that are not translated",
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .proto = 132), UNSUPPORTED_PROTO),
		DROP(AT_INSIDE, ECHO_REPLY(H1, WORLD(1, 0)), UNSUPPORTED_ICMP),
		DROP(AT_OUTSIDE, ECHO(WORLD(1, 7), LITERAL(EXT0, 0), .type = 15), UNSUPPORTED_ICMP),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = ZERO, .total_length_off = -1, .pad_to = 60), TRUNCATED)) },
	{ "A trace tells of inbound packets without mapping, and of TCP that does not begin with SYN (R5)",
	  STEPS(DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 4000)), NO_MAPPING),
		DROP(AT_OUTSIDE, ECHO_REPLY(WORLD(1, 0), LITERAL(EXT0, 77)), NO_MAPPING),
		DROP(AT_INSIDE, TCP(H1, S1, ACK), TCP_NO_SYN), DROP(AT_INSIDE, TCP(H1, S1, SYN | ACK), TCP_NO_SYN)) },
	{ "A trace tells what ends of mappings do to their packets",
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), ADVANCE(UDP_S + MARGIN_S), SWEEP,
		OUT(UDP(H1, S1), UDP_NEW), IN(UDP(S1, H1), C_in_udp)) },
	{ "A trace tells what filtering refuses (U8)", .setup = filter_all,
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), IN(UDP(S1, H1), C_in_udp), DROP(AT_OUTSIDE, UDP(S7, H1), FILTERED),
		OUT(TCP(H1, S1, SYN), TCP_NEW), IN(TCP(S1, H1, SYN | ACK), C_in_tcp),
		DROP(AT_OUTSIDE, TCP(S7, H1, SYN), FILTERED)) },
	{ "A trace tells what goes as it is by a no-translate rule (G6)", .setup = no_translate,
	  STEPS(OUT(UDP(PLAIN, SIP), C_untranslated), IN(UDP(SIP, PLAIN), C_untranslated),
		OUT(UDP(H1, WORLD(130, 5070)), UDP_NEW, FIRST), OUT(TCP(H1, SIP, SYN), TCP_NEW),
		DROP(AT_OUTSIDE, UDP(WORLD(131, 5060), PLAIN), NOT_POOL),
		TIME_EXCEEDED(AT_INSIDE, UDP(PLAIN, SIP, .ttl = 1))) },
	{ "A trace tells which segment size a SYN announces, and which packets get another identification (X11)",
	  .setup = rewrite_more,
	  STEPS(OUT(TCP(H1, S1, SYN, .df = true, MSS(1460, 1400)), TCP_NEW, FIRST),
		IN(TCP(S1, H1, SYN | ACK, MSS(9000, 1400)), C_in_tcp), OUT(TCP(H1, S1, SYN, MSS(1300, 1300)), C_out_tcp),
		HAIRPIN(TCP(H2, H1, SYN, MSS(1460, 1400)), C_hairpin, C_created_tcp, C_conns_created,
			C_conns_created, FIRST),
		OUT(UDP(H1, S1), UDP_NEW), OUT(UDP(H1, S1, .df = true), C_out_udp), IN(UDP(S1, H1), C_in_udp),
		OUT(UDP(H1, S1, PIECE_1), C_out_udp), OUT(UDP(H1, S1, PIECE_2), C_fragments),
		IN(UDP(S1, H1, PIECE_1), C_in_udp), IN(UDP(S1, H1, PIECE_2), C_fragments)) },
	{ "A trace tells when time to live ends, and who is told (R4)",
	  STEPS(TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = 1)), OUT(UDP(H1, S1), UDP_NEW, FIRST),
		TIME_EXCEEDED(AT_OUTSIDE, UDP(S1, H1, .ttl = 1)), CALL(no_address),
		DROP(AT_INSIDE, UDP(H1, S1, .ttl = 1), TTL)) },
	{ "A trace tells that no error is sent where their rate is zero (I10f)", .setup = no_errors,
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1, .ttl = 1), ICMP_RATE)) },
	{ "A trace tells what does not fit the next link, and who is told (U13)", .setup = small_mtu,
	  STEPS(OUT(UDP(H1, S1, .payload = 1372), UDP_NEW, FIRST),
		FRAG_NEEDED(AT_INSIDE, UDP(H1, S1, .payload = 1373, .df = true), 1400),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = 1373), TOO_BIG), CALL(resolved)) },
	{ "A trace tells of a next hop that is not resolved",
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), CALL(unresolved), DROP(AT_INSIDE, UDP(H1, S1), UNRESOLVED),
		CALL(resolved)) },
	{ "A trace tells of a missing route",
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), CALL(by_route),
		DROP_COUNTING(AT_INSIDE, UDP(H1, S7), C_drop_NO_ROUTE, MISS)) },
	{ "A trace tells that an echo request to an external address is answered",
	  STEPS(REPLY(AT_OUTSIDE, ECHO(WORLD(1, 7), LITERAL(EXT0, 0)), ECHO_REPLY(LITERAL(EXT0, 0), WORLD(1, 7)),
		      C_icmp_echo_replies),
		DROP(LINK_IN, ECHO(NOBODY, LITERAL(EXT0, 0)), NOT_INSIDE)) },
	{ "A trace tells that the ports are all taken, and who is told (G11)",
	  STEPS(CALL(take_seven), REFUSED(AT_INSIDE, UDP(HOST_OF(4, 1, 8), S1), NO_PORT),
		REFUSED(AT_INSIDE, UDP(HOST_OF(4, 2, 8), S1), NO_PORT, FIRST), CALL(silent),
		DROP(AT_INSIDE, UDP(HOST_OF(4, 1, 8), S1), NO_PORT)) },
	{ "A trace tells that addresses take no new mappings",
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), CALL(drain_all), OUT(UDP(H1, S7), C_out_udp),
		REFUSED(AT_INSIDE, UDP(HOST(1, 5001), S1), DRAINING),
		REFUSED(AT_INSIDE, UDP(H2, S1), NO_ADDRESS)) },
	{ "A trace tells of an address on its way to another box (D-22)",
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), CALL(stop_all), DROP(AT_INSIDE, UDP(H1, S7), MOVING),
		DROP(AT_OUTSIDE, UDP(S1, H1), MOVING), REFUSED(AT_INSIDE, UDP(HOST(1, 5001), S1), DRAINING)) },
	{ "A trace tells of port blocks, and that they are full (G16)", .setup = small_blocks,
	  STEPS(CALL(fill_block), REFUSED(AT_INSIDE, UDP(HOST(1, 65), S1), BLOCKS_FULL),
		OUT(TCP(H1, S1, SYN), TCP_NEW), OUT(UDP(H2, S1), UDP_NEW, FIRST), CALL(no_blocks_left),
		REFUSED(AT_INSIDE, UDP(HOST(3, 1), S1), NO_BLOCK, FIRST), CALL(blocks_back)) },
	{ "A trace tells of a subscriber's limits (G4)",
	  STEPS(CALL(two_mappings), OUT(UDP(H1, S1), UDP_NEW, FIRST), OUT(UDP(HOST(1, 2), S1), UDP_NEW),
		REFUSED(AT_INSIDE, UDP(HOST(1, 3), S1), LIMIT_MAPPINGS), OUT(TCP(H1, S1, SYN), TCP_NEW),
		CALL(two_of_all), REFUSED(AT_INSIDE, ECHO(H1, WORLD(1, 0)), LIMIT_MAPPINGS)) },
	{ "A trace tells of a limit on new mappings in a second (G5b)", .setup = two_a_second,
	  STEPS(OUT(UDP(H1, S1), UDP_NEW, FIRST), OUT(UDP(HOST(1, 2), S1), UDP_NEW),
		REFUSED(AT_INSIDE, UDP(HOST(1, 3), S1), LIMIT_RATE)) },
	{ "A trace tells what becomes of fragments, in order and not (U14, U14a)",
	  STEPS(OUT(UDP(H1, S1, PIECE_1), UDP_NEW, FIRST), OUT(UDP(H1, S1, PIECE_2), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, PIECE_2), FRAGMENT_OVERLAP), OUT(UDP(H1, S1, PIECE_3), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, PIECE_3, .id = 5), FRAGMENT_ORPHAN),
		IN(UDP(S1, H1, PIECE_1), C_in_udp), IN(UDP(S1, H1, PIECE_3), C_fragments),
		DROP(AT_OUTSIDE, UDP(S1, H1, PIECE_2, .id = 5), FRAGMENT_ORPHAN),
		DROP(LINK_IN, UDP(NOBODY, S1, PIECE_2), NOT_INSIDE),
		DROP(AT_INSIDE, UDP(H1, S1, PIECE_2, .ttl = 1), TTL)) },
	{ "A trace tells which fragments cannot be (U14a)",
	  STEPS(DROP(AT_INSIDE, TCP(H1, S1, SYN, LONG, .part = 16), FRAGMENT_TINY),
		DROP(AT_INSIDE, TCP(H1, S1, ACK, LONG, .from = 8, .part = 800), FRAGMENT_TINY),
		DROP(AT_INSIDE, UDP(H1, S1, LONG, .part = 1001), BAD_HEADER),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = 1000, .frag_field = 0x1fff), BAD_HEADER)) },
	{ "A trace tells of a host that leaves its datagrams unfinished (U14a)",
	  STEPS(CALL(unfinished)) },
	{ "A trace tells what waits in the slow path, and what is decided at its end (T4, U14)",
	  STEPS(DROP(AT_OUTSIDE, TCP(S1, LITERAL(EXT0, 4000), SYN), NO_MAPPING),
		DROP(AT_OUTSIDE, TCP(S1, LITERAL(EXT0, 4000), ACK), NO_MAPPING),
		OUT(TCP(H1, S1, SYN), TCP_NEW, FIRST), CALL(superseded)) },
	{ "A trace tells that there is no room to wait in (U14a, T4)", .setup = empty_rings,
	  STEPS(CALL(many_syns), CALL(fill_rings), DROP(AT_INSIDE, UDP(H1, S1, PIECE_2), FRAGMENT_ORPHAN),
		CALL(empty_rings)) },
	{ "A trace tells what goes to be cut (U13a)", .setup = small_mtu,
	  STEPS(DROP_COUNTING(AT_INSIDE, UDP(H1, S1, .payload = 1373), C_drop_TOO_BIG, C_created_udp, FIRST),
		CALL(resolved)) },
	{ "A trace tells of IP options, and refuses source routes",
	  .options = (const uint8_t[]){ 131, 7, 4, 198, 51, 100, 1, 0 }, .n_options = 8,
	  STEPS(DROP(AT_INSIDE, UDP(H1, S1), SOURCE_ROUTE)) },
	{ "A trace tells of a table of subscribers that is full (G11)",
	  STEPS(CALL(all_subscribers), REFUSED(AT_INSIDE, UDP(HOST(200, 1), S1), NO_SUBSCRIBER),
		OUT(UDP(HOST(1, 2), S1), UDP_NEW)) },
	{ "Every end that a trace can tell was told above", STEPS(CALL(all_seen)) },
};

int main(int argc, char **argv)
{
	const struct daisy_instance_spec spec = { .max_subscribers = N_SUBSCRIBERS };

	return play_table(argc, argv, &spec, plays, sizeof(plays) / sizeof(plays[0]));
}
