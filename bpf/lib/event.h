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

#endif
