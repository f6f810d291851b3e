/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Soak: the UDP and TCP ports of one address, all in use or nearly so, for as
 * long as one likes (requirements G4, G8, G11, U3, T7). Mappings are created,
 * refreshed and left to expire by the shipped timers on a clock that runs
 * ahead, swept by the shipped sweeper; the index is just as large as the ports,
 * so that its overflow table is in use all the time.
 *
 * A model of its own notes which endpoint had which port, and when it was last
 * seen: a mapping in its lifetime keeps its port, and a port goes to nobody
 * else before lifetime and rest are over.
 *
 *	soak [SECONDS [ports | blocks]]		without a profile half of the time for each
 */
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib-c/frame.h"
#include "lib-c/tap.h"
#include "lib-c/wire.h"
#include "soak/soak.h"

#define SECONDS 30
#define INDEX_BUCKETS 32768	/* four entries each: 1.6 % more than there are ports */
#define MAX_LIVE SOAK_PORTS

static const struct soak_profile *const profiles[] = { &soak_ports, &soak_blocks };
#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

void soak_fail(struct model *m, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tap_why("%s", text);
	m->failed = true;
}

uint32_t soak_slot(const struct soak *s)
{
	return (uint32_t)bed_slot(&s->bed, BED_EXTERNAL);
}

const struct daisy_port_map *soak_port_map(const struct soak *s, const struct model *m)
{
	return daisy_instance_port_map(s->bed.inst, soak_slot(s), m->proto);
}

static uint32_t ticks_between(uint32_t from, uint32_t to)
{
	return (to - from) & DAISY_SEEN_MASK;
}

/* Send a packet of a flow. The external port, 0 if it was refused. */
static uint16_t send_packet(struct soak *s, const struct model *m, uint32_t id)
{
	struct frame_spec spec = {
		.link = BED_INSIDE, .dst = 0xcb007101, .dport = 53,
		.proto = m->proto == DAISY_UDP ? 17 : 6, .tcp_flags = 2,
	};
	uint8_t out[4096];
	uint32_t len, action;
	struct frame f;
	struct wire w;

	s->profile->endpoint(id, &spec.src, &spec.sport);
	frame_build(&f, &spec);
	action = bed_run_raw(&s->bed, BED_INSIDE, f.bytes, f.len, out, &len);
	if ((action != XDP_TX && action != XDP_REDIRECT) || !wire_parse(&w, out, len))
		return 0;
	return w.sport;
}

bool soak_create(struct soak *s, struct model *m, uint32_t id)
{
	struct flow flow = { .id = id, .seen = daisy_instance_tick(s->bed.inst) };
	struct flow *before;
	uint32_t age;

	flow.port = send_packet(s, m, flow.id);
	if (!flow.port) {
		m->n_refused++;
		return false;
	}
	m->n_created++;
	before = &m->last[flow.port];
	age = ticks_between(before->seen, daisy_instance_tick(s->bed.inst));
	if (before->id && age < m->lifetime + s->rest)
		soak_fail(m, "port %u given to flow %u, %u ticks after flow %u was seen (lifetime %u, rest %u)",
			  flow.port, flow.id, age, before->id, m->lifetime, s->rest);
	*before = flow;
	if (m->n_live < MAX_LIVE)
		m->live[m->n_live++] = flow;
	if (s->profile->taken)
		s->profile->taken(s, m, &flow);
	return true;
}

/* A packet of a flow in its lifetime: the port has to be the same. */
static void flow_refresh(struct soak *s, struct model *m, struct flow *flow)
{
	uint32_t now = daisy_instance_tick(s->bed.inst);
	uint16_t port = send_packet(s, m, flow->id);

	m->n_kept++;
	if (port != flow->port)
		soak_fail(m, "flow %u had port %u, and %u ticks later has %u", flow->id, flow->port,
			  ticks_between(flow->seen, now), port);
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

void soak_sweep(struct soak *s)
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

/* Everything agrees with everything else: not every turn, for it takes its time. */
static void check(struct soak *s)
{
	struct check c;

	if (!check_instance(s->bed.inst, 0, &c) || c.stale)
		soak_fail(&s->model[0], "turn %u: %s (%" PRIu64 " stale entries)", s->n_turns, c.error, c.stale);
	if (c.overflow > s->max_overflow)
		s->max_overflow = c.overflow;
}

static bool turn(struct soak *s)
{
	uint64_t used = 2 * SOAK_PORTS;

	bed_advance(&s->bed, 1 + rng_below(&s->rng, s->profile->most_seconds));
	soak_sweep(s);
	if (s->profile->turned)
		s->profile->turned(s);
	for (int i = 0; i < 2; i++) {
		refresh(s, &s->model[i]);
		s->profile->fill(s, &s->model[i], s->n_turns & 1);
		used -= (uint64_t)soak_port_map(s, &s->model[i])->n_free;
	}
	if (used > s->max_used)
		s->max_used = used;
	if (!(s->n_turns++ % 16))
		check(s);
	return !s->model[0].failed && !s->model[1].failed;
}

static void soak(struct soak *s, int seconds)
{
	uint64_t created, refused;
	time_t end = time(NULL) + seconds;
	bool good = true;

	while (good && (time(NULL) < end || s->n_turns < s->profile->least_turns))
		good = turn(s);
	created = s->model[0].n_created + s->model[1].n_created;
	refused = s->model[0].n_refused + s->model[1].n_refused;
	tap_ok(good, "in %d s at 99.9 and 100 %% %s", seconds, s->profile->title);
	tap_note("%u turns, %" PRIu64 " mappings created, %" PRIu64 " refreshed, %" PRIu64 " refused",
		 s->n_turns, created, s->model[0].n_kept + s->model[1].n_kept, refused);
	tap_ok(s->max_used == 2 * SOAK_PORTS && created > 5 * SOAK_PORTS / 2, "every port was in use, and many were "
	       "used again");
	tap_ok(bed_counter(&s->bed, BED_COUNTER(drop_INDEX_FULL)) == 0, "the index never was full");
	s->profile->judge(s);
	tap_ok(bed_counter(&s->bed, BED_COUNTER(created_udp)) == s->model[0].n_created &&
	       bed_counter(&s->bed, BED_COUNTER(created_tcp)) == s->model[1].n_created,
	       "the counters of created mappings are exact");
}

static void end_all(struct soak *s, const struct check *start)
{
	struct check c;

	bed_advance(&s->bed, 320);
	soak_sweep(s);
	check_instance(s->bed.inst, 0, &c);
	tap_ok(!c.error[0] && !c.active && !c.entries && !c.overflow && c.hold > 0, "after the last "
	       "packet's lifetime every mapping is gone from the index, and the ports rest");
	if (c.error[0])
		tap_note("%s", c.error);
	bed_advance(&s->bed, 130);
	soak_sweep(s);
	check_instance(s->bed.inst, 0, &c);
	tap_ok(!c.error[0] && !c.hold && c.free == start->free, "after the hold-down every port is free "
	       "again (G8)");
	tap_note("%" PRIu64 " of %" PRIu64 " ports are free", c.free, start->free);
	tap_ok(!soak_port_map(s, &s->model[0])->n_held && !soak_port_map(s, &s->model[1])->n_held,
	       "none is counted as held any more (G8)");
	if (s->profile->end)
		s->profile->end(s);
}

static void run(const struct soak_profile *profile, int seconds)
{
	const struct bed_spec spec = {
		/* Many mappings on paper give the overflow table its size; the index is cut down below. */
		.instance = { .max_slots = 1, .max_mappings = 1 << 23 }, .n_addresses = 1,
		.prefix = 0x0a000000, .prefix_len = 8,
	};
	struct soak *s = calloc(1, sizeof(*s));
	struct daisy_conf *conf;
	struct check start;

	if (!s)
		tap_bail("no memory");
	s->profile = profile;
	s->rng = (struct rng){ 0x50a4 };
	bed_open(&s->bed, &spec);
	conf = daisy_instance_conf(s->bed.inst);
	conf->index_lines = INDEX_BUCKETS;
	s->sweeper = daisy_sweeper_new(s->bed.inst);
	s->model[0].lifetime = conf->timer[DAISY_TIMER_UDP];
	s->model[1].lifetime = conf->timer[DAISY_TIMER_TCP_OPENING];
	for (int i = 0; i < 2; i++) {
		s->model[i].proto = i ? DAISY_TCP : DAISY_UDP;
		s->model[i].live = calloc(MAX_LIVE, sizeof(struct flow));
	}
	if (!s->sweeper || !s->model[0].live || !s->model[1].live)
		tap_bail("no memory");
	profile->begin(s);
	check_instance(s->bed.inst, 0, &start);
	soak(s, seconds);
	end_all(s, &start);
	daisy_sweeper_free(s->sweeper);
	bed_close(&s->bed);
	for (int i = 0; i < 2; i++)
		free(s->model[i].live);
	free(s);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : SECONDS;
	unsigned int n_run = 0;

	if (seconds < 2)
		tap_bail("SECONDS is a number above 1");
	for (unsigned int i = 0; i < N_PROFILES; i++) {
		if (argc > 2 && strcmp(argv[2], profiles[i]->name) != 0)
			continue;
		tap_note("profile %s", profiles[i]->name);
		run(profiles[i], argc > 2 ? seconds : seconds / (int)N_PROFILES);
		n_run++;
	}
	if (!n_run)
		tap_bail("the profile is ports or blocks");
	return tap_done();
}
