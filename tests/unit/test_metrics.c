/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rendering of the metrics, over an instance made of plain memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telemetry/metrics.h"

/* In place of user/nat/instance.c: what the renderer may ask for. */
struct daisy_instance {
	struct daisy_conf conf;
	struct daisy_link links[DAISY_MAX_LINKS];
	struct daisy_nexthop nexthops[DAISY_MAX_NEXTHOPS];
	struct daisy_slot slots[4];
	struct daisy_port_map port_maps[4 * DAISY_N_PROTOS];
	struct daisy_block_map block_maps[4];
	struct daisy_pool pools[256];
	struct daisy_counters counters;
	int counters_err;
};

static struct daisy_instance fake;
static struct daisy_figures figures;

struct daisy_conf *daisy_instance_conf(struct daisy_instance *inst)
{
	return &inst->conf;
}

struct daisy_link *daisy_instance_links(struct daisy_instance *inst)
{
	return inst->links;
}

struct daisy_nexthop *daisy_instance_nexthops(struct daisy_instance *inst)
{
	return inst->nexthops;
}

const struct daisy_slot *daisy_instance_slots(struct daisy_instance *inst)
{
	return inst->slots;
}

uint32_t daisy_instance_max_slots(const struct daisy_instance *inst)
{
	return 4;
}

struct daisy_port_map *daisy_instance_port_map(struct daisy_instance *inst, uint32_t slot,
					       enum daisy_proto proto)
{
	return &inst->port_maps[slot * DAISY_N_PROTOS + proto];
}

struct daisy_block_map *daisy_instance_block_map(struct daisy_instance *inst, uint32_t slot)
{
	return &inst->block_maps[slot];
}

struct daisy_pool *daisy_instance_pools(struct daisy_instance *inst)
{
	return inst->pools;
}

int daisy_instance_counters(const struct daisy_instance *inst, struct daisy_counters *sum)
{
	*sum = inst->counters;
	return inst->counters_err;
}

int daisy_instance_memory(const struct daisy_instance *inst, uint64_t *total, uint64_t *per_address)
{
	*total = 123456789;
	*per_address = 8388608;
	return 0;
}

static int setup(void **state)
{
	memset(&fake, 0, sizeof(fake));
	memset(&figures, 0, sizeof(figures));
	strcpy(figures.pool[3], "p0");
	fake.slots[1] = (struct daisy_slot){ { 203, 0, 113, 10 }, SLOT_ACTIVE, 3, 0 };
	fake.slots[2] = (struct daisy_slot){ { 203, 0, 113, 11 }, SLOT_DRAINING, 3, 0 };
	for (unsigned int i = 0; i < 4 * DAISY_N_PROTOS; i++) {
		fake.port_maps[i].first = 1024;
		fake.port_maps[i].last = 65535;
		fake.port_maps[i].n_free = 64512;
	}
	return 0;
}

static char *render(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(daisy_metrics_render(out, &fake, &figures), 0);
	fclose(out);
	return text;
}

/* The text has this line, once. */
static void expect_line(const char *text, const char *line)
{
	char wanted[256];
	const char *found;

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	found = strstr(text, wanted);
	if (!found)
		fail_msg("no line: %s", line);
	assert_null(strstr(found + 1, wanted));
}

static void counters_and_drops_carry_their_names(void **state)
{
	char *text;

	fake.counters.out_udp = 5;
	fake.counters.drop_NO_PORT = 18446744073709551615ULL;
	text = render();
	expect_line(text, "# HELP daisy_out_udp_total UDP packets translated from inside to outside");
	expect_line(text, "# TYPE daisy_out_udp_total counter");
	expect_line(text, "daisy_out_udp_total 5");
	expect_line(text, "daisy_in_udp_total 0");
	expect_line(text, "daisy_drops_total{reason=\"no_port\"} 18446744073709551615");
	expect_line(text, "daisy_drops_total{reason=\"ttl\"} 0");
	free(text);
}

static void every_counter_and_reason_is_there(void **state)
{
	char *text = render();

#define X(name, help) expect_line(text, "daisy_" #name "_total 0");
	DAISY_COUNTERS(X)
#undef X
#define X(num, sym, name, help) expect_line(text, "daisy_drops_total{reason=\"" name "\"} 0");
	DAISY_REASONS(X)
#undef X
	assert_null(strstr(text, "(end)"));
	free(text);
}

static void ports_of_addresses_in_use_are_shown(void **state)
{
	char *text;

	fake.port_maps[1 * DAISY_N_PROTOS + DAISY_TCP].n_free = 3;
	fake.port_maps[2 * DAISY_N_PROTOS + DAISY_ICMP].n_free = -1;	/* a claim in flight */
	text = render();
	expect_line(text, "daisy_addresses{state=\"active\"} 1");
	expect_line(text, "daisy_addresses{state=\"draining\"} 1");
	expect_line(text, "daisy_addresses_limit 4");
	expect_line(text, "daisy_ports{address=\"203.0.113.10\",pool=\"p0\",protocol=\"udp\"} 64512");
	expect_line(text, "daisy_ports_free{address=\"203.0.113.10\",pool=\"p0\",protocol=\"tcp\"} 3");
	expect_line(text, "daisy_ports_free{address=\"203.0.113.11\",pool=\"p0\",protocol=\"icmp\"} 0");
	assert_null(strstr(text, "0.0.0.0"));
	free(text);
}

/* Blocks of 128 ports: two leaves each, aligned. */
static void blocks_of_pools_that_have_them_are_counted(void **state)
{
	char *text = render();

	assert_null(strstr(text, "daisy_port_blocks_"));
	free(text);
	fake.pools[3].block_order = 2;
	fake.block_maps[1].free[0] = 0x6f;	/* 0-3, 5, 6: two places, and halves of two */
	fake.block_maps[1].free[15] = 3ULL << 62;
	fake.block_maps[1].block[8].order = 2;
	fake.block_maps[1].block[1023].order = 1;	/* of an earlier configuration */
	text = render();
	expect_line(text, "daisy_port_blocks_used{address=\"203.0.113.10\",pool=\"p0\"} 2");
	expect_line(text, "daisy_port_blocks_free{address=\"203.0.113.10\",pool=\"p0\"} 3");
	expect_line(text, "daisy_port_blocks_used{address=\"203.0.113.11\",pool=\"p0\"} 0");
	assert_null(strstr(text, "0.0.0.0"));
	free(text);
}

static void links_and_next_hops_are_counted(void **state)
{
	char *text;

	fake.links[0].side = SIDE_INSIDE;
	fake.links[0].ifindex = 1;	/* lo, in every network namespace */
	fake.links[0].zone = 7;
	fake.nexthops[1].state = NEXTHOP_RESOLVED;
	fake.nexthops[16383].state = NEXTHOP_UNRESOLVED;
	fake.conf.overflow_used = 9;
	text = render();
	expect_line(text, "daisy_link_info{link=\"0\",device=\"lo\",side=\"inside\",zone=\"7\"} 1");
	assert_null(strstr(text, "link=\"1\""));
	expect_line(text, "daisy_next_hops{state=\"resolved\"} 1");
	expect_line(text, "daisy_next_hops{state=\"unresolved\"} 1");
	expect_line(text, "daisy_index_overflow_entries 9");
	free(text);
}

static void figures_of_the_daemon_are_shown_in_base_units(void **state)
{
	char *text;

	figures.mappings[DAISY_UDP] = 100;
	figures.held[DAISY_ICMP] = 2;
	figures.sweep_cpu_us = 1500001;
	figures.sweep_round_ms = 250;
	figures.subscribers = 12;
	text = render();
	expect_line(text, "daisy_mappings{protocol=\"udp\"} 100");
	expect_line(text, "daisy_ports_held{protocol=\"icmp\"} 2");
	expect_line(text, "daisy_sweep_cpu_seconds_total 1.500001");
	expect_line(text, "daisy_sweep_round_seconds 0.25");
	expect_line(text, "daisy_subscribers 12");
	expect_line(text, "daisy_memory_bytes 123456789");
	free(text);
}

static void each_family_has_help_and_type_before_its_samples(void **state)
{
	char *text = render(), *save = NULL, family[128] = "", typed[128] = "";

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[128];

		if (sscanf(line, "# HELP %127s", name) == 1) {
			assert_string_not_equal(name, family);
			strcpy(family, name);
			continue;
		}
		if (sscanf(line, "# TYPE %127s", typed) == 1) {
			assert_string_equal(typed, family);
			continue;
		}
		assert_int_equal(sscanf(line, "%127[a-z0-9_]", name), 1);
		assert_string_equal(name, typed);
	}
	free(text);
}

static void unreadable_counters_are_an_error_not_zeros(void **state)
{
	FILE *out = fopen("/dev/null", "w");

	fake.counters_err = -EPERM;
	assert_int_equal(daisy_metrics_render(out, &fake, &figures), -EPERM);
	fclose(out);
}

static void listen_addresses_are_numeric_with_a_port(void **state)
{
	static const char *const good[] = { "127.0.0.1:9464", "0.0.0.0:1", "[::1]:9464", "[::]:65535" };
	static const char *const bad[] = {
		"", ":", "9464", "127.0.0.1", "127.0.0.1:", ":9464", "::1:9464", "[::1]", "[]:1",
		"localhost:9464", "127.0.0.1:http", "127.0.0.1:99999",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(daisy_metrics_listen_check(good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (daisy_metrics_listen_check(bad[i]) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	}
}

#define TEST(sentence, name) { sentence, name, setup, NULL, NULL }

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST("counters and drops carry the names of the shared lists",
		     counters_and_drops_carry_their_names),
		TEST("every counter and every drop reason is there",
		     every_counter_and_reason_is_there),
		TEST("ports are shown of addresses in use only",
		     ports_of_addresses_in_use_are_shown),
		TEST("port blocks are counted of addresses whose pool has them (G13)",
		     blocks_of_pools_that_have_them_are_counted),
		TEST("links and next hops are counted", links_and_next_hops_are_counted),
		TEST("the daemon's figures are in base units",
		     figures_of_the_daemon_are_shown_in_base_units),
		TEST("each family has HELP and TYPE before its samples",
		     each_family_has_help_and_type_before_its_samples),
		TEST("counters that cannot be read are an error, not zeros",
		     unreadable_counters_are_an_error_not_zeros),
		TEST("a listen address is numeric, with a port",
		     listen_addresses_are_numeric_with_a_port),
	};

	/* For a judge of the format, such as promtool check metrics. */
	if (argc == 2 && !strcmp(argv[1], "--print")) {
		char *text;

		setup(NULL);
		fake.pools[3].block_order = 1;
		text = render();
		fputs(text, stdout);
		free(text);
		return 0;
	}
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
