/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mapping add, and the part of mapping delete that is about forwards */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/forward.h"
#include "control/verbs.h"
#include "lib/error.h"

static struct daisy_config_pool *pool_of(struct daisy_config *config, uint32_t addr)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (daisy_config_pool_has(&config->pools[i], addr))
			return &config->pools[i];
	return NULL;
}

static uint64_t count_mappings(const struct daisy_config_forward *forward)
{
	return (uint64_t)(forward->ports.last - forward->ports.first + 1) * (forward->proto ? 1 : 2);
}

static int parse(struct daisy_request *request, struct daisy_config_forward *forward)
{
	char zone[16];
	const char *key;

	snprintf(zone, sizeof(zone), "%u", daisy_arg_number(request, "zone", 0));
	if (!daisy_config_forward_parse(daisy_arg_string(request, "proto"),
					daisy_arg_string(request, "external"),
					daisy_arg_string(request, "inside"), zone, forward, &key))
		return 0;
	daisy_error_prefix("%s", strcmp(key, "protocol") ? key : "proto");
	return daisy_refuse(request);
}

int daisy_mapping_add(struct daisy_request *request)
{
	struct daisy_config_forward forward;
	struct daisy_config_pool *pool;
	struct daisy_config *config;
	int err = parse(request, &forward);

	if (err)
		return err;
	config = daisy_config_copy(request->daemon->config);
	if (!config)
		return -ENOMEM;
	pool = pool_of(config, forward.external);
	if (!pool)
		daisy_error_set("\"%.64s\" is no external address, expected one that address show "
				"lists", daisy_arg_string(request, "external"));
	err = pool ? daisy_config_forward_append(pool, &forward) : -ENOENT;
	if (!err)
		err = daisy_config_check(config);
	/* Without a prefix there is no link that the host could be behind. */
	if (!err)
		err = daisy_config_forwards_check_hosts(config, NULL);
	if (err) {
		daisy_config_free(config);
		return err;
	}
	err = daisy_daemon_apply(request->daemon, config);
	if (!err)
		daisy_reply_item(request, json_pack("{s:I}", "added",
						    (json_int_t)count_mappings(&forward)));
	return err;
}

/* The part of a range that a filter leaves, on one side of a port: at the end of the list. */
static int keep(struct daisy_config_pool *pool, const struct daisy_config_forward *from, uint8_t proto,
		uint32_t first, uint32_t last)
{
	struct daisy_config_forward part = *from;

	if (first > last)
		return 0;
	part.proto = proto;
	part.ports = (struct daisy_config_range){ first, last };
	part.inside_port = (uint16_t)(from->inside_port + first - from->ports.first);
	return daisy_config_forward_append(pool, &part);
}

static uint8_t ip_protocol(enum daisy_proto proto)
{
	return proto == DAISY_TCP ? IPPROTO_TCP : IPPROTO_UDP;
}

/* External ports of a forward that a filter selects. False if there are none. */
static bool select_ports(const struct daisy_config_forward *forward,
			 const struct daisy_forward_filter *filter, struct daisy_config_range *ports)
{
	uint32_t by_inside = forward->ports.first + (uint32_t)filter->inside.port - forward->inside_port;

	*ports = forward->ports;
	if ((filter->proto >= 0 && !daisy_config_forward_has(forward, (enum daisy_proto)filter->proto)) ||
	    (filter->zone >= 0 && filter->zone != forward->zone) ||
	    (filter->inside.set && filter->inside.addr != forward->inside) ||
	    (filter->external.set && filter->external.addr != forward->external))
		return false;
	if (filter->external.port >= 0)
		ports->first = ports->last = (uint32_t)filter->external.port;
	if (filter->inside.port >= 0 && filter->external.port >= 0 && by_inside != ports->first)
		return false;
	if (filter->inside.port >= 0)
		ports->first = ports->last = by_inside;
	return ports->first >= forward->ports.first && ports->last <= forward->ports.last;
}

/* What the filter leaves of forward `i` goes to the end of the list. */
static int cut(struct daisy_config_pool *pool, size_t i, const struct daisy_forward_filter *filter,
	       const struct daisy_config_range *ports, uint64_t *n)
{
	struct daisy_config_forward forward = pool->forwards[i];
	uint8_t proto = filter->proto < 0 ? forward.proto : ip_protocol((enum daisy_proto)filter->proto);
	uint8_t other = proto == IPPROTO_TCP ? IPPROTO_UDP : IPPROTO_TCP;
	int err = 0;

	daisy_config_forward_drop(pool, i);
	if (proto != forward.proto)
		err = keep(pool, &forward, other, forward.ports.first, forward.ports.last);
	if (!err)
		err = keep(pool, &forward, proto, forward.ports.first, ports->first - 1);
	if (!err)
		err = keep(pool, &forward, proto, ports->last + 1, forward.ports.last);
	forward.ports = *ports;
	forward.proto = proto;
	*n += count_mappings(&forward);
	return err;
}

static int cut_all(struct daisy_config_pool *pool, const struct daisy_forward_filter *filter, uint64_t *n)
{
	struct daisy_config_range ports;
	size_t left = pool->n_forwards, i = 0;
	int err = 0;

	while (left-- && !err) {
		if (select_ports(&pool->forwards[i], filter, &ports))
			err = cut(pool, i, filter, &ports, n);
		else
			i++;
	}
	return err;
}

int daisy_forwards_delete(struct daisy_request *request, const struct daisy_forward_filter *filter,
			  uint64_t *n)
{
	struct daisy_config *config = daisy_config_copy(request->daemon->config);
	int err = config ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < config->n_pools; i++)
		err = cut_all(&config->pools[i], filter, n);
	if (!err && *n)
		return daisy_daemon_apply(request->daemon, config);
	daisy_config_free(config);
	return err;
}

void daisy_forwards_drop_strays(struct daisy_request *request, struct daisy_config_pool *pool)
{
	char external[DAISY_VALUE_SIZE], inside[DAISY_VALUE_SIZE], text[256];

	for (size_t i = pool->n_forwards; i-- > 0;) {
		if (daisy_config_pool_has(pool, pool->forwards[i].external))
			continue;
		daisy_config_forward_external(&pool->forwards[i], external);
		daisy_config_forward_inside(&pool->forwards[i], inside);
		snprintf(text, sizeof(text), "forward %s to %s goes with its address", external, inside);
		daisy_reply_warning(request, text);
		daisy_config_forward_drop(pool, i);
	}
}
