/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nat/addrs.h"

#define N_BUCKETS 3		/* that the model's addresses fall into, one after another */
#define FIRST_BUCKET 4094	/* so that chains go over the end of the table */
#define PER_BUCKET 14
#define N_ADDRS (N_BUCKETS * PER_BUCKET)

static struct daisy_addr_bucket table[DAISY_ADDR_BUCKETS];

/* Model: addresses that share buckets, and whether each is in the table. */
static uint32_t addrs[N_ADDRS];
static bool present[N_ADDRS];
static int leaving;		/* the one that is being removed, -1 */

/* As a packet reads it: an empty first entry ends the search, then all of two buckets. */
static bool packet_finds(uint32_t addr)
{
	uint32_t b = daisy_addr_hash(addr);

	if (table[b].entry[0].kind == ADDR_NONE)
		return false;
	for (int i = 0; i < 16; i++) {
		struct daisy_addr_entry *e = &table[(b + i / 8) % DAISY_ADDR_BUCKETS].entry[i % 8];

		if (e->kind != ADDR_NONE && !memcmp(e->addr, &addr, 4))
			return true;
	}
	return false;
}

static void check_present(void)
{
	for (int i = 0; i < N_ADDRS; i++) {
		const struct daisy_addr_entry *e = daisy_addrs_find(table, addrs[i]);

		if (i == leaving)
			continue;
		assert_int_equal(!!e, present[i]);
		if (e)
			assert_int_equal(e->slot, i);
		assert_int_equal(packet_finds(addrs[i]), present[i]);
	}
}

/* What a reader sees while entries move. */
static int grace(void)
{
	check_present();
	return 0;
}

static int setup(void **state)
{
	int n[N_BUCKETS] = { 0 }, found = 0;

	memset(table, 0, sizeof(table));
	memset(present, 0, sizeof(present));
	leaving = -1;
	for (uint32_t addr = 0x0a000001; found < N_ADDRS; addr++) {
		uint32_t b = (daisy_addr_hash(addr) - FIRST_BUCKET) % DAISY_ADDR_BUCKETS;

		if (b < N_BUCKETS && n[b] < PER_BUCKET) {
			n[b]++;
			addrs[found++] = addr;
		}
	}
	return 0;
}

static int add(int i)
{
	struct daisy_addr_entry e = { .slot = (uint16_t)i, .kind = ADDR_EXTERNAL };

	memcpy(e.addr, &addrs[i], 4);
	return daisy_addrs_insert(table, &e);
}

static void test_one(void **state)
{
	const struct daisy_addr_entry *e;

	assert_null(daisy_addrs_find(table, addrs[0]));
	assert_int_equal(add(0), 0);
	e = daisy_addrs_find(table, addrs[0]);
	assert_ptr_equal(e, &table[daisy_addr_hash(addrs[0])].entry[0]);
	assert_memory_equal(e->addr, &addrs[0], 4);
	assert_int_equal(daisy_addrs_remove(table, addrs[0], grace), 0);
	assert_null(daisy_addrs_find(table, addrs[0]));
	assert_int_equal(daisy_addrs_remove(table, addrs[0], grace), -ENOENT);
}

static void test_full(void **state)
{
	int refused = 0, entered = 0;

	for (int i = 0; i < N_ADDRS; i++) {
		int err = add(i);

		present[i] = !err;
		entered += !err;
		refused += err == -ENOSPC;
	}
	/* Three buckets and the one after the last hold 32. */
	assert_int_equal(entered + refused, N_ADDRS);
	assert_in_range(entered, 24, 32);
	check_present();
}

static void test_churn(void **state)
{
	srand(1);
	for (int round = 0; round < 20000; round++) {
		int i = rand() % N_ADDRS;

		if (!present[i]) {
			present[i] = !add(i);
		} else {
			leaving = i;
			present[i] = false;
			assert_int_equal(daisy_addrs_remove(table, addrs[i], grace), 0);
			leaving = -1;
		}
		check_present();
	}
}

static int no_wait(void)
{
	return 0;
}

static void test_churn_leaves_nothing(void **state)
{
	static const struct daisy_addr_bucket empty[DAISY_ADDR_BUCKETS];

	test_churn(state);
	for (int i = 0; i < N_ADDRS; i++)
		if (present[i])
			assert_int_equal(daisy_addrs_remove(table, addrs[i], no_wait), 0);
	assert_memory_equal(table, empty, sizeof(table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "an address is found from its entry on, and not after its removal", test_one, setup, NULL, NULL },
		{ "addresses that hash alike fill two buckets, the rest is refused", test_full, setup, NULL, NULL },
		{ "no address is missed while others come and go, at any moment", test_churn, setup, NULL, NULL },
		{ "churn leaves no entry twice and none behind", test_churn_leaves_nothing, setup, NULL, NULL },
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
