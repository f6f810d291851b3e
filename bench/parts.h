/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the benchmark; each sets its keys of the summary. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "contender.h"

/* For tuning: drop, bare and Daisy, one address full, UDP both ways and TCP outbound; or only one of them. */
void part_quick(struct contenders *all, const char *only);

#endif
