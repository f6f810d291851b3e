/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steady forwarding over mappings that are there already (RFC 9693: preload, then measure). */
#ifndef BENCH_STEADY_H
#define BENCH_STEADY_H

#include "contender.h"
#include "traffic.h"

#define STEADY_MAX_ROUNDS 64

struct steady {
	const char *name;		/* of the raw data, for instance "out_65k" */
	struct traffic *traffic;
	unsigned int contenders;	/* bits 1 << enum contender_kind */
	/* answers */
	double ns[N_CONTENDERS];	/* medians, per delivered packet */
	double lost[N_CONTENDERS];	/* of all rounds, share of the sent */
};

/* Rounds of all contenders in turn; prints a line and keeps the raw data (results.h). */
void steady_run(struct contenders *all, struct steady *steady);
/* (contender - drop) / (bare - drop) */
double steady_cost(const struct steady *steady, enum contender_kind kind);

#endif
