/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port blocks: two packets need one at once; one is given back while a packet wants a port of it. */
#include <string.h>

#include "lib-c/blocks.h"
#include "race/scene.h"

#define ROUNDS 2500
#define HOLD_S 3
#define HOST (SCENE_HOST + 0x20000)

static uint32_t slot_of(struct scene *s)
{
	return bed_slot(&s->bed, BED_EXTERNAL);
}

static unsigned int blocks_held(struct scene *s, uint32_t host)
{
	uint8_t addr[4];
	uint32_t word;

	wire_put32(addr, host);
	memcpy(&word, addr, 4);
	return blocks_count(s->bed.inst, slot_of(s), word, 0);
}

static void new_subscriber(void *arg, uint32_t round)
{
	struct scene *s = arg;

	for (int i = 0; i < 2; i++) {
		s->proto = i ? DAISY_TCP : DAISY_UDP;
		scene_packet(s, &s->half[i].frame, SCENE_HOST + round % 500, 5000 + round / 500, SCENE_REMOTE, 2);
	}
}

static bool one_block(void *arg, uint32_t round)
{
	struct scene *s = arg;
	uint16_t a = s->half[0].sent.sport, b = s->half[1].sent.sport;

	if (scene_sent(s, 0) && scene_sent(s, 1) && a / 64 == b / 64 &&
	    blocks_held(s, SCENE_HOST + round % 500) == 1)
		return true;
	tap_why("round %u: ports %u and %u, %u blocks", round, a, b,
		blocks_held(s, SCENE_HOST + round % 500));
	s->n[2]++;
	return false;
}

/* The first block of a host that has no port in use. */
static uint16_t idle_block;

static void idle(void *arg, uint32_t round)
{
	struct scene *s = arg;

	s->proto = DAISY_UDP;
	scene_packet(s, &s->half[0].frame, HOST, 6000 + round % 1000, SCENE_REMOTE, 0);
	scene_send(s, 0);
	s->port = s->half[0].sent.sport;
	if (!scene_sent(s, 0) || daisy_mapping_delete(s->bed.inst, slot_of(s), s->port, DAISY_UDP))
		tap_bail("round %u: cannot prepare an idle block", round);
	bed_advance(&s->bed, HOLD_S + 3);
	bed_sweep_one(&s->bed, slot_of(s), DAISY_UDP, s->port);
	idle_block = s->port / 64 * 64;
	if (daisy_instance_block_map(s->bed.inst, slot_of(s))->block[idle_block / 64].used)
		tap_bail("round %u: the block is in use", round);
}

static void sweep_block(void *arg, uint32_t round)
{
	struct scene *s = arg;
	struct daisy_sweep_header h = { .n = 1 };
	struct daisy_block_item item = { .slot = slot_of(s), .port = idle_block };

	(void)round;
	if (daisy_instance_sweep_blocks_batch(s->bed.inst, &h, &item))
		tap_bail("cannot sweep a block: %s", daisy_error());
	s->n[0] += h.freed;
	pair_lean(&s->pair, !h.freed);
}

static bool port_in_own_block(void *arg, uint32_t round)
{
	struct scene *s = arg;
	const char *wrong = blocks_contradiction(s->bed.inst, slot_of(s));

	if (!wrong && scene_sent(s, 0) && blocks_held(s, HOST) == 1) {
		daisy_mapping_delete(s->bed.inst, slot_of(s), s->half[0].sent.sport, DAISY_UDP);
		bed_advance(&s->bed, HOLD_S + 3);
		bed_sweep_one(&s->bed, slot_of(s), DAISY_UDP, s->half[0].sent.sport);
		return true;
	}
	tap_why("round %u: packet %s, %u blocks, %s", round, scene_sent(s, 0) ? "sent" : "refused",
		blocks_held(s, HOST), wrong ? wrong : "no contradiction");
	s->n[2]++;
	return false;
}

/* What the daemon's sweep does when nobody uses anything any more. */
static void sweep_all_blocks(struct scene *s)
{
	for (uint32_t port = 0; port < DAISY_VECTOR_SIZE; port += 64) {
		idle_block = port;
		sweep_block(s, 0);
	}
}

void race_blocks(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 1, .timer_s[DAISY_TIMER_HOLD] = HOLD_S },
		.n_addresses = 1, .prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;
	struct check c;

	scene_open(&s, &spec);
	daisy_instance_pools(s.bed.inst)[1] = (struct daisy_pool){ .block_order = 1, .blocks = 8 };
	s.pair = (struct pair){ &s, new_subscriber, { scene_send_first, scene_send_second }, one_block, 0 };
	pair_run(&s.pair, ROUNDS);
	tap_ok(!s.n[2], "a subscriber whose first packets meet on two CPUs gets one block for both (%u rounds) "
	       "(G13)", ROUNDS);
	scene_check(&s, &c, "blocks count their ports after that (G4)");
	s.n[0] = s.n[2] = 0;
	s.pair = (struct pair){ &s, idle, { scene_send_first, sweep_block }, port_in_own_block, 0 };
	pair_run(&s.pair, ROUNDS);
	tap_ok(!s.n[2], "no port is taken in a block that another CPU gives back (%u rounds) (G8, G13)", ROUNDS);
	tap_note("given back %u times", s.n[0]);
	tap_ok(s.n[0] && s.n[0] < ROUNDS, "it was given back at times, and kept at times");
	scene_end(&s, "after the blocks every port is free again (G8)");
	sweep_all_blocks(&s);
	tap_ok(!blocks_count(s.bed.inst, slot_of(&s), 0, 0), "and no block is anybody's");
	bed_close(&s.bed);
}
