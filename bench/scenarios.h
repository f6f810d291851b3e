/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flows that the parts have in common. */
#ifndef BENCH_SCENARIOS_H
#define BENCH_SCENARIOS_H

#include "daisy.h"

/*
 * One address full: 64 hosts, every flow with an inside port of its own (the
 * kernel's NAT then keeps the port, which is its best case).
 */
struct traffic_spec full_out(enum traffic_kind kind);
/* To all ports of the one external address. */
struct traffic_spec full_in(enum traffic_kind kind);

/* Send one full cycle through a contender, twice if some were lost. */
void preload(struct contenders *all, enum contender_kind kind, const struct traffic_spec *spec);
/* TCP: SYN out, SYN-ACK in, ACK out. */
void preload_tcp(struct contenders *all, enum contender_kind kind);

#endif
