/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Next hops: by the kernel's routes and neighbours, remembered, forgotten, and
 * static ones. The bed's namespace has real routes here:
 *
 *	10.0.0.0/8 over bed0 (zone 1) and, second choice, over bed3 (zone 2)
 *	default by 192.0.2.55 over bed1
 *	198.51.100.7 without a route, .8 back over bed0, .9 by a neighbour nobody knows
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "play.h"

#define H1 HOST(1, 5000)
#define H2 HOST(2, 6000)
#define Z2 HOST_OF(2, 1, 5000)
#define S1 WORLD(1, 80)
#define S2 WORLD(2, 80)
#define GATEWAY { 192, 0, 2, 55 }

#define CREATED C_created_udp, C_subscribers_created
/* A miss outbound is one question to the FIB. */
#define MISS C_route_misses

static void run(const char *command)
{
	if (system(command)) {
		printf("Bail out! %s\n", command);
		exit(1);
	}
}

static void make_routes(void)
{
	run("ip -batch - <<'END'\n"
	    "link set lo up\n"
	    "link set bed0 up\nlink set peer0 up\nlink set bed1 up\nlink set peer1 up\n"
	    "link set bed3 up\nlink set peer3 up\n"
	    "addr add 10.0.0.254/8 dev bed0\n"
	    "addr add 192.0.2.101/24 dev bed1\n"
	    "route add 10.0.0.0/8 dev bed3 metric 100\n"
	    "route add default via 192.0.2.55\n"
	    "route add unreachable 198.51.100.7\n"
	    "route add 198.51.100.8 via 10.0.0.1\n"
	    "route add 198.51.100.9 via 192.0.2.99\n"
	    "neigh add 192.0.2.55 lladdr 02:00:00:00:01:01 dev bed1\n"
	    "neigh add 10.0.0.1 lladdr 02:00:00:00:01:00 dev bed0\n"
	    "neigh add 10.0.0.2 lladdr 02:00:00:00:01:00 dev bed0\n"
	    "neigh add 10.0.0.1 lladdr 02:00:00:00:01:03 dev bed3\n"
	    "END\n"
	    "sysctl -qw net.ipv4.ip_forward=1");
}

/* No next hop is static, none is remembered, the daemon has just been alive. */
static void by_route(struct bed *bed)
{
	static uint16_t epoch = 100;
	struct daisy_conf *conf = daisy_instance_conf(bed->inst);
	unsigned int i;

	bed->warm = false;	/* the case says what is remembered */
	conf->static_nexthop = 0;
	for (i = 0; i < BED_N_LINKS; i++)
		daisy_instance_links(bed->inst)[i].static_nexthop = 0;
	conf->nexthop_epoch = epoch += 10;
	conf->alive_tick = daisy_instance_tick(bed->inst);
}

static void know_neighbour(struct bed *bed, enum bed_link link, const uint8_t addr[4])
{
	struct daisy_nexthop nh = daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(link)];
	unsigned int i;

	nh.ifindex = bed->ifindex[bed_link(link)->device];
	for (i = 0; i < 4; i++)
		nh.addr[i] = addr[i];
	if (daisy_instance_nexthop_set(bed->inst, BED_NEXTHOP(link), &nh))
		play_fail("%s", daisy_error());
}

static void by_known_neighbours(struct bed *bed)
{
	by_route(bed);
	know_neighbour(bed, LINK_OUT, (const uint8_t[])GATEWAY);
	know_neighbour(bed, LINK_IN, (const uint8_t[]){ 10, 0, 0, 1 });
}

/* The bed's next hops have no neighbour's address, as they were made. */
static void forget_neighbours(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "neighbours");
	struct daisy_neighbour_key key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].state = NEXTHOP_RESOLVED;
}

static void unknown_neighbours(struct bed *bed)
{
	forget_neighbours(bed);
	by_route(bed);
}

static void changed(struct bed *bed)
{
	daisy_instance_nexthops_changed(bed->inst);
}

static void alive(struct bed *bed)
{
	daisy_instance_conf(bed->inst)->alive_tick = daisy_instance_tick(bed->inst);
}

static void unresolve_gateway(struct bed *bed)
{
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].state = NEXTHOP_UNRESOLVED;
}

static void static_unresolved(struct bed *bed)
{
	unresolve_gateway(bed);
}

static void resolve_gateway(struct bed *bed)
{
	daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(LINK_OUT)].state = NEXTHOP_RESOLVED;
}

static void forwarding_off(struct bed *bed)
{
	run("sysctl -qw net.ipv4.ip_forward=0");
}

static void forwarding_on(struct bed *bed)
{
	run("sysctl -qw net.ipv4.ip_forward=1");
}

static void outside_mtu_1400(struct bed *bed)
{
	daisy_instance_links(bed->inst)[LINK_OUT].mtu = 1400;
}

/* The daemon was told to resolve this address. */
static void told(struct bed *bed, unsigned int device, const uint8_t addr[4])
{
	const struct daisy_event *e = events_next();

	if (e->kind != EVENT_UNRESOLVED || memcmp(e->inside.addr, addr, 4) ||
	    e->ifindex != (uint32_t)bed->ifindex[device])
		play_fail("event %u about %u.%u.%u.%u on %u", e->kind, e->inside.addr[0], e->inside.addr[1],
			  e->inside.addr[2], e->inside.addr[3], e->ifindex);
}

static void told_router(struct bed *bed)
{
	told(bed, 1, (const uint8_t[]){ 192, 0, 2, 99 });
}

static void told_host(struct bed *bed)
{
	told(bed, 0, (const uint8_t[]){ 10, 0, 0, 3 });
}

static const struct play plays[] = {
	{ "Without a static next hop the kernel's route leads outside, and to the gateway's MAC address",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), OUT(UDP(H1, S1), C_out_udp, MISS)) },
	{ "A neighbour that the daemon numbered is remembered for the destination",
	  .setup = by_known_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), OUT(UDP(H1, S1), C_out_udp), OUT(UDP(H1, S1), C_out_udp),
		OUT(UDP(H1, S2), C_out_udp, MISS), OUT(UDP(H1, S2), C_out_udp)) },
	{ "A changed route or neighbour forgets what was remembered",
	  .setup = by_known_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), OUT(UDP(H1, S1), C_out_udp), CALL(changed),
		OUT(UDP(H1, S1), C_out_udp, MISS), OUT(UDP(H1, S1), C_out_udp)) },
	{ "What was remembered is not trusted while the daemon is not alive",
	  .setup = by_known_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), OUT(UDP(H1, S1), C_out_udp),
		IN(UDP(S1, H1), C_in_udp, MISS), IN(UDP(S1, H1), C_in_udp), ADVANCE(9), OUT(UDP(H1, S1), C_out_udp),
		ADVANCE(4), OUT(UDP(H1, S1), C_out_udp, MISS), OUT(UDP(H1, S1), C_out_udp, MISS),
		IN(UDP(S1, H1), C_in_udp, MISS), CALL(alive), OUT(UDP(H1, S1), C_out_udp), IN(UDP(S1, H1), C_in_udp)) },
	{ "A numbered neighbour that is not resolved is asked of the kernel",
	  .setup = by_known_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), CALL(unresolve_gateway),
		OUT(UDP(H1, S1), C_out_udp, MISS), CALL(resolve_gateway), OUT(UDP(H1, S1), C_out_udp)) },
	{ "A packet whose next hop the kernel has not resolved is dropped, and the daemon is told",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS),
		DROP_COUNTING(AT_INSIDE, UDP(H1, WORLD(9, 80)), C_drop_UNRESOLVED, MISS), CALL(told_router)) },
	{ "A packet without a route is dropped",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS),
		DROP_COUNTING(AT_INSIDE, UDP(H1, WORLD(7, 80)), C_drop_NO_ROUTE, MISS)) },
	{ "A packet to the outside whose route leads back inside is dropped",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS),
		DROP_COUNTING(AT_INSIDE, UDP(H1, WORLD(8, 80)), C_drop_NO_ROUTE, MISS)) },
	{ "Without forwarding in the kernel there is no route",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), CALL(forwarding_off),
		DROP_COUNTING(AT_INSIDE, UDP(H1, S1), C_drop_NO_ROUTE, MISS), CALL(forwarding_on)) },
	{ "Inbound packets find the host by its route and neighbour",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), IN(UDP(S1, H1), C_in_udp, MISS),
		IN(UDP(S1, H1), C_in_udp, MISS)) },
	{ "A numbered inside neighbour is remembered for its host until something changes",
	  .setup = by_known_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), IN(UDP(S1, H1), C_in_udp, MISS),
		IN(UDP(S1, H1), C_in_udp), CALL(changed), IN(UDP(S1, H1), C_in_udp, MISS), IN(UDP(S1, H1), C_in_udp)) },
	{ "An inbound packet to a host that is not resolved is dropped, and the daemon is told",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(HOST(3, 5000), S1), C_out_udp, CREATED, MISS),
		DROP_COUNTING(AT_OUTSIDE, UDP(S1, HOST(3, 5000)), C_drop_UNRESOLVED, MISS), CALL(told_host)) },
	{ "Hosts of two zones with one address are found behind their own links (U7)",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS), OUT(UDP(Z2, S1), C_out_udp, CREATED, MISS),
		IN(UDP(S1, H1), C_in_udp, MISS), IN(UDP(S1, Z2), C_in_udp, MISS)) },
	{ "Hairpinned packets find the host by its route (U9)",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H2, S1), C_out_udp, CREATED, MISS), HAIRPIN(UDP(H1, H2), C_hairpin, CREATED, MISS),
		HAIRPIN(UDP(H2, H1), C_hairpin, MISS)) },
	{ "ICMP errors find their way by route, both ways (I4, I5)",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED, MISS),
		IN(ICMP_ERROR(S1, H1, 3, 3, UDP(H1, S1)), C_in_icmp_error, MISS),
		OUT(ICMP_ERROR(H1, S1, 3, 3, UDP(S1, H1)), C_out_icmp_error, MISS)) },
	{ "Later fragments find their way by route, both ways (U14)",
	  .setup = unknown_neighbours,
	  STEPS(OUT(UDP(H1, S1, .payload = 2000, .fragment = true, .part = 1480), C_out_udp, CREATED, MISS),
		OUT(UDP(H1, S1, .payload = 2000, .fragment = true, .from = 1480), C_fragments, MISS),
		IN(UDP(S1, H1, .payload = 2000, .fragment = true, .part = 1480), C_in_udp, MISS),
		IN(UDP(S1, H1, .payload = 2000, .fragment = true, .from = 1480), C_fragments, MISS)) },
	{ "The MTU of a routed next hop is its link's (U13)",
	  .setup = unknown_neighbours,
	  STEPS(CALL(outside_mtu_1400), OUT(UDP(H1, S1), C_out_udp, CREATED, MISS),
		FRAG_NEEDED(AT_INSIDE, UDP(H1, S1, .df = true, .payload = 1400), 1400, MISS)) },
};

/* Last: links have their static next hops no more, the outside's comes from bed_reset(). */
static const struct play static_plays[] = {
	{ "A static next hop that is not resolved drops, and nothing is asked of the kernel",
	  .setup = static_unresolved,
	  STEPS(DROP_COUNTING(AT_INSIDE, UDP(H1, S1), C_drop_UNRESOLVED, CREATED), CALL(resolve_gateway),
		OUT(UDP(H1, S1), C_out_udp)) },
	{ "A static next hop is trusted while the daemon is not alive",
	  STEPS(OUT(UDP(H1, S1), C_out_udp, CREATED), ADVANCE(100), OUT(UDP(H1, S1), C_out_udp)) },
};

int main(int argc, char **argv)
{
	enum { N = sizeof(plays) / sizeof(plays[0]), N_STATIC = sizeof(static_plays) / sizeof(static_plays[0]) };
	struct play all[N + N_STATIC];
	struct bed *bed = bed_open(NULL);
	unsigned int i;
	int status;

	make_routes();
	for (i = 0; i < N_STATIC; i++)
		all[i] = static_plays[i];
	for (i = 0; i < N; i++)
		all[N_STATIC + i] = plays[i];
	events_listen(bed);
	status = play_main(argc, argv, bed, all, N + N_STATIC);
	events_stop();
	bed_close(bed);
	return status;
}
