/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events to userspace. Best effort: they inform, the maps are the truth. */
#ifndef DAISY_EVENT_H
#define DAISY_EVENT_H

#include "count.h"

static __always_inline void event_send(struct xdp_md *ctx, struct daisy_event *e)
{
	if (bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, sizeof(*e)))
		COUNT(events_lost);
}

/* Of reasons of a refused creation: false for those where waiting would not help, or is over in a moment. */
static __always_inline bool is_exhaustion(int reason)
{
	return reason != REASON_NOT_INSIDE && reason != REASON_TCP_NO_SYN && reason != REASON_NO_MAPPING &&
	       reason != REASON_CREATE_RACE && reason != REASON_SUBSCRIBER_RACE;
}

#endif
