/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two threads, each pinned to a CPU of its own, that do one thing each at the
 * same moment, round after round.
 */
#ifndef DAISY_TESTS_PAIR_H
#define DAISY_TESTS_PAIR_H

#include <stdbool.h>
#include <stdint.h>

struct pair {
	void *arg;
	void (*before)(void *arg, uint32_t round);	/* alone; may be NULL */
	void (*half[2])(void *arg, uint32_t round);	/* at the same moment */
	bool (*after)(void *arg, uint32_t round);	/* alone; false ends the rounds */
	/*
	 * How many turns of an empty loop half 0 (below zero: half 1) waits longer.
	 * pair_lean moves it by what came out, so that the halves meet at the point
	 * where the outcome tips, on whatever machine.
	 */
	int32_t bias;
};

/* Half 0 was first: it waits a bit longer from now on; or else a bit less. */
void pair_lean(struct pair *pair, bool half_0_was_first);

/* Ends the program if there are not two CPUs. Returns the rounds that were run. */
uint32_t pair_run(struct pair *pair, uint32_t n_rounds);

#endif
