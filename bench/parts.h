/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the benchmark; each sets its keys of the summary. README.md says what each measures. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "contender.h"

/* One address full, everything in turn: UDP both ways, TCP outbound, many destinations. */
void part_forward(struct contenders *all);
/* 4 million mappings: cost, cost by number of flows, memory, sweeping. */
void part_million(struct contenders *all);
/* New mappings, colliding ones, and removing them again. */
void part_setup(struct contenders *all);
/* Two cores over one. */
void part_cores(struct contenders *all);
/* One TCP stream by iperf3. */
void part_bulk(struct contenders *all);
/* Round trips of single packets. */
void part_ping(struct contenders *all);

/* One address full, plain and with port blocks and limits, in turn. */
void part_speed(struct contenders *all);
/* A flood of first fragments beside well-behaved hosts. */
void part_fragments(struct contenders *all);
/* A subscriber that opens a million flows beside well-behaved ones. */
void part_abuser(struct contenders *all);

/* For tuning: drop, bare and Daisy, one address full, UDP both ways and TCP outbound; or only one of them. */
void part_quick(struct contenders *all, const char *only);

#endif
