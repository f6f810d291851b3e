/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeper: looks for mappings, connections and subscribers whose time is up, and
 * sends them in batches to the sweep programs, which look again and decide.
 *
 * A round visits every record of every vector, then the tables. Rounds begin
 * half a second apart at least, further apart the more they cost (half a
 * percent of one CPU), and eight seconds apart at most: called every 100 ms with
 * a sufficient budget, no record goes without a visit for ten seconds.
 */
#ifndef DAISY_NAT_SWEEP_H
#define DAISY_NAT_SWEEP_H

#include <stdint.h>

#include "nat/instance.h"

/* What fits into one page beside a header (limits.h), for programs with longer items. */
#define DAISY_CONN_BATCH_ITEMS (DAISY_BATCH_ITEMS * sizeof(struct daisy_sweep_item) / \
				sizeof(struct daisy_conn_item))

#define DAISY_FORWARD_BATCH_ITEMS (DAISY_BATCH_ITEMS * sizeof(struct daisy_sweep_item) / \
				   sizeof(struct daisy_forward_item))

#define DAISY_IMPORT_BATCH_ITEMS (DAISY_BATCH_ITEMS * sizeof(struct daisy_sweep_item) / \
				  sizeof(struct daisy_import_item))

struct daisy_sweeper;

struct daisy_sweeper_stats {
	uint64_t visited; /* records; those of 64 free ports in a row count, though not read */
	uint64_t rounds;	/* finished */
	uint64_t expired;	/* mappings ended */
	uint64_t freed;		/* ports given back */
	uint64_t conns;		/* connections of the table ended */
	uint64_t blocks;	/* port blocks given back */
	uint64_t subscribers;	/* forgotten */
	uint64_t cpu_us;	/* of all runs */
	uint32_t round_ms;	/* the last round, from its beginning to its end */
	uint32_t round_cpu_us;	/* the last round */
};

/* The instance has to outlive it. NULL: not enough memory. */
struct daisy_sweeper *daisy_sweeper_new(struct daisy_instance *inst);
void daisy_sweeper_free(struct daisy_sweeper *sweeper);

/*
 * Go on for at most about budget_us microseconds, and not further than the
 * round is due. Ports that must wait for a grace period add one, about 10 ms of
 * sleep. May run in a thread of its own, one at a time. 0 or -errno.
 */
int daisy_sweeper_run(struct daisy_sweeper *sweeper, uint32_t budget_us);
/* A whole round at once, from its beginning: tests, benchmarks. */
int daisy_sweeper_round(struct daisy_sweeper *sweeper);

void daisy_sweeper_stats(const struct daisy_sweeper *sweeper, struct daisy_sweeper_stats *stats);

/*
 * End one mapping, whatever its timers say: its port goes to hold-down. -ENOENT:
 * no mapping has it, -EBUSY: packets refresh it all the time.
 */
int daisy_mapping_delete(struct daisy_instance *inst, uint32_t slot, uint16_t port,
			 enum daisy_proto proto);

#endif
