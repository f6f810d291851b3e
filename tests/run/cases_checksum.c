/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums at their edges (R3): every value of a payload word, so that the
 * difference the NAT applies meets every checksum there is, and the two zeros
 * of one's complement arithmetic.
 *
 *	checksum [TITLE [STRIDE]]	words of a title; one word and id in so many, not every one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define Q1 HOST(1, 77)
#define S1 WORLD(1, 80)
#define P1 WORLD(1, 0)
#define ALL_ZERO .seq = ZERO, .payload = ZERO

#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_TCP OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
#define OPEN_ECHO OUT(ECHO(Q1, P1), C_out_icmp, C_created_icmp, C_subscribers_created)

static unsigned int stride = 1;

/* Every payload word but 0, which means "the usual" to the builder. */
static void every_word(struct bed *bed, struct step s)
{
	unsigned int word;

	for (word = 1; word <= 0xffff; word += stride) {
		s.in.first_word = s.reply.first_word = word;
		play_step(bed, &s);
	}
}

static void every_word_quoted(struct bed *bed, struct step s)
{
	struct pkt quoted = *s.in.inner;
	unsigned int word;

	s.in.inner = &quoted;
	for (word = 1; word <= 0xffff; word += stride) {
		quoted.first_word = word;
		play_step(bed, &s);
	}
}

#define EVERY(name, run, ...)						\
	static void name(struct bed *bed)				\
	{								\
		run(bed, (struct step)__VA_ARGS__);			\
	}

EVERY(udp_out, every_word, OUT(UDP(H1, S1), C_out_udp))
EVERY(udp_in, every_word, IN(UDP(S1, H1), C_in_udp))
EVERY(tcp_out, every_word, OUT(TCP(H1, S1, SYN), C_out_tcp))
EVERY(tcp_in, every_word, IN(TCP(S1, H1, ACK), C_in_tcp))
EVERY(icmp_out, every_word, OUT(ECHO(Q1, P1), C_out_icmp))
EVERY(icmp_in, every_word, IN(ECHO_REPLY(P1, Q1), C_in_icmp))
EVERY(hairpin, every_word, HAIRPIN(UDP(H1, H2), C_hairpin))
EVERY(error_in, every_word_quoted, IN(ICMP_ERROR(S1, H1, 3, 3, UDP(H1, S1)), C_in_icmp_error))
EVERY(error_out, every_word_quoted, OUT(ICMP_ERROR(H1, S1, 3, 3, UDP(S1, H1)), C_out_icmp_error))
EVERY(echo_reply, every_word,
	REPLY(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT0, 0)),
	      ECHO_REPLY(LITERAL(EXT0, 0), WORLD(7, 9)), C_icmp_echo_replies))

static uint16_t word_at(const uint8_t *frame, size_t at)
{
	return frame[at] << 8 | frame[at + 1];
}

/* Where the UDP checksum stands in an untagged frame without options. */
#define UDP_CHECK (14 + 20 + 6)

/*
 * The payload word for which the checksum of the packet, as one side shows it,
 * is computed as zero. Found by trying the sum: x + word = 0xffff, one's complement.
 */
static uint16_t word_for_zero(struct bed *bed, struct step s)
{
	uint8_t frame[PKT_ROOM];
	uint16_t check;
	uint32_t sum;

	s.in.first_word = 0x5555;
	play_frame(bed, &s, frame);
	check = word_at(frame, UDP_CHECK);
	/* The word has to grow by what is missing to a sum of 0xffff, which is the checksum itself. */
	sum = 0x5555 + check;
	return (sum & 0xffff) + (sum >> 16);
}

/* The inbound view of an outbound packet: from H1's external endpoint, as literal ends. */
static struct step as_sent(struct bed *bed)
{
	const struct end host = H1;
	struct place at;
	struct step s = OUT(UDP(H1, S1), C_out_udp);

	if (state_find(bed, DAISY_UDP, &host, &at) != 1)
		play_fail("no mapping");
	s.in.src = (struct end)LITERAL(state_addr(bed, at.slot), at.port);
	s.at = LINK_IN;
	return s;
}

static void outgoing_zero_becomes_ffff(struct bed *bed)
{
	struct step s = OUT(UDP(H1, S1), C_out_udp), sent = as_sent(bed);
	uint8_t frame[PKT_ROOM];

	s.in.first_word = sent.in.first_word = word_for_zero(bed, sent);
	play_frame(bed, &sent, frame);
	if (word_at(frame, UDP_CHECK) != 0xffff)
		play_fail("the case is wrong: the checksum is %04x", word_at(frame, UDP_CHECK));
	play_step(bed, &s);
}

static void incoming_zero_becomes_ffff(struct bed *bed)
{
	struct step s = IN(UDP(S1, H1), C_in_udp), seen = IN(UDP(S1, LITERAL(ADDR(10, 0, 0, 1), 5000)), C_in_udp);
	uint8_t frame[PKT_ROOM];

	s.in.first_word = seen.in.first_word = word_for_zero(bed, seen);
	play_frame(bed, &seen, frame);
	if (word_at(frame, UDP_CHECK) != 0xffff)
		play_fail("the case is wrong: the checksum is %04x", word_at(frame, UDP_CHECK));
	play_step(bed, &s);
}

/* A received 0xffff is a checksum like any other. */
static void received_ffff_is_translated(struct bed *bed)
{
	struct step s = OUT(UDP(H1, S1), C_out_udp);
	uint8_t frame[PKT_ROOM];

	s.in.first_word = word_for_zero(bed, s);
	play_frame(bed, &s, frame);
	if (word_at(frame, UDP_CHECK) != 0xffff)
		play_fail("the case is wrong: the checksum is %04x", word_at(frame, UDP_CHECK));
	play_step(bed, &s);
}

/* The IPv4 checksum meets every value by its id. */
static void every_id(struct bed *bed)
{
	struct step s = OUT(UDP(H1, S1), C_out_udp);

	for (s.in.id = 1; s.in.id <= 0xffff; s.in.id += stride)
		play_step(bed, &s);
}

static void every_ttl(struct bed *bed)
{
	struct step s = OUT(UDP(H1, S1), C_out_udp);

	for (s.in.ttl = 2; s.in.ttl <= 255; s.in.ttl++)
		play_step(bed, &s);
}

static void every_length(struct bed *bed)
{
	struct step s = OUT(UDP(H1, S1), C_out_udp);

	for (s.in.payload = 1; s.in.payload <= 1472; s.in.payload++)
		play_step(bed, &s);
}

static void every_quoted_length(struct bed *bed)
{
	struct step s = IN(ICMP_ERROR(S1, H1, 3, 3, UDP(H1, S1, .payload = 1400)), C_in_icmp_error);

	for (s.in.inner_cut_to = 28; s.in.inner_cut_to <= 1428; s.in.inner_cut_to++)
		play_step(bed, &s);
}

static const struct play plays[] = {
	{ "Outbound UDP has a right checksum whatever the payload (R3, RFC 1624)", STEPS(OPEN_UDP, CALL(udp_out)) },
	{ "Inbound UDP has a right checksum whatever the payload (R3)", STEPS(OPEN_UDP, CALL(udp_in)) },
	{ "Outbound TCP has a right checksum whatever the payload (R3)", STEPS(OPEN_TCP, CALL(tcp_out)) },
	{ "Inbound TCP has a right checksum whatever the payload (R3)", STEPS(OPEN_TCP, CALL(tcp_in)) },
	{ "Outbound ICMP queries have a right checksum whatever the payload (R3)", STEPS(OPEN_ECHO, CALL(icmp_out)) },
	{ "Inbound ICMP replies have a right checksum whatever the payload (R3)", STEPS(OPEN_ECHO, CALL(icmp_in)) },
	{ "Hairpinned UDP has a right checksum whatever the payload (R3, U9)",
	  STEPS(OPEN_UDP, OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created), CALL(hairpin)) },
	{ "Inbound ICMP errors have right checksums whatever they quote (R3, I4)", STEPS(OPEN_UDP, CALL(error_in)) },
	{ "Outbound ICMP errors have right checksums whatever they quote (R3, I5)", STEPS(OPEN_UDP, CALL(error_out)) },
	{ "Echo replies of an external address have a right checksum whatever the payload (R3)",
	  STEPS(CALL(echo_reply)) },
	{ "An echo reply that becomes nothing but zeros gets the checksum 0xffff (R3)",
	  STEPS(OUT(ECHO(HOST(1, 0), P1, ALL_ZERO), C_out_icmp, C_created_icmp, C_subscribers_created),
		IN(ECHO_REPLY(P1, HOST(1, 0), ALL_ZERO), C_in_icmp)) },
	{ "Our own echo reply of nothing but zeros has the checksum 0xffff (R3)",
	  STEPS(REPLY(AT_OUTSIDE, ECHO(WORLD(7, 0), LITERAL(EXT0, 0), ALL_ZERO),
		      ECHO_REPLY(LITERAL(EXT0, 0), WORLD(7, 0), ALL_ZERO), C_icmp_echo_replies)) },
	{ "The IPv4 header has a right checksum whatever its id (R3)", STEPS(OPEN_UDP, CALL(every_id)) },
	{ "Every time to live above one becomes one less, with a right checksum (R3, R4)",
	  STEPS(OPEN_UDP, CALL(every_ttl)) },
	{ "Every length of a UDP packet is translated (R3)", STEPS(OPEN_UDP, CALL(every_length)) },
	{ "Every length of a quoted packet is translated (R3, I4)", STEPS(OPEN_UDP, CALL(every_quoted_length)) },
	{ "A UDP checksum of 0 stays 0, both ways (R3, RFC 768)",
	  STEPS(OUT(UDP(H1, S1, .no_checksum = true), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, H1, .no_checksum = true), C_in_udp)) },
	{ "A hairpinned UDP checksum of 0 stays 0 (R3)",
	  STEPS(OPEN_UDP, OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created),
		HAIRPIN(UDP(H1, H2, .no_checksum = true), C_hairpin)) },
	{ "A UDP checksum that is computed as 0 goes out as 0xffff (R3, RFC 768)",
	  STEPS(OPEN_UDP, CALL(outgoing_zero_becomes_ffff)) },
	{ "A UDP checksum that is computed as 0 comes in as 0xffff (R3, RFC 768)",
	  STEPS(OPEN_UDP, CALL(incoming_zero_becomes_ffff)) },
	{ "A UDP checksum of 0xffff is translated (R3)", STEPS(OPEN_UDP, CALL(received_ffff_is_translated)) },
	{ "A wrong transport checksum stays as wrong as it was (R3)",
	  STEPS(OPEN_UDP, OUT(UDP(H1, S1, .csum_off = 0x0101), C_out_udp), IN(UDP(S1, H1, .csum_off = 0xfeed), C_in_udp),
		OUT(TCP(H1, S1, SYN, .csum_off = 0x7777), C_out_tcp, C_created_tcp, C_conns_created),
		OUT(ECHO(Q1, P1, .csum_off = 0x0100), C_out_icmp, C_created_icmp)) },
	{ "A UDP length that is not the packet's is translated as it is (R3)",
	  STEPS(OUT(UDP(H1, S1, .udp_length_off = -4), C_out_udp, C_created_udp, C_subscribers_created)) },
};

int main(int argc, char **argv)
{
	if (argc > 2)
		stride = (unsigned int)atoi(argv[2]);
	if (!stride) {
		printf("Bail out! STRIDE is a number above 0\n");
		return 1;
	}
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
