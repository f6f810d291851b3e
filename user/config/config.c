/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/compile.h"
#include "config/config.h"
#include "config/forward.h"
#include "lib/error.h"
#include "lib/file.h"

int daisy_config_parse(const char *name, const char *text, size_t len, bool host,
		       struct daisy_config **config)
{
	struct daisy_yaml_doc doc;
	struct daisy_raw *raw = NULL;
	int err;

	*config = calloc(1, sizeof(**config));
	if (!*config) {
		daisy_error_set("%s: no memory", name);
		return -ENOMEM;
	}
	err = daisy_yaml_doc_read(&doc, name, text, len);
	if (err)
		goto free_config;
	err = daisy_raw_load(&doc, text, len, &raw);
	if (!err)
		err = daisy_config_compile(&doc, raw, *config);
	if (!err)
		err = daisy_config_check_parts(*config, &doc);
	if (!err && host)
		err = daisy_config_check_host(*config, &doc);
	daisy_raw_free(raw);
	daisy_yaml_doc_clean(&doc);
	if (!err)
		return 0;
free_config:
	daisy_config_free(*config);
	*config = NULL;
	return err;
}

int daisy_config_load(const char *path, bool host, struct daisy_config **config)
{
	char *text;
	size_t len;
	int err = daisy_file_read(path, &text, &len);

	*config = NULL;
	if (err)
		return err;
	err = daisy_config_parse(path, text, len, host, config);
	free(text);
	return err;
}

void daisy_config_link_clean(struct daisy_config_link *link)
{
	free(link->prefixes);
	link->prefixes = NULL;
	link->n_prefixes = 0;
}

void daisy_config_pool_clean(struct daisy_config_pool *pool)
{
	free(pool->ranges);
	free(pool->reserved);
	free(pool->zones);
	free(pool->inside);
	free(pool->forwards);
	memset(pool, 0, sizeof(*pool));
}

void daisy_config_free(struct daisy_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_links; i++)
		daisy_config_link_clean(&config->links[i]);
	for (size_t i = 0; i < config->n_pools; i++)
		daisy_config_pool_clean(&config->pools[i]);
	free(config->pools);
	free(config);
}

static void *duplicate(const void *list, size_t n, size_t size)
{
	void *copy = calloc(n ? n : 1, size);

	if (copy && n)
		memcpy(copy, list, n * size);
	if (!copy)
		daisy_error_set("no memory");
	return copy;
}

int daisy_config_link_copy(struct daisy_config_link *to, const struct daisy_config_link *from)
{
	*to = *from;
	to->prefixes = duplicate(from->prefixes, from->n_prefixes, sizeof(*to->prefixes));
	return to->prefixes ? 0 : -ENOMEM;
}

int daisy_config_pool_copy(struct daisy_config_pool *to, const struct daisy_config_pool *from)
{
	*to = *from;
	to->ranges = duplicate(from->ranges, from->n_ranges, sizeof(*to->ranges));
	to->reserved = duplicate(from->reserved, from->n_reserved, sizeof(*to->reserved));
	to->zones = duplicate(from->zones, from->n_zones, sizeof(*to->zones));
	to->inside = duplicate(from->inside, from->n_inside, sizeof(*to->inside));
	to->forwards = duplicate(from->forwards, from->n_forwards, sizeof(*to->forwards));
	return to->ranges && to->reserved && to->zones && to->inside && to->forwards ? 0 : -ENOMEM;
}

struct daisy_config *daisy_config_copy(const struct daisy_config *config)
{
	struct daisy_config *copy = malloc(sizeof(*copy));
	int err = 0;

	if (!copy) {
		daisy_error_set("no memory");
		return NULL;
	}
	*copy = *config;
	copy->n_links = 0;
	copy->n_pools = 0;
	copy->pools = calloc(config->n_pools ? config->n_pools : 1, sizeof(*copy->pools));
	if (!copy->pools) {
		daisy_error_set("no memory");
		err = -ENOMEM;
	}
	for (size_t i = 0; i < config->n_links && !err; i++)
		err = daisy_config_link_copy(&copy->links[copy->n_links++], &config->links[i]);
	for (size_t i = 0; i < config->n_pools && !err; i++)
		err = daisy_config_pool_copy(&copy->pools[copy->n_pools++], &config->pools[i]);
	if (!err)
		return copy;
	daisy_config_free(copy);
	return NULL;
}

bool daisy_config_link_same(const struct daisy_config_link *a, const struct daisy_config_link *b)
{
	return !strcmp(a->device, b->device) && a->n_tags == b->n_tags &&
	       !memcmp(a->tag, b->tag, a->n_tags * sizeof(a->tag[0]));
}

static bool nexthop_equal(const struct daisy_config_nexthop *a,
			  const struct daisy_config_nexthop *b)
{
	return a->kind == b->kind && a->addr.s_addr == b->addr.s_addr &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac));
}

bool daisy_config_link_equal(const struct daisy_config_link *a, const struct daisy_config_link *b)
{
	if (!daisy_config_link_same(a, b) || a->side != b->side || a->generic != b->generic ||
	    a->zone != b->zone || a->n_prefixes != b->n_prefixes ||
	    !nexthop_equal(&a->to_inside, &b->to_inside) ||
	    !nexthop_equal(&a->to_outside, &b->to_outside))
		return false;
	for (size_t i = 0; i < a->n_prefixes; i++)
		if (a->prefixes[i].addr != b->prefixes[i].addr ||
		    a->prefixes[i].len != b->prefixes[i].len)
			return false;
	return true;
}

static bool plan_equal(const struct daisy_config_pool *a, const struct daisy_config_pool *b)
{
	if (a->mode != b->mode || a->n_inside != b->n_inside ||
	    a->subscriber_ports != b->subscriber_ports || a->overflow != b->overflow ||
	    a->algorithm != b->algorithm)
		return false;
	for (size_t i = 0; i < a->n_inside; i++)
		if (a->inside[i].addr != b->inside[i].addr || a->inside[i].len != b->inside[i].len)
			return false;
	return true;
}

static bool policy_equal(const struct daisy_config_pool *a, const struct daisy_config_pool *b)
{
	return a->block_size == b->block_size && a->blocks == b->blocks && a->max_held == b->max_held &&
	       a->hold_s == b->hold_s && a->reuse_closed == b->reuse_closed &&
	       !memcmp(&a->limits, &b->limits, sizeof(a->limits));
}

static bool forwards_equal(const struct daisy_config_pool *a, const struct daisy_config_pool *b)
{
	if (a->n_forwards != b->n_forwards)
		return false;
	for (size_t i = 0; i < a->n_forwards; i++)
		if (!daisy_config_forward_equal(&a->forwards[i], &b->forwards[i]))
			return false;
	return true;
}

bool daisy_config_pool_equal(const struct daisy_config_pool *a, const struct daisy_config_pool *b)
{
	return !strcmp(a->name, b->name) && plan_equal(a, b) && policy_equal(a, b) &&
	       forwards_equal(a, b) &&
	       a->first_port == b->first_port &&
	       a->last_port == b->last_port && a->filtered == b->filtered &&
	       a->n_ranges == b->n_ranges &&
	       a->n_reserved == b->n_reserved && a->n_zones == b->n_zones &&
	       !memcmp(a->ranges, b->ranges, a->n_ranges * sizeof(*a->ranges)) &&
	       !memcmp(a->reserved, b->reserved, a->n_reserved * sizeof(*a->reserved)) &&
	       !memcmp(a->zones, b->zones, a->n_zones * sizeof(*a->zones));
}

struct daisy_config_link *daisy_config_link_find(struct daisy_config *config, const char *device,
						 unsigned int n_tags, const uint16_t *tag)
{
	for (size_t i = 0; i < config->n_links; i++) {
		struct daisy_config_link *link = &config->links[i];

		if (!strcmp(link->device, device) && link->n_tags == n_tags &&
		    (!n_tags || !memcmp(link->tag, tag, n_tags * sizeof(*tag))))
			return link;
	}
	return NULL;
}

struct daisy_config_pool *daisy_config_pool_find(struct daisy_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (!strcmp(config->pools[i].name, name))
			return &config->pools[i];
	return NULL;
}

uint64_t daisy_config_pool_n_addresses(const struct daisy_config_pool *pool)
{
	uint64_t n = 0;

	for (size_t i = 0; i < pool->n_ranges; i++)
		n += (uint64_t)pool->ranges[i].last - pool->ranges[i].first + 1;
	return n;
}

uint64_t daisy_config_n_addresses(const struct daisy_config *config)
{
	uint64_t n = 0;

	for (size_t i = 0; i < config->n_pools; i++)
		n += daisy_config_pool_n_addresses(&config->pools[i]);
	return n;
}
