/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled chain for people. */
#ifndef DAISY_SNF_EXPLAIN_H
#define DAISY_SNF_EXPLAIN_H

#include <stdio.h>

#include "snf/compile.h"

/* A filter in words, "proto 6, dst 10.0.0.0/8"; long sets are cut. "everything" without any. */
void daisy_filter_explain(FILE *out, const struct daisy_sets *sets,
			  const struct daisy_filter *filter);
/* Every class with its filters, by entry. */
void daisy_chain_explain(FILE *out, const struct daisy_chain *chain);
/* Two graphs for dot(1): the elements as written, and what is left of them. */
void daisy_chain_dot(FILE *out, const struct daisy_chain *chain);

#endif
