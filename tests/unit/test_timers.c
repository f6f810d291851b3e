/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the settings of an instance to the words that the packet path reads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "nat/internal.h"

static struct daisy_conf conf;
static union daisy_inside_route inside_routes[DAISY_ROUTE_CACHE];
static struct daisy_instance inst = { .conf = &conf, .inside_routes = inside_routes };

static int clear(void **state)
{
	memset(&conf, 0, sizeof(conf));
	inst.sizes.index_buckets = 1024;
	return 0;
}

static void test_defaults(void **state)
{
	static const uint32_t seconds[DAISY_N_TIMERS] = {
		[DAISY_TIMER_UDP] = 300, [DAISY_TIMER_ICMP] = 60,
		[DAISY_TIMER_TCP_OPENING] = 240, [DAISY_TIMER_TCP_ESTABLISHED] = 7440,
		[DAISY_TIMER_TCP_CLOSING] = 240, [DAISY_TIMER_TCP_RESET] = 240,
		[DAISY_TIMER_HOLD] = 120, [DAISY_TIMER_FRAGMENT] = 30,
		[DAISY_TIMER_SUBSCRIBER] = 3600,
	};
	struct daisy_instance_spec spec = { 0 };

	daisy_conf_apply(&inst, &spec);
	for (int i = 0; i < DAISY_N_TIMERS; i++) {
		bool hinted = i == DAISY_TIMER_UDP || i == DAISY_TIMER_TCP_ESTABLISHED;

		assert_int_equal(conf.timer[i], daisy_ticks_from_seconds(seconds[i]) +
						(hinted ? DAISY_HINT_TICKS : 0));
	}
	assert_int_equal(conf.icmp_rate, 100);
}

static void test_given(void **state)
{
	struct daisy_instance_spec spec = { .options = DAISY_OPT_PARITY, .icmp_rate = 7 };

	spec.timer_s[DAISY_TIMER_UDP] = 120;
	spec.timer_s[DAISY_TIMER_HOLD] = 1;
	daisy_conf_apply(&inst, &spec);
	/* ceil(120 / 1.0737) + 1, and the time that a hint may hide */
	assert_int_equal(conf.timer[DAISY_TIMER_UDP], 113 + DAISY_HINT_TICKS);
	assert_int_equal(conf.timer[DAISY_TIMER_HOLD], 2);
	assert_int_equal(conf.options, DAISY_OPT_PARITY);
	assert_int_equal(conf.icmp_rate, 7);
}

/* What a daemon does at each start and reload. */
static void test_set(void **state)
{
	uint32_t seconds[DAISY_N_TIMERS] = { [DAISY_TIMER_UDP] = 120, [DAISY_TIMER_TCP_ESTABLISHED] = 7440 };

	daisy_instance_timers_set(&inst, seconds);
	assert_int_equal(conf.timer[DAISY_TIMER_UDP], daisy_ticks_from_seconds(120) + DAISY_HINT_TICKS);
	assert_int_equal(conf.timer[DAISY_TIMER_TCP_ESTABLISHED],
			 daisy_ticks_from_seconds(7440) + DAISY_HINT_TICKS);
	assert_int_equal(conf.timer[DAISY_TIMER_SUBSCRIBER], daisy_ticks_from_seconds(0));
}

static void test_no_hold(void **state)
{
	struct daisy_instance_spec spec = { 0 };

	spec.timer_s[DAISY_TIMER_HOLD] = UINT32_MAX;
	assert_int_equal(daisy_conf_check(&spec), 0);
	daisy_conf_apply(&inst, &spec);
	assert_int_equal(conf.timer[DAISY_TIMER_HOLD], 0);
}

static void test_too_long(void **state)
{
	struct daisy_instance_spec spec = { 0 };

	spec.timer_s[DAISY_TIMER_TCP_ESTABLISHED] = UINT32_MAX;
	assert_int_equal(daisy_conf_check(&spec), -EINVAL);
	assert_string_equal(daisy_error(), "timer \"tcp-established\": 4294967295 seconds, "
			    "at most 31622400 (a year)");
}

static void test_random_key(void **state)
{
	struct daisy_instance_spec spec = { 0 };
	uint64_t key[4];

	assert_int_equal(daisy_conf_create(&inst, &spec), 0);
	memcpy(key, conf.hash_key, sizeof(key));
	for (int i = 1; i < 4; i++)
		assert_true(key[i] & 1);
	assert_int_equal(daisy_conf_create(&inst, &spec), 0);
	assert_memory_not_equal(key, conf.hash_key, sizeof(key));
	assert_int_equal(conf.index_lines, 1024);
	assert_int_equal(conf.nexthop_epoch, 1);
}

static void test_given_key(void **state)
{
	struct daisy_instance_spec spec = { .hash_key = { 2, 4, 6, 9 } };
	static const uint64_t expected[4] = { 2, 5, 7, 9 };

	assert_int_equal(daisy_conf_create(&inst, &spec), 0);
	assert_memory_equal(conf.hash_key, expected, sizeof(expected));
}

static void test_epoch(void **state)
{
	conf.nexthop_epoch = 65534;
	daisy_instance_nexthops_changed(&inst);
	assert_int_equal(conf.nexthop_epoch, 65535);
	daisy_instance_nexthops_changed(&inst);
	assert_int_equal(conf.nexthop_epoch, 1);
}

/* Remembered with eight bits of the epoch: gone before they come round. */
static void test_inside_routes(void **state)
{
	static const struct {
		uint16_t from;
		bool emptied;
	} rows[] = { { 1, false }, { 127, false }, { 128, true }, { 129, false }, { 256, true },
		     { 65408, true }, { 65409, false }, { 65534, false }, { 65535, true } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		conf.nexthop_epoch = rows[i].from;
		inside_routes[0].word = inside_routes[DAISY_ROUTE_CACHE - 1].word = 1;
		daisy_instance_nexthops_changed(&inst);
		assert_int_equal(inside_routes[0].word, !rows[i].emptied);
		assert_int_equal(inside_routes[DAISY_ROUTE_CACHE - 1].word, !rows[i].emptied);
	}
}

static void test_advance(void **state)
{
	uint32_t before = daisy_instance_tick(&inst);

	daisy_instance_clock_advance(&inst, 7440);
	assert_in_range(daisy_tick_age(daisy_instance_tick(&inst), before), 6929, 6931);
	assert_int_equal(conf.clock_offset_ns, 7440 * (int64_t)DAISY_NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "timers not given have the defaults of the RFCs (U5c, T5, I2, X1, X2, G8)",
		  test_defaults, clear, NULL, NULL },
		{ "given timers, options and rates are taken over", test_given, clear, NULL, NULL },
		{ "timers set later leave the same time for hints, and keep a zero (U5)", test_set, clear, NULL, NULL },
		{ "no hold-down at all can be asked for (G8)", test_no_hold, clear, NULL, NULL },
		{ "a timer beyond a year is refused by name", test_too_long, clear, NULL, NULL },
		{ "each instance has a hash key of its own, multipliers odd", test_random_key, clear, NULL, NULL },
		{ "a given hash key is kept, multipliers made odd", test_given_key, clear, NULL, NULL },
		{ "the epoch of next hops skips 0, which means none", test_epoch, clear, NULL, NULL },
		{ "next hops of hosts are forgotten before the short epoch comes round", test_inside_routes,
		  clear, NULL, NULL },
		{ "tests move the clock by seconds", test_advance, clear, NULL, NULL },
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
