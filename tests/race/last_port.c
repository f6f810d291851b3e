/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pool of one port: two endpoints want it, or one wants it while its hold-down ends. */
#include "race/scene.h"

#define PORT 2000
#define HOLD_S 3
#define ROUNDS 2500

static uint32_t slot_of(struct scene *s)
{
	return bed_slot(&s->bed, BED_EXTERNAL);
}

/* End the mapping of the port and let the port return. */
static void give_back(struct scene *s)
{
	if (scene_record(s, PORT)->ctl.state == MAPPING_ACTIVE &&
	    daisy_mapping_delete(s->bed.inst, slot_of(s), PORT, s->proto))
		tap_bail("cannot delete a mapping: %s", daisy_error());
	bed_advance(&s->bed, HOLD_S + 3);
	bed_sweep_one(&s->bed, slot_of(s), s->proto, PORT);
}

static void two_endpoints(void *arg, uint32_t round)
{
	struct scene *s = arg;

	give_back(s);
	for (int i = 0; i < 2; i++)
		scene_packet(s, &s->half[i].frame, SCENE_HOST + i, 2000 + round, SCENE_REMOTE, 2);
}

static bool one_wins(void *arg, uint32_t round)
{
	struct scene *s = arg;
	int n = scene_sent(s, 0) + scene_sent(s, 1), winner = scene_sent(s, 1);
	const struct daisy_mapping *m = scene_record(s, PORT);

	if (n == 1 && m->ctl.state == MAPPING_ACTIVE &&
	    wire_get32(m->inside.addr) == SCENE_HOST + winner && m->inside.port == 2000 + round) {
		s->n[winner]++;
		pair_lean(&s->pair, !winner);
		return true;
	}
	tap_why("round %u: %d packets sent, the port in state %u", round, n, m->ctl.state);
	s->n[2]++;
	return false;
}

static void port_in_hold(void *arg, uint32_t round)
{
	struct scene *s = arg;

	give_back(s);
	scene_packet(s, &s->half[0].frame, SCENE_HOST, 2000 + 2 * round, SCENE_REMOTE, 2);
	scene_send(s, 0);
	if (!scene_sent(s, 0) || daisy_mapping_delete(s->bed.inst, slot_of(s), PORT, s->proto))
		tap_bail("round %u: cannot prepare a port in hold-down", round);
	bed_advance(&s->bed, HOLD_S + 3);
	scene_packet(s, &s->half[0].frame, SCENE_HOST, 2001 + 2 * round, SCENE_REMOTE, 2);
}

static bool held_or_given(void *arg, uint32_t round)
{
	struct scene *s = arg;
	const struct daisy_mapping *m = scene_record(s, PORT);
	const struct daisy_port_map *map = daisy_instance_port_map(s->bed.inst, slot_of(s), s->proto);
	bool sent = scene_sent(s, 0), bit = map->leaf[PORT / 64] >> (PORT & 63) & 1;

	s->n[sent]++;
	pair_lean(&s->pair, !sent);
	if (sent ? m->ctl.state == MAPPING_ACTIVE && !bit && m->inside.port == (uint16_t)(2001 + 2 * round)
		 : m->ctl.state == MAPPING_FREE && bit)
		return true;
	tap_why("round %u: packet %s, port in state %u, its bit %d", round, sent ? "sent" : "refused",
		m->ctl.state, bit);
	s->n[2]++;
	return false;
}

void race_last_port(void)
{
	const struct bed_spec spec = {
		.instance = { .max_slots = 1, .timer_s[DAISY_TIMER_HOLD] = HOLD_S },
		.n_addresses = 1, .first = PORT, .last = PORT, .prefix = 0x0a000000, .prefix_len = 8,
	};
	static struct scene s;
	uint64_t refused;
	struct check c;

	scene_open(&s, &spec);
	s.port = PORT;
	s.proto = DAISY_UDP;
	s.pair = (struct pair){ &s, two_endpoints, { scene_send_first, scene_send_second }, one_wins, 0 };
	pair_run(&s.pair, ROUNDS);
	refused = bed_counter(&s.bed, BED_COUNTER(drop_NO_PORT));
	tap_ok(!s.n[2] && refused == ROUNDS, "the last port goes to exactly one of two CPUs, and the other "
	       "packet is refused for no_port (%u rounds) (U3, T7, G11, B3)", ROUNDS);
	tap_note("CPU 0 got it %u times, CPU 1 %u times", s.n[0], s.n[1]);
	tap_ok(s.n[0] && s.n[1], "both CPUs won at times");
	s.n[0] = s.n[1] = 0;
	s.pair = (struct pair){ &s, port_in_hold, { scene_send_first, scene_sweep_port }, held_or_given, 0 };
	pair_run(&s.pair, ROUNDS);
	tap_ok(!s.n[2], "a port whose hold-down ends while another CPU wants it is either given or kept "
	       "(%u rounds) (G8)", ROUNDS);
	tap_note("given %u times, kept %u times", s.n[1], s.n[0]);
	tap_ok(s.n[0] && s.n[1], "it was given at times, and kept at times");
	scene_check(&s, &c, "the one port is accounted for after that");
	scene_end(&s, "and it is free again in the end");
	bed_close(&s.bed);
}
