/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/plan.h"
#include "config/values.h"
#include "lib/error.h"

#define MAX_PORTS 65535

static uint32_t last_of(const struct daisy_config_prefix *prefix)
{
	return prefix->addr | (prefix->len ? (uint32_t)((1ull << (32 - prefix->len)) - 1) :
			       UINT32_MAX);
}

static struct daisy_plan_range *copy_ranges(struct daisy_plan_range *to,
					    const struct daisy_config_range *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*to++ = (struct daisy_plan_range){ from[i].first, from[i].last };
	return to;
}

int daisy_config_plan_make(const struct daisy_config_pool *pool, struct daisy_config_plan *plan)
{
	struct daisy_plan_input in = {
		.n_inside = pool->n_inside, .n_outside = pool->n_ranges,
		.n_reserved = pool->n_reserved, .first_port = pool->first_port,
		.last_port = pool->last_port, .ports = pool->subscriber_ports,
		.overflow = pool->overflow, .algorithm = pool->algorithm,
	};
	struct daisy_plan_range *at;

	plan->ranges = calloc(in.n_inside + in.n_outside + in.n_reserved + 1, sizeof(*at));
	if (!plan->ranges) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	at = plan->ranges;
	in.inside = at;
	for (size_t i = 0; i < in.n_inside; i++)
		*at++ = (struct daisy_plan_range){ pool->inside[i].addr, last_of(&pool->inside[i]) };
	in.outside = at;
	at = copy_ranges(at, pool->ranges, in.n_outside);
	in.reserved = at;
	copy_ranges(at, pool->reserved, in.n_reserved);
	return daisy_plan_make(&plan->plan, &in);
}

void daisy_config_plan_clean(struct daisy_config_plan *plan)
{
	free(plan->ranges);
	plan->ranges = NULL;
}

/* A key that means nothing without the mode is more likely a missing mode than a leftover. */
static int refuse_stray(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw, size_t i)
{
	const struct {
		const char *key;
		bool given;
	} keys[] = {
		{ "inside", raw->n_inside },
		{ "ports-per-subscriber", raw->ports_per_subscriber },
		{ "overflow", raw->overflow },
		{ "algorithm", raw->algorithm },
	};

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		if (!keys[k].given)
			continue;
		daisy_error_set("key \"%s\" is for mode deterministic, expected it there only",
				keys[k].key);
		return daisy_config_place(doc, "pools[%zu].%s", i, keys[k].key);
	}
	return 0;
}

static int compile_inside(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw, size_t i,
			  struct daisy_config_pool *pool)
{
	pool->inside = calloc(raw->n_inside + 1, sizeof(*pool->inside));
	if (!pool->inside) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	for (; pool->n_inside < raw->n_inside; pool->n_inside++)
		if (daisy_value_prefix(raw->inside[pool->n_inside], &pool->inside[pool->n_inside]))
			return daisy_config_place(doc, "pools[%zu].inside[%zu]", i, pool->n_inside);
	return 0;
}

int daisy_config_plan_compile(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw, size_t i,
			      struct daisy_config_pool *pool)
{
	int err;

	if (raw->mode && daisy_value_pool_mode(raw->mode, &pool->mode))
		return daisy_config_place(doc, "pools[%zu].mode", i);
	err = compile_inside(doc, raw, i, pool);
	if (err || pool->mode != POOL_DETERMINISTIC)
		return err ? err : refuse_stray(doc, raw, i);
	if (raw->ports_per_subscriber &&
	    daisy_value_number(raw->ports_per_subscriber, 1, MAX_PORTS, "a number of ports",
			       &pool->subscriber_ports))
		return daisy_config_place(doc, "pools[%zu].ports-per-subscriber", i);
	if (raw->overflow && daisy_value_number(raw->overflow, 0, MAX_PORTS, "a number of ports",
						&pool->overflow))
		return daisy_config_place(doc, "pools[%zu].overflow", i);
	if (raw->algorithm && daisy_plan_algorithm_parse(raw->algorithm, &pool->algorithm))
		return daisy_config_place(doc, "pools[%zu].algorithm", i);
	return 0;
}

/* An inside address has one block: no two pools of a zone, and no two prefixes, may both hold it. */
static int check_overlap(const struct daisy_config *config, size_t i, struct daisy_yaml_doc *doc)
{
	const struct daisy_config_pool *pool = &config->pools[i];
	char a[DAISY_VALUE_SIZE], b[DAISY_VALUE_SIZE];

	for (size_t j = 0; j <= i; j++) {
		const struct daisy_config_pool *other = &config->pools[j];

		if (pool->n_zones && other->n_zones && pool->zones[0] != other->zones[0])
			continue;
		for (size_t p = 0; p < pool->n_inside; p++) {
			for (size_t q = 0; q < (j == i ? p : other->n_inside); q++) {
				if (pool->inside[p].addr > last_of(&other->inside[q]) ||
				    last_of(&pool->inside[p]) < other->inside[q].addr)
					continue;
				daisy_value_format_prefix(&pool->inside[p], a);
				daisy_value_format_prefix(&other->inside[q], b);
				daisy_error_set("\"%s\" overlaps %s of pool \"%s\", expected each "
						"inside address once", a, b, other->name);
				return daisy_config_place(doc, "pools[%zu].inside[%zu]", i, p);
			}
		}
	}
	return 0;
}

/* The same address in two zones is two subscribers, who must not have one block. */
static int check_zone(const struct daisy_config *config, size_t i, struct daisy_yaml_doc *doc)
{
	const struct daisy_config_pool *pool = &config->pools[i];
	const struct daisy_config_link *first = NULL;
	bool several = pool->n_zones > 1;

	if (pool->n_zones == 1)
		return 0;
	for (size_t l = 0; l < config->n_links; l++) {
		const struct daisy_config_link *link = &config->links[l];

		if (link->side == SIDE_OUTSIDE)
			continue;
		several |= first && first->zone != link->zone;
		first = link;
	}
	if (!several)
		return 0;
	daisy_error_set("pool \"%s\" of mode deterministic serves several zones, expected one such as "
			"[0]", pool->name);
	return daisy_config_place(doc, "pools[%zu].zones", i);
}

static int check_arithmetic(const struct daisy_config_pool *pool, size_t i,
			    struct daisy_yaml_doc *doc)
{
	struct daisy_config_plan plan;
	int err = daisy_config_plan_make(pool, &plan);

	daisy_config_plan_clean(&plan);
	return err == -EINVAL ? daisy_config_place(doc, "pools[%zu].%s", i,
						   pool->subscriber_ports ? "ports-per-subscriber" :
						   "overflow") : err;
}

int daisy_config_plan_check(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	int err = 0;

	for (size_t i = 0; i < config->n_pools && !err; i++) {
		const struct daisy_config_pool *pool = &config->pools[i];

		if (pool->mode != POOL_DETERMINISTIC)
			continue;
		if (!pool->n_inside) {
			daisy_error_set("pool \"%s\" has mode deterministic and no inside prefixes, "
					"expected a list such as [10.0.0.0/24]", pool->name);
			return daisy_config_place(doc, "pools[%zu].inside", i);
		}
		err = check_zone(config, i, doc);
		if (!err)
			err = check_overlap(config, i, doc);
		if (!err)
			err = check_arithmetic(pool, i, doc);
	}
	return err;
}
