/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "nat/blocks.h"
#include "shared/reasons.h"
#include "shared/version.h"
#include "telemetry/render.h"

static const char *const protos[DAISY_N_PROTOS] = {
	[DAISY_UDP] = "udp",
	[DAISY_TCP] = "tcp",
	[DAISY_ICMP] = "icmp",
};

static const char *const sides[] = {
	[SIDE_NONE] = "none",
	[SIDE_INSIDE] = "inside",
	[SIDE_OUTSIDE] = "outside",
	[SIDE_BOTH] = "both",
};

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP daisy_%s %s\n# TYPE daisy_%s %s\n", name, help, name, type);
}

static void put_one(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	put_head(out, name, type, help);
	fprintf(out, "daisy_%s %" PRIu64 "\n", name, value);
}

static void put_seconds(FILE *out, const char *name, const char *type, const char *help,
			double value)
{
	put_head(out, name, type, help);
	fprintf(out, "daisy_%s %.9g\n", name, value);
}

/* "(end)" says where a packet's way ends in the list; a metric has no use for it. */
static void put_counter(FILE *out, const char *name, const char *help, uint64_t value)
{
	static const char mark[] = "(end) ";

	if (!strncmp(help, mark, sizeof(mark) - 1))
		help += sizeof(mark) - 1;
	put_one(out, name, "counter", help, value);
}

static void render_counters(FILE *out, const struct daisy_counters *sum)
{
#define X(name, help) put_counter(out, #name "_total", help, sum->name);
	DAISY_COUNTERS(X)
#undef X
	put_head(out, "drops_total", "counter", "packets refused, by reason");
#define X(num, sym, name, help) \
	fprintf(out, "daisy_drops_total{reason=\"%s\"} %" PRIu64 "\n", name, (uint64_t)sum->drop_##sym);
	DAISY_REASONS(X)
#undef X
}

/* The first labels of an address: {address="",pool="" */
static void put_address(FILE *out, const struct daisy_slot *slot, const struct daisy_figures *figures)
{
	char addr[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, slot->addr, addr, sizeof(addr));
	fprintf(out, "{address=\"%s\",pool=\"%s\"", addr, figures->pool[slot->pool]);
}

/* Reserved ports are in neither figure: they never had a bit. */
static int64_t ports_free(const struct daisy_port_map *map)
{
	return map->n_free > 0 ? map->n_free : 0;
}

static int64_t ports_range(const struct daisy_port_map *map)
{
	return (int64_t)map->last - map->first + 1;
}

static uint32_t blocks_used(const struct daisy_block_count *count)
{
	return count->used;
}

static uint32_t blocks_free(const struct daisy_block_count *count)
{
	return count->free;
}

static void render_ports(FILE *out, struct daisy_instance *inst,
			 const struct daisy_figures *figures, const char *name, const char *help,
			 int64_t (*figure)(const struct daisy_port_map *map))
{
	const struct daisy_slot *slots = daisy_instance_slots(inst);
	uint32_t n = daisy_instance_max_slots(inst);

	put_head(out, name, "gauge", help);
	for (uint32_t i = 0; i < n * DAISY_N_PROTOS; i++) {
		uint32_t slot = i / DAISY_N_PROTOS, proto = i % DAISY_N_PROTOS;
		const struct daisy_port_map *map;

		if (slots[slot].state == SLOT_EMPTY)
			continue;
		map = daisy_instance_port_map(inst, slot, proto);
		if (!map)
			continue;
		fprintf(out, "daisy_%s", name);
		put_address(out, &slots[slot], figures);
		fprintf(out, ",protocol=\"%s\"} %" PRId64 "\n", protos[proto], figure(map));
	}
}

/* Addresses of pools that have blocks: a family without samples is none. */
static void render_blocks(FILE *out, struct daisy_instance *inst,
			  const struct daisy_figures *figures, const char *name, const char *help,
			  uint32_t (*figure)(const struct daisy_block_count *count))
{
	const struct daisy_slot *slots = daisy_instance_slots(inst);
	bool begun = false;

	for (uint32_t slot = 0; slot < daisy_instance_max_slots(inst); slot++) {
		uint32_t order = daisy_instance_pools(inst)[slots[slot].pool].block_order;
		struct daisy_block_count count = { 0 };

		if (slots[slot].state == SLOT_EMPTY || !order)
			continue;
		if (!begun)
			put_head(out, name, "gauge", help);
		begun = true;
		daisy_blocks_count(daisy_instance_block_map(inst, slot), order, &count);
		fprintf(out, "daisy_%s", name);
		put_address(out, &slots[slot], figures);
		fprintf(out, "} %u\n", figure(&count));
	}
}

static void render_addresses(FILE *out, struct daisy_instance *inst,
			     const struct daisy_figures *figures)
{
	const struct daisy_slot *slots = daisy_instance_slots(inst);
	uint32_t n = daisy_instance_max_slots(inst), active = 0, draining = 0;

	for (uint32_t i = 0; i < n; i++) {
		active += slots[i].state == SLOT_ACTIVE;
		draining += slots[i].state == SLOT_DRAINING;
	}
	put_head(out, "addresses", "gauge", "external addresses by state");
	fprintf(out, "daisy_addresses{state=\"active\"} %u\n", active);
	fprintf(out, "daisy_addresses{state=\"draining\"} %u\n", draining);
	put_one(out, "addresses_limit", "gauge", "external addresses there is room for", n);
	render_ports(out, inst, figures, "ports", "dynamic ports of the range, reserved ones included",
		     ports_range);
	render_ports(out, inst, figures, "ports_free",
		     "dynamic ports neither in use nor in hold-down", ports_free);
	render_blocks(out, inst, figures, "port_blocks_used", "port blocks that subscribers have", blocks_used);
	render_blocks(out, inst, figures, "port_blocks_free", "port blocks that subscribers may get", blocks_free);
}

static void render_links(FILE *out, struct daisy_instance *inst)
{
	const struct daisy_link *links = daisy_instance_links(inst);

	put_head(out, "link_info", "gauge", "links there are, always 1");
	for (unsigned int i = 0; i < DAISY_MAX_LINKS; i++) {
		unsigned int side = links[i].side;
		char device[IF_NAMESIZE];

		if (side == SIDE_NONE || side > SIDE_BOTH)
			continue;
		if (!if_indextoname(links[i].ifindex, device))
			strcpy(device, "");
		fprintf(out, "daisy_link_info{link=\"%u\",device=\"%s\",side=\"%s\",zone=\"%u\"} 1\n", i,
			device, sides[side], links[i].zone);
	}
}

static void render_next_hops(FILE *out, struct daisy_instance *inst)
{
	const struct daisy_nexthop *hops = daisy_instance_nexthops(inst);
	unsigned int resolved = 0, unresolved = 0;

	for (unsigned int i = 1; i < DAISY_MAX_NEXTHOPS; i++) {
		resolved += hops[i].state == NEXTHOP_RESOLVED;
		unresolved += hops[i].state == NEXTHOP_UNRESOLVED;
	}
	put_head(out, "next_hops", "gauge", "next hops known to the packet path by state");
	fprintf(out, "daisy_next_hops{state=\"resolved\"} %u\n", resolved);
	fprintf(out, "daisy_next_hops{state=\"unresolved\"} %u\n", unresolved);
}

static void render_by_proto(FILE *out, const char *name, const char *help, const uint64_t *values)
{
	put_head(out, name, "gauge", help);
	for (unsigned int i = 0; i < DAISY_N_PROTOS; i++)
		fprintf(out, "daisy_%s{protocol=\"%s\"} %" PRIu64 "\n", name, protos[i], values[i]);
}

static void render_figures(FILE *out, const struct daisy_figures *f)
{
	render_by_proto(out, "mappings", "mappings as last counted, at most ten seconds ago", f->mappings);
	render_by_proto(out, "ports_held", "ports in hold-down, likewise", f->held);
	put_one(out, "connections", "gauge", "TCP connections beyond those in the mappings' records",
		f->connections);
	put_one(out, "subscribers", "gauge", "subscribers paired with an external address",
		f->subscribers);
	put_one(out, "sweep_visited_total", "counter", "records that sweeps visited", f->sweep_visited);
	put_one(out, "sweep_rounds_total", "counter", "times the whole table was visited",
		f->sweep_rounds);
	put_seconds(out, "sweep_cpu_seconds_total", "counter", "CPU time that sweeps took",
		    (double)f->sweep_cpu_us / 1e6);
	put_seconds(out, "sweep_round_seconds", "gauge", "duration of the last round",
		    (double)f->sweep_round_ms / 1e3);
	put_one(out, "held_packets", "gauge", "packets that the daemon holds", f->held_packets);
	put_one(out, "hold_overflows_total", "counter", "packets that found no room to be held",
		f->hold_overflows);
	put_one(out, "hold_lost_total", "counter",
		"packets that the kernel lost on their way to the daemon", f->hold_lost);
	put_one(out, "hold_unsent_total", "counter",
		"held packets that were judged again and that the device did not take",
		f->hold_unsent);
	put_one(out, "control_clients", "gauge", "clients of the control socket", f->clients);
	put_seconds(out, "start_time_seconds", "gauge", "when the daemon started, since the epoch",
		    f->start_time_s);
}

static void render_memory(FILE *out, struct daisy_instance *inst)
{
	uint64_t total, per_address;

	if (daisy_instance_memory(inst, &total, &per_address))
		return;
	put_one(out, "memory_bytes", "gauge", "kernel memory of all maps", total);
	put_one(out, "address_memory_bytes", "gauge", "kernel memory of one external address's own maps",
		per_address);
}

int daisy_metrics_render(FILE *out, struct daisy_instance *inst,
			 const struct daisy_figures *figures)
{
	const struct daisy_conf *conf = daisy_instance_conf(inst);
	struct daisy_counters sum;
	int err = daisy_instance_counters(inst, &sum);

	if (err)
		return err;
	put_head(out, "build_info", "gauge", "version of the daemon and of its maps, always 1");
	fprintf(out, "daisy_build_info{version=\"%s\",map_format=\"%d\"} 1\n", DAISY_VERSION,
		DAISY_MAP_FORMAT);
	render_counters(out, &sum);
	render_figures(out, figures);
	render_addresses(out, inst, figures);
	render_links(out, inst);
	render_next_hops(out, inst);
	put_one(out, "index_overflow_entries", "gauge", "mappings found by the overflow table",
		conf->overflow_used);
	render_memory(out, inst);
	return 0;
}
