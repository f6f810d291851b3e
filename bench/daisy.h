/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shipped program on the bench's links, built through the same interface
 * as the daemon builds it (user/nat/instance.h). The bench stands in for the
 * daemon: it stamps the clock and fills in the two next hops.
 */
#ifndef BENCH_DAISY_H
#define BENCH_DAISY_H

#include "contender.h"
#include "nat/instance.h"
#include "traffic.h"

#define DAISY_LINK_INSIDE 1
#define DAISY_LINK_OUTSIDE 2
#define DAISY_FIRST_PORT 1024
#define DAISY_LAST_PORT 65535
/* 64,512: what one address has. */
#define DAISY_FULL_ADDRESS (DAISY_LAST_PORT - DAISY_FIRST_PORT + 1)

struct daisy {
	struct daisy_instance *inst;
	const struct bench *bench;
	uint32_t n_addrs;
	uint32_t *slots;
	int inside_fd, outside_fd;
	char tag[17];
};

/* An instance with n addresses from ADDR_POOL on, every dynamic port theirs. */
void daisy_open(struct daisy *daisy, const struct bench *bench, uint32_t n_addrs);
void daisy_close(struct daisy *daisy);
/* Say that the daemon is alive: before each measurement (DAISY_ALIVE_TICKS). */
void daisy_alive(struct daisy *daisy);
/* New subscribers get these of the addresses only. */
void daisy_use_addrs(struct daisy *daisy, uint32_t first, uint32_t n);
/* Take the addresses away and give them back: no mapping, no hold-down. */
void daisy_forget(struct daisy *daisy);
struct daisy_counters daisy_count(struct daisy *daisy);
/* One line of the counters that are not zero, to explain a loss. */
void daisy_explain(struct daisy *daisy);

#endif
