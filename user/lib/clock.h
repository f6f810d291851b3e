/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daisy clock, twin of bpf/lib/clock.h: the kernel's coarse monotonic clock
 * plus an offset that tests set. Records carry ticks of 2^30 ns (1.07 s) in 28
 * bits, which wrap after nine years; ages survive the wrap.
 */
#ifndef DAISY_LIB_CLOCK_H
#define DAISY_LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "shared/nat.h"

#define DAISY_TICK_SHIFT 30
#define DAISY_NS_PER_S 1000000000ULL

/* A year: far from the wrap, so that an age beyond half of the range is a stamp ahead of us. */
#define DAISY_TIMER_MAX_S (366U * 24 * 60 * 60)

static inline uint64_t daisy_clock_ns(int64_t offset_ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * DAISY_NS_PER_S + (uint64_t)now.tv_nsec + (uint64_t)offset_ns;
}

static inline uint32_t daisy_tick(uint64_t clock_ns)
{
	return (uint32_t)(clock_ns >> DAISY_TICK_SHIFT) & DAISY_SEEN_MASK;
}

/*
 * Ticks from `then` to `now`. Another CPU may have stamped a record after we
 * read the clock: a stamp ahead of us is of age 0, not of nine years.
 */
static inline uint32_t daisy_tick_age(uint32_t now, uint32_t then)
{
	uint32_t age = (now - then) & DAISY_SEEN_MASK;

	return age > DAISY_SEEN_MASK / 2 ? 0 : age;
}

/*
 * Ticks that last at least so many seconds. Rounded up, and one more: a stamp
 * may have been written at the very end of its tick. 0 stays 0.
 */
static inline uint32_t daisy_ticks_from_seconds(uint32_t seconds)
{
	uint64_t tick_ns = 1ULL << DAISY_TICK_SHIFT;

	if (!seconds)
		return 0;
	return (uint32_t)((seconds * DAISY_NS_PER_S + tick_ns - 1) >> DAISY_TICK_SHIFT) + 1;
}

/* Whole seconds in so many ticks, rounded down: for listings. */
static inline uint32_t daisy_seconds_from_ticks(uint32_t ticks)
{
	return (uint32_t)(((uint64_t)ticks << DAISY_TICK_SHIFT) / DAISY_NS_PER_S);
}

#endif
