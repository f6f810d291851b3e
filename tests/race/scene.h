/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the races share: a bed, and for each half a frame and what became of it. */
#ifndef DAISY_TESTS_SCENE_H
#define DAISY_TESTS_SCENE_H

#include "lib-c/check.h"
#include "lib-c/frame.h"
#include "lib-c/tap.h"
#include "lib-c/wire.h"
#include "nat/sweep.h"
#include "race/pair.h"

#define SCENE_HOST 0x0a000001u		/* 10.0.0.1 */
#define SCENE_REMOTE 0xcb007101u	/* 203.0.113.1 */

struct scene {
	struct bed bed;
	enum daisy_proto proto;		/* of this race */
	struct {
		struct frame frame;
		uint32_t action;	/* XDP_* */
		uint32_t out_len;
		uint8_t out[4096];
		struct wire sent;	/* parsed, if it was sent */
	} half[2];
	uint16_t port;			/* external port that is raced for */
	uint64_t free_at_start;		/* ports */
	uint32_t n[4];			/* outcomes, as the race defines them */
	struct pair pair;
};

/* A bed for a race. What is refused is not answered: an answer would look like a packet that is sent on. */
void scene_open(struct scene *s, const struct bed_spec *spec);
/* An outbound packet of the race's protocol from an inside endpoint (TCP: with these flags). */
void scene_packet(struct scene *s, struct frame *f, uint32_t src, uint16_t sport, uint32_t dst,
		  uint8_t tcp_flags);
/* Run a half's frame from the inside and remember what became of it. */
void scene_send(struct scene *s, int half);
bool scene_sent(const struct scene *s, int half);
/* Send an inbound packet to external address and port. True if it was sent on. */
bool scene_answer(struct scene *s, uint32_t ext, uint16_t port, uint8_t tcp_flags);
/* The record of a port of the first address. */
struct daisy_mapping *scene_record(struct scene *s, uint16_t port);
/* Halves for struct pair. */
void scene_send_first(void *arg, uint32_t round);
void scene_send_second(void *arg, uint32_t round);
void scene_sweep_port(void *arg, uint32_t round);

/* Check the state and report it as a result. */
void scene_check(struct scene *s, struct check *c, const char *title);
/* Let everything end; every port has to be free again. */
void scene_end(struct scene *s, const char *title);

/* The races (one file each). */
void race_twins(void);
void race_last_port(void);
void race_refresh(void);
void race_subscribers(void);
void race_blocks(void);
void race_forwards(void);
void race_storm(uint32_t seconds);

#endif
