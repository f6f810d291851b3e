/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and IPv4 addresses of this network namespace, as netlink told them.
 * All addresses, broadcast ones included, are the box's own: packets to them
 * are left to the kernel.
 */
#ifndef DAISY_NET_INTERFACES_H
#define DAISY_NET_INTERFACES_H

#include <stddef.h>

#include "nat/instance.h"
#include "net/netlink.h"

struct daisy_interfaces {
	struct daisy_nl_link *link;
	size_t n_links;
	size_t room_links;
	struct daisy_nl_addr *addr;
	size_t n_addrs;
	size_t room_addrs;
};

void daisy_interfaces_clean(struct daisy_interfaces *all);
/* Before the dump after an overrun. */
void daisy_interfaces_forget(struct daisy_interfaces *all);
/* Take over a change. -ENOMEM. */
int daisy_interfaces_link(struct daisy_interfaces *all, const struct daisy_nl_link *link);
int daisy_interfaces_addr(struct daisy_interfaces *all, const struct daisy_nl_addr *addr);

/*
 * NULL if there is none. A device that was renamed is found by its new name and
 * by the one it had when the daemon first saw it: the configuration knows that.
 */
const struct daisy_nl_link *daisy_interfaces_by_name(const struct daisy_interfaces *all,
						     const char *name);
const struct daisy_nl_link *daisy_interfaces_by_index(const struct daisy_interfaces *all,
						      int ifindex);
/* The VLAN device with this id on top of a device. */
const struct daisy_nl_link *daisy_interfaces_vlan(const struct daisy_interfaces *all, int parent,
						  uint16_t vlan);
/* First address of a device, 0.0.0.0 if it has none. */
struct in_addr daisy_interfaces_address(const struct daisy_interfaces *all, int ifindex);
/*
 * Make the instance's own addresses equal to these. Returns 0, or the first
 * error, for instance -EEXIST: the host got an address of a pool; the others
 * are in place then.
 */
int daisy_interfaces_own_sync(const struct daisy_interfaces *all, struct daisy_instance *inst);

#endif
