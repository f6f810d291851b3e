/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP connections under a mapping: their classes, timers, and who keeps a mapping alive. */
#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define S1 WORLD(1, 80)

#define OPEN OUT(TCP(H1, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created)
/* Between H1 and port 80 of a server by its number. */
#define SEND(to, tcp_flags, ...) OUT(TCP(H1, WORLD(to, 80), tcp_flags), C_out_tcp, ##__VA_ARGS__)
#define RECV(from, tcp_flags, ...) IN(TCP(WORLD(from, 80), H1, tcp_flags), C_in_tcp, ##__VA_ARGS__)
#define ESTABLISH OPEN, RECV(1, SYN | ACK), SEND(1, ACK)

#define IS(class) STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 " class "]")
#define GONE STATE("tcp hold")
/* The class's limit on both sides, sweeping like the daemon. */
#define LIVES_FOR(seconds, class) ADVANCE((seconds) - 1), SWEEP, IS(class), ADVANCE(1 + MARGIN_S), SWEEP, GONE

static void step_tcp(struct bed *bed, enum step_kind kind, struct pkt pkt, enum counter a, enum counter b)
{
	const struct step s = {
		.kind = kind, .at = kind == STEP_OUT ? AT_INSIDE : AT_OUTSIDE, .in = pkt, .counts = { a, b },
	};

	play_step(bed, &s);
}

/* Thirty-two strangers fill the cap of the mapping. */
static void strangers_fill_cap(struct bed *bed)
{
	unsigned int i;

	for (i = 1; i <= DAISY_MAX_STRANGERS; i++)
		step_tcp(bed, STEP_IN, (struct pkt)TCP(WORLD(200, 1000 + i), H1, SYN), C_in_tcp, C_conns_created);
}

/* Connections of one host to as many servers. */
static void connect_to(struct bed *bed, unsigned int first, unsigned int last)
{
	unsigned int i;

	for (i = first; i <= last; i++)
		step_tcp(bed, STEP_OUT, (struct pkt)TCP(H1, WORLD(i, 80), SYN), C_out_tcp, C_conns_created);
}

static struct daisy_tcp_mapping *mapping_of_h1(struct bed *bed)
{
	const struct end host = H1;
	struct place at;

	if (state_find(bed, DAISY_TCP, &host, &at) != 1)
		play_fail("no mapping");
	return (struct daisy_tcp_mapping *)state_record(bed, &at);
}

/* As if so many connections more were in the table: answered ones. */
static void count_many(struct bed *bed)
{
	mapping_of_h1(bed)->conns += 65535;
}

static void many_are_counted(struct bed *bed)
{
	if ((mapping_of_h1(bed)->conns & 0xffff) != 65535)
		play_fail("%08x connections", mapping_of_h1(bed)->conns);
	mapping_of_h1(bed)->conns -= 65535;
}

static void connect_to_nine(struct bed *bed)
{
	connect_to(bed, 2, 9);
}

static void establish_nine(struct bed *bed)
{
	unsigned int i;

	for (i = 1; i <= 9; i++) {
		step_tcp(bed, STEP_IN, (struct pkt)TCP(WORLD(i, 80), H1, SYN | ACK), C_in_tcp, C_NONE);
		step_tcp(bed, STEP_OUT, (struct pkt)TCP(H1, WORLD(i, 80), ACK), C_out_tcp, C_NONE);
	}
}

static void fin_both_of_nine_but_one(struct bed *bed)
{
	unsigned int i;

	for (i = 1; i <= 8; i++) {
		step_tcp(bed, STEP_OUT, (struct pkt)TCP(H1, WORLD(i, 80), FIN | ACK), C_out_tcp, C_NONE);
		step_tcp(bed, STEP_IN, (struct pkt)TCP(WORLD(i, 80), H1, FIN | ACK), C_in_tcp, C_NONE);
	}
}

/* Data takes a RST back, and the next RST begins a new timer: sent every 200 s. */
static void data_and_rst_for_two_hours(struct bed *bed)
{
	unsigned int s;

	for (s = 0; s <= ESTABLISHED_S; s += 200) {
		bed_advance(bed, 200);
		step_tcp(bed, STEP_IN, (struct pkt)TCP(S1, H1, ACK), C_in_tcp, C_NONE);
		step_tcp(bed, STEP_IN, (struct pkt)TCP(S1, H1, RST), C_in_tcp, C_NONE);
	}
}

static void data_answered_by_rst_for_two_hours(struct bed *bed)
{
	unsigned int s;

	for (s = 0; s <= ESTABLISHED_S; s += 200) {
		bed_advance(bed, 200);
		step_tcp(bed, STEP_IN, (struct pkt)TCP(S1, H1, ACK), C_in_tcp, C_NONE);
		step_tcp(bed, STEP_OUT, (struct pkt)TCP(H1, S1, RST), C_out_tcp, C_NONE);
	}
}

static const struct play plays[] = {
	{ "A TCP mapping is made once and used for every destination (T1, RFC 5382 REQ-1)",
	  STEPS(OPEN, SEND(2, SYN, C_conns_created), OUT(TCP(H1, WORLD(1, 81), SYN), C_out_tcp, C_conns_created),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 opening] [198.51.100.2:80 opening] "
		      "[198.51.100.1:81 opening]")) },
	{ "Two ports of a host have two TCP mappings (T7, RFC 5382 REQ-7)",
	  STEPS(OPEN, OUT(TCP(HOST(1, 5001), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 opening]; "
		      "tcp 1/10.0.0.1:5001 [198.51.100.1:80 opening]")) },

	{ "A three-way handshake establishes a connection (T2, RFC 5382 REQ-2)", STEPS(ESTABLISH, IS("established")) },
	{ "A SYN without answer is partially open (D-16)", STEPS(OPEN, IS("opening")) },
	{ "Simultaneous open establishes a connection (T2a, RFC 5382 REQ-2a)",
	  STEPS(OPEN, RECV(1, SYN), SEND(1, SYN | ACK), RECV(1, SYN | ACK), IS("established")) },
	{ "Data flows both ways and changes nothing (T2)",
	  STEPS(ESTABLISH, SEND(1, ACK), RECV(1, ACK), RECV(1, ACK), SEND(1, ACK), IS("established")) },
	{ "A retransmitted SYN changes nothing (T2)",
	  STEPS(OPEN, SEND(1, SYN), IS("opening"), RECV(1, SYN | ACK), RECV(1, SYN | ACK), IS("established")) },
	{ "FIN from the inside leaves the connection established: half-closed (T2, D-16)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, ACK), IS("established")) },
	{ "FIN from the outside leaves the connection established: half-closed (T2, D-16)",
	  STEPS(ESTABLISH, RECV(1, FIN | ACK), SEND(1, ACK), RECV(1, FIN | ACK), IS("established")) },
	{ "FIN in both directions closes a connection, the inside first (D-16)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), SEND(1, ACK), IS("closing")) },
	{ "FIN in both directions closes a connection, the outside first (D-16)",
	  STEPS(ESTABLISH, RECV(1, FIN | ACK), SEND(1, FIN | ACK), RECV(1, ACK), IS("closing")) },
	{ "Simultaneous close is translated (T2)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), RECV(1, ACK), SEND(1, ACK), IS("closing")) },
	{ "RST from the inside is translated and keeps the mapping (X2, RFC 7857 section 2.2)",
	  STEPS(ESTABLISH, SEND(1, RST), IS("reset")) },
	{ "RST from the outside is translated and keeps the mapping (X2)",
	  STEPS(ESTABLISH, RECV(1, RST | ACK), IS("reset")) },
	{ "A packet from the inside takes a RST back (X2)",
	  STEPS(ESTABLISH, RECV(1, RST), SEND(1, ACK), IS("established")) },
	{ "A packet from the outside takes a RST back (X2)",
	  STEPS(ESTABLISH, RECV(1, RST), RECV(1, ACK), IS("established")) },
	{ "A RST of a connection that is not known does nothing to those that are (X2)",
	  STEPS(ESTABLISH, RECV(2, RST), IN(TCP(WORLD(1, 81), H1, RST), C_in_tcp), IS("established")) },
	{ "A new connection of the same endpoints follows a closed one (T2)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), IS("closing"), SEND(1, SYN),
		IS("opening"), RECV(1, SYN | ACK), IS("established")) },

	{ "A partially open connection lives 240 s (T5, X1, RFC 5382 REQ-5)",
	  STEPS(OPEN, LIVES_FOR(OPENING_S, "opening")) },
	{ "An established connection lives 7440 s idle (T5, RFC 5382 REQ-5)",
	  STEPS(ESTABLISH, LIVES_FOR(ESTABLISHED_S, "established")) },
	{ "A half-closed connection lives 7440 s idle (T5)",
	  STEPS(ESTABLISH, RECV(1, FIN | ACK), SEND(1, ACK), LIVES_FOR(ESTABLISHED_S, "established")) },
	{ "A closing connection lives 240 s (T5, X1)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), LIVES_FOR(CLOSING_S, "closing")) },
	{ "A reset connection lives 240 s (X2)", STEPS(ESTABLISH, RECV(1, RST), LIVES_FOR(RESET_S, "reset")) },
	{ "A second RST does not prolong a reset connection (X2)",
	  STEPS(ESTABLISH, RECV(1, RST), ADVANCE(RESET_S - 1), RECV(1, RST), ADVANCE(1 + MARGIN_S), SWEEP, GONE) },
	{ "A RST taken back gives the connection its time again (X2)",
	  STEPS(ESTABLISH, RECV(1, RST), ADVANCE(RESET_S - 1), SEND(1, ACK),
		LIVES_FOR(ESTABLISHED_S, "established")) },
	{ "RST and data from the outside alone do not keep a connection (X2, D-15)",
	  STEPS(ESTABLISH, ADVANCE(ESTABLISHED_S - 100), RECV(1, RST), RECV(1, ACK), IS("established"),
		ADVANCE(100 + MARGIN_S), SWEEP, GONE) },
	{ "RST and data from the outside do not keep a connection beyond its time, however often (X2, D-15)",
	  STEPS(ESTABLISH, RECV(1, RST), CALL(data_and_rst_for_two_hours), SWEEP,
		GONE) },
	{ "RST from the inside against data from the outside does not keep a connection beyond its time (X8)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), SEND(1, ACK),
		CALL(data_answered_by_rst_for_two_hours), SWEEP, GONE) },
	{ "A stranger whom the inside answers with RST does not keep the mapping (X8, RFC 7857 section 7)",
	  STEPS(OPEN, ADVANCE(OPENING_S - 1), RECV(2, SYN, C_conns_created), SEND(2, RST | ACK),
		ADVANCE(1 + MARGIN_S), SWEEP, GONE, ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE("")) },
	{ "A stranger whom the inside answers with RST, and after that with SYN, is connected (X8, X2)",
	  STEPS(OPEN, RECV(2, SYN, C_conns_created), SEND(2, RST | ACK), RECV(2, SYN), SEND(2, SYN | ACK),
		ADVANCE(OPENING_S + MARGIN_S), SWEEP, STATE("tcp 1/10.0.0.1:5000 [198.51.100.2:80 established]")) },
	{ "RST from the inside about a connection that is not known does not refresh the mapping (X8)",
	  STEPS(OPEN, ADVANCE(OPENING_S + MARGIN_S), SEND(2, RST), SWEEP, GONE) },
	{ "RST from the inside against a late packet does not make an idle connection established again (X8)",
	  STEPS(ESTABLISH, ADVANCE(ESTABLISHED_S - 100), RECV(1, ACK), SEND(1, RST), RECV(1, ACK),
		IS("established"), ADVANCE(100 + MARGIN_S), SWEEP, GONE) },
	{ "An ICMP error from the inside does not refresh a TCP mapping (X8, T10)",
	  STEPS(OPEN, ADVANCE(OPENING_S - 1), RECV(1, ACK),
		OUT(ICMP_ERROR(H1, S1, 3, 3, TCP(S1, H1, ACK)), C_out_icmp_error), ADVANCE(1 + MARGIN_S), SWEEP,
		GONE) },
	{ "SYN from the outside does not prolong a closed connection (D-15)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), ADVANCE(CLOSING_S - 1), RECV(1, SYN),
		IS("closing"), ADVANCE(1 + MARGIN_S), SWEEP, GONE) },
	{ "The inside answers a SYN on a closed connection, which is then open again (T2)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), RECV(1, SYN), IS("closing"),
		SEND(1, SYN | ACK), LIVES_FOR(ESTABLISHED_S, "established")) },
	{ "Outbound packets refresh an established connection (U6, T5)",
	  STEPS(ESTABLISH, ADVANCE(ESTABLISHED_S - 1), SEND(1, ACK), LIVES_FOR(ESTABLISHED_S, "established")) },
	{ "Inbound packets do not refresh an established connection (D-15)",
	  STEPS(ESTABLISH, ADVANCE(ESTABLISHED_S - 1), RECV(1, ACK), ADVANCE(1 + MARGIN_S), SWEEP, GONE) },
	{ "Inbound packets do not refresh a partially open connection (D-15)",
	  STEPS(OPEN, ADVANCE(OPENING_S - 1), RECV(1, ACK), ADVANCE(1 + MARGIN_S), SWEEP, GONE) },
	{ "Packets do not refresh a closing connection (X1)",
	  STEPS(ESTABLISH, SEND(1, FIN | ACK), RECV(1, FIN | ACK), ADVANCE(CLOSING_S - 1), SEND(1, ACK),
		RECV(1, ACK), ADVANCE(1 + MARGIN_S), SWEEP, GONE) },

	{ "A TCP mapping lives while one of its connections does (D-16)",
	  STEPS(ESTABLISH, SEND(2, SYN, C_conns_created), ADVANCE(OPENING_S + MARGIN_S), SWEEP,
		IS("established"), SEND(2, SYN, C_conns_created),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established] [198.51.100.2:80 opening]")) },
	{ "A TCP mapping dies with its last connection, its port rests (D-16, G8)",
	  STEPS(OPEN, SEND(2, SYN, C_conns_created), SEND(3, SYN, C_conns_created),
		ADVANCE(OPENING_S + MARGIN_S), SWEEP, GONE, DROP(AT_INSIDE, TCP(H1, S1, ACK), TCP_NO_SYN)) },
	{ "Connections beyond those in the record are tracked like them (D-16)",
	  STEPS(OPEN, CALL(connect_to_nine), CALL(establish_nine),
		ADVANCE(OPENING_S + MARGIN_S), SWEEP,
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established] [198.51.100.2:80 established] "
		      "[198.51.100.3:80 established] [198.51.100.4:80 established] "
		      "[198.51.100.5:80 established] [198.51.100.6:80 established] "
		      "[198.51.100.7:80 established] [198.51.100.8:80 established] "
		      "[198.51.100.9:80 established]"),
		CALL(fin_both_of_nine_but_one), ADVANCE(CLOSING_S + MARGIN_S), SWEEP,
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.9:80 established]"),
		ADVANCE(ESTABLISHED_S), SWEEP, GONE) },

	{ "A stranger's SYN to a mapping is translated and tracked (U8, T3)",
	  STEPS(ESTABLISH, RECV(2, SYN, C_conns_created),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established] [198.51.100.2:80 opening]")) },
	{ "A stranger's connection is established by the inside's answer (T2)",
	  STEPS(ESTABLISH, RECV(2, SYN, C_conns_created), SEND(2, SYN | ACK), RECV(2, ACK),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established] [198.51.100.2:80 established]")) },
	{ "Simultaneous open begun by the outside establishes a connection (T2a)",
	  STEPS(ESTABLISH, RECV(2, SYN, C_conns_created), SEND(2, SYN), RECV(2, SYN | ACK), SEND(2, ACK),
		STATE("tcp 1/10.0.0.1:5000 [198.51.100.1:80 established] [198.51.100.2:80 established]")) },
	{ "An unsolicited SYN is silently dropped; meanwhile the inside may open, and the next one reaches it (T4, T4a, T2a)",
	  STEPS(DROP(AT_OUTSIDE, TCP(S1, LITERAL(EXT0, 5000), SYN), NO_MAPPING), ADVANCE(3), OPEN, RECV(1, SYN),
		SEND(1, SYN | ACK), IS("established")) },
	{ "A stranger's SYN does not prolong the mapping (D-15)",
	  STEPS(OPEN, ADVANCE(OPENING_S - 1), RECV(2, SYN, C_conns_created), ADVANCE(1 + MARGIN_S), SWEEP, GONE,
		ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE("")) },
	{ "A stranger's SYNs again and again do not keep his connection (D-15)",
	  STEPS(ESTABLISH, RECV(2, SYN, C_conns_created), ADVANCE(OPENING_S - 1), RECV(2, SYN),
		ADVANCE(1 + MARGIN_S), SWEEP, IS("established")) },
	{ "A stranger whom the inside answered keeps the mapping (D-16)",
	  STEPS(OPEN, RECV(2, SYN, C_conns_created), SEND(2, SYN | ACK), RECV(2, ACK),
		ADVANCE(OPENING_S + MARGIN_S), SWEEP, STATE("tcp 1/10.0.0.1:5000 [198.51.100.2:80 established]")) },
	{ "A stranger whom the inside answered often counts once, and ends like any other (D-16)",
	  STEPS(OPEN, RECV(2, SYN, C_conns_created), SEND(2, SYN | ACK), RECV(2, ACK), SEND(2, ACK), SEND(2, ACK),
		SEND(2, FIN | ACK), RECV(2, FIN | ACK), SEND(2, ACK), ADVANCE(CLOSING_S + MARGIN_S), SWEEP, GONE) },
	{ "Strangers beyond the mapping's cap are translated and not tracked (U8, G5, DESIGN 3.1)",
	  STEPS(ESTABLISH, CALL(strangers_fill_cap), RECV(2, SYN, C_strangers_capped),
		IN(TCP(WORLD(200, 1001), H1, SYN), C_in_tcp), SEND(3, SYN, C_conns_created), SEND(1, ACK)) },
	{ "A cap full of strangers empties when their time is up (DESIGN 3.1)",
	  STEPS(ESTABLISH, CALL(strangers_fill_cap), ADVANCE(OPENING_S + MARGIN_S), SWEEP, IS("established"),
		RECV(2, SYN, C_conns_created)) },
	{ "A capped stranger whom the inside answers is tracked from then on (DESIGN 3.1)",
	  STEPS(ESTABLISH, CALL(strangers_fill_cap), RECV(2, SYN, C_strangers_capped),
		SEND(2, SYN | ACK, C_conns_created)) },
	{ "Connections beyond what the count of a mapping holds are translated untracked, the inside's (T2, DESIGN 3.1)",
	  STEPS(ESTABLISH, SEND(2, SYN, C_conns_created), CALL(count_many), SEND(3, SYN, C_conns_untracked),
		CALL(many_are_counted)) },
	{ "Connections beyond what the count of a mapping holds are translated untracked, strangers' (U8, DESIGN 3.1)",
	  STEPS(ESTABLISH, CALL(count_many), RECV(2, SYN, C_conns_untracked), SEND(2, SYN | ACK, C_conns_created),
		SEND(3, SYN, C_conns_untracked), CALL(many_are_counted)) },
	{ "A segment in the middle of a connection that is not tracked is translated (U8)",
	  STEPS(ESTABLISH, RECV(2, ACK, C_conns_untracked), IS("established")) },

	{ "TCP from the inside that does not begin with SYN makes no mapping (R5, RFC 6146 section 3.5.2.2)",
	  STEPS(DROP(AT_INSIDE, TCP(H1, S1, ACK), TCP_NO_SYN), DROP(AT_INSIDE, TCP(H1, S1, SYN | ACK), TCP_NO_SYN),
		DROP(AT_INSIDE, TCP(H1, S1, FIN | ACK), TCP_NO_SYN), DROP(AT_INSIDE, TCP(H1, S1, RST), TCP_NO_SYN),
		DROP(AT_INSIDE, TCP(H1, S1, SYN | RST), TCP_NO_SYN),
		DROP(AT_INSIDE, TCP(H1, S1, SYN | FIN), TCP_NO_SYN), STATE("")) },
	{ "TCP to another server on a live mapping need not begin with SYN (T2)",
	  STEPS(ESTABLISH, SEND(2, ACK, C_conns_created)) },

	{ "TCP is hairpinned with the external source, both ways (T8, T8a, RFC 5382 REQ-8)",
	  STEPS(OUT(TCP(H2, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		HAIRPIN(TCP(H1, H2, SYN), C_hairpin, C_created_tcp, C_conns_created, C_conns_created,
			C_subscribers_created),
		HAIRPIN(TCP(H2, H1, SYN | ACK), C_hairpin), HAIRPIN(TCP(H1, H2, ACK), C_hairpin),
		HAIRPIN(TCP(H1, H2, FIN | ACK), C_hairpin), HAIRPIN(TCP(H2, H1, FIN | ACK), C_hairpin)) },
	{ "A hairpinned connection keeps both mappings (T8, D-16)",
	  STEPS(OUT(TCP(H2, S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		HAIRPIN(TCP(H1, H2, SYN), C_hairpin, C_created_tcp, C_conns_created, C_conns_created,
			C_subscribers_created),
		HAIRPIN(TCP(H2, H1, SYN | ACK), C_hairpin), HAIRPIN(TCP(H1, H2, ACK), C_hairpin),
		ADVANCE(OPENING_S + MARGIN_S), SWEEP, HAIRPIN(TCP(H1, H2, ACK), C_hairpin),
		HAIRPIN(TCP(H2, H1, ACK), C_hairpin)) },
	{ "TCP hairpinned to a port without a mapping is dropped and makes none (T8)",
	  STEPS(DROP(AT_INSIDE, TCP(H1, LITERAL(EXT0, 4000), SYN), NO_MAPPING), STATE("")) },
	{ "TCP to its own external endpoint is dropped (T8)",
	  STEPS(OPEN, DROP(AT_INSIDE, TCP(H1, H1, SYN), HAIRPIN_LOOP), IS("opening")) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
