/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the packet path, by per-CPU rings (perf event array `events`).
 * They inform; what must not be lost lives in the maps.
 */
#ifndef DAISY_SHARED_EVENTS_H
#define DAISY_SHARED_EVENTS_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "nat.h"

#define DAISY_EVENTS(X) \
	X(1, CREATED, "created", "a mapping was created") \
	X(2, EXPIRED, "expired", "a mapping ended, its port entered hold-down") \
	X(3, EXHAUSTED, "exhausted", "a mapping could not be created for lack of something") \
	X(4, UNRESOLVED, "unresolved", "a next hop has to be resolved") \
	X(5, BLOCK_ALLOCATED, "block-allocated", "a subscriber was given a port block") \
	X(6, BLOCK_RELEASED, "block-released", "a port block was given back") \
	X(7, THRESHOLD, "threshold", "a subscriber has come near a limit of its pool")

enum daisy_event_kind {
#define X(num, sym, name, help) EVENT_##sym = num,
	DAISY_EVENTS(X)
#undef X
};

struct daisy_event {
	__u8 kind;		/* enum daisy_event_kind */
	__u8 proto;		/* enum daisy_proto */
	__u16 reason;		/* enum daisy_reason of EXHAUSTED */
	__u32 tick;
	__u16 slot;
	__u16 port;		/* external; of a block: the first */
	__u16 generation;
	__u16 link;
	union daisy_endpoint inside;	/* UNRESOLVED: the address to resolve */
	__u32 ifindex;		/* UNRESOLVED */
	__u16 last;		/* last port of a block */
	__u16 pad;
};

_Static_assert(sizeof(struct daisy_event) == 32, "event");

#endif
