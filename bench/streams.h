/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of several streams (mix.bpf.c) and what arrived of each. */
#ifndef BENCH_STREAMS_H
#define BENCH_STREAMS_H

#include "contender.h"
#include "mix.h"
#include "traffic.h"

struct streams {
	struct traffic_spec spec[MIX_STREAMS];	/* outbound; n 0: there is none */
	uint32_t delay[MIX_STREAMS];
	uint8_t turn[MIX_TURNS];
	uint32_t n_turns;
	bool paced;				/* half load, in bursts: idle for as long as they take */
	/* answers, added up over all runs */
	uint64_t sent[MIX_STREAMS];
	uint64_t arrived[MIX_STREAMS];
};

/* Take turns through what is attached; what arrives from the pool's first address counts. */
void streams_run(struct contenders *all, struct streams *streams, uint64_t turns);
/* Share of streams first .. last that was lost. */
double streams_lost(const struct streams *streams, int first, int last);

#endif
