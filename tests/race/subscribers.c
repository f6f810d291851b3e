/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subscribers that come, or come back, on two CPUs at once. */
#include <string.h>

#include "nat/internal.h"
#include "race/scene.h"

#define ROUNDS 4000
#define IDLE_S 3600	/* default of the timer "subscriber" */

static void new_subscriber(void *arg, uint32_t round)
{
	struct scene *s = arg;

	for (int i = 0; i < 2; i++) {
		s->proto = i ? DAISY_TCP : DAISY_UDP;
		scene_packet(s, &s->half[i].frame, SCENE_HOST + round, 5000, SCENE_REMOTE, 2);
	}
}

static bool same_address(void *arg, uint32_t round)
{
	struct scene *s = arg;

	if (scene_sent(s, 0) && scene_sent(s, 1) && s->half[0].sent.src == s->half[1].sent.src)
		return true;
	tap_why("round %u: %s by %08x, %s by %08x", round, scene_sent(s, 0) ? "sent" : "refused",
		s->half[0].sent.src, scene_sent(s, 1) ? "sent" : "refused", s->half[1].sent.src);
	s->n[2]++;
	return false;
}

static uint32_t host_of(uint32_t round)
{
	return SCENE_HOST + 0x10000 + round % 4;
}

/* A subscriber without mappings, idle for so long that it may be forgotten. */
static void idle_subscriber(void *arg, uint32_t round)
{
	struct scene *s = arg;
	const struct wire *w = &s->half[0].sent;

	s->proto = DAISY_UDP;
	scene_packet(s, &s->half[0].frame, host_of(round), 6000, SCENE_REMOTE, 0);
	scene_send(s, 0);
	if (!scene_sent(s, 0) || daisy_mapping_delete(s->bed.inst, bed_slot(&s->bed, w->src), w->sport,
						      DAISY_UDP))
		tap_bail("round %u: cannot prepare an idle subscriber", round);
	bed_advance(&s->bed, IDLE_S + 3);
	scene_packet(s, &s->half[0].frame, host_of(round), 6000, SCENE_REMOTE, 0);
}

static void sweep_subscriber(void *arg, uint32_t round)
{
	struct scene *s = arg;
	struct daisy_sweep_header h = { .n = 1 };
	struct daisy_subscriber_key key = { 0 };

	wire_put32(key.addr, host_of(round));
	if (daisy_batch_run(s->bed.inst, "sweep_subscribers", &h, &key, sizeof(key)))
		tap_bail("cannot sweep a subscriber: %s", daisy_error());
	s->n[0] += h.expired;
	pair_lean(&s->pair, !h.expired);
}

/* Refusing one packet is allowed; the next one must pass. */
static bool comes_back(void *arg, uint32_t round)
{
	struct scene *s = arg;
	const struct wire *w = &s->half[0].sent;

	s->n[1] += !scene_sent(s, 0);
	scene_send(s, 0);
	if (scene_sent(s, 0) && !daisy_mapping_delete(s->bed.inst, bed_slot(&s->bed, w->src), w->sport,
						      DAISY_UDP))
		return true;
	tap_why("round %u: the second packet was refused", round);
	s->n[2]++;
	return false;
}

void race_subscribers(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 4 }, .n_addresses = 4, .prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;
	struct check c;

	scene_open(&s, &spec);
	s.pair = (struct pair){ &s, new_subscriber, { scene_send_first, scene_send_second }, same_address, 0 };
	pair_run(&s.pair, ROUNDS);
	tap_ok(!s.n[2], "a subscriber whose first UDP and TCP packets meet on two CPUs gets one address for "
	       "both (%u rounds) (U2, G2)", ROUNDS);
	scene_check(&s, &c, "subscribers count their mappings, all on one address each (G2)");
	s.n[2] = 0;
	s.pair = (struct pair){ &s, idle_subscriber, { scene_send_first, sweep_subscriber }, comes_back, 0 };
	pair_run(&s.pair, ROUNDS);
	tap_ok(!s.n[2], "a subscriber that comes back while it is being forgotten loses one packet at most "
	       "(%u rounds)", ROUNDS);
	tap_note("forgotten %u times, refused once %u times", s.n[0], s.n[1]);
	tap_ok(s.n[0] && s.n[0] < ROUNDS, "it was forgotten at times, and kept at times");
	scene_check(&s, &c, "subscribers count their mappings after that");
	scene_end(&s, "after the subscribers every port is free again (G8)");
	bed_close(&s.bed);
}
