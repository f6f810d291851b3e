/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Soak: the UDP and TCP ports of one address, all in use or nearly so, for as
 * long as one likes (requirements G8, G11, U3, T7). Mappings are created,
 * refreshed and left to expire by the shipped timers on a clock that runs
 * ahead, swept by the shipped sweeper; the index is just as large as the ports,
 * so that its overflow table is in use all the time.
 *
 * A model of its own notes which endpoint had which port, and when it was last
 * seen: a mapping in its lifetime keeps its port, and a port goes to nobody
 * else before lifetime and hold-down are over.
 *
 *	soak [SECONDS]
 */
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib-c/check.h"
#include "lib-c/frame.h"
#include "lib-c/rng.h"
#include "lib-c/tap.h"
#include "lib-c/wire.h"
#include "nat/sweep.h"

#define SECONDS 30
#define PORTS (65536 - 1024)
#define SPARE (PORTS / 1000)	/* free ports at 99.9 % */
#define EXCESS 40		/* new flows asked of a full pool, per turn */
#define INDEX_BUCKETS 32768	/* four entries each: 1.6 % more than there are ports */
#define MAX_LIVE PORTS

/* A mapping, as the model knows it. */
struct flow {
	uint32_t id;		/* gives the inside endpoint */
	uint32_t seen;		/* tick before its last packet */
	uint16_t port;
};

/* Model of one protocol's ports. */
struct model {
	enum daisy_proto proto;
	uint32_t lifetime;	/* ticks */
	struct flow *live;
	uint32_t n_live;
	struct flow last[DAISY_VECTOR_SIZE];	/* whom each port was given to; id 0: nobody yet */
	uint32_t next_id;
	uint64_t n_created, n_kept, n_refused;
	bool failed;
};

struct soak {
	struct bed bed;
	struct rng rng;
	struct daisy_sweeper *sweeper;
	uint32_t hold;		/* ticks */
	struct model model[2];
	uint64_t max_overflow, max_used;
	uint32_t n_turns;
};

static uint32_t ticks_between(uint32_t from, uint32_t to)
{
	return (to - from) & DAISY_SEEN_MASK;
}

/* Send a packet of a flow. The external port, 0 if it was refused. */
static uint16_t send_packet(struct soak *s, const struct model *m, uint32_t id)
{
	const struct frame_spec spec = {
		.link = BED_INSIDE, .src = 0x0a000001 + id / 40000, .sport = 10000 + id % 40000,
		.dst = 0xcb007101, .dport = 53, .proto = m->proto == DAISY_UDP ? 17 : 6, .tcp_flags = 2,
	};
	uint8_t out[4096];
	uint32_t len, action;
	struct frame f;
	struct wire w;

	frame_build(&f, &spec);
	action = bed_run_raw(&s->bed, BED_INSIDE, f.bytes, f.len, out, &len);
	if ((action != XDP_TX && action != XDP_REDIRECT) || !wire_parse(&w, out, len))
		return 0;
	return w.sport;
}

static void flow_create(struct soak *s, struct model *m)
{
	struct flow flow = { .id = ++m->next_id, .seen = daisy_instance_tick(s->bed.inst) };
	struct flow *before;
	uint32_t age;

	flow.port = send_packet(s, m, flow.id);
	if (!flow.port) {
		m->n_refused++;
		return;
	}
	m->n_created++;
	before = &m->last[flow.port];
	age = ticks_between(before->seen, daisy_instance_tick(s->bed.inst));
	if (before->id && age < m->lifetime + s->hold) {
		tap_why("port %u given to flow %u, %u ticks after flow %u was seen (lifetime %u, hold %u)",
			flow.port, flow.id, age, before->id, m->lifetime, s->hold);
		m->failed = true;
	}
	*before = flow;
	if (m->n_live < MAX_LIVE)
		m->live[m->n_live++] = flow;
}

/* A packet of a flow in its lifetime: the port has to be the same. */
static void flow_refresh(struct soak *s, struct model *m, struct flow *flow)
{
	uint32_t now = daisy_instance_tick(s->bed.inst);
	uint16_t port = send_packet(s, m, flow->id);

	m->n_kept++;
	if (port != flow->port) {
		tap_why("flow %u had port %u, and %u ticks later has %u", flow->id, flow->port,
			ticks_between(flow->seen, now), port);
		m->failed = true;
	}
	flow->seen = now;
	m->last[flow->port].seen = now;
}

/* What a sweep that ended now may have ended is not live any more. */
static void model_prune(struct soak *s, struct model *m)
{
	uint32_t now = daisy_instance_tick(s->bed.inst), kept = 0;

	for (uint32_t i = 0; i < m->n_live; i++)
		if (ticks_between(m->live[i].seen, now) < m->lifetime)
			m->live[kept++] = m->live[i];
	m->n_live = kept;
}

static uint32_t free_ports(struct soak *s, const struct model *m)
{
	return daisy_instance_port_map(s->bed.inst, bed_slot(&s->bed, BED_EXTERNAL), m->proto)->n_free;
}

static void sweep(struct soak *s)
{
	if (daisy_sweeper_round(s->sweeper))
		tap_bail("cannot sweep: %s", daisy_error());
	for (int i = 0; i < 2; i++)
		model_prune(s, &s->model[i]);
}

/* Half of the flows is never refreshed; of the others, a quarter a turn. */
static void refresh(struct soak *s, struct model *m)
{
	for (uint32_t i = 0; i < m->n_live && !m->failed; i++)
		if (m->live[i].id % 2 && !rng_below(&s->rng, 4))
			flow_refresh(s, m, &m->live[i]);
}

/* Fill up to 99.9 %, or to the last port, and then ask for more. */
static void fill(struct soak *s, struct model *m, bool full)
{
	uint64_t refused = m->n_refused;

	while (!m->failed && free_ports(s, m) > (full ? 0 : SPARE) && m->n_refused == refused)
		flow_create(s, m);
	if (m->n_refused != refused) {
		tap_why("a new flow was refused while %u ports were free", free_ports(s, m) + 1);
		m->failed = true;
	}
	for (int i = 0; full && i < EXCESS && !m->failed; i++)
		flow_create(s, m);
	if (full && m->n_refused != refused + EXCESS) {
		tap_why("a full pool took %" PRIu64 " of %d new flows",
			EXCESS - (m->n_refused - refused), EXCESS);
		m->failed = true;
	}
}

static bool turn(struct soak *s)
{
	struct check c;

	bed_advance(&s->bed, 1 + rng_below(&s->rng, 30));
	sweep(s);
	for (int i = 0; i < 2; i++) {
		refresh(s, &s->model[i]);
		fill(s, &s->model[i], s->n_turns & 1);
	}
	if (s->n_turns++ % 16)
		return !s->model[0].failed && !s->model[1].failed;
	if (!check_instance(s->bed.inst, 0, &c) || c.stale) {
		tap_why("turn %u: %s (%" PRIu64 " stale entries)", s->n_turns, c.error, c.stale);
		s->model[0].failed = true;
	}
	if (c.overflow > s->max_overflow)
		s->max_overflow = c.overflow;
	if (c.active + c.hold > s->max_used)
		s->max_used = c.active + c.hold;
	return !s->model[0].failed && !s->model[1].failed;
}

static void soak(struct soak *s, int seconds)
{
	uint64_t created, refused;
	time_t end = time(NULL) + seconds;
	bool good = true;

	while (good && time(NULL) < end)
		good = turn(s);
	created = s->model[0].n_created + s->model[1].n_created;
	refused = s->model[0].n_refused + s->model[1].n_refused;
	tap_ok(good, "in %d s at 99.9 and 100 %% use no port was given out twice, none before its hold-down "
	       "was over, and no mapping in its lifetime was lost (U3, T7, G8, G11)", seconds);
	tap_note("%u turns, %" PRIu64 " mappings created, %" PRIu64 " refreshed, %" PRIu64 " refused",
		 s->n_turns, created, s->model[0].n_kept + s->model[1].n_kept, refused);
	tap_ok(s->max_used == 2 * PORTS && created > 5 * PORTS / 2, "every port was in use, and many were "
	       "used again");
	tap_ok(s->max_overflow > 0, "the index overflowed into its table");
	tap_note("%" PRIu64 " entries there at most", s->max_overflow);
	tap_ok(refused > 0 && bed_counter(&s->bed, BED_COUNTER(drop_NO_PORT)) == refused &&
	       bed_counter(&s->bed, BED_COUNTER(drop_INDEX_FULL)) == 0,
	       "every refusal is counted as no_port (G11)");
	tap_ok(bed_counter(&s->bed, BED_COUNTER(created_udp)) == s->model[0].n_created &&
	       bed_counter(&s->bed, BED_COUNTER(created_tcp)) == s->model[1].n_created,
	       "the counters of created mappings are exact");
}

static void end_all(struct soak *s, const struct check *start)
{
	struct check c;

	bed_advance(&s->bed, 320);
	sweep(s);
	check_instance(s->bed.inst, 0, &c);
	tap_ok(!c.error[0] && !c.active && !c.entries && !c.overflow && c.hold > 0, "after the last "
	       "packet's lifetime every mapping is gone from the index, and the ports rest");
	if (c.error[0])
		tap_note("%s", c.error);
	bed_advance(&s->bed, 130);
	sweep(s);
	check_instance(s->bed.inst, 0, &c);
	tap_ok(!c.error[0] && !c.hold && c.free == start->free, "after the hold-down every port is free "
	       "again (G8)");
	tap_note("%" PRIu64 " of %" PRIu64 " ports are free", c.free, start->free);
}

int main(int argc, char **argv)
{
	const struct bed_spec spec = {
		/* Many mappings on paper give the overflow table its size; the index is cut down below. */
		.instance = { .max_slots = 1, .max_mappings = 1 << 23 }, .n_addresses = 1,
		.prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct soak s = { .rng = { 0x50a4 } };
	int seconds = argc > 1 ? atoi(argv[1]) : SECONDS;
	const struct daisy_conf *conf;
	struct check start;

	if (seconds < 1)
		tap_bail("SECONDS is a number above 0");
	bed_open(&s.bed, &spec);
	conf = daisy_instance_conf(s.bed.inst);
	daisy_instance_conf(s.bed.inst)->index_lines = INDEX_BUCKETS;
	s.sweeper = daisy_sweeper_new(s.bed.inst);
	s.hold = conf->timer[DAISY_TIMER_HOLD];
	s.model[0].lifetime = conf->timer[DAISY_TIMER_UDP];
	s.model[1].lifetime = conf->timer[DAISY_TIMER_TCP_OPENING];
	for (int i = 0; i < 2; i++) {
		s.model[i].proto = i ? DAISY_TCP : DAISY_UDP;
		s.model[i].live = calloc(MAX_LIVE, sizeof(struct flow));
	}
	if (!s.sweeper || !s.model[0].live || !s.model[1].live)
		tap_bail("no memory");
	check_instance(s.bed.inst, 0, &start);
	soak(&s, seconds);
	end_all(&s, &start);
	daisy_sweeper_free(s.sweeper);
	bed_close(&s.bed);
	return tap_done();
}
