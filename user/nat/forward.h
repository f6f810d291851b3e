/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static forwards: mappings that stand in the configuration (bpf/lib/forward.h). */
#ifndef DAISY_NAT_FORWARD_H
#define DAISY_NAT_FORWARD_H

#include "nat/instance.h"

struct daisy_forward {
	union daisy_endpoint inside;
	uint32_t slot;
	uint16_t port;			/* external */
	uint16_t link;			/* inside, for routes towards the host */
	enum daisy_proto proto;
};

/*
 * Make forwards, in the order of the list; one that is there already is made to be
 * as it stands there. Waits for grace periods. *n_made: how many there are, also
 * after an error, which is about the next one: -EEXIST: a mapping has its port or
 * its inside endpoint, -EBUSY: its address is draining, -ENOSPC: a table is full.
 */
int daisy_instance_forwards_add(struct daisy_instance *inst, const struct daisy_forward *list, size_t n,
				size_t *n_made);
/* End one; its port enters hold-down. 0 also if it is not there. */
int daisy_instance_forward_del(struct daisy_instance *inst, const struct daisy_forward *forward);
/*
 * Those that an instance has, by slot, protocol and port; link is not filled in.
 * The caller frees the list.
 */
int daisy_instance_forwards_list(struct daisy_instance *inst, struct daisy_forward **list, size_t *n);

#endif
