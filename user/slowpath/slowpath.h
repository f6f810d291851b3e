/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slow path: packets that the program held (bpf/lib/hold.h) come here, wait
 * or not, and are judged again (replay.h). Runs in the daemon's loop.
 *
 * Fragments before their first one wait for it for two seconds (RFC 6146
 * section 3.4 wants as many); the table of first fragments is asked for each of
 * them, at first every few milliseconds. Unsolicited SYNs wait for six (RFC 5382 REQ-4).
 * Packets to be cut do not wait.
 */
#ifndef DAISY_SLOWPATH_SLOWPATH_H
#define DAISY_SLOWPATH_SLOWPATH_H

#include "daemon/loop.h"
#include "nat/instance.h"

struct daisy_slowpath;

struct daisy_slowpath_figures {
	uint64_t waiting;	/* packets, now */
	uint64_t overflows;	/* found no room to wait, and were judged at once */
	uint64_t lost;		/* by the kernel, between the program and the daemon */
	uint64_t unsent;	/* judged again, and not sent: the device did not take them */
};

int daisy_slowpath_open(struct daisy_slowpath **s, struct daisy_instance *inst,
			struct daisy_loop *loop);
/* What waits is dropped. NULL is fine. */
void daisy_slowpath_close(struct daisy_slowpath *s);
/*
 * Sockets for every device that our program runs on, none for others. Says once
 * why a device has none: there, packets are judged at once, as without a daemon.
 */
void daisy_slowpath_sync(struct daisy_slowpath *s);
/* Write off what the kernel lost; once a second. */
void daisy_slowpath_second(struct daisy_slowpath *s);
/* Receive queues of a device, named by its untagged link, whose packets can be held. */
unsigned int daisy_slowpath_queues(const struct daisy_slowpath *s, uint32_t number);
void daisy_slowpath_figures(const struct daisy_slowpath *s, struct daisy_slowpath_figures *figures);

#endif
