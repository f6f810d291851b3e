/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two CPUs see the first two packets of one inside endpoint at the same moment. */
#include "race/scene.h"

#define ROUNDS 4000

static void before(void *arg, uint32_t round)
{
	struct scene *s = arg;
	uint32_t host = SCENE_HOST + round % 200;

	for (int i = 0; i < 2; i++)
		scene_packet(s, &s->half[i].frame, host, 2000 + round / 200, SCENE_REMOTE + i, 2);
}

static bool after(void *arg, uint32_t round)
{
	struct scene *s = arg;
	const struct wire *a = &s->half[0].sent, *b = &s->half[1].sent;

	if (scene_sent(s, 0) && scene_sent(s, 1)) {
		if (a->src == b->src && a->sport == b->sport)
			return true;
		tap_why("round %u: %08x:%u and %08x:%u for one endpoint", round, a->src, a->sport, b->src,
			b->sport);
		s->n[0]++;
		return false;
	}
	/* Refused rather than translated wrongly: the winner was interrupted before it was done. */
	s->n[1]++;
	if (scene_sent(s, 0) || scene_sent(s, 1))
		return true;
	tap_why("round %u: neither packet was sent", round);
	s->n[0]++;
	return false;
}

static void run(struct scene *s, enum daisy_proto proto, const char *name, uint32_t n_rounds)
{
	uint64_t lost = bed_counter(&s->bed, BED_COUNTER(create_lost)), swept_lost;
	struct bed_swept swept = { 0 };
	struct check c, rested;
	uint32_t n;

	s->proto = proto;
	s->n[0] = s->n[1] = 0;
	check_instance(s->bed.inst, 0, &c);
	s->pair = (struct pair){ s, before, { scene_send_first, scene_send_second }, after, 0 };
	n = pair_run(&s->pair, n_rounds);
	lost = bed_counter(&s->bed, BED_COUNTER(create_lost)) - lost;
	tap_ok(!s->n[0] && n == n_rounds, "%s: packets of two CPUs that create one mapping carry the same "
	       "external endpoint (%u rounds) (U1, T1, I1)", name, n_rounds);
	tap_note("%lu losers, %u packets refused", lost, s->n[1]);
	tap_ok(lost > 0 && s->n[1] * 50 < n, "%s: the CPUs did meet, and hardly a packet was refused", name);
	swept_lost = c.active + n;
	scene_check(s, &c, "exactly one mapping an endpoint is active after that");
	tap_ok(c.active == swept_lost && c.rolled_back == lost + s->n[1],
	       "%s: %lu mappings are active, and each loser's port rests", name, c.active);
	bed_advance(&s->bed, 5);
	bed_sweep(&s->bed, &swept);
	check_instance(s->bed.inst, 0, &rested);
	tap_ok(!rested.rolled_back && rested.active == c.active && swept.freed == c.rolled_back,
	       "%s: the losers' ports return, the mappings stay (U3, T7)", name);
}

/* Two buckets, which are full: every further mapping goes to the overflow table. */
static void in_overflow(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 1, .max_mappings = 1 << 20 }, .n_addresses = 1,
		.prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;

	bed_open(&s.bed, &spec);
	daisy_instance_conf(s.bed.inst)->index_lines = 2;
	run(&s, DAISY_UDP, "overflow", 2000);
	tap_ok(bed_counter(&s.bed, BED_COUNTER(overflowed)) > 1900, "that was the overflow table");
	bed_close(&s.bed);
}

void race_twins(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 1 }, .n_addresses = 1, .prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;

	scene_open(&s, &spec);
	run(&s, DAISY_UDP, "UDP", ROUNDS);
	run(&s, DAISY_TCP, "TCP", ROUNDS);
	run(&s, DAISY_ICMP, "ICMP", ROUNDS);
	scene_end(&s, "after the twins every port is free again (G8)");
	bed_close(&s.bed);
	in_overflow();
}
