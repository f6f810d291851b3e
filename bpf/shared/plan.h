/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deterministic NAT (RFC 7422): which ports of which external address an inside
 * address has. The arithmetic is here once, for the packet path and for
 * userspace (user/nat/deterministic.h says what the numbers mean); userspace
 * makes the numbers. No divisor is 0, and all divisions are unsigned.
 */
#ifndef DAISY_SHARED_PLAN_H
#define DAISY_SHARED_PLAN_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "limits.h"

/* Usable ports without a gap: `rank` usable ports lie below the first of them. */
struct daisy_plan_run {
	__u16 first;
	__u16 rank;		/* 0xffff: no run, no port has this rank */
};

struct daisy_plan_numbers {
	__u32 round_robin;	/* enum daisy_plan_algorithm */
	__u32 n_addresses;
	__u32 ratio;		/* subscribers of an address at most */
	__u32 ports;		/* of each subscriber */
	struct daisy_plan_run run[DAISY_PLAN_RUNS];	/* ascending */
};

/* Where a subscriber is: by the number of its address, and its ports there. */
struct daisy_plan_place {
	__u32 address;
	__u16 first;
	__u16 last;
};

/* Map `plans`, by pool. */
struct daisy_plan_table {
	struct daisy_plan_numbers numbers;
	__u32 version;		/* changes with the plan: prefixes of another one do not count */
	__u16 slot[DAISY_MAX_SLOTS];	/* of the addresses by number */
};

/* Map `plan_prefixes`: inside prefixes of the plans. */
struct daisy_plan_prefix {
	__u32 pool;
	__u32 version;		/* of its plan */
	__u32 addr;		/* first, host order */
	__u32 number;		/* of the first address among those of the plan */
};

/* A run by number. Its bound has to be seen where it is used: Linux 6.1 follows no bits. */
static inline const struct daisy_plan_run *daisy_plan_run(const struct daisy_plan_numbers *n, __u32 at)
{
	asm volatile("" : "+r"(at));
	return &n->run[at & (DAISY_PLAN_RUNS - 1)];
}

/* The usable port of a rank. Without branches: the verifier would follow each way through them. */
static inline __u16 daisy_plan_port(const struct daisy_plan_numbers *n, __u32 rank)
{
	const struct daisy_plan_run *run;
	__u32 at = 0;

#pragma GCC unroll 8
	for (__u32 step = DAISY_PLAN_RUNS / 2; step; step >>= 1) {
		__s32 beyond = (__s32)rank - (__s32)daisy_plan_run(n, at + step)->rank;

		/* The compiler would make branches of it. */
		asm volatile("" : "+r"(beyond));
		beyond >>= 31;
		asm volatile("" : "+r"(beyond));
		at += step & ~(__u32)beyond;
	}
	run = daisy_plan_run(n, at);
	return (__u16)(run->first + rank - run->rank);
}

/* Place of the subscriber of a number. */
static inline void daisy_plan_find(const struct daisy_plan_numbers *n, __u32 subscriber,
				   struct daisy_plan_place *place)
{
	__u32 by = n->round_robin ? n->n_addresses : n->ratio;
	__u32 quotient = subscriber / by, rest = subscriber % by;
	__u32 block = n->round_robin ? quotient : rest;

	place->address = n->round_robin ? rest : quotient;
	place->first = daisy_plan_port(n, block * n->ports);
	place->last = daisy_plan_port(n, (block + 1) * n->ports - 1);
}

_Static_assert(sizeof(struct daisy_plan_run) == 4, "run");
_Static_assert(sizeof(struct daisy_plan_prefix) == 16, "plan prefix");

#endif
