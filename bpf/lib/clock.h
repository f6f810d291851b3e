/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daisy clock: the kernel's coarse monotonic clock plus an offset that
 * tests set. State carries ticks of 2^30 ns (1.07 s) in 28 bits, which wrap
 * after nine years; user/lib/clock.h is the twin in userspace.
 */
#ifndef DAISY_CLOCK_H
#define DAISY_CLOCK_H

#include "../maps.h"

#define TICK_SHIFT 30

static __always_inline struct daisy_conf *conf_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&conf, &zero);
}

static __always_inline __u64 clock_ns(const struct daisy_conf *c)
{
	return bpf_ktime_get_coarse_ns() + c->clock_offset_ns;
}

static __always_inline __u32 clock_tick(const struct daisy_conf *c)
{
	return (clock_ns(c) >> TICK_SHIFT) & DAISY_SEEN_MASK;
}

/*
 * Ticks from then to now. Another CPU may have stamped a record after we read
 * the clock: a stamp ahead of us is of age 0, not of nine years.
 */
static __always_inline __u32 tick_age(__u32 now, __u32 then)
{
	__u32 age = (now - then) & DAISY_SEEN_MASK;

	return age > DAISY_SEEN_MASK / 2 ? 0 : age;
}

#endif
