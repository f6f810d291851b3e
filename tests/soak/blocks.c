/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profile: hosts with port blocks, and every limit that a pool has. As many hosts are
 * awake as the address has blocks for; others fall asleep and give theirs back.
 * What becomes of each new flow follows from the blocks, the ports and the
 * subscriber as they stand: it is said before, and with the reason.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <string.h>

#include "lib-c/blocks.h"
#include "lib-c/tap.h"
#include "soak/soak.h"

#define N_LEAVES 1024
#define N_BLOCKS (SOAK_PORTS / DAISY_BLOCK_LEAF_PORTS)
#define BLOCKS_OF_HOST 8
#define PORTS_OF_HOST (BLOCKS_OF_HOST * DAISY_BLOCK_LEAF_PORTS)
#define N_AWAKE (N_BLOCKS / BLOCKS_OF_HOST)
#define N_HOSTS (N_AWAKE / 3 * 4)	/* two of three that are awake stay so */
#define PHASE 16		/* turns of 30 s: then lifetimes and hold-downs of who fell asleep are over */
#define LOW_LIMIT 480
#define RATE 300
#define MAX_HELD 2000
#define REST_TICKS 2		/* of a port that is not held */

/* Whose a leaf was, and until when it is (ticks). */
static struct {
	uint32_t host, until;
	bool used;
} owner[N_LEAVES];

static uint32_t n_asked[2][N_HOSTS];
static uint64_t n_refused_for[BED_N_COUNTERS];

static uint32_t host_addr(uint32_t host)
{
	return 0x0a010001 + host;
}

static void endpoint(uint32_t id, uint32_t *addr, uint16_t *port)
{
	*addr = host_addr(id % N_HOSTS);
	*port = 1024 + id / N_HOSTS % 60000;
}

static struct daisy_pool *policy(struct soak *s)
{
	return &daisy_instance_pools(s->bed.inst)[1];	/* the bed has addresses of pool 1 */
}

static void begin(struct soak *s)
{
	s->rest = REST_TICKS;
	memset(owner, 0, sizeof(owner));
	daisy_instance_conf(s->bed.inst)->exhaustion = EXHAUSTION_SILENT;
	*policy(s) = (struct daisy_pool){
		.block_order = 1, .blocks = BLOCKS_OF_HOST, .rate = RATE, .max_held = MAX_HELD,
	};
}

/* Hosts of odd number, whose flows are refreshed, are awake; of the others, every other one. */
static bool awake(const struct soak *s, uint32_t host)
{
	return host % 2 || (host / 2 + s->n_turns / PHASE) % 2;
}

/* A port of a block that was another's, whose mappings have not come to their end. */
static void taken(struct soak *s, struct model *m, const struct flow *flow)
{
	uint32_t leaf = flow->port / DAISY_BLOCK_LEAF_PORTS, host = flow->id % N_HOSTS;
	uint32_t until = flow->seen + m->lifetime + s->rest;

	if (owner[leaf].used && owner[leaf].host != host && owner[leaf].until > flow->seen)
		soak_fail(m, "port %u of host %u's block given to host %u, %u ticks too early", flow->port,
			  owner[leaf].host, host, owner[leaf].until - flow->seen);
	if (!owner[leaf].used || owner[leaf].host != host || owner[leaf].until < until)
		owner[leaf].until = until;
	owner[leaf].host = host;
	owner[leaf].used = true;
}

/* What a host has, and what is left for others. */
struct holdings {
	unsigned int blocks, free_ports, free_blocks;
};

static struct holdings holdings(struct soak *s, const struct model *m, uint32_t addr)
{
	const struct daisy_block_map *map = daisy_instance_block_map(s->bed.inst, soak_slot(s));
	const struct daisy_port_map *ports = soak_port_map(s, m);
	struct holdings h = { .free_blocks = (unsigned int)map->n_free };

	for (uint32_t leaf = 0; leaf < N_LEAVES; leaf++) {
		if (!map->block[leaf].order || map->block[leaf].addr != addr)
			continue;
		h.blocks++;
		h.free_ports += (unsigned int)__builtin_popcountll(ports->leaf[leaf]);
	}
	return h;
}

/* The counter of the reason for which a new flow is refused; 0: it is not. */
static unsigned int expected(struct soak *s, const struct model *m, uint32_t host)
{
	struct daisy_subscriber_key key = { 0 };
	struct daisy_subscriber sub = { 0 };
	const uint32_t addr = htonl(host_addr(host)), limit = policy(s)->limit[m->proto];
	struct holdings h = holdings(s, m, addr);

	memcpy(key.addr, &addr, sizeof(addr));
	bpf_map_lookup_elem(daisy_instance_map_fd(s->bed.inst, "subscribers"), &key, &sub);
	if (limit && daisy_subscriber_count(sub.ctl.word, m->proto) >= limit)
		return BED_COUNTER(drop_LIMIT_MAPPINGS);
	if (sub.rate >> 16 == (daisy_instance_tick(s->bed.inst) & 0xffff) && (sub.rate & 0xffff) >= RATE)
		return BED_COUNTER(drop_LIMIT_RATE);
	if (h.free_ports)
		return 0;
	if (h.blocks == BLOCKS_OF_HOST)
		return BED_COUNTER(drop_BLOCKS_FULL);
	return h.free_blocks ? 0 : BED_COUNTER(drop_NO_BLOCK);
}

/* One new flow of a host. True if it got a port. */
static bool ask(struct soak *s, struct model *m, uint32_t host)
{
	const uint32_t id = ++n_asked[m->proto][host] * N_HOSTS + host;
	const uint32_t tick = daisy_instance_tick(s->bed.inst);
	const unsigned int why = expected(s, m, host);
	const uint64_t before = why ? bed_counter(&s->bed, why) : 0;
	const bool got = soak_create(s, m, id);

	if (why == BED_COUNTER(drop_LIMIT_RATE) && daisy_instance_tick(s->bed.inst) != tick)
		return got;	/* a tick of its own */
	if (got != !why)
		soak_fail(m, "host %u %s a new port, expected %s", host, got ? "got" : "did not get",
			  why ? bed_counter_name(why) : "one");
	else if (why && bed_counter(&s->bed, why) != before + 1)
		soak_fail(m, "host %u was refused for another reason than %s", host, bed_counter_name(why));
	n_refused_for[why] += !got;
	return got;
}

/* Each host asks until it is refused, or until 99.9 % of the ports are in use. */
static void fill(struct soak *s, struct model *m, bool full)
{
	uint32_t start = rng_below(&s->rng, N_HOSTS);

	for (uint32_t i = 0; i < N_HOSTS && !m->failed; i++) {
		uint32_t host = (start + i) % N_HOSTS;

		while (awake(s, host) && (full || soak_port_map(s, m)->n_free > SOAK_SPARE) && !m->failed)
			if (!ask(s, m, host))
				break;
	}
}

/* The limit of UDP is lowered below what hosts have, and lifted again. */
static void turned(struct soak *s)
{
	policy(s)->limit[DAISY_UDP] = s->n_turns % PHASE < PHASE / 2 ? LOW_LIMIT : PORTS_OF_HOST;
	for (int i = 0; i < 2; i++)
		if (soak_port_map(s, &s->model[i])->n_held > MAX_HELD)
			soak_fail(&s->model[i], "%d ports are in hold-down, %d may be",
				  soak_port_map(s, &s->model[i])->n_held, MAX_HELD);
}

static void judge(struct soak *s)
{
	static const unsigned int reasons[] = {
		BED_COUNTER(drop_LIMIT_MAPPINGS), BED_COUNTER(drop_LIMIT_RATE),
		BED_COUNTER(drop_BLOCKS_FULL), BED_COUNTER(drop_NO_BLOCK),
	};
	uint64_t refused = s->model[0].n_refused + s->model[1].n_refused, counted = 0;
	bool each = true;

	for (unsigned int i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		uint64_t n = bed_counter(&s->bed, reasons[i]);

		tap_note("%lu %s", n, bed_counter_name(reasons[i]));
		each = each && n_refused_for[reasons[i]] > 0;
		counted += n;
	}
	tap_ok(each && counted == refused, "every refusal is counted with its reason, and each reason occurs "
	       "(G4, G4c, G11)");
}

static void end(struct soak *s)
{
	const struct daisy_block_map *map = daisy_instance_block_map(s->bed.inst, soak_slot(s));
	struct check c;

	/* A block that lies idle goes a round later at the earliest, for a creator may have just claimed it. */
	soak_sweep(s);
	soak_sweep(s);
	tap_ok(!blocks_count(s->bed.inst, soak_slot(s), 0, 0) && map->n_free == N_BLOCKS,
	       "every block is free again (G13)");
	check_instance(s->bed.inst, 0, &c);
	tap_ok(!c.error[0] && c.subscribers > 0, "subscribers count no mapping, and keep their address (G2)");
	bed_advance(&s->bed, 3700);
	soak_sweep(s);
	check_instance(s->bed.inst, 0, &c);
	tap_ok(!c.error[0] && !c.subscribers, "an hour later no subscriber is left, nor what was counted of one");
}

const struct soak_profile soak_blocks = {
	.name = "blocks",
	.title = "use of port blocks, with limits, a rate and a hold-down of few ports, no port and no block "
	"was given out twice, and no mapping in its lifetime was lost (U3, T7, G4, G4c, G8, G11)",
	.least_turns = 2 * PHASE, .most_seconds = 60, .begin = begin, .endpoint = endpoint,
	.taken = taken, .fill = fill, .turned = turned, .judge = judge, .end = end,
};
