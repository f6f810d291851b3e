/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames, as far as the slow path looks into them, and fragmentation (RFC 791 section 3.2). */
#ifndef DAISY_SLOWPATH_CUT_H
#define DAISY_SLOWPATH_CUT_H

#include <stddef.h>
#include <stdint.h>

/* Offset of the IPv4 header behind up to two VLAN tags; 0: none there. tag: their ids, outermost first. */
size_t daisy_frame_l3(const void *frame, size_t len, uint16_t tag[2], unsigned int *n_tags);

/*
 * Hand the IPv4 packet of a frame to fn as fragments of at most `mtu` bytes, or
 * as it is if it fits. Options go into the later ones as they ask. -EINVAL: not
 * an IPv4 packet; -EMSGSIZE: not with this MTU.
 */
int daisy_cut(const void *frame, size_t len, size_t mtu,
	      void (*fn)(void *ctx, const void *frame, size_t len), void *ctx);

#endif
