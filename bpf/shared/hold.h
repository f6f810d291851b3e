/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Held packets: what XDP cannot decide at once goes by AF_XDP to the daemon,
 * which keeps it and later runs the same program on it again (a replay).
 */
#ifndef DAISY_SHARED_HOLD_H
#define DAISY_SHARED_HOLD_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#include "limits.h"

/*
 * Classes: symbol, packets between the program and the daemon on one queue,
 * packets of one source in a tick, packets of all in a tick, sentence. A class has
 * a ring of its own, as large as its quota (a power of two): a flood of one leaves
 * the others their rings. Sources are forged, so what all may have bounds what a
 * flood costs the daemon, which has other things to do: sixteen sources with all
 * of their share, some 5 us each; of packets to be cut (20 to 40 us each) four,
 * 90 Mbit/s for a quarter of a core.
 */
#define DAISY_HOLD_CLASSES(X) \
	X(FRAGMENT, 256, 256, 4096, "later fragments that came before the first one") \
	X(TOO_BIG, 128, 2048, 8192, "packets without DF that are larger than the next link") \
	X(SYN, 128, 64, 1024, "inbound SYNs that nobody has asked for")

enum daisy_hold_class {
#define X(sym, quota, source, total, help) DAISY_HOLD_##sym,
	DAISY_HOLD_CLASSES(X)
#undef X
	DAISY_N_HOLD_CLASSES,
};

/* Sum of the quotas of a queue: what its memory has to have frames for. */
enum {
#define X(sym, quota, source, total, help) + (quota)
	DAISY_HOLD_FRAMES = 0 DAISY_HOLD_CLASSES(X),
#undef X
};

/* Receive queues of a device from which packets can be held; those of further ones are judged at once. */
#define DAISY_HOLD_QUEUES 32

/* The table of sockets has room for more classes: a device's part begins at a multiple of this. */
#define DAISY_HOLD_CLASSES_MAX 4
#define DAISY_HOLD_SOCKETS (DAISY_MAX_LINKS * DAISY_HOLD_QUEUES * DAISY_HOLD_CLASSES_MAX)

/*
 * Longest frame that is held. A program under BPF_PROG_RUN sees 3520 bytes; the
 * replay's order takes 16 of them.
 */
#define DAISY_HOLD_FRAME 3504

/* device: number of its untagged link */
static inline __u32 daisy_hold_key(__u32 device, __u32 queue, __u32 class)
{
	return (device * DAISY_HOLD_QUEUES + queue) * DAISY_HOLD_CLASSES_MAX + class;
}

/* Packets of a ring on their way: sent - taken. */
struct daisy_hold_ring {
	__u32 sent;		/* BPF adds */
	__u32 taken;		/* the daemon adds, also those that never arrived */
};

/* Packets of a source, or of a class, within a tick. */
struct daisy_budget {
	__u32 count;
	__u32 tick;
} __attribute__((aligned(8)));	/* changed as one word */

#define DAISY_REPLAY_MAGIC 0xda15e11eu

/* daisy_replay.flags */
#define DAISY_REPLAY_OVERFLOW 1	/* there was no room to hold it */

/* Stands before the frame of a replay (XDP metadata). */
struct daisy_replay {
	__u32 magic;
	__u8 class;		/* enum daisy_hold_class */
	__u8 flags;
	__u16 link;		/* BPF writes: where it leaves by; 0: back to where it came from */
	__u16 mtu;		/* BPF writes: of that link */
	__u16 pad[3];
};

_Static_assert(sizeof(struct daisy_hold_ring) == 8, "hold ring");
_Static_assert(sizeof(struct daisy_budget) == 8, "budget: one word");
_Static_assert(sizeof(struct daisy_replay) == 16, "replay: a multiple of four, at most 32");
_Static_assert(DAISY_N_HOLD_CLASSES <= DAISY_HOLD_CLASSES_MAX, "classes");

#endif
