/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "race/scene.h"

#include <linux/bpf.h>

static const uint8_t ip_protos[DAISY_N_PROTOS] = { 17, 6, 1 };

void scene_packet(struct scene *s, struct frame *f, uint32_t src, uint16_t sport, uint32_t dst,
		  uint8_t tcp_flags)
{
	const struct frame_spec spec = {
		.link = BED_INSIDE, .src = src, .dst = dst, .proto = ip_protos[s->proto],
		.sport = sport, .dport = 80, .tcp_flags = tcp_flags, .icmp_type = 8, .n_data = 8,
	};

	frame_build(f, &spec);
}

void scene_send(struct scene *s, int half)
{
	const struct frame *f = &s->half[half].frame;

	s->half[half].action = bed_run_raw(&s->bed, BED_INSIDE, f->bytes, f->len, s->half[half].out,
					   &s->half[half].out_len);
	wire_parse(&s->half[half].sent, s->half[half].out, s->half[half].out_len);
}

bool scene_sent(const struct scene *s, int half)
{
	return s->half[half].action == XDP_TX || s->half[half].action == XDP_REDIRECT;
}

bool scene_answer(struct scene *s, uint32_t ext, uint16_t port, uint8_t tcp_flags)
{
	const struct frame_spec spec = {
		.link = BED_OUTSIDE, .src = SCENE_REMOTE, .dst = ext, .proto = ip_protos[s->proto],
		.sport = s->proto == DAISY_ICMP ? port : 80, .dport = port, .tcp_flags = tcp_flags,
		.n_data = 8,
	};
	struct frame f;
	uint32_t action;

	frame_build(&f, &spec);
	action = bed_run_raw(&s->bed, BED_OUTSIDE, f.bytes, f.len, NULL, NULL);
	return action == XDP_TX || action == XDP_REDIRECT;
}

struct daisy_mapping *scene_record(struct scene *s, uint16_t port)
{
	return bed_record(&s->bed, bed_slot(&s->bed, BED_EXTERNAL), s->proto, port);
}

void scene_send_first(void *arg, uint32_t round)
{
	(void)round;
	scene_send(arg, 0);
}

void scene_send_second(void *arg, uint32_t round)
{
	(void)round;
	scene_send(arg, 1);
}

void scene_sweep_port(void *arg, uint32_t round)
{
	struct scene *s = arg;

	(void)round;
	bed_sweep_one(&s->bed, bed_slot(&s->bed, BED_EXTERNAL), s->proto, s->port);
}

void scene_open(struct scene *s, const struct bed_spec *spec)
{
	struct check c;

	bed_open(&s->bed, spec);
	daisy_instance_conf(s->bed.inst)->exhaustion = EXHAUSTION_SILENT;
	check_instance(s->bed.inst, 0, &c);
	s->free_at_start = c.free;
}

void scene_check(struct scene *s, struct check *c, const char *title)
{
	bool ok = check_instance(s->bed.inst, 0, c);

	if (!ok)
		tap_why("%s", c->error);
	if (c->stale)
		tap_why("%lu index entries of no mapping", c->stale);
	tap_ok(ok && !c->stale, "%s", title);
}

void scene_end(struct scene *s, const char *title)
{
	struct bed_swept swept = { 0 };
	struct check c;
	bool ok;

	for (int i = 0; i < 3; i++) {
		bed_advance(&s->bed, 8000);
		bed_sweep(&s->bed, &swept);
	}
	ok = check_instance(s->bed.inst, 0, &c);
	if (!ok)
		tap_why("%s", c.error);
	if (c.free != s->free_at_start)
		tap_why("%lu ports are free, %lu were", c.free, s->free_at_start);
	tap_ok(ok && c.free == s->free_at_start && !c.active && !c.entries && !c.stale && !c.orphans,
	       "%s", title);
}
