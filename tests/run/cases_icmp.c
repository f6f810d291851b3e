/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors about mappings, and the ICMP messages that the NAT itself sends. */
#include <string.h>

#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define Q1 HOST(1, 77)
#define S1 WORLD(1, 80)
#define P1 WORLD(1, 0)
#define ROUTER WORLD(99, 0)	/* an outside router on the way */

#define OPEN_UDP OUT(UDP(H1, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_UDP2 OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created)
#define OPEN_TCP OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
#define OPEN_ECHO OUT(ECHO(Q1, P1), C_out_icmp, C_created_icmp, C_subscribers_created)

/* What a router quotes at least (RFC 792). */
#define EIGHT .inner_cut_to = 28
#define UNREACHABLE 3
#define EXCEEDED 11
#define PARAMETER 12

/* Router alert (RFC 2113) and no-operations: options of a quoted packet. */
static const uint8_t options[] = { 148, 4, 0, 0, 1, 1, 1, 0 };
#define WITH_OPTIONS .options = options, .n_options = sizeof(options)

/* RFC 4884: version 2, checksum, one object (class 1, MPLS label stack) of eight bytes. */
static const uint8_t extension[] = { 0x20, 0, 0xd5, 0xf4, 0, 8, 1, 1, 0, 1, 9, 0xff };
/* The quotation is padded to 128 bytes, and its length in words stands in byte 5. */
#define EXTENDED .rest = 32 << 16, .inner_pad_to = 128, .extension = extension, .n_extension = sizeof(extension)

static void set_mtu(struct bed *bed, enum bed_link link, uint16_t mtu)
{
	daisy_instance_links(bed->inst)[link].mtu = mtu;
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(link)].mtu = mtu;
}

static void outside_mtu_1400(struct bed *bed)
{
	set_mtu(bed, LINK_OUT, 1400);
}

static void inside_mtu_1400(struct bed *bed)
{
	set_mtu(bed, LINK_IN, 1400);
}

static void inside_mtu_500(struct bed *bed)
{
	set_mtu(bed, LINK_IN, 500);
}

static void no_icmp_source(struct bed *bed)
{
	struct daisy_link *l = &daisy_instance_links(bed->inst)[LINK_IN];

	l->addr[0] = l->addr[1] = l->addr[2] = l->addr[3] = 0;
}

/* Quoted: another source address than the one the error was sent to, and a port that has a mapping there. */
static void quoted_source_is_another(struct bed *bed)
{
	struct pkt quoted = UDP(LITERAL(ADDR(192, 0, 2, 77), 0), S1);
	struct step s = DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, LITERAL(0, 0), 3, 3, UDP(H1, S1)), NO_MAPPING_ERROR);
	const struct end host = H1;
	struct place at;

	if (state_find(bed, DAISY_UDP, &host, &at) != 1)
		play_fail("no mapping");
	s.in.dst.addr = state_addr(bed, at.slot);
	quoted.src.port = at.port;
	s.in.inner = &quoted;
	play_step(bed, &s);
}

static void ten_errors_a_second(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->icmp_rate = 10;
}

static void ten_time_exceeded(struct bed *bed)
{
	const struct step s = TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = 1));
	unsigned int i;

	for (i = 0; i < 10; i++)
		play_step(bed, &s);
}

/* Codes of RFC 792, RFC 1122 and RFC 1812; 4 has a test of its own, for its MTU. */
static void each_unreachable(struct bed *bed)
{
	unsigned int code;

	for (code = 0; code <= 15; code++) {
		const struct step in = IN(ICMP_ERROR(ROUTER, H1, UNREACHABLE, code, UDP(H1, S1)), C_in_icmp_error);
		const struct step out = OUT(ICMP_ERROR(H1, S1, UNREACHABLE, code, UDP(S1, H1)), C_out_icmp_error);

		play_step(bed, &in);
		play_step(bed, &out);
	}
}

/* The error's mapping: UDP of H1 unless said otherwise. */
#define ERROR_IN(t, c, quoted, ...) IN(ICMP_ERROR(ROUTER, H1, t, c, quoted, ##__VA_ARGS__), C_in_icmp_error)
#define ERROR_OUT(t, c, quoted, ...) OUT(ICMP_ERROR(H1, S1, t, c, quoted, ##__VA_ARGS__), C_out_icmp_error)
#define SENT UDP(H1, S1, .ttl = 1)
#define RECEIVED UDP(S1, H1, .ttl = 1)

static const struct play plays[] = {
	/* from the outside */
	{ "Port unreachable about UDP comes in with the inside packet quoted (I4, I10a, RFC 5508 REQ-4)",
	  STEPS(OPEN_UDP, IN(ICMP_ERROR(S1, H1, UNREACHABLE, 3, UDP(H1, S1)), C_in_icmp_error)) },
	{ "Host unreachable from a router on the way comes in, with the router's address (I4, U12a)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 1, UDP(H1, S1, .ttl = 60))) },
	{ "Destination Unreachable of every code is translated, both ways (U12b, I10a)",
	  STEPS(OPEN_UDP, CALL(each_unreachable)) },
	{ "Time Exceeded comes in (I10a)", STEPS(OPEN_UDP, ERROR_IN(EXCEEDED, 0, UDP(H1, S1, .ttl = 1))) },
	{ "Parameter Problem comes in with its pointer (I10b)",
	  STEPS(OPEN_UDP, ERROR_IN(PARAMETER, 0, UDP(H1, S1), .rest = 9 << 24)) },
	{ "Fragmentation Needed comes in with its MTU (U13, I4)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 4, UDP(H1, S1, .df = true, .payload = 1200), .rest = 1280)) },
	{ "An error about TCP comes in (T9, RFC 5382 REQ-9)",
	  STEPS(OPEN_TCP, ERROR_IN(UNREACHABLE, 3, TCP(H1, S1, SYN))) },
	{ "An error about TCP that quotes eight bytes comes in (T9, I4)",
	  STEPS(OPEN_TCP, ERROR_IN(UNREACHABLE, 1, TCP(H1, S1, SYN), EIGHT)) },
	{ "An error about UDP that quotes eight bytes comes in (I4)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 1, UDP(H1, S1, .payload = 500), EIGHT)) },
	{ "An error about UDP without checksum comes in, the quoted checksum still 0 (I4, R3)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 1, UDP(H1, S1, .no_checksum = true), EIGHT)) },
	{ "An error about an echo request comes in with its id (I4)",
	  STEPS(OPEN_ECHO, IN(ICMP_ERROR(ROUTER, Q1, EXCEEDED, 0, ECHO(Q1, P1, .ttl = 1)), C_in_icmp_error)) },
	{ "An error about an echo request that quotes eight bytes comes in (I4)",
	  STEPS(OPEN_ECHO, IN(ICMP_ERROR(ROUTER, Q1, UNREACHABLE, 1, ECHO(Q1, P1), EIGHT), C_in_icmp_error)) },
	{ "An error that quotes a packet with IP options comes in (I3b)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 3, UDP(H1, S1, WITH_OPTIONS))) },
	{ "An error that quotes IP options and eight bytes comes in (I3b)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 3, UDP(H1, S1, WITH_OPTIONS), .inner_cut_to = 36)) },
	{ "An error that itself has IP options comes in (I3b)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 3, UDP(H1, S1), WITH_OPTIONS)) },
	{ "A wrong quoted UDP checksum does not matter, and stays as wrong (I3c)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 3, UDP(H1, S1, .csum_off = 0x1234))) },
	{ "A wrong quoted TCP checksum does not matter, and stays as wrong (I3c)",
	  STEPS(OPEN_TCP, ERROR_IN(UNREACHABLE, 3, TCP(H1, S1, SYN, .csum_off = 0x4321))) },
	{ "ICMP extensions after the quoted packet come through whole (I3d, RFC 4884)",
	  STEPS(OPEN_UDP, ERROR_IN(EXCEEDED, 0, UDP(H1, S1, .ttl = 1), EXTENDED)) },
	{ "ICMP extensions after quoted TCP come through whole (I3d)",
	  STEPS(OPEN_TCP, ERROR_IN(EXCEEDED, 0, TCP(H1, S1, SYN, .ttl = 1), EXTENDED)) },
	{ "An odd number of quoted bytes is summed right (R3)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 3, UDP(H1, S1, .payload = 19))) },
	{ "A long quotation is summed right (R3)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 3, UDP(H1, S1, .payload = 1300))) },
	{ "An error with an odd end and quoted bytes of one, two and three after the words is summed right (R3)",
	  STEPS(OPEN_UDP, ERROR_IN(UNREACHABLE, 3, UDP(H1, S1), .inner_cut_to = 29),
		ERROR_IN(UNREACHABLE, 3, UDP(H1, S1), .inner_cut_to = 30),
		ERROR_IN(UNREACHABLE, 3, UDP(H1, S1), .inner_cut_to = 31)) },
	{ "An error that quotes TCP up to its checksum, or with it, comes in (I4)",
	  STEPS(OPEN_TCP, ERROR_IN(UNREACHABLE, 3, TCP(H1, S1, SYN), .inner_cut_to = 36),
		ERROR_IN(UNREACHABLE, 3, TCP(H1, S1, SYN), .inner_cut_to = 38)) },
	{ "An error about a first fragment comes in (I4)",
	  STEPS(OPEN_UDP, ERROR_IN(EXCEEDED, 1, UDP(H1, S1, .payload = 3000, .fragment = true, .part = 1480), EIGHT)) },

	{ "An ICMP error with a wrong checksum is dropped (I3, RFC 5508 REQ-3)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, SENT, .csum_off = 1), BAD_ICMP_CHECKSUM)) },
	{ "An ICMP error whose quoted IP header has a wrong checksum is dropped (I3a)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, UDP(H1, S1, .ip_csum_off = 1)), BAD_EMBEDDED)) },
	{ "An ICMP error that quotes a wrong header checksum in an option is dropped (I3a, I3b)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, UDP(H1, S1, WITH_OPTIONS, .ip_csum_off = 0x100)),
			       BAD_EMBEDDED)) },
	{ "An ICMP error whose quoted packet is cut in its IP header is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, SENT, .inner_cut_to = 19), BAD_EMBEDDED)) },
	{ "An ICMP error whose quoted packet is cut in its ports is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, SENT, .inner_cut_to = 27), BAD_EMBEDDED)) },
	{ "An ICMP error whose quoted packet is IPv6 by its version is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, UDP(H1, S1, .version = 6)), BAD_EMBEDDED)) },
	{ "An ICMP error whose quoted header length cannot be is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, UDP(H1, S1, .ihl = 4)), BAD_EMBEDDED)) },
	{ "An ICMP error whose quoted header length reaches beyond the message is dropped (I3b)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, UDP(H1, S1, .ihl = 15), EIGHT), BAD_EMBEDDED)) },
	{ "An ICMP error about a later fragment is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, UDP(H1, S1, .frag_field = 185)), BAD_EMBEDDED)) },
	{ "An ICMP error about a port without a mapping is dropped (I4)",
	  STEPS(DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, LITERAL(EXT0, 0), 3, 3, UDP(LITERAL(EXT0, 4000), S1)),
		     NO_MAPPING_ERROR)) },
	{ "An ICMP error about a mapping of another protocol is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, LITERAL(EXT0, 0), 3, 3, TCP(LITERAL(EXT0, 5000), S1, SYN)),
			       NO_MAPPING_ERROR)) },
	{ "An ICMP error whose quoted source is not the address it was sent to is dropped (I4)",
	  STEPS(OPEN_UDP, CALL(quoted_source_is_another)) },
	{ "An ICMP error about an ICMP error is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, LITERAL(EXT0, 0), 3, 3,
						      ECHO(LITERAL(EXT0, 0), ROUTER, .type = 3, .payload = 28)),
			       NO_MAPPING_ERROR)) },
	{ "An ICMP error that quotes GRE is dropped (I4)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, LITERAL(EXT0, 0), 3, 3,
						      UDP(LITERAL(EXT0, 0), S1, .proto = 47)), NO_MAPPING_ERROR)) },
	{ "An inbound ICMP error with TTL 1 is dropped: no error about an error (R4, I10e, RFC 1812 section 4.3.2.7)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, SENT, .ttl = 1), TTL)) },
	{ "An inbound ICMP error too long for the inside link is dropped: no error about an error (I10e)",
	  .setup = inside_mtu_500,
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 3, 3, UDP(H1, S1, .payload = 600)), TOO_BIG)) },

	/* they change nothing */
	{ "Inbound ICMP errors neither end nor refresh a UDP mapping (U12, I6)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), ERROR_IN(UNREACHABLE, 3, UDP(H1, S1)), SWEEP,
		STATE("udp 1/10.0.0.1:5000"), IN(UDP(S1, H1), C_in_udp), ADVANCE(1 + MARGIN_S), SWEEP, STATE("udp hold")) },
	{ "Outbound ICMP errors neither end nor refresh a UDP mapping (U12, X8)",
	  STEPS(OPEN_UDP, ADVANCE(UDP_S - 1), ERROR_OUT(UNREACHABLE, 3, UDP(S1, H1)), SWEEP,
		STATE("udp 1/10.0.0.1:5000"), ADVANCE(1 + MARGIN_S), SWEEP, STATE("udp hold")) },
	{ "Inbound ICMP errors neither end nor refresh a TCP connection (T10, RFC 5382 REQ-10)",
	  STEPS(OPEN_TCP, ADVANCE(OPENING_S - 1), ERROR_IN(UNREACHABLE, 3, TCP(H1, S1, SYN)), SWEEP,
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 opening]"), ADVANCE(1 + MARGIN_S), SWEEP, STATE("tcp hold")) },
	{ "An ICMP error about a query neither ends nor refreshes its mapping (I6, RFC 5508 REQ-6)",
	  STEPS(OPEN_ECHO, ADVANCE(ICMP_S - 1), IN(ICMP_ERROR(ROUTER, Q1, 11, 0, ECHO(Q1, P1, .ttl = 1)), C_in_icmp_error),
		SWEEP, STATE("icmp 1/10.0.0.1:77"), ADVANCE(1 + MARGIN_S), SWEEP, STATE("icmp hold")) },

	/* from the inside */
	{ "Port unreachable from the inside goes out with the external endpoint quoted (I5, RFC 5508 REQ-5)",
	  STEPS(OPEN_UDP, ERROR_OUT(UNREACHABLE, 3, UDP(S1, H1))) },
	{ "An error about TCP goes out (I5, T9)",
	  STEPS(OPEN_TCP, ERROR_OUT(UNREACHABLE, 2, TCP(S1, H1, SYN | ACK))) },
	{ "An error about TCP that quotes eight bytes goes out (I5)",
	  STEPS(OPEN_TCP, ERROR_OUT(UNREACHABLE, 2, TCP(S1, H1, SYN | ACK), EIGHT)) },
	{ "An error about an echo reply goes out with the external id (I5)",
	  STEPS(OPEN_ECHO, OUT(ICMP_ERROR(Q1, P1, 3, 1, ECHO_REPLY(P1, Q1)), C_out_icmp_error)) },
	{ "An error of an inside router without mapping goes out with the external address (I5)",
	  STEPS(OPEN_UDP, OUT(ICMP_ERROR(HOST(99, 0), S1, EXCEEDED, 0, UDP(S1, H1, .ttl = 1)), C_out_icmp_error)) },
	{ "Fragmentation Needed from an inside router goes out with its MTU (U13, I5)",
	  STEPS(OPEN_UDP, OUT(ICMP_ERROR(HOST(99, 0), S1, 3, 4, UDP(S1, H1, .df = true, .payload = 1200), .rest = 1280),
			      C_out_icmp_error)) },
	{ "An outbound error that quotes IP options goes out (I3b, I5)",
	  STEPS(OPEN_UDP, ERROR_OUT(UNREACHABLE, 3, UDP(S1, H1, WITH_OPTIONS), .inner_cut_to = 36)) },
	{ "An outbound error with a wrong quoted UDP checksum goes out as wrong (I3c)",
	  STEPS(OPEN_UDP, ERROR_OUT(UNREACHABLE, 3, UDP(S1, H1, .csum_off = 0x1234))) },
	{ "An outbound error with ICMP extensions goes out whole (I3d)",
	  STEPS(OPEN_UDP, ERROR_OUT(EXCEEDED, 0, UDP(S1, H1, .ttl = 1), EXTENDED)) },
	{ "An outbound error with a wrong checksum is dropped (I3)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, ICMP_ERROR(H1, S1, 3, 3, RECEIVED, .csum_off = 1), BAD_ICMP_CHECKSUM)) },
	{ "An outbound error whose quoted IP header has a wrong checksum is dropped (I3a)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, ICMP_ERROR(H1, S1, 3, 3, UDP(S1, H1, .ip_csum_off = 1)), BAD_EMBEDDED)) },
	{ "An outbound error about no mapping is dropped (I5)",
	  STEPS(DROP(AT_INSIDE, ICMP_ERROR(H1, S1, 3, 3, UDP(S1, H1)), NO_MAPPING_ERROR), STATE("")) },
	{ "An outbound error about a mapping's packet from elsewhere is dropped (I5)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, ICMP_ERROR(H1, WORLD(2, 80), 3, 3, UDP(S1, H1)), NO_MAPPING_ERROR)) },
	{ "An outbound ICMP error with TTL 1 is dropped (R4)",
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, ICMP_ERROR(H1, S1, 3, 3, RECEIVED, .ttl = 1), TTL)) },

	/* hairpinned */
	{ "An error about a hairpinned packet comes back with both sides translated (I7, I7a, X13, RFC 5508 REQ-7)",
	  STEPS(OPEN_UDP, OPEN_UDP2, HAIRPIN(UDP(H1, H2), C_hairpin),
		HAIRPIN(ICMP_ERROR(H2, H1, UNREACHABLE, 3, UDP(H1, H2)), C_hairpin)) },
	{ "An error about hairpinned TCP comes back with both sides translated (I7, T9)",
	  STEPS(OPEN_TCP, OUT(TCP(H2, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		HAIRPIN(TCP(H1, H2, SYN), C_hairpin, C_conns_created, C_conns_created),
		HAIRPIN(ICMP_ERROR(H2, H1, UNREACHABLE, 3, TCP(H1, H2, SYN), EIGHT), C_hairpin)) },
	{ "An error of an inside router about a hairpinned packet comes back (I7)",
	  STEPS(OPEN_UDP, OPEN_UDP2, HAIRPIN(UDP(H1, H2), C_hairpin),
		HAIRPIN(ICMP_ERROR(HOST(99, 0), H1, EXCEEDED, 0, UDP(H1, H2, .ttl = 1)), C_hairpin)) },
	{ "An error about a hairpinned packet comes back on one arm (I7)", LINK_BOTH, LINK_BOTH,
	  STEPS(OPEN_UDP, OPEN_UDP2, HAIRPIN(UDP(H1, H2), C_hairpin),
		HAIRPIN(ICMP_ERROR(H2, H1, UNREACHABLE, 3, UDP(H1, H2)), C_hairpin)) },
	{ "An error about a hairpinned packet comes back with IP options, extensions and a wrong checksum quoted (I7, I3)",
	  STEPS(OPEN_UDP, OPEN_UDP2,
		HAIRPIN(ICMP_ERROR(H2, H1, EXCEEDED, 0, UDP(H1, H2, WITH_OPTIONS, .csum_off = 7), EXTENDED), C_hairpin)) },

	/* our own */
	{ "A query whose time to live ends here is answered with Time Exceeded (R4, I10a)",
	  STEPS(TIME_EXCEEDED(AT_INSIDE, ECHO(Q1, P1, .ttl = 1)), STATE("")) },
	{ "TCP whose time to live ends here is answered with Time Exceeded (R4)",
	  STEPS(TIME_EXCEEDED(AT_INSIDE, TCP(H1, S1, SYN, .ttl = 1)), STATE("")) },
	{ "UDP with a time to live of 0 is answered with Time Exceeded (R4)",
	  STEPS(TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = ZERO)), STATE("")) },
	{ "A time to live of 2 leaves as 1 (R4)",
	  STEPS(OUT(UDP(H1, S1, .ttl = 2), C_out_udp, C_created_udp, C_subscribers_created),
		IN(UDP(S1, H1, .ttl = 2), C_in_udp)) },
	{ "Inbound TCP whose time to live ends here is answered with Time Exceeded (R4)",
	  STEPS(OPEN_TCP, TIME_EXCEEDED(AT_OUTSIDE, TCP(S1, H1, SYN | ACK, .ttl = 1)),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 opening]")) },
	{ "An inbound echo reply whose time to live ends here is answered with Time Exceeded (R4)",
	  STEPS(OPEN_ECHO, TIME_EXCEEDED(AT_OUTSIDE, ECHO_REPLY(P1, Q1, .ttl = 1))) },
	{ "A hairpinned packet whose time to live ends here is answered with Time Exceeded (R4, U9)",
	  STEPS(OPEN_UDP, OPEN_UDP2, TIME_EXCEEDED(AT_INSIDE, UDP(H1, H2, .ttl = 1))) },
	{ "A hairpinned TCP packet whose time to live ends here is answered with Time Exceeded, on one arm (R4)",
	  LINK_BOTH, LINK_BOTH,
	  STEPS(OUT(TCP(H2, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		TIME_EXCEEDED(AT_INSIDE, TCP(H1, H2, SYN, .ttl = 1))) },
	{ "Time Exceeded quotes a long packet with options by its header and eight bytes (R4, RFC 792)",
	  STEPS(TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = 1, .payload = 1200, WITH_OPTIONS))) },
	{ "Time Exceeded quotes a short padded packet without its padding (R4)",
	  STEPS(TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = 1, .payload = 2, .pad_to = 60))) },
	{ "An error of our own has precedence 6, and quotes the packet with its own DS field (I10d, RFC 1812 section 4.3.2.5)",
	  STEPS(TIME_EXCEEDED(AT_INSIDE, UDP(H1, S1, .ttl = 1, .tos = 0x28)), OPEN_UDP,
		TIME_EXCEEDED(AT_OUTSIDE, UDP(S1, H1, .ttl = 1, .tos = 0xb8))) },
	{ "Without an address of its own a link sends no Time Exceeded (R4, I9)",
	  STEPS(CALL(no_icmp_source), DROP(AT_INSIDE, UDP(H1, S1, .ttl = 1), TTL)) },
	{ "Errors that we owe are limited a second, and owed again in the next (I10f, RFC 1812 section 4.3.2.8)",
	  .setup = ten_errors_a_second,
	  STEPS(CALL(ten_time_exceeded), DROP(AT_INSIDE, UDP(H1, S1, .ttl = 1), ICMP_RATE), ADVANCE(2),
		CALL(ten_time_exceeded)) },

	{ "A packet with DF too long for the outside gets Fragmentation Needed with its MTU (U13, RFC 4787 REQ-13)",
	  .setup = outside_mtu_1400,
	  STEPS(OPEN_UDP, FRAG_NEEDED(AT_INSIDE, UDP(H1, S1, .df = true, .payload = 1373), 1400)) },
	{ "A packet with DF that just fits the outside is translated (U13)", .setup = outside_mtu_1400,
	  STEPS(OUT(UDP(H1, S1, .df = true, .payload = 1372), C_out_udp, C_created_udp, C_subscribers_created)) },
	{ "TCP with DF too long for the outside gets Fragmentation Needed (U13)", .setup = outside_mtu_1400,
	  STEPS(OPEN_TCP, IN(TCP(S1, H1, SYN | ACK), C_in_tcp),
		FRAG_NEEDED(AT_INSIDE, TCP(H1, S1, ACK, .df = true, .payload = 1460), 1400)) },
	{ "A packet with DF too long for the inside gets Fragmentation Needed, sent outside (U13)",
	  .setup = inside_mtu_1400,
	  STEPS(OPEN_UDP, FRAG_NEEDED(AT_OUTSIDE, UDP(S1, H1, .df = true, .payload = 1400), 1400)) },
	{ "TCP with DF too long for the inside gets Fragmentation Needed, sent outside (U13)",
	  .setup = inside_mtu_1400,
	  STEPS(OPEN_TCP, FRAG_NEEDED(AT_OUTSIDE, TCP(S1, H1, SYN | ACK, .df = true, .payload = 1400), 1400)) },
	{ "A hairpinned packet with DF too long for the inside gets Fragmentation Needed (U13, U9)",
	  .setup = inside_mtu_1400,
	  STEPS(OPEN_UDP, OPEN_UDP2, FRAG_NEEDED(AT_INSIDE, UDP(H1, H2, .df = true, .payload = 1400), 1400)) },
	{ "An echo request with DF too long for the outside gets Fragmentation Needed (U13)",
	  .setup = outside_mtu_1400,
	  STEPS(OPEN_ECHO, FRAG_NEEDED(AT_INSIDE, ECHO(Q1, P1, .df = true, .payload = 1400), 1400)) },
	{ "Without a daemon to cut it, a packet without DF too long for the outside is dropped", .setup = outside_mtu_1400,
	  STEPS(OPEN_UDP, DROP(AT_INSIDE, UDP(H1, S1, .payload = 1400), TOO_BIG)) },
	{ "Without a daemon to cut it, a packet without DF too long for the inside is dropped", .setup = inside_mtu_1400,
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, UDP(S1, H1, .payload = 1400), TOO_BIG)) },

	{ "An echo request from outside to an external address is answered by it (I11)",
	  STEPS(REPLY(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT0, 0)), ECHO_REPLY(LITERAL(EXT0, 0), WORLD(7, 9)),
		      C_icmp_echo_replies), STATE("")) },
	{ "An echo reply of an external address has a time to live of its own, also for a request with TTL 1 (I11)",
	  STEPS(REPLY(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT0, 0), .ttl = 1),
		      ECHO_REPLY(LITERAL(EXT0, 0), WORLD(7, 9)), C_icmp_echo_replies),
		REPLY(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT0, 0), .ttl = 250),
		      ECHO_REPLY(LITERAL(EXT0, 0), WORLD(7, 9)), C_icmp_echo_replies)) },
	{ "An echo request from outside with odd length and options is answered (I11, R3)",
	  STEPS(REPLY(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT0, 0), .payload = 57, WITH_OPTIONS),
		      ECHO_REPLY(LITERAL(EXT0, 0), WORLD(7, 9), .payload = 57, WITH_OPTIONS), C_icmp_echo_replies)) },
	{ "An echo request from inside to an external address is answered by it (I11)",
	  STEPS(REPLY(AT_INSIDE, ECHO(Q1, LITERAL(EXT0, 0)), ECHO_REPLY(LITERAL(EXT0, 0), Q1), C_icmp_echo_replies),
		STATE("")) },
	{ "An echo request to an external address on one arm is answered, from inside and outside (I11)",
	  LINK_BOTH, LINK_BOTH,
	  STEPS(REPLY(AT_INSIDE, ECHO(Q1, LITERAL(EXT0, 0)), ECHO_REPLY(LITERAL(EXT0, 0), Q1), C_icmp_echo_replies),
		REPLY(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT1, 0)), ECHO_REPLY(LITERAL(EXT1, 0), WORLD(7, 9)),
		      C_icmp_echo_replies)) },
	{ "An echo request of a tagged link is answered with its tags (I11)", LINK_IN_VLAN, LINK_OUT_QINQ,
	  STEPS(REPLY(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT0, 0)), ECHO_REPLY(LITERAL(EXT0, 0), WORLD(7, 9)),
		      C_icmp_echo_replies),
		REPLY(AT_INSIDE, ECHO(Q1, LITERAL(EXT0, 0)), ECHO_REPLY(LITERAL(EXT0, 0), Q1), C_icmp_echo_replies)) },
	{ "A fragmented echo request to an external address is dropped (I11)",
	  STEPS(DROP(AT_OUTSIDE, ECHO(WORLD(7, 9), LITERAL(EXT0, 0), .payload = 3000, .fragment = true, .part = 1480),
		     UNSUPPORTED_ICMP)) },
	{ "An echo request to an external address from no inside prefix is dropped (I11)",
	  STEPS(DROP(AT_INSIDE, ECHO(LITERAL(ADDR(172, 16, 0, 1), 9), LITERAL(EXT0, 0)), NOT_INSIDE)) },
	{ "Source quench is dropped, both ways (I10c)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 4, 0, SENT), UNSUPPORTED_ICMP),
		DROP(AT_INSIDE, ICMP_ERROR(H1, S1, 4, 0, RECEIVED), UNSUPPORTED_ICMP)) },
	{ "Redirects are dropped, both ways (I10b)",
	  STEPS(OPEN_UDP, DROP(AT_OUTSIDE, ICMP_ERROR(ROUTER, H1, 5, 1, SENT), UNSUPPORTED_ICMP),
		DROP(AT_INSIDE, ICMP_ERROR(H1, S1, 5, 1, RECEIVED), UNSUPPORTED_ICMP)) },
	{ "Information, address mask and router messages are dropped (I10b, I10c)",
	  STEPS(DROP(AT_INSIDE, ECHO(Q1, P1, .type = 15), UNSUPPORTED_ICMP),
		DROP(AT_INSIDE, ECHO(Q1, P1, .type = 17), UNSUPPORTED_ICMP),
		DROP(AT_INSIDE, ECHO(Q1, P1, .type = 9), UNSUPPORTED_ICMP),
		DROP(AT_OUTSIDE, ECHO(P1, LITERAL(EXT0, 1), .type = 16), UNSUPPORTED_ICMP),
		DROP(AT_OUTSIDE, ECHO(P1, LITERAL(EXT0, 1), .type = 18), UNSUPPORTED_ICMP)) },
	{ "An echo reply from inside without a request is dropped and makes no mapping (I1)",
	  STEPS(DROP(AT_INSIDE, ECHO_REPLY(Q1, P1), UNSUPPORTED_ICMP), STATE("")) },
	{ "A timestamp request from outside is dropped (I10b)",
	  STEPS(DROP(AT_OUTSIDE, ECHO(P1, LITERAL(EXT0, 9), .type = 13), UNSUPPORTED_ICMP)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
