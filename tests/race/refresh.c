/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mapping whose time is up: one CPU sends a packet of it, the other one
 * sweeps it. Either the packet was in time, and the mapping stays; or the
 * mapping is gone, and translates nothing any more.
 */
#include "race/scene.h"

#define ROUNDS 3000
#define SPORT 4000
#define OTHER_SPORT 4001

/* Make sure that the endpoint has a mapping, an established connection under it if it is TCP. */
static void revive(struct scene *s)
{
	struct frame *f = &s->half[0].frame;
	const struct wire *w = &s->half[0].sent;

	scene_packet(s, f, SCENE_HOST, SPORT, SCENE_REMOTE, 2);
	scene_send(s, 0);
	if (!scene_sent(s, 0))
		tap_bail("cannot create a mapping");
	s->port = w->sport;
	if (s->proto != DAISY_TCP)
		return;
	if (!scene_answer(s, w->src, w->sport, 0x12))
		tap_bail("cannot establish a connection");
	scene_packet(s, f, SCENE_HOST, SPORT, SCENE_REMOTE, 0x10);
	scene_send(s, 0);
}

/*
 * A packet of another mapping. It reads the clock for those that come after it:
 * without it the packet of this race would take the long way, by the stages.
 */
static void tell_the_time(struct scene *s)
{
	scene_packet(s, &s->half[1].frame, SCENE_HOST, OTHER_SPORT, SCENE_REMOTE, 2);
	scene_send(s, 1);
}

static void grow_old(void *arg, uint32_t round)
{
	static const uint32_t lifetime[DAISY_N_PROTOS] = { 300, 7440, 60 };
	struct scene *s = arg;

	/* The port that was lost in the last round returns. */
	scene_sweep_port(s, round);
	revive(s);
	bed_advance(&s->bed, lifetime[s->proto] + 12);	/* rounding and hints */
	if (round & 1)
		tell_the_time(s);
	scene_packet(s, &s->half[0].frame, SCENE_HOST, SPORT, SCENE_REMOTE, 0x10);
}

static bool kept_or_gone(void *arg, uint32_t round)
{
	struct scene *s = arg;
	const struct daisy_mapping *m = scene_record(s, s->port);
	const struct wire *w = &s->half[0].sent;
	bool sent = scene_sent(s, 0), active = m->ctl.state == MAPPING_ACTIVE, in;

	pair_lean(&s->pair, active);
	in = scene_answer(s, BED_EXTERNAL, s->port, 0x10);
	if (in != active) {
		tap_why("round %u: port %u in state %u, and an inbound packet was %s", round, s->port,
			m->ctl.state, in ? "translated" : "refused");
		s->n[2]++;
		return false;
	}
	if (sent && w->sport == s->port) {
		s->n[0]++;
		if (active)
			return true;
		tap_why("round %u: port %u was refreshed, and yet ended", round, s->port);
		s->n[2]++;
		return false;
	}
	s->n[1]++;
	if (!active && (sent || s->proto == DAISY_TCP))
		return true;
	tap_why("round %u: port %u in state %u, the packet was %s", round, s->port, m->ctl.state,
		sent ? "sent by another port" : "refused");
	s->n[2]++;
	return false;
}

/* A busy mapping: packets of this tick need not look at its record. */
static void busy(void *arg, uint32_t round)
{
	struct scene *s = arg;

	(void)round;
	bed_advance(&s->bed, 130);	/* the last round's port returns */
	scene_sweep_port(s, round);
	for (int i = 0; i < 3; i++)
		revive(s);
}

static void delete_port(void *arg, uint32_t round)
{
	struct scene *s = arg;

	(void)round;
	if (daisy_mapping_delete(s->bed.inst, bed_slot(&s->bed, BED_EXTERNAL), s->port, s->proto))
		tap_bail("cannot delete a mapping: %s", daisy_error());
}

static bool deleted_for_good(void *arg, uint32_t round)
{
	struct scene *s = arg;
	bool was_old = scene_sent(s, 0) && s->half[0].sent.sport == s->port;

	pair_lean(&s->pair, was_old);
	s->n[was_old]++;
	scene_send(s, 0);
	if (scene_record(s, s->port)->ctl.state == MAPPING_HOLD &&
	    !(scene_sent(s, 0) && s->half[0].sent.sport == s->port))
		return true;
	tap_why("round %u: port %u was deleted, and a packet still left by it", round, s->port);
	s->n[2]++;
	return false;
}

static void run_deletion(struct scene *s, enum daisy_proto proto, const char *name)
{
	s->proto = proto;
	s->n[0] = s->n[1] = s->n[2] = 0;
	s->pair = (struct pair){ s, busy, { scene_send_first, delete_port }, deleted_for_good, 0 };
	pair_run(&s->pair, ROUNDS);
	tap_ok(!s->n[2], "%s: a busy mapping that is deleted on another CPU translates no more (%u rounds)",
	       name, ROUNDS);
	tap_note("%u packets still went by the old port, %u no longer", s->n[1], s->n[0]);
}

static void run(struct scene *s, enum daisy_proto proto, const char *name, const char *ids)
{
	s->proto = proto;
	s->n[0] = s->n[1] = s->n[2] = 0;
	s->pair = (struct pair){ s, grow_old, { scene_send_first, scene_sweep_port }, kept_or_gone, 0 };
	pair_run(&s->pair, ROUNDS);
	tap_ok(!s->n[2], "%s: a mapping that is refreshed while another CPU sweeps it is kept, or gone and "
	       "translates no more (%u rounds) (%s)", name, ROUNDS, ids);
	tap_note("kept %u times, gone %u times", s->n[0], s->n[1]);
	tap_ok(s->n[0] && s->n[1], "%s: both came about", name);
}

void race_refresh(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 1 }, .n_addresses = 1, .prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;
	struct check c;

	scene_open(&s, &spec);
	run(&s, DAISY_UDP, "UDP", "U6");
	run(&s, DAISY_TCP, "TCP", "T5");
	run(&s, DAISY_ICMP, "ICMP", "I2");
	run_deletion(&s, DAISY_UDP, "UDP");
	run_deletion(&s, DAISY_TCP, "TCP");
	scene_check(&s, &c, "the state holds together after refreshes met sweeps");
	scene_end(&s, "after the refreshes every port is free again (G8)");
	bed_close(&s.bed);
}
