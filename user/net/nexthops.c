/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "net/nexthops.h"

#define N_CHAINS 4096		/* a power of two; four neighbours each when the table is full */
#define ASK_INTERVAL_MS 1000

/* The number of an entry is its place in the table. */
struct nexthop {
	int ifindex;		/* of the neighbour; 0: a station given by MAC */
	struct in_addr addr;
	uint8_t mac[6];
	uint16_t link;
	bool used;
	bool valid;		/* mac may be used */
	bool seen;		/* in the running dump */
	bool gateway;		/* of a route */
	bool fixed;		/* of the configuration */
	bool wanted;		/* the configuration named it since the mark */
	bool managed;		/* the kernel keeps it resolved for us */
	uint16_t next;		/* in its chain, 0: none */
	uint64_t asked_ms;
};

struct daisy_nexthops {
	struct daisy_instance *inst;
	bool changed;
	size_t n;
	uint16_t hint;		/* numbers are given out in turn: a freed one rests */
	uint16_t chain[N_CHAINS];
	struct nexthop at[DAISY_MAX_NEXTHOPS];
};

static uint32_t chain_of(int ifindex, struct in_addr addr)
{
	return ((addr.s_addr ^ (uint32_t)ifindex) * 0x9e3779b1u) >> 20;
}

static uint16_t find(const struct daisy_nexthops *all, int ifindex, struct in_addr addr)
{
	uint16_t number = all->chain[chain_of(ifindex, addr)];

	while (number && (all->at[number].ifindex != ifindex ||
			  all->at[number].addr.s_addr != addr.s_addr))
		number = all->at[number].next;
	return number;
}

static void chain_in(struct daisy_nexthops *all, uint16_t number)
{
	struct nexthop *hop = &all->at[number];
	uint16_t *head = &all->chain[chain_of(hop->ifindex, hop->addr)];

	hop->used = true;
	hop->next = *head;
	*head = number;
	all->n++;
}

static void chain_out(struct daisy_nexthops *all, uint16_t number)
{
	struct nexthop *hop = &all->at[number];
	uint16_t *place = &all->chain[chain_of(hop->ifindex, hop->addr)];

	while (*place != number)
		place = &all->at[*place].next;
	*place = hop->next;
	all->n--;
}

/* Our link on a device, -1 if there is none. */
static int link_of(const struct daisy_nexthops *all, int ifindex)
{
	const struct daisy_link *links = daisy_instance_links(all->inst);

	for (int i = 0; ifindex && i < DAISY_MAX_LINKS; i++)
		if (links[i].side != SIDE_NONE && links[i].ifindex == (uint32_t)ifindex)
			return i;
	return -1;
}

/* 0: the table is full. */
static uint16_t number_new(struct daisy_nexthops *all, int ifindex, struct in_addr addr)
{
	for (int i = 0; i < DAISY_MAX_NEXTHOPS; i++) {
		uint16_t number = (uint16_t)((all->hint + i) % DAISY_MAX_NEXTHOPS);

		if (!number || all->at[number].used)
			continue;
		all->at[number] = (struct nexthop){ .ifindex = ifindex, .addr = addr };
		chain_in(all, number);
		all->hint = (uint16_t)(number + 1);
		return number;
	}
	daisy_error_set("more than %u next hops", DAISY_MAX_NEXTHOPS - 1);
	return 0;
}

/* Tell the packet path about an entry. */
static void write_out(struct daisy_nexthops *all, uint16_t number)
{
	const struct nexthop *hop = &all->at[number];
	const struct daisy_link *link = &daisy_instance_links(all->inst)[hop->link];
	struct daisy_nexthop out = {
		.link = hop->link,
		.mtu = link->mtu,
		.state = hop->valid ? NEXTHOP_RESOLVED : NEXTHOP_UNRESOLVED,
		.n_tags = link->n_tags,
		.tag = { link->tag[0], link->tag[1] },
		.ifindex = (uint32_t)hop->ifindex,
	};

	memcpy(out.dmac, hop->mac, sizeof(out.dmac));
	memcpy(out.smac, link->mac, sizeof(out.smac));
	memcpy(out.addr, &hop->addr, sizeof(out.addr));
	if (!memcmp(&daisy_instance_nexthops(all->inst)[number], &out, sizeof(out)))
		return;
	daisy_instance_nexthop_set(all->inst, number, &out);
	all->changed = true;
}

static void drop(struct daisy_nexthops *all, uint16_t number)
{
	static const struct daisy_nexthop none;

	chain_out(all, number);
	memset(&all->at[number], 0, sizeof(all->at[number]));
	daisy_instance_nexthop_set(all->inst, number, &none);
	all->changed = true;
}

/* Entries whose device is no link any more are swept with the next dump. */
static void adopt(struct daisy_nexthops *all)
{
	const struct daisy_nexthop *there = daisy_instance_nexthops(all->inst);

	for (uint32_t i = 1; i < DAISY_MAX_NEXTHOPS; i++) {
		struct nexthop *hop = &all->at[i];

		if (there[i].state == NEXTHOP_NONE)
			continue;
		hop->ifindex = (int)there[i].ifindex;
		hop->link = there[i].link % DAISY_MAX_LINKS;
		hop->valid = there[i].state == NEXTHOP_RESOLVED;
		hop->fixed = !hop->ifindex;
		memcpy(&hop->addr, there[i].addr, sizeof(hop->addr));
		memcpy(hop->mac, there[i].dmac, sizeof(hop->mac));
		chain_in(all, (uint16_t)i);
	}
}

struct daisy_nexthops *daisy_nexthops_new(struct daisy_instance *inst)
{
	struct daisy_nexthops *all = calloc(1, sizeof(*all));

	if (!all) {
		daisy_error_set("no memory");
		return NULL;
	}
	all->inst = inst;
	adopt(all);
	return all;
}

void daisy_nexthops_free(struct daisy_nexthops *all)
{
	free(all);
}

/*
 * An address that only packets asked for is not asked for any longer when it
 * does not answer: the next packet asks again. Otherwise a scan of an empty
 * network would leave the kernel with thousands of addresses to retry.
 */
static void give_up(struct daisy_nexthops *all, struct daisy_netlink *nl, uint16_t number)
{
	struct nexthop *hop = &all->at[number];
	int ifindex = hop->ifindex;
	struct in_addr addr = hop->addr;
	bool managed = hop->managed;

	if (hop->fixed || hop->gateway) {
		hop->valid = false;
		write_out(all, number);
		return;
	}
	drop(all, number);
	if (managed)
		daisy_netlink_neighbour_forget(nl, ifindex, addr);
}

/* 224.0.0.0/4 and 255.255.255.255 are neighbours to the kernel, not to us. */
static bool is_station(const struct daisy_nl_neighbour *neighbour)
{
	return ntohl(neighbour->addr.s_addr) >> 28 < 14 && !(neighbour->mac[0] & 1);
}

void daisy_nexthops_neighbour(struct daisy_nexthops *all, struct daisy_netlink *nl,
			      const struct daisy_nl_neighbour *neighbour)
{
	int link = link_of(all, neighbour->ifindex);
	uint16_t number = find(all, neighbour->ifindex, neighbour->addr);
	bool valid = neighbour->valid && !neighbour->gone;

	if (link < 0 || !is_station(neighbour))
		return;
	if (!valid) {
		/* Incomplete: the kernel still tries. Gone: somebody took it out, ask again. */
		if (number && neighbour->gone)
			all->at[number].managed = false;
		if (number && (neighbour->gone || neighbour->failed))
			give_up(all, nl, number);
		if (number && neighbour->gone && all->at[number].used &&
		    !daisy_netlink_neighbour_manage(nl, neighbour->ifindex, neighbour->addr))
			all->at[number].managed = true;
		return;
	}
	if (!number)
		number = number_new(all, neighbour->ifindex, neighbour->addr);
	if (!number)
		return;
	all->at[number].seen = true;
	all->at[number].valid = true;
	all->at[number].link = (uint16_t)link;
	memcpy(all->at[number].mac, neighbour->mac, sizeof(neighbour->mac));
	write_out(all, number);
}

void daisy_nexthops_mark(struct daisy_nexthops *all)
{
	for (uint32_t i = 1; i < DAISY_MAX_NEXTHOPS; i++)
		all->at[i].seen = false;
}

void daisy_nexthops_sweep(struct daisy_nexthops *all)
{
	for (uint32_t i = 1; i < DAISY_MAX_NEXTHOPS; i++) {
		struct nexthop *hop = &all->at[i];

		if (!hop->used || hop->seen || !hop->ifindex)
			continue;
		if (!hop->fixed && !hop->gateway) {
			drop(all, (uint16_t)i);
			continue;
		}
		hop->valid = false;
		write_out(all, (uint16_t)i);
	}
}

void daisy_nexthops_refresh(struct daisy_nexthops *all)
{
	for (uint32_t i = 1; i < DAISY_MAX_NEXTHOPS; i++) {
		int link;

		if (!all->at[i].used)
			continue;
		link = all->at[i].ifindex ? link_of(all, all->at[i].ifindex) : all->at[i].link;
		if (link < 0) {
			drop(all, (uint16_t)i);
			continue;
		}
		all->at[i].link = (uint16_t)link;
		write_out(all, (uint16_t)i);
	}
}

/* The entry of a neighbour that somebody wants, and the kernel told to keep it. 0: no room. */
static uint16_t want(struct daisy_nexthops *all, struct daisy_netlink *nl, int link, int ifindex,
		     struct in_addr addr)
{
	uint16_t number = find(all, ifindex, addr);

	if (!number) {
		number = number_new(all, ifindex, addr);
		if (!number)
			return 0;
		all->at[number].link = (uint16_t)link;
		write_out(all, number);
	}
	if (!all->at[number].managed && !daisy_netlink_neighbour_manage(nl, ifindex, addr))
		all->at[number].managed = true;
	return number;
}

void daisy_nexthops_gateway(struct daisy_nexthops *all, struct daisy_netlink *nl, int ifindex,
			    struct in_addr addr)
{
	int link = link_of(all, ifindex);
	uint16_t number;

	if (link < 0 || !addr.s_addr)
		return;
	number = want(all, nl, link, ifindex, addr);
	if (number)
		all->at[number].gateway = true;
}

void daisy_nexthops_gateways_forget(struct daisy_nexthops *all)
{
	for (uint32_t i = 1; i < DAISY_MAX_NEXTHOPS; i++)
		all->at[i].gateway = false;
}

void daisy_nexthops_ask(struct daisy_nexthops *all, struct daisy_netlink *nl, int ifindex,
			struct in_addr addr, uint64_t now_ms)
{
	int link = link_of(all, ifindex);
	uint16_t number = find(all, ifindex, addr);

	if (link < 0 || !addr.s_addr)
		return;
	if (number && now_ms - all->at[number].asked_ms < ASK_INTERVAL_MS)
		return;
	/* The kernel may have let go of it without a word: ask in any case. */
	if (number)
		all->at[number].managed = false;
	number = want(all, nl, link, ifindex, addr);
	if (number)
		all->at[number].asked_ms = now_ms;
}

int daisy_nexthops_static_mac(struct daisy_nexthops *all, uint16_t link, const uint8_t mac[6])
{
	uint16_t number = all->chain[chain_of(0, (struct in_addr){ 0 })];

	while (number && (all->at[number].ifindex || all->at[number].link != link ||
			  memcmp(all->at[number].mac, mac, 6)))
		number = all->at[number].next;
	if (!number)
		number = number_new(all, 0, (struct in_addr){ 0 });
	if (!number)
		return -ENOSPC;
	all->at[number].link = link;
	all->at[number].fixed = true;
	all->at[number].wanted = true;
	all->at[number].valid = true;
	memcpy(all->at[number].mac, mac, 6);
	write_out(all, number);
	return number;
}

int daisy_nexthops_static_addr(struct daisy_nexthops *all, struct daisy_netlink *nl, uint16_t link,
			       int ifindex, struct in_addr addr)
{
	uint16_t number = want(all, nl, link, ifindex, addr);

	if (!number)
		return -ENOSPC;
	all->at[number].fixed = true;
	all->at[number].wanted = true;
	return number;
}

void daisy_nexthops_static_mark(struct daisy_nexthops *all)
{
	for (uint32_t i = 1; i < DAISY_MAX_NEXTHOPS; i++)
		all->at[i].wanted = false;
}

/* A neighbour goes on as one of many, a station has no other reason to be there. */
void daisy_nexthops_static_sweep(struct daisy_nexthops *all)
{
	for (uint32_t i = 1; i < DAISY_MAX_NEXTHOPS; i++) {
		struct nexthop *hop = &all->at[i];

		if (!hop->used || !hop->fixed || hop->wanted)
			continue;
		hop->fixed = false;
		if (!hop->ifindex || (!hop->valid && !hop->gateway))
			drop(all, (uint16_t)i);
	}
}

bool daisy_nexthops_changed(struct daisy_nexthops *all)
{
	bool changed = all->changed;

	all->changed = false;
	return changed;
}

size_t daisy_nexthops_count(const struct daisy_nexthops *all)
{
	return all->n;
}
