/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gratuitous ARP: tells the outside that the external addresses live here, and
 * both sides the box's own, when they did not a moment ago. Twice (a frame may be lost), a few at a time (a pool
 * may have thousands of addresses).
 */
#ifndef DAISY_NET_GARP_H
#define DAISY_NET_GARP_H

#include <stdbool.h>
#include <stdint.h>

#include "nat/instance.h"

struct daisy_garp {
	int fd;			/* packet socket; -1: none */
	uint32_t slot;		/* next to be announced */
	unsigned int rounds;	/* left */
	uint64_t pause_ms;	/* nothing is sent before this time */
};

int daisy_garp_open(struct daisy_garp *garp);
void daisy_garp_close(struct daisy_garp *garp);
/* Begin announcing: every external address on outside and one-armed links, the own one on each link. */
void daisy_garp_start(struct daisy_garp *garp);
/* Send a few. Returns whether there is more to do. */
bool daisy_garp_step(struct daisy_garp *garp, struct daisy_instance *inst, uint64_t now_ms);

#endif
