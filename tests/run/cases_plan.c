/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deterministic pools: what the packet path gives a host is what the plan says,
 * by the functions that `daisy pool compute` asks. The two addresses of zone 1
 * are the plan's; pool 0 has all addresses of the bed.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <string.h>

#include "events.h"
#include "lib-c/blocks.h"
#include "nat/blocks.h"
#include "nat/plans.h"
#include "nat/ports.h"
#include "play.h"

#define S1 WORLD(1, 80)
#define S2 WORLD(2, 80)
#define H(number, port) HOST(number, port)
#define E(number, port) ((struct end)HOST(number, port))
#define UDP_NEW C_out_udp, C_created_udp
#define FIRST C_subscribers_created
#define N_PLAN_SLOTS 2
#define SMALL 64

static const struct daisy_plan_range both = { EXT0, EXT1 };
static const struct daisy_plan_range only_second = { EXT1, EXT1 };

/* Hosts of the inside ranges are tried. */
static const struct plan_row {
	struct daisy_plan_range inside[3];
	struct daisy_plan_range reserved[3];
	uint16_t first, last;
	uint32_t ports, overflow;
	enum daisy_plan_algorithm algorithm;
} rows[] = {
	{ { { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 31) } }, { { 0, 0 } }, 1024, 65535, 0, 0, PLAN_SEQUENTIAL },
	{ { { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 31) } }, { { 0, 0 } }, 1024, 65535, 0, 4096, PLAN_ROUND_ROBIN },
	/* not as many for each address, prefixes that are not in order */
	{ { { ADDR(10, 9, 8, 0), ADDR(10, 9, 8, 7) }, { ADDR(10, 1, 0, 128), ADDR(10, 1, 0, 143) },
	    { ADDR(10, 200, 0, 5), ADDR(10, 200, 0, 5) } }, { { 0, 0 } }, 1024, 65535, 100, 0, PLAN_SEQUENTIAL },
	{ { { ADDR(10, 9, 8, 0), ADDR(10, 9, 8, 7) }, { ADDR(10, 1, 0, 128), ADDR(10, 1, 0, 143) },
	    { ADDR(10, 200, 0, 5), ADDR(10, 200, 0, 5) } }, { { 0, 0 } }, 3000, 9999, 100, 500, PLAN_ROUND_ROBIN },
	/* reserved ports at both ends, between blocks and within them; two ports each */
	{ { { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 31) } }, { { 1024, 1030 }, { 1033, 1033 }, { 1100, 1290 } },
	    1024, 1500, 8, 0, PLAN_SEQUENTIAL },
	{ { { ADDR(10, 0, 0, 0), ADDR(10, 0, 1, 255) } }, { { 5060, 5061 }, { 65000, 65535 } }, 1024, 65535, 0, 1024,
	    PLAN_SEQUENTIAL },
};

static struct daisy_plan plan;

static void make_plan(const struct plan_row *row, const struct daisy_plan_range *outside)
{
	struct daisy_plan_input in = {
		.inside = row->inside, .outside = outside, .n_outside = 1, .reserved = row->reserved,
		.first_port = row->first, .last_port = row->last, .ports = row->ports,
		.overflow = row->overflow, .algorithm = row->algorithm,
	};

	while (in.n_inside < 3 && row->inside[in.n_inside].first)
		in.n_inside++;
	while (in.n_reserved < 3 && row->reserved[in.n_reserved].first)
		in.n_reserved++;
	if (daisy_plan_make(&plan, &in))
		play_fail("%s", daisy_error());
}

/* As an address of a pool with this plan is installed. */
static void set_ports(struct bed *bed, uint32_t slot, bool filling)
{
	static struct daisy_port_set set;
	static uint16_t reserved[65536];
	size_t n = 0;
	uint32_t port;

	for (port = 0; port < 65536; port++)
		if (!(plan.usable_bits[port / 64] >> (port & 63) & 1))
			reserved[n++] = port;
	daisy_port_set_fill(&set, plan.in.first_port, plan.in.last_port, false, reserved, n);
	set.block_first = set.block_last = 0;
	daisy_plan_overflow(&plan, &set.block_first, &set.block_last);
	if (!filling) {
		daisy_blocks_reconcile(daisy_instance_block_map(bed->inst, slot), &set);
		return;
	}
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
		struct daisy_port_map *map = daisy_instance_port_map(bed->inst, slot, proto);

		daisy_ports_init(map, &set);
		bed->port_maps[slot * DAISY_N_PROTOS + proto] = *map;
	}
	daisy_blocks_init(daisy_instance_block_map(bed->inst, slot), &set);
}

static struct daisy_pool *policy(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->exhaustion = EXHAUSTION_SILENT;
	return &daisy_instance_pools(bed->inst)[0];
}

static void set_plan(struct bed *bed, const struct plan_row *row, const struct daisy_plan_range *outside,
		     bool filling)
{
	uint32_t slot;
	bool changed;

	make_plan(row, outside);
	policy(bed)->deterministic = 1;
	policy(bed)->block_order = plan.overflow >= SMALL;
	policy(bed)->blocks = 2;
	for (slot = 0; slot < N_PLAN_SLOTS; slot++)
		set_ports(bed, slot, filling);
	if (daisy_instance_plan_set(bed->inst, 0, 1, &plan, &changed))
		play_fail("%s", daisy_error());
}

static void open_one(struct bed *bed, enum daisy_proto proto, struct end host, bool new_subscriber)
{
	static const enum counter out[] = { C_out_udp, C_out_tcp, C_out_icmp };
	static const enum counter created[] = { C_created_udp, C_created_tcp, C_created_icmp };
	const struct step s = {
		.kind = STEP_OUT, .at = AT_INSIDE,
		.in = proto == DAISY_TCP ? (struct pkt)TCP(host, S1, SYN) :
		      proto == DAISY_ICMP ? (struct pkt)ECHO(host, WORLD(1, 0)) : (struct pkt)UDP(host, S1),
		.counts = { out[proto], created[proto], new_subscriber ? C_subscribers_created : C_NONE,
			    proto == DAISY_TCP ? C_conns_created : C_NONE },
	};

	play_step(bed, &s);
}

static void refuse_one(struct bed *bed, enum daisy_proto proto, struct end host, enum counter reason)
{
	const struct step s = {
		.kind = STEP_DROP, .at = AT_INSIDE,
		.in = proto == DAISY_TCP ? (struct pkt)TCP(host, S1, SYN) : (struct pkt)UDP(host, S1),
		.counts = { reason },
	};

	play_step(bed, &s);
}

/* Where the mapping of a host is, and whose the plan says that is. */
static enum daisy_plan_owner owner_of(struct bed *bed, enum daisy_proto proto, const struct end *host,
				      struct place *at, uint32_t *inside)
{
	enum daisy_plan_owner owner;

	if (state_find(bed, proto, host, at) != 1)
		play_fail("%08x:%u has not one mapping", host->addr, host->port);
	if (daisy_plan_reverse(&plan, state_addr(bed, at->slot), at->port, &owner, inside))
		play_fail("slot %u is none of the plan's", at->slot);
	return owner;
}

static void demand_planned(struct bed *bed, enum daisy_proto proto, const struct end *host)
{
	struct daisy_plan_block block;
	uint32_t inside = 0;
	struct place at;

	if (owner_of(bed, proto, host, &at, &inside) != PLAN_SUBSCRIBER || inside != host->addr)
		play_fail("%08x has port %u, which is of %08x", host->addr, at.port, inside);
	if (daisy_plan_forward(&plan, host->addr, &block) || block.address != state_addr(bed, at.slot) ||
	    at.port < block.first || at.port > block.last)
		play_fail("%08x has port %u, its own are %u-%u", host->addr, at.port, block.first, block.last);
}

static void every_host(struct bed *bed, const struct plan_row *row)
{
	set_plan(bed, row, &both, true);
	for (int i = 0; i < 3 && row->inside[i].first; i++) {
		uint32_t first = row->inside[i].first, last = row->inside[i].last;

		/* Of many hosts some, for each packet is traced, too. */
		for (uint32_t addr = first; addr <= last; addr += last - first > 100 ? 15 : 1) {
			struct end host = { .addr = addr, .port = 7000, .zone = 1 };

			for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
				open_one(bed, proto, host, proto == DAISY_UDP);
				demand_planned(bed, proto, &host);
			}
		}
	}
}

#define EVERY_HOST(n) static void every_host_##n(struct bed *bed) { every_host(bed, &rows[n]); }
EVERY_HOST(0)
EVERY_HOST(1)
EVERY_HOST(2)
EVERY_HOST(3)
EVERY_HOST(4)
EVERY_HOST(5)

/* Eight hosts with ten ports each on an address, and perhaps overflow. */
static const struct plan_row tight = {
	{ { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 15) } }, { { 0, 0 } }, 2048, 2048 + 79, 10, 0, PLAN_SEQUENTIAL,
};
static const struct plan_row with_overflow = {
	{ { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 15) } }, { { 0, 0 } }, 2048, 2367, 10, 192, PLAN_SEQUENTIAL,
};
static const struct plan_row upside_down = {
	{ { ADDR(10, 0, 0, 8), ADDR(10, 0, 0, 15) }, { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 7) } }, { { 0, 0 } },
	2048, 2367, 10, 192, PLAN_SEQUENTIAL,
};
/* The overflow of before is somebody's now. */
static const struct plan_row without_overflow = {
	{ { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 15) } }, { { 0, 0 } }, 2048, 2367, 40, 0, PLAN_SEQUENTIAL,
};

static void tight_plan(struct bed *bed)
{
	set_plan(bed, &tight, &both, true);
}

static void overflow_plan(struct bed *bed)
{
	set_plan(bed, &with_overflow, &both, true);
}

static void fill_range(struct bed *bed, enum daisy_proto proto, unsigned int host, bool new_subscriber)
{
	for (unsigned int port = 1; port <= 10; port++) {
		struct end end = E(host, port);

		open_one(bed, proto, end, new_subscriber && port == 1);
		demand_planned(bed, proto, &end);
	}
}

static void ranges_are_full(struct bed *bed)
{
	for (int proto = 0; proto < 2; proto++) {
		fill_range(bed, proto, 1, proto == 0);
		refuse_one(bed, proto, E(1, 11), C_drop_RANGE_FULL);
		fill_range(bed, proto, 2, proto == 0);
		refuse_one(bed, proto, E(2, 11), C_drop_RANGE_FULL);
	}
}

static unsigned int blocks_of(struct bed *bed, unsigned int host)
{
	unsigned int n = 0;

	for (uint32_t slot = 0; slot < N_PLAN_SLOTS; slot++)
		n += blocks_count(bed->inst, slot, htonl(ADDR(10, 0, 0, host)), 1);
	return n;
}

static void demand_overflow(struct bed *bed, enum daisy_proto proto, unsigned int host, unsigned int port)
{
	struct end first = E(host, 1), end = E(host, port);
	struct place of_first, at;
	uint32_t inside;

	state_find(bed, proto, &first, &of_first);
	if (owner_of(bed, proto, &end, &at, &inside) != PLAN_OVERFLOW)
		play_fail("port %u is no overflow", at.port);
	if (at.slot != of_first.slot)
		play_fail("overflow at another address (G2)");
}

/* Ten ports by plan, two blocks of overflow, no more; a third block for another, then there are none. */
static void overflow_serves(struct bed *bed)
{
	fill_range(bed, DAISY_UDP, 1, true);
	for (unsigned int port = 11; port <= 10 + 2 * SMALL; port++) {
		open_one(bed, DAISY_UDP, E(1, port), false);
		demand_overflow(bed, DAISY_UDP, 1, port);
		if (blocks_of(bed, 1) != (port <= 10 + SMALL ? 1 : 2))
			play_fail("%u blocks at port %u", blocks_of(bed, 1), port);
	}
	refuse_one(bed, DAISY_UDP, E(1, 200), C_drop_BLOCKS_FULL);
	fill_range(bed, DAISY_UDP, 2, true);
	open_one(bed, DAISY_UDP, E(2, 11), false);
	demand_overflow(bed, DAISY_UDP, 2, 11);
	fill_range(bed, DAISY_UDP, 3, true);
	refuse_one(bed, DAISY_UDP, E(3, 11), C_drop_NO_BLOCK);
	fill_range(bed, DAISY_TCP, 3, false);
}

/* A port of the range that is free is taken before the overflow is. */
static void overflow_comes_last(struct bed *bed)
{
	struct end again = E(1, 300);

	fill_range(bed, DAISY_UDP, 1, true);
	open_one(bed, DAISY_UDP, E(1, 11), false);
	demand_overflow(bed, DAISY_UDP, 1, 11);
	bed_advance(bed, UDP_S / 2);
	for (unsigned int port = 1; port <= 11; port++) {
		const struct step refresh = OUT(UDP(H(1, port), S1), C_out_udp);

		if (port != 5)
			play_step(bed, &refresh);
	}
	bed_advance(bed, UDP_S / 2 + MARGIN_S);
	bed_sweep(bed);
	bed_advance(bed, HOLD_S + MARGIN_S);
	bed_sweep(bed);
	open_one(bed, DAISY_UDP, again, false);
	demand_planned(bed, DAISY_UDP, &again);
}

/* Not in the plan */

static void no_other_pool(struct bed *bed)
{
	if (daisy_instance_zone_set(bed->inst, 1, NULL, 0))
		play_fail("%s", daisy_error());
}

static void zone_back(struct bed *bed)
{
	const uint32_t slots[] = { 0, 1 };

	if (daisy_instance_zone_set(bed->inst, 1, slots, 2))
		play_fail("%s", daisy_error());
}

/* The plan changes */

static struct place before_the_change;

static void remember_first(struct bed *bed)
{
	const struct end host = E(1, 1);

	state_find(bed, DAISY_UDP, &host, &before_the_change);
}

static void turn_the_plan(struct bed *bed)
{
	set_plan(bed, &upside_down, &both, false);
}

static void the_new_plan_holds(struct bed *bed)
{
	const struct end first = E(1, 1), second = E(1, 2);
	struct place at;

	if (state_find(bed, DAISY_UDP, &first, &at) != 1 || at.slot != before_the_change.slot ||
	    at.port != before_the_change.port)
		play_fail("the mapping of before has moved");
	demand_planned(bed, DAISY_UDP, &second);
	state_find(bed, DAISY_UDP, &second, &at);
	if (at.slot == before_the_change.slot)
		play_fail("the same address as before");
}

static void drop_the_plan(struct bed *bed)
{
	if (daisy_instance_plan_del(bed->inst, 0))
		play_fail("%s", daisy_error());
	policy(bed)->deterministic = 0;
	policy(bed)->block_order = 0;
}

static void take_the_overflow_away(struct bed *bed)
{
	set_plan(bed, &without_overflow, &both, false);
}

/* Another version of the table than of its prefixes: as between two steps of a change. */
static void half_changed(struct bed *bed)
{
	static struct daisy_plan_table table;
	int fd = daisy_instance_map_fd(bed->inst, "plans");
	__u32 pool = 0;

	bpf_map_lookup_elem(fd, &pool, &table);
	table.version++;
	bpf_map_update_elem(fd, &pool, &table, BPF_ANY);
}

static void nothing_changed(struct bed *bed)
{
	bool changed = true;

	if (daisy_instance_plan_set(bed->inst, 0, 1, &plan, &changed) || changed)
		play_fail("the same plan is told to be another");
}

static void use_the_overflow(struct bed *bed)
{
	fill_range(bed, DAISY_UDP, 1, true);
	open_one(bed, DAISY_UDP, E(1, 11), false);
	demand_overflow(bed, DAISY_UDP, 1, 11);
}

static void block_in_the_way(struct bed *bed)
{
	const struct end host = E(1, 12);

	open_one(bed, DAISY_UDP, host, false);
	demand_planned(bed, DAISY_UDP, &host);
	if (blocks_of(bed, 1) != 1)
		play_fail("the block with a mapping has gone");
}

static void only_one_address(struct bed *bed)
{
	static const struct plan_row eight = {
		{ { ADDR(10, 0, 0, 0), ADDR(10, 0, 0, 7) } }, { { 0, 0 } }, 2048, 2127, 10, 0, PLAN_SEQUENTIAL,
	};

	set_plan(bed, &eight, &only_second, false);
}

static void drain_second(struct bed *bed)
{
	daisy_instance_address_state(bed->inst, 1, SLOT_DRAINING);
}

/* Parity, limits, events */

static void with_parity(struct bed *bed)
{
	tight_plan(bed);
	daisy_instance_conf(bed->inst)->options |= DAISY_OPT_PARITY;
}

static void parity_in_the_range(struct bed *bed)
{
	for (unsigned int port = 2; port <= 20; port += 2) {
		struct end host = E(1, port);
		struct place at;

		open_one(bed, DAISY_UDP, host, port == 2);
		demand_planned(bed, DAISY_UDP, &host);
		state_find(bed, DAISY_UDP, &host, &at);
		if (port <= 10 && at.port & 1)
			play_fail("port %u for port %u", at.port, port);
	}
	refuse_one(bed, DAISY_UDP, E(1, 22), C_drop_RANGE_FULL);
}

static void limit_to_three(struct bed *bed)
{
	overflow_plan(bed);
	policy(bed)->limit[DAISY_UDP] = 3;
}

static void listen_to_overflow(struct bed *bed)
{
	overflow_plan(bed);
	fill_range(bed, DAISY_UDP, 1, true);
	daisy_instance_conf(bed->inst)->options |= DAISY_OPT_EVENTS;
}

static void demand_block_event(enum daisy_event_kind kind)
{
	const union daisy_endpoint host = { .addr = { 10, 0, 0, 1 }, .zone = 1 };
	const struct daisy_event *e = events_next();

	if (e->kind != kind || e->inside.word != host.word || e->port % SMALL || e->last != e->port + SMALL - 1)
		play_fail("event %u, ports %u-%u", e->kind, e->port, e->last);
}

static void overflow_was_told(struct bed *bed)
{
	demand_block_event(EVENT_BLOCK_ALLOCATED);
	if (events_next()->kind != EVENT_CREATED)
		play_fail("another event than of a creation");
	events_none();
}

static void release_was_told(struct bed *bed)
{
	demand_block_event(EVENT_BLOCK_RELEASED);
	events_none();
}

static void forget_events(struct bed *bed)
{
	for (int i = 0; i < 11; i++)
		if (events_next()->kind != EVENT_EXPIRED)
			play_fail("another event than of an end");
	events_none();
}

static struct daisy_port_map original[N_PLAN_SLOTS * DAISY_N_PROTOS];

/* All ports of the addresses, as other programs on the bed have them. */
static void all_ports(struct bed *bed)
{
	memcpy(bed->port_maps, original, sizeof(original));
	for (unsigned int i = 0; i < N_PLAN_SLOTS * DAISY_N_PROTOS; i++)
		*daisy_instance_port_map(bed->inst, i / DAISY_N_PROTOS, i % DAISY_N_PROTOS) = original[i];
}

static const struct play plays[] = {
	{ "Every host has ports of its plan alone: sequential, a whole ratio (N1, N3)", STEPS(CALL(every_host_0)) },
	{ "Every host has ports of its plan alone: round-robin, with overflow (N1, N3)", STEPS(CALL(every_host_1)) },
	{ "Every host has ports of its plan alone: several prefixes, sequential (N1, N3)", STEPS(CALL(every_host_2)) },
	{ "Every host has ports of its plan alone: several prefixes, round-robin, other ports (N1, N3)",
	  STEPS(CALL(every_host_3)) },
	{ "Every host has ports of its plan alone: reserved ports within and around (N1, N3)",
	  STEPS(CALL(every_host_4)) },
	{ "Every host has ports of its plan alone: 256 of an address, and overflow (N1, N3)",
	  STEPS(CALL(every_host_5)) },
	{ "Who has used up the ports of a plan without overflow is refused: range_full, others not (N1, G11)",
	  .setup = tight_plan, STEPS(CALL(ranges_are_full)) },
	{ "Overflow is given in blocks of the same address, as many as a host may have and there are (N4, G2, X4)",
	  .setup = overflow_plan, STEPS(CALL(overflow_serves)) },
	{ "A port of a host's own range is taken before overflow is (N4)", .setup = overflow_plan,
	  STEPS(CALL(overflow_comes_last)) },
	{ "A block of overflow is told when it is given out and when it goes back (N3, N4, G16)",
	  .setup = listen_to_overflow,
	  STEPS(OUT(UDP(H(1, 11), S1), UDP_NEW), CALL(overflow_was_told), ADVANCE(UDP_S + MARGIN_S), SWEEP,
		CALL(forget_events), ADVANCE(HOLD_S + MARGIN_S), SWEEP, CALL(release_was_told), STATE("")) },
	{ "A host that no plan and no other pool has is refused: not_planned (N1)", .setup = tight_plan,
	  STEPS(CALL(no_other_pool), DROP(AT_INSIDE, UDP(H(16, 1), S1), NOT_PLANNED),
		OUT(UDP(H(15, 1), S1), UDP_NEW, FIRST), CALL(zone_back)) },
	{ "Port parity is kept within a host's range, and yields when its half is full (U4)", .setup = with_parity,
	  STEPS(CALL(parity_in_the_range)) },
	{ "Limits of a subscriber hold in a deterministic pool, too (G4)", .setup = limit_to_three,
	  STEPS(OUT(UDP(H(1, 1), S1), UDP_NEW, FIRST), OUT(UDP(H(1, 2), S1), UDP_NEW),
		OUT(UDP(H(1, 3), S1), UDP_NEW), DROP(AT_INSIDE, UDP(H(1, 4), S1), LIMIT_MAPPINGS)) },
	{ "A mapping stays when the plan is changed, and the next one is of the new plan (N1, G11)",
	  .setup = overflow_plan,
	  STEPS(OUT(UDP(H(1, 1), S1), UDP_NEW, FIRST), CALL(remember_first), CALL(turn_the_plan),
		OUT(UDP(H(1, 1), S2), C_out_udp), IN(UDP(S2, H(1, 1)), C_in_udp), OUT(UDP(H(1, 2), S1), UDP_NEW),
		CALL(the_new_plan_holds), IN(UDP(S1, H(1, 2)), C_in_udp), ADVANCE(UDP_S + MARGIN_S), SWEEP,
		STATE("udp hold; udp hold"), ADVANCE(HOLD_S + MARGIN_S), SWEEP, STATE("")) },
	{ "A plan that comes and goes leaves the mappings of other ports, and they it (N1, G11)", .setup = all_ports,
	  STEPS(OUT(UDP(H(1, 1), S1), UDP_NEW, FIRST), CALL(only_one_address), OUT(UDP(H(1, 2), S1), UDP_NEW),
		IN(UDP(S1, H(1, 1)), C_in_udp), CALL(drop_the_plan), OUT(UDP(H(1, 3), S1), UDP_NEW),
		IN(UDP(S1, H(1, 2)), C_in_udp), IN(UDP(S1, H(1, 1)), C_in_udp)) },
	{ "A block of overflow that the new plan has given to others gives out no more ports (N1, N4)",
	  .setup = overflow_plan,
	  STEPS(CALL(use_the_overflow), CALL(take_the_overflow_away), CALL(block_in_the_way)) },
	{ "Between two plans no mapping is made, and those that are there translate (N1)", .setup = tight_plan,
	  STEPS(OUT(UDP(H(1, 1), S1), UDP_NEW, FIRST), CALL(half_changed),
		DROP(AT_INSIDE, UDP(H(1, 2), S1), SUBSCRIBER_RACE), OUT(UDP(H(1, 1), S1), C_out_udp),
		IN(UDP(S1, H(1, 1)), C_in_udp)) },
	{ "The same plan again is no change, so a restart of the daemon is none (N3)", .setup = tight_plan,
	  STEPS(CALL(nothing_changed)) },
	{ "Hosts whose address takes no new mappings are refused, and get no other address (G2)",
	  .setup = tight_plan,
	  STEPS(OUT(UDP(H(1, 1), S1), UDP_NEW, FIRST), CALL(drain_second),
		DROP(AT_INSIDE, UDP(H(9, 1), S1), DRAINING), OUT(UDP(H(2, 1), S1), UDP_NEW, FIRST)) },
};

int main(int argc, char **argv)
{
	struct bed *bed = bed_open(NULL);
	int status;

	memcpy(original, bed->port_maps, sizeof(original));
	events_listen(bed);
	status = play_main(argc, argv, bed, plays, sizeof(plays) / sizeof(plays[0]));
	events_stop();
	bed_close(bed);
	return status;
}
