/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Next hops: every usable neighbour on a device of ours, under a number that
 * the packet path remembers. Numbers stay while the neighbour does, also over a
 * restart of the daemon. A neighbour is mirrored when the kernel knows it, and
 * asked for ("managed") when a route, the configuration or a packet needs it.
 */
#ifndef DAISY_NET_NEXTHOPS_H
#define DAISY_NET_NEXTHOPS_H

#include "nat/instance.h"
#include "net/netlink.h"

struct daisy_nexthops;

/* Takes over the numbers that an adopted instance has. NULL: no memory. */
struct daisy_nexthops *daisy_nexthops_new(struct daisy_instance *inst);
void daisy_nexthops_free(struct daisy_nexthops *all);

/* A change from netlink. Devices that are no link's are ignored. */
void daisy_nexthops_neighbour(struct daisy_nexthops *all, struct daisy_netlink *nl,
			      const struct daisy_nl_neighbour *neighbour);
/* Around a dump of all neighbours: what it did not mention is gone. */
void daisy_nexthops_mark(struct daisy_nexthops *all);
void daisy_nexthops_sweep(struct daisy_nexthops *all);
/* A link's device, MAC or MTU changed: write its next hops again. */
void daisy_nexthops_refresh(struct daisy_nexthops *all);

/* A gateway: keep it resolved. */
void daisy_nexthops_gateway(struct daisy_nexthops *all, struct daisy_netlink *nl, int ifindex,
			    struct in_addr addr);
/* Before a dump of all routes: who is no gateway any more is a neighbour like others. */
void daisy_nexthops_gateways_forget(struct daisy_nexthops *all);
/* A packet waits for it: ask, at most once a second for each address. */
void daisy_nexthops_ask(struct daisy_nexthops *all, struct daisy_netlink *nl, int ifindex,
			struct in_addr addr, uint64_t now_ms);
/*
 * Number of a next hop of the configuration, made if need be: a station of a
 * link (MAC), or a neighbour that is kept resolved. -ENOSPC.
 */
int daisy_nexthops_static_mac(struct daisy_nexthops *all, uint16_t link, const uint8_t mac[6]);
int daisy_nexthops_static_addr(struct daisy_nexthops *all, struct daisy_netlink *nl, uint16_t link,
			       int ifindex, struct in_addr addr);
/* Around writing all links: what no link asked for between loses its number. */
void daisy_nexthops_static_mark(struct daisy_nexthops *all);
void daisy_nexthops_static_sweep(struct daisy_nexthops *all);

/* Something changed since the last call that makes remembered next hops wrong. */
bool daisy_nexthops_changed(struct daisy_nexthops *all);
size_t daisy_nexthops_count(const struct daisy_nexthops *all);

#endif
