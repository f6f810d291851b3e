/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instances, their pins and tables. Needs root; a bpffs of its own in a private mount namespace. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "nat/addrs.h"
#include "nat/internal.h"
#include "nat/sweep.h"
#include "shared/version.h"
#include "traffic.h"

#define MIB (1024.0 * 1024)

static char bpffs[] = "/tmp/daisy-bpffs-XXXXXX";
static struct daisy_instance *inst;
static enum daisy_opened opened;

static struct in_addr ip(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

static int open_instance(struct daisy_instance_spec spec)
{
	spec.name = spec.name ? spec.name : "n0";
	spec.bpffs = bpffs;
	return daisy_instance_open(&spec, &inst, &opened);
}

static void reopen(void)
{
	daisy_instance_close(inst);
	inst = NULL;
	if (open_instance((struct daisy_instance_spec){ 0 }))
		traffic_fail("reopen");
	assert_int_equal(opened, DAISY_OPENED_ADOPTED);
}

static int add(const char *addr, uint8_t pool)
{
	return daisy_instance_address_add(inst, ip(addr), pool, 1024, 65535, NULL, 0);
}

static int setup(void **state)
{
	if (open_instance((struct daisy_instance_spec){ 0 }))
		traffic_fail("open");
	assert_int_equal(opened, DAISY_OPENED_NEW);
	return 0;
}

static int teardown(void **state)
{
	daisy_instance_close(inst);
	inst = NULL;
	daisy_instance_purge(bpffs, "n0");
	return 0;
}

static struct daisy_mapping *record(uint32_t slot, enum daisy_proto proto, uint32_t port)
{
	size_t stride;
	char *vector = daisy_instance_vector(inst, slot, proto, &stride);

	assert_non_null(vector);
	return (struct daisy_mapping *)(vector + stride * port);
}

static bool pinned(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/daisy/%d/n0/%s", bpffs, DAISY_MAP_FORMAT, name);
	return !access(path, F_OK);
}

/* Adoption */

static void test_adopt(void **state)
{
	uint64_t key[4];
	uint16_t epoch;

	assert_int_equal(add("198.51.100.1", 3), 0);
	record(0, DAISY_UDP, 5000)->inside.word = 42;
	record(0, DAISY_TCP, 65535)->inside.word = 43;
	record(0, DAISY_ICMP, 0)->inside.word = 44;
	daisy_instance_clock_advance(inst, 100);
	memcpy(key, daisy_instance_conf(inst)->hash_key, sizeof(key));
	epoch = daisy_instance_conf(inst)->nexthop_epoch;
	reopen();
	assert_int_equal(add("198.51.100.1", 3), 0);
	assert_int_equal(record(0, DAISY_UDP, 5000)->inside.word, 42);
	assert_int_equal(record(0, DAISY_TCP, 65535)->inside.word, 43);
	assert_int_equal(record(0, DAISY_ICMP, 0)->inside.word, 44);
	assert_memory_equal(key, daisy_instance_conf(inst)->hash_key, sizeof(key));
	assert_int_equal(daisy_instance_conf(inst)->clock_offset_ns, 100 * 1000000000LL);
	/* Next hops may have changed meanwhile. */
	assert_int_equal(daisy_instance_conf(inst)->nexthop_epoch, epoch + 1);
}

static void test_adopt_applies_settings(void **state)
{
	struct daisy_instance_spec spec = { .options = DAISY_OPT_PARITY };

	spec.timer_s[DAISY_TIMER_UDP] = 120;
	daisy_instance_close(inst);
	assert_int_equal(open_instance(spec), 0);
	assert_int_equal(opened, DAISY_OPENED_ADOPTED);
	assert_int_equal(daisy_instance_conf(inst)->timer[DAISY_TIMER_UDP], 113 + DAISY_HINT_TICKS);
	assert_int_equal(daisy_instance_conf(inst)->options, DAISY_OPT_PARITY);
}

static void test_traffic_survives(void **state)
{
	const struct traffic_packet first = { IPPROTO_UDP, 0x0a000001, 0xcb007101, 5000, 53, 0 };
	struct daisy_counters before, after;
	struct traffic t, again;
	uint32_t slot = 0;

	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(daisy_instance_zone_set(inst, 0, &slot, 1), 0);
	traffic_open(&t, inst);
	traffic_send(&t, INSIDE, &first);
	daisy_instance_close(inst);
	/* Nobody is there, and the program goes on with the maps it has. */
	traffic_send(&t, INSIDE, &first);
	assert_int_equal(open_instance((struct daisy_instance_spec){ 0 }), 0);
	assert_int_equal(daisy_instance_counters(inst, &before), 0);
	assert_int_equal(before.created_udp, 1);
	assert_int_equal(before.out_udp, 2);
	traffic_open(&again, inst);
	traffic_send(&again, INSIDE, &first);
	assert_int_equal(daisy_instance_counters(inst, &after), 0);
	assert_int_equal(after.created_udp, 1);
	assert_int_equal(after.out_udp, 3);
	traffic_close(&t);
	traffic_close(&again);
}

static void test_incomplete(void **state)
{
	char path[256];

	assert_int_equal(add("198.51.100.1", 0), 0);
	daisy_instance_close(inst);
	snprintf(path, sizeof(path), "%s/daisy/%d/n0/conf", bpffs, DAISY_MAP_FORMAT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_instance((struct daisy_instance_spec){ 0 }), 0);
	assert_int_equal(opened, DAISY_OPENED_NEW);
	assert_false(pinned("vector_udp_0"));
	assert_int_equal(daisy_instance_slots(inst)[0].state, SLOT_EMPTY);
}

/* A start that was killed after the slot and before the address table, and one in a removal. */
static void test_killed_between(void **state)
{
	uint32_t id;
	uint32_t one = 1;

	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(add("198.51.100.2", 0), 1);
	memset(&inst->addrs[daisy_addr_hash(inet_addr("198.51.100.1"))].entry[0], 0, 8);
	inst->slots[1] = (struct daisy_slot){ 0 };
	reopen();
	assert_non_null(daisy_addrs_find(inst->addrs, inet_addr("198.51.100.1")));
	assert_null(daisy_addrs_find(inst->addrs, inet_addr("198.51.100.2")));
	assert_false(pinned("vector_tcp_1"));
	assert_int_not_equal(
		bpf_map_lookup_elem(daisy_instance_map_fd(inst, "vectors_tcp"), &one, &id), 0);
	assert_int_equal(add("198.51.100.3", 0), 1);
	assert_true(pinned("vector_tcp_1"));
}

static void test_reconcile(void **state)
{
	struct daisy_port_map *map;

	assert_int_equal(add("198.51.100.1", 0), 0);
	map = daisy_instance_port_map(inst, 0, DAISY_UDP);
	map->leaf[100] = 0;
	record(0, DAISY_TCP, 7000)->ctl.word = (uint64_t)MAPPING_ACTIVE << DAISY_STATE_SHIFT;
	reopen();
	assert_int_equal(add("198.51.100.1", 0), 0);
	map = daisy_instance_port_map(inst, 0, DAISY_UDP);
	assert_int_equal(map->leaf[100], ~0ULL);
	assert_int_equal(map->n_free, 64512);
	map = daisy_instance_port_map(inst, 0, DAISY_TCP);
	assert_int_equal(map->leaf[7000 / 64] >> (7000 % 64) & 1, 0);
	assert_int_equal(map->n_free, 64511);
	assert_int_equal(inst->repairs.lost, 64);
	assert_int_equal(inst->repairs.taken, 1);
}

/* Refusals */

static void test_other_sizes(void **state)
{
	daisy_instance_close(inst);
	assert_int_equal(open_instance((struct daisy_instance_spec){ .max_slots = 128 }), -EINVAL);
	assert_string_equal(
		daisy_error(),
		"instance \"n0\": its pinned map \"slots\" has "
		"64 entries, limits.addresses now asks for 128: set limits.addresses back, "
		"or purge the instance, which ends its mappings");
	inst = NULL;
	assert_int_equal(open_instance((struct daisy_instance_spec){ .max_conns = 70000 }),
			 -EINVAL);
	inst = NULL;
	/* Nothing was changed. */
	assert_int_equal(open_instance((struct daisy_instance_spec){ 0 }), 0);
	assert_int_equal(opened, DAISY_OPENED_ADOPTED);
}

static void test_other_format(void **state)
{
	char path[256], ours[32];

	snprintf(path, sizeof(path), "%s/daisy/999", bpffs);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/daisy/999/n1", bpffs);
	assert_int_equal(mkdir(path, 0700), 0);
	daisy_instance_close(inst);
	inst = NULL;
	assert_int_equal(open_instance((struct daisy_instance_spec){ .name = "n1" }), -EEXIST);
	assert_non_null(strstr(daisy_error(), "has maps of format 999"));
	snprintf(ours, sizeof(ours), "writes format %d", DAISY_MAP_FORMAT);
	assert_non_null(strstr(daisy_error(), ours));
	assert_int_equal(daisy_instance_purge(bpffs, "n1"), 0);
	assert_int_equal(open_instance((struct daisy_instance_spec){ .name = "n1" }), 0);
	daisy_instance_close(inst);
	inst = NULL;
	assert_int_equal(daisy_instance_purge(bpffs, "n1"), 0);
}

static void test_lock(void **state)
{
	struct daisy_instance_spec spec = { .name = "n0", .bpffs = bpffs };
	struct daisy_instance *second = NULL;

	assert_int_equal(daisy_instance_open(&spec, &second, NULL), -EBUSY);
	assert_null(second);
	assert_non_null(strstr(daisy_error(), "in use by another process"));
	assert_int_equal(daisy_instance_purge(bpffs, "n0"), -EBUSY);
	reopen();
}

/* The lock goes with its process, however that ends. */
static void test_lock_of_the_dead(void **state)
{
	int status;
	pid_t pid;

	daisy_instance_close(inst);
	inst = NULL;
	pid = fork();
	if (!pid) {
		if (open_instance((struct daisy_instance_spec){ 0 }) || add("198.51.100.9", 0))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(open_instance((struct daisy_instance_spec){ 0 }), 0);
	assert_int_equal(opened, DAISY_OPENED_ADOPTED);
	assert_int_equal(add("198.51.100.9", 0), 0);
	assert_int_equal(inst->repairs.lost + inst->repairs.taken + inst->repairs.miscounted, 0);
}

static void test_bad_spec(void **state)
{
	static const struct {
		struct daisy_instance_spec spec;
		const char *error;
	} rows[] = {
		{ { .name = "" }, "instance name \"\": 1 to 32 of a-z, 0-9 and -" },
		{ { .name = "N0" }, "instance name \"N0\": 1 to 32 of a-z, 0-9 and -" },
		{ { .name = "../x" }, "instance name \"../x\": 1 to 32 of a-z, 0-9 and -" },
		{ { .name = "n0", .max_slots = 4097 }, "limits.addresses 4097: at most 4096" },
		{ { .name = "n0", .bpffs = "/proc" },
		  "\"/proc\" is no bpffs: mount one there (mount -t bpf bpf /proc)" },
	};
	struct daisy_instance *none = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(daisy_instance_open(&rows[i].spec, &none, NULL), -EINVAL);
		assert_string_equal(daisy_error(), rows[i].error);
		assert_null(none);
	}
}

static void test_purge(void **state)
{
	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_true(pinned("conf"));
	assert_true(pinned("vector_icmp_0"));
	daisy_instance_close(inst);
	inst = NULL;
	assert_int_equal(daisy_instance_purge(bpffs, "n0"), 0);
	assert_false(pinned(""));
	assert_int_equal(daisy_instance_purge(bpffs, "n0"), -ENOENT);
	assert_int_equal(open_instance((struct daisy_instance_spec){ 0 }), 0);
	assert_int_equal(opened, DAISY_OPENED_NEW);
}

static void test_unpinned(void **state)
{
	struct daisy_instance_spec spec = { .name = "n0" };
	struct daisy_instance *one, *two;

	assert_int_equal(daisy_instance_open(&spec, &one, &opened), 0);
	assert_int_equal(opened, DAISY_OPENED_NEW);
	assert_int_equal(daisy_instance_open(&spec, &two, &opened), 0);
	assert_int_equal(daisy_instance_address_add(one, ip("198.51.100.1"), 0, 1, 65535, NULL, 0),
			 0);
	assert_int_equal(daisy_instance_slots(two)[0].state, SLOT_EMPTY);
	daisy_instance_close(one);
	daisy_instance_close(two);
	assert_int_equal(daisy_instance_purge(bpffs, "n7"), -ENOENT);
}

/* Sizes */

static void test_memory(void **state)
{
	uint64_t total, per_address, index;

	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(daisy_instance_memory(inst, &total, &per_address), 0);
	assert_int_equal(daisy_map_memlock(daisy_instance_map_fd(inst, "index_buckets"), &index),
			 0);
	assert_true((per_address + index / 64) / MIB < 10.0);
	assert_true(per_address / MIB > 7.5);	/* 1.5 + 4 + 1.5 and 0.5 of inbound words */
	assert_true(total > per_address + index);
}

static void test_btf(void **state)
{
	static const char *const names[] = { "vector_udp_0", "vector_tcp_0", "vector_icmp_0" };

	assert_int_equal(add("198.51.100.1", 0), 0);
	for (int i = 0; i < 3; i++) {
		struct bpf_map_info info = { 0 };
		uint32_t length = sizeof(info);
		int fd = daisy_pin_get(inst, names[i]);

		assert_true(fd >= 0);
		assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &length), 0);
		assert_true(info.btf_id && info.btf_key_type_id && info.btf_value_type_id);
		assert_int_equal(info.value_size, i == 1 ? 64 : 24);
		assert_int_equal(info.max_entries, 65536);
		close(fd);
	}
}

static void test_slots_rounded(void **state)
{
	daisy_instance_close(inst);
	daisy_instance_purge(bpffs, "n0");
	assert_int_equal(open_instance((struct daisy_instance_spec){ .max_slots = 5 }), 0);
	assert_int_equal(daisy_instance_max_slots(inst), 8);
	assert_int_equal(daisy_instance_conf(inst)->index_lines, (8 * 65536 * 100 / 55 / 4 + 1) & ~1);
}

/* Addresses */

static void test_address_refused(void **state)
{
	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(add("198.51.100.1", 1), -EEXIST);
	assert_string_equal(daisy_error(),
			    "address 198.51.100.1 is in pool number 0 already, not 1");
	assert_int_equal(daisy_instance_own_add(inst, ip("192.0.2.1")), 0);
	assert_int_equal(add("192.0.2.1", 0), -EEXIST);
	assert_string_equal(daisy_error(), "address 192.0.2.1 is an address of the box itself");
	assert_int_equal(daisy_instance_own_add(inst, ip("198.51.100.1")), -EEXIST);
	assert_int_equal(
		daisy_instance_address_add(inst, ip("198.51.100.2"), 0, 2000, 1999, NULL, 0),
		-EINVAL);
	assert_int_equal(daisy_instance_address_del(inst, ip("198.51.100.2")), -ENOENT);
	assert_int_equal(daisy_instance_address_del(inst, ip("192.0.2.1")), -ENOENT);
}

static void test_no_slot(void **state)
{
	daisy_instance_close(inst);
	daisy_instance_purge(bpffs, "n0");
	assert_int_equal(open_instance((struct daisy_instance_spec){ .max_slots = 2 }), 0);
	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(add("198.51.100.2", 0), 1);
	assert_int_equal(add("198.51.100.3", 0), -ENOSPC);
	assert_string_equal(daisy_error(),
			    "no room for address 198.51.100.3: limits.addresses is 2");
	assert_int_equal(daisy_instance_address_del(inst, ip("198.51.100.1")), 0);
	assert_int_equal(add("198.51.100.3", 0), 0);
}

static void test_many_addresses(void **state)
{
	struct in_addr addrs[130];
	uint32_t slots[130];

	daisy_instance_close(inst);
	daisy_instance_purge(bpffs, "n0");
	assert_int_equal(open_instance((struct daisy_instance_spec){ .max_slots = 129 }), 0);
	assert_int_equal(add("198.51.100.200", 0), 0);
	for (uint32_t i = 0; i < 130; i++)
		addrs[i].s_addr = htonl(0xc6336401 + i);
	addrs[7] = ip("198.51.100.200");	/* there already */
	addrs[129] = addrs[128];		/* twice in the list */
	assert_int_equal(daisy_instance_addresses_add(inst, addrs, 130, 0, 1024, 65535, NULL, 0,
						      slots), 0);
	assert_int_equal(slots[7], 0);
	assert_int_equal(slots[128], slots[129]);
	for (uint32_t i = 0; i < 130; i++) {
		const struct daisy_addr_entry *e = daisy_addrs_find(inst->addrs, addrs[i].s_addr);

		assert_non_null(e);
		assert_int_equal(e->slot, slots[i]);
		assert_memory_equal(daisy_instance_slots(inst)[slots[i]].addr, &addrs[i], 4);
		for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
			assert_non_null(daisy_instance_vector(inst, slots[i], proto, NULL));
			assert_int_equal(daisy_instance_port_map(inst, slots[i], proto)->n_free, 64512);
		}
	}
}

static void test_more_than_slots(void **state)
{
	struct in_addr addrs[3] = { ip("198.51.100.1"), ip("198.51.100.2"), ip("198.51.100.3") };

	daisy_instance_close(inst);
	daisy_instance_purge(bpffs, "n0");
	assert_int_equal(open_instance((struct daisy_instance_spec){ .max_slots = 2 }), 0);
	assert_int_equal(daisy_instance_addresses_add(inst, addrs, 3, 0, 1024, 65535, NULL, 0, NULL),
			 -ENOSPC);
	assert_int_equal(daisy_instance_addresses_add(inst, addrs, 2, 0, 1024, 65535, NULL, 0, NULL),
			 0);
}

/* Every trace of an address with live mappings goes: entries, counts, connections, lists. */
static void test_address_del(void **state)
{
	static const struct traffic_packet packets[] = {
		{ IPPROTO_UDP, 0x0a000001, 0xcb007101, 5000, 53, 0 },
		{ IPPROTO_ICMP, 0x0a000001, 0xcb007101, 5000, 0, 0 },
		{ IPPROTO_TCP, 0x0a000001, 0xcb007101, 5000, 80, TH_SYN },
		{ IPPROTO_TCP, 0x0a000001, 0xcb007101, 5000, 81, TH_SYN },
		{ IPPROTO_TCP, 0x0a000001, 0xcb007101, 5000, 82, TH_SYN },
		{ IPPROTO_TCP, 0x0a000001, 0xcb007101, 5000, 83, TH_SYN },
	};
	struct daisy_subscriber_key key = { .addr = { 10, 0, 0, 1 } };
	struct daisy_subscriber subscriber;
	struct daisy_counters counters;
	struct daisy_conn_key conn;
	struct traffic t;
	uint32_t slot = 0;

	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(daisy_instance_zone_set(inst, 0, &slot, 1), 0);
	traffic_open(&t, inst);
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		traffic_send(&t, INSIDE, &packets[i]);
	assert_int_equal(bpf_map_get_next_key(daisy_instance_map_fd(inst, "conns"), NULL, &conn),
			 0);
	assert_int_equal(daisy_instance_address_del(inst, ip("198.51.100.1")), 0);
	daisy_instance_counters(inst, &counters);
	assert_int_equal(counters.created_udp + counters.created_tcp + counters.created_icmp, 3);
	assert_int_equal(counters.expired, 3);
	assert_int_equal(
		bpf_map_lookup_elem(daisy_instance_map_fd(inst, "subscribers"), &key, &subscriber),
		0);
	assert_int_equal(daisy_subscriber_mappings(subscriber.ctl.word), 0);
	assert_int_not_equal(
		bpf_map_get_next_key(daisy_instance_map_fd(inst, "conns"), NULL, &conn), 0);
	assert_int_equal(inst->zones[0].n, 0);
	assert_int_equal(daisy_instance_slots(inst)[0].state, SLOT_EMPTY);
	assert_null(daisy_instance_vector(inst, 0, DAISY_UDP, NULL));
	assert_false(pinned("vector_udp_0"));
	/* The subscriber gets another address. */
	assert_int_equal(add("198.51.100.2", 0), 0);
	assert_int_equal(daisy_instance_zone_set(inst, 0, &slot, 1), 0);
	traffic_send(&t, INSIDE, &packets[0]);
	daisy_instance_counters(inst, &counters);
	assert_int_equal(counters.created_udp, 2);
	traffic_close(&t);
}

static void test_draining(void **state)
{
	const struct traffic_packet first = { IPPROTO_UDP, 0x0a000001, 0xcb007101, 5000, 53, 0 };
	const struct traffic_packet second = { IPPROTO_UDP, 0x0a000001, 0xcb007101, 5001, 53, 0 };
	struct daisy_counters counters;
	struct traffic t;
	uint32_t slot = 0;

	assert_int_equal(daisy_instance_address_state(inst, 0, SLOT_DRAINING), -ENOENT);
	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(daisy_instance_zone_set(inst, 0, &slot, 1), 0);
	traffic_open(&t, inst);
	traffic_send(&t, INSIDE, &first);
	assert_int_equal(daisy_instance_address_state(inst, 0, SLOT_DRAINING), 0);
	traffic_send(&t, INSIDE, &first);
	traffic_send(&t, INSIDE, &second);
	daisy_instance_counters(inst, &counters);
	assert_int_equal(counters.out_udp, 2);
	assert_int_equal(counters.created_udp, 1);
	assert_int_equal(counters.drop_DRAINING, 1);
	assert_int_equal(daisy_instance_address_state(inst, 0, SLOT_ACTIVE), 0);
	traffic_send(&t, INSIDE, &second);
	daisy_instance_counters(inst, &counters);
	assert_int_equal(counters.created_udp, 2);
	traffic_close(&t);
}

static void test_own_list(void **state)
{
	struct in_addr list[4];

	assert_int_equal(daisy_instance_own_add(inst, ip("192.0.2.1")), 0);
	assert_int_equal(daisy_instance_own_add(inst, ip("192.0.2.2")), 0);
	assert_int_equal(daisy_instance_own_add(inst, ip("192.0.2.2")), 0);
	reopen();
	assert_int_equal(daisy_instance_own_list(inst, list, 4), 2);
	assert_int_equal(daisy_instance_own_del(inst, ip("192.0.2.1")), 0);
	assert_int_equal(daisy_instance_own_del(inst, ip("192.0.2.1")), -ENOENT);
	assert_int_equal(daisy_instance_own_list(inst, list, 4), 1);
	assert_int_equal(list[0].s_addr, inet_addr("192.0.2.2"));
}

/* Zones */

static void assert_zone(uint16_t zone, const uint32_t *slots, uint32_t n)
{
	assert_int_equal(inst->zones[zone].n, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(inst->pool_slots[inst->zones[zone].first + i].slot, slots[i]);
}

static void test_zones(void **state)
{
	static const uint32_t both[] = { 0, 1 }, one[] = { 1 };

	assert_int_equal(add("198.51.100.1", 0), 0);
	assert_int_equal(add("198.51.100.2", 0), 1);
	assert_int_equal(daisy_instance_zone_set(inst, 0, both, 2), 0);
	assert_int_equal(daisy_instance_zone_set(inst, 255, both, 2), 0);
	assert_int_equal(inst->zones[0].first, inst->zones[255].first);
	assert_int_equal(daisy_instance_zone_set(inst, 7, one, 1), 0);
	assert_int_equal(daisy_instance_zone_set(inst, 0, one, 1), 0);
	assert_zone(0, one, 1);
	assert_zone(7, one, 1);
	assert_zone(255, both, 2);
	assert_int_equal(daisy_instance_zone_set(inst, 256, one, 1), -EINVAL);
	assert_int_equal(daisy_instance_zone_set(inst, 0, (uint32_t[]){ 2 }, 1), -EINVAL);
	assert_string_equal(daisy_error(), "zone 0: slot 2 holds no address");
	assert_zone(0, one, 1);
	assert_int_equal(daisy_instance_address_del(inst, ip("198.51.100.2")), 0);
	assert_zone(0, NULL, 0);
	assert_zone(7, NULL, 0);
	assert_zone(255, both, 1);
}

static void test_prefixes(void **state)
{
	struct daisy_prefix_key key = { .prefixlen = 64,
					.zone_be = htons(3),
					.addr = { 10, 1, 2, 3 } };
	int fd = daisy_instance_map_fd(inst, "inside_prefixes");
	struct daisy_prefix value;

	assert_int_equal(daisy_instance_prefix_add(inst, 3, ip("10.1.0.0"), 16, 5), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &value), 0);
	assert_int_equal(value.link, 5);
	key.zone_be = htons(4);
	assert_int_not_equal(bpf_map_lookup_elem(fd, &key, &value), 0);
	assert_int_equal(daisy_instance_prefix_add(inst, 3, ip("10.1.0.1"), 16, 5), -EINVAL);
	assert_int_equal(daisy_instance_prefix_add(inst, 3, ip("10.1.0.0"), 33, 5), -EINVAL);
	assert_int_equal(daisy_instance_prefix_add(inst, 3, ip("0.0.0.0"), 0, 5), 0);
	assert_int_equal(daisy_instance_prefix_del(inst, 3, ip("10.1.0.0"), 16), 0);
	assert_int_equal(daisy_instance_prefix_del(inst, 3, ip("10.1.0.0"), 16), -ENOENT);
}

/* Links and next hops */

static int tagged(uint16_t device, uint16_t tag, uint32_t *number)
{
	struct daisy_tag_key key = { .device = device, .tag = { tag } };

	return bpf_map_lookup_elem(daisy_instance_map_fd(inst, "tagged_links"), &key, number);
}

static void test_link_tags(void **state)
{
	struct daisy_link link = { .side = SIDE_INSIDE, .n_tags = 1, .tag = { 100 }, .device = 1 };
	uint32_t number = 0;

	assert_int_equal(daisy_instance_link_set(inst, 4, &link), 0);
	assert_int_equal(tagged(1, 100, &number), 0);
	assert_int_equal(number, 4);
	link.tag[0] = 200;
	assert_int_equal(daisy_instance_link_set(inst, 4, &link), 0);
	assert_int_not_equal(tagged(1, 100, &number), 0);
	assert_int_equal(tagged(1, 200, &number), 0);
	assert_int_equal(daisy_instance_link_del(inst, 4), 0);
	assert_int_not_equal(tagged(1, 200, &number), 0);
	assert_int_equal(daisy_instance_links(inst)[4].side, SIDE_NONE);
	assert_int_equal(daisy_instance_link_set(inst, DAISY_MAX_LINKS, &link), -EINVAL);
}

static int neighbour(uint32_t ifindex, uint8_t last, uint32_t *number)
{
	struct daisy_neighbour_key key = { .ifindex = ifindex, .addr = { 192, 0, 2, last } };

	return bpf_map_lookup_elem(daisy_instance_map_fd(inst, "neighbours"), &key, number);
}

static void test_nexthops(void **state)
{
	struct daisy_nexthop nh = {
		.dmac = { 2, 0, 0, 0, 0, 9 }, .state = NEXTHOP_RESOLVED, .mtu = 1500, .link = 1,
		.addr = { 192, 0, 2, 9 }, .ifindex = 5,
	};
	uint32_t number = 0;

	assert_int_equal(daisy_instance_nexthop_set(inst, 0, &nh), -EINVAL);
	assert_int_equal(daisy_instance_nexthop_set(inst, DAISY_MAX_NEXTHOPS, &nh), -EINVAL);
	assert_int_equal(daisy_instance_nexthop_set(inst, 7, &nh), 0);
	assert_int_equal(neighbour(5, 9, &number), 0);
	assert_int_equal(number, 7);
	assert_memory_equal(&daisy_instance_nexthops(inst)[7], &nh, sizeof(nh));
	nh.addr[3] = 10;
	assert_int_equal(daisy_instance_nexthop_set(inst, 7, &nh), 0);
	assert_int_not_equal(neighbour(5, 9, &number), 0);
	assert_int_equal(neighbour(5, 10, &number), 0);
	nh.state = NEXTHOP_NONE;
	assert_int_equal(daisy_instance_nexthop_set(inst, 7, &nh), 0);
	assert_int_not_equal(neighbour(5, 10, &number), 0);
	assert_int_equal(daisy_instance_nexthops(inst)[7].state, NEXTHOP_NONE);
	assert_int_equal(daisy_instance_nexthops(inst)[7].ifindex, 0);
}

static void test_map_names(void **state)
{
	assert_true(daisy_instance_map_fd(inst, "conf") >= 0);
	assert_true(daisy_instance_map_fd(inst, "events") >= 0);
	assert_int_equal(daisy_instance_map_fd(inst, "sweep_bp.rodata"), -ENOENT);
	assert_int_equal(daisy_instance_map_fd(inst, "nothing"), -ENOENT);
	assert_string_equal(daisy_error(), "no map is called \"nothing\"");
}

#define TEST(sentence, name) { sentence, name, setup, teardown, NULL }

static int mount_bpffs(void **state)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	return !mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL) ? -1 : 0;
}

static int unmount_bpffs(void **state)
{
	return umount2(bpffs, MNT_DETACH) || rmdir(bpffs) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("a second start adopts the maps with their records, key and clock", test_adopt),
		TEST("a second start applies changed timers and options", test_adopt_applies_settings),
		TEST("mappings are used without the daemon and by the next one", test_traffic_survives),
		TEST("pins of a start that never finished are not adopted", test_incomplete),
		TEST("additions and removals that were killed half-way are cleaned up", test_killed_between),
		TEST("ports that disagree with their records are repaired at adoption", test_reconcile),
		TEST("maps of other sizes are refused by the setting's name, and stay", test_other_sizes),
		TEST("maps of another format are refused, naming both versions", test_other_format),
		TEST("a second daemon cannot adopt an instance in use", test_lock),
		TEST("an instance whose daemon was killed can be adopted at once", test_lock_of_the_dead),
		TEST("names, sizes and file systems that cannot be are refused", test_bad_spec),
		TEST("purge removes every pin, once", test_purge),
		TEST("without a bpffs nothing is pinned and nothing shared", test_unpinned),
		TEST("an idle address costs less than 10 MiB, its share of the index included", test_memory),
		TEST("vectors carry BTF, so that bpftool names their fields", test_btf),
		TEST("the number of slots is rounded up to a power of two", test_slots_rounded),
		TEST("addresses of another pool or of the box itself are refused", test_address_refused),
		TEST("more addresses than slots are refused; a removal makes room", test_no_slot),
		TEST("many addresses are added at once, those that are there are kept",
		     test_many_addresses),
		TEST("a list of more addresses than slots is refused", test_more_than_slots),
		TEST("a removed address leaves no mapping, connection or list entry (G2)", test_address_del),
		TEST("a draining address translates and takes no new mapping", test_draining),
		TEST("the box's own addresses are known after a restart, and can be removed", test_own_list),
		TEST("zones share lists, switch and lose removed addresses", test_zones),
		TEST("a prefix counts in its zone only", test_prefixes),
		TEST("a link's tags lead to it as long as it has them", test_link_tags),
		TEST("a next hop and its neighbour entry come and go together", test_nexthops),
		TEST("maps are found by name, sections of variables are not", test_map_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, mount_bpffs, unmount_bpffs);
}
