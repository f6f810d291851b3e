/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments that arrive in order, and those that do not. */
#include "lib/clock.h"
#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define H3 HOST(94, 7000)
#define Q1 HOST(1, 77)
#define S1 WORLD(1, 80)
#define P1 WORLD(1, 0)

/* A datagram of 3000 bytes of payload in pieces of 1480, 1480 and the rest. */
#define LONG .payload = 3000, .fragment = true
#define FIRST LONG, .part = 1480
#define SECOND LONG, .from = 1480, .part = 1480
#define LAST LONG, .from = 2960

/* 5800 bytes, cut wherever a row says. */
#define HUGE .payload = 5800, .fragment = true

#define SHORT .payload = 64, .fragment = true

#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_UDP2 OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_TCP OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)

static void outside_mtu_1400(struct bed *bed)
{
	daisy_instance_links(bed->inst)[LINK_OUT].mtu = 1400;
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].mtu = 1400;
}

/* What follows, up to a second, is in one tick: budgets are for a tick. */
static void begin_tick(struct bed *bed)
{
	struct daisy_conf *conf = daisy_instance_conf(bed->inst);
	const int64_t tick_ns = 1LL << DAISY_TICK_SHIFT;

	conf->clock_offset_ns += tick_ns - (int64_t)daisy_clock_ns(conf->clock_offset_ns) % tick_ns;
	bed_advance(bed, 0);
}

/* First fragments of one host, as many as may be unfinished, and one more; another host's goes on. */
static void flood_of_first_ones(struct bed *bed)
{
	const struct end host = { .addr = ADDR(10, 0, 0, bed->warm ? 91 : 90), .port = 5000, .zone = 1 };
	struct step open = OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created);
	struct step first = OUT(UDP(H1, S1, FIRST), C_out_udp);
	struct step over = DROP(AT_INSIDE, UDP(H1, S1, FIRST, .id = 999), FRAGMENT_QUOTA);

	open.in.src = first.in.src = over.in.src = host;
	begin_tick(bed);
	play_step(bed, &open);
	for (unsigned int i = 0; i < DAISY_UNFINISHED_DATAGRAMS; i++) {
		first.in.id = (uint16_t)(2000 + i);
		play_step(bed, &first);
	}
	play_step(bed, &over);
}

/* Whole datagrams, more than may be unfinished. */
static void many_whole_ones(struct bed *bed)
{
	struct step pieces[] = {
		OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H1, S1, SECOND), C_fragments),
		OUT(UDP(H1, S1, LAST), C_fragments),
	};

	for (unsigned int i = 0; i < 2 * DAISY_UNFINISHED_DATAGRAMS; i++) {
		for (unsigned int n = 0; n < 3; n++) {
			pieces[n].in.id = (uint16_t)(3000 + i);
			play_step(bed, &pieces[n]);
		}
	}
}

/*
 * So many that the table has to take back elements, always some of them on their
 * way. Once: what matters is the first time that it is full.
 */
static void table_of_whole_ones(struct bed *bed)
{
	const unsigned int under_way = DAISY_UNFINISHED_DATAGRAMS - 56;
	struct step first = OUT(UDP(H1, S1, SHORT, .part = 32), C_out_udp);
	struct step last = OUT(UDP(H1, S1, SHORT, .from = 32), C_fragments);

	if (bed->warm)
		return;
	for (unsigned int i = 0; i < DAISY_MAX_FRAGMENTS + 400; i++) {
		first.in.id = (uint16_t)i;
		play_step(bed, &first);
		last.in.id = (uint16_t)(i - under_way);
		if (i >= under_way)
			play_step(bed, &last);
	}
}

/*
 * Another host's whole datagrams, twice as many as the table holds, while some are on their way.
 * Once, as above.
 */
static void whole_ones_of_another(struct bed *bed)
{
	struct step mine[] = { OUT(UDP(H3, S1, SHORT, .part = 32), C_out_udp),
			       OUT(UDP(H3, S1, SHORT, .from = 32), C_fragments) };
	struct step others[] = { OUT(UDP(H2, S1, SHORT, .part = 32), C_out_udp),
				 OUT(UDP(H2, S1, SHORT, .from = 32), C_fragments) };
	struct step open = OUT(UDP(H3, S1), C_out_udp, C_created_udp, C_subscribers_created);

	if (bed->warm)
		return;
	/* An emulated machine takes longer than the timer. */
	daisy_instance_conf(bed->inst)->timer[DAISY_TIMER_FRAGMENT] *= 100;
	play_step(bed, &open);
	for (unsigned int i = 0; i < DAISY_UNFINISHED_DATAGRAMS; i++) {
		mine[0].in.id = (uint16_t)i;
		play_step(bed, &mine[0]);
	}
	for (unsigned int i = 0; i < 2 * DAISY_MAX_FRAGMENTS; i++) {
		for (unsigned int n = 0; n < 2; n++) {
			others[n].in.id = (uint16_t)i;
			play_step(bed, &others[n]);
		}
	}
	for (unsigned int i = 0; i < DAISY_UNFINISHED_DATAGRAMS; i++) {
		mine[1].in.id = (uint16_t)i;
		play_step(bed, &mine[1]);
	}
}

/*
 * Two strangers begin as many datagrams to a host as each may leave unfinished, and one more;
 * a third one's are complete. Then the host has had its share.
 */
static void floods_of_strangers(struct bed *bed)
{
	const struct end host = { .addr = ADDR(10, 0, 0, bed->warm ? 93 : 92), .port = 5000, .zone = 1 };
	struct step open = OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created);
	struct step first = IN(UDP(S1, H1, FIRST), C_in_udp);
	struct step over = DROP(AT_OUTSIDE, UDP(S1, H1, FIRST, .id = 999), FRAGMENT_QUOTA);
	struct step whole[] = { IN(UDP(WORLD(3, 80), H1, FIRST), C_in_udp),
				IN(UDP(WORLD(3, 80), H1, SECOND), C_fragments),
				IN(UDP(WORLD(3, 80), H1, LAST), C_fragments) };

	open.in.src = first.in.dst = over.in.dst = host;
	begin_tick(bed);
	play_step(bed, &open);
	for (unsigned int stranger = 1; stranger <= 2; stranger++) {
		first.in.src.addr = over.in.src.addr = ADDR(198, 51, 100, stranger);
		for (unsigned int i = 0; i < DAISY_UNFINISHED_OF_SENDER; i++) {
			for (unsigned int n = 0; n < 3 && i % 32 == 0; n++) {
				whole[n].in.dst = host;
				whole[n].in.id = (uint16_t)(1000 * stranger + i);
				play_step(bed, &whole[n]);
			}
			first.in.id = (uint16_t)i;
			play_step(bed, &first);
		}
		play_step(bed, &over);
	}
	over.in.src.addr = ADDR(198, 51, 100, 3);
	play_step(bed, &over);
}

static const struct play plays[] = {
	{ "UDP fragments in order go out with the first one's mapping (U14, RFC 4787 REQ-14)",
	  STEPS(OUT(UDP(H1, S1, FIRST), C_out_udp, C_created_udp, C_subscribers_created),
		OUT(UDP(H1, S1, SECOND), C_fragments), OUT(UDP(H1, S1, LAST), C_fragments)) },
	{ "UDP fragments in order come in with the first one's mapping (U14)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1, FIRST), C_in_udp), IN(UDP(S1, H1, SECOND), C_fragments),
		IN(UDP(S1, H1, LAST), C_fragments)) },
	{ "Later fragments in another order follow the first one (U14)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1, FIRST), C_in_udp), IN(UDP(S1, H1, LAST), C_fragments),
		IN(UDP(S1, H1, SECOND), C_fragments)) },
	{ "TCP fragments in order go out (U14)",
	  STEPS(OPEN_TCP, IN(TCP(S1, H1, SYN | ACK), C_in_tcp), OUT(TCP(H1, S1, ACK, FIRST), C_out_tcp),
		OUT(TCP(H1, S1, ACK, SECOND), C_fragments), OUT(TCP(H1, S1, ACK, LAST), C_fragments)) },
	{ "TCP fragments in order come in (U14)",
	  STEPS(OPEN_TCP, IN(TCP(S1, H1, SYN | ACK), C_in_tcp), IN(TCP(S1, H1, ACK, FIRST), C_in_tcp),
		IN(TCP(S1, H1, ACK, SECOND), C_fragments), IN(TCP(S1, H1, ACK, LAST), C_fragments)) },
	{ "Fragments of an echo request go out, of its reply come in (U14)",
	  STEPS(OUT(ECHO(Q1, P1, FIRST), C_out_icmp, C_created_icmp, C_subscribers_created),
		OUT(ECHO(Q1, P1, SECOND), C_fragments), OUT(ECHO(Q1, P1, LAST), C_fragments),
		IN(ECHO_REPLY(P1, Q1, FIRST), C_in_icmp), IN(ECHO_REPLY(P1, Q1, SECOND), C_fragments),
		IN(ECHO_REPLY(P1, Q1, LAST), C_fragments)) },
	{ "Fragments are hairpinned (U14, U9)",
	  STEPS(OPEN_UDP, OPEN_UDP2, HAIRPIN(UDP(H1, H2, FIRST), C_hairpin),
		HAIRPIN(UDP(H1, H2, SECOND), C_fragments), HAIRPIN(UDP(H1, H2, LAST), C_fragments)) },
	{ "Fragments are hairpinned on one arm (U14, U9)", LINK_BOTH, LINK_BOTH,
	  STEPS(OPEN_UDP, OPEN_UDP2, HAIRPIN(UDP(H1, H2, FIRST), C_hairpin),
		HAIRPIN(UDP(H1, H2, SECOND), C_fragments), HAIRPIN(UDP(H1, H2, LAST), C_fragments)) },
	{ "Fragments go out and come in on one arm (U14)", LINK_BOTH_VLAN, LINK_BOTH_VLAN,
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H1, S1, LAST), C_fragments),
		IN(UDP(S1, H1, FIRST), C_in_udp), IN(UDP(S1, H1, LAST), C_fragments)) },
	{ "Fragments without UDP checksum keep their zero (U14, R3)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST, .no_checksum = true), C_out_udp),
		OUT(UDP(H1, S1, LAST, .no_checksum = true), C_fragments)) },
	{ "A first fragment whose end is no multiple of the usual is followed (U14)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, LONG, .part = 8), C_out_udp),
		OUT(UDP(H1, S1, LONG, .from = 8, .part = 1400), C_fragments)) },
	{ "Fragments of two datagrams at once are kept apart by their ids (U14)",
	  STEPS(OPEN_UDP, OPEN_UDP2, OUT(UDP(H1, S1, FIRST, .id = 1), C_out_udp),
		OUT(UDP(H2, S1, FIRST, .id = 2), C_out_udp), OUT(UDP(H2, S1, LAST, .id = 2), C_fragments),
		OUT(UDP(H1, S1, LAST, .id = 1), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, LAST, .id = 2), FRAGMENT_ORPHAN)) },
	{ "Fragments of two hosts with the same id are kept apart (U14)",
	  STEPS(OPEN_UDP, OPEN_UDP2, OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H2, S1, FIRST), C_out_udp),
		OUT(UDP(H2, S1, LAST), C_fragments), OUT(UDP(H1, S1, LAST), C_fragments)) },
	{ "Fragments of two zones with the same addresses and id are kept apart (U14, U7)",
	  STEPS(OPEN_UDP, OUT(UDP(HOST_OF(2, 1, 5000), S1), C_out_udp, C_created_udp, C_subscribers_created),
		OUT(UDP(H1, S1, FIRST), C_out_udp), DROP(AT_INSIDE, UDP(HOST_OF(2, 1, 5000), S1, LAST), FRAGMENT_ORPHAN),
		OUT(UDP(HOST_OF(2, 1, 5000), S1, FIRST), C_out_udp),
		OUT(UDP(HOST_OF(2, 1, 5000), S1, LAST), C_fragments), OUT(UDP(H1, S1, LAST), C_fragments)) },
	{ "A later fragment of another protocol is an orphan (U14)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp), DROP(AT_INSIDE, TCP(H1, S1, ACK, LAST), FRAGMENT_ORPHAN)) },
	{ "A later fragment before its first one is dropped, both ways (U14)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, UDP(H1, S1, SECOND), FRAGMENT_ORPHAN),
		DROP(AT_OUTSIDE, UDP(S1, H1, SECOND), FRAGMENT_ORPHAN)) },
	{ "A later fragment is translated one second before the fragment timer, not after it (U14a)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp), ADVANCE(FRAGMENT_S - 1),
		OUT(UDP(H1, S1, SECOND), C_fragments), ADVANCE(1 + MARGIN_S),
		DROP(AT_INSIDE, UDP(H1, S1, LAST), FRAGMENT_ORPHAN)) },
	{ "A later fragment of a dropped first one is dropped (U14)",
	  STEPS(DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 4000), FIRST), NO_MAPPING),
		DROP(AT_OUTSIDE, UDP(S1, LITERAL(EXT0, 4000), LAST), FRAGMENT_ORPHAN)) },
	{ "A first fragment without all of the TCP header is dropped (U14a, RFC 1858)",
	  STEPS(OPEN_TCP, DROP(AT_INSIDE, TCP(H1, S1, ACK, LONG, .part = 16), FRAGMENT_TINY),
		DROP(AT_OUTSIDE, TCP(S1, H1, ACK, LONG, .part = 8), FRAGMENT_TINY)) },
	{ "A TCP fragment at offset 8 would overlap the flags and is dropped (U14a, RFC 1858)",
	  STEPS(OPEN_TCP, OUT(TCP(H1, S1, ACK, FIRST), C_out_tcp),
		DROP(AT_INSIDE, TCP(H1, S1, ACK, LONG, .from = 8, .part = 800), FRAGMENT_TINY)) },
	{ "A fragment that overlaps the first one is dropped, both ways (U14a, RFC 1858, teardrop)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp),
		DROP(AT_INSIDE, UDP(H1, S1, LONG, .from = 24, .part = 8), FRAGMENT_OVERLAP),
		DROP(AT_INSIDE, UDP(H1, S1, LONG, .from = 1472, .part = 1480), FRAGMENT_OVERLAP),
		IN(UDP(S1, H1, FIRST), C_in_udp),
		DROP(AT_OUTSIDE, UDP(S1, H1, LONG, .from = 24, .part = 8), FRAGMENT_OVERLAP),
		OUT(UDP(H1, S1, SECOND), C_fragments), IN(UDP(S1, H1, SECOND), C_fragments)) },
	{ "A fragment that has come already is dropped (U14a)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H1, S1, SECOND), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, SECOND), FRAGMENT_OVERLAP), OUT(UDP(H1, S1, LAST), C_fragments)) },
	{ "A fragment that overlaps a later one is dropped, before and behind a hole (U14a, teardrop)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, HUGE, .part = 1480), C_out_udp),
		OUT(UDP(H1, S1, HUGE, .from = 2960, .part = 1480), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, HUGE, .from = 1488, .part = 1480), FRAGMENT_OVERLAP),
		DROP(AT_INSIDE, UDP(H1, S1, HUGE, .from = 3000, .part = 8), FRAGMENT_OVERLAP),
		DROP(AT_INSIDE, UDP(H1, S1, HUGE, .from = 4432, .part = 8), FRAGMENT_OVERLAP),
		DROP(AT_INSIDE, UDP(H1, S1, HUGE, .from = 2952, .part = 2000), FRAGMENT_OVERLAP),
		OUT(UDP(H1, S1, HUGE, .from = 4440), C_fragments),
		OUT(UDP(H1, S1, HUGE, .from = 1480, .part = 1480), C_fragments)) },
	{ "Fragments of odd sizes that overlap are dropped, and complete nothing, inbound too (U14a, teardrop)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, LONG, .part = 1280), C_out_udp),
		OUT(UDP(H1, S1, LONG, .from = 1280, .part = 200), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, LONG, .from = 1280, .part = 200), FRAGMENT_OVERLAP),
		DROP(AT_INSIDE, UDP(H1, S1, LONG, .from = 1472, .part = 1280), FRAGMENT_OVERLAP),
		OUT(UDP(H1, S1, LONG, .from = 2760), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, LONG, .from = 2768), FRAGMENT_OVERLAP),
		OUT(UDP(H1, S1, LONG, .from = 1480, .part = 1280), C_fragments),
		IN(UDP(S1, H1, LONG, .part = 1280), C_in_udp),
		IN(UDP(S1, H1, LONG, .from = 1280, .part = 200), C_fragments),
		DROP(AT_OUTSIDE, UDP(S1, H1, LONG, .from = 1288, .part = 8), FRAGMENT_OVERLAP)) },
	{ "A last fragment that ends before one that has come is dropped (U14a, teardrop)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, HUGE, .part = 1480), C_out_udp),
		OUT(UDP(H1, S1, HUGE, .from = 2960, .part = 1480), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = 2000, .fragment = true, .from = 1480), FRAGMENT_OVERLAP),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = 4400, .fragment = true, .from = 4392), FRAGMENT_OVERLAP),
		OUT(UDP(H1, S1, HUGE, .from = 4440), C_fragments)) },
	{ "Pieces behind several holes that overlap keep their datagram from being complete (U14a)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, HUGE, .part = 1480), C_out_udp),
		OUT(UDP(H1, S1, HUGE, .from = 2960, .part = 1480), C_fragments),
		OUT(UDP(H1, S1, HUGE, .from = 5000, .part = 600), C_fragments),
		OUT(UDP(H1, S1, HUGE, .from = 5000, .part = 8), C_fragments),
		OUT(UDP(H1, S1, HUGE, .from = 1480, .part = 1480), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, HUGE, .from = 4440, .part = 560), FRAGMENT_OVERLAP)) },
	{ "A fragment beyond the last one, and another last one, are dropped (U14a)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H1, S1, LAST), C_fragments),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = 6000, .fragment = true, .from = 2960, .part = 1480),
		     FRAGMENT_OVERLAP),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = 2000, .fragment = true, .from = 1480), FRAGMENT_OVERLAP),
		OUT(UDP(H1, S1, SECOND), C_fragments)) },
	{ "A complete datagram is over: another fragment with its id is an orphan (U14a)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H1, S1, SECOND), C_fragments),
		OUT(UDP(H1, S1, LAST), C_fragments), DROP(AT_INSIDE, UDP(H1, S1, LAST), FRAGMENT_ORPHAN)) },
	{ "A fragment that is not the last and ends at no multiple of eight is dropped (U14a)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, UDP(H1, S1, LONG, .part = 1001), BAD_HEADER),
		DROP(AT_OUTSIDE, UDP(S1, H1, LONG, .from = 1480, .part = 1001), BAD_HEADER)) },
	{ "A host that leaves its datagrams unfinished is refused more of them, another one is not (U14a)",
	  STEPS(OPEN_UDP, CALL(flood_of_first_ones), OUT(UDP(H1, S1, FIRST), C_out_udp),
		OUT(UDP(H1, S1, SECOND), C_fragments)) },
	{ "Whole fragmented datagrams are not limited in number (U14a)",
	  STEPS(OPEN_UDP, CALL(many_whole_ones)) },
	{ "Datagrams on their way are remembered when finished ones fill the table (U14, U14a)",
	  STEPS(OPEN_UDP, CALL(table_of_whole_ones)) },
	{ "A host's complete datagrams, in any number, displace none of another that is on its way (U14, U14a)",
	  STEPS(OPEN_UDP2, CALL(whole_ones_of_another)) },
	{ "A stranger with unfinished datagrams for a host leaves another stranger half of the host's share (U14a)",
	  STEPS(CALL(floods_of_strangers)) },
	{ "A later fragment of a stranger on the inside link is not held (U14a)",
	  STEPS(DROP(AT_INSIDE, UDP(LITERAL(ADDR(172, 16, 0, 1), 5000), S1, LAST), NOT_INSIDE)) },
	{ "A fragment that reaches beyond 65535 bytes is dropped (U14a)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = 1000, .frag_field = 0x1fff), BAD_HEADER)) },
	{ "A later fragment with TTL 1 is dropped: no error about it (R4, I10e, RFC 1812 section 4.3.2.7)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, FIRST), C_out_udp), DROP(AT_INSIDE, UDP(H1, S1, LAST, .ttl = 1), TTL)) },
	{ "A first fragment with TTL 1 gets Time Exceeded and is not remembered (R4)",
	  STEPS(OPEN_UDP, TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, FIRST, .ttl = 1)),
		DROP(AT_INSIDE, UDP(H1, S1, LAST), FRAGMENT_ORPHAN)) },
	{ "A later fragment with IP options is translated (U14)",
	  .options = (const uint8_t[]){ 148, 4, 0, 0 }, .n_options = 4,
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, LONG, .part = 1400), C_out_udp),
		OUT(UDP(H1, S1, LONG, .from = 1400, .part = 1400), C_fragments)) },
	{ "Without a daemon to cut them, fragments too long for the outside are dropped", .setup = outside_mtu_1400,
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, UDP(H1, S1, FIRST), TOO_BIG),
		OUT(UDP(H1, S1, LONG, .part = 800), C_out_udp), DROP(AT_INSIDE, UDP(H1, S1, SECOND), TOO_BIG)) },
	{ "Fragments refresh as outbound packets do: the first one (U14, D-15)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H1, S1, LAST), C_fragments),
		ADVANCE(UDP_S - 1), SWEEP, STATE("udp 1/10.0.0.1:5000")) },
	{ "Later fragments of a live datagram survive the end of their mapping (U14)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), IN(UDP(S1, H1, FIRST), C_in_udp), IN(UDP(S1, H1, SECOND), C_fragments)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
