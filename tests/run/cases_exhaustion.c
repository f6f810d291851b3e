/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables that are full: new flows are refused and counted, existing ones never
 * suffer (G11). The instance is made small: few subscribers and connections.
 * The index is shrunk to one bucket of eight entries by its mask.
 */
#include <bpf/bpf.h>
#include <string.h>

#include "play.h"

#define N_SUBSCRIBERS 8
#define N_CONNS 4
#define N_BUCKET 8
#define OVERFLOW_MAX 4096

#define S1 WORLD(1, 80)
#define S2 WORLD(2, 80)
#define H(number, port) HOST(number, port)
/* Of the zone with seven ports. */
#define H4(port) HOST_OF(4, 1, port)
#define PROHIBITED(where, pkt, ...) \
	{ .kind = STEP_ICMP_ERROR, .at = where, .in = pkt, .type = 3, .code = 13, \
	  .counts = { C_drop_NO_PORT, C_icmp_unreachable, ##__VA_ARGS__ } }

static void one_pair_of_buckets(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->index_lines = 2;
}

static void step_out(struct bed *bed, struct pkt pkt, enum counter a, enum counter b, enum counter c,
		     enum counter d)
{
	const struct step s = { .kind = STEP_OUT, .at = AT_INSIDE, .in = pkt, .counts = { a, b, c, d } };

	play_step(bed, &s);
}

static void open_udp(struct bed *bed, unsigned int first, unsigned int last, bool overflows)
{
	unsigned int port;

	for (port = first; port <= last; port++)
		step_out(bed, (struct pkt)UDP(H(1, port), S1), C_out_udp, C_created_udp,
			 overflows ? C_overflowed : C_NONE, port == 1 ? C_subscribers_created : C_NONE);
}

static void fill_bucket(struct bed *bed)
{
	open_udp(bed, 1, N_BUCKET, false);
}

static void fill_overflow_a_little(struct bed *bed)
{
	open_udp(bed, N_BUCKET + 1, N_BUCKET + 40, true);
}

/* Those in the bucket and those in the overflow table, both ways. */
static void use_all(struct bed *bed)
{
	unsigned int port;

	for (port = 1; port <= N_BUCKET + 40; port++) {
		const struct step in = IN(UDP(S2, H(1, port)), C_in_udp);

		step_out(bed, (struct pkt)UDP(H(1, port), S2), C_out_udp, C_NONE, C_NONE, C_NONE);
		play_step(bed, &in);
	}
}

/* Entries of the index's overflow table, made by hand up to its size: other keys of nobody. */
static unsigned int stuff_overflow(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "index_overflow");
	unsigned int n;

	for (n = 0; n < OVERFLOW_MAX * 16; n++) {
		const union daisy_index_key key = { .word = n + 1 + (77ULL << 56) };
		const union daisy_ref entry = { .word = 1 };

		if (bpf_map_update_elem(fd, &key, &entry, 0))
			break;
	}
	return n;
}

static void overflow_is_full(struct bed *bed)
{
	const struct step refused = REFUSED(AT_INSIDE, UDP(H(1, 9), S1), INDEX_FULL);
	const struct step out = OUT(UDP(H(1, 8), S2), C_out_udp), in = IN(UDP(S2, H(1, 1)), C_in_udp);
	union daisy_index_key key;
	int fd = daisy_instance_map_fd(bed->inst, "index_overflow");

	daisy_instance_conf(bed->inst)->overflow_used += stuff_overflow(bed);
	play_step(bed, &refused);
	play_step(bed, &refused);
	play_step(bed, &out);
	play_step(bed, &in);
	daisy_instance_conf(bed->inst)->overflow_used = 0;
	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

static void open_subscribers(struct bed *bed)
{
	unsigned int host;

	for (host = 1; host <= N_SUBSCRIBERS; host++)
		step_out(bed, (struct pkt)UDP(H(host, 1), S1), C_out_udp, C_created_udp, C_subscribers_created,
			 C_NONE);
}

static void open_conns(struct bed *bed)
{
	unsigned int server;

	for (server = 2; server <= DAISY_INLINE_CONNS + N_CONNS; server++)
		step_out(bed, (struct pkt)TCP(H(1, 1), WORLD(server, 80), SYN), C_out_tcp, C_conns_created, C_NONE,
			 C_NONE);
}

/* Take every port of a (slot, protocol) but those asked for, as if others had them. */
static void leave_ports(struct bed *bed, unsigned int slot, unsigned int n)
{
	struct daisy_port_map *map = daisy_instance_port_map(bed->inst, slot, DAISY_UDP);
	unsigned int leaf, left = 0;

	for (leaf = 0; leaf < 1024; leaf++) {
		/* Far apart: the first free one of each leaf from 500 on. */
		uint64_t keep = leaf >= 500 && left < n ? map->leaf[leaf] & -map->leaf[leaf] : 0;

		left += keep != 0;
		map->leaf[leaf] = keep;
		if (!keep)
			map->summary[leaf / 64] &= ~(1ULL << leaf % 64);
	}
	map->n_free = left;
}

/* The bits stay taken and the records free: back to a state without contradiction. */
static void give_ports_back(struct bed *bed, unsigned int slot)
{
	*daisy_instance_port_map(bed->inst, slot, DAISY_UDP) = bed->port_maps[slot * DAISY_N_PROTOS + DAISY_UDP];
}

/* 64,512 ports, one of them free: it is found, and the next flow is refused at once. */
static void last_port_is_found(struct bed *bed)
{
	const struct step refused = REFUSED(AT_INSIDE, UDP(HOST_OF(5, 1, 2), S1), NO_PORT);
	const struct end host = HOST_OF(5, 1, 1);
	struct place at;
	unsigned int slot;

	leave_ports(bed, 4, 1);
	leave_ports(bed, 5, 1);
	step_out(bed, (struct pkt)UDP(host, S1), C_out_udp, C_created_udp, C_subscribers_created, C_NONE);
	if (state_find(bed, DAISY_UDP, &host, &at) != 1 || at.port / 64 != 500)
		play_fail("another port than the free one");
	play_step(bed, &refused);
	for (slot = 4; slot <= 5; slot++)
		give_ports_back(bed, slot);
	daisy_instance_port_map(bed->inst, at.slot, DAISY_UDP)->leaf[at.port / 64] &= ~(1ULL << at.port % 64);
	daisy_instance_port_map(bed->inst, at.slot, DAISY_UDP)->n_free--;
}

static void no_ports_at_all(struct bed *bed)
{
	unsigned int proto;

	for (proto = 0; proto < DAISY_N_PROTOS; proto++) {
		struct daisy_port_map *map = daisy_instance_port_map(bed->inst, 3, proto);

		memset(map->leaf, 0, sizeof(map->leaf));
		memset(map->summary, 0, sizeof(map->summary));
		map->n_free = 0;
	}
}

static void ports_again(struct bed *bed)
{
	unsigned int proto;

	for (proto = 0; proto < DAISY_N_PROTOS; proto++)
		*daisy_instance_port_map(bed->inst, 3, proto) = bed->port_maps[3 * DAISY_N_PROTOS + proto];
}

static void prohibited(struct bed *bed)
{
	no_ports_at_all(bed);
	daisy_instance_conf(bed->inst)->exhaustion = EXHAUSTION_ADMIN_PROHIBITED;
}

static void silent(struct bed *bed)
{
	no_ports_at_all(bed);
	daisy_instance_conf(bed->inst)->exhaustion = EXHAUSTION_SILENT;
}

static void ten_errors_a_second(struct bed *bed)
{
	no_ports_at_all(bed);
	daisy_instance_conf(bed->inst)->icmp_rate = 10;
}

/* Half of the budget, and not one more. */
static void five_are_told(struct bed *bed)
{
	const struct step told = REFUSED(AT_INSIDE, UDP(H4(2), S1), NO_PORT);
	const struct step silence = DROP(AT_INSIDE, UDP(H4(2), S1), NO_PORT);
	unsigned int i;

	for (i = 0; i < 5; i++)
		play_step(bed, &told);
	play_step(bed, &silence);
	play_step(bed, &silence);
}

static const struct play plays[] = {
	{ "A sender that gets no port is told host unreachable: TCP, UDP and queries (G11, RFC 6888 REQ-11)",
	  .setup = no_ports_at_all,
	  STEPS(REFUSED(AT_INSIDE, UDP(H4(1), S1), NO_PORT, C_subscribers_created),
		REFUSED(AT_INSIDE, TCP(H4(1), S1, SYN), NO_PORT),
		REFUSED(AT_INSIDE, ECHO(H4(1), WORLD(1, 0)), NO_PORT), STATE(""), CALL(ports_again),
		OUT(UDP(H4(1), S1), C_out_udp, C_created_udp)) },
	{ "It is told communication administratively prohibited if that is configured (I8, RFC 5508 REQ-8)",
	  .setup = prohibited,
	  STEPS(PROHIBITED(AT_INSIDE, UDP(H4(1), S1), C_subscribers_created),
		PROHIBITED(AT_INSIDE, ECHO(H4(1), WORLD(1, 0))), CALL(ports_again)) },
	{ "It is told nothing if that is configured (G11, I9)", .setup = silent,
	  STEPS(DROP_COUNTING(AT_INSIDE, UDP(H4(1), S1), C_drop_NO_PORT, C_subscribers_created),
		DROP(AT_INSIDE, TCP(H4(1), S1, SYN), NO_PORT), CALL(ports_again)) },
	{ "A hairpin that gets no port is told so (G11, U9)",
	  STEPS(OUT(UDP(H(2, 6000), S1), C_out_udp, C_created_udp, C_subscribers_created),
		CALL(no_ports_at_all), REFUSED(AT_INSIDE, UDP(H4(1), H(2, 6000)), NO_PORT, C_subscribers_created),
		CALL(ports_again)) },
	{ "A flood of refused packets is told within half of the rate limit, the rest dropped with its reason "
	  "(G11, I10f)", .setup = ten_errors_a_second,
	  STEPS(REFUSED(AT_INSIDE, UDP(H4(2), S1), NO_PORT, C_subscribers_created), ADVANCE(2),
		CALL(five_are_told), TIME_EXCEEDED(AT_INSIDE, UDP(H(1, 1), S1, .ttl = 1)), ADVANCE(2),
		CALL(five_are_told), CALL(ports_again)) },
	{ "Fragments and packets of no inside prefix are refused without an answer (G11, I10e)",
	  .setup = no_ports_at_all,
	  STEPS(DROP(AT_INSIDE, UDP(H4(1), S1, .payload = 3000, .fragment = true, .from = 1480), FRAGMENT_ORPHAN),
		DROP(LINK_IN4, UDP(LITERAL(ADDR(192, 168, 1, 1), 5), S1), NOT_INSIDE), CALL(ports_again)) },
	{ "Mappings beyond their index bucket go to the overflow table and are found there (U1, DESIGN 3.1)",
	  .setup = one_pair_of_buckets, STEPS(CALL(fill_bucket), CALL(fill_overflow_a_little), CALL(use_all)) },
	{ "Mappings in the overflow table end like others, and leave it (U5)",
	  .setup = one_pair_of_buckets,
	  STEPS(CALL(fill_bucket), CALL(fill_overflow_a_little), ADVANCE(UDP_S + MARGIN_S), SWEEP,
		ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE("")) },
	{ "A full index refuses new mappings and touches no existing one (G11)",
	  .setup = one_pair_of_buckets, STEPS(CALL(fill_bucket), CALL(overflow_is_full)) },
	{ "A full subscriber table refuses new subscribers, not those it has (G11)",
	  STEPS(CALL(open_subscribers), REFUSED(AT_INSIDE, UDP(H(100, 1), S1), NO_SUBSCRIBER),
		REFUSED(AT_INSIDE, TCP(H(100, 1), S1, SYN), NO_SUBSCRIBER), OUT(UDP(H(1, 2), S1), C_out_udp, C_created_udp),
		OUT(UDP(H(8, 1), S2), C_out_udp), IN(UDP(S2, H(1, 1)), C_in_udp)) },
	{ "Connections that find the table full are translated untracked, and counted (DESIGN 3.1)",
	  STEPS(OUT(TCP(H(1, 1), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		CALL(open_conns), OUT(TCP(H(1, 1), WORLD(99, 80), SYN), C_out_tcp, C_conns_untracked),
		IN(TCP(WORLD(99, 80), H(1, 1), SYN | ACK), C_in_tcp, C_conns_untracked),
		OUT(TCP(H(1, 1), WORLD(99, 80), ACK), C_out_tcp, C_conns_untracked)) },
	{ "A stranger that finds the table full is translated untracked (DESIGN 3.1)",
	  STEPS(OUT(TCP(H(1, 1), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		CALL(open_conns), IN(TCP(WORLD(99, 80), H(1, 1), SYN), C_in_tcp, C_conns_untracked)) },
	{ "A mapping with untracked connections lives as long as an established one (T5, DESIGN 3.1)",
	  STEPS(OUT(TCP(H(1, 1), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		CALL(open_conns), OUT(TCP(H(1, 1), WORLD(99, 80), SYN), C_out_tcp, C_conns_untracked),
		ADVANCE(ESTABLISHED_S - 1), SWEEP, STATE("tcp 1/10.0.0.1:1"), ADVANCE(1 + MARGIN_S), SWEEP,
		STATE("tcp hold")) },
	{ "A port of a full connection table is tracked again when there is room (DESIGN 3.1)",
	  STEPS(OUT(TCP(H(1, 1), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created, C_subscribers_created),
		CALL(open_conns), ADVANCE(OPENING_S + MARGIN_S), SWEEP, STATE("tcp hold"),
		OUT(TCP(H(1, 1), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created), CALL(open_conns)) },
	{ "The last free port of 64,512 is found, and then the pool is full (G11, DESIGN 3.2)",
	  STEPS(CALL(last_port_is_found)) },
};

int main(int argc, char **argv)
{
	const struct daisy_instance_spec spec = { .max_subscribers = N_SUBSCRIBERS, .max_conns = N_CONNS };

	return play_table(argc, argv, &spec, plays, sizeof(plays) / sizeof(plays[0]));
}
