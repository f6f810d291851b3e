// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "nat/sweep.h"
#include "parts.h"
#include "results.h"
#include "scenarios.h"
#include "steady.h"

#define ADDRS 64
#define HOSTS 4096			/* 64 per address */
#define HOSTS_PER_ADDR (HOSTS / ADDRS)
#define FLOWS 4000000

#define SWEEP_SECONDS 22		/* two visits of every record at the slowest */
#define SWEEP_EVERY_US 100000		/* as daisyd calls it */
#define SWEEP_BUDGET_US 5000		/* daisyd's default: 5 % */

static struct traffic_spec million_out(uint32_t flows)
{
	return (struct traffic_spec){ .kind = TRAFFIC_UDP, .n = flows, .host = ADDR_HOSTS,
				      .hosts = HOSTS, .first_port = DAISY_FIRST_PORT,
				      .port_shift = 12 };
}

/*
 * Address by address, so that each gets as many subscribers: flow f of the
 * whole is port f >> 12 of host f & 4095, and the first hosts have one more.
 */
static void fill(struct contenders *all, struct daisy *daisy)
{
	for (uint32_t i = 0; i < ADDRS; i++) {
		uint32_t first = i * HOSTS_PER_ADDR;
		uint32_t ports = FLOWS / HOSTS + (first < FLOWS % HOSTS);
		struct traffic_spec spec = million_out(ports * HOSTS_PER_ADDR);

		spec.host += first;
		spec.hosts = HOSTS_PER_ADDR;
		spec.port_shift = 6;
		daisy_use_addrs(daisy, i, 1);
		preload(all, DAISY, &spec);
	}
	daisy_use_addrs(daisy, 0, ADDRS);
}

static struct steady measure(struct contenders *all, const char *name, uint32_t flows)
{
	struct steady steady = { .name = name, .contenders = 1 << DROP | 1 << BARE | 1 << DAISY };
	struct traffic_spec spec = million_out(flows);

	steady.traffic = traffic_open(all->bench, &spec);
	contender_check(all, DAISY, steady.traffic, false, ADDR_POOL, ADDR_POOL + ADDRS - 1);
	steady_run(all, &steady);
	traffic_close(steady.traffic);
	return steady;
}

static void by_flows(struct contenders *all)
{
	static const uint32_t flows[] = { 1, 1000, 16000, 64000, 250000, 1000000, FLOWS };
	char name[32];

	for (size_t i = 0; i < sizeof(flows) / sizeof(*flows); i++) {
		struct steady steady;

		snprintf(name, sizeof(name), "out_flows_%u", flows[i]);
		steady = measure(all, name, flows[i]);
		plot_add("flows", "%u %.1f %.1f %.1f", flows[i], steady.ns[DROP], steady.ns[BARE],
			 steady.ns[DAISY]);
		if (flows[i] != FLOWS)
			continue;
		summary_number("out_4m_cost_vs_bare", steady_cost(&steady, DAISY));
		summary_number("out_4m_drop_ns", steady.ns[DROP]);
		summary_number("out_4m_bare_ns", steady.ns[BARE]);
		summary_number("out_4m_daisy_ns", steady.ns[DAISY]);
		summary_number("out_4m_lost", steady.lost[DAISY]);
	}
	summary_number("flows_4m", FLOWS);
}

static uint64_t named_map_memory(struct daisy *daisy, const char *name)
{
	int fd = daisy_instance_map_fd(daisy->inst, name);

	if (fd < 0)
		die("no map %s", name);
	return map_memlock(fd);
}

static uint64_t vector_memory(struct daisy *daisy, const char *outer, uint32_t slot)
{
	int fd = daisy_instance_map_fd(daisy->inst, outer);
	uint64_t bytes;
	uint32_t id;

	if (fd < 0 || bpf_map_lookup_elem(fd, &slot, &id))
		die("no vector of slot %u in %s", slot, outer);
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		die("no map %u: %s", id, strerror(errno));
	bytes = map_memlock(fd);
	close(fd);
	return bytes;
}

/*
 * UDP mappings: their vectors and inbound words, a third of the port maps (one of three
 * protocols), and all of the index, its overflow and the subscribers.
 * An idle address: its three vectors and its share of inbound words, port maps and index.
 */
static void memory(struct daisy *daisy)
{
	static const char *const vectors[] = { "vectors_udp", "vectors_tcp", "vectors_icmp" };
	uint64_t inbound = named_map_memory(daisy, "inbound_udp");
	uint64_t shared = inbound + named_map_memory(daisy, "index_buckets") +
			  named_map_memory(daisy, "index_displaced") +
			  named_map_memory(daisy, "index_overflow") +
			  named_map_memory(daisy, "subscribers");
	uint64_t ports = named_map_memory(daisy, "port_maps"), udp = 0, idle = 0;
	struct daisy_counters counters = daisy_count(daisy);

	for (uint32_t i = 0; i < ADDRS; i++)
		udp += vector_memory(daisy, vectors[0], daisy->slots[i]);
	for (int i = 0; i < 3; i++)
		idle += vector_memory(daisy, vectors[i], daisy->slots[0]);
	idle += (inbound + ports + named_map_memory(daisy, "index_buckets") +
		 named_map_memory(daisy, "index_displaced") +
		 named_map_memory(daisy, "index_overflow")) / ADDRS;
	if (counters.created_udp < FLOWS)
		die("only %llu mappings were created", (unsigned long long)counters.created_udp);
	summary_number("kernel_bytes_per_mapping", (udp + ports / 3 + shared) / (double)FLOWS);
	summary_number("idle_mib_per_address", idle / 1048576.0);
	say("  memory         %.1f bytes per mapping, idle %.2f MiB per address",
	    (udp + ports / 3 + shared) / (double)FLOWS, idle / 1048576.0);
}

/* As daisyd does it, for two visits of everything; nothing expires meanwhile. */
static void sweep(struct daisy *daisy)
{
	struct daisy_sweeper *sweeper = daisy_sweeper_new(daisy->inst);
	struct daisy_sweeper_stats stats;
	double start = now_ns(), cpu = cpu_ns(), wall;
	uint32_t slowest_ms = 0;

	if (!sweeper)
		die("no memory for a sweeper");
	while (now_ns() - start < SWEEP_SECONDS * 1e9) {
		if (daisy_sweeper_run(sweeper, SWEEP_BUDGET_US))
			die("the sweeper failed: %s", daisy_error());
		daisy_sweeper_stats(sweeper, &stats);
		if (stats.round_ms > slowest_ms)
			slowest_ms = stats.round_ms;
		usleep(SWEEP_EVERY_US);
	}
	wall = now_ns() - start;
	cpu = cpu_ns() - cpu;
	if (stats.rounds < 2 || stats.expired)
		die("%llu rounds of the sweeper, %llu mappings expired",
		    (unsigned long long)stats.rounds, (unsigned long long)stats.expired);
	summary_number("sweep_cpu_percent_4m", 100 * cpu / wall);
	summary_number("sweep_round_s", wall / 1e9 / stats.rounds);
	results_add_value("sweep_4m", "cpu_percent", 100 * cpu / wall);
	say("  sweep          %.2f %% of a core, %llu rounds in %.0f s, each %u ms at most",
	    100 * cpu / wall, (unsigned long long)stats.rounds, wall / 1e9, slowest_ms);
	daisy_sweeper_free(sweeper);
}

void part_million(struct contenders *all)
{
	struct daisy daisy;

	daisy_open(&daisy, all->bench, ADDRS);
	contenders_daisy_set(all, &daisy);
	fill(all, &daisy);
	memory(&daisy);
	by_flows(all);
	sweep(&daisy);
	contender_attach(all, DROP);
	daisy_close(&daisy);
}
