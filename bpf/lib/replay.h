/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A held packet that the daemon runs through the program again, by BPF_PROG_RUN:
 * its order stands before the frame, and the answer (which link) goes back there.
 * Frames from the wire have no such words: drivers hand them over without metadata.
 */
#ifndef DAISY_REPLAY_H
#define DAISY_REPLAY_H

#include "packet.h"

static __always_inline struct daisy_replay *replay_order(struct xdp_md *ctx)
{
	struct daisy_replay *r = packet_meta(ctx);

	return (void *)(r + 1) <= packet_start(ctx) && r->magic == DAISY_REPLAY_MAGIC ? r : NULL;
}

/* 0 for a packet from the wire. */
static __always_inline __u8 replay_class(struct xdp_md *ctx)
{
	struct daisy_replay *r = replay_order(ctx);

	if (likely(!r))
		return 0;
	return (r->class + 1) | (r->flags & DAISY_REPLAY_OVERFLOW ? REPLAY_OVERFLOW : 0);
}

/* Tell the daemon where the packet leaves by: it cannot see a redirect's target. */
static __always_inline void replay_leaves_by(struct xdp_md *ctx, __u32 link, __u32 mtu)
{
	struct daisy_replay *r = replay_order(ctx);

	if (r) {
		r->link = link;
		r->mtu = mtu;
	}
}

#endif
