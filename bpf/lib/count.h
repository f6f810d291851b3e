/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting. Verdicts travel as int: an XDP action, or a refusal as minus its
 * reason; the entry point counts the refusal.
 */
#ifndef DAISY_COUNT_H
#define DAISY_COUNT_H

#include "../maps.h"

static __always_inline struct daisy_counters *counters_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

/* Per CPU, and XDP is not preempted by XDP: no atomics. */
#define COUNT(name)                                        \
	do {                                               \
		struct daisy_counters *c_ = counters_get();\
		if (c_)                                    \
			c_->name++;                        \
	} while (0)

#define DROPS_OFFSET __builtin_offsetof(struct daisy_counters, drop_TRUNCATED)
/* count_drop indexes the members by number. */
#define X(num, sym, name, help)                                                               \
	_Static_assert(__builtin_offsetof(struct daisy_counters, drop_##sym) ==               \
			       DROPS_OFFSET + (num - 1) * 8,                                  \
		       "drop counters stand in the order of their numbers");
DAISY_REASONS(X)
#undef X

/* Count a packet in the counter at an offset of struct daisy_counters. */
static __always_inline void count_end(struct daisy_counters *c, __u32 offset)
{
	barrier_var(offset);
	if (offset <= sizeof(*c) - sizeof(__u64))
		*(__u64 *)((void *)c + offset) += 1;
}

/* Offset of a reason's counter, for packets that are refused and answered. */
#define DROP_OFFSET(reason) (DROPS_OFFSET + ((reason) - 1) * sizeof(__u64))

static __always_inline void count_drop(struct daisy_counters *c, __u32 reason)
{
	__u64 *drops = &c->drop_TRUNCATED;
	__u32 i = reason - 1;

	barrier_var(i);	/* the verifier must see the bound of what is added, not of what it came from */
	if (i < DAISY_N_REASONS - 1)
		drops[i]++;
}

#endif
