/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nat/ports.h"

#define N_PORTS 65536
#define TICK 1000

static struct daisy_port_map map;
static struct daisy_port_set set;
static struct daisy_mapping records[N_PORTS];
static struct daisy_port_repairs repairs;

static bool is_free(uint32_t port)
{
	return map.leaf[port / 64] >> (port & 63) & 1;
}

static bool has_hint(uint32_t port)
{
	return map.summary[port / 64 / 64] >> (port / 64 & 63) & 1;
}

static uint64_t control(enum daisy_mapping_state state, uint32_t generation)
{
	return (uint64_t)state << DAISY_STATE_SHIFT | (uint64_t)generation << DAISY_GEN_SHIFT | 900;
}

/* A mapping as a packet makes it. */
static void occupy(uint32_t port, enum daisy_mapping_state state)
{
	map.leaf[port / 64] &= ~(1ULL << (port & 63));
	map.n_free--;
	records[port].ctl.word = control(state, 3);
}

static void reconcile(void)
{
	memset(&repairs, 0, sizeof(repairs));
	assert_int_equal(
		daisy_ports_reconcile(&map, records, sizeof(records[0]), &set, TICK, &repairs), 0);
}

static void assert_repairs(uint32_t lost, uint32_t taken, uint32_t stuck, uint32_t miscounted)
{
	assert_int_equal(repairs.lost, lost);
	assert_int_equal(repairs.taken, taken);
	assert_int_equal(repairs.stuck, stuck);
	assert_int_equal(repairs.miscounted, miscounted);
}

static int setup(void **state)
{
	memset(records, 0, sizeof(records));
	daisy_port_set_fill(&set, 1024, 65535, false, NULL, 0);
	daisy_ports_init(&map, &set);
	return 0;
}

static void test_init(void **state)
{
	for (uint32_t port = 0; port < N_PORTS; port++) {
		assert_int_equal(is_free(port), port >= 1024);
		assert_int_equal(has_hint(port), port >= 1024);
	}
	assert_memory_equal(map.allowed, set.leaf, sizeof(map.allowed));
	assert_int_equal(map.n_free, 64512);
	assert_int_equal(map.first, 1024);
	assert_int_equal(map.last, 65535);
}

static void test_range(void **state)
{
	static const uint16_t reserved[] = { 2000, 2001, 40000, 5 };

	daisy_port_set_fill(&set, 1999, 2002, false, reserved, 4);
	daisy_ports_init(&map, &set);
	for (uint32_t port = 0; port < N_PORTS; port++)
		assert_int_equal(is_free(port), port == 1999 || port == 2002);
	assert_int_equal(map.n_free, 2);
}

static void test_whole_range(void **state)
{
	daisy_port_set_fill(&set, 1, 65535, false, NULL, 0);
	daisy_ports_init(&map, &set);
	assert_false(is_free(0));
	assert_int_equal(map.n_free, 65535);
}

static void test_range_preservation(void **state)
{
	static const uint16_t reserved[] = { 22 };

	daisy_port_set_fill(&set, 2048, 4095, true, reserved, 1);
	daisy_ports_init(&map, &set);
	for (uint32_t port = 0; port < N_PORTS; port++)
		assert_int_equal(is_free(port), (port >= 1 && port <= 1023 && port != 22) ||
						(port >= 2048 && port <= 4095));
	assert_int_equal(map.first, 2048);
	assert_int_equal(map.n_free, 1022 + 2048);
}

static void test_sound(void **state)
{
	struct daisy_port_map before;

	occupy(1024, MAPPING_ACTIVE);
	occupy(65535, MAPPING_HOLD);
	occupy(3000, MAPPING_ROLLED_BACK);
	before = map;
	reconcile();
	assert_repairs(0, 0, 0, 0);
	assert_memory_equal(&map, &before, sizeof(map));
}

static void test_lost(void **state)
{
	map.leaf[5000 / 64] = 0;
	map.summary[5000 / 64 / 64] &= ~(1ULL << (5000 / 64 & 63));
	map.n_free -= 64;
	reconcile();
	assert_repairs(64, 0, 0, 0);
	assert_true(is_free(5000));
	assert_true(has_hint(5000));
	assert_int_equal(map.n_free, 64512);
}

static void test_taken(void **state)
{
	records[7000].ctl.word = control(MAPPING_ACTIVE, 1);
	records[7001].ctl.word = control(MAPPING_HOLD, 1);
	reconcile();
	assert_repairs(0, 2, 0, 0);
	assert_false(is_free(7000));
	assert_false(is_free(7001));
	assert_int_equal(map.n_free, 64510);
	assert_int_equal(records[7000].ctl.word, control(MAPPING_ACTIVE, 1));
}

static void test_stuck(void **state)
{
	occupy(7000, MAPPING_NEW);
	occupy(7001, MAPPING_ABORTED);
	reconcile();
	assert_repairs(0, 0, 2, 0);
	for (int port = 7000; port <= 7001; port++) {
		assert_int_equal(records[port].ctl.state, MAPPING_ROLLED_BACK);
		assert_int_equal(records[port].ctl.seen, TICK);
		assert_int_equal(records[port].ctl.generation, 3);
		assert_false(is_free(port));
	}
}

static void test_miscounted(void **state)
{
	map.n_free = 17;
	reconcile();
	assert_repairs(0, 0, 0, 1);
	assert_int_equal(map.n_free, 64512);
}

static void test_hint_gone(void **state)
{
	memset(map.summary, 0, sizeof(map.summary));
	reconcile();
	assert_repairs(0, 0, 0, 0);
	for (uint32_t port = 1024; port < N_PORTS; port++)
		assert_true(has_hint(port));
}

static void test_narrowed(void **state)
{
	static const uint16_t reserved[] = { 2005 };

	occupy(50000, MAPPING_ACTIVE);
	daisy_port_set_fill(&set, 2000, 2010, false, reserved, 1);
	reconcile();
	assert_memory_equal(map.allowed, set.leaf, sizeof(map.allowed));
	assert_int_equal(map.n_free, 10);
	assert_int_equal(map.first, 2000);
	assert_int_equal(map.last, 2010);
	for (uint32_t port = 0; port < N_PORTS; port++)
		assert_int_equal(is_free(port), port >= 2000 && port <= 2010 && port != 2005);
	assert_int_equal(records[50000].ctl.state, MAPPING_ACTIVE);
}

static void test_widened(void **state)
{
	daisy_port_set_fill(&set, 2000, 2010, false, NULL, 0);
	daisy_ports_init(&map, &set);
	occupy(2003, MAPPING_ACTIVE);
	daisy_port_set_fill(&set, 1024, 65535, false, NULL, 0);
	reconcile();
	assert_int_equal(map.n_free, 64511);
	assert_false(is_free(2003));
	assert_true(is_free(1024));
	assert_true(is_free(65535));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a fresh map has every port of 1024-65535 free (R1)", test_init, setup, NULL, NULL },
		{ "reserved ports and those outside of the range are not free", test_range, setup, NULL, NULL },
		{ "port 0 is never free", test_whole_range, setup, NULL, NULL },
		{ "range preservation frees 1-1023 beside the dynamic range (U3a)",
		  test_range_preservation, setup, NULL, NULL },
		{ "a sound map is left alone when it is adopted", test_sound, setup, NULL, NULL },
		{ "ports that nobody has are given back", test_lost, setup, NULL, NULL },
		{ "a port in use is not given out twice after a crash (U3, T7)", test_taken, setup, NULL, NULL },
		{ "a creation that never finished is rolled back", test_stuck, setup, NULL, NULL },
		{ "the number of free ports is put right", test_miscounted, setup, NULL, NULL },
		{ "a free port without its hint gets it back", test_hint_gone, setup, NULL, NULL },
		{ "a narrower range takes free ports away and keeps mappings", test_narrowed, setup, NULL, NULL },
		{ "a wider range adds ports and keeps mappings", test_widened, setup, NULL, NULL },
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
