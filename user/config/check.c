/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/forward.h"
#include "config/plan.h"
#include "config/policy.h"
#include "config/values.h"
#include "lib/error.h"

int daisy_config_place(struct daisy_yaml_doc *doc, const char *fmt, ...)
{
	char path[DAISY_PATH_SIZE];
	va_list args;

	if (!doc)
		return -EINVAL;
	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return daisy_yaml_doc_refuse(doc, path);
}

/* What only some sides have. */
static int check_side(const struct daisy_config_link *link, size_t i, struct daisy_yaml_doc *doc)
{
	const char *side = daisy_value_side_name(link->side);

	if (link->side != SIDE_OUTSIDE && !link->n_prefixes) {
		daisy_error_set("link \"%s\" has side %s and no prefixes, expected a list such as "
				"[10.0.0.0/24]", link->device, side);
		return daisy_config_place(doc, "links[%zu].prefixes", i);
	}
	if (link->side == SIDE_OUTSIDE && link->n_prefixes) {
		daisy_error_set("link \"%s\" has side outside, expected prefixes on inside links "
				"only", link->device);
		return daisy_config_place(doc, "links[%zu].prefixes", i);
	}
	if (link->side == SIDE_OUTSIDE && link->zone) {
		daisy_error_set("link \"%s\" has side outside, expected a zone on inside links only",
				link->device);
		return daisy_config_place(doc, "links[%zu].zone", i);
	}
	if ((link->side == SIDE_OUTSIDE && link->to_inside.kind != NEXTHOP_BY_ROUTE) ||
	    (link->side == SIDE_INSIDE && link->to_outside.kind != NEXTHOP_BY_ROUTE)) {
		daisy_error_set("link \"%s\" has side %s, expected a next hop to that side only",
				link->device, side);
		return daisy_config_place(doc, "links[%zu].next-hop", i);
	}
	return 0;
}

static int check_twins(const struct daisy_config *config, size_t i, struct daisy_yaml_doc *doc)
{
	const struct daisy_config_link *link = &config->links[i];

	for (size_t j = 0; j < i; j++) {
		const struct daisy_config_link *other = &config->links[j];

		if (daisy_config_link_same(link, other)) {
			daisy_error_set("link \"%s\" is there twice, expected each device and VLAN "
					"once", link->device);
			return daisy_config_place(doc, "links[%zu].device", i);
		}
		if (!strcmp(link->device, other->device) && link->generic != other->generic) {
			daisy_error_set("\"%s\" differs from the mode of another link of \"%s\", "
					"expected one mode for a device",
					link->generic ? "generic" : "native", link->device);
			return daisy_config_place(doc, "links[%zu].mode", i);
		}
		/* A packet leaves by one route: the datapath has one static next hop outwards. */
		if (link->to_outside.kind != NEXTHOP_BY_ROUTE &&
		    other->to_outside.kind != NEXTHOP_BY_ROUTE) {
			daisy_error_set("links \"%s\" and \"%s\" both have a next hop to the "
					"outside, expected one in all", other->device,
					link->device);
			return daisy_config_place(doc, "links[%zu].next-hop", i);
		}
	}
	return 0;
}

struct owned_prefix {
	uint32_t first;
	uint32_t last;
	uint16_t zone;
	uint16_t link;
	uint32_t item;
};

static int compare_prefixes(const void *a, const void *b)
{
	const struct owned_prefix *p = a, *q = b;

	if (p->zone != q->zone)
		return p->zone < q->zone ? -1 : 1;
	if (p->first != q->first)
		return p->first < q->first ? -1 : 1;
	return p->link != q->link ? p->link - q->link : (int)p->item - (int)q->item;
}

static int refuse_overlap(const struct daisy_config *config, const struct owned_prefix *p,
			  const struct owned_prefix *q, struct daisy_yaml_doc *doc)
{
	char a[DAISY_VALUE_SIZE], b[DAISY_VALUE_SIZE];

	/* Quote the one that stands later in the file. */
	if (p->link > q->link || (p->link == q->link && p->item > q->item)) {
		const struct owned_prefix *swap = p;

		p = q;
		q = swap;
	}
	daisy_value_format_prefix(&config->links[p->link].prefixes[p->item], a);
	daisy_value_format_prefix(&config->links[q->link].prefixes[q->item], b);
	daisy_error_set("\"%s\" overlaps %s of link \"%s\", expected disjoint prefixes within zone "
			"%u", b, a, config->links[p->link].device, q->zone);
	return daisy_config_place(doc, "links[%u].prefixes[%u]", q->link, q->item);
}

static int check_prefixes(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	struct owned_prefix *all;
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < config->n_links; i++)
		n += config->links[i].n_prefixes;
	if (n > DAISY_MAX_PREFIXES) {
		daisy_error_set("%zu prefixes, expected at most %u", n, DAISY_MAX_PREFIXES);
		return daisy_config_place(doc, "links");
	}
	all = calloc(n + 1, sizeof(*all));
	if (!all) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	n = 0;
	for (size_t i = 0; i < config->n_links; i++) {
		const struct daisy_config_link *link = &config->links[i];

		for (size_t j = 0; j < link->n_prefixes; j++) {
			const struct daisy_config_prefix *p = &link->prefixes[j];

			all[n++] = (struct owned_prefix){
				.first = p->addr,
				.last = p->addr | (p->len ? (uint32_t)((1ull << (32 - p->len)) - 1) :
						   UINT32_MAX),
				.zone = link->zone, .link = (uint16_t)i, .item = (uint32_t)j,
			};
		}
	}
	qsort(all, n, sizeof(*all), compare_prefixes);
	/* Prefixes nest or are disjoint, so an overlap shows between neighbours. */
	for (size_t i = 1; i < n && !err; i++)
		if (all[i].zone == all[i - 1].zone && all[i].first <= all[i - 1].last)
			err = refuse_overlap(config, &all[i - 1], &all[i], doc);
	free(all);
	return err;
}

static int check_pool_addresses(const struct daisy_config *config, size_t i,
				struct daisy_yaml_doc *doc)
{
	const struct daisy_config_pool *pool = &config->pools[i];
	char a[DAISY_VALUE_SIZE], b[DAISY_VALUE_SIZE];

	for (size_t r = 0; r < pool->n_ranges; r++) {
		for (size_t j = 0; j <= i; j++) {
			const struct daisy_config_pool *other = &config->pools[j];

			for (size_t s = 0; s < (j == i ? r : other->n_ranges); s++) {
				if (pool->ranges[r].first > other->ranges[s].last ||
				    pool->ranges[r].last < other->ranges[s].first)
					continue;
				daisy_value_format_addresses(&pool->ranges[r], a);
				daisy_value_format_addresses(&other->ranges[s], b);
				daisy_error_set("\"%s\" overlaps %s of pool \"%s\", expected each "
						"address once", a, b, other->name);
				return daisy_config_place(doc, "pools[%zu].addresses[%zu]", i, r);
			}
		}
	}
	return 0;
}

/* At least one port has to remain. */
static int check_pool_ports(const struct daisy_config_pool *pool, size_t i,
			    struct daisy_yaml_doc *doc)
{
	uint32_t port;

	if (!pool->first_port) {
		daisy_error_set("\"0-%u\" begins with port 0, expected 1 to 65535",
				pool->last_port);
		return daisy_config_place(doc, "pools[%zu].ports", i);
	}
	for (port = pool->first_port; port <= pool->last_port; port++) {
		uint32_t next = port;

		for (size_t r = 0; r < pool->n_reserved; r++)
			if (port >= pool->reserved[r].first && port <= pool->reserved[r].last)
				next = pool->reserved[r].last + 1;
		if (next == port)
			return 0;
		port = next - 1;
	}
	daisy_error_set("pool \"%s\" reserves all of its ports, expected some of %u-%u to remain",
			pool->name, pool->first_port, pool->last_port);
	return daisy_config_place(doc, "pools[%zu].reserved", i);
}

static int check_pools(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	uint32_t limit = config->max_addresses ? config->max_addresses : DAISY_MAX_SLOTS;
	int err;

	for (size_t i = 0; i < config->n_pools; i++) {
		const struct daisy_config_pool *pool = &config->pools[i];

		for (size_t j = 0; j < i; j++) {
			if (strcmp(pool->name, config->pools[j].name))
				continue;
			daisy_error_set("pool \"%s\" is there twice, expected each name once",
					pool->name);
			return daisy_config_place(doc, "pools[%zu].name", i);
		}
		/* Where there are other boxes, its addresses may be there. */
		if (!pool->n_ranges && !*config->peering.name) {
			daisy_error_set("pool \"%s\" has no addresses, expected a list such as "
					"[203.0.113.10-203.0.113.13]", pool->name);
			return daisy_config_place(doc, "pools[%zu].addresses", i);
		}
		err = check_pool_addresses(config, i, doc);
		if (!err)
			err = check_pool_ports(pool, i, doc);
		if (!err)
			err = daisy_config_policy_check(pool, i, doc);
		if (err)
			return err;
	}
	if (daisy_config_n_addresses(config) <= limit)
		return 0;
	daisy_error_set("%llu addresses in all pools, expected at most %u",
			(unsigned long long)daisy_config_n_addresses(config), limit);
	return daisy_config_place(doc, "pools");
}

static bool zone_has_pool(const struct daisy_config *config, uint16_t zone)
{
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct daisy_config_pool *pool = &config->pools[i];

		if (!pool->n_zones)
			return true;
		for (size_t j = 0; j < pool->n_zones; j++)
			if (pool->zones[j] == zone)
				return true;
	}
	return false;
}

static int check_zones(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	for (size_t i = 0; i < config->n_links; i++) {
		if (config->links[i].side == SIDE_OUTSIDE ||
		    zone_has_pool(config, config->links[i].zone))
			continue;
		daisy_error_set("no pool serves zone %u of link \"%s\", expected it in the zones "
				"of a pool, or a pool without zones", config->links[i].zone,
				config->links[i].device);
		return daisy_config_place(doc, "links[%zu].zone", i);
	}
	return 0;
}

static int check_peers(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	const struct daisy_config_peering *peering = &config->peering;

	for (size_t i = 0; i < peering->n_peers; i++) {
		const char *name = peering->peer[i].name;
		bool twice = !strcmp(name, peering->name);

		for (size_t j = 0; j < i && !twice; j++)
			twice = !strcmp(name, peering->peer[j].name);
		if (!twice)
			continue;
		daisy_error_set("\"%s\" is there twice, expected a name for each box", name);
		return daisy_config_place(doc, "peer.known[%zu].name", i);
	}
	return 0;
}

int daisy_config_check_parts(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	int err = 0;

	for (size_t i = 0; i < config->n_links && !err; i++) {
		err = check_twins(config, i, doc);
		if (!err)
			err = check_side(&config->links[i], i, doc);
	}
	if (!err)
		err = check_prefixes(config, doc);
	if (!err)
		err = check_pools(config, doc);
	if (!err)
		err = daisy_config_plan_check(config, doc);
	if (!err)
		err = daisy_config_forwards_check(config, doc);
	if (!err)
		err = check_peers(config, doc);
	if (err || !doc)
		return err;
	err = check_zones(config, doc);
	return err ? err : daisy_config_forwards_check_hosts(config, doc);
}

int daisy_config_check_saved(const struct daisy_config *config)
{
	int err = check_zones(config, NULL);

	return err ? err : daisy_config_forwards_check_hosts(config, NULL);
}

int daisy_config_check(const struct daisy_config *config)
{
	int err = daisy_config_check_parts(config, NULL);

	return err ? err : daisy_config_check_host(config, NULL);
}
