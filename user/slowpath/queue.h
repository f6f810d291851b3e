/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AF_XDP sockets of one receive queue of a device, one for each class of held
 * packets (shared/hold.h). They share one memory of as many frames as all
 * classes may have on their way, so that none finds it empty. Frames are copied
 * by the kernel (XDP_COPY: any driver, any mode, no change of its queues), and
 * handed on from within daisy_hold_queue_receive().
 */
#ifndef DAISY_SLOWPATH_QUEUE_H
#define DAISY_SLOWPATH_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/hold.h"

struct daisy_hold_queue;

/* The frame is the callee's until it returns. */
typedef void (*daisy_hold_fn)(void *ctx, enum daisy_hold_class class, const void *frame,
			      size_t len);

struct daisy_hold_queue_spec {
	const char *device;
	uint32_t number;	/* of the device: its untagged link */
	uint32_t queue;
	int sockets_fd;		/* map hold_sockets */
	struct daisy_hold_ring *rings;	/* hold_rings, mapped */
};

/* -EINVAL: the device has no such queue. Sets daisy_error() otherwise, too. */
int daisy_hold_queue_open(struct daisy_hold_queue **q, const struct daisy_hold_queue_spec *spec);
/* NULL is fine. */
void daisy_hold_queue_close(struct daisy_hold_queue *q);
/* Readable when packets of the class have come. */
int daisy_hold_queue_fd(const struct daisy_hold_queue *q, enum daisy_hold_class class);
/* Hand on what has come; bounded by the class's quota. */
void daisy_hold_queue_receive(struct daisy_hold_queue *q, enum daisy_hold_class class,
			      daisy_hold_fn fn, void *ctx);
/*
 * Once a second: packets that were on their way already a second ago, while
 * nothing waits, were lost by the kernel after the redirect. Returns how many.
 */
uint32_t daisy_hold_queue_recover(struct daisy_hold_queue *q);

#endif
