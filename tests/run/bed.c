/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test bed; see bed.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"

#define N_PORT_MAPS (BED_N_SLOTS * DAISY_N_PROTOS)
#define LINK_MTU 1500
#define ROUTES_BYTES (DAISY_ROUTE_CACHE * sizeof(union daisy_route))

/* Odd multipliers, nothing else is asked of them (bpf/lib/index.h). */
#define HASH_KEY { 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93 }

/* Less than the DAISY_TICK_JIFFIES for which a published tick holds, at 1000 jiffies a second. */
#define TICK_STAYS_NS 4000000

#define LINK_ROW(d, s, z, n, t0, t1)								\
	{ .mac = { 2, 0, 0, 0, 0, d }, .side = s, .n_tags = n, .tag = { t0, t1 }, .zone = z,		\
	  .mtu = LINK_MTU, .device = d, .addr = { 192, 0, 2, 100 + d } }

static const struct daisy_link links[BED_N_LINKS] = {
	[LINK_IN] = LINK_ROW(0, SIDE_INSIDE, 1, 0, 0, 0),
	[LINK_OUT] = LINK_ROW(1, SIDE_OUTSIDE, 1, 0, 0, 0),
	[LINK_BOTH] = LINK_ROW(2, SIDE_BOTH, 1, 0, 0, 0),
	[LINK_IN2] = LINK_ROW(3, SIDE_INSIDE, 2, 0, 0, 0),
	[LINK_IN_VLAN] = LINK_ROW(0, SIDE_INSIDE, 1, 1, 100, 0),
	[LINK_IN_QINQ] = LINK_ROW(0, SIDE_INSIDE, 1, 2, 200, 300),
	[LINK_OUT_VLAN] = LINK_ROW(1, SIDE_OUTSIDE, 1, 1, 100, 0),
	[LINK_OUT_QINQ] = LINK_ROW(1, SIDE_OUTSIDE, 1, 2, 200, 300),
	[LINK_BOTH_VLAN] = LINK_ROW(2, SIDE_BOTH, 1, 1, 100, 0),
	[LINK_BOTH_QINQ] = LINK_ROW(2, SIDE_BOTH, 1, 2, 200, 300),
	[LINK_STICK_IN] = LINK_ROW(2, SIDE_INSIDE, 1, 1, 110, 0),
	[LINK_STICK_OUT] = LINK_ROW(2, SIDE_OUTSIDE, 1, 1, 210, 0),
	[LINK_IN3] = LINK_ROW(3, SIDE_INSIDE, 3, 1, 3, 0),
	[LINK_IN4] = LINK_ROW(3, SIDE_INSIDE, 4, 1, 4, 0),
	[LINK_IN5] = LINK_ROW(3, SIDE_INSIDE, 5, 1, 5, 0),
};

struct pool_row {
	uint32_t addr;
	uint16_t first, last;
	uint16_t reserved;
};

static const struct pool_row pool[BED_N_SLOTS] = {
	{ EXT0, 1024, 65535, 0 },
	{ EXT1, 1024, 65535, 0 },
	{ EXT_LOW, 1, 65535, 0 },
	{ EXT_TINY, 40000, 40007, 40003 },
	{ ADDR(198, 18, 77, 5), 1024, 65535, 0 },
	{ ADDR(203, 0, 113, 200), 1024, 65535, 0 },
};

struct zone_row {
	unsigned int first, n;		/* slots */
};

static const struct zone_row zones[] = { { 0, 0 }, { 0, 2 }, { 0, 2 }, { 2, 1 }, { 3, 1 }, { 4, 2 } };

struct counter_row {
	const char *name;
	bool end;
};

static const struct counter_row counter_rows[C_END] = {
#define X(name, help) [C_##name] = { #name, !__builtin_strncmp(help, "(end)", 5) },
	DAISY_COUNTERS(X)
#undef X
#define X(num, sym, name, help) [C_drop_##sym] = { "drop_" name, true },
	DAISY_REASONS(X)
#undef X
};
_Static_assert(sizeof(struct daisy_counters) == (C_END - 1) * sizeof(uint64_t), "a number for each counter");

const char *bed_counter_name(enum counter c)
{
	return counter_rows[c].name;
}

bool bed_counter_is_end(enum counter c)
{
	return counter_rows[c].end;
}

static void give_up(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(1);
}

static void need(int err, const char *what)
{
	if (err < 0)
		give_up(what, daisy_error());
}

static struct in_addr in_addr(uint32_t addr)
{
	return (struct in_addr){ .s_addr = htonl(addr) };
}

/* Redirects need devices to name. No packet is ever sent to them. */
static void make_devices(struct bed *bed)
{
	char command[200], name[IF_NAMESIZE];
	unsigned int d;

	if (unshare(CLONE_NEWNET))
		give_up("network namespace", strerror(errno));
	for (d = 0; d < BED_N_DEVICES; d++) {
		snprintf(name, sizeof(name), "bed%u", d);
		snprintf(command, sizeof(command),
			 "ip link add %s address 02:00:00:00:00:%02x type veth peer name peer%u", name, d, d);
		if (system(command))
			give_up("veth pair", "ip link add failed");
		bed->ifindex[d] = if_nametoindex(name);
	}
}

const struct daisy_link *bed_link(enum bed_link link)
{
	return &links[link];
}

/* The station behind a link. */
static struct mac peer_mac(enum bed_link link)
{
	return (struct mac){ { 2, 0, 0, 0, 1, link } };
}

static void set_nexthop(struct bed *bed, enum bed_link link)
{
	const struct daisy_link *l = &links[link];
	struct daisy_nexthop nh = {
		.link = link, .mtu = l->mtu, .state = NEXTHOP_RESOLVED,
		.n_tags = l->n_tags, .tag = { l->tag[0], l->tag[1] },
	};
	struct mac peer = peer_mac(link);

	memcpy(nh.dmac, peer.byte, 6);
	memcpy(nh.smac, l->mac, 6);
	need(daisy_instance_nexthop_set(bed->inst, BED_NEXTHOP(link), &nh), "next hop");
}

static void set_link(struct bed *bed, enum bed_link link)
{
	struct daisy_link l = links[link];

	l.ifindex = l.tx_ifindex = bed->ifindex[l.device];
	l.static_nexthop = l.side == SIDE_OUTSIDE ? 0 : BED_NEXTHOP(link);
	need(daisy_instance_link_set(bed->inst, link, &l), "link");
}

static void set_links(struct bed *bed)
{
	unsigned int i;
	__u32 key;

	for (i = 0; i < BED_N_LINKS; i++) {
		set_link(bed, i);
		set_nexthop(bed, i);
	}
	bed->tx_links_fd = daisy_instance_map_fd(bed->inst, "tx_links");
	for (key = 0; key < BED_N_LINKS; key++)
		bpf_map_delete_elem(bed->tx_links_fd, &key);
	bed->egress = -1;
}

static void set_addresses(struct bed *bed)
{
	uint32_t slots[BED_N_SLOTS];
	unsigned int i;

	for (i = 0; i < BED_N_SLOTS; i++) {
		const struct pool_row *p = &pool[i];
		int slot = daisy_instance_address_add(bed->inst, in_addr(p->addr), 0, p->first, p->last,
						      &p->reserved, p->reserved ? 1 : 0);

		need(slot, "address");
		slots[i] = slot;
	}
	for (i = 1; i < sizeof(zones) / sizeof(zones[0]); i++) {
		need(daisy_instance_zone_set(bed->inst, i, slots + zones[i].first, zones[i].n), "zone");
		need(daisy_instance_prefix_add(bed->inst, i, in_addr(ADDR(10, 0, 0, 0)), 8, 0), "prefix");
	}
	need(daisy_instance_own_add(bed->inst, in_addr(OWN_ADDR)), "own address");
}

static void *map_whole(const struct bed *bed, const char *name, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			daisy_instance_map_fd(bed->inst, name), 0);

	if (at == MAP_FAILED)
		give_up(name, strerror(errno));
	return at;
}

/* What bed_reset() goes back to. */
static void remember(struct bed *bed)
{
	unsigned int i;
	__u64 bytes;

	bed->conf = *daisy_instance_conf(bed->inst);
	memcpy(bed->links, daisy_instance_links(bed->inst), sizeof(bed->links));
	bed->port_maps = calloc(N_PORT_MAPS, sizeof(*bed->port_maps));
	bytes = (__u64)bed->conf.index_lines * sizeof(struct daisy_bucket);
	bed->index_bytes = (bytes + 4095) & ~4095ULL;
	bed->index = map_whole(bed, "index_buckets", bed->index_bytes);
	bed->routes = map_whole(bed, "routes", ROUTES_BYTES);
	bed->inside_routes = map_whole(bed, "inside_routes", ROUTES_BYTES);
	bytes = (bed->conf.index_lines / DAISY_DISPLACED_PER_WORD + 1) * sizeof(__u64);
	bed->displaced_bytes = (bytes + 4095) & ~4095ULL;
	bed->displaced = map_whole(bed, "index_displaced", bed->displaced_bytes);
	if (!bed->port_maps)
		give_up("port maps", strerror(errno));
	for (i = 0; i < N_PORT_MAPS; i++)
		bed->port_maps[i] = *daisy_instance_port_map(bed->inst, i / DAISY_N_PROTOS,
							     i % DAISY_N_PROTOS);
	for (i = 0; i < BED_N_SLOTS; i++)
		bed->block_maps[i] = *daisy_instance_block_map(bed->inst, i);
}

/* One CPU: the token buckets of generated ICMP errors are per CPU. */
static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

struct bed *bed_open(const struct daisy_instance_spec *given)
{
	struct daisy_instance_spec spec = given ? *given : (struct daisy_instance_spec){ 0 };
	const uint64_t hash_key[4] = HASH_KEY;
	struct bed *bed = calloc(1, sizeof(*bed));
	enum daisy_opened opened;
	unsigned int d;

	if (!bed)
		give_up("bed", strerror(errno));
	spec.name = "run";
	spec.max_slots = spec.max_slots ? spec.max_slots : 8;
	spec.max_mappings = spec.max_mappings ? spec.max_mappings : 65536;
	memcpy(spec.hash_key, hash_key, sizeof(hash_key));
	stay_on_one_cpu();
	make_devices(bed);
	need(daisy_instance_open(&spec, &bed->inst, &opened), "instance");
	set_links(bed);
	set_addresses(bed);
	for (d = 0; d < BED_N_DEVICES; d++)
		bed->program[d] = -1;
	bed->hold_socket = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (bed->hold_socket < 0)
		give_up("AF_XDP socket", strerror(errno));
	remember(bed);
	bed_reset(bed);
	return bed;
}

void bed_close(struct bed *bed)
{
	unsigned int d;

	for (d = 0; d < BED_N_DEVICES; d++)
		if (bed->program[d] >= 0)
			close(bed->program[d]);
	munmap(bed->index, bed->index_bytes);
	munmap(bed->displaced, bed->displaced_bytes);
	munmap(bed->routes, ROUTES_BYTES);
	close(bed->hold_socket);
	daisy_instance_close(bed->inst);
	free(bed->port_maps);
	free(bed);
}

static void empty_hash(struct bed *bed, const char *name, size_t key_size)
{
	int fd = daisy_instance_map_fd(bed->inst, name);
	uint8_t key[32];

	if (fd < 0 || key_size > sizeof(key))
		give_up(name, "no such map");
	while (!bpf_map_get_next_key(fd, NULL, key))
		if (bpf_map_delete_elem(fd, key))
			give_up(name, strerror(errno));
}

static void empty_vector(struct bed *bed, unsigned int slot, enum daisy_proto proto)
{
	size_t stride;
	char *records = daisy_instance_vector(bed->inst, slot, proto, &stride);
	unsigned int port;

	if (!records)
		give_up("vector", "not installed");
	for (port = 0; port < DAISY_VECTOR_SIZE; port++) {
		struct daisy_mapping *m = (void *)(records + port * stride);

		if (m->ctl.word)
			memset(m, 0, stride);
	}
	if (proto == DAISY_UDP)
		memset(daisy_instance_inbound(bed->inst, slot), 0,
		       DAISY_VECTOR_SIZE * sizeof(union daisy_inbound));
}

/* Full token buckets: of a time that is long gone. */
static void fill_tokens(struct bed *bed)
{
	int fd = daisy_instance_map_fd(bed->inst, "icmp_tokens");
	int n = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t *zeros = calloc(n, 16);
	__u32 key = 0;

	if (!zeros || bpf_map_update_elem(fd, &key, zeros, 0))
		give_up("icmp_tokens", strerror(errno));
	free(zeros);
}

/* The daemon's sign of life: now, or long ago. */
static void stamp(struct bed *bed)
{
	struct daisy_conf *conf = daisy_instance_conf(bed->inst);

	conf->alive_tick = daisy_instance_tick(bed->inst) - (bed->warm ? 0 : 100 * DAISY_ALIVE_TICKS);
}

/*
 * Loaded when its device is armed or has its first frame: the verifier takes half a second, and many
 * tests have no use for every device. A case runs cold first, so that comes at no time that matters.
 */
static int program_of(struct bed *bed, enum bed_link link)
{
	int *program = &bed->program[links[link].device];

	if (*program < 0) {
		*program = daisy_instance_program_load(bed->inst, links[link].device);
		need(*program, "program");
	}
	return *program;
}

void bed_reset(struct bed *bed)
{
	struct daisy_conf *conf = daisy_instance_conf(bed->inst);
	unsigned int i;

	for (i = 0; i < N_PORT_MAPS; i++) {
		unsigned int slot = i / DAISY_N_PROTOS, proto = i % DAISY_N_PROTOS;
		struct daisy_port_map *map = daisy_instance_port_map(bed->inst, slot, proto);

		if (bed->any_port || memcmp(map, &bed->port_maps[i], sizeof(*map)))
			empty_vector(bed, slot, proto);
		*map = bed->port_maps[i];
	}
	for (i = 0; i < BED_N_SLOTS; i++)
		*daisy_instance_block_map(bed->inst, i) = bed->block_maps[i];
	memset(daisy_instance_pools(bed->inst), 0, sizeof(struct daisy_pool));
	for (i = 0; i < BED_N_SLOTS; i++) {
		if (daisy_instance_slots(bed->inst)[i].state != SLOT_ACTIVE)
			daisy_instance_address_state(bed->inst, i, SLOT_ACTIVE);
		if (daisy_instance_slots(bed->inst)[i].flags & SLOT_STOPPED)
			daisy_instance_address_resume(bed->inst, i);
		if (daisy_instance_slots(bed->inst)[i].flags)
			daisy_instance_address_filter(bed->inst, i, false);
	}
	daisy_instance_options_set(bed->inst, bed->conf.options);
	memset(bed->index, 0, (size_t)bed->conf.index_lines * sizeof(*bed->index));
	memset(bed->displaced, 0, bed->displaced_bytes);
	empty_hash(bed, "index_overflow", sizeof(union daisy_index_key));
	empty_hash(bed, "conns", sizeof(struct daisy_conn_key));
	empty_hash(bed, "subscribers", sizeof(struct daisy_subscriber_key));
	empty_hash(bed, "fragments", sizeof(struct daisy_fragment_key));
	empty_hash(bed, "permissions", sizeof(struct daisy_permission_key));
	fill_tokens(bed);
	bed_slow_path(bed, false);
	*conf = bed->conf;
	bed->warmed_ns = 0;
	bed->forgotten = 0;
	stamp(bed);
	memcpy(daisy_instance_links(bed->inst), bed->links, sizeof(bed->links));
	for (i = 0; i < BED_N_LINKS; i++) {
		daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(i)].mtu = LINK_MTU;
		daisy_instance_nexthops(bed->inst)[BED_NEXTHOP(i)].state = NEXTHOP_RESOLVED;
	}
	bed_arm(bed, LINK_IN, LINK_OUT);
}

void bed_arm(struct bed *bed, enum bed_link in, enum bed_link out)
{
	bed->in = in;
	bed->out = out;
	program_of(bed, in);
	program_of(bed, out);
	daisy_instance_conf(bed->inst)->static_nexthop = BED_NEXTHOP(out);
	daisy_instance_conf(bed->inst)->nexthop_epoch = ++bed->epoch;
}

enum bed_link bed_inside_link(const struct bed *bed, uint16_t zone)
{
	static const enum bed_link of_zone[] = { 0, 0, LINK_IN2, LINK_IN3, LINK_IN4, LINK_IN5 };

	return zone <= 1 ? bed->in : of_zone[zone];
}

static bool is_zero(const struct mac *mac)
{
	return !memcmp(mac->byte, (const uint8_t[6]){ 0 }, 6);
}

static void set_tags(struct pkt *p, const struct daisy_link *l)
{
	if (p->own_tags)
		return;
	p->n_tags = l->n_tags;
	p->tag[0] = l->tag[0];
	p->tag[1] = l->tag[1];
}

void bed_address_arriving(struct pkt *p, enum bed_link link)
{
	if (is_zero(&p->dmac))
		memcpy(p->dmac.byte, links[link].mac, 6);
	if (is_zero(&p->smac))
		p->smac = peer_mac(link);
	set_tags(p, &links[link]);
}

void bed_address_leaving(struct pkt *p, enum bed_link link)
{
	p->dmac = peer_mac(link);
	memcpy(p->smac.byte, links[link].mac, 6);
	p->own_tags = false;
	set_tags(p, &links[link]);
}

/* Only one link in the devmap: a redirect to any other fails, so success says where to. */
static void allow_egress(struct bed *bed, enum bed_link link)
{
	__u32 key = bed->egress, value = bed->ifindex[links[link].device];

	if (bed->egress == (int)link)
		return;
	if (bed->egress >= 0)
		bpf_map_delete_elem(bed->tx_links_fd, &key);
	key = link;
	if (bpf_map_update_elem(bed->tx_links_fd, &key, &value, 0))
		give_up("tx_links", strerror(errno));
	bed->egress = link;
}

static void read_counters(struct bed *bed, struct daisy_counters *sum)
{
	need(daisy_instance_counters(bed->inst, sum), "counters");
}

/* The frame stands in opts. What leaves has an order of `head` bytes in front. */
static void run_frame(struct bed *bed, enum bed_link link, struct bpf_test_run_opts *opts, uint32_t head,
		      struct bed_run *run)
{
	uint8_t out[sizeof(struct daisy_replay) + sizeof(run->frame)];
	struct daisy_counters before;
	int program = program_of(bed, link), err;
	unsigned int i;

	if (!bed->is_counted)
		read_counters(bed, &bed->counted);
	before = bed->counted;
	opts->data_out = out;
	opts->data_size_out = sizeof(out);
	opts->repeat = 1;
	err = bpf_prog_test_run_opts(program, opts);
	if (err)
		give_up("BPF_PROG_RUN", strerror(-err));
	read_counters(bed, &bed->counted);
	bed->is_counted = true;
	run->verdict = opts->retval;
	run->len = opts->data_size_out - head;
	memcpy(run->frame, out + head, run->len);
	run->delta[C_NONE] = 0;
	for (i = 1; i < C_END; i++)
		run->delta[i] = ((uint64_t *)&bed->counted)[i - 1] - ((uint64_t *)&before)[i - 1];
}

void bed_run(struct bed *bed, enum bed_link link, enum bed_link egress, const uint8_t *frame,
	     uint32_t len, struct bed_run *run)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len);

	allow_egress(bed, egress);
	run_frame(bed, link, &opts, 0, run);
}

void bed_replay(struct bed *bed, enum bed_link link, enum bed_link egress, enum daisy_hold_class class,
		const uint8_t *frame, uint32_t len, struct bed_run *run)
{
	struct {
		struct daisy_replay order;
		uint8_t frame[PKT_ROOM];
	} in = { .order = { .magic = DAISY_REPLAY_MAGIC, .class = class }, .frame = { 0 } };
	struct xdp_md md = { .data = sizeof(in.order), .data_end = sizeof(in.order) + len };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &in, .data_size_in = md.data_end, .ctx_in = &md,
		    .ctx_size_in = sizeof(md));

	memcpy(in.frame, frame, len);
	allow_egress(bed, egress);
	run_frame(bed, link, &opts, sizeof(in.order), run);
}

/* XDP asks whether a socket is there; that it is bound to no device matters to the redirect alone. */
void bed_slow_path(struct bed *bed, bool on)
{
	int fd = daisy_instance_map_fd(bed->inst, "hold_sockets");

	for (unsigned int i = 0; bed->holds != on && i < BED_N_DEVICES * DAISY_N_HOLD_CLASSES; i++) {
		__u32 key = daisy_hold_key(i / DAISY_N_HOLD_CLASSES, 0, i % DAISY_N_HOLD_CLASSES);

		if (on ? bpf_map_update_elem(fd, &key, &bed->hold_socket, 0) : bpf_map_delete_elem(fd, &key))
			give_up("hold_sockets", strerror(errno));
	}
	bed->holds = on;
}

static void sweep_conns(struct bed *bed)
{
	struct daisy_conn_item items[200];
	struct daisy_sweep_header header = { 0 };
	int fd = daisy_instance_map_fd(bed->inst, "conns");
	struct daisy_conn_key key, *at = NULL;

	while (header.n < 200 && !bpf_map_get_next_key(fd, at, &key)) {
		items[header.n++] = (struct daisy_conn_item){ .key = key };
		at = &key;
	}
	if (header.n)
		need(daisy_instance_sweep_conns_batch(bed->inst, &header, items), "sweep of connections");
}

static void sweep_items(struct bed *bed, struct daisy_sweep_item *items, unsigned int n)
{
	struct daisy_sweep_header header = { .n = n };

	if (!n)
		return;
	need(daisy_instance_sweep_batch(bed->inst, &header, items), "sweep");
	if (header.done != n)
		give_up("sweep", "it stopped in the middle of its batch");
}

static void sweep_vector(struct bed *bed, unsigned int slot, enum daisy_proto proto)
{
	struct daisy_sweep_item items[DAISY_BATCH_ITEMS];
	unsigned int port, n = 0;
	size_t stride;
	char *records = daisy_instance_vector(bed->inst, slot, proto, &stride);

	for (port = 0; port < DAISY_VECTOR_SIZE; port++) {
		struct daisy_mapping *m = (void *)(records + port * stride);

		if (m->ctl.state == MAPPING_FREE)
			continue;
		items[n++] = (struct daisy_sweep_item){ .slot = slot, .port = port, .proto = proto };
		if (n == DAISY_BATCH_ITEMS) {
			sweep_items(bed, items, n);
			n = 0;
		}
	}
	sweep_items(bed, items, n);
}

/* Blocks without ports in use. */
static void sweep_blocks(struct bed *bed, unsigned int slot)
{
	const struct daisy_block_map *map = daisy_instance_block_map(bed->inst, slot);
	struct daisy_sweep_header header = { 0 };
	struct daisy_block_item items[DAISY_BATCH_ITEMS];
	unsigned int leaf;

	for (leaf = 0; leaf < 1024 && header.n < DAISY_BATCH_ITEMS; leaf++)
		if (map->block[leaf].order)
			items[header.n++] = (struct daisy_block_item){ .slot = slot, .port = leaf * 64 };
	if (header.n)
		need(daisy_instance_sweep_blocks_batch(bed->inst, &header, items), "sweep of blocks");
}

void bed_sweep(struct bed *bed)
{
	unsigned int i;

	bed->is_counted = false;
	sweep_conns(bed);
	for (i = 0; i < N_PORT_MAPS; i++)
		sweep_vector(bed, i / DAISY_N_PROTOS, i % DAISY_N_PROTOS);
	for (i = 0; i < BED_N_SLOTS; i++)
		sweep_blocks(bed, i);
}

void bed_delete(struct bed *bed, struct daisy_sweep_item item)
{
	bed->is_counted = false;
	item.force = 1;
	sweep_items(bed, &item, 1);
}

void bed_advance(struct bed *bed, uint32_t seconds)
{
	daisy_instance_clock_advance(bed->inst, seconds);
	bed->warmed_ns = 0;
	if (bed->warm)
		stamp(bed);
}

void bed_await_tick(const struct bed *bed)
{
	const uint32_t tick = daisy_instance_tick(bed->inst);

	while (daisy_instance_tick(bed->inst) == tick)
		;
}

/*
 * A packet for nobody: it is dropped, but leaves the tick to those that follow. A link
 * that a test has just taken its side from looks at no packet, and needs no tick.
 */
static void publish_tick(struct bed *bed)
{
	struct pkt p = {
		.proto = IPPROTO_UDP, .src = { .addr = ADDR(198, 51, 100, 1) },
		.dst = { .addr = ADDR(198, 51, 100, 2) },
	};
	uint8_t frame[PKT_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = 1);

	if (daisy_instance_links(bed->inst)[LINK_OUT].side == SIDE_NONE)
		return;
	bed->is_counted = false;
	bed_address_arriving(&p, LINK_OUT);
	opts.data_size_in = pkt_build(&p, frame);
	if (bpf_prog_test_run_opts(program_of(bed, LINK_OUT), &opts) || opts.retval != XDP_DROP)
		give_up("tick", "the packet was not dropped");
}

union daisy_inside_route *bed_inside_route(struct bed *bed, const struct daisy_mapping *m)
{
	return &bed->inside_routes[((uint32_t)m->inside.word + m->link) * 0x9e3779b1u >> 16];
}

void bed_warm(struct bed *bed, uint32_t daddr, struct daisy_mapping *m, uint16_t zone)
{
	const struct daisy_conf *conf = daisy_instance_conf(bed->inst);
	union daisy_route r = { .nexthop = conf->static_nexthop, .epoch = conf->nexthop_epoch };
	struct timespec now;
	uint32_t word = htonl(daddr);
	uint64_t now_ns;

	if (!bed->warm)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	if (now_ns - bed->warmed_ns > TICK_STAYS_NS) {
		publish_tick(bed);
		bed->warmed_ns = now_ns;
	}
	memcpy(r.addr, &word, sizeof(r.addr));
	if (daddr && (!bed->forgotten || (daddr & ~127u) != bed->forgotten))
		bed->routes[(word * 0x9e3779b1u) >> 16].word = r.word;	/* as bpf/lib/route.h does */
	if (m) {
		union daisy_inside_route in = {
			.nexthop = BED_NEXTHOP(bed_inside_link(bed, zone)), .link = (uint8_t)m->link,
			.epoch = (uint8_t)conf->nexthop_epoch,
		};

		memcpy(in.addr, m->inside.addr, sizeof(in.addr));
		bed_inside_route(bed, m)->word = in.word;
	}
}
