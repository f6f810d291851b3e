/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contract between the packet path and userspace: where each member of the
 * shared structs stands, what the compiled maps say of them, and that the
 * lists that BPF, metrics and tool share are in order. A change here changes
 * the map format: raise DAISY_MAP_FORMAT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "shared/config.h"
#include "shared/counters.h"
#include "shared/events.h"
#include "shared/nat.h"
#include "shared/plan.h"

/* These use the types above. */
#include "nat.skel.h"
#include "sweep.skel.h"

#define AT(type, member, offset) \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

AT(daisy_mapping, ctl, 0);
AT(daisy_mapping, inside, 8);
AT(daisy_mapping, created, 16);
AT(daisy_mapping, flags, 20);
AT(daisy_mapping, link, 22);	/* read as one word with flags */
AT(daisy_tcp_mapping, m, 0);
AT(daisy_tcp_mapping, conns, 24);
AT(daisy_tcp_mapping, conn, 32);
AT(daisy_conn, ctl, 0);
AT(daisy_conn, remote, 8);
AT(daisy_conn_key, remote_addr, 0);
AT(daisy_conn_key, remote_port, 4);
AT(daisy_conn_key, ext_port, 6);
AT(daisy_conn_key, slot, 8);
AT(daisy_conn_key, generation, 10);
AT(daisy_port_map, summary, 0);
AT(daisy_port_map, leaf, 128);
AT(daisy_port_map, n_free, 8320);
AT(daisy_port_map, first, 8324);
AT(daisy_port_map, last, 8326);
AT(daisy_port_map, n_held, 8328);
AT(daisy_port_map, allowed, 8336);
AT(daisy_slot, addr, 0);
AT(daisy_slot, state, 4);
AT(daisy_subscriber_key, addr, 0);
AT(daisy_subscriber_key, zone, 4);
AT(daisy_subscriber, ctl, 0);
AT(daisy_subscriber, last_change, 8);
AT(daisy_subscriber, rate, 16);
AT(daisy_subscriber, range, 24);
AT(daisy_block_map, free, 0);
AT(daisy_block_map, block, 128);
AT(daisy_block_map, allowed, 8320);
AT(daisy_block_map, n_free, 8448);
AT(daisy_pool, limit, 0);
AT(daisy_pool, warn, 16);
AT(daisy_pool, rate, 32);
AT(daisy_pool, block_order, 36);
AT(daisy_pool, blocks, 37);
AT(daisy_pool, max_held, 38);
AT(daisy_pool, hold, 40);
AT(daisy_pool, flags, 44);
AT(daisy_pool, deterministic, 48);
AT(daisy_plan_prefix, number, 12);
AT(daisy_plan_table, version, 1040);
AT(daisy_plan_table, slot, 1044);
AT(daisy_link, mac, 0);
AT(daisy_link, side, 6);
AT(daisy_link, tag, 8);
AT(daisy_link, zone, 12);
AT(daisy_link, mtu, 14);
AT(daisy_link, ifindex, 16);
AT(daisy_link, tx_ifindex, 20);
AT(daisy_link, addr, 24);
AT(daisy_link, static_nexthop, 28);
AT(daisy_link, device, 30);
AT(daisy_nexthop, dmac, 0);
AT(daisy_nexthop, smac, 6);		/* copied as twelve bytes with dmac */
AT(daisy_nexthop, link, 12);
AT(daisy_nexthop, mtu, 14);
AT(daisy_nexthop, state, 16);
AT(daisy_prefix_key, zone_be, 4);
AT(daisy_prefix_key, addr, 8);
AT(daisy_sweep_header, n, 0);
AT(daisy_sweep_header, done, 2);
AT(daisy_sweep_header, expired, 4);
AT(daisy_sweep_header, freed, 6);

/* The bit fields must lie where the shifts of the packet path look for them. */
static void control_words_match_their_shifts(void **state)
{
	const union daisy_control ctl = { .seen = 0x1234567, .generation = 0xbeef, .state = MAPPING_HOLD };
	const union daisy_subscriber_control sub = {
		.udp = 0xffff, .tcp = 2, .icmp = 3, .slot = 0x678, .state = SUBSCRIBER_LIVE,
	};
	const union daisy_block block = { .used = 0xfffe, .addr = 0x04030201, .zone = 5, .order = 7 };
	const union daisy_conn_control conn = { .seen = 0x7654321, .flags = CONN_ANSWERED, .state = CONN_RESET };

	assert_int_equal(ctl.word & DAISY_SEEN_MASK, 0x1234567);
	assert_int_equal(ctl.word >> DAISY_GEN_SHIFT & DAISY_GEN_MASK, 0xbeef);
	assert_int_equal(ctl.word >> DAISY_STATE_SHIFT, MAPPING_HOLD);
	assert_int_equal(sub.word >> DAISY_SUB_SLOT_SHIFT & (DAISY_MAX_SLOTS - 1), 0x678);
	assert_int_equal(sub.word >> DAISY_SUB_STATE_SHIFT, SUBSCRIBER_LIVE);
	assert_int_equal(daisy_subscriber_count(sub.word, DAISY_UDP), 0xffff);
	assert_int_equal(daisy_subscriber_count(sub.word, DAISY_TCP), 2);
	assert_int_equal(daisy_subscriber_count(sub.word, DAISY_ICMP), 3);
	assert_int_equal(block.word & DAISY_BLOCK_USED_MASK, 0xfffe);
	assert_int_equal(block.word >> DAISY_BLOCK_OWNER_SHIFT & DAISY_BLOCK_OWNER_MASK, 0x0504030201);
	assert_int_equal(block.word >> DAISY_BLOCK_ORDER_SHIFT, 7);
	assert_int_equal(conn.word & DAISY_SEEN_MASK, 0x7654321);
	assert_int_equal(conn.word >> DAISY_CONN_FLAGS_SHIFT & 0xff, CONN_ANSWERED);
	assert_int_equal(conn.word >> DAISY_CONN_STATE_SHIFT, CONN_RESET);
}

static void endpoint_word_is_address_port_zone(void **state)
{
	const union daisy_endpoint e = { .addr = { 10, 0, 0, 1 }, .port = 0x1234, .zone = 0x0007 };
	uint32_t addr;

	memcpy(&addr, e.addr, 4);
	assert_int_equal(e.word, addr | 0x1234ULL << 32 | 0x0007ULL << 48);
}

static void route_word_is_address_nexthop_epoch(void **state)
{
	const union daisy_route r = { .addr = { 192, 0, 2, 1 }, .nexthop = 0x0203, .epoch = 0x0405 };
	uint32_t addr;

	memcpy(&addr, r.addr, 4);
	assert_int_equal(r.word, addr | 0x0203ULL << 32 | 0x0405ULL << 48);
}

static void inside_route_word_is_address_nexthop_link_epoch(void **state)
{
	const union daisy_inside_route r = { .addr = { 10, 0, 0, 1 }, .nexthop = 0x0203, .link = 4, .epoch = 5 };
	uint32_t addr;

	memcpy(&addr, r.addr, 4);
	assert_int_equal(r.word, addr | 0x0203ULL << 32 | 4ULL << 48 | 5ULL << 56);
}

static void inbound_word_is_address_port_link_live(void **state)
{
	const union daisy_inbound in = { .addr = { 10, 0, 0, 1 }, .port = 0x1234, .link = 7, .live = 1 };
	uint32_t addr;

	memcpy(&addr, in.addr, 4);
	assert_int_equal(in.word, addr | 0x1234ULL << 32 | 7ULL << DAISY_INBOUND_LINK_SHIFT | DAISY_INBOUND_LIVE);
}

static void reasons_are_numbered_once_without_gap(void **state)
{
	static const unsigned int numbers[] = {
#define X(num, sym, name, help) num,
		DAISY_REASONS(X)
#undef X
	};

	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(numbers[i], i + 1);
	assert_int_equal(DAISY_N_REASONS, sizeof(numbers) / sizeof(numbers[0]) + 1);
}

static void names_are_unique_and_explained(void **state)
{
	static const struct {
		const char *name, *help;
	} rows[] = {
#define X(name, help) { #name, help },
		DAISY_COUNTERS(X)
#undef X
#define X(num, sym, name, help) { "drop_" name, help },
		DAISY_REASONS(X)
#undef X
	};
	const unsigned int n = sizeof(rows) / sizeof(rows[0]);

	assert_int_equal(sizeof(struct daisy_counters), n * sizeof(uint64_t));
	for (unsigned int i = 0; i < n; i++) {
		assert_true(strlen(rows[i].help) > 10);
		assert_int_equal(strspn(rows[i].name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(rows[i].name));
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(rows[i].name, rows[k].name);
	}
}

static void timer_defaults_meet_their_minimum(void **state)
{
#define X(sym, name, def, min, help) assert_true((def) >= (min));
	DAISY_TIMERS(X)
#undef X
}

static void timer_defaults_meet_the_rfcs(void **state)
{
	static const unsigned int defaults[] = {
#define X(sym, name, def, min, help) [DAISY_TIMER_##sym] = def,
		DAISY_TIMERS(X)
#undef X
	};

	assert_true(defaults[DAISY_TIMER_UDP] >= 300);			/* RFC 4787 REQ-5c */
	assert_true(defaults[DAISY_TIMER_ICMP] >= 60);			/* RFC 5508 REQ-2 */
	assert_true(defaults[DAISY_TIMER_TCP_ESTABLISHED] >= 7440);	/* RFC 5382 REQ-5 */
	assert_true(defaults[DAISY_TIMER_TCP_OPENING] >= 240);		/* RFC 5382 REQ-5 */
	assert_true(defaults[DAISY_TIMER_TCP_CLOSING] >= 240);
	assert_true(defaults[DAISY_TIMER_TCP_RESET] >= 240);		/* RFC 7857 section 2.2 */
	assert_true(defaults[DAISY_TIMER_HOLD] >= 120);			/* RFC 6888 REQ-8 */
}

static void map_has_size(struct bpf_object *object, const char *name, size_t key, size_t value)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	assert_non_null(map);
	assert_int_equal(bpf_map__key_size(map), key);
	assert_int_equal(bpf_map__value_size(map), value);
}

/* What the BPF compiler laid out, against what this compiler does. */
static void maps_have_the_sizes_of_the_structs(struct bpf_object *object)
{
	map_has_size(object, "conf", 4, sizeof(struct daisy_conf));
	map_has_size(object, "links", 4, sizeof(struct daisy_link));
	map_has_size(object, "addrs", 4, sizeof(struct daisy_addr_bucket));
	map_has_size(object, "slots", 4, sizeof(struct daisy_slot));
	map_has_size(object, "zones", 4, sizeof(struct daisy_zone));
	map_has_size(object, "inside_prefixes", sizeof(struct daisy_prefix_key), sizeof(struct daisy_prefix));
	map_has_size(object, "port_maps", 4, sizeof(struct daisy_port_map));
	map_has_size(object, "index_buckets", 4, sizeof(struct daisy_bucket));
	map_has_size(object, "conns", sizeof(struct daisy_conn_key), sizeof(union daisy_conn_control));
	map_has_size(object, "subscribers", sizeof(struct daisy_subscriber_key), sizeof(struct daisy_subscriber));
	map_has_size(object, "nexthops", 4, sizeof(struct daisy_nexthop));
	map_has_size(object, "neighbours", sizeof(struct daisy_neighbour_key), 4);
	map_has_size(object, "routes", 4, sizeof(union daisy_route));
	map_has_size(object, "inside_routes", 4, sizeof(union daisy_inside_route));
	map_has_size(object, "inbound_udp", 4, sizeof(union daisy_inbound));
	map_has_size(object, "counters", 4, sizeof(struct daisy_counters));
}

static void nat_object_has_our_sizes(void **state)
{
	struct nat_bpf *skel = nat_bpf__open();

	assert_non_null(skel);
	maps_have_the_sizes_of_the_structs(skel->obj);
	nat_bpf__destroy(skel);
}

static void sweep_object_has_our_sizes(void **state)
{
	struct sweep_bpf *skel = sweep_bpf__open();

	assert_non_null(skel);
	maps_have_the_sizes_of_the_structs(skel->obj);
	sweep_bpf__destroy(skel);
}

/* Everything that bpftool prints of a map has a name: no key or value without a BTF type. */
static void every_map_has_types(void **state)
{
	struct nat_bpf *skel = nat_bpf__open();
	struct bpf_map *map;

	assert_non_null(skel);
	bpf_object__for_each_map(map, skel->obj) {
		enum bpf_map_type type = bpf_map__type(map);

		/* These take no type in the kernel. */
		if (type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
		    type == BPF_MAP_TYPE_ARRAY_OF_MAPS || bpf_map__is_internal(map))
			continue;
		assert_int_not_equal(bpf_map__btf_key_type_id(map), 0);
		assert_int_not_equal(bpf_map__btf_value_type_id(map), 0);
	}
	nat_bpf__destroy(skel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "Control words match their shifts", control_words_match_their_shifts, NULL, NULL, NULL },
		{ "Endpoint word is address port zone", endpoint_word_is_address_port_zone, NULL, NULL, NULL },
		{ "Route word is address nexthop epoch", route_word_is_address_nexthop_epoch, NULL, NULL, NULL },
		{ "Inside route word is address nexthop link epoch",
		  inside_route_word_is_address_nexthop_link_epoch, NULL, NULL, NULL },
		{ "Inbound word is address port link live", inbound_word_is_address_port_link_live, NULL, NULL,
		  NULL },
		{ "Reasons are numbered once without gap", reasons_are_numbered_once_without_gap, NULL, NULL, NULL },
		{ "Names are unique and explained", names_are_unique_and_explained, NULL, NULL, NULL },
		{ "Timer defaults meet their minimum", timer_defaults_meet_their_minimum, NULL, NULL, NULL },
		{ "Timer defaults meet the RFCs", timer_defaults_meet_the_rfcs, NULL, NULL, NULL },
		{ "The NAT object has our sizes", nat_object_has_our_sizes, NULL, NULL, NULL },
		{ "The sweep object has our sizes", sweep_object_has_our_sizes, NULL, NULL, NULL },
		{ "Every map has types", every_map_has_types, NULL, NULL, NULL },
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
