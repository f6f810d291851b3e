/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets cut into fragments, and the list of packets that wait. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "slowpath/cut.h"
#include "slowpath/held.h"

#define L2 14

static struct {
	uint8_t frame[64][2048];
	size_t len[64];
	size_t n;
} out;

static void collect(void *ctx, const void *frame, size_t len)
{
	assert_true(out.n < 64 && len <= sizeof(out.frame[0]));
	memcpy(out.frame[out.n], frame, len);
	out.len[out.n++] = len;
}

/* A packet whose payload counts: 0, 1, 2 ... */
static size_t build(uint8_t *frame, const uint8_t *options, size_t n_options, size_t payload, uint16_t field)
{
	struct iphdr ip = {
		.version = 4, .ihl = (5 + n_options / 4) & 0xf, .ttl = 63, .protocol = 17,
		.tot_len = htons((uint16_t)(20 + n_options + payload)), .frag_off = htons(field),
	};

	memset(frame, 0xaa, 12);
	frame[12] = 8;
	frame[13] = 0;
	memcpy(frame + L2, &ip, sizeof(ip));
	memcpy(frame + L2 + 20, options, n_options);
	for (size_t i = 0; i < payload; i++)
		frame[L2 + 20 + n_options + i] = (uint8_t)i;
	return L2 + 20 + n_options + payload;
}

static int cut(const uint8_t *options, size_t n_options, size_t payload, uint16_t field, size_t mtu)
{
	uint8_t frame[4096];
	size_t len = build(frame, options, n_options, payload, field);

	memset(&out, 0, sizeof(out));
	return daisy_cut(frame, len, mtu, collect, NULL);
}

static uint32_t header_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < (ip[0] & 0xf) * 4; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	return (sum & 0xffff) + (sum >> 16);
}

/* Fragment n: header, payload and where it stands. */
static void assert_fragment(size_t n, size_t header, size_t offset, size_t payload, bool more)
{
	const uint8_t *ip = out.frame[n] + L2;
	struct iphdr h;

	memcpy(&h, ip, sizeof(h));
	assert_int_equal(out.len[n], L2 + header + payload);
	assert_int_equal(h.ihl * 4, header);
	assert_int_equal(ntohs(h.tot_len), header + payload);
	assert_int_equal(ntohs(h.frag_off), offset / 8 | (more ? IP_MF : 0));
	assert_int_equal(header_sum(ip), 0xffff);
	assert_int_equal(out.frame[n][0], 0xaa);
}

static void assert_payload(size_t n, size_t header, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out.frame[n][L2 + header + i], (uint8_t)(from + i));
}

static void test_cut(void **state)
{
	assert_int_equal(cut(NULL, 0, 1480, 0, 1300), 0);
	assert_int_equal(out.n, 2);
	assert_fragment(0, 20, 0, 1280, true);
	assert_fragment(1, 20, 1280, 200, false);
	assert_payload(0, 20, 0, 1280);
	assert_payload(1, 20, 1280, 200);
}

static void test_fits(void **state)
{
	assert_int_equal(cut(NULL, 0, 1480, IP_DF, 1500), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.len[0], L2 + 1500);
}

/* A fragment in the middle of a datagram: offsets go on from its own, all have more behind them. */
static void test_cut_again(void **state)
{
	assert_int_equal(cut(NULL, 0, 1480, IP_MF | 185, 576), 0);
	assert_int_equal(out.n, 3);
	assert_fragment(0, 20, 1480, 552, true);
	assert_fragment(1, 20, 2032, 552, true);
	assert_fragment(2, 20, 2584, 376, true);
}

/* Record route stays in the first one; router alert, which is to be copied, is in all. */
static void test_options(void **state)
{
	static const uint8_t options[] = { 7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0 };

	assert_int_equal(cut(options, sizeof(options), 1000, 0, 600), 0);
	assert_int_equal(out.n, 2);
	assert_fragment(0, 32, 0, 568, true);
	assert_fragment(1, 24, 568, 432, false);
	assert_memory_equal(out.frame[1] + L2 + 20, options + 8, 4);
	assert_payload(1, 24, 568, 432);
}

static void test_bad(void **state)
{
	uint8_t frame[64] = { 0 };

	assert_int_equal(cut(NULL, 0, 100, 0, 27), -EMSGSIZE);
	assert_int_equal(daisy_cut(frame, sizeof(frame), 1300, collect, NULL), -EINVAL);
	build(frame, NULL, 0, 8, 0);
	assert_int_equal(daisy_cut(frame, 20, 1300, collect, NULL), -EINVAL);
}

static struct daisy_held *hold(struct daisy_held_list *list, uint64_t now_ns, uint32_t source)
{
	return daisy_held_add(list, now_ns, source, "f", 1);
}

static void test_held(void **state)
{
	const struct daisy_held_spec spec = { .max = 3, .source_max = 2, .wait_ns = 100, .look_ns = 100 };
	static struct daisy_held_list list;
	struct daisy_held *first, *second, *last;

	daisy_held_init(&list, &spec);
	assert_int_equal(daisy_held_next_ns(&list), UINT64_MAX);
	first = hold(&list, 1000, 1);
	second = hold(&list, 1010, 1);
	assert_true(first && second);
	assert_null(hold(&list, 1010, 1));	/* its source's share */
	last = hold(&list, 1020, 2);
	assert_non_null(last);
	assert_null(hold(&list, 1020, 3));	/* all */
	assert_int_equal(daisy_held_next_ns(&list), 1100);
	assert_null(daisy_held_due(&list, 1099));
	assert_ptr_equal(daisy_held_due(&list, 1115), first);
	daisy_held_remove(&list, first);
	second->origin = &list;
	daisy_held_clear(&list, &list);
	assert_null(daisy_held_due(&list, 1119));
	assert_ptr_equal(daisy_held_due(&list, 1120), last);
	daisy_held_remove(&list, last);
	assert_int_equal(list.n, 0);
	assert_non_null(hold(&list, 2000, 1));
	assert_non_null(hold(&list, 2000, 1));	/* its share has been given back */
	daisy_held_clear(&list, NULL);
	assert_int_equal(daisy_held_next_ns(&list), UINT64_MAX);
}

/* Looks after 5, 10, 20 ... 160 ms; and one that came later has its first looks in between. */
static void test_looks(void **state)
{
	const struct daisy_held_spec spec = {
		.max = 8, .source_max = 8, .wait_ns = 2000, .look_ns = 5, .doublings = 5,
	};
	static const uint64_t ages[] = { 5, 15, 35, 75, 155, 315, 475, 635, 795, 955, 1115, 1275, 1435, 1595, 1755,
					 1915, 2075 };
	static struct daisy_held_list list;
	struct daisy_held *old, *young;

	daisy_held_init(&list, &spec);
	old = hold(&list, 0, 1);
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
		assert_int_equal(daisy_held_next_ns(&list), ages[i]);
		assert_ptr_equal(daisy_held_due(&list, ages[i]), old);
		daisy_held_look_again(&list, old, ages[i]);
		assert_null(daisy_held_due(&list, ages[i]));
	}
	assert_int_equal(old->deadline_ns, 2000);
	young = hold(&list, 2080, 1);
	assert_ptr_equal(daisy_held_due(&list, 2085), young);
	daisy_held_clear(&list, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a packet is cut to the MTU, in multiples of eight (U13a)", test_cut, NULL, NULL, NULL },
		{ "a packet that fits goes as it is (U13a)", test_fits, NULL, NULL, NULL },
		{ "a fragment is cut into fragments of its datagram (U13a)", test_cut_again, NULL, NULL, NULL },
		{ "options go into later fragments if they ask for it (U13a)", test_options, NULL, NULL, NULL },
		{ "what cannot be cut is refused (U13a)", test_bad, NULL, NULL, NULL },
		{ "waiting packets: limits of all and of a source, order (U14a)", test_held, NULL, NULL, NULL },
		{ "a packet that waits two seconds is looked at seventeen times (U14a)", test_looks, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
