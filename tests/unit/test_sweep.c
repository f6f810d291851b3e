/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sweeper over mappings that the shipped packet program has made. Needs root. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "lib/clock.h"
#include "nat/forward.h"
#include "nat/internal.h"
#include "nat/sweep.h"
#include "traffic.h"

#define EXTERNAL 0xc6336401u	/* 198.51.100.1 */
#define HOST 0x0a000001u	/* 10.0.0.1 */
#define SERVER 0xcb007101u	/* 203.0.113.1 */

static struct daisy_instance *inst;
static struct daisy_sweeper *sweeper;
static struct traffic traffic;
static struct daisy_counters zero;

static void open_with(const struct daisy_instance_spec *spec, uint16_t first, uint16_t last)
{
	struct in_addr addr = { htonl(EXTERNAL) };
	uint32_t slot = 0;
	enum daisy_opened opened;

	if (daisy_instance_open(spec, &inst, &opened))
		traffic_fail("open");
	if (daisy_instance_address_add(inst, addr, 0, first, last, NULL, 0))
		traffic_fail("address");
	if (daisy_instance_zone_set(inst, 0, &slot, 1))
		traffic_fail("zone");
	sweeper = daisy_sweeper_new(inst);
	assert_non_null(sweeper);
	traffic_open(&traffic, inst);
	daisy_instance_counters(inst, &zero);
}

static int setup(void **state)
{
	struct daisy_instance_spec spec = { .name = "sweep", .max_slots = 2 };

	open_with(&spec, 1024, 65535);
	return 0;
}

static int setup_no_hold(void **state)
{
	struct daisy_instance_spec spec = { .name = "sweep", .max_slots = 1 };

	spec.timer_s[DAISY_TIMER_HOLD] = UINT32_MAX;
	open_with(&spec, 1024, 65535);
	return 0;
}

static int teardown(void **state)
{
	traffic_close(&traffic);
	daisy_sweeper_free(sweeper);
	daisy_instance_close(inst);
	return 0;
}

static uint32_t deliver(int link, uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst,
		     uint16_t dport, uint8_t flags)
{
	const struct traffic_packet p = { proto, src, dst, sport, dport, flags };

	return traffic_send(&traffic, link, &p);
}

static uint32_t out(uint8_t proto, uint16_t sport, uint16_t dport, uint8_t flags)
{
	return deliver(INSIDE, proto, HOST, sport, SERVER, dport, flags);
}

static uint32_t in(uint8_t proto, uint16_t remote_port, uint16_t port, uint8_t flags)
{
	return deliver(OUTSIDE, proto, SERVER, remote_port, EXTERNAL, port, flags);
}

static void *record(enum daisy_proto proto, uint32_t port)
{
	size_t stride;
	char *vector = daisy_instance_vector(inst, 0, proto, &stride);

	return vector + stride * port;
}

static int state_of(enum daisy_proto proto, uint32_t port)
{
	return (int)((struct daisy_mapping *)record(proto, port))->ctl.state;
}

static int count_state(enum daisy_proto proto, enum daisy_mapping_state state)
{
	int n = 0;

	for (uint32_t port = 0; port < DAISY_VECTOR_SIZE; port++)
		n += state_of(proto, port) == (int)state;
	return n;
}

/* The only mapping's port. */
static uint16_t only_port(enum daisy_proto proto)
{
	assert_int_equal(count_state(proto, MAPPING_ACTIVE), 1);
	for (uint32_t port = 0; port < DAISY_VECTOR_SIZE; port++)
		if (state_of(proto, port) == MAPPING_ACTIVE)
			return (uint16_t)port;
	return 0;
}

static void sweep(void)
{
	if (daisy_sweeper_round(sweeper))
		traffic_fail("sweep");
}

static void assert_swept(uint64_t expired, uint64_t freed)
{
	struct daisy_sweeper_stats stats;
	struct daisy_counters now;

	daisy_sweeper_stats(sweeper, &stats);
	daisy_instance_counters(inst, &now);
	assert_int_equal(stats.expired, expired);
	assert_int_equal(stats.freed, freed);
	assert_int_equal(now.expired - zero.expired, expired);
	assert_int_equal(now.freed - zero.freed, freed);
}

/* Subscriber 10.0.0.1: how many mappings; -1 if it is forgotten. */
static int subscriber_mappings(void)
{
	struct daisy_subscriber_key key = { .addr = { 10, 0, 0, 1 } };
	struct daisy_subscriber value;

	if (bpf_map_lookup_elem(daisy_instance_map_fd(inst, "subscribers"), &key, &value))
		return -1;
	return (int)daisy_subscriber_mappings(value.ctl.word);
}

static void assert_all_free(enum daisy_proto proto, int n)
{
	const struct daisy_port_map *map = daisy_instance_port_map(inst, 0, proto);
	int bits = 0;

	for (int i = 0; i < 1024; i++)
		bits += __builtin_popcountll(map->leaf[i]);
	assert_int_equal(bits, n);
	assert_int_equal(map->n_free, n);
	assert_int_equal(count_state(proto, MAPPING_FREE), DAISY_VECTOR_SIZE);
}

/* Rounding up to ticks: 2 s at most; hints (DAISY_HINT_TICKS): 8.6 s. */
#define MARGIN_S 12

static int index_entries(void)
{
	int fd = daisy_instance_map_fd(inst, "index_buckets"), n = 0;
	uint32_t buckets = daisy_instance_conf(inst)->index_lines;
	struct daisy_bucket bucket;

	for (uint32_t i = 0; i < buckets; i++) {
		assert_int_equal(bpf_map_lookup_elem(fd, &i, &bucket), 0);
		for (int e = 0; e < DAISY_BUCKET_ENTRIES; e++)
			n += bucket.entry[e].ref.word != 0;
	}
	return n;
}

/* The life of a query mapping: `timer` seconds, then two minutes of rest. */
static void live_and_rest(uint8_t ip_proto, enum daisy_proto proto, uint32_t timer)
{
	uint16_t port;

	out(ip_proto, 5000, 53, 0);
	port = only_port(proto);
	daisy_instance_clock_advance(inst, timer - 1);
	sweep();
	assert_int_equal(state_of(proto, port), MAPPING_ACTIVE);
	daisy_instance_clock_advance(inst, MARGIN_S);
	sweep();
	assert_int_equal(state_of(proto, port), MAPPING_HOLD);
	assert_swept(1, 0);
	assert_int_equal(index_entries(), 0);
	assert_int_equal(subscriber_mappings(), 0);
	daisy_instance_clock_advance(inst, 119);
	sweep();
	assert_int_equal(state_of(proto, port), MAPPING_HOLD);
	assert_int_equal(daisy_instance_port_map(inst, 0, proto)->n_free, 64511);
	daisy_instance_clock_advance(inst, MARGIN_S);
	sweep();
	assert_swept(1, 1);
	assert_all_free(proto, 64512);
}

/* The scan knows the hold-down of the address's pool, and follows a change. */
static void test_pool_hold(void **state)
{
	struct daisy_pool *pool = &daisy_instance_pools(inst)[0];
	uint16_t port;

	*pool = (struct daisy_pool){ .flags = POOL_HOLD, .hold = daisy_ticks_from_seconds(600) };
	out(IPPROTO_UDP, 5000, 53, 0);
	port = only_port(DAISY_UDP);
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	sweep();
	daisy_instance_clock_advance(inst, 599);
	sweep();
	assert_int_equal(state_of(DAISY_UDP, port), MAPPING_HOLD);
	daisy_instance_clock_advance(inst, MARGIN_S);
	sweep();
	assert_swept(1, 1);
	out(IPPROTO_UDP, 5000, 53, 0);
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	sweep();
	pool->hold = 0;
	daisy_instance_clock_advance(inst, 4);
	sweep();
	assert_swept(2, 2);
	assert_all_free(DAISY_UDP, 64512);
}

static void test_udp(void **state)
{
	live_and_rest(IPPROTO_UDP, DAISY_UDP, 300);
}

static void test_icmp(void **state)
{
	live_and_rest(IPPROTO_ICMP, DAISY_ICMP, 60);
}

static void test_refresh(void **state)
{
	uint16_t port;

	out(IPPROTO_UDP, 5000, 53, 0);
	port = only_port(DAISY_UDP);
	for (int i = 0; i < 5; i++) {
		daisy_instance_clock_advance(inst, 299);
		out(IPPROTO_UDP, 5000, 53, 0);
		sweep();
		assert_int_equal(state_of(DAISY_UDP, port), MAPPING_ACTIVE);
	}
	daisy_instance_clock_advance(inst, 299);
	in(IPPROTO_UDP, 53, port, 0);
	daisy_instance_clock_advance(inst, MARGIN_S);
	sweep();
	assert_int_equal(state_of(DAISY_UDP, port), MAPPING_HOLD);
}

/* What brings a connection into its class, and how long the class lives. */
static const struct tcp_row {
	const char *class;
	uint32_t timer;
	struct {
		bool inbound;
		uint8_t flags;
	} packets[5];
	int n;
} tcp_rows[] = {
	{ "opening", 240, { { false, TH_SYN } }, 1 },
	{ "established",
	  7440,
	  { { false, TH_SYN }, { true, TH_SYN | TH_ACK }, { false, TH_ACK } },
	  3 },
	{ "closing",
	  240,
	  { { false, TH_SYN },
	    { true, TH_SYN | TH_ACK },
	    { false, TH_ACK },
	    { false, TH_FIN | TH_ACK },
	    { true, TH_FIN | TH_ACK } },
	  5 },
	{ "reset",
	  240,
	  { { false, TH_SYN }, { true, TH_SYN | TH_ACK }, { false, TH_ACK }, { true, TH_RST } },
	  4 },
};

static void test_tcp_class(void **state)
{
	const struct tcp_row *row = *state;
	uint16_t port;

	out(IPPROTO_TCP, 5000, 80, row->packets[0].flags);
	port = only_port(DAISY_TCP);
	for (int i = 1; i < row->n; i++) {
		if (row->packets[i].inbound)
			in(IPPROTO_TCP, 80, port, row->packets[i].flags);
		else
			out(IPPROTO_TCP, 5000, 80, row->packets[i].flags);
	}
	daisy_instance_clock_advance(inst, row->timer - 1);
	sweep();
	assert_int_equal(state_of(DAISY_TCP, port), MAPPING_ACTIVE);
	assert_swept(0, 0);
	daisy_instance_clock_advance(inst, MARGIN_S);
	sweep();
	assert_int_equal(state_of(DAISY_TCP, port), MAPPING_HOLD);
	assert_swept(1, 0);
	daisy_instance_clock_advance(inst, 125);
	sweep();
	assert_swept(1, 1);
	assert_all_free(DAISY_TCP, 64512);
}

static int setup_row(void **state)
{
	return setup(NULL);
}

static void test_tcp_last_connection(void **state)
{
	struct daisy_sweeper_stats stats;
	struct daisy_tcp_mapping *t;
	uint16_t port;

	for (uint16_t dport = 80; dport < 85; dport++)
		out(IPPROTO_TCP, 5000, dport, TH_SYN);
	port = only_port(DAISY_TCP);
	t = record(DAISY_TCP, port);
	assert_int_equal(t->conns, 3);
	in(IPPROTO_TCP, 84, port, TH_SYN | TH_ACK);
	daisy_instance_clock_advance(inst, 245);
	sweep();
	/* Four were opening; the fifth, in the table, is established. */
	assert_int_equal(t->conns, 1);
	assert_int_equal(t->conn[0].ctl.word, 0);
	assert_int_equal(t->conn[1].ctl.word, 0);
	daisy_sweeper_stats(sweeper, &stats);
	assert_int_equal(stats.conns, 2);
	assert_swept(0, 0);
	daisy_instance_clock_advance(inst, 7200 + MARGIN_S);
	sweep();
	daisy_sweeper_stats(sweeper, &stats);
	assert_int_equal(stats.conns, 3);
	assert_swept(1, 0);
	assert_int_equal(state_of(DAISY_TCP, port), MAPPING_HOLD);
}

static void test_orphans(void **state)
{
	struct daisy_sweeper_stats stats;
	uint16_t port;

	for (uint16_t dport = 80; dport < 90; dport++)
		out(IPPROTO_TCP, 5000, dport, TH_SYN);
	port = only_port(DAISY_TCP);
	assert_int_equal(daisy_mapping_delete(inst, 0, port, DAISY_TCP), 0);
	sweep();
	daisy_sweeper_stats(sweeper, &stats);
	assert_int_equal(stats.conns, 8);
}

static void test_stranger(void **state)
{
	uint16_t port;

	out(IPPROTO_TCP, 5000, 80, TH_SYN);
	port = only_port(DAISY_TCP);
	daisy_instance_clock_advance(inst, 200);
	for (uint16_t rport = 1000; rport < 1010; rport++)
		in(IPPROTO_TCP, rport, port, TH_SYN);
	daisy_instance_clock_advance(inst, 45);
	sweep();
	assert_int_equal(state_of(DAISY_TCP, port), MAPPING_HOLD);
}

static void test_no_hold(void **state)
{
	out(IPPROTO_UDP, 5000, 53, 0);
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	sweep();
	assert_swept(1, 0);
	sweep();
	assert_swept(1, 0);
	daisy_instance_clock_advance(inst, 4);
	sweep();
	assert_swept(1, 1);
	assert_all_free(DAISY_UDP, 64512);
}

/* 64512 mappings by as many hosts and ports; then the next one finds no port. */
static void fill(enum daisy_proto proto, uint8_t ip_proto)
{
	for (uint32_t i = 0; i < 64512; i++)
		out(ip_proto, (uint16_t)(i + 1), 53, TH_SYN);
	assert_int_equal(count_state(proto, MAPPING_ACTIVE), 64512);
	assert_int_equal(daisy_instance_port_map(inst, 0, proto)->n_free, 0);
	out(ip_proto, 65000, 53, TH_SYN);
	assert_int_equal(count_state(proto, MAPPING_ACTIVE), 64512);
}

static void test_full(void **state)
{
	struct daisy_counters now;

	fill(DAISY_UDP, IPPROTO_UDP);
	daisy_instance_counters(inst, &now);
	assert_int_equal(now.created_udp, 64512);
	assert_int_equal(now.drop_NO_PORT, 1);
	assert_int_equal(subscriber_mappings(), 64512);
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	sweep();
	assert_swept(64512, 0);
	assert_int_equal(subscriber_mappings(), 0);
	assert_int_equal(index_entries(), 0);
	assert_int_equal(daisy_instance_conf(inst)->overflow_used, 0);
	daisy_instance_clock_advance(inst, 125);
	sweep();
	assert_swept(64512, 64512);
	assert_all_free(DAISY_UDP, 64512);
	fill(DAISY_UDP, IPPROTO_UDP);
}

static void test_full_tcp_no_hold(void **state)
{
	fill(DAISY_TCP, IPPROTO_TCP);
	daisy_instance_clock_advance(inst, 245);
	sweep();
	daisy_instance_clock_advance(inst, 4);
	sweep();
	assert_swept(64512, 64512);
	assert_all_free(DAISY_TCP, 64512);
}

static void test_rolled_back(void **state)
{
	struct daisy_mapping *m = record(DAISY_UDP, 4000);
	struct daisy_port_map *map = daisy_instance_port_map(inst, 0, DAISY_UDP);

	map->leaf[4000 / 64] &= ~(1ULL << (4000 % 64));
	map->n_free--;
	m->ctl.word = (uint64_t)MAPPING_ROLLED_BACK << DAISY_STATE_SHIFT | 1ULL << DAISY_GEN_SHIFT |
		      daisy_instance_tick(inst);
	sweep();
	assert_int_equal(m->ctl.state, MAPPING_ROLLED_BACK);
	daisy_instance_clock_advance(inst, 4);
	sweep();
	assert_int_equal(m->ctl.state, MAPPING_FREE);
	assert_swept(0, 1);
	assert_all_free(DAISY_UDP, 64512);
}

static void test_subscriber(void **state)
{
	struct daisy_sweeper_stats stats;

	out(IPPROTO_UDP, 5000, 53, 0);
	assert_int_equal(subscriber_mappings(), 1);
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	sweep();
	assert_int_equal(subscriber_mappings(), 0);
	daisy_instance_clock_advance(inst, 3599);
	sweep();
	assert_int_equal(subscriber_mappings(), 0);
	daisy_instance_clock_advance(inst, MARGIN_S);
	sweep();
	assert_int_equal(subscriber_mappings(), -1);
	daisy_sweeper_stats(sweeper, &stats);
	assert_int_equal(stats.subscribers, 1);
	out(IPPROTO_UDP, 5000, 53, 0);
	assert_int_equal(subscriber_mappings(), 1);
}

/* The pool gets other ports, while mappings have theirs. */
static void set_ports(uint16_t first, uint16_t last, const uint16_t *reserved, size_t n_reserved)
{
	struct in_addr addr = { htonl(EXTERNAL) };

	assert_int_equal(daisy_instance_address_add(inst, addr, 0, first, last, reserved, n_reserved), 0);
}

static bool is_free(enum daisy_proto proto, uint16_t port)
{
	return daisy_instance_port_map(inst, 0, proto)->leaf[port / 64] >> (port & 63) & 1;
}

/* Sweep until the only mapping has ended and its port has rested. */
static void end_and_rest(uint16_t port)
{
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	sweep();
	daisy_instance_clock_advance(inst, 125);
	sweep();
	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		assert_int_equal(state_of(proto, port), MAPPING_FREE);
}

static const struct withdrawn_row {
	uint8_t ip_proto;
	enum daisy_proto proto;
	bool narrowed;		/* rather than reserved */
} withdrawn_rows[] = {
	{ IPPROTO_UDP, DAISY_UDP, false },
	{ IPPROTO_TCP, DAISY_TCP, false },
	{ IPPROTO_ICMP, DAISY_ICMP, false },
	{ IPPROTO_UDP, DAISY_UDP, true },
	{ IPPROTO_TCP, DAISY_TCP, true },
	{ IPPROTO_ICMP, DAISY_ICMP, true },
};

static void test_withdrawn(void **state)
{
	const struct withdrawn_row *row = *state;
	int n_free = 64511;
	uint16_t port;

	out(row->ip_proto, 5000, 53, TH_SYN);
	port = only_port(row->proto);
	if (!row->narrowed) {
		set_ports(1024, 65535, &port, 1);
	} else if (port < 32768) {
		set_ports(32768, 65535, NULL, 0);
		n_free = 32768;
	} else {
		set_ports(1024, 32767, NULL, 0);
		n_free = 31744;
	}
	assert_int_equal(state_of(row->proto, port), MAPPING_ACTIVE);
	end_and_rest(port);
	assert_false(is_free(row->proto, port));
	assert_int_equal(daisy_instance_port_map(inst, 0, row->proto)->n_free, n_free);
	set_ports(1024, 65535, NULL, 0);
	assert_all_free(row->proto, 64512);
}

static const struct forward_row {
	uint16_t port;
	bool pooled_then;	/* when it is made */
	bool pooled_now;	/* when it ends */
} forward_rows[] = {
	{ 443, false, false },
	{ 443, false, true },
	{ 40000, true, false },
	{ 40000, true, true },
};

/* Ports from 1024 on, or those of the row as well; or without them. */
static void set_pooled(uint16_t port, bool pooled)
{
	set_ports(port < 1024 && pooled ? port : 1024, 65535, &port, !pooled);
}

static void test_forward_port(void **state)
{
	const struct forward_row *row = *state;
	struct daisy_forward forward = {
		.inside = { .addr = { 10, 0, 0, 1 }, .port = 80 }, .port = row->port, .link = INSIDE,
		.proto = DAISY_UDP,
	};
	int n_free;
	size_t n;

	set_pooled(row->port, row->pooled_then);
	assert_int_equal(daisy_instance_forwards_add(inst, &forward, 1, &n), 0);
	set_pooled(row->port, row->pooled_now);
	n_free = daisy_instance_port_map(inst, 0, DAISY_UDP)->n_free;
	assert_int_equal(daisy_instance_forward_del(inst, &forward), 0);
	assert_int_equal(state_of(DAISY_UDP, row->port), MAPPING_HOLD);
	end_and_rest(row->port);
	assert_int_equal(is_free(DAISY_UDP, row->port), row->pooled_now);
	assert_int_equal(daisy_instance_port_map(inst, 0, DAISY_UDP)->n_free, n_free + row->pooled_now);
}

/* What a deletion that failed after its first step leaves. */
static void test_subscriber_dead(void **state)
{
	struct daisy_subscriber_key key = { .addr = { 10, 0, 0, 1 } };
	struct daisy_subscriber dead = {
		.ctl = { .state = SUBSCRIBER_DEAD }, .last_change = daisy_instance_tick(inst),
	};

	assert_int_equal(bpf_map_update_elem(daisy_instance_map_fd(inst, "subscribers"), &key, &dead, 0), 0);
	out(IPPROTO_UDP, 5000, 53, 0);
	assert_int_equal(count_state(DAISY_UDP, MAPPING_ACTIVE), 0);
	sweep();
	assert_int_equal(subscriber_mappings(), -1);
	out(IPPROTO_UDP, 5000, 53, 0);
	assert_int_equal(subscriber_mappings(), 1);
	only_port(DAISY_UDP);
}

static void test_subscriber_stays(void **state)
{
	out(IPPROTO_TCP, 5000, 80, TH_SYN);
	in(IPPROTO_TCP, 80, only_port(DAISY_TCP), TH_SYN | TH_ACK);
	out(IPPROTO_TCP, 5000, 80, TH_ACK);
	daisy_instance_clock_advance(inst, 4000);
	sweep();
	assert_int_equal(subscriber_mappings(), 1);
}

static void test_delete(void **state)
{
	uint16_t port;

	out(IPPROTO_UDP, 5000, 53, 0);
	port = only_port(DAISY_UDP);
	assert_int_equal(daisy_mapping_delete(inst, 0, port, DAISY_UDP), 0);
	assert_int_equal(state_of(DAISY_UDP, port), MAPPING_HOLD);
	assert_int_equal(subscriber_mappings(), 0);
	assert_int_equal(daisy_mapping_delete(inst, 0, port, DAISY_UDP), -ENOENT);
	assert_int_equal(daisy_mapping_delete(inst, 0, port, DAISY_TCP), -ENOENT);
	assert_int_equal(daisy_mapping_delete(inst, 7, port, DAISY_UDP), -ENOENT);
}

#define BLOCK_LEAF 100

/* A block of 64 ports that a creator has claimed, but has not entered yet. */
static void claim_block(void)
{
	struct daisy_block_map *map = daisy_instance_block_map(inst, 0);

	map->free[BLOCK_LEAF / 64] &= ~(1ULL << BLOCK_LEAF % 64);
	map->n_free--;
	map->block[BLOCK_LEAF] = (union daisy_block){ .addr = htonl(HOST), .order = 1 };
}

static bool block_is_held(void)
{
	return daisy_instance_block_map(inst, 0)->block[BLOCK_LEAF].order;
}

static void test_block_twice(void **state)
{
	struct daisy_sweeper_stats stats;

	for (uint64_t n = 1; n <= 3; n++) {
		claim_block();
		sweep();
		assert_true(block_is_held());
		sweep();
		assert_false(block_is_held());
		daisy_sweeper_stats(sweeper, &stats);
		assert_int_equal(stats.blocks, n);
	}
}

static void test_block_of_next_address(void **state)
{
	struct in_addr addr = { htonl(EXTERNAL) };

	claim_block();
	sweep();
	assert_true(block_is_held());
	assert_int_equal(daisy_instance_zone_set(inst, 0, NULL, 0), 0);
	assert_int_equal(daisy_instance_address_del(inst, addr), 0);
	sweep();
	assert_int_equal(daisy_instance_address_add(inst, addr, 0, 1024, 65535, NULL, 0), 0);
	claim_block();
	sweep();
	assert_true(block_is_held());
	sweep();
	assert_false(block_is_held());
}

static void test_paced(void **state)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	struct daisy_sweeper_stats stats;
	int calls = 0;

	out(IPPROTO_UDP, 5000, 53, 0);
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	do {
		assert_int_equal(daisy_sweeper_run(sweeper, 20000), 0);
		daisy_sweeper_stats(sweeper, &stats);
		nanosleep(&pause, NULL);
	} while (stats.rounds < 2 && ++calls < 100);
	assert_int_equal(stats.rounds, 2);
	assert_int_equal(stats.visited, 2 * 3 * DAISY_VECTOR_SIZE);
	assert_swept(1, 0);
}

static void test_budget(void **state)
{
	struct daisy_sweeper_stats stats;
	int calls = 0;

	out(IPPROTO_UDP, 5000, 53, 0);
	daisy_instance_clock_advance(inst, 300 + MARGIN_S);
	do {
		assert_int_equal(daisy_sweeper_run(sweeper, 1), 0);
		daisy_sweeper_stats(sweeper, &stats);
		/* One step a call: a chunk of records, or a part of a table. */
		assert_true(stats.visited <= 4096u * (unsigned int)(calls + 1));
	} while (!stats.rounds && ++calls < 10 * 1000 * 1000);
	assert_int_equal(stats.rounds, 1);
	assert_int_equal(stats.visited, 3 * DAISY_VECTOR_SIZE);
	assert_swept(1, 0);
}

/* Concurrency: traffic, sweeps and the owner's changes at the same time */

static volatile bool stop;

static void *keep_sending(void *unused)
{
	for (uint32_t i = 0; !stop; i++)
		out(IPPROTO_UDP, (uint16_t)(i % 5000 + 1), 53, 0);
	return NULL;
}

/* Five minutes a round: what is not sent in one is over in the next. */
static void *keep_sweeping(void *unused)
{
	while (!stop) {
		daisy_instance_clock_advance(inst, 300 + MARGIN_S);
		sweep();
	}
	return NULL;
}

static void test_reconcile_under_traffic(void **state)
{
	static const struct daisy_port_repairs none;
	pthread_t sender, sweeping;

	stop = false;
	assert_int_equal(pthread_create(&sender, NULL, keep_sending, NULL), 0);
	assert_int_equal(pthread_create(&sweeping, NULL, keep_sweeping, NULL), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(daisy_instance_address_add(inst, (struct in_addr){ htonl(EXTERNAL) },
							    0, 1024, 65535, NULL, 0), 0);
	stop = true;
	pthread_join(sender, NULL);
	pthread_join(sweeping, NULL);
	assert_memory_equal(&inst->repairs, &none, sizeof(none));
	for (int i = 0; i < 3; i++) {
		daisy_instance_clock_advance(inst, 300 + MARGIN_S);
		sweep();
	}
	assert_all_free(DAISY_UDP, 64512);
	assert_true(subscriber_mappings() <= 0);
	assert_int_equal(index_entries(), 0);
}

static void test_ports_come_and_go(void **state)
{
	pthread_t sender, sweeping;

	stop = false;
	assert_int_equal(pthread_create(&sender, NULL, keep_sending, NULL), 0);
	assert_int_equal(pthread_create(&sweeping, NULL, keep_sweeping, NULL), 0);
	for (int i = 0; i < 20; i++) {
		set_ports(1024, 65535, NULL, 0);
		set_ports(1024, 32767, NULL, 0);
	}
	stop = true;
	pthread_join(sender, NULL);
	pthread_join(sweeping, NULL);
	for (int i = 0; i < 3; i++) {
		daisy_instance_clock_advance(inst, 300 + MARGIN_S);
		sweep();
	}
	assert_all_free(DAISY_UDP, 31744);
	assert_false(is_free(DAISY_UDP, 32768));
	assert_int_equal(inst->repairs.taken, 0);
}

static void test_addresses_come_and_go(void **state)
{
	struct in_addr other = { htonl(EXTERNAL + 1) };
	struct daisy_sweeper_stats stats;
	uint32_t slots[] = { 0, 1 };
	pthread_t sender, sweeping;

	stop = false;
	assert_int_equal(pthread_create(&sender, NULL, keep_sending, NULL), 0);
	assert_int_equal(pthread_create(&sweeping, NULL, keep_sweeping, NULL), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(daisy_instance_address_add(inst, other, 0, 1024, 65535, NULL, 0), 1);
		assert_int_equal(daisy_instance_zone_set(inst, 0, slots, 2), 0);
		assert_int_equal(daisy_instance_address_del(inst, other), 0);
	}
	stop = true;
	pthread_join(sender, NULL);
	pthread_join(sweeping, NULL);
	daisy_sweeper_stats(sweeper, &stats);
	assert_true(stats.rounds > 0);
	for (int i = 0; i < 3; i++) {
		daisy_instance_clock_advance(inst, 300 + MARGIN_S);
		sweep();
	}
	assert_all_free(DAISY_UDP, 64512);
	assert_true(subscriber_mappings() <= 0);
	assert_int_equal(index_entries(), 0);
}

#define TEST(sentence, name) { sentence, name, setup, teardown, NULL }
#define ROW(sentence, name, row) { sentence, name, setup_row, teardown, (void *)&row }
#define TCP_TEST(sentence, row) ROW(sentence, test_tcp_class, tcp_rows[row])
#define WITHDRAWN(proto, how, row) \
	ROW(proto ": a port that " how " while a mapping has it is not given out again", \
	    test_withdrawn, withdrawn_rows[row])
#define FORWARD(sentence, row) ROW("the port of a forward that " sentence, test_forward_port, forward_rows[row])

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("the hold-down of a pool is kept by the sweep, one second before its end and after it (G8)",
		     test_pool_hold),
		TEST("a UDP mapping lives 300 s, its port rests 120 s, then it is free (U5c, G8)", test_udp),
		TEST("an ICMP query mapping lives 60 s, its port rests 120 s (I2, G8)", test_icmp),
		TEST("outbound packets keep a UDP mapping, inbound ones do not (U6, X7)", test_refresh),
		TCP_TEST("a partially open TCP connection lives 240 s (T5, X1)", 0),
		TCP_TEST("an idle established TCP connection lives 7440 s (T5)", 1),
		TCP_TEST("a TCP connection with FIN both ways lives 240 s (T5, X1)", 2),
		TCP_TEST("a TCP connection after RST lives 240 s (X2)", 3),
		TEST("a TCP mapping goes with its last connection, in the table or not", test_tcp_last_connection),
		TEST("connections of a mapping that is gone go, too", test_orphans),
		TEST("connections of strangers do not keep a TCP mapping", test_stranger),
		{ "without hold-down a port is free after two ticks, longer than a grace period (G8)", test_no_hold,
		  setup_no_hold, teardown, NULL },
		TEST("64512 UDP mappings end and every port is free again, none twice (U3)", test_full),
		{ "64512 TCP mappings end and every port is free again, without hold-down (T7)",
		  test_full_tcp_no_hold, setup_no_hold, teardown, NULL },
		TEST("a record rolled back is free after its rest", test_rolled_back),
		WITHDRAWN("UDP", "is reserved", 0),
		WITHDRAWN("TCP", "is reserved", 1),
		WITHDRAWN("ICMP", "is reserved", 2),
		WITHDRAWN("UDP", "a narrower range leaves out", 3),
		WITHDRAWN("TCP", "a narrower range leaves out", 4),
		WITHDRAWN("ICMP", "a narrower range leaves out", 5),
		FORWARD("was none for mappings is none after it", 0),
		FORWARD("has become one for mappings meanwhile is free after it", 1),
		FORWARD("is reserved meanwhile is none for mappings after it", 2),
		FORWARD("is one for mappings is free after it", 3),
		TEST("a subscriber without mappings is forgotten after 3600 s (G2)", test_subscriber),
		TEST("a subscriber whose removal failed is refused until the next sweep, not for ever (G2)",
		     test_subscriber_dead),
		TEST("a subscriber with a mapping is never forgotten (G2)", test_subscriber_stays),
		TEST("a mapping can be deleted by hand, once", test_delete),
		TEST("each block gets a round of the sweep in which its creator may take a port (G13)", test_block_twice),
		TEST("a block of a new address gets such a round, whatever stood at its place before (G13)",
		     test_block_of_next_address),
		TEST("rounds of a paced sweeper visit every record once", test_paced),
		TEST("ports are not repaired that traffic and sweeps are about to change",
		     test_reconcile_under_traffic),
		TEST("half of the ports come and go beside a running sweeper and traffic, none is free that has gone",
		     test_ports_come_and_go),
		TEST("addresses come and go beside a running sweeper and traffic",
		     test_addresses_come_and_go),
		TEST("a sweeper with no budget still gets round, step by step", test_budget),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
