/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Malformed and truncated frames by the hundred thousand (requirements C1 to
 * C3 and C9): out of one seed, judged one by one, and the state checked over
 * and over. The same seed gives the same frames, but for the external ports,
 * which the kernel draws.
 *
 *	malformed [FRAMES [SEED]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib-c/check.h"
#include "lib-c/judge.h"
#include "lib-c/tap.h"
#include "lib-c/wire.h"
#include "malformed/generate.h"

#define FRAMES 300000
#define SEED 0x6461697379ULL
#define CHECK_EVERY 10000	/* frames */
#define TURN_EVERY 2500		/* frames between two turns of the clock */
#define MAX_PARTS 6

struct run {
	struct bed bed;
	struct rng rng;
	uint64_t n;			/* frames so far */
	uint64_t ends[BED_N_COUNTERS];
	uint64_t sent;
	bool failed;
};

static void dump(const char *what, const uint8_t *bytes, uint32_t len)
{
	tap_why("%s, %u bytes:", what, len);
	for (uint32_t i = 0; i < len && i < 160; i += 32) {
		char line[65];

		for (uint32_t k = 0; k < 32; k++)
			sprintf(line + 2 * k, "%02x", i + k < len ? bytes[i + k] : 0);
		tap_why("%s", line);
	}
}

/* One frame through the NAT; false at the first one that is judged wrong. */
static bool feed(struct run *run, enum bed_link link, const struct frame *f)
{
	static struct bed_result r;
	const char *bad;

	bed_run(&run->bed, link, f->bytes, f->len, &r);
	run->n++;
	if (r.end < BED_N_COUNTERS)
		run->ends[r.end]++;
	run->sent += judge_sent(&r);
	bad = judge(&run->bed, link, f->bytes, f->len, &r);
	if (!bad)
		return true;
	run->failed = true;
	tap_why("%s", bad);
	tap_why("verdict %u, counted as %s", r.action, bed_counter_name(r.end));
	tap_why("frame %" PRIu64 ", in by device %d", run->n, link);
	dump("frame", f->bytes, f->len);
	if (judge_sent(&r))
		dump("sent", r.out, r.len);
	return false;
}

/* Every kind of packet, cut at every length. */
static void cut_everywhere(struct run *run)
{
	uint64_t before = run->n;
	struct frame f;

	for (int kind = 0; kind < GENERATE_KINDS && !run->failed; kind++) {
		for (int i = 0; i < 4 && !run->failed; i++) {
			enum bed_link link = generate(&run->rng, &run->bed, kind, &f);
			uint32_t whole = f.len < 200 ? f.len : 200;

			for (f.len = 14; f.len <= whole && !run->failed; f.len++)
				feed(run, link, &f);
		}
	}
	tap_ok(!run->failed, "packets of every kind, cut at every length from 14 bytes on, get one "
	       "verdict and one counter or reason each (C9)");
	tap_note("%" PRIu64 " frames", run->n - before);
}

/* Time passes: some mappings end, ports rest and return; egress changes between the links. */
static void turn(struct run *run)
{
	/* 0: by the host's route */
	static const uint16_t ways_out[] = { 0, 0, BED_OUTSIDE, BED_STACKED, BED_BOTH };
	struct daisy_conf *conf = daisy_instance_conf(run->bed.inst);
	struct bed_swept swept = { 0 };

	bed_advance(&run->bed, 5 + rng_below(&run->rng, 200));
	conf->static_nexthop = ways_out[rng_below(&run->rng, 5)];
	bed_sweep(&run->bed, &swept);
}

static bool state_holds(struct run *run, struct check *c)
{
	if (!check_instance(run->bed.inst, 0, c))
		tap_why("after %" PRIu64 " frames: %s", run->n, c->error);
	else if (c->stale)
		tap_why("after %" PRIu64 " frames: %" PRIu64 " index entries of no mapping", run->n,
			 c->stale);
	else
		return true;
	return false;
}

/* Feed one generated packet, whole or in fragments, spoilt or not. */
static void feed_packet(struct run *run)
{
	static struct frame f, parts[MAX_PARTS];
	enum generate_kind kind = rng_below(&run->rng, GENERATE_KINDS);
	enum bed_link link = generate(&run->rng, &run->bed, kind, &f);
	int n;

	if (rng_below(&run->rng, 8)) {
		mutate(&run->rng, &f);
		feed(run, link, &f);
		return;
	}
	n = shatter(&run->rng, &f, parts, MAX_PARTS);
	for (int i = 0; i < n && !run->failed; i++) {
		if (!rng_below(&run->rng, 4))
			mutate(&run->rng, &parts[i]);
		feed(run, link, &parts[i]);
	}
}

static void spoil_many(struct run *run, uint64_t frames)
{
	uint64_t check_at = run->n + CHECK_EVERY, turn_at = run->n + TURN_EVERY, end = run->n + frames;
	bool holds = true;
	struct check c;

	while (run->n < end && !run->failed && holds) {
		feed_packet(run);
		if (run->n >= turn_at) {
			turn(run);
			turn_at += TURN_EVERY;
		}
		if (run->n >= check_at) {
			holds = state_holds(run, &c);
			check_at += CHECK_EVERY;
		}
	}
	tap_ok(!run->failed, "%" PRIu64 " mutated frames get one verdict and one counter or reason each, "
	       "and none is forwarded untranslated or with a checksum gone wrong (R3, I3, U9)", frames);
	tap_ok(holds, "mapping state holds together under malformed frames: no port is lost, none given "
	       "out twice (U3, T7)");
}

static void tcp_feed(struct run *run, enum bed_link link, uint32_t src, uint16_t sport, uint32_t dst,
		     uint16_t dport, uint8_t flags)
{
	const struct frame_spec s = { .link = link, .src = src, .sport = sport, .dst = dst, .dport = dport,
				      .proto = 6, .tcp_flags = flags };
	struct frame f;

	frame_build(&f, &s);
	feed(run, link, &f);
}

/* The external port of an inside TCP endpoint, 0 if it has none. */
static uint16_t port_of(struct run *run, uint32_t slot, uint32_t addr, uint16_t port)
{
	for (uint32_t p = GENERATE_FIRST; p <= GENERATE_LAST; p++) {
		struct daisy_mapping *m = bed_record(&run->bed, slot, DAISY_TCP, p);

		if (m->ctl.state == MAPPING_ACTIVE && m->inside.port == port &&
		    wire_get32(m->inside.addr) == addr)
			return p;
	}
	return 0;
}

/*
 * Resets to and fro. The connection is a stranger's until the inside sends on
 * it; whatever is sent, and how often, that is counted once.
 */
static void strangers(struct run *run)
{
	const uint32_t host = GENERATE_INSIDE + 1, remote = 0xcb007101, stranger = 0xcb007102;
	uint32_t ext = BED_EXTERNAL;
	struct check c;
	uint16_t port;

	tcp_feed(run, BED_INSIDE, host, 5000, remote, 80, 0x02);
	port = port_of(run, bed_slot(&run->bed, ext), host, 5000);
	if (!port)
		port = port_of(run, bed_slot(&run->bed, ++ext), host, 5000);
	tcp_feed(run, BED_OUTSIDE, stranger, 7000, ext, port, 0x02);
	tcp_feed(run, BED_OUTSIDE, stranger, 7000, ext, port, 0x04);
	for (int i = 0; i < 3; i++)
		tcp_feed(run, BED_INSIDE, host, 5000, stranger, 7000, 0x04);
	check_instance(run->bed.inst, 0, &c);
	if (c.error[0])
		tap_why("%s", c.error);
	tap_ok(port && !c.error[0] && c.conns == 1, "a stranger's connection that the inside resets over and "
	       "over is counted once (T5, X2)");
}

/*
 * A generator that no longer reaches a path would make the rest of this test
 * worthless. Ports are drawn by the kernel's own dice: short runs may miss one.
 */
static void reached(const struct run *run)
{
	static const unsigned int wanted[] = {
		BED_COUNTER(out_udp), BED_COUNTER(out_tcp), BED_COUNTER(out_icmp),
		BED_COUNTER(out_icmp_error), BED_COUNTER(in_udp), BED_COUNTER(in_tcp),
		BED_COUNTER(in_icmp), BED_COUNTER(in_icmp_error), BED_COUNTER(hairpin),
		BED_COUNTER(fragments), BED_COUNTER(arp_replies), BED_COUNTER(icmp_time_exceeded),
		BED_COUNTER(icmp_frag_needed), BED_COUNTER(icmp_echo_replies), BED_COUNTER(pass_own),
		BED_COUNTER(drop_TRUNCATED), BED_COUNTER(drop_BAD_HEADER), BED_COUNTER(drop_BAD_CHECKSUM),
		BED_COUNTER(drop_BAD_ICMP_CHECKSUM), BED_COUNTER(drop_BAD_EMBEDDED),
		BED_COUNTER(drop_NO_MAPPING), BED_COUNTER(drop_NO_PORT), BED_COUNTER(drop_TCP_NO_SYN),
		BED_COUNTER(drop_FRAGMENT_ORPHAN), BED_COUNTER(drop_SOURCE_ROUTE),
	};
	bool all = true;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (run->ends[wanted[i]])
			continue;
		all = false;
		tap_why("no frame ended in %s", bed_counter_name(wanted[i]));
	}
	tap_ok(all, "the frames reach every way a packet can be translated, answered or refused");
	tap_note("%" PRIu64 " of %" PRIu64 " frames were sent on or answered", run->sent, run->n);
	for (unsigned int i = 0; i < BED_N_COUNTERS; i++)
		if (run->ends[i])
			tap_note("%8" PRIu64 " %s", run->ends[i], bed_counter_name(i));
}

static void all_ends(struct run *run, uint64_t free_at_start)
{
	struct bed_swept swept = { 0 };
	struct check c;
	bool holds;

	for (int i = 0; i < 3; i++) {
		bed_advance(&run->bed, 8000);
		bed_sweep(&run->bed, &swept);
	}
	holds = state_holds(run, &c);
	tap_ok(holds && !c.active && !c.hold && !c.rolled_back && !c.entries && !c.conns && !c.orphans &&
	       c.free == free_at_start,
	       "after all timers and the hold-down every port is free again (G8)");
	tap_note("%" PRIu64 " of %" PRIu64 " ports are free, %" PRIu64 " active, %" PRIu64 " held", c.free,
		 free_at_start, c.active, c.hold);
}

int main(int argc, char **argv)
{
	const struct bed_spec spec = {
		/* Small tables: each is full most of the time. */
		.instance = { .max_slots = 4, .max_mappings = 1024, .max_subscribers = 40,
			      .max_conns = 256, .icmp_rate = 1000000,
			      .hash_key = { 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
					    0x94d049bb133111eb, 0xd6e8feb86659fd93 } },
		.n_addresses = 2, .first = GENERATE_FIRST, .last = GENERATE_LAST,
		.prefix = GENERATE_INSIDE, .prefix_len = 8,
	};
	uint64_t frames = argc > 1 ? strtoull(argv[1], NULL, 0) : FRAMES;
	struct run run = { .rng.state = argc > 2 ? strtoull(argv[2], NULL, 0) : SEED };
	struct check c;

	if (!run.rng.state || !frames)
		tap_bail("FRAMES and SEED are numbers above 0");
	tap_note("seed 0x%" PRIx64, run.rng.state);
	bed_open(&run.bed, &spec);
	check_instance(run.bed.inst, 0, &c);
	tap_ok(!c.error[0], "a new instance holds together");
	strangers(&run);
	cut_everywhere(&run);
	spoil_many(&run, frames);
	if (frames >= FRAMES)
		reached(&run);
	all_ends(&run, c.free);
	bed_close(&run.bed);
	return tap_done();
}
