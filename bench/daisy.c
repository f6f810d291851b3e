// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "daisy.h"
#include "lib/error.h"

static struct in_addr in(uint32_t addr)
{
	return (struct in_addr){ htonl(addr) };
}

static void must(int err, const char *what)
{
	if (err < 0)
		die("%s: %s", what, daisy_error());
}

static void link_tell(struct daisy *daisy, uint32_t number, enum bench_link link, uint8_t side,
		      uint32_t addr)
{
	struct daisy_link l = { .side = side, .mtu = 1500, .device = number };
	struct in_addr own = in(addr);

	l.ifindex = daisy->bench->ifindex[link];
	l.tx_ifindex = l.ifindex;
	memcpy(l.mac, daisy->bench->mac[link], 6);
	memcpy(l.addr, &own, 4);
	must(daisy_instance_link_set(daisy->inst, number, &l), "link");
	must(daisy_instance_own_add(daisy->inst, own), "own address");
}

static void nexthop_tell(struct daisy *daisy, uint32_t number, enum bench_link out,
			 enum bench_link next, uint16_t link, uint32_t addr)
{
	struct daisy_nexthop nh = { .link = link, .mtu = 1500, .state = NEXTHOP_RESOLVED };
	struct in_addr ip = in(addr);

	nh.ifindex = daisy->bench->ifindex[out];
	memcpy(nh.smac, daisy->bench->mac[out], 6);
	memcpy(nh.dmac, daisy->bench->mac[next], 6);
	memcpy(nh.addr, &ip, 4);
	must(daisy_instance_nexthop_set(daisy->inst, number, &nh), "next hop");
}

static void addrs_add(struct daisy *daisy)
{
	for (uint32_t i = 0; i < daisy->n_addrs; i++) {
		int slot = daisy_instance_address_add(daisy->inst, in(ADDR_POOL + i), 0,
						      DAISY_FIRST_PORT, DAISY_LAST_PORT, NULL, 0);
		must(slot, "external address");
		daisy->slots[i] = slot;
	}
	daisy_use_addrs(daisy, 0, daisy->n_addrs);
}

static void tag_read(struct daisy *daisy)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(daisy->inside_fd, &info, &len))
		die("no information about the program: %s", strerror(errno));
	for (int i = 0; i < 8; i++)
		snprintf(daisy->tag + 2 * i, 3, "%02x", info.tag[i]);
}

void daisy_open(struct daisy *daisy, const struct bench *bench, uint32_t n_addrs)
{
	struct daisy_instance_spec spec = { .name = "bench", .max_slots = n_addrs };
	enum daisy_opened opened;

	memset(daisy, 0, sizeof(*daisy));
	daisy->bench = bench;
	daisy->n_addrs = n_addrs;
	daisy->slots = calloc(n_addrs, sizeof(*daisy->slots));
	ns_enter(bench, NS_NAT);
	must(daisy_instance_open(&spec, &daisy->inst, &opened), "instance");
	link_tell(daisy, DAISY_LINK_INSIDE, LINK_N0, SIDE_INSIDE, ADDR_NAT_INSIDE);
	link_tell(daisy, DAISY_LINK_OUTSIDE, LINK_N1, SIDE_OUTSIDE, ADDR_NAT_OUTSIDE);
	nexthop_tell(daisy, 1, LINK_N0, LINK_S0, DAISY_LINK_INSIDE, ADDR_ACCESS_ROUTER);
	nexthop_tell(daisy, 2, LINK_N1, LINK_D0, DAISY_LINK_OUTSIDE, ADDR_UPSTREAM);
	must(daisy_instance_prefix_add(daisy->inst, 0, in(ADDR_HOSTS), 10, DAISY_LINK_INSIDE),
	     "prefix");
	addrs_add(daisy);
	daisy_instance_nexthops_changed(daisy->inst);
	daisy->inside_fd = daisy_instance_program_load(daisy->inst, DAISY_LINK_INSIDE);
	must(daisy->inside_fd, "program");
	daisy->outside_fd = daisy_instance_program_load(daisy->inst, DAISY_LINK_OUTSIDE);
	must(daisy->outside_fd, "program");
	tag_read(daisy);
	daisy_alive(daisy);
}

void daisy_close(struct daisy *daisy)
{
	close(daisy->inside_fd);
	close(daisy->outside_fd);
	daisy_instance_close(daisy->inst);
	free(daisy->slots);
}

void daisy_alive(struct daisy *daisy)
{
	daisy_instance_conf(daisy->inst)->alive_tick = daisy_instance_tick(daisy->inst);
}

void daisy_use_addrs(struct daisy *daisy, uint32_t first, uint32_t n)
{
	must(daisy_instance_zone_set(daisy->inst, 0, daisy->slots + first, n), "zone");
}

void daisy_forget(struct daisy *daisy)
{
	for (uint32_t i = 0; i < daisy->n_addrs; i++)
		must(daisy_instance_address_del(daisy->inst, in(ADDR_POOL + i)), "address");
	addrs_add(daisy);
}

struct daisy_counters daisy_count(struct daisy *daisy)
{
	struct daisy_counters counters;

	must(daisy_instance_counters(daisy->inst, &counters), "counters");
	return counters;
}

void daisy_explain(struct daisy *daisy)
{
	struct daisy_counters c = daisy_count(daisy);

#define X(name, help) \
	if (c.name) \
		say("    %s %llu", #name, (unsigned long long)c.name);
	DAISY_COUNTERS(X)
#undef X
#define X(num, sym, name, help) \
	if (c.drop_##sym) \
		say("    drop %s %llu", name, (unsigned long long)c.drop_##sym);
	DAISY_REASONS(X)
#undef X
}
