/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a creation has to take its port from, in one word: the slot, the order
 * of the blocks of its pool (0: it has none), and of a deterministic pool the
 * subscriber's first and last port (0: none). Never negative: those are reasons.
 */
#ifndef DAISY_GRANT_H
#define DAISY_GRANT_H

#include "../maps.h"

#define GRANT_ORDER_SHIFT 12
#define GRANT_FIRST_SHIFT 16
#define GRANT_LAST_SHIFT 32

static __always_inline __s64 grant_make(__u32 slot, __u32 first, __u32 last)
{
	return (slot & (DAISY_MAX_SLOTS - 1)) | (__u64)first << GRANT_FIRST_SHIFT |
	       (__u64)last << GRANT_LAST_SHIFT;
}

static __always_inline __u32 grant_slot(__u64 grant)
{
	return grant & (DAISY_MAX_SLOTS - 1);
}

static __always_inline __u32 grant_order(__u64 grant)
{
	return grant >> GRANT_ORDER_SHIFT & 0xf;
}

static __always_inline __u32 grant_first(__u64 grant)
{
	return grant >> GRANT_FIRST_SHIFT & 0xffff;
}

static __always_inline __u32 grant_last(__u64 grant)
{
	return grant >> GRANT_LAST_SHIFT & 0xffff;
}

#endif
