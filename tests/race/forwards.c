/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A forward is made while a packet of its host opens a mapping, or while a packet of another wants its port. */
#include "race/scene.h"
#include "shared/reasons.h"

#define ROUNDS 2500
#define PORT 443	/* of the forward, outside of the dynamic ports */

static struct daisy_forward_item item;

static uint32_t slot_of(struct scene *s)
{
	return bed_slot(&s->bed, BED_EXTERNAL);
}

/* The forward's record as it is now. No packet is under way. */
static void prepare(struct scene *s, uint32_t host, uint16_t port, uint16_t external)
{
	item = (struct daisy_forward_item){
		.inside = { .port = port }, .slot = slot_of(s), .port = external, .proto = s->proto,
		.link = BED_INSIDE,
	};
	wire_put32(item.inside.addr, host);
	item.ctl = bed_record(&s->bed, slot_of(s), s->proto, external)->ctl;
}

static void make_forward(void *arg, uint32_t round)
{
	struct scene *s = arg;
	struct daisy_sweep_header h = { .n = 1 };

	(void)round;
	if (daisy_instance_sweep_forwards_batch(s->bed.inst, &h, &item))
		tap_bail("cannot make a forward: %s", daisy_error());
	s->n[3] = h.freed;	/* the reason why not */
	s->n[0] += h.expired;
	pair_lean(&s->pair, !h.expired);
}

static void end_forward(struct scene *s)
{
	struct daisy_sweep_header h = { .n = 1 };
	struct daisy_sweep_item it = {
		.slot = item.slot, .port = item.port, .proto = item.proto, .force = DAISY_FORCE_STATIC,
	};

	if (daisy_instance_sweep_batch(s->bed.inst, &h, &it) || !h.expired)
		tap_bail("cannot end a forward");
}

static void same_endpoint(void *arg, uint32_t round)
{
	struct scene *s = arg;
	uint32_t host = SCENE_HOST + round % 200;

	s->proto = round & 1 ? DAISY_TCP : DAISY_UDP;
	scene_packet(s, &s->half[0].frame, host, 2000 + round / 200, SCENE_REMOTE, 2);
	prepare(s, host, 2000 + round / 200, PORT);
}

/* The packet has left by the only mapping that its endpoint has. */
static bool one_of_them(void *arg, uint32_t round)
{
	struct scene *s = arg;
	struct daisy_mapping *m = bed_record(&s->bed, slot_of(s), s->proto, PORT);
	bool made = !s->n[3], sent = scene_sent(s, 0);
	uint16_t port = s->half[0].sent.sport;

	if (!sent)
		s->n[1]++;	/* refused rather than translated wrongly */
	if ((made && m->ctl.state == MAPPING_ACTIVE && (!sent || port == PORT)) ||
	    (!made && s->n[3] == REASON_CREATE_RACE && sent && port != PORT)) {
		if (made)
			end_forward(s);
		return true;
	}
	tap_why("round %u: forward %s (%u), packet %s from port %u", round, made ? "made" : "refused", s->n[3],
		sent ? "sent" : "refused", port);
	s->n[2]++;
	return false;
}

static void same_port(void *arg, uint32_t round)
{
	struct scene *s = arg;
	uint32_t host = SCENE_HOST + round % 200;

	s->proto = DAISY_UDP;
	scene_packet(s, &s->half[0].frame, host, 2000, SCENE_REMOTE, 0);
	prepare(s, host + 0x10000, 53, 2000);
}

static bool one_owner(void *arg, uint32_t round)
{
	struct scene *s = arg;
	struct daisy_mapping *m = bed_record(&s->bed, slot_of(s), s->proto, 2000);
	bool made = !s->n[3], sent = scene_sent(s, 0);

	if (made != sent && m->ctl.state == MAPPING_ACTIVE && !(m->flags & MAPPING_STATIC) == sent) {
		if (made)
			end_forward(s);
		else
			daisy_mapping_delete(s->bed.inst, slot_of(s), 2000, DAISY_UDP);
		bed_advance(&s->bed, 6);
		bed_sweep_one(&s->bed, slot_of(s), DAISY_UDP, 2000);
		return true;
	}
	tap_why("round %u: forward %s (%u), packet %s", round, made ? "made" : "refused", s->n[3],
		sent ? "sent" : "refused");
	s->n[2]++;
	return false;
}

static void of_endpoint(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 1 }, .n_addresses = 1, .prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;
	struct check c;

	scene_open(&s, &spec);
	s.pair = (struct pair){ &s, same_endpoint, { scene_send_first, make_forward }, one_of_them, 0 };
	pair_run(&s.pair, ROUNDS);
	tap_ok(!s.n[2], "a forward and a mapping of one endpoint that two CPUs make at once: one remains "
	       "(%u rounds) (U1, T1)", ROUNDS);
	tap_note("%u forwards made, %u packets refused", s.n[0], s.n[1]);
	tap_ok(s.n[0] && s.n[0] < ROUNDS && s.n[1] * 50 < ROUNDS, "at times it was the forward, at times the other");
	scene_check(&s, &c, "mappings and forwards are counted right after that (G4)");
	scene_end(&s, "after the forwards every port is free again (G8)");
	bed_close(&s.bed);
}

/* One port in all, which both want. */
static void of_port(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 1, .timer_s[DAISY_TIMER_HOLD] = 3 },
		.n_addresses = 1, .first = 2000, .last = 2000, .prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;

	scene_open(&s, &spec);
	s.pair = (struct pair){ &s, same_port, { scene_send_first, make_forward }, one_owner, 0 };
	pair_run(&s.pair, ROUNDS);
	tap_ok(!s.n[2], "a port that a forward and a packet want at once has one owner (%u rounds) (G8)", ROUNDS);
	tap_note("%u forwards made", s.n[0]);
	tap_ok(s.n[0] && s.n[0] < ROUNDS, "at times it was the forward's, at times the packet's");
	scene_end(&s, "and it is free again after that (G8)");
	bed_close(&s.bed);
}

void race_forwards(void)
{
	of_endpoint();
	of_port();
}
