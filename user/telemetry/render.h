/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as Prometheus text (exposition format 0.0.4). Names and sentences of
 * counters and drops come from the lists that the packet path counts by.
 *
 * Rendering reads the instance through its mapped tables only, which live as
 * long as it, so it may run in a thread of its own. What the daemon knows and
 * the tables do not say is in struct daisy_figures, handed over by value.
 */
#ifndef DAISY_TELEMETRY_RENDER_H
#define DAISY_TELEMETRY_RENDER_H

#include <stdint.h>
#include <stdio.h>

#include "nat/instance.h"

#define DAISY_FIGURES_POOLS 256
#define DAISY_POOL_NAME 33

/* The daemon's own figures. */
struct daisy_figures {
	uint64_t mappings[DAISY_N_PROTOS];	/* as counted at counted_ms */
	uint64_t held[DAISY_N_PROTOS];		/* ports in hold-down, likewise */
	uint64_t counted_ms;			/* daisy_now_ms; 0: not yet */
	uint64_t connections;			/* in the table beyond the records */
	uint64_t subscribers;
	uint64_t sweep_visited;			/* records, since start */
	uint64_t sweep_rounds;			/* times the whole table was visited */
	uint64_t sweep_cpu_us;
	uint32_t sweep_round_ms;		/* duration of the last round */
	uint64_t held_packets;			/* that wait in the slow path */
	uint64_t hold_overflows;		/* that found no room to wait */
	uint64_t hold_lost;			/* by the kernel, on their way to the daemon */
	uint64_t hold_unsent;			/* judged again, and not taken by the device */
	uint64_t clients;			/* of the control socket */
	double start_time_s;			/* of the daemon, since the epoch */
	char pool[DAISY_FIGURES_POOLS][DAISY_POOL_NAME];	/* name by number; "" is not shown */
};

/* 0, or -errno with daisy_error() when the counters cannot be read. */
int daisy_metrics_render(FILE *out, struct daisy_instance *inst,
			 const struct daisy_figures *figures);

#endif
