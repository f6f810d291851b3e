/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Daisy with what operators of carrier-grade NAT switch on. */
#ifndef BENCH_CARRIER_H
#define BENCH_CARRIER_H

#include "daisy.h"

/* Ports of a subscriber: two blocks of the default size. 63 subscribers fill an address. */
#define CARRIER_PORTS 1024
#define CARRIER_HOSTS (DAISY_FULL_ADDRESS / CARRIER_PORTS)
#define CARRIER_HOST_SHIFT 10

/* One address, mode blocks, limits of mappings and of their rate. */
void carrier_open(struct daisy *daisy, const struct bench *bench);
/* Every one of the first n hosts uses its ports, each of its flows one. */
struct traffic_spec carrier_out(uint32_t hosts);

#endif
