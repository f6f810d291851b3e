/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port blocks, and the limits of a subscriber. Pool 0 has all addresses of the
 * bed; its policy is set by each case. The smallest blocks have 64 ports.
 */
#include <arpa/inet.h>
#include <string.h>

#include "events.h"
#include "lib-c/blocks.h"
#include "play.h"

#define S1 WORLD(1, 80)
#define S2 WORLD(2, 80)
#define H(number, port) HOST(number, port)
#define SMALL 64

#define E(number, port) ((struct end)HOST(number, port))

static const struct daisy_pool no_policy;

static struct daisy_pool *policy(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->exhaustion = EXHAUSTION_SILENT;
	return &daisy_instance_pools(bed->inst)[0];
}

static void set_blocks(struct bed *bed, unsigned int order, unsigned int most)
{
	policy(bed)->block_order = order;
	policy(bed)->blocks = most;
}

static void one_small(struct bed *bed)
{
	set_blocks(bed, 1, 1);
}

static void two_small(struct bed *bed)
{
	set_blocks(bed, 1, 2);
}

static void eight_small(struct bed *bed)
{
	set_blocks(bed, 1, 8);
}

static void four_of_512(struct bed *bed)
{
	set_blocks(bed, 4, 4);
}

static void one_of_4096(struct bed *bed)
{
	set_blocks(bed, 7, 1);
}

static void dynamic(struct bed *bed)
{
	*policy(bed) = no_policy;
}

static struct pkt packet(enum daisy_proto proto, struct end host)
{
	if (proto == DAISY_TCP)
		return (struct pkt)TCP(host, S1, SYN);
	if (proto == DAISY_ICMP)
		return (struct pkt)ECHO(host, WORLD(1, 0));
	return (struct pkt)UDP(host, S1);
}

static void open_one(struct bed *bed, enum daisy_proto proto, struct end host, bool new_subscriber)
{
	static const enum counter out[] = { C_out_udp, C_out_tcp, C_out_icmp };
	static const enum counter created[] = { C_created_udp, C_created_tcp, C_created_icmp };
	const struct step s = {
		.kind = STEP_OUT, .at = AT_INSIDE, .in = packet(proto, host),
		.counts = { out[proto], created[proto], new_subscriber ? C_subscribers_created : C_NONE,
			    proto == DAISY_TCP ? C_conns_created : C_NONE },
	};

	play_step(bed, &s);
}

static void refuse_one(struct bed *bed, enum daisy_proto proto, struct end host, enum counter reason)
{
	const struct step s = {
		.kind = STEP_DROP, .at = AT_INSIDE, .in = packet(proto, host), .counts = { reason },
	};

	play_step(bed, &s);
}

static void open_many(struct bed *bed, enum daisy_proto proto, unsigned int host, unsigned int from,
		      unsigned int to)
{
	for (; from <= to; from++)
		open_one(bed, proto, E(host, from), from == 1 && proto == DAISY_UDP);
}

static uint32_t wire_addr(unsigned int host)
{
	return htonl(ADDR(10, 0, 0, host));
}

static unsigned int blocks_of(struct bed *bed, unsigned int host, uint16_t zone)
{
	unsigned int slot, n = 0;

	for (slot = 0; slot < BED_N_SLOTS; slot++)
		n += blocks_count(bed->inst, slot, wire_addr(host), zone);
	return n;
}

static void demand_blocks(struct bed *bed, unsigned int host, unsigned int n)
{
	if (blocks_of(bed, host, 1) != n)
		play_fail("host %u has %u blocks, not %u", host, blocks_of(bed, host, 1), n);
}

static void no_block_is_held(struct bed *bed)
{
	unsigned int slot;

	for (slot = 0; slot < BED_N_SLOTS; slot++)
		if (memcmp(daisy_instance_block_map(bed->inst, slot), &bed->block_maps[slot],
			   sizeof(struct daisy_block_map)))
			play_fail("the blocks of slot %u are not as at the start", slot);
}

/* Ports of all protocols, and the next one of each is refused. */
static void fill_one_block(struct bed *bed)
{
	int proto;

	for (proto = 0; proto < DAISY_N_PROTOS; proto++) {
		open_many(bed, proto, 1, 1, SMALL);
		refuse_one(bed, proto, E(1, SMALL + 1), C_drop_BLOCKS_FULL);
		demand_blocks(bed, 1, 1);
	}
}

static void fill_two_blocks(struct bed *bed)
{
	open_many(bed, DAISY_UDP, 1, 1, SMALL);
	demand_blocks(bed, 1, 1);
	open_many(bed, DAISY_UDP, 1, SMALL + 1, 2 * SMALL);
	demand_blocks(bed, 1, 2);
	refuse_one(bed, DAISY_UDP, E(1, 2 * SMALL + 1), C_drop_BLOCKS_FULL);
}

/* The others, and what it has, do not notice. */
static void others_are_unhurt(struct bed *bed)
{
	unsigned int port;

	open_many(bed, DAISY_UDP, 2, 1, 3);
	for (port = 1; port <= 2 * SMALL; port += 9) {
		const struct step out = OUT(UDP(H(1, port), S2), C_out_udp);
		const struct step in = IN(UDP(S2, H(1, port)), C_in_udp);

		play_step(bed, &out);
		play_step(bed, &in);
	}
}

static void fill_eight_blocks(struct bed *bed)
{
	open_many(bed, DAISY_UDP, 1, 1, 8 * SMALL);
	demand_blocks(bed, 1, 8);
	refuse_one(bed, DAISY_UDP, E(1, 8 * SMALL + 1), C_drop_BLOCKS_FULL);
}

/* Take all blocks of both addresses of zone 5 but one of each slot that has no mapping. */
static void paired_address_has_no_block(struct bed *bed)
{
	struct end host = HOST_OF(5, 1, 1);
	struct daisy_block_map *map;
	struct place at;
	unsigned int port;

	for (port = 1; port <= SMALL; port++) {
		host.port = port;
		open_one(bed, DAISY_UDP, host, port == 1);
	}
	state_find(bed, DAISY_UDP, &host, &at);
	map = daisy_instance_block_map(bed->inst, at.slot);
	memset(map->free, 0, sizeof(map->free));
	map->n_free = 0;
	host.port = SMALL + 1;
	refuse_one(bed, DAISY_UDP, host, C_drop_NO_BLOCK);
	refuse_one(bed, DAISY_UDP, host, C_drop_NO_BLOCK);
	/* A new subscriber takes the address that has blocks. */
	open_one(bed, DAISY_UDP, (struct end)HOST_OF(5, 2, 1), true);
}

static void many_subscribers(struct bed *bed)
{
	unsigned int host;

	for (host = 1; host <= 100; host++)
		open_one(bed, DAISY_UDP, E(host, 1), true);
	for (host = 1; host <= 100; host++)
		demand_blocks(bed, host, 1);
}

static void with_parity(struct bed *bed)
{
	two_small(bed);
	daisy_instance_conf(bed->inst)->options |= DAISY_OPT_PARITY;
}

/* 32 even ports fit; then parity yields before a second block is taken (it is a SHOULD). */
static void parity_in_the_block(struct bed *bed)
{
	struct place at;
	unsigned int port;

	for (port = 2; port <= 64; port += 2) {
		const struct end host = E(1, port);

		open_one(bed, DAISY_UDP, host, port == 2);
		state_find(bed, DAISY_UDP, &host, &at);
		if (at.port & 1)
			play_fail("port %u for port %u", at.port, port);
	}
	open_one(bed, DAISY_UDP, E(1, 66), false);
	demand_blocks(bed, 1, 1);
}

/* What a range of long ago leads to: the block there is another subscriber's by now. */
static void block_is_anothers(struct bed *bed)
{
	const struct end first = E(1, 1), second = E(1, 2);
	union daisy_block *block;
	struct place at, next;

	open_one(bed, DAISY_UDP, first, true);
	state_find(bed, DAISY_UDP, &first, &at);
	block = &daisy_instance_block_map(bed->inst, at.slot)->block[at.port / 512 * 8];
	block->addr = wire_addr(9);
	open_one(bed, DAISY_UDP, second, false);
	state_find(bed, DAISY_UDP, &second, &next);
	if (block->used != 1 || next.port / 512 == at.port / 512)
		play_fail("port %u out of another's block", next.port);
	block->addr = wire_addr(1);
}

/* Leave one block of 64 ports to an address, for the next one to be taken. */
static void offer_block(struct bed *bed, uint32_t slot, unsigned int leaf)
{
	struct daisy_block_map *map = daisy_instance_block_map(bed->inst, slot);

	memset(map->free, 0, sizeof(map->free));
	map->free[leaf / 64] = 1ULL << leaf % 64;
	map->n_free = 1;
}

/* As many blocks of 64 ports on an address as there are leaves, each filled. */
static void fill_blocks(struct bed *bed, uint32_t slot, const unsigned int *leaves, unsigned int n)
{
	struct end host = HOST_OF(5, 1, 1);

	for (unsigned int i = 0; i < n * SMALL; i++) {
		if (!(i % SMALL))
			offer_block(bed, slot, leaves[i / SMALL]);
		host.port = i + 1;
		open_one(bed, DAISY_UDP, host, false);
	}
}

/* A host without mappings leaves an address for another, where its third block gets its first one's numbers. */
static void block_of_the_same_numbers(struct bed *bed)
{
	static const unsigned int before[] = { 100, 200, 300 }, after[] = { 300, 400, 500 };
	const struct end first = HOST_OF(5, 1, 1);
	struct place at;
	uint32_t slot, other;

	policy(bed)->blocks = 3;
	open_one(bed, DAISY_UDP, first, true);
	state_find(bed, DAISY_UDP, &first, &at);
	slot = at.slot;
	other = 9 - slot;	/* zone 5 has 4 and 5 */
	bed_delete(bed, (struct daisy_sweep_item){ .slot = slot, .port = at.port, .proto = DAISY_UDP });
	bed_advance(bed, HOLD_S + MARGIN_S);
	bed_sweep(bed);
	fill_blocks(bed, slot, before, 3);
	bed_advance(bed, UDP_S + MARGIN_S);
	bed_sweep(bed);
	daisy_instance_address_state(bed->inst, slot, SLOT_DRAINING);
	fill_blocks(bed, other, after, 3);
	if (blocks_of(bed, 1, 5) != 6)
		play_fail("%u blocks, not three on each address", blocks_of(bed, 1, 5));
}

/* The same; then those of the first address are given back. */
static void block_of_the_same_numbers_goes(struct bed *bed)
{
	block_of_the_same_numbers(bed);
	bed_advance(bed, HOLD_S + MARGIN_S);
	bed_sweep(bed);
	if (blocks_of(bed, 1, 5) != 3)
		play_fail("%u blocks, not the three of one address", blocks_of(bed, 1, 5));
	offer_block(bed, 4, 600);
	offer_block(bed, 5, 600);
	refuse_one(bed, DAISY_UDP, (struct end)HOST_OF(5, 1, 4 * SMALL), C_drop_BLOCKS_FULL);
}

static void one_block(struct bed *bed)
{
	demand_blocks(bed, 1, 1);
}

static void open_one_of_each(struct bed *bed)
{
	open_one(bed, DAISY_UDP, E(1, 1), true);
	open_one(bed, DAISY_TCP, E(1, 1), false);
	open_one(bed, DAISY_ICMP, E(1, 1), false);
	demand_blocks(bed, 1, 1);
}

static void fill_4096(struct bed *bed)
{
	open_many(bed, DAISY_UDP, 1, 1, 4096);
	refuse_one(bed, DAISY_UDP, E(1, 4097), C_drop_BLOCKS_FULL);
	demand_blocks(bed, 1, 1);
}

/* limits */

static void limit_to_three(struct bed *bed)
{
	int proto;

	for (proto = 0; proto < DAISY_N_PROTOS; proto++)
		policy(bed)->limit[proto] = 3;
}

static void three_of_each(struct bed *bed)
{
	int proto;

	for (proto = 0; proto < DAISY_N_PROTOS; proto++) {
		open_many(bed, proto, 1, 1, 3);
		refuse_one(bed, proto, E(1, 4), C_drop_LIMIT_MAPPINGS);
		open_one(bed, proto, E(2, 1), proto == 0);
	}
}

static void hold_one(struct bed *bed)
{
	policy(bed)->max_held = 1;
}

static void limit_all(struct bed *bed)
{
	policy(bed)->limit[DAISY_N_PROTOS] = 4;
}

static void four_in_all(struct bed *bed)
{
	open_many(bed, DAISY_UDP, 1, 1, 2);
	open_many(bed, DAISY_TCP, 1, 1, 1);
	open_many(bed, DAISY_ICMP, 1, 1, 1);
	refuse_one(bed, DAISY_UDP, E(1, 3), C_drop_LIMIT_MAPPINGS);
	refuse_one(bed, DAISY_TCP, E(1, 3), C_drop_LIMIT_MAPPINGS);
	refuse_one(bed, DAISY_ICMP, E(1, 3), C_drop_LIMIT_MAPPINGS);
}

static void open_five(struct bed *bed)
{
	open_many(bed, DAISY_UDP, 1, 1, 5);
}

static void use_five(struct bed *bed)
{
	unsigned int port;

	for (port = 1; port <= 5; port++) {
		const struct step out = OUT(UDP(H(1, port), S2), C_out_udp);
		const struct step in = IN(UDP(S2, H(1, port)), C_in_udp);

		play_step(bed, &out);
		play_step(bed, &in);
	}
}

/* Of a tick, and the case has one to itself. */
static void limit_rate(struct bed *bed)
{
	policy(bed)->rate = 5;
	bed_await_tick(bed);
}

static void limit_rate_to_seven(struct bed *bed)
{
	policy(bed)->rate = 7;
	bed_await_tick(bed);
}

/* Two of each protocol, and one by which others can be reached: as many as the rate lets. */
static void seven_of_all(struct bed *bed)
{
	open_many(bed, DAISY_UDP, 1, 1, 3);
	open_many(bed, DAISY_TCP, 1, 1, 2);
	open_many(bed, DAISY_ICMP, 1, 1, 2);
}

static void no_eighth(struct bed *bed)
{
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		refuse_one(bed, proto, E(1, 9), C_drop_LIMIT_RATE);
}

/* listening */

static void listen_to_blocks(struct bed *bed)
{
	two_small(bed);
	daisy_instance_conf(bed->inst)->options |= DAISY_OPT_EVENTS;
}

static void listen_to_limits(struct bed *bed)
{
	policy(bed)->limit[DAISY_UDP] = 4;
	policy(bed)->warn[DAISY_UDP] = 3;
	daisy_instance_conf(bed->inst)->options |= DAISY_OPT_EVENTS;
}

static struct daisy_event block_event;

static void demand_block_event(const struct daisy_event *e, enum daisy_event_kind kind)
{
	const union daisy_endpoint host = { .addr = { 10, 0, 0, 1 }, .zone = 1 };

	if (e->kind != kind || e->inside.word != host.word || e->port % SMALL ||
	    e->last != e->port + SMALL - 1)
		play_fail("event %u, ports %u-%u", e->kind, e->port, e->last);
}

static void block_was_told(struct bed *bed)
{
	const struct daisy_event *e;

	block_event = *events_next();
	demand_block_event(&block_event, EVENT_BLOCK_ALLOCATED);
	e = events_next();
	if (e->kind != EVENT_CREATED || e->slot != block_event.slot || e->port < block_event.port ||
	    e->port > block_event.last)
		play_fail("event %u with port %u", e->kind, e->port);
	events_none();
}

/* Ports of every protocol, as many as the block has: one record names them all. */
static void one_record_a_block(struct bed *bed)
{
	const struct daisy_event *e;

	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		open_many(bed, proto, 1, 1, SMALL);
		if (proto == 0) {
			block_event = *events_next();
			demand_block_event(&block_event, EVENT_BLOCK_ALLOCATED);
		}
		for (int i = 0; i < SMALL; i++) {
			e = events_next();
			if (e->kind != EVENT_CREATED || e->proto != proto || e->slot != block_event.slot ||
			    e->port < block_event.port || e->port > block_event.last)
				play_fail("event %u of protocol %u, port %u", e->kind, e->proto, e->port);
		}
		events_none();
	}
}

static void nothing_was_told(struct bed *bed)
{
	events_none();
}

static void next_was_made(struct bed *bed)
{
	if (events_next()->kind != EVENT_CREATED)
		play_fail("another event than of a creation");
	events_none();
}

static void both_ended(struct bed *bed)
{
	if (events_next()->kind != EVENT_EXPIRED || events_next()->kind != EVENT_EXPIRED)
		play_fail("other events than of two ends");
	events_none();
}

static void release_was_told(struct bed *bed)
{
	const struct daisy_event *e = events_next();

	demand_block_event(e, EVENT_BLOCK_RELEASED);
	if (e->port != block_event.port || e->slot != block_event.slot)
		play_fail("another block was given back");
	events_none();
}

static void threshold_was_told(struct bed *bed)
{
	const struct daisy_event *e = events_next();

	if (e->kind != EVENT_THRESHOLD || e->proto != DAISY_UDP || e->inside.addr[3] != 1)
		play_fail("event %u of protocol %u", e->kind, e->proto);
	next_was_made(bed);
}

static const struct play plays[] = {
	{ "All ports of a subscriber lie in its block: UDP, TCP, ICMP, each port once within it (DESIGN 3.2, "
	  "U3, T7, I1)", .setup = one_small, STEPS(CALL(fill_one_block)) },
	{ "A subscriber whose block is full gets a second, then no more: blocks_full, and nobody else suffers "
	  "(G4, G11, X4)", .setup = two_small, STEPS(CALL(fill_two_blocks), CALL(others_are_unhurt)) },
	{ "Eight blocks of 64 ports are as many as 512 ports (DESIGN 3.2)", .setup = eight_small,
	  STEPS(CALL(fill_eight_blocks)) },
	{ "A block of 4096 ports has 4096, each given once (U3)", .setup = one_of_4096,
	  STEPS(CALL(fill_4096)) },
	{ "Paired pooling holds when the address has no block left: no_block, never another address (X4, G2)",
	  .setup = two_small, STEPS(CALL(paired_address_has_no_block)) },
	{ "A pool too small for a block refuses, and says no_block (G11)", .setup = four_of_512,
	  STEPS(DROP_COUNTING(AT_INSIDE, UDP(HOST_OF(4, 1, 1), S1), C_drop_NO_BLOCK, C_subscribers_created),
		DROP(AT_INSIDE, UDP(HOST_OF(4, 1, 1), S1), NO_BLOCK)) },
	{ "Blocks of different subscribers never share a port (G13)", .setup = four_of_512,
	  STEPS(CALL(many_subscribers)) },
	{ "Port parity is kept within a block, and yields when its half is full (U4)", .setup = with_parity,
	  STEPS(CALL(parity_in_the_block)) },
	{ "No port comes out of a block that is another subscriber's by now (G13)", .setup = four_of_512,
	  STEPS(CALL(block_is_anothers)) },
	{ "A block is counted once on an address that its subscriber has moved to, whatever it had before (G4, G13)",
	  .setup = two_small, STEPS(CALL(block_of_the_same_numbers)) },
	{ "A block that is given back on an address leaves its subscriber those of another address (G4, G13)",
	  .setup = two_small, STEPS(CALL(block_of_the_same_numbers_goes)) },
	{ "One block serves all protocols (G2, G13)", .setup = four_of_512, STEPS(CALL(open_one_of_each)) },
	{ "A block stays as long as one of its ports is in use or in hold-down, then it goes back (G8, G13)",
	  .setup = four_of_512,
	  STEPS(CALL(open_one_of_each), ADVANCE(ICMP_S + MARGIN_S), SWEEP, CALL(one_block),
		ADVANCE(UDP_S + MARGIN_S), SWEEP, STATE("tcp hold; udp hold"), CALL(one_block),
		ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE(""), CALL(no_block_is_held),
		OUT(UDP(H(1, 1), S1), C_out_udp, C_created_udp), CALL(one_block)) },
	{ "Mappings of dynamic ports stay when their pool gets blocks, and the other way round (G8)",
	  STEPS(OUT(UDP(H(1, 1), S1), C_out_udp, C_created_udp, C_subscribers_created), CALL(four_of_512),
		OUT(UDP(H(1, 2), S1), C_out_udp, C_created_udp), CALL(one_block),
		OUT(UDP(H(1, 1), S2), C_out_udp), IN(UDP(S2, H(1, 1)), C_in_udp), CALL(dynamic),
		OUT(UDP(H(1, 3), S1), C_out_udp, C_created_udp), IN(UDP(S2, H(1, 2)), C_in_udp),
		IN(UDP(S2, H(1, 3)), C_in_udp), ADVANCE(UDP_S + MARGIN_S), SWEEP,
		ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE(""), CALL(no_block_is_held)) },
	{ "A block of another size serves beside the first after a change of the size (G8)", .setup = two_small,
	  STEPS(OUT(UDP(H(1, 1), S1), C_out_udp, C_created_udp, C_subscribers_created), CALL(four_of_512),
		OUT(UDP(H(1, 2), S1), C_out_udp, C_created_udp), CALL(one_block),
		OUT(UDP(H(2, 2), S1), C_out_udp, C_created_udp, C_subscribers_created)) },
	{ "A subscriber has so many mappings of each protocol as the limit says: limit_mappings (G4, G4a, G4b)",
	  .setup = limit_to_three, STEPS(CALL(three_of_each)) },
	{ "Ports beyond the most that may be in hold-down are free at once, of each protocol (G8)", .setup = hold_one,
	  STEPS(OUT(UDP(H(1, 1), S1), C_out_udp, C_created_udp, C_subscribers_created),
		OUT(UDP(H(1, 2), S1), C_out_udp, C_created_udp),
		OUT(ECHO(H(1, 1), WORLD(1, 0)), C_out_icmp, C_created_icmp), ADVANCE(UDP_S + MARGIN_S), SWEEP,
		STATE("icmp hold; udp hold; udp rolled-back"), ADVANCE(4), SWEEP, STATE("icmp hold; udp hold"),
		ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE("")) },
	{ "A limit of all protocols together holds for each of them (G4, G5)", .setup = limit_all,
	  STEPS(CALL(four_in_all)) },
	{ "A mapping that ends makes room for another under the limit (G4)", .setup = limit_to_three,
	  STEPS(CALL(three_of_each), ADVANCE(UDP_S + MARGIN_S), SWEEP, OUT(UDP(H(1, 9), S1), C_out_udp,
		C_created_udp)) },
	{ "A limit that is lowered applies to new mappings only (G4a, G5a, G11)",
	  STEPS(CALL(open_five), CALL(limit_to_three), DROP(AT_INSIDE, UDP(H(1, 6), S1), LIMIT_MAPPINGS),
		CALL(use_five)) },
	{ "New mappings in one second are limited for each subscriber: limit_rate (G4c, G5, G5b)", .setup = limit_rate,
	  STEPS(CALL(open_five), DROP(AT_INSIDE, UDP(H(1, 6), S1), LIMIT_RATE),
		DROP(AT_INSIDE, TCP(H(1, 6), S1, SYN), LIMIT_RATE),
		OUT(UDP(H(2, 1), S1), C_out_udp, C_created_udp, C_subscribers_created), CALL(use_five),
		ADVANCE(3), OUT(UDP(H(1, 6), S1), C_out_udp, C_created_udp)) },
	{ "The rate of new mappings is that of all protocols together, and what is there goes on both ways (G4c, G5b)",
	  .setup = limit_rate_to_seven,
	  STEPS(OUT(UDP(H(2, 5), S1), C_out_udp, C_created_udp, C_subscribers_created), CALL(seven_of_all),
		CALL(no_eighth), DROP(AT_INSIDE, UDP(H(1, 9), H(2, 5)), LIMIT_RATE),
		IN(UDP(S2, H(1, 1)), C_in_udp), IN(TCP(S1, H(1, 2), SYN | ACK), C_in_tcp),
		IN(ECHO_REPLY(WORLD(1, 0), H(1, 2)), C_in_icmp), OUT(UDP(H(1, 1), S2), C_out_udp),
		OUT(TCP(H(1, 2), S1, ACK), C_out_tcp), OUT(ECHO(H(1, 2), WORLD(1, 0)), C_out_icmp),
		HAIRPIN(UDP(H(2, 5), H(1, 1)), C_hairpin), HAIRPIN(UDP(H(1, 1), H(2, 5)), C_hairpin),
		CALL(no_eighth), ADVANCE(3), OUT(UDP(H(1, 9), S1), C_out_udp, C_created_udp),
		OUT(ECHO(H(1, 9), WORLD(1, 0)), C_out_icmp, C_created_icmp),
		OUT(TCP(H(1, 9), S1, SYN), C_out_tcp, C_created_tcp, C_conns_created)) },
	{ "One record of a block names the ports of 192 mappings of UDP, TCP and ICMP, and their packets tell no more "
	  "(G14, G16)", .setup = listen_to_blocks,
	  STEPS(CALL(one_record_a_block), OUT(UDP(H(1, 1), S2), C_out_udp), IN(UDP(S2, H(1, 1)), C_in_udp),
		IN(TCP(S1, H(1, 64), SYN | ACK), C_in_tcp), OUT(TCP(H(1, 64), S1, ACK), C_out_tcp),
		OUT(ECHO(H(1, 64), WORLD(1, 0)), C_out_icmp), IN(ECHO_REPLY(WORLD(1, 0), H(1, 64)), C_in_icmp),
		CALL(nothing_was_told)) },
	{ "A block is told when it is given out and when it goes back, mappings in between on their own (G13, G14, G16)",
	  .setup = listen_to_blocks,
	  STEPS(OUT(UDP(H(1, 1), S1), C_out_udp, C_created_udp, C_subscribers_created), CALL(block_was_told),
		OUT(UDP(H(1, 2), S1), C_out_udp, C_created_udp), CALL(next_was_made),
		ADVANCE(UDP_S + MARGIN_S), SWEEP, CALL(both_ended), ADVANCE(HOLD_S + MARGIN_S), SWEEP,
		CALL(release_was_told)) },
	{ "A subscriber that comes near its limit is told once for each time (G4c)", .setup = listen_to_limits,
	  STEPS(OUT(UDP(H(1, 1), S1), C_out_udp, C_created_udp, C_subscribers_created), CALL(next_was_made),
		OUT(UDP(H(1, 2), S1), C_out_udp, C_created_udp), CALL(next_was_made),
		OUT(UDP(H(1, 3), S1), C_out_udp, C_created_udp), CALL(threshold_was_told),
		OUT(UDP(H(1, 4), S1), C_out_udp, C_created_udp), CALL(next_was_made)) },
};

int main(int argc, char **argv)
{
	struct bed *bed = bed_open(NULL);
	int status;

	events_listen(bed);
	status = play_main(argc, argv, bed, plays, sizeof(plays) / sizeof(plays[0]));
	events_stop();
	bed_close(bed);
	return status;
}
