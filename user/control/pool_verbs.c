/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pool show, add, delete */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/plan.h"
#include "config/policy.h"
#include "config/ranges.h"
#include "control/verbs.h"
#include "lib/error.h"

static json_t *ranges_json(const struct daisy_config_range *ranges, size_t n, bool ports)
{
	json_t *list = json_array();
	char text[DAISY_VALUE_SIZE];

	for (size_t i = 0; i < n; i++) {
		if (ports)
			daisy_value_format_ports(&ranges[i], text);
		else
			daisy_value_format_addresses(&ranges[i], text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *daisy_limits_json(const struct daisy_config_limits *limits)
{
	static const char *const names[] = { "udp", "tcp", "icmp", "mappings" };
	json_t *item = json_object();

	for (int i = 0; i <= DAISY_N_PROTOS; i++)
		if (limits->mappings[i])
			json_object_set_new(item, names[i], json_integer(limits->mappings[i]));
	if (limits->per_second)
		json_object_set_new(item, "mappings_per_second", json_integer(limits->per_second));
	return item;
}

/* What it computes to; daisy pool compute tells whose a port is. */
static json_t *plan_json(const struct daisy_config_pool *pool)
{
	struct daisy_config_plan plan;
	json_t *item = json_object();
	uint16_t first, last;

	if (!daisy_config_plan_make(pool, &plan)) {
		json_object_set_new(item, "algorithm",
				    json_string(daisy_plan_algorithm_name(pool->algorithm)));
		json_object_set_new(item, "subscribers",
				    json_integer((json_int_t)plan.plan.n_subscribers));
		json_object_set_new(item, "ports_per_subscriber", json_integer(plan.plan.ports));
		json_object_set_new(item, "overflow",
				    daisy_plan_overflow(&plan.plan, &first, &last) ? json_null() :
				    json_sprintf("%u-%u", first, last));
	}
	daisy_config_plan_clean(&plan);
	return item;
}

static json_t *pool_item(struct daisy_daemon *d, const struct daisy_config_pool *pool)
{
	const struct daisy_config_pool *saved = daisy_config_pool_find(d->saved, pool->name);
	json_t *zones = json_array(), *item = json_object();

	for (size_t i = 0; i < pool->n_zones; i++)
		json_array_append_new(zones, json_integer(pool->zones[i]));
	json_object_set_new(item, "name", json_string(pool->name));
	json_object_set_new(item, "addresses", ranges_json(pool->ranges, pool->n_ranges, false));
	json_object_set_new(item, "ports",
			    json_sprintf("%u-%u", pool->first_port, pool->last_port));
	json_object_set_new(item, "reserved", ranges_json(pool->reserved, pool->n_reserved, true));
	json_object_set_new(item, "zones", zones);
	json_object_set_new(item, "filtering",
			    json_string(daisy_value_filtering_name(pool->filtered)));
	json_object_set_new(item, "mode", json_string(daisy_value_pool_mode_name(pool->mode)));
	if (pool->mode != POOL_DYNAMIC) {
		json_object_set_new(item, "block_size", json_integer(pool->block_size));
		json_object_set_new(item, "blocks", json_integer(pool->blocks));
	}
	json_object_set_new(item, "hold_down_s", json_integer(
		pool->hold_s == DAISY_HOLD_TIMER ? d->config->timer_s[DAISY_TIMER_HOLD] : pool->hold_s));
	json_object_set_new(item, "reuse_closed", json_boolean(pool->reuse_closed));
	if (pool->mode == POOL_DETERMINISTIC)
		json_object_set_new(item, "plan", plan_json(pool));
	json_object_set_new(item, "limits", daisy_limits_json(&pool->limits));
	json_object_set_new(item, "use", daisy_pool_use(d, pool));
	json_object_set_new(item, "n_addresses",
			    json_integer((json_int_t)daisy_config_pool_n_addresses(pool)));
	json_object_set_new(item, "unsaved",
			    json_boolean(!saved || !daisy_config_pool_equal(saved, pool)));
	return item;
}

static int refuse_pool(const char *name)
{
	daisy_error_set("no pool \"%.64s\", expected one that pool show lists", name);
	return -ENOENT;
}

int daisy_pool_show(struct daisy_request *request)
{
	const struct daisy_config *config = request->daemon->config;
	const char *name = daisy_arg_string(request, "name");
	bool found = !name;

	for (size_t i = 0; i < config->n_pools; i++) {
		if (name && strcmp(config->pools[i].name, name))
			continue;
		daisy_reply_item(request, pool_item(request->daemon, &config->pools[i]));
		found = true;
	}
	return found ? ANSWER_DONE : refuse_pool(name);
}

static int no_memory(void)
{
	daisy_error_set("no memory");
	return -ENOMEM;
}

/* Items of a list argument behind those that a list has. */
static int read_ranges(struct daisy_request *request, const char *name,
		       int (*parse)(const char *text, struct daisy_config_range *range),
		       struct daisy_config_range **ranges, size_t *n)
{
	const json_t *list = json_object_get(request->args, name);
	size_t more = json_array_size(list);
	struct daisy_config_range *larger = realloc(*ranges, (*n + more + 1) * sizeof(**ranges));
	char text[16];

	if (!larger)
		return no_memory();
	*ranges = larger;
	for (size_t i = 0; i < more; i++) {
		if (parse(daisy_arg_item(list, i, text), &larger[*n]))
			return daisy_refuse(request);
		++*n;
	}
	return 0;
}

static int read_zones(struct daisy_request *request, struct daisy_config_pool *pool)
{
	const json_t *list = json_object_get(request->args, "zones");
	uint16_t *zones = calloc(json_array_size(list) + 1, sizeof(*zones));
	char text[16];
	uint32_t zone;

	if (!zones)
		return no_memory();
	free(pool->zones);
	pool->zones = zones;
	for (pool->n_zones = 0; pool->n_zones < json_array_size(list); pool->n_zones++) {
		if (daisy_value_number(daisy_arg_item(list, pool->n_zones, text), 0,
				       DAISY_MAX_ZONES - 1, "a zone", &zone))
			return daisy_refuse(request);
		zones[pool->n_zones] = (uint16_t)zone;
	}
	return 0;
}

/* What becomes of freed ports. */
static int read_hold(struct daisy_request *request, struct daisy_config_pool *pool)
{
	if (daisy_arg_has(request, "hold_down_s")) {
		pool->hold_s = daisy_arg_number(request, "hold_down_s", 0);
		if (pool->hold_s > DAISY_CONFIG_MAX_TIMER_S) {
			daisy_error_set("\"%u\" is not a time in seconds, expected 0-%u",
					pool->hold_s, DAISY_CONFIG_MAX_TIMER_S);
			return daisy_refuse(request);
		}
	}
	if (daisy_arg_has(request, "reuse_closed"))
		pool->reuse_closed = daisy_arg_bool(request, "reuse_closed");
	return 0;
}

static int read_pool(struct daisy_request *request, struct daisy_config_pool *pool)
{
	const char *ports = daisy_arg_string(request, "ports");
	const char *filtering = daisy_arg_string(request, "filtering");
	const char *mode = daisy_arg_string(request, "mode");
	struct daisy_config_range range;
	int err;

	err = read_ranges(request, "addresses", daisy_value_addresses, &pool->ranges,
			  &pool->n_ranges);
	if (!err && ports) {
		if (daisy_value_ports(ports, &range))
			return daisy_refuse(request);
		pool->first_port = (uint16_t)range.first;
		pool->last_port = (uint16_t)range.last;
	}
	if (!err && mode && daisy_value_pool_mode(mode, &pool->mode))
		return daisy_refuse(request);
	if (!err && filtering && daisy_value_filtering(filtering, &pool->filtered))
		return daisy_refuse(request);
	if (!err && daisy_arg_has(request, "reserved")) {
		pool->n_reserved = 0;
		err = read_ranges(request, "reserved", daisy_value_ports, &pool->reserved,
				  &pool->n_reserved);
	}
	if (!err && daisy_arg_has(request, "zones"))
		err = read_zones(request, pool);
	return err ? err : read_hold(request, pool);
}

/* A new pool at the end of the list. */
static struct daisy_config_pool *append(struct daisy_config *config, const char *name)
{
	struct daisy_config_pool *pools, *pool;

	if (config->n_pools == DAISY_CONFIG_MAX_POOLS) {
		daisy_error_set("no room for pool \"%s\", expected at most %d pools", name,
				DAISY_CONFIG_MAX_POOLS);
		return NULL;
	}
	pools = realloc(config->pools, (config->n_pools + 1) * sizeof(*pools));
	if (!pools) {
		no_memory();
		return NULL;
	}
	config->pools = pools;
	pool = &pools[config->n_pools++];
	memset(pool, 0, sizeof(*pool));
	strcpy(pool->name, name);
	pool->first_port = DAISY_PORT_FIRST;
	pool->last_port = DAISY_PORT_LAST;
	daisy_config_policy_defaults(pool);
	pool->reserved = calloc(1, sizeof(*pool->reserved));
	pool->zones = calloc(1, sizeof(*pool->zones));
	return pool;
}

int daisy_pool_add(struct daisy_request *request)
{
	char name[DAISY_NAME_MAX + 1];
	struct daisy_config *config;
	struct daisy_config_pool *pool;
	int err;

	if (daisy_value_name(daisy_arg_string(request, "name"), name))
		return daisy_refuse(request);
	config = daisy_config_copy(request->daemon->config);
	pool = config ? daisy_config_pool_find(config, name) : NULL;
	if (config && !pool)
		pool = append(config, name);
	err = pool ? read_pool(request, pool) : -ENOMEM;
	if (!err && !pool->n_ranges) {
		daisy_error_set("no pool \"%s\", expected addresses for a new one", name);
		err = daisy_refuse(request);
	}
	if (!err)
		err = daisy_config_check(config);
	if (!err)
		return daisy_daemon_apply(request->daemon, config);
	daisy_config_free(config);
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct daisy_config_range *p = a, *q = b;

	return p->first < q->first ? -1 : p->first > q->first;
}

static int delete_addresses(struct daisy_request *request, struct daisy_config_pool *pool)
{
	const json_t *list = json_object_get(request->args, "addresses");
	struct daisy_config_range *ranges, out;
	char text[16];

	/* Each subtraction adds one range at most. */
	ranges = realloc(pool->ranges, (pool->n_ranges + json_array_size(list) + 1) *
			 sizeof(*ranges));
	if (!ranges)
		return no_memory();
	pool->ranges = ranges;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = daisy_arg_item(list, i, text);

		if (daisy_value_addresses(word, &out))
			return daisy_refuse(request);
		if (!daisy_config_ranges_subtract(pool, &out))
			continue;
		daisy_error_set("\"%.64s\" is not in pool \"%s\", expected a part of one of its "
				"ranges", word, pool->name);
		return -ENOENT;
	}
	qsort(pool->ranges, pool->n_ranges, sizeof(*pool->ranges), compare);
	return 0;
}

int daisy_pool_delete(struct daisy_request *request)
{
	const char *name = daisy_arg_string(request, "name");
	struct daisy_config *config;
	struct daisy_config_pool *pool;
	int err = 0;

	if (!daisy_config_pool_find(request->daemon->config, name))
		return refuse_pool(name);
	config = daisy_config_copy(request->daemon->config);
	if (!config)
		return -ENOMEM;
	pool = daisy_config_pool_find(config, name);
	if (daisy_arg_has(request, "addresses"))
		err = delete_addresses(request, pool);
	if (!err && !daisy_arg_has(request, "addresses"))
		pool->n_ranges = 0;
	if (!err)
		daisy_forwards_drop_strays(request, pool);
	if (!err && !pool->n_ranges) {
		daisy_config_pool_clean(pool);
		*pool = config->pools[--config->n_pools];
	}
	if (!err)
		return daisy_daemon_apply(request->daemon, config);
	daisy_config_free(config);
	return err;
}
