/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof that every packet has one class: the regions of a search tree's leaves are
 * disjoint and make up the header space, each leaf has the filters of the list that
 * meet its region, in their order, and the last has all of the region.
 */
#ifndef DAISY_SNF_PROOF_H
#define DAISY_SNF_PROOF_H

#include "snf/tree.h"

struct daisy_proof {
	size_t n_regions;
	struct daisy_header counter_example;	/* a packet without a class, or with a wrong one */
};

/* 0; -EDOM with daisy_error() and a counter-example; -ENOMEM. */
int daisy_proof_check(const struct daisy_chain *chain, const struct daisy_classifier *classifier,
		      struct daisy_proof *proof);

#endif
