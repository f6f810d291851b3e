/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Just enough traffic to make mappings with the shipped packet program: link 1
 * inside (10.0.0.0/8, zone 0), link 2 outside, static next hops, no devices.
 */
#ifndef DAISY_TESTS_UNIT_TRAFFIC_H
#define DAISY_TESTS_UNIT_TRAFFIC_H

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "nat/instance.h"

enum {
	INSIDE = 1,
	OUTSIDE = 2,
};

/* One packet; endpoints in host order. */
struct traffic {
	int prog[3];		/* by link */
};

struct traffic_packet {
	uint8_t proto;		/* IPPROTO_* */
	uint32_t src, dst;
	uint16_t sport, dport;	/* ICMP echo: sport is the id */
	uint8_t tcp_flags;
};

static inline void traffic_fail(const char *what)
{
	fprintf(stderr, "# %s: %s\n", what, daisy_error());
	_exit(1);
}

static inline void traffic_link(struct daisy_instance *inst, uint32_t number, enum daisy_side side)
{
	struct daisy_link link = {
		.mac = { 2, 0, 0, 0, 0, (uint8_t)number }, .side = (uint8_t)side, .mtu = 1500,
		.device = (uint16_t)number,
		.static_nexthop = (uint16_t)(side == SIDE_INSIDE ? number : 0),
	};
	struct daisy_nexthop nh = {
		.dmac = { 2, 0, 0, 0, 1, (uint8_t)number }, .link = (uint16_t)number, .mtu = 1500,
		.state = NEXTHOP_RESOLVED,
	};

	if (daisy_instance_link_set(inst, number, &link) ||
	    daisy_instance_nexthop_set(inst, number, &nh))
		traffic_fail("link");
}

static inline void traffic_open(struct traffic *t, struct daisy_instance *inst)
{
	traffic_link(inst, INSIDE, SIDE_INSIDE);
	traffic_link(inst, OUTSIDE, SIDE_OUTSIDE);
	daisy_instance_conf(inst)->static_nexthop = OUTSIDE;
	if (daisy_instance_prefix_add(inst, 0, (struct in_addr){ htonl(0x0a000000) }, 8, INSIDE))
		traffic_fail("prefix");
	for (uint32_t link = INSIDE; link <= OUTSIDE; link++) {
		t->prog[link] = daisy_instance_program_load(inst, link);
		if (t->prog[link] < 0)
			traffic_fail("program");
	}
}

static inline void traffic_close(struct traffic *t)
{
	close(t->prog[INSIDE]);
	close(t->prog[OUTSIDE]);
}

static inline uint16_t traffic_sum(const void *data, size_t n)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < n / 2; i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~(sum + (sum >> 16));
}

/* Transport header: checksums are left at 0, which the packet path does not look at. */
static inline size_t traffic_transport(uint8_t *at, const struct traffic_packet *p)
{
	if (p->proto == IPPROTO_UDP) {
		struct udphdr h = { .source = htons(p->sport),
				    .dest = htons(p->dport),
				    .len = htons(8) };

		memcpy(at, &h, sizeof(h));
		return sizeof(h);
	}
	if (p->proto == IPPROTO_TCP) {
		struct tcphdr h = { .source = htons(p->sport), .dest = htons(p->dport), .doff = 5 };

		memcpy(at, &h, sizeof(h));
		at[13] = p->tcp_flags;
		return sizeof(h);
	}
	struct icmphdr h = { .type = ICMP_ECHO, .un.echo.id = htons(p->sport) };

	h.checksum = traffic_sum(&h, sizeof(h));
	memcpy(at, &h, sizeof(h));
	return sizeof(h);
}

/* Returns the XDP action. */
static inline uint32_t traffic_send(const struct traffic *t, int link,
				    const struct traffic_packet *p)
{
	uint8_t frame[128]
		__attribute__((aligned(8))) = { 2, 0, 0, 0, 0, (uint8_t)link, 2, 0, 0, 0, 1 };
	size_t l4 = ETH_HLEN + sizeof(struct iphdr);
	size_t length = l4 + traffic_transport(frame + l4, p);
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = p->proto,
		.saddr = htonl(p->src), .daddr = htonl(p->dst),
		.tot_len = htons((uint16_t)(length - ETH_HLEN)),
	};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .repeat = 1,
		    .data_size_in = (uint32_t)(length < 60 ? 60 : length));

	frame[12] = ETH_P_IP >> 8;
	ip.check = traffic_sum(&ip, sizeof(ip));
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	if (bpf_prog_test_run_opts(t->prog[link], &run))
		traffic_fail("run");
	return run.retval;
}

#endif
