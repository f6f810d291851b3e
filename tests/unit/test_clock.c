/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/clock.h"
#include "shared/config.h"

#define LAST_TICK DAISY_SEEN_MASK

static void test_age(void **state)
{
	static const struct {
		uint32_t now, then, age;
	} rows[] = {
		{ 0, 0, 0 },
		{ 5, 3, 2 },
		{ LAST_TICK, 0, 0 },			/* nine years: taken for a stamp ahead */
		{ LAST_TICK / 2, 0, LAST_TICK / 2 },
		{ 0, LAST_TICK, 1 },			/* the wrap */
		{ 6000, LAST_TICK - 999, 7000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(daisy_tick_age(rows[i].now, rows[i].then), rows[i].age);
}

static void test_age_of_a_stamp_ahead(void **state)
{
	assert_int_equal(daisy_tick_age(100, 101), 0);
	assert_int_equal(daisy_tick_age(LAST_TICK, 0), 0);
	assert_int_equal(daisy_tick_age(LAST_TICK, 3), 0);
}

static void test_tick(void **state)
{
	assert_int_equal(daisy_tick(0), 0);
	assert_int_equal(daisy_tick((1ULL << 30) - 1), 0);
	assert_int_equal(daisy_tick(1ULL << 30), 1);
	assert_int_equal(daisy_tick((1ULL << 58) - 1), LAST_TICK);
	assert_int_equal(daisy_tick(1ULL << 58), 0);
}

/* Whatever moment of a tick a packet comes in: the timer is not up before its seconds are over. */
static void test_timer_never_early(void **state)
{
	static const uint32_t seconds[] = {
		1, 2, 6, 107, 108,
#define X(sym, name, def, min, help) (def), (min) + 1,
		DAISY_TIMERS(X)
#undef X
		DAISY_TIMER_MAX_S,
	};

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		uint64_t length = seconds[i] * DAISY_NS_PER_S;
		uint32_t ticks = daisy_ticks_from_seconds(seconds[i]);

		for (uint64_t start = 0; start < 1ULL << 30; start += 0x3ffffff) {
			uint32_t then = daisy_tick(start);

			assert_true(daisy_tick_age(daisy_tick(start + length - 1), then) < ticks);
			assert_true(daisy_tick_age(daisy_tick(start + length + (3ULL << 30)),
						   then) >= ticks);
		}
	}
}

static void test_no_time(void **state)
{
	assert_int_equal(daisy_ticks_from_seconds(0), 0);
}

static void test_offset(void **state)
{
	uint64_t plain = daisy_clock_ns(0), later = daisy_clock_ns(7440 * (int64_t)DAISY_NS_PER_S);

	assert_in_range(later - plain, 7440 * DAISY_NS_PER_S, 7441 * DAISY_NS_PER_S);
}

static void test_seconds_shown(void **state)
{
	assert_int_equal(daisy_seconds_from_ticks(0), 0);
	assert_int_equal(daisy_seconds_from_ticks(1), 1);
	assert_int_equal(daisy_seconds_from_ticks(281), 301);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "the age of a stamp survives the wrap of the clock", test_age, NULL, NULL, NULL },
		{ "a stamp that another CPU wrote after we read the clock is of age 0",
		  test_age_of_a_stamp_ahead, NULL, NULL, NULL },
		{ "a tick is 2^30 ns and has 28 bits", test_tick, NULL, NULL, NULL },
		{ "no timer is up before its seconds are over, or three ticks later (U5, T5, I2)",
		  test_timer_never_early, NULL, NULL, NULL },
		{ "a timer of no seconds is up at once", test_no_time, NULL, NULL, NULL },
		{ "the offset moves the clock", test_offset, NULL, NULL, NULL },
		{ "listings show whole seconds", test_seconds_shown, NULL, NULL, NULL },
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
