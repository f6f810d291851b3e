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

/*
 * The current tick, and leave it for the packets of the next few jiffies: those
 * read a variable of the kernel instead of its clock (fast.h). While the
 * daemon's stamp is old they may not, since they trust remembered next hops.
 */
static __always_inline void clock_publish(struct daisy_conf *c, __u32 tick, bool stale)
{
	__u64 jiffies = bpf_jiffies64();

	if (stale) {
		c->tick_jiffies = 0;
	} else if (c->tick != tick || jiffies - c->tick_jiffies >= DAISY_TICK_JIFFIES / 2) {
		c->tick = tick;
		c->tick_jiffies = jiffies;
	}
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
