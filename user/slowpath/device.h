/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device that packets are held from: its program, and the sockets of its queues. */
#ifndef DAISY_SLOWPATH_DEVICE_H
#define DAISY_SLOWPATH_DEVICE_H

#include <net/if.h>
#include <stdbool.h>

#include "daemon/loop.h"
#include "nat/instance.h"
#include "slowpath/queue.h"

struct daisy_hold_device;

/* One queue: what a held packet came by. */
struct daisy_hold_origin {
	struct daisy_hold_device *device;
	struct daisy_hold_queue *sockets;
	uint32_t queue;
	void *owner;		/* as in the spec */
	struct daisy_watch watch[DAISY_N_HOLD_CLASSES];
};

struct daisy_hold_device {
	bool used;
	bool refused;		/* said so already */
	uint32_t number;	/* its untagged link */
	int ifindex;
	int program_fd;
	unsigned int n_queues;
	struct daisy_hold_origin origin[DAISY_HOLD_QUEUES];
};

struct daisy_hold_device_spec {
	struct daisy_instance *inst;
	struct daisy_loop *loop;
	uint32_t number;
	int ifindex;
	void *owner;		/* of the origins */
	/* called with the class's watch, whose ctx is the origin */
	void (*readable[DAISY_N_HOLD_CLASSES])(void *origin, uint32_t events);
};

/* Sockets for as many queues as the device has. */
int daisy_hold_device_open(struct daisy_hold_device *d, const struct daisy_hold_device_spec *spec);
void daisy_hold_device_close(struct daisy_hold_device *d, struct daisy_loop *loop);

#endif
