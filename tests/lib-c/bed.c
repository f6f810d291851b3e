/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/bed.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib-c/host.h"
#include "lib-c/tap.h"
#include "lib-c/wire.h"

struct counter_info {
	const char *name;
	bool is_end, is_drop;
};

static const struct counter_info infos[] = {
#define X(name, help) { #name, sizeof(help) > 5 && !__builtin_strncmp(help, "(end)", 5), false },
	DAISY_COUNTERS(X)
#undef X
#define X(num, sym, name, help) { "drop_" name, true, true },
	DAISY_REASONS(X)
#undef X
};
_Static_assert(sizeof(infos) / sizeof(infos[0]) == BED_N_COUNTERS, "a row for each counter");

const char *bed_counter_name(unsigned int i)
{
	return i < BED_N_COUNTERS ? infos[i].name : "?";
}

bool bed_counter_is_end(unsigned int i)
{
	return i < BED_N_COUNTERS && infos[i].is_end;
}

bool bed_counter_is_drop(unsigned int i)
{
	return i < BED_N_COUNTERS && infos[i].is_drop;
}

static enum bed_link device_of(enum bed_link link)
{
	return link == BED_TAGGED ? BED_INSIDE : link == BED_STACKED ? BED_OUTSIDE : link;
}

int bed_tags(uint16_t tag[2], enum bed_link link)
{
	tag[0] = link == BED_TAGGED ? 100 : link == BED_STACKED ? 200 : 0;
	tag[1] = link == BED_STACKED ? 300 : 0;
	return link == BED_TAGGED ? 1 : link == BED_STACKED ? 2 : 0;
}

void bed_mac(uint8_t mac[6], enum bed_link link)
{
	const uint8_t m[6] = { 2, 0, 0, 0, 0, device_of(link) };

	memcpy(mac, m, sizeof(m));
}

void bed_peer_mac(uint8_t mac[6], enum bed_link link)
{
	const uint8_t m[6] = { 2, 0, 0, 0, 1, link };

	memcpy(mac, m, sizeof(m));
}

static void link_make(struct bed *bed, enum bed_link number, enum daisy_side side, const char *device)
{
	struct daisy_link l = { .side = side, .mtu = bed->mtu, .device = device_of(number) };
	struct daisy_nexthop nh = { .link = number, .mtu = bed->mtu, .state = NEXTHOP_RESOLVED };

	bed_mac(l.mac, number);
	l.tx_ifindex = if_nametoindex(device);
	/* VLANs without devices of their own: routes are looked up as by the device. */
	l.ifindex = l.tx_ifindex;
	l.zone = number == BED_TAGGED;
	wire_put32(l.addr, BED_OWN + number);
	if (side != SIDE_OUTSIDE)
		l.static_nexthop = number;
	bed_mac(nh.smac, number);
	bed_peer_mac(nh.dmac, number);
	wire_put32(nh.addr, number == BED_OUTSIDE ? HOST_GATEWAY : BED_OWN + 0x10 + number);
	if (number == BED_OUTSIDE)
		nh.ifindex = l.ifindex;
	l.n_tags = nh.n_tags = bed_tags(l.tag, number);
	bed_tags(nh.tag, number);
	if (daisy_instance_link_set(bed->inst, number, &l) ||
	    daisy_instance_nexthop_set(bed->inst, number, &nh))
		tap_bail("cannot set link %d: %s", number, daisy_error());
	if (number != l.device) {
		bed->prog[number] = bed->prog[l.device];
		return;
	}
	bed->prog[number] = daisy_instance_program_load(bed->inst, number);
	if (bed->prog[number] < 0)
		tap_bail("cannot load the packet program: %s", daisy_error());
}

static void addresses_add(struct bed *bed, const struct bed_spec *spec)
{
	uint16_t first = spec->first ? spec->first : 1024, last = spec->last ? spec->last : 65535;
	uint32_t slots[256];
	int slot;

	for (uint32_t i = 0; i < spec->n_addresses; i++) {
		struct in_addr addr = { htonl(BED_EXTERNAL + i) };

		slot = daisy_instance_address_add(bed->inst, addr, 1, first, last, NULL, 0);
		if (slot < 0)
			tap_bail("cannot add an address: %s", daisy_error());
		slots[i] = slot;
	}
	for (uint16_t zone = 0; zone < 2; zone++)
		if (daisy_instance_zone_set(bed->inst, zone, slots, spec->n_addresses) ||
		    daisy_instance_prefix_add(bed->inst, zone,
					      (struct in_addr){ htonl(spec->prefix) },
					      spec->prefix_len, zone ? BED_TAGGED : BED_INSIDE))
			tap_bail("cannot set zone %u: %s", zone, daisy_error());
	if (daisy_instance_own_add(bed->inst, (struct in_addr){ htonl(BED_OWN) }))
		tap_bail("cannot set the box's address: %s", daisy_error());
}

static void counters_read(struct bed *bed, struct daisy_counters *sum)
{
	uint64_t *to = (uint64_t *)sum;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(bed->counters_fd, &zero, bed->per_cpu))
		tap_bail("cannot read the counters: %s", strerror(errno));
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < bed->n_cpus; cpu++)
		for (unsigned int i = 0; i < BED_N_COUNTERS; i++)
			to[i] += ((uint64_t *)&bed->per_cpu[cpu])[i];
}

void bed_open(struct bed *bed, const struct bed_spec *spec)
{
	struct daisy_instance_spec instance = spec->instance;
	enum daisy_opened opened;
	uint8_t gateway[6];

	memset(bed, 0, sizeof(*bed));
	bed->n_addresses = spec->n_addresses;
	bed->mtu = spec->mtu ? spec->mtu : 1500;
	bed_peer_mac(gateway, BED_OUTSIDE);
	host_make(gateway);
	instance.name = "test";
	instance.bpffs = NULL;
	if (daisy_instance_open(&instance, &bed->inst, &opened))
		tap_bail("cannot open an instance: %s", daisy_error());
	bed->n_cpus = libbpf_num_possible_cpus();
	bed->per_cpu = calloc(bed->n_cpus, sizeof(*bed->per_cpu));
	bed->counters_fd = daisy_instance_map_fd(bed->inst, "counters");
	if (!bed->per_cpu || bed->counters_fd < 0)
		tap_bail("no counters");
	addresses_add(bed, spec);
	link_make(bed, BED_INSIDE, SIDE_INSIDE, HOST_INSIDE_DEVICE);
	link_make(bed, BED_OUTSIDE, SIDE_OUTSIDE, HOST_OUTSIDE_DEVICE);
	link_make(bed, BED_BOTH, SIDE_BOTH, "lo");
	link_make(bed, BED_TAGGED, SIDE_INSIDE, HOST_INSIDE_DEVICE);
	link_make(bed, BED_STACKED, SIDE_OUTSIDE, HOST_OUTSIDE_DEVICE);
	bed_advance(bed, 0);
	counters_read(bed, &bed->before);
}

void bed_advance(struct bed *bed, uint32_t seconds)
{
	daisy_instance_clock_advance(bed->inst, seconds);
	daisy_instance_conf(bed->inst)->alive_tick = daisy_instance_tick(bed->inst);
}

void bed_close(struct bed *bed)
{
	for (int i = BED_INSIDE; i <= BED_BOTH; i++)
		close(bed->prog[i]);
	daisy_instance_close(bed->inst);
	free(bed->per_cpu);
}

static void ends_count(struct bed *bed, struct bed_result *r)
{
	const uint64_t *before = (const uint64_t *)&bed->before;
	struct daisy_counters now;
	const uint64_t *after = (const uint64_t *)&now;

	counters_read(bed, &now);
	r->n_ends = 0;
	r->end = BED_N_COUNTERS;
	for (unsigned int i = 0; i < BED_N_COUNTERS; i++) {
		if (!infos[i].is_end || after[i] == before[i])
			continue;
		r->n_ends += after[i] - before[i];
		r->end = i;
	}
	bed->before = now;
}

void bed_run(struct bed *bed, enum bed_link link, const uint8_t *frame, uint32_t len,
	     struct bed_result *r)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len,
		    .data_out = r->out, .data_size_out = sizeof(r->out), .repeat = 1);
	int err = bpf_prog_test_run_opts(bed->prog[link], &opts);

	if (err)
		tap_bail("cannot run a frame of %u bytes: %s", len, strerror(-err));
	r->action = opts.retval;
	r->len = opts.data_size_out;
	ends_count(bed, r);
}

uint32_t bed_run_raw(const struct bed *bed, enum bed_link link, const uint8_t *frame, uint32_t len,
		     uint8_t *out, uint32_t *out_len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len,
		    .data_out = out, .data_size_out = out ? 4096 : 0, .repeat = 1);
	int err = bpf_prog_test_run_opts(bed->prog[link], &opts);

	if (err)
		tap_bail("cannot run a frame of %u bytes: %s", len, strerror(-err));
	if (out)
		*out_len = opts.data_size_out;
	return opts.retval;
}

uint64_t bed_counter(struct bed *bed, unsigned int i)
{
	struct daisy_counters now;

	counters_read(bed, &now);
	return ((uint64_t *)&now)[i];
}

int bed_slot(const struct bed *bed, uint32_t addr)
{
	const struct daisy_slot *slots = daisy_instance_slots(bed->inst);

	for (uint32_t i = 0; i < daisy_instance_max_slots(bed->inst); i++)
		if (slots[i].state != SLOT_EMPTY && wire_get32(slots[i].addr) == addr)
			return i;
	return -1;
}

struct daisy_mapping *bed_record(const struct bed *bed, uint32_t slot, enum daisy_proto proto,
				 uint16_t port)
{
	size_t stride;
	char *records = daisy_instance_vector(bed->inst, slot, proto, &stride);

	return records ? (struct daisy_mapping *)(records + port * stride) : NULL;
}

void bed_sweep_one(struct bed *bed, uint32_t slot, enum daisy_proto proto, uint16_t port)
{
	struct daisy_sweep_item item = { .slot = slot, .port = port, .proto = proto };
	struct daisy_sweep_header h = { .n = 1 };

	if (daisy_instance_sweep_batch(bed->inst, &h, &item))
		tap_bail("cannot sweep: %s", daisy_error());
}

/*
 * All keys of the table, then batches of them. A walk begins anew where its key
 * was removed meanwhile, so with packets under way it is cut off after twice
 * the table; what it has missed is there in the next sweep.
 */
static void sweep_conns(struct bed *bed, struct bed_swept *total)
{
	int fd = daisy_instance_map_fd(bed->inst, "conns");
	struct daisy_sweep_header h = { 0 };
	struct daisy_conn_item *items;
	struct bpf_map_info info = { 0 };
	struct daisy_conn_key key, *from = NULL;
	uint32_t len = sizeof(info), n = 0;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		tap_bail("cannot read the size of a map: %s", strerror(errno));
	items = calloc(2 * info.max_entries, sizeof(*items));
	if (!items)
		tap_bail("no memory");
	for (; n < 2 * info.max_entries && !bpf_map_get_next_key(fd, from, &key); from = &key)
		items[n++].key = key;
	for (uint32_t i = 0; i < n; i += h.n) {
		h = (struct daisy_sweep_header){ .n = n - i < DAISY_BATCH_ITEMS / 2 ? n - i :
							  DAISY_BATCH_ITEMS / 2 };
		if (daisy_instance_sweep_conns_batch(bed->inst, &h, items + i))
			tap_bail("cannot sweep connections: %s", daisy_error());
		total->conns += h.expired;
	}
	free(items);
}

static void sweep_vector(struct bed *bed, uint32_t slot, enum daisy_proto proto, struct bed_swept *total)
{
	struct daisy_sweep_item items[DAISY_BATCH_ITEMS];
	struct daisy_sweep_header h = { 0 };

	for (uint32_t port = 0; port < DAISY_VECTOR_SIZE; port++) {
		if (bed_record(bed, slot, proto, port)->ctl.state != MAPPING_FREE)
			items[h.n++] = (struct daisy_sweep_item){ .slot = slot, .port = port,
								  .proto = proto };
		if (h.n < DAISY_BATCH_ITEMS && port + 1 < DAISY_VECTOR_SIZE)
			continue;
		if (h.n && daisy_instance_sweep_batch(bed->inst, &h, items))
			tap_bail("cannot sweep: %s", daisy_error());
		total->expired += h.expired;
		total->freed += h.freed;
		h = (struct daisy_sweep_header){ 0 };
	}
}

void bed_sweep(struct bed *bed, struct bed_swept *total)
{
	const struct daisy_slot *slots = daisy_instance_slots(bed->inst);

	sweep_conns(bed, total);
	for (uint32_t i = 0; i < daisy_instance_max_slots(bed->inst); i++)
		for (int proto = 0; slots[i].state != SLOT_EMPTY && proto < DAISY_N_PROTOS; proto++)
			sweep_vector(bed, i, proto, total);
}
