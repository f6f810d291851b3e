/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static forwards: mappings that stand in the configuration. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "nat/forward.h"
#include "nat/sweep.h"
#include "play.h"

#define H1 HOST(1, 80)
#define H1_OTHER HOST(1, 5000)
#define H2 HOST(2, 5000)
#define S1 WORLD(1, 4711)
#define S2 WORLD(2, 53)
#define WEB LITERAL(EXT0, 443)		/* outside of the dynamic ports */
#define HIGH LITERAL(EXT0, 40000)	/* one of them */
#define DAY_S 86400

static unsigned int slot_of(struct bed *bed, uint32_t addr)
{
	unsigned int slot = 0;

	while (slot < BED_N_SLOTS && state_addr(bed, slot) != addr)
		slot++;
	if (slot == BED_N_SLOTS)
		play_fail("no such external address");
	return slot;
}

static struct daisy_forward forward_of(struct bed *bed, enum daisy_proto proto, struct end outside,
				       struct end inside)
{
	struct daisy_forward f = {
		.slot = slot_of(bed, outside.addr), .port = outside.port, .proto = proto,
		.link = bed_inside_link(bed, inside.zone),
		.inside = { .port = inside.port, .zone = inside.zone },
	};
	uint32_t addr = htonl(inside.addr);

	memcpy(f.inside.addr, &addr, 4);
	bed->any_port = true;
	bed->is_counted = false;
	return f;
}

static void make(struct bed *bed, enum daisy_proto proto, struct end outside, struct end inside)
{
	struct daisy_forward f = forward_of(bed, proto, outside, inside);
	size_t n;

	if (daisy_instance_forwards_add(bed->inst, &f, 1, &n) || n != 1)
		play_fail("%s", daisy_error());
}

static void refused(struct bed *bed, enum daisy_proto proto, struct end outside, struct end inside,
		    const char *error)
{
	struct daisy_forward f = forward_of(bed, proto, outside, inside);
	size_t n;

	if (!daisy_instance_forwards_add(bed->inst, &f, 1, &n) || n)
		play_fail("it was made");
	if (strcmp(daisy_error(), error))
		play_fail("\"%s\", not \"%s\"", daisy_error(), error);
}

static void end_forward(struct bed *bed, enum daisy_proto proto, struct end outside, struct end inside)
{
	struct daisy_forward f = forward_of(bed, proto, outside, inside);

	if (daisy_instance_forward_del(bed->inst, &f))
		play_fail("%s", daisy_error());
}

static void udp_web(struct bed *bed)
{
	make(bed, DAISY_UDP, (struct end)WEB, (struct end)H1);
}

static void tcp_web(struct bed *bed)
{
	make(bed, DAISY_TCP, (struct end)WEB, (struct end)H1);
}

static void udp_high(struct bed *bed)
{
	make(bed, DAISY_UDP, (struct end)HIGH, (struct end)H1);
}

static void tcp_high(struct bed *bed)
{
	make(bed, DAISY_TCP, (struct end)HIGH, (struct end)H1);
}

#define N_SERVERS 8	/* by chance one has the right address, not all */

static void servers(struct bed *bed)
{
	for (unsigned int i = 1; i <= N_SERVERS; i++)
		make(bed, DAISY_UDP, (struct end)LITERAL(i & 1 ? EXT0 : EXT1, 440 + i),
		     (struct end)HOST(i, 80));
}

static void end_udp_web(struct bed *bed)
{
	end_forward(bed, DAISY_UDP, (struct end)WEB, (struct end)H1);
}

static void end_udp_high(struct bed *bed)
{
	end_forward(bed, DAISY_UDP, (struct end)HIGH, (struct end)H1);
}

static void again(struct bed *bed)
{
	uint32_t slot = slot_of(bed, EXT0);
	struct place at = { slot, 443, DAISY_UDP };
	struct daisy_mapping before = *state_record(bed, &at);

	udp_web(bed);
	if (memcmp(&before, state_record(bed, &at), sizeof(before)))
		play_fail("the record has changed");
}

static void free_ports(struct bed *bed, int less, bool bit)
{
	uint32_t slot = slot_of(bed, EXT0);
	const struct daisy_port_map *now = daisy_instance_port_map(bed->inst, slot, DAISY_UDP);
	const struct daisy_port_map *start = &bed->port_maps[slot * DAISY_N_PROTOS + DAISY_UDP];

	if (start->n_free - now->n_free != less)
		play_fail("%d ports less are free, not %d", start->n_free - now->n_free, less);
	if ((now->leaf[40000 / 64] >> (40000 & 63) & 1) != bit)
		play_fail("the bit of port 40000 is %d", !bit);
	if (now->leaf[443 / 64] >> (443 & 63) & 1)
		play_fail("port 443 is free for mappings");
}

static void one_port_less(struct bed *bed)
{
	free_ports(bed, 1, false);
}

static void all_ports(struct bed *bed)
{
	free_ports(bed, 0, true);
}

/* A mapping of H2 and its external port. */
static struct end dynamic(struct bed *bed)
{
	const struct step out = OUT(UDP(H2, S1), C_out_udp, C_created_udp, C_subscribers_created);
	const struct end inside = H2;
	struct place at;

	play_step(bed, &out);
	if (state_find(bed, DAISY_UDP, &inside, &at) != 1)
		play_fail("no mapping");
	return (struct end){ .addr = state_addr(bed, at.slot), .port = at.port };
}

static void port_in_use(struct bed *bed)
{
	struct end taken = dynamic(bed);
	char error[200];

	snprintf(error, sizeof(error), "forward udp 203.0.113.%u:%u: a mapping of 10.0.0.2:5000 has this port, "
		 "expected another port, or none there (mapping delete)", taken.addr & 255, taken.port);
	refused(bed, DAISY_UDP, taken, (struct end)H1, error);
}

static void endpoint_in_use(struct bed *bed)
{
	dynamic(bed);
	refused(bed, DAISY_UDP, (struct end)WEB, (struct end)H2,
		"forward udp 203.0.113.10:443: 10.0.0.2:5000 has a mapping already, expected another inside "
		"port, or none there (mapping delete)");
}

static void draining(struct bed *bed)
{
	daisy_instance_address_state(bed->inst, slot_of(bed, EXT0), SLOT_DRAINING);
	refused(bed, DAISY_UDP, (struct end)WEB, (struct end)H1,
		"forward udp 203.0.113.10:443: its address is draining, expected an active one");
}

/* A port at rest is nobody's: a forward need not wait for the hold-down. */
static void port_at_rest(struct bed *bed)
{
	struct end was = dynamic(bed);

	bed_delete(bed, (struct daisy_sweep_item){ .slot = slot_of(bed, was.addr), .port = was.port,
						   .proto = DAISY_UDP });
	make(bed, DAISY_UDP, was, (struct end)H1);
	if (daisy_instance_port_map(bed->inst, slot_of(bed, was.addr), DAISY_UDP)->n_held)
		play_fail("it is still counted as held");
}

static void operators_delete(struct bed *bed)
{
	bed_delete(bed, (struct daisy_sweep_item){ .slot = slot_of(bed, EXT0), .port = 443,
						   .proto = DAISY_UDP });
}

static void blocks(struct bed *bed)
{
	daisy_instance_pools(bed->inst)[0] = (struct daisy_pool){ .block_order = 1, .blocks = 1 };
	udp_high(bed);
}

/*
 * Hosts of zone 1 until one of them has the block of the forward's port: there 63
 * ports are to be had, and the 64th packet is refused.
 */
static void fill_block(struct bed *bed)
{
	const uint32_t slot = slot_of(bed, EXT0), leaf = 40000 / 64;
	const struct daisy_block_map *map = daisy_instance_block_map(bed->inst, slot);
	unsigned int host = 10, port;

	for (; !map->block[leaf].order; host++) {
		const struct step out = OUT(UDP(HOST_OF(1, host, 1), S1), C_out_udp, C_created_udp,
					    C_subscribers_created);

		play_step(bed, &out);
	}
	host--;
	for (port = 2; port <= 63; port++) {
		const struct step out = OUT(UDP(HOST_OF(1, host, port), S1), C_out_udp, C_created_udp);

		play_step(bed, &out);
	}
	const struct step full = REFUSED(AT_INSIDE, UDP(HOST_OF(1, host, 64), S1), BLOCKS_FULL);

	play_step(bed, &full);
}

static void limited(struct bed *bed)
{
	daisy_instance_pools(bed->inst)[0] = (struct daisy_pool){ .limit = { 1, 1, 1, 2 } };
	udp_web(bed);
	make(bed, DAISY_UDP, (struct end)HIGH, (struct end)HOST(1, 81));
}

/* A server's other mapping is where its forward is. */
static void paired(struct bed *bed)
{
	for (unsigned int i = 1; i <= N_SERVERS; i++) {
		const struct step out = OUT(UDP(HOST(i, 5000), S1), C_out_udp, C_created_udp);
		const struct end inside = HOST(i, 5000);
		struct place at;

		play_step(bed, &out);
		if (state_find(bed, DAISY_UDP, &inside, &at) != 1 ||
		    state_addr(bed, at.slot) != (i & 1 ? EXT0 : EXT1))
			play_fail("host %u has another address", i);
	}
}

static void sweep_subscribers(struct bed *bed)
{
	struct daisy_sweeper *sweeper = daisy_sweeper_new(bed->inst);
	struct daisy_sweeper_stats stats;

	if (!sweeper || daisy_sweeper_round(sweeper))
		play_fail("%s", daisy_error());
	daisy_sweeper_stats(sweeper, &stats);
	daisy_sweeper_free(sweeper);
	bed->is_counted = false;
	if (stats.expired || stats.subscribers)
		play_fail("%u mappings and %u subscribers ended", (unsigned int)stats.expired,
			  (unsigned int)stats.subscribers);
}

static void filtered(struct bed *bed)
{
	for (unsigned int slot = 0; slot < BED_N_SLOTS; slot++)
		daisy_instance_address_filter(bed->inst, slot, true);
	udp_web(bed);
	tcp_web(bed);
}

/* DAISY_MAX_STRANGERS of them and one more, who is translated but not remembered. */
static void strangers(struct bed *bed)
{
	for (unsigned int i = 0; i <= DAISY_MAX_STRANGERS; i++) {
		const struct step in = IN(TCP(WORLD(1, 1000 + i), H1, SYN), C_in_tcp,
					  i < DAISY_MAX_STRANGERS ? C_conns_created : C_strangers_capped);

		play_step(bed, &in);
	}
}

static const struct play plays[] = {
	{ "A forward lets anybody in before its host has sent anything, UDP (U1, U8, G7)", .setup = udp_web,
	  STEPS(IN(UDP(S1, H1), C_in_udp), IN(UDP(S2, H1), C_in_udp), OUT(UDP(H1, S1), C_out_udp)) },
	{ "A forward lets a TCP connection in that its host then answers (T2, T3)", .setup = tcp_web,
	  STEPS(IN(TCP(S1, H1, SYN), C_in_tcp, C_conns_created), OUT(TCP(H1, S1, SYN | ACK), C_out_tcp),
		IN(TCP(S1, H1, ACK), C_in_tcp),
		STATE("tcp 1/10.0.0.1:80 [198.51.100.1:4711 established]")) },
	{ "What the host of a forward sends leaves from the forward's port, to everybody (U1)", .setup = udp_web,
	  STEPS(OUT(UDP(H1, S1), C_out_udp), OUT(UDP(H1, S2), C_out_udp), STATE("udp 1/10.0.0.1:80")) },
	{ "A connection that the host of a forward opens leaves from the forward's port (T1)", .setup = tcp_web,
	  STEPS(OUT(TCP(H1, S1, SYN), C_out_tcp, C_conns_created), IN(TCP(S1, H1, SYN | ACK), C_in_tcp),
		STATE("tcp 1/10.0.0.1:80 [198.51.100.1:4711 established]")) },
	{ "A forward at a dynamic port works as one outside of them", .setup = tcp_high,
	  STEPS(IN(TCP(S1, H1, SYN), C_in_tcp, C_conns_created), OUT(TCP(H1, S1, SYN | ACK), C_out_tcp)) },
	{ "An inside host reaches a forward by its external endpoint, UDP (U9)", .setup = udp_web,
	  STEPS(HAIRPIN(UDP(H2, H1), C_hairpin, C_created_udp, C_subscribers_created),
		HAIRPIN(UDP(H1, H2), C_hairpin)) },
	{ "An inside host reaches a forward by its external endpoint, TCP (T8)", .setup = tcp_web,
	  STEPS(HAIRPIN(TCP(H2, H1, SYN), C_hairpin, C_created_tcp, C_conns_created, C_conns_created,
			C_subscribers_created),
		HAIRPIN(TCP(H1, H2, SYN | ACK), C_hairpin)) },
	{ "ICMP errors about packets of a forward pass both ways (I4, I5)", .setup = udp_web,
	  STEPS(IN(ICMP_ERROR(WORLD(9, 0), H1, 3, 3, QUOTED(UDP(H1, S1))), C_in_icmp_error),
		OUT(ICMP_ERROR(H1, S1, 3, 3, QUOTED(UDP(S1, H1))), C_out_icmp_error)) },
	{ "No timer ends a forward of UDP", .setup = udp_web,
	  STEPS(ADVANCE(DAY_S), SWEEP, STATE("udp 1/10.0.0.1:80"), IN(UDP(S1, H1), C_in_udp)) },
	{ "A forward of TCP outlives its connections, which have their timers (T5)", .setup = tcp_web,
	  STEPS(IN(TCP(S1, H1, SYN), C_in_tcp, C_conns_created),
		OUT(TCP(H1, S2, SYN), C_out_tcp, C_conns_created), ADVANCE(DAY_S), SWEEP,
		STATE("tcp 1/10.0.0.1:80"), IN(TCP(S1, H1, SYN), C_in_tcp, C_conns_created)) },
	{ "Strangers' unanswered connections to a forward are capped as to any mapping (G5)", .setup = tcp_web,
	  STEPS(CALL(strangers)) },
	{ "A forward is open to all where filtering is address-dependent (U8)", .setup = filtered,
	  STEPS(IN(UDP(S1, H1), C_in_udp), IN(TCP(S1, H1, SYN), C_in_tcp, C_conns_created)) },
	{ "Other mappings of the host have the forward's address (U2, G2)", .setup = servers, STEPS(CALL(paired)) },
	{ "A subscriber's limits do not count its forwards (G4)", .setup = limited,
	  STEPS(OUT(UDP(H1_OTHER, S1), C_out_udp, C_created_udp),
		REFUSED(AT_INSIDE, UDP(HOST(1, 5001), S1), LIMIT_MAPPINGS)) },
	{ "A subscriber with a forward is not forgotten (U2)", .setup = servers,
	  STEPS(ADVANCE(DAY_S), CALL(sweep_subscribers), CALL(paired)) },
	{ "A dynamic port is taken out of the port map while a forward has it, and returns after its rest (G8)",
	  .setup = udp_high,
	  STEPS(CALL(one_port_less), CALL(end_udp_high), CALL(one_port_less), ADVANCE(HOLD_S + 3), SWEEP,
		CALL(all_ports), STATE("")) },
	{ "A port outside of the dynamic ones never comes into the port map", .setup = udp_web,
	  STEPS(CALL(all_ports), CALL(end_udp_web), STATE("udp hold"), ADVANCE(HOLD_S + 3), SWEEP,
		CALL(all_ports), STATE("")) },
	{ "A forward that was removed lets nobody in, and its host goes out by another port", .setup = udp_web,
	  STEPS(CALL(end_udp_web), DROP(AT_OUTSIDE, UDP(S1, WEB), NO_MAPPING),
		OUT(UDP(H1, S1), C_out_udp, C_created_udp)) },
	{ "A forward that is there already is left as it is", .setup = udp_web, STEPS(CALL(again)) },
	{ "A forward may be made anew while its port is in hold-down", .setup = udp_web,
	  STEPS(CALL(end_udp_web), CALL(udp_web), IN(UDP(S1, H1), C_in_udp), STATE("udp 1/10.0.0.1:80")) },
	{ "A forward takes a port that a mapping has left in hold-down",
	  STEPS(CALL(port_at_rest), IN(UDP(S1, H1), C_in_udp), STATE("udp 1/10.0.0.1:80")) },
	{ "A forward is refused at a port that a mapping has", STEPS(CALL(port_in_use)) },
	{ "A forward is refused to an inside endpoint that a mapping has",
	  STEPS(CALL(endpoint_in_use), ADVANCE(3), SWEEP, STATE("udp 1/10.0.0.2:5000")) },
	{ "A forward is refused at an address that is draining", STEPS(CALL(draining)) },
	{ "The operator's delete of mappings leaves forwards", .setup = udp_web,
	  STEPS(CALL(operators_delete), IN(UDP(S1, H1), C_in_udp)) },
	{ "A port block gives out no port that a forward has (G8, G13)", .setup = blocks,
	  STEPS(CALL(fill_block)) },
};

int main(int argc, char **argv)
{
	return play_table(argc, argv, NULL, plays, sizeof(plays) / sizeof(plays[0]));
}
