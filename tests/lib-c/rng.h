/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marsaglia's xorshift64: the same seed gives the same test on every machine. */
#ifndef DAISY_TESTS_RNG_H
#define DAISY_TESTS_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;		/* never 0 */
};

static inline uint64_t rng_next(struct rng *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state;
}

/* 0 .. n - 1; the low bits of a xorshift are its weakest, so they are left out. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (rng_next(r) >> 32) * n >> 32;
}

#endif
