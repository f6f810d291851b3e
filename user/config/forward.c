/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/forward.h"
#include "lib/error.h"

#define FIRST_PORT 1
#define LAST_PORT 65535
#define WELL_KNOWN_LAST 1023	/* range preservation gives these out, too */

static int parse_protocol(const char *text, uint8_t *proto)
{
	if (!text)
		return 0;
	if (!daisy_value_protocol(text, proto) && *proto != IPPROTO_ICMP)
		return 0;
	daisy_error_set("\"%.64s\" is not a protocol of forwards, expected tcp or udp, or none for both",
			text);
	return -EINVAL;
}

static int parse_inside(const char *text, struct daisy_config_forward *forward)
{
	struct daisy_config_range port;
	uint32_t n = forward->ports.last - forward->ports.first;

	if (daisy_value_endpoint(text, &forward->inside, &port))
		return -EINVAL;
	if (port.first != port.last) {
		daisy_error_set("\"%.64s\" is a range, expected the port of the first, as 10.0.0.2:5000",
				text);
		return -EINVAL;
	}
	forward->inside_port = (uint16_t)(port.first ? port.first : forward->ports.first);
	if (forward->inside_port + n <= LAST_PORT)
		return 0;
	daisy_error_set("\"%.64s\" leaves no room for %u ports, expected a first port of at most %u",
			text, n + 1, LAST_PORT - n);
	return -EINVAL;
}

int daisy_config_forward_parse(const char *protocol, const char *external, const char *inside,
			       const char *zone, struct daisy_config_forward *forward,
			       const char **key)
{
	uint32_t number = 0;

	*forward = (struct daisy_config_forward){ 0 };
	*key = "protocol";
	if (parse_protocol(protocol, &forward->proto))
		return -EINVAL;
	*key = "external";
	if (daisy_value_endpoint(external, &forward->external, &forward->ports))
		return -EINVAL;
	if (!forward->ports.first)
		forward->ports = (struct daisy_config_range){ FIRST_PORT, LAST_PORT };
	*key = "inside";
	if (parse_inside(inside, forward))
		return -EINVAL;
	*key = "zone";
	if (zone && daisy_value_number(zone, 0, DAISY_MAX_ZONES - 1, "a zone", &number))
		return -EINVAL;
	forward->zone = (uint16_t)number;
	return 0;
}

int daisy_config_forwards_compile(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw,
				  size_t i, struct daisy_config_pool *pool)
{
	pool->forwards = calloc(raw->n_forwards + 1, sizeof(*pool->forwards));
	if (!pool->forwards) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	for (; pool->n_forwards < raw->n_forwards; pool->n_forwards++) {
		const struct daisy_raw_forward *from = &raw->forwards[pool->n_forwards];
		const char *key;

		if (daisy_config_forward_parse(from->protocol, from->external, from->inside, from->zone,
					       &pool->forwards[pool->n_forwards], &key))
			return daisy_config_place(doc, "pools[%zu].forwards[%zu].%s", i,
						  pool->n_forwards, key);
	}
	return 0;
}

bool daisy_config_forward_equal(const struct daisy_config_forward *a,
				const struct daisy_config_forward *b)
{
	return a->external == b->external && a->inside == b->inside &&
	       a->ports.first == b->ports.first && a->ports.last == b->ports.last &&
	       a->inside_port == b->inside_port && a->zone == b->zone && a->proto == b->proto;
}

bool daisy_config_forward_has(const struct daisy_config_forward *forward, enum daisy_proto proto)
{
	uint8_t number = proto == DAISY_TCP ? IPPROTO_TCP : IPPROTO_UDP;

	return proto != DAISY_ICMP && (!forward->proto || forward->proto == number);
}

bool daisy_config_pool_allots(const struct daisy_config_pool *pool, uint32_t options, uint32_t port)
{
	bool preserved = options & DAISY_OPT_RANGE && port <= WELL_KNOWN_LAST;

	for (size_t i = 0; i < pool->n_reserved; i++)
		if (port >= pool->reserved[i].first && port <= pool->reserved[i].last)
			return false;
	return preserved || (port >= pool->first_port && port <= pool->last_port);
}

bool daisy_config_pool_has(const struct daisy_config_pool *pool, uint32_t addr)
{
	for (size_t i = 0; i < pool->n_ranges; i++)
		if (addr >= pool->ranges[i].first && addr <= pool->ranges[i].last)
			return true;
	return false;
}

const struct daisy_config_link *daisy_config_host_link(const struct daisy_config *config, uint32_t addr,
						       uint16_t zone)
{
	for (size_t i = 0; i < config->n_links; i++) {
		const struct daisy_config_link *link = &config->links[i];

		for (size_t j = 0; link->zone == zone && j < link->n_prefixes; j++) {
			const struct daisy_config_prefix *p = &link->prefixes[j];

			if (!p->len || !((addr ^ p->addr) >> (32 - p->len)))
				return link;
		}
	}
	return NULL;
}

int daisy_config_forward_append(struct daisy_config_pool *pool,
				const struct daisy_config_forward *forward)
{
	struct daisy_config_forward *larger =
		realloc(pool->forwards, (pool->n_forwards + 1) * sizeof(*larger));

	if (!larger) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	pool->forwards = larger;
	larger[pool->n_forwards++] = *forward;
	return 0;
}

void daisy_config_forward_drop(struct daisy_config_pool *pool, size_t i)
{
	pool->n_forwards--;
	memmove(&pool->forwards[i], &pool->forwards[i + 1],
		(pool->n_forwards - i) * sizeof(*pool->forwards));
}

static bool is_whole(const struct daisy_config_forward *forward)
{
	return forward->ports.first == FIRST_PORT && forward->ports.last == LAST_PORT;
}

void daisy_config_forward_external(const struct daisy_config_forward *forward,
				   char text[DAISY_VALUE_SIZE])
{
	char addr[DAISY_VALUE_SIZE], ports[DAISY_VALUE_SIZE];

	daisy_value_format_address(forward->external, addr);
	daisy_value_format_ports(&forward->ports, ports);
	snprintf(text, DAISY_VALUE_SIZE, is_whole(forward) ? "%.20s" : "%.20s:%.20s", addr, ports);
}

void daisy_config_forward_inside(const struct daisy_config_forward *forward,
				 char text[DAISY_VALUE_SIZE])
{
	char addr[DAISY_VALUE_SIZE];

	daisy_value_format_address(forward->inside, addr);
	snprintf(text, DAISY_VALUE_SIZE, is_whole(forward) ? "%.20s" : "%.20s:%u", addr,
		 forward->inside_port);
}

/* One of the list of all pools. */
struct place {
	const struct daisy_config_forward *forward;
	size_t pool;
	size_t item;
};

static int refuse(struct daisy_yaml_doc *doc, const struct place *at, const char *key)
{
	return daisy_config_place(doc, "pools[%zu].forwards[%zu].%s", at->pool, at->item, key);
}

static int check_pool(const struct daisy_config *config, const struct place *at,
		      struct daisy_yaml_doc *doc)
{
	const struct daisy_config_pool *pool = &config->pools[at->pool];
	const struct daisy_config_forward *forward = at->forward;
	bool serves = !pool->n_zones;
	char text[DAISY_VALUE_SIZE];

	daisy_config_forward_external(forward, text);
	for (size_t i = 0; i < pool->n_zones; i++)
		serves |= pool->zones[i] == forward->zone;
	if (!serves) {
		daisy_error_set("\"%u\" is no zone of pool \"%s\", expected one that it serves",
				forward->zone, pool->name);
		return refuse(doc, at, "zone");
	}
	if (!daisy_config_pool_has(pool, forward->external)) {
		daisy_error_set("\"%s\" is no address of pool \"%s\", expected one of its addresses",
				text, pool->name);
		return refuse(doc, at, "external");
	}
	for (uint32_t port = forward->ports.first; port <= forward->ports.last; port++) {
		if (pool->mode != POOL_DETERMINISTIC ||
		    !daisy_config_pool_allots(pool, config->options, port))
			continue;
		daisy_error_set("\"%s\" has ports of pool \"%s\", whose subscribers have theirs by "
				"arithmetic, expected reserved ones or others than %u-%u", text,
				pool->name, pool->first_port, pool->last_port);
		return refuse(doc, at, "external");
	}
	return 0;
}

static bool overlap(uint32_t a, uint32_t b, uint32_t n_a, uint32_t n_b)
{
	return a <= b + n_b && b <= a + n_a;
}

static int check_pair(const struct place *at, const struct place *other, struct daisy_yaml_doc *doc)
{
	const struct daisy_config_forward *a = at->forward, *b = other->forward;
	uint32_t n_a = a->ports.last - a->ports.first, n_b = b->ports.last - b->ports.first;
	char text[DAISY_VALUE_SIZE], theirs[DAISY_VALUE_SIZE];

	if (a->proto && b->proto && a->proto != b->proto)
		return 0;
	daisy_config_forward_external(b, theirs);
	if (a->external == b->external && overlap(a->ports.first, b->ports.first, n_a, n_b)) {
		daisy_config_forward_external(a, text);
		daisy_error_set("\"%s\" overlaps forward %s, expected each external port once", text,
				theirs);
		return refuse(doc, at, "external");
	}
	if (a->inside == b->inside && a->zone == b->zone &&
	    overlap(a->inside_port, b->inside_port, n_a, n_b)) {
		daisy_config_forward_inside(a, text);
		daisy_error_set("\"%s\" has forward %s already, expected each inside port once", text,
				theirs);
		return refuse(doc, at, "inside");
	}
	return 0;
}

/* Forwards of all pools; NULL if there is no memory. */
static struct place *list_all(const struct daisy_config *config, size_t *n)
{
	struct place *all;

	*n = 0;
	for (size_t i = 0; i < config->n_pools; i++)
		*n += config->pools[i].n_forwards;
	all = calloc(*n + 1, sizeof(*all));
	if (!all)
		daisy_error_set("no memory");
	*n = 0;
	for (size_t i = 0; all && i < config->n_pools; i++)
		for (size_t k = 0; k < config->pools[i].n_forwards; k++)
			all[(*n)++] = (struct place){ &config->pools[i].forwards[k], i, k };
	return all;
}

int daisy_config_forwards_check(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	size_t n;
	struct place *all = list_all(config, &n);
	int err = all ? 0 : -ENOMEM;

	if (!err && n > DAISY_CONFIG_MAX_FORWARDS) {
		daisy_error_set("%zu forwards, expected at most %d in all pools", n,
				DAISY_CONFIG_MAX_FORWARDS);
		err = daisy_config_place(doc, "pools");
	}
	for (size_t i = 0; i < n && !err; i++) {
		err = check_pool(config, &all[i], doc);
		for (size_t j = 0; j < i && !err; j++)
			err = check_pair(&all[i], &all[j], doc);
	}
	free(all);
	return err;
}

int daisy_config_forwards_check_hosts(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	size_t n;
	struct place *all = list_all(config, &n);
	int err = all ? 0 : -ENOMEM;
	char text[DAISY_VALUE_SIZE];

	for (size_t i = 0; i < n && !err; i++) {
		const struct daisy_config_forward *forward = all[i].forward;

		if (daisy_config_host_link(config, forward->inside, forward->zone))
			continue;
		daisy_config_forward_inside(forward, text);
		daisy_error_set("\"%s\" is in no inside prefix of zone %u, expected a host of one", text,
				forward->zone);
		err = refuse(doc, &all[i], "inside");
	}
	free(all);
	return err;
}
