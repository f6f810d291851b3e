/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames out of a seed: valid packets of every kind that the NAT knows, and ways to spoil them. */
#ifndef DAISY_TESTS_GENERATE_H
#define DAISY_TESTS_GENERATE_H

#include "lib-c/frame.h"
#include "lib-c/rng.h"

#define GENERATE_HOSTS 24		/* inside hosts: the prefix's address plus 1 and on */
#define GENERATE_INSIDE 0x0a000000u	/* 10.0.0.0/8 */
#define GENERATE_FIRST 1024		/* external ports: few, so that they run out */
#define GENERATE_LAST 1263

enum generate_kind {
	OUT_UDP,
	OUT_TCP,
	OUT_ICMP,
	IN_MAPPED,		/* to a live mapping */
	IN_ANY,			/* to any port */
	HAIRPIN,
	IN_ERROR,		/* ICMP errors about translated packets */
	OUT_ERROR,
	NESTED_ERROR,		/* an error about an error */
	ECHO_EXTERNAL,
	TO_SELF,		/* the box's own, multicast, loopback and other addresses */
	NOT_IPV4,
	GENERATE_KINDS,
};

/* A valid frame; returns the device that it comes in by. */
enum bed_link generate(struct rng *rng, const struct bed *bed, enum generate_kind kind, struct frame *f);
/* Spoil a frame in up to three ways. */
void mutate(struct rng *rng, struct frame *f);
/* Cut one frame into up to n parts, sometimes overlapping or with gaps (teardrop); returns how many. */
int shatter(struct rng *rng, const struct frame *whole, struct frame *parts, int n);

#endif
