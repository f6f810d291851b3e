/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 ids of the box's own, for datagrams that may be in pieces. */
#include <string.h>

#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define S1 WORLD(1, 80)
#define FIRST .payload = 3000, .fragment = true, .part = 1480
#define LAST .payload = 3000, .fragment = true, .from = 2960
#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_UDP2 OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created)

static uint8_t seen[65536];

static void rewriting(struct bed *bed)
{
	daisy_instance_options_set(bed->inst, DAISY_OPT_IDENT | DAISY_OPT_IDENT_ALL);
	memset(seen, 0, sizeof(seen));
}

/* As shipped. */
static void rewriting_pieces(struct bed *bed)
{
	daisy_instance_options_set(bed->inst, DAISY_OPT_IDENT);
}

/* The id that a packet goes out with. */
static unsigned int id_of(struct bed *bed, struct pkt pkt)
{
	const struct step s = { .kind = STEP_OUT, .at = AT_INSIDE, .in = pkt };
	uint8_t frame[PKT_ROOM];
	struct bed_run run;
	size_t ip;

	bed_warm(bed, pkt.dst.addr, NULL, 0);
	bed_run(bed, bed->in, bed->out, frame, play_frame(bed, &s, frame), &run);
	ip = pkt_ip_offset(run.frame, run.len);
	if (!ip || pkt_checksums_wrong(run.frame, run.len))
		play_fail("no packet, or a wrong %s", pkt_checksums_wrong(run.frame, run.len));
	return run.frame[ip + 4] << 8 | run.frame[ip + 5];
}

/* Two hosts take turns, both with one id of their own: one CPU has half of all ids and more. */
static void all_differ(struct bed *bed)
{
	unsigned int n = 65536 / daisy_instance_conf(bed->inst)->ident_step, i, id;

	for (i = 0; i < n; i++) {
		id = id_of(bed, i & 1 ? (struct pkt)UDP(H1, S1) : (struct pkt)UDP(H2, S1));
		if (seen[id]++)
			play_fail("id %u again after %u datagrams", id, i);
	}
	if (seen[id_of(bed, (struct pkt)UDP(H1, S1))] != 1)
		play_fail("the round does not close");
}

static void pieces_agree(struct bed *bed)
{
	unsigned int one = id_of(bed, (struct pkt)UDP(H1, S1, FIRST));
	unsigned int two = id_of(bed, (struct pkt)UDP(H2, S1, FIRST));

	if (one == two)
		play_fail("two datagrams with id %u", one);
	if (id_of(bed, (struct pkt)UDP(H1, S1, LAST)) != one || id_of(bed, (struct pkt)UDP(H2, S1, LAST)) != two)
		play_fail("pieces of one datagram with two ids");
}

static void atomic_is_kept(struct bed *bed)
{
	if (id_of(bed, (struct pkt)UDP(H1, S1, .df = true, .id = 4711)) != 4711)
		play_fail("the id of an atomic datagram has changed");
}

static void kept(struct bed *bed)
{
	if (id_of(bed, (struct pkt)UDP(H1, S1, .id = 4711)) != 4711)
		play_fail("the id has changed");
}

static void pieces_keep(struct bed *bed)
{
	if (id_of(bed, (struct pkt)UDP(H1, S1, FIRST, .id = 4711)) != 4711 ||
	    id_of(bed, (struct pkt)UDP(H1, S1, LAST, .id = 4711)) != 4711)
		play_fail("the id of a piece has changed");
}

static const struct play plays[] = {
	{ "Ids do not come back before all of a CPU's were used, whoever sends (X11, RFC 6864 section 5.3.1)",
	  .setup = rewriting, STEPS(OPEN_UDP, OPEN_UDP2, CALL(all_differ)) },
	{ "The pieces of a datagram get one id, those of two datagrams two (X11, U14)", .setup = rewriting,
	  STEPS(OPEN_UDP, OPEN_UDP2, CALL(pieces_agree)) },
	{ "A datagram that cannot be in pieces keeps its id (X11)", .setup = rewriting,
	  STEPS(OPEN_UDP, CALL(atomic_is_kept)) },
	{ "The pieces of a datagram get one id as shipped, too (X11)", .setup = rewriting_pieces,
	  STEPS(OPEN_UDP, OPEN_UDP2, CALL(pieces_agree)) },
	{ "A whole datagram without DF keeps its id as shipped (X11)", .setup = rewriting_pieces,
	  STEPS(OPEN_UDP, CALL(kept)) },
	{ "Ids are kept if rewriting is off, also those of pieces (X11)",
	  STEPS(OPEN_UDP, CALL(kept), CALL(pieces_keep)) },
	{ "TCP, queries, errors and hairpins get ids with exact checksums; what comes in keeps its own (X11, R3)",
	  .setup = rewriting,
	  STEPS(OPEN_UDP, OPEN_UDP2, OUT(UDP(H1, S1, .no_checksum = true), C_out_udp), IN(UDP(S1, H1), C_in_udp),
		OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created),
		IN(TCP(S1, H1, SYN | ACK), C_in_tcp), OUT(TCP(H1, S1, ACK), C_out_tcp),
		OUT(TCP(H1, S1, ACK, .df = true), C_out_tcp),
		OUT(ECHO(H1, WORLD(1, 0)), C_out_icmp, C_created_icmp), HAIRPIN(UDP(H1, H2), C_hairpin),
		OUT(ICMP_ERROR(H1, S1, 3, 3, UDP(S1, H1)), C_out_icmp_error),
		OUT(UDP(H1, S1, FIRST), C_out_udp), OUT(UDP(H1, S1, LAST), C_fragments),
		HAIRPIN(UDP(H1, H2, FIRST), C_hairpin), HAIRPIN(UDP(H1, H2, LAST), C_fragments),
		IN(UDP(S1, H1, FIRST), C_in_udp), IN(UDP(S1, H1, LAST), C_fragments)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
