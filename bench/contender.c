// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* The skeletons want their types beforehand. */
#include "bare.h"
#include "frames.h"
#include "sink.h"

#include "bench/bare.skel.h"
#include "bench/drop.skel.h"
#include "bench/sink.skel.h"
#include "contender.h"
#include "daisy.h"
#include "traffic.h"

static struct bare_bpf *bare_open(const struct bench *bench, enum bench_link out,
				  enum bench_link next)
{
	struct bare_bpf *skel = bare_bpf__open_and_load();
	struct bare_hop hop;
	uint32_t key = 0;

	if (!skel)
		die("cannot load the bare forwarder: %s", strerror(errno));
	memcpy(hop.macs, bench->mac[next], 6);
	memcpy(hop.macs + 6, bench->mac[out], 6);
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.hop), &key, &hop, 0))
		die("cannot set the bare forwarder's next hop: %s", strerror(errno));
	ns_enter(bench, NS_NAT);
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.egress), &key, &bench->ifindex[out], 0))
		die("cannot set the bare forwarder's device: %s", strerror(errno));
	return skel;
}

void contenders_open(struct contenders *all, const struct bench *bench)
{
	int drop, pass;

	memset(all, 0, sizeof(*all));
	all->bench = bench;
	all->sink = sink_bpf__open_and_load();
	all->drop = drop_bpf__open_and_load();
	if (!all->sink || !all->drop)
		die("cannot load the sinks: %s", strerror(errno));
	all->bare[0] = bare_open(bench, LINK_N1, LINK_D0);
	all->bare[1] = bare_open(bench, LINK_N0, LINK_S0);
	drop = bpf_program__fd(all->drop->progs.drop);
	pass = bpf_program__fd(all->sink->progs.pass);
	all->each[DROP] = (struct contender){ "drop", all->drop->bss->received, drop, drop, NULL };
	all->each[BARE] = (struct contender){ "bare", all->sink->bss->received,
					      bpf_program__fd(all->bare[0]->progs.bare),
					      bpf_program__fd(all->bare[1]->progs.bare), NULL };
	all->each[NFT] = (struct contender){ "nft", all->sink->bss->received, pass, pass, NULL };
	all->each[DAISY] = (struct contender){ "daisy", all->sink->bss->received, -1, -1, NULL };
	all->each[CARRIER] = (struct contender){ "carrier", all->sink->bss->received, -1, -1, NULL };
	sinks_count(all);
}

void contenders_close(struct contenders *all)
{
	sink_bpf__destroy(all->sink);
	drop_bpf__destroy(all->drop);
	bare_bpf__destroy(all->bare[0]);
	bare_bpf__destroy(all->bare[1]);
}

static void daisy_join(struct contender *contender, struct daisy *daisy)
{
	contender->daisy = daisy;
	contender->inside_fd = daisy->inside_fd;
	contender->outside_fd = daisy->outside_fd;
}

void contenders_daisy_set(struct contenders *all, struct daisy *daisy)
{
	all->daisy = daisy;
	daisy_join(&all->each[DAISY], daisy);
}

void contenders_carrier_set(struct contenders *all, struct daisy *daisy)
{
	daisy_join(&all->each[CARRIER], daisy);
}

void contender_attach(struct contenders *all, enum contender_kind kind)
{
	link_attach(all->bench, LINK_N0, all->each[kind].inside_fd);
	link_attach(all->bench, LINK_N1, all->each[kind].outside_fd);
	if (all->each[kind].daisy)
		daisy_alive(all->each[kind].daisy);
}

void links_kernel(struct contenders *all)
{
	link_attach(all->bench, LINK_N0, -1);
	link_attach(all->bench, LINK_N1, -1);
}

static void sinks_attach(struct contenders *all, const struct bpf_program *program)
{
	link_attach(all->bench, LINK_S0, bpf_program__fd(program));
	link_attach(all->bench, LINK_D0, bpf_program__fd(program));
}

void sinks_pass(struct contenders *all)
{
	sinks_attach(all, all->sink->progs.pass);
}

void sinks_count(struct contenders *all)
{
	sinks_attach(all, all->sink->progs.sink);
}

/* ------------------------------------------------------------------------ */

void nft_set(const struct bench *bench, unsigned int n_addrs)
{
	char rules[512];
	struct in_addr first = { htonl(ADDR_POOL) }, last = { htonl(ADDR_POOL + n_addrs - 1) };
	char first_text[INET_ADDRSTRLEN], last_text[INET_ADDRSTRLEN];
	const char *const argv[] = { "nft", rules, NULL };

	inet_ntop(AF_INET, &first, first_text, sizeof(first_text));
	inet_ntop(AF_INET, &last, last_text, sizeof(last_text));
	nft_clear(bench);
	snprintf(rules, sizeof(rules),
		 "table ip nat { chain post { type nat hook postrouting priority srcnat; "
		 "oifname \"n1\" ip saddr 10.64.0.0/10 snat to %s%s%s%s; }; }",
		 first_text, n_addrs > 1 ? "-" : "", n_addrs > 1 ? last_text : "",
		 n_addrs > 1 ? " persistent" : "");
	if (ns_run(bench, NS_NAT, NULL, argv))
		die("nft refuses the NAT rules");
}

void nft_clear(const struct bench *bench)
{
	const char *const argv[] = { "nft", "flush ruleset", NULL };

	if (ns_run(bench, NS_NAT, NULL, argv))
		die("nft cannot flush its rules");
	nft_flush(bench);
}

uint64_t nft_connections(const struct bench *bench)
{
	unsigned long long count = 0;
	FILE *file;

	ns_enter(bench, NS_NAT);
	file = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "r");
	if (!file || fscanf(file, "%llu", &count) != 1)
		die("no nf_conntrack_count");
	fclose(file);
	return count;
}

/* ------------------------------------------------------------------------ */

/* Ports seen, distinct per address. */
static uint64_t verdict_ports(const struct sink_verdicts *verdicts)
{
	uint64_t n = 0;

	for (int i = 0; i < SINK_PORT_WORDS; i++)
		n += __builtin_popcountll(verdicts->ports[i]);
	return n;
}

/* A sink of its own: what it expects is fixed at load time, so that it is cheap when it counts. */
struct sink_bpf *sink_check_open(bool inbound, uint32_t first_addr, uint32_t last_addr)
{
	struct sink_bpf *skel = sink_bpf__open();
	struct sink_expectation *expect;

	if (!skel)
		die("no memory");
	expect = (struct sink_expectation *)&skel->rodata->expect;
	*expect = (struct sink_expectation){ .first_addr = first_addr, .last_addr = last_addr,
					     .ttl = 63, .inbound = inbound };
	if (sink_bpf__load(skel))
		die("cannot load the checking sink: %s", strerror(errno));
	return skel;
}

uint64_t contender_check(struct contenders *all, enum contender_kind kind,
			 struct traffic *traffic, bool inbound, uint32_t first_addr,
			 uint32_t last_addr)
{
	struct sink_bpf *check = sink_check_open(inbound, first_addr, last_addr);
	enum bench_link link = inbound ? LINK_S0 : LINK_D0;
	struct sink_verdicts *v = &check->bss->verdicts;
	uint64_t good, bad;

	contender_attach(all, kind);
	link_attach(all->bench, link, bpf_program__fd(check->progs.sink_check));
	traffic_run(traffic, check->bss->received, traffic_flows(traffic));
	link_attach(all->bench, link, bpf_program__fd(all->sink->progs.sink));
	good = v->good;
	bad = v->bad_addr + v->bad_ttl + v->bad_sum;
	if (bad)
		die("%s: of %u frames %llu had the wrong address, %llu the wrong TTL, %llu a wrong checksum",
		    all->each[kind].name, traffic_flows(traffic), v->bad_addr, v->bad_ttl,
		    v->bad_sum);
	if (verdict_ports(v) < good)
		die("%s: %llu frames of as many flows came by %llu ports", all->each[kind].name,
		    (unsigned long long)good, (unsigned long long)verdict_ports(v));
	sink_bpf__destroy(check);
	return good;
}
