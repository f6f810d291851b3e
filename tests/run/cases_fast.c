/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The straight path of the common packet (bpf/lib/fast.h): who takes it, who
 * must not, and that what it trusts is forgotten in time. Every other table
 * runs warm, too; here the remembered next hops lead to other stations than the
 * static ones, so a packet's destination MAC says which way it took.
 */

#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define S1 WORLD(1, 80)
#define S2 WORLD(2, 80)
#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_UDP2 OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_TCP OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
#define SYN_ACK IN(TCP(S1, H1, SYN | ACK), C_in_tcp)
#define DATA OUT(TCP(H1, S1, ACK), C_out_tcp)
#define BACK IN(TCP(S1, H1, ACK), C_in_tcp)
#define ESTABLISH OPEN_TCP, SYN_ACK, DATA

/* Numbers of next hops that only cached words name. */
#define OTHER_HOP(link) (BED_NEXTHOP(link) + 100)

static void make_other_hop(struct bed *bed, enum bed_link link)
{
	struct daisy_nexthop nh = daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(link)];

	nh.dmac[1] = 0xfa;
	if (daisy_instance_nexthop_set(bed->inst, OTHER_HOP(link), &nh))
		play_fail("%s", daisy_error());
}

/* Let every remembered next hop be the other one of its link. */
static void remember_others(struct bed *bed, struct daisy_mapping *m)
{
	unsigned int i;

	make_other_hop(bed, bed->in);
	make_other_hop(bed, bed->out);
	for (i = 0; i < DAISY_ROUTE_CACHE; i++)
		if (bed->routes[i].word)
			bed->routes[i].nexthop = OTHER_HOP(bed->out);
	bed_inside_route(bed, m)->nexthop = OTHER_HOP(bed->in);
}

/* Which way a packet of H1 takes: 1 straight, 0 by the stages. */
static void takes(struct bed *bed, const struct step *s, bool straight)
{
	const struct end host = H1;
	uint8_t frame[PKT_ROOM];
	struct place at;
	struct bed_run run;
	size_t len;
	bool out = s->kind == STEP_OUT;

	if (!bed->warm)
		return;
	if (state_find(bed, state_proto(s->in.proto), &host, &at) != 1)
		play_fail("no mapping");
	len = play_frame(bed, s, frame);
	bed_warm(bed, out ? s->in.dst.addr : 0, out ? NULL : state_record(bed, &at), 1);
	if (!out)
		state_warm_inbound(bed, &at);
	remember_others(bed, state_record(bed, &at));
	/* That took its time, on a busy machine longer than a published tick holds. */
	bed->warmed_ns = 0;
	bed_warm(bed, 0, NULL, 0);
	bed_run(bed, out ? bed->in : bed->out, out ? bed->out : bed->in, frame, len, &run);
	if (run.verdict != XDP_TX && run.verdict != XDP_REDIRECT)
		play_fail("verdict %u", run.verdict);
	if (straight != (run.frame[1] == 0xfa))
		play_fail("the packet went %s", straight ? "by the stages" : "the straight way");
}

#define TAKES(name, is_straight, ...)			\
	static void name(struct bed *bed)		\
	{						\
		const struct step s = __VA_ARGS__;	\
							\
		takes(bed, &s, is_straight);		\
	}

TAKES(udp_out_straight, true, OUT(UDP(H1, S1), C_out_udp))
TAKES(udp_in_straight, true, IN(UDP(S2, H1), C_in_udp))
TAKES(tcp_out_straight, true, OUT(TCP(H1, S1, ACK), C_out_tcp))
TAKES(tcp_in_straight, true, IN(TCP(S1, H1, ACK), C_in_tcp))
TAKES(tcp_fin_by_stages, false, OUT(TCP(H1, S1, FIN | ACK), C_out_tcp))

/* The operator's delete, in the tick in which the mapping was used. */
static void delete_h1(struct bed *bed)
{
	const struct end host = H1;
	struct place at;

	if (state_find(bed, DAISY_UDP, &host, &at) != 1)
		play_fail("no mapping");
	bed_delete(bed, (struct daisy_sweep_item){ .slot = at.slot, .port = at.port, .proto = at.proto });
}

/* The external endpoint that H1 had, as the outside still knows it. */
static struct end was_h1;

static void note_h1(struct bed *bed)
{
	const struct end host = H1;
	struct place at;

	if (state_find(bed, DAISY_UDP, &host, &at) != 1)
		play_fail("no mapping");
	was_h1 = (struct end)LITERAL(state_addr(bed, at.slot), at.port);
}

static void h1_is_gone(struct bed *bed)
{
	struct step s = DROP(AT_OUTSIDE, UDP(S1, LITERAL(0, 0)), NO_MAPPING);

	s.in.dst = was_h1;
	play_step(bed, &s);
}

static struct in_addr s1_addr(void)
{
	return (struct in_addr){ .s_addr = htonl(ADDR(198, 51, 100, 1)) };
}

static void s1_becomes_own(struct bed *bed)
{
	if (daisy_instance_own_add(bed->inst, s1_addr()))
		play_fail("%s", daisy_error());
}

static void s1_is_own_no_more(struct bed *bed)
{
	daisy_instance_own_del(bed->inst, s1_addr());
}

static void no_side_inside(struct bed *bed)
{
	daisy_instance_links(bed->inst)[LINK_IN].side = SIDE_NONE;
}

static void no_side_outside(struct bed *bed)
{
	daisy_instance_links(bed->inst)[LINK_OUT].side = SIDE_NONE;
}

static void drain_both(struct bed *bed)
{
	daisy_instance_address_state(bed->inst, 0, SLOT_DRAINING);
	daisy_instance_address_state(bed->inst, 1, SLOT_DRAINING);
}

static void shrink_outside_mtu(struct bed *bed)
{
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].mtu = 600;
}

#define IS(class) STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 " class "]")

static const struct play plays[] = {
	{ "Outbound UDP of a mapping goes straight", STEPS(OPEN_UDP, CALL(udp_out_straight)) },
	{ "Inbound UDP of a mapping goes straight, a stranger's too", STEPS(OPEN_UDP, CALL(udp_in_straight)) },
	{ "Outbound TCP data of an established connection goes straight", STEPS(ESTABLISH, CALL(tcp_out_straight)) },
	{ "Inbound TCP data of an established connection goes straight", STEPS(ESTABLISH, CALL(tcp_in_straight)) },
	{ "Outbound and inbound UDP go straight on one arm", LINK_BOTH, LINK_BOTH,
	  STEPS(OPEN_UDP, CALL(udp_out_straight), CALL(udp_in_straight)) },
	{ "A FIN goes by the stages", STEPS(ESTABLISH, CALL(tcp_fin_by_stages)) },

	{ "Straight UDP refreshes once a tick: it lives on through many timers (U6)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1), C_out_udp), ADVANCE(UDP_S - 1), OUT(UDP(H1, S1), C_out_udp),
		OUT(UDP(H1, S1), C_out_udp), ADVANCE(UDP_S - 1), SWEEP, OUT(UDP(H1, S1), C_out_udp),
		ADVANCE(UDP_S - 1), SWEEP, STATE("udp 1/10.0.0.1:5000"), ADVANCE(1 + MARGIN_S), SWEEP,
		STATE("udp hold")) },
	{ "Straight TCP refreshes once a tick (T5)",
	  STEPS(ESTABLISH, DATA, ADVANCE(ESTABLISHED_S - 1), DATA, DATA, ADVANCE(ESTABLISHED_S - 1), SWEEP,
		IS("established"), ADVANCE(1 + MARGIN_S), SWEEP, STATE("tcp hold")) },
	{ "Straight inbound packets refresh nothing (D-15)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), ADVANCE(UDP_S - 1), IN(UDP(S1, H1), C_in_udp),
		IN(UDP(S1, H1), C_in_udp), ADVANCE(1 + MARGIN_S), SWEEP, STATE("udp hold")) },
	{ "Every connection of a mapping is refreshed, not only the one that goes straight (D-16)",
	  STEPS(ESTABLISH, OUT(TCP(H1, S2, SYN), C_out_tcp, C_conns_created), IN(TCP(S2, H1, SYN | ACK), C_in_tcp),
		OUT(TCP(H1, S2, ACK), C_out_tcp), ADVANCE(ESTABLISHED_S - 1), DATA, OUT(TCP(H1, S2, ACK), C_out_tcp),
		ADVANCE(ESTABLISHED_S - 1), SWEEP,
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established] [198.51.100.2:80 established]")) },

	{ "A RST from the inside is taken back by the inside in the same tick (X2)",
	  STEPS(ESTABLISH, DATA, OUT(TCP(H1, S1, RST), C_out_tcp), IS("reset"), DATA, IS("established")) },
	{ "A RST from the outside is taken back by the inside in the same tick (X2)",
	  STEPS(ESTABLISH, DATA, IN(TCP(S1, H1, RST), C_in_tcp), IS("reset"), DATA, IS("established")) },
	{ "A RST from the outside is taken back by the outside in the same tick (X2)",
	  STEPS(ESTABLISH, DATA, BACK, IN(TCP(S1, H1, RST), C_in_tcp), BACK, IS("established"), DATA, BACK) },
	{ "A new connection is tracked in the tick of another that goes straight (D-16)",
	  STEPS(ESTABLISH, DATA, OUT(TCP(H1, S2, ACK), C_out_tcp, C_conns_created),
		IN(TCP(WORLD(3, 80), H1, SYN), C_in_tcp, C_conns_created),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established] [198.51.100.2:80 opening] "
		      "[198.51.100.3:80 opening]")) },
	{ "A connection closes in the tick in which it went straight (D-16)",
	  STEPS(ESTABLISH, DATA, BACK, OUT(TCP(H1, S1, FIN | ACK), C_out_tcp), IN(TCP(S1, H1, FIN | ACK), C_in_tcp),
		DATA, IS("closing"), ADVANCE(CLOSING_S + MARGIN_S), SWEEP, STATE("tcp hold")) },

	{ "A mapping deleted in the tick in which it was used is made anew (U5, G8)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1), C_out_udp), CALL(delete_h1), STATE("udp hold"),
		OUT(UDP(H1, S1), C_out_udp, C_created_udp), STATE("udp 1/10.0.0.1:5000; udp hold")) },
	{ "Nothing goes straight in to a mapping that ended, resting or free (U5, G8)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), IN(UDP(S1, H1), C_in_udp), CALL(note_h1), CALL(delete_h1),
		CALL(h1_is_gone), ADVANCE(HOLD_S + MARGIN_S), SWEEP, CALL(h1_is_gone)) },
	{ "A destination that becomes the box's own is left to the kernel at once (verdict table)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1), C_out_udp), CALL(s1_becomes_own), PASS(AT_INSIDE, UDP(H1, S1), own),
		CALL(s1_is_own_no_more), OUT(UDP(H1, S1), C_out_udp)) },
	{ "An inside link that loses its side leaves its frames to the kernel at once (verdict table)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1), C_out_udp), CALL(no_side_inside), PASS(LINK_IN, UDP(H1, S1), other)) },
	{ "An outside link that loses its side leaves its frames to the kernel at once (verdict table)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), IN(UDP(S1, H1), C_in_udp), CALL(no_side_outside),
		PASS(LINK_OUT, UDP(S1, H1), other)) },
	{ "A draining address goes on straight, in and out",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), CALL(drain_both), OUT(UDP(H1, S1), C_out_udp),
		IN(UDP(S1, H1), C_in_udp)) },
	{ "An MTU that shrinks is obeyed at once (U13)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, .df = true, .payload = 1000), C_out_udp), CALL(shrink_outside_mtu),
		FRAG_NEEDED(AT_INSIDE, UDP(H1, S1, .df = true, .payload = 1000), 600),
		OUT(UDP(H1, S1, .df = true, .payload = 572), C_out_udp)) },
	{ "To an external address nothing goes straight out: it is hairpinned (U9)",
	  STEPS(OPEN_UDP, OPEN_UDP2, HAIRPIN(UDP(H1, H2), C_hairpin), HAIRPIN(UDP(H1, H2), C_hairpin),
		HAIRPIN(UDP(H2, H1), C_hairpin)) },
	{ "On one arm a hairpin is not taken for an inbound packet (U9)", LINK_BOTH, LINK_BOTH,
	  STEPS(OPEN_UDP, OPEN_UDP2, IN(UDP(S1, H2), C_in_udp), IN(UDP(S1, H2), C_in_udp),
		HAIRPIN(UDP(H1, H2), C_hairpin), HAIRPIN(UDP(H1, H2), C_hairpin)) },
	{ "A spoofed source does not go straight in (verdict table)",
	  STEPS(OPEN_UDP, IN(UDP(S1, H1), C_in_udp), DROP(AT_OUTSIDE, UDP(LITERAL(EXT1, 9), H1), SPOOFED)) },
	{ "Defects do not go straight: checksum, length, version, time to live, source (R3, R4)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1), C_out_udp), DROP(AT_INSIDE, UDP(H1, S1, .ip_csum_off = 1), BAD_CHECKSUM),
		DROP(AT_INSIDE, UDP(H1, S1, .total_length_off = 40), TRUNCATED),
		DROP(AT_INSIDE, UDP(H1, S1, .version = 6), BAD_HEADER), TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = 1)),
		DROP(AT_INSIDE, UDP(H1, S1, .payload = ZERO, .total_length_off = -1, .pad_to = 60), TRUNCATED),
		PASS(AT_INSIDE, UDP(H1, S1, .dmac = { { 2, 9, 9, 9, 9, 9 } }), other_host),
		DROP(LINK_IN, UDP(LITERAL(ADDR(172, 16, 0, 1), 5000), S1), NOT_INSIDE)) },
	{ "The same endpoint behind a link of another zone is not taken for it (U7)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1), C_out_udp),
		OUT(UDP(HOST_OF(2, 1, 5000), S1), C_out_udp, C_created_udp, C_subscribers_created),
		OUT(UDP(HOST_OF(2, 1, 5000), S1), C_out_udp), OUT(UDP(H1, S1), C_out_udp)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
