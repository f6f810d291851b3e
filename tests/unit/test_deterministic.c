/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deterministic NAT: the arithmetic of RFC 7422, and that both of its directions agree. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib-c/rng.h"
#include "lib/error.h"
#include "nat/deterministic.h"

static uint32_t ip(const char *text)
{
	struct in_addr in;

	assert_int_equal(inet_pton(AF_INET, text, &in), 1);
	return ntohl(in.s_addr);
}

static void expect_block(const struct daisy_plan *plan, const char *inside, const char *address,
			 unsigned int first, unsigned int last)
{
	struct daisy_plan_block block;

	assert_int_equal(daisy_plan_forward(plan, ip(inside), &block), 0);
	assert_int_equal(block.address, ip(address));
	assert_int_equal(block.first, first);
	assert_int_equal(block.last, last);
}

static void test_ratios(void **state)
{
	static const struct {
		uint32_t ratio, overflow, reserved, ports;
	} rows[] = {
		{ 16, 0, 0, 4032 },	{ 32, 0, 0, 2016 },	{ 64, 0, 0, 1008 },
		{ 128, 0, 0, 504 },	{ 256, 0, 0, 252 },	{ 512, 0, 0, 126 },
		{ 1024, 0, 0, 63 },	{ 16, 4096, 0, 3776 },	{ 128, 4096, 512, 468 },
		{ 1024, 0, 1024, 62 },	{ 1024, 63488, 0, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct daisy_plan_range inside = { ip("10.0.0.0"), ip("10.0.0.0") +
						   rows[i].ratio * 4 - 1 };
		struct daisy_plan_range outside = { ip("203.0.113.4"), ip("203.0.113.7") };
		struct daisy_plan_range reserved = { 2048, 2048 + rows[i].reserved - 1 };
		struct daisy_plan_input in = {
			.inside = &inside, .n_inside = 1, .outside = &outside, .n_outside = 1,
			.reserved = &reserved, .n_reserved = rows[i].reserved != 0,
			.first_port = 1024, .last_port = 65535, .overflow = rows[i].overflow,
		};
		struct daisy_plan plan;

		assert_int_equal(daisy_plan_make(&plan, &in), 0);
		assert_int_equal(plan.ratio, rows[i].ratio);
		assert_int_equal(plan.usable, 64512 - rows[i].reserved);
		assert_int_equal(plan.ports, rows[i].ports);
		assert_int_equal(plan.overflow, plan.usable - rows[i].ratio * rows[i].ports);
		assert_true(plan.overflow >= rows[i].overflow);
	}
}

/* Seven inside addresses of two networks, three addresses of two ranges, ports in tens. */
static const struct daisy_plan_range small_reserved[] = { { 1015, 1016 } };

static void make_small(struct daisy_plan *plan, struct daisy_plan_range inside[2],
		       struct daisy_plan_range outside[2], enum daisy_plan_algorithm algorithm)
{
	struct daisy_plan_input in = {
		.inside = inside, .n_inside = 2, .outside = outside, .n_outside = 2,
		.reserved = small_reserved, .n_reserved = 1, .first_port = 1000,
		.last_port = 1045, .ports = 10, .algorithm = algorithm,
	};

	inside[0] = (struct daisy_plan_range){ ip("10.0.0.0"), ip("10.0.0.3") };
	inside[1] = (struct daisy_plan_range){ ip("10.9.0.0"), ip("10.9.0.2") };
	outside[0] = (struct daisy_plan_range){ ip("203.0.113.9"), ip("203.0.113.9") };
	outside[1] = (struct daisy_plan_range){ ip("198.51.100.1"), ip("198.51.100.2") };
	assert_int_equal(daisy_plan_make(plan, &in), 0);
	assert_int_equal(plan->ratio, 3);
}

static void test_sequential(void **state)
{
	struct daisy_plan_range inside[2], outside[2];
	struct daisy_plan plan;

	make_small(&plan, inside, outside, PLAN_SEQUENTIAL);
	expect_block(&plan, "10.0.0.0", "203.0.113.9", 1000, 1009);
	expect_block(&plan, "10.0.0.1", "203.0.113.9", 1010, 1021);
	expect_block(&plan, "10.0.0.2", "203.0.113.9", 1022, 1031);
	expect_block(&plan, "10.0.0.3", "198.51.100.1", 1000, 1009);
	expect_block(&plan, "10.9.0.0", "198.51.100.1", 1010, 1021);
	expect_block(&plan, "10.9.0.1", "198.51.100.1", 1022, 1031);
	expect_block(&plan, "10.9.0.2", "198.51.100.2", 1000, 1009);
}

static void test_round_robin(void **state)
{
	struct daisy_plan_range inside[2], outside[2];
	struct daisy_plan plan;

	make_small(&plan, inside, outside, PLAN_ROUND_ROBIN);
	expect_block(&plan, "10.0.0.0", "203.0.113.9", 1000, 1009);
	expect_block(&plan, "10.0.0.1", "198.51.100.1", 1000, 1009);
	expect_block(&plan, "10.0.0.2", "198.51.100.2", 1000, 1009);
	expect_block(&plan, "10.0.0.3", "203.0.113.9", 1010, 1021);
	expect_block(&plan, "10.9.0.0", "198.51.100.1", 1010, 1021);
	expect_block(&plan, "10.9.0.1", "198.51.100.2", 1010, 1021);
	expect_block(&plan, "10.9.0.2", "203.0.113.9", 1022, 1031);
}

static void test_owners(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		enum daisy_plan_owner owner;
		const char *inside;
	} rows[] = {
		{ "203.0.113.9", 999, PLAN_RESERVED, NULL },
		{ "203.0.113.9", 1000, PLAN_SUBSCRIBER, "10.0.0.0" },
		{ "203.0.113.9", 1014, PLAN_SUBSCRIBER, "10.0.0.1" },
		{ "203.0.113.9", 1015, PLAN_RESERVED, NULL },
		{ "203.0.113.9", 1016, PLAN_RESERVED, NULL },
		{ "203.0.113.9", 1021, PLAN_SUBSCRIBER, "10.0.0.1" },
		{ "203.0.113.9", 1031, PLAN_SUBSCRIBER, "10.0.0.2" },
		{ "203.0.113.9", 1032, PLAN_OVERFLOW, NULL },
		{ "203.0.113.9", 1045, PLAN_OVERFLOW, NULL },
		{ "203.0.113.9", 1046, PLAN_RESERVED, NULL },
		{ "198.51.100.2", 1009, PLAN_SUBSCRIBER, "10.9.0.2" },
		{ "198.51.100.2", 1010, PLAN_UNASSIGNED, NULL },
		{ "198.51.100.2", 65535, PLAN_RESERVED, NULL },
		{ "198.51.100.2", 0, PLAN_RESERVED, NULL },
	};
	struct daisy_plan_range inside[2], outside[2];
	struct daisy_plan plan;
	uint16_t first, last;

	make_small(&plan, inside, outside, PLAN_SEQUENTIAL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum daisy_plan_owner owner;
		uint32_t address = 0;

		assert_int_equal(daisy_plan_reverse(&plan, ip(rows[i].address), rows[i].port,
						    &owner, &address), 0);
		assert_int_equal(owner, rows[i].owner);
		assert_int_equal(address, rows[i].inside ? ip(rows[i].inside) : 0);
	}
	assert_int_equal(daisy_plan_overflow(&plan, &first, &last), 0);
	assert_int_equal(first, 1032);
	assert_int_equal(last, 1045);
}

static void test_strangers(void **state)
{
	struct daisy_plan_range inside[2], outside[2];
	struct daisy_plan_block block;
	enum daisy_plan_owner owner;
	struct daisy_plan plan;
	uint32_t address;

	make_small(&plan, inside, outside, PLAN_SEQUENTIAL);
	assert_int_equal(daisy_plan_forward(&plan, ip("10.0.0.4"), &block), -ENOENT);
	assert_int_equal(daisy_plan_forward(&plan, ip("9.255.255.255"), &block), -ENOENT);
	assert_int_equal(daisy_plan_reverse(&plan, ip("203.0.113.10"), 1000, &owner, &address),
			 -ENOENT);
	assert_int_equal(daisy_plan_reverse(&plan, ip("198.51.100.0"), 1000, &owner, &address),
			 -ENOENT);
}

static void test_refused(void **state)
{
	static const struct {
		uint32_t n_inside, n_outside, ports, overflow;
		const char *error;
	} rows[] = {
		{ 256, 2, 505, 0,
		  "505 ports do not fit: 128 subscribers share the 64512 ports of an address, 0 of "
		  "them overflow, expected at most 504 ports, or at least 3 addresses" },
		{ 256, 2, 504, 4096,
		  "504 ports do not fit: 128 subscribers share the 64512 ports of an address, 4096 of "
		  "them overflow, expected at most 472 ports, or at least 3 addresses" },
		{ 65536, 1, 1, 0,
		  "1 ports do not fit: 65536 subscribers share the 64512 ports of an address, 0 of "
		  "them overflow, expected at least 2 addresses" },
		{ 65536, 1, 0, 0,
		  "1 ports do not fit: 65536 subscribers share the 64512 ports of an address, 0 of "
		  "them overflow, expected at least 2 addresses" },
		{ 256, 2, 504, 64100,
		  "504 ports of a subscriber and 64100 of overflow do not fit into the 64512 ports of "
		  "an address" },
		{ 256, 2, 0, 64512,
		  "1 ports of a subscriber and 64512 of overflow do not fit into the 64512 ports of an "
		  "address" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct daisy_plan_range inside = { ip("10.0.0.0"),
						   ip("10.0.0.0") + rows[i].n_inside - 1 };
		struct daisy_plan_range outside = { ip("203.0.113.0"),
						    ip("203.0.113.0") + rows[i].n_outside - 1 };
		struct daisy_plan_input in = {
			.inside = &inside, .n_inside = 1, .outside = &outside, .n_outside = 1,
			.first_port = 1024, .last_port = 65535, .ports = rows[i].ports,
			.overflow = rows[i].overflow,
		};
		struct daisy_plan plan;

		assert_int_equal(daisy_plan_make(&plan, &in), -EINVAL);
		assert_string_equal(daisy_error(), rows[i].error);
	}
}

/* What the refusal says would fit does fit, and one more does not. */
static void test_advice(void **state)
{
	struct rng rng = { 0x7422 };

	for (int round = 0; round < 2000; round++) {
		struct daisy_plan_range inside = { 0x0a000000, 0x0a000000 + rng_below(&rng, 4096) };
		struct daisy_plan_range outside = { 0xcb007100, 0xcb007100 + rng_below(&rng, 32) };
		struct daisy_plan_input in = {
			.inside = &inside, .n_inside = 1, .outside = &outside, .n_outside = 1,
			.first_port = 1024, .last_port = 65535, .ports = 1 + rng_below(&rng, 3000),
			.overflow = rng_below(&rng, 32000),
		};
		unsigned long long most, least;
		struct daisy_plan plan;
		const char *text;

		if (!daisy_plan_make(&plan, &in))
			continue;
		text = strstr(daisy_error(), "at least ");
		assert_non_null(text);
		least = strtoull(text + 9, NULL, 10);
		outside.last = outside.first + (uint32_t)least - 2;
		assert_int_equal(daisy_plan_make(&plan, &in), -EINVAL);
		text = strstr(daisy_error(), "at most ");
		most = text ? strtoull(text + 8, NULL, 10) : 0;
		in.ports = (uint32_t)most;
		if (most) {
			assert_int_equal(daisy_plan_make(&plan, &in), 0);
			assert_int_equal(plan.ports, most);
			in.ports++;
			assert_int_equal(daisy_plan_make(&plan, &in), -EINVAL);
			in.ports = 0;
			assert_int_equal(daisy_plan_make(&plan, &in), 0);
			assert_int_equal(plan.ports, most);
		}
	}
}

struct scene {
	struct daisy_plan_range inside[4], outside[4], reserved[4];
	struct daisy_plan_input in;
};

/* Up to four disjoint ranges, not in order of their addresses. */
static size_t random_ranges(struct rng *rng, struct daisy_plan_range *list, uint32_t base,
			    uint32_t size)
{
	size_t n = 1 + rng_below(rng, 4);

	for (size_t i = 0; i < n; i++) {
		list[i].first = base + (uint32_t)((i * 3 + 1) % 4) * 1000 + rng_below(rng, 500);
		list[i].last = list[i].first + rng_below(rng, size);
	}
	return n;
}

static void random_scene(struct rng *rng, struct scene *scene)
{
	struct daisy_plan_input *in = &scene->in;

	memset(scene, 0, sizeof(*scene));
	in->inside = scene->inside;
	in->n_inside = random_ranges(rng, scene->inside, 0x0a000000, 64);
	in->outside = scene->outside;
	in->n_outside = random_ranges(rng, scene->outside, 0xcb007100, 3);
	in->reserved = scene->reserved;
	in->n_reserved = rng_below(rng, 5);
	for (size_t i = 0; i < in->n_reserved; i++) {
		scene->reserved[i].first = rng_below(rng, 6000);
		scene->reserved[i].last = scene->reserved[i].first + rng_below(rng, 300);
	}
	in->first_port = (uint16_t)(1 + rng_below(rng, 2000));
	in->last_port = (uint16_t)(in->first_port + 1500 + rng_below(rng, 4000));
	in->ports = rng_below(rng, 2) ? 1 + rng_below(rng, 40) : 0;
	in->overflow = rng_below(rng, 500);
	in->algorithm = rng_below(rng, 2) ? PLAN_ROUND_ROBIN : PLAN_SEQUENTIAL;
}

static bool is_reserved(const struct daisy_plan_input *in, uint32_t port)
{
	for (size_t i = 0; i < in->n_reserved; i++)
		if (port >= in->reserved[i].first && port <= in->reserved[i].last)
			return true;
	return port < in->first_port || port > in->last_port;
}

/* Each port of a block leads back to its subscriber; its number of them is the plan's. */
static void check_forward(const struct daisy_plan *plan, uint32_t inside)
{
	struct daisy_plan_block block;
	uint32_t n = 0;

	assert_int_equal(daisy_plan_forward(plan, inside, &block), 0);
	for (uint32_t port = block.first; port <= block.last; port++) {
		enum daisy_plan_owner owner;
		uint32_t found;

		assert_int_equal(daisy_plan_reverse(plan, block.address, (uint16_t)port, &owner,
						    &found), 0);
		if (owner == PLAN_RESERVED)
			continue;
		assert_int_equal(owner, PLAN_SUBSCRIBER);
		assert_int_equal(found, inside);
		n++;
	}
	assert_int_equal(n, plan->ports);
}

/* Each port of an address belongs to one whose block holds it, or to nobody for a reason. */
static void check_reverse(const struct daisy_plan *plan, uint32_t address, uint32_t owned[4])
{
	uint16_t first = 0, last = 0;
	int err = daisy_plan_overflow(plan, &first, &last);

	for (uint32_t port = 0; port < 65536; port++) {
		enum daisy_plan_owner owner;
		struct daisy_plan_block block;
		uint32_t inside;

		assert_int_equal(daisy_plan_reverse(plan, address, (uint16_t)port, &owner,
						    &inside), 0);
		owned[owner]++;
		assert_int_equal(owner == PLAN_RESERVED, is_reserved(&plan->in, port));
		if (owner == PLAN_OVERFLOW)
			assert_true(!err && port >= first && port <= last);
		if (owner != PLAN_SUBSCRIBER)
			continue;
		assert_int_equal(daisy_plan_forward(plan, inside, &block), 0);
		assert_int_equal(block.address, address);
		assert_in_range(port, block.first, block.last);
	}
}

static void test_inverse(void **state)
{
	struct rng rng = { 42 };
	unsigned int made = 0;

	for (int round = 0; round < 60; round++) {
		uint32_t owned[4] = { 0 };
		struct daisy_plan plan;
		struct scene scene;

		random_scene(&rng, &scene);
		if (daisy_plan_make(&plan, &scene.in))
			continue;
		made++;
		for (size_t i = 0; i < scene.in.n_inside; i++)
			for (uint32_t a = scene.inside[i].first; a <= scene.inside[i].last; a++)
				check_forward(&plan, a);
		for (size_t i = 0; i < scene.in.n_outside; i++)
			for (uint32_t a = scene.outside[i].first; a <= scene.outside[i].last; a++)
				check_reverse(&plan, a, owned);
		assert_int_equal(owned[PLAN_SUBSCRIBER], plan.n_subscribers * plan.ports);
		assert_int_equal(owned[PLAN_OVERFLOW], plan.n_addresses * plan.overflow);
		assert_true(plan.overflow >= scene.in.overflow);
	}
	assert_true(made >= 30);
}

static void test_algorithms(void **state)
{
	enum daisy_plan_algorithm algorithm;

	assert_int_equal(daisy_plan_algorithm_parse("round-robin", &algorithm), 0);
	assert_int_equal(algorithm, PLAN_ROUND_ROBIN);
	assert_string_equal(daisy_plan_algorithm_name(algorithm), "round-robin");
	assert_int_equal(daisy_plan_algorithm_parse("sequential", &algorithm), 0);
	assert_int_equal(algorithm, PLAN_SEQUENTIAL);
	assert_int_equal(daisy_plan_algorithm_parse("staggered", &algorithm), -EINVAL);
	assert_string_equal(daisy_error(), "\"staggered\" is not an algorithm, expected sequential "
			    "or round-robin");
}

#define TEST(sentence, name) { sentence, name, NULL, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("ports of a subscriber are (64512 - overflow - reserved) / ratio (RFC 7422 N2)",
		     test_ratios),
		TEST("sequential fills one external address after the other (RFC 7422 N1)",
		     test_sequential),
		TEST("round-robin gives each external address a subscriber in turn (RFC 7422 N1)",
		     test_round_robin),
		TEST("an external port leads to its subscriber, to overflow or to nobody (RFC 7422 N3)",
		     test_owners),
		TEST("addresses of neither side are none of the plan's (RFC 7422 N3)",
		     test_strangers),
		TEST("too few ports are refused, and what would fit is said (RFC 7422 N2)",
		     test_refused),
		TEST("what a refusal says would fit does fit, and no more does (RFC 7422 N2)",
		     test_advice),
		TEST("both directions are exact inverses in random configurations (RFC 7422 N3)",
		     test_inverse),
		TEST("an algorithm that is not there is quoted (RFC 7422 N1)", test_algorithms),
	};

	return cmocka_run_group_tests_name("deterministic", tests, NULL, NULL);
}
