/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Hold this packet, decide later": to the daemon, by the AF_XDP socket of its
 * queue and class, unchanged. A packet that waits has used none of its state:
 * when its wait ends the daemon runs it through this program as a replay, which
 * is never held again. So everything about a packet is decided here.
 */
#ifndef DAISY_HOLD_H
#define DAISY_HOLD_H

#include "budget.h"
#include "count.h"
#include "packet.h"

static __always_inline __u32 hold_quota(__u32 class)
{
#define X(sym, quota, source, total, help)  \
	if (class == DAISY_HOLD_##sym)      \
		return quota;
	DAISY_HOLD_CLASSES(X)
#undef X
	return 0;
}

static __always_inline __u32 hold_source_quota(__u32 class)
{
#define X(sym, quota, source, total, help)  \
	if (class == DAISY_HOLD_##sym)      \
		return source;
	DAISY_HOLD_CLASSES(X)
#undef X
	return 0;
}

static __always_inline __u32 hold_total_quota(__u32 class)
{
#define X(sym, quota, source, total, help)  \
	if (class == DAISY_HOLD_##sym)      \
		return total;
	DAISY_HOLD_CLASSES(X)
#undef X
	return 0;
}

/* Would the daemon only send it back? */
static __always_inline bool hold_is_full(__u32 class)
{
	struct daisy_conf *c = conf_get();

	return !c || *(volatile __u32 *)&c->hold_full & 1 << class;
}

static __always_inline void end_held(struct packet *p, __u32 class)
{
	if (class == DAISY_HOLD_FRAGMENT)
		END(p, held_fragments);
	else if (class == DAISY_HOLD_SYN)
		END(p, held_syns);
	else
		END(p, held_too_big);
}

/*
 * Returns XDP_REDIRECT: held. Minus a reason: refused. 0: cannot be held (a
 * replay, no socket, too long): the caller has a verdict for that.
 *
 * The redirect may fail after we have returned: such a packet is on its way for
 * ever, until the daemon finds its ring empty and writes it off.
 */
STAGE int hold(struct xdp_md *ctx, struct packet *p, __u32 class)
{
	struct daisy_hold_ring *ring;
	__u32 key, queue = ctx->rx_queue_index;
	__u64 len = packet_end(ctx) - packet_start(ctx);

	if (!p || class >= DAISY_N_HOLD_CLASSES)
		return 0;
	if (p->replay)
		return p->replay & REPLAY_OVERFLOW ? -REASON_HOLD_FULL : 0;
	if (queue >= DAISY_HOLD_QUEUES || len > DAISY_HOLD_FRAME)
		return 0;
	key = daisy_hold_key(device_link, queue, class);
	ring = bpf_map_lookup_elem(&hold_rings, &key);
	if (!ring || !bpf_map_lookup_elem(&hold_sockets, &key))
		return 0;
	if (hold_is_full(class))
		return -REASON_HOLD_FULL;
	/* Signed: one that was written off may arrive after all, and then `taken` is ahead. */
	if ((__s32)(*(volatile __u32 *)&ring->sent - *(volatile __u32 *)&ring->taken) >=
	    (__s32)hold_quota(class))
		return -REASON_HOLD_FULL;
	if (!budget_take(budget_slot(p->saddr, p->outbound ? p->zone : 0, class), p->now,
			 hold_source_quota(class)))
		return -REASON_HOLD_SOURCE;
	if (!budget_take(DAISY_BUDGETS_HASHED + class, p->now, hold_total_quota(class)))
		return -REASON_HOLD_FULL;
	__sync_fetch_and_add(&ring->sent, 1);
	end_held(p, class);
	return bpf_redirect_map(&hold_sockets, key, XDP_DROP);
}

#endif
