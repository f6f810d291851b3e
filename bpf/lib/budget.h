/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shares of a source in what is scarce, per tick. Sources are found by a keyed
 * hash, without a table that could be filled; two that meet share a budget.
 */
#ifndef DAISY_BUDGET_H
#define DAISY_BUDGET_H

#include "clock.h"
#include "packet.h"

/* What a budget is for: the classes of held packets, and then these. */
#define BUDGET_FIRST_OUT DAISY_HOLD_CLASSES_MAX		/* unfinished datagrams from the inside */
#define BUDGET_FIRST_IN (DAISY_HOLD_CLASSES_MAX + 1)	/* the same towards the inside */
#define BUDGET_PERMIT (DAISY_HOLD_CLASSES_MAX + 2)	/* new permissions of filtered pools */
#define BUDGET_FIRST_OF (DAISY_HOLD_CLASSES_MAX + 3)	/* datagrams of one sender to one inside host */

static __always_inline __u32 budget_slot(__u32 addr, __u32 zone, __u32 what)
{
	struct daisy_conf *c = conf_get();

	return c ? endpoint_word(addr, what, zone) * c->hash_key[1] >> (64 - DAISY_BUDGET_BITS) : 0;
}

/* Take one of `limit` in this tick. False: there is none left. */
static __always_inline bool budget_take(__u32 slot, __u32 now, __u32 limit)
{
	__u64 *word = bpf_map_lookup_elem(&budgets, &slot), old;

	if (!word)
		return false;
	old = *(volatile __u64 *)word;
	if (old >> 32 != now) {
		/* Lost against another CPU: then the new tick has begun there. */
		if (__sync_val_compare_and_swap(word, old, (__u64)now << 32 | 1) == old)
			return true;
		old = *(volatile __u64 *)word;
	}
	if ((__u32)old >= limit)
		return false;
	__sync_fetch_and_add(word, 1);
	return true;
}

/* Give one back, if it was taken in this tick. */
static __always_inline void budget_give(__u32 slot, __u32 now)
{
	__u64 *word = bpf_map_lookup_elem(&budgets, &slot), old;

	if (!word)
		return;
	old = *(volatile __u64 *)word;
	if (old >> 32 == now && (__u32)old)
		__sync_val_compare_and_swap(word, old, old - 1);
}

#endif
