/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's devices, addresses, routes and neighbours, by rtnetlink: one
 * socket that follows changes, one for dumps and requests. Dump and change
 * arrive at the same handlers. Addresses are in network order; IPv4 only.
 */
#ifndef DAISY_NET_NETLINK_H
#define DAISY_NET_NETLINK_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct daisy_netlink;

struct daisy_nl_link {
	int ifindex;
	bool gone;
	char name[IFNAMSIZ];
	char first_name[IFNAMSIZ];	/* before it was renamed (interfaces.h) */
	uint8_t mac[6];
	uint32_t mtu;
	bool up;		/* administratively, and with carrier */
	int parent;		/* of a VLAN device, else 0 */
	uint16_t vlan;		/* of a VLAN device, else 0 */
};

struct daisy_nl_addr {
	int ifindex;
	bool gone;
	bool secondary;
	struct in_addr addr;
	struct in_addr broadcast;	/* 0.0.0.0: none */
};

/* One next hop of a route; a route with several is reported several times. */
struct daisy_nl_route {
	int ifindex;		/* 0: none (blackhole ...) */
	bool gone;
	struct in_addr gateway;	/* 0.0.0.0: on link */
};

struct daisy_nl_neighbour {
	int ifindex;
	bool gone;
	bool valid;		/* mac may be used */
	bool failed;		/* resolution was tried in vain */
	struct in_addr addr;
	uint8_t mac[6];
};

struct daisy_nl_handlers {
	void *ctx;
	void (*link)(void *ctx, const struct daisy_nl_link *link);
	void (*addr)(void *ctx, const struct daisy_nl_addr *addr);
	void (*route)(void *ctx, const struct daisy_nl_route *route);
	void (*neighbour)(void *ctx, const struct daisy_nl_neighbour *neighbour);
	/* Changes were lost: dump everything again. */
	void (*overrun)(void *ctx);
};

enum daisy_nl_table {
	NL_LINKS,
	NL_ADDRS,
	NL_ROUTES,
	NL_NEIGHBOURS,
};

int daisy_netlink_open(struct daisy_netlink **nl, const struct daisy_nl_handlers *handlers);
void daisy_netlink_close(struct daisy_netlink *nl);
/* To be polled for reading. */
int daisy_netlink_fd(const struct daisy_netlink *nl);
/* Hand on the changes that have arrived; bounded, so poll again. */
void daisy_netlink_read(struct daisy_netlink *nl);
/* Hand on everything there is of a kind. */
int daisy_netlink_dump(struct daisy_netlink *nl, enum daisy_nl_table table);
/*
 * Let the kernel resolve an address and keep it resolved (NTF_EXT_MANAGED),
 * though no packet of its own goes there. Kernels before 5.16 resolve it once.
 */
int daisy_netlink_neighbour_manage(struct daisy_netlink *nl, int ifindex, struct in_addr addr);
/* Stop that, and forget the address. */
int daisy_netlink_neighbour_forget(struct daisy_netlink *nl, int ifindex, struct in_addr addr);

#endif
