/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/forward.h"
#include "config/policy.h"
#include "config/values.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/log.h"
#include "daemon/plans.h"
#include "daemon/tables.h"
#include "lib/clock.h"
#include "lib/error.h"

#define N_POOL_NUMBERS 256

static uint32_t slot_address(const struct daisy_slot *slot)
{
	uint32_t addr;

	memcpy(&addr, slot->addr, sizeof(addr));
	return ntohl(addr);
}

int daisy_tables_slot(struct daisy_daemon *d, uint32_t addr)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);

	for (uint32_t i = 0; i < daisy_instance_max_slots(d->inst); i++)
		if (slots[i].state != SLOT_EMPTY && !(slots[i].flags & SLOT_ARRIVING) &&
		    slot_address(&slots[i]) == addr)
			return (int)i;
	return -1;
}

static bool any_pool_has(const struct daisy_config *config, uint32_t addr)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (daisy_config_pool_has(&config->pools[i], addr))
			return true;
	return false;
}

/* The number that the adopted addresses of a pool carry, -1 if it has none. */
static int adopted_number(struct daisy_daemon *d, const struct daisy_config_pool *pool)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);

	for (uint32_t i = 0; i < daisy_instance_max_slots(d->inst); i++)
		if (slots[i].state != SLOT_EMPTY && !*d->pool_name[slots[i].pool] &&
		    daisy_config_pool_has(pool, slot_address(&slots[i])))
			return slots[i].pool;
	return -1;
}

static bool number_is_used(struct daisy_daemon *d, int number)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);

	for (uint32_t i = 0; i < daisy_instance_max_slots(d->inst); i++)
		if (slots[i].state != SLOT_EMPTY && slots[i].pool == number)
			return true;
	return *d->pool_name[number];
}

/* Pools have names in the configuration and numbers in the maps. */
static int number_pool(struct daisy_daemon *d, const struct daisy_config_pool *pool)
{
	int number;

	for (number = 0; number < N_POOL_NUMBERS; number++)
		if (!strcmp(d->pool_name[number], pool->name))
			return number;
	number = adopted_number(d, pool);
	for (int i = 0; number < 0 && i < N_POOL_NUMBERS; i++)
		if (!number_is_used(d, i))
			number = i;
	if (number < 0) {
		daisy_error_set("no room for pool \"%s\", expected at most %u pools", pool->name,
				DAISY_CONFIG_MAX_POOLS);
		return -ENOSPC;
	}
	strcpy(d->pool_name[number], pool->name);
	return number;
}

/* Reserved ports one by one; returns how many. */
static size_t list_reserved(const struct daisy_config_pool *pool, uint16_t *ports)
{
	uint8_t *is = calloc(65536, 1);
	size_t n = 0;

	for (size_t i = 0; is && i < pool->n_reserved; i++)
		memset(is + pool->reserved[i].first, 1,
		       pool->reserved[i].last - pool->reserved[i].first + 1);
	for (uint32_t port = 0; is && port < 65536; port++)
		if (is[port])
			ports[n++] = (uint16_t)port;
	free(is);
	return n;
}

/* Same ports as before: then adding an address again, which looks at every port, is spared. */
static bool ports_equal(const struct daisy_config_pool *a, const struct daisy_config_pool *b)
{
	return a->first_port == b->first_port && a->last_port == b->last_port &&
	       a->n_reserved == b->n_reserved &&
	       !memcmp(a->reserved, b->reserved, a->n_reserved * sizeof(*a->reserved));
}

/* Where port blocks may lie. */
static bool same_blocks(const struct daisy_pool *a, const struct daisy_pool *b)
{
	return a->deterministic == b->deterministic && a->overflow_first == b->overflow_first &&
	       a->overflow_last == b->overflow_last;
}

/* Addresses of a pool that `but` lacks (NULL: all), up to `room`; returns how many. */
static size_t list_addresses(const struct daisy_config_pool *pool,
			     const struct daisy_config_pool *but, struct in_addr *list, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->n_ranges; i++)
		for (uint64_t a = pool->ranges[i].first; a <= pool->ranges[i].last && n < room; a++)
			if (!but || !daisy_config_pool_has(but, (uint32_t)a))
				list[n++].s_addr = htonl((uint32_t)a);
	return n;
}

/* Every address of a pool, also those that were there: filtering may change under load. */
static int filter_pool(struct daisy_daemon *d, const struct daisy_config_pool *pool)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);
	int err = 0;

	for (uint32_t i = 0; i < daisy_instance_max_slots(d->inst) && !err; i++)
		if (slots[i].state != SLOT_EMPTY && daisy_config_pool_has(pool, slot_address(&slots[i])) &&
		    !(slots[i].flags & SLOT_FILTERED) == pool->filtered)
			err = daisy_instance_address_filter(d->inst, i, pool->filtered);
	return err;
}

static int add_pool(struct daisy_daemon *d, const struct daisy_config *config,
		    const struct daisy_config_pool *pool)
{
	const struct daisy_config_pool *before = d->config ?
		daisy_config_pool_find(d->config, pool->name) : NULL;
	bool same = before && before != pool && ports_equal(before, pool) &&
		(d->config->options & DAISY_OPT_RANGE) == (config->options & DAISY_OPT_RANGE);
	/* One more than there can be: too many are refused by the instance. */
	size_t room = DAISY_MAX_SLOTS + 1, n, n_reserved;
	struct daisy_pool *policy, policy_before = { 0 };
	struct in_addr *list = calloc(room, sizeof(*list));
	uint16_t *reserved = calloc(65536, sizeof(*reserved));
	int number = number_pool(d, pool), err = number < 0 ? number : 0;

	if (!list || !reserved)
		err = -ENOMEM;
	if (!err) {
		policy = &daisy_instance_pools(d->inst)[number];
		if (same)
			policy_before = *policy;
		daisy_config_policy_make(pool, policy);
		same = same && same_blocks(&policy_before, policy);
		n = list_addresses(pool, same ? before : NULL, list, room);
		n_reserved = list_reserved(pool, reserved);
		err = daisy_instance_addresses_add(d->inst, list, n, (uint8_t)number,
						   pool->first_port, pool->last_port, reserved,
						   n_reserved, NULL);
	}
	if (!err)
		err = filter_pool(d, pool);
	if (!err)
		err = daisy_plans_set(d, config, pool, (uint8_t)number);
	free(list);
	free(reserved);
	return err;
}

static bool pool_serves(const struct daisy_config_pool *pool, uint16_t zone)
{
	for (size_t i = 0; i < pool->n_zones; i++)
		if (pool->zones[i] == zone)
			return true;
	return !pool->n_zones;
}

/* Pools of a configuration by their number in the maps. */
struct numbered_pools {
	const struct daisy_config_pool *by_number[N_POOL_NUMBERS];
};

static size_t zone_slots(struct daisy_daemon *d, const struct numbered_pools *pools, uint16_t zone,
			 uint32_t *list)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);
	size_t n = 0;

	for (uint32_t s = 0; s < daisy_instance_max_slots(d->inst); s++) {
		const struct daisy_config_pool *pool = pools->by_number[slots[s].pool];

		/* Hosts of a plan know their address; for others it has no ports. */
		if (slots[s].state == SLOT_ACTIVE && !(slots[s].flags & SLOT_ARRIVING) && pool &&
		    pool->mode != POOL_DETERMINISTIC &&
		    pool_serves(pool, zone))
			list[n++] = s;
	}
	return n;
}

static bool has_zone(const struct daisy_config *config, uint16_t zone)
{
	for (size_t i = 0; i < config->n_links; i++)
		if (config->links[i].side != SIDE_OUTSIDE && config->links[i].zone == zone)
			return true;
	return false;
}

/* Zones of links get their list; zones that no link has lose it. Each change costs 10 ms. */
int daisy_tables_zones(struct daisy_daemon *d, const struct daisy_config *config)
{
	uint32_t *list = calloc(daisy_instance_max_slots(d->inst), sizeof(*list));
	struct numbered_pools pools = { 0 };
	int err = list ? 0 : -ENOMEM;

	if (!list)
		daisy_error_set("no memory");
	for (int i = 0; i < N_POOL_NUMBERS; i++)
		if (*d->pool_name[i])
			pools.by_number[i] = daisy_config_pool_find((struct daisy_config *)config,
								    d->pool_name[i]);
	for (uint16_t zone = 0; zone < DAISY_MAX_ZONES && !err; zone++)
		err = daisy_instance_zone_set(d->inst, zone, list, has_zone(config, zone) ?
					      zone_slots(d, &pools, zone, list) : 0);
	free(list);
	return err;
}

int daisy_tables_add(struct daisy_daemon *d, const struct daisy_config *config)
{
	int err = 0;

	for (size_t i = 0; i < config->n_pools && !err; i++)
		err = add_pool(d, config, &config->pools[i]);
	return err ? err : daisy_tables_zones(d, config);
}

static const struct daisy_config_link *prefix_link(const struct daisy_config *config,
						   const struct daisy_prefix_key *key)
{
	uint32_t addr;

	memcpy(&addr, key->addr, sizeof(addr));
	for (size_t i = 0; i < config->n_links; i++) {
		const struct daisy_config_link *link = &config->links[i];

		for (size_t j = 0; link->zone == ntohs(key->zone_be) && j < link->n_prefixes; j++)
			if (link->prefixes[j].addr == ntohl(addr) &&
			    link->prefixes[j].len + 32u == key->prefixlen)
				return link;
	}
	return NULL;
}

/* The keys first, then the removals: a walk over a trie that shrinks would start anew. */
static void drop_prefixes(struct daisy_daemon *d, const struct daisy_config *config)
{
	struct daisy_prefix_key *keys = calloc(DAISY_MAX_PREFIXES, sizeof(*keys));
	int fd = daisy_instance_map_fd(d->inst, "inside_prefixes");
	size_t n = 0;

	while (keys && n < DAISY_MAX_PREFIXES &&
	       !bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &keys[n]))
		n++;
	for (size_t i = 0; i < n; i++) {
		struct in_addr addr;

		memcpy(&addr, keys[i].addr, sizeof(addr));
		if (!prefix_link(config, &keys[i]))
			daisy_instance_prefix_del(d->inst, ntohs(keys[i].zone_be), addr,
						  keys[i].prefixlen - 32);
	}
	free(keys);
}

void daisy_tables_drop(struct daisy_daemon *d, const struct daisy_config *config)
{
	const struct daisy_slot *slots = daisy_instance_slots(d->inst);

	for (uint32_t i = 0; i < daisy_instance_max_slots(d->inst); i++) {
		char text[DAISY_VALUE_SIZE];
		struct in_addr addr;

		/* An arriving one is not configured yet. */
		if (slots[i].state == SLOT_EMPTY || slots[i].flags & SLOT_ARRIVING ||
		    any_pool_has(config, slot_address(&slots[i])))
			continue;
		memcpy(&addr, slots[i].addr, sizeof(addr));
		daisy_value_format_address(ntohl(addr.s_addr), text);
		if (daisy_instance_address_del(d->inst, addr))
			daisy_log(LOG_ERR, "address %s: %s", text, daisy_error());
		else
			daisy_log(LOG_NOTICE, "address %s: removed", text);
		/* Each takes some grace periods, and there may be thousands. */
		daisy_daemon_alive(d);
	}
	drop_prefixes(d, config);
	for (int i = 0; i < N_POOL_NUMBERS; i++)
		if (*d->pool_name[i] &&
		    !daisy_config_pool_find((struct daisy_config *)config, d->pool_name[i]))
			*d->pool_name[i] = '\0';
	daisy_plans_drop(d);
}

int daisy_tables_prefixes(struct daisy_daemon *d, const struct daisy_config *config)
{
	int err = 0;

	for (size_t i = 0; i < config->n_links && !err; i++) {
		const struct daisy_config_link *link = &config->links[i];
		int number = daisy_devices_find(d, link);

		for (size_t j = 0; j < link->n_prefixes && !err; j++) {
			struct in_addr addr = { htonl(link->prefixes[j].addr) };

			err = daisy_instance_prefix_add(d->inst, link->zone, addr,
							link->prefixes[j].len, (uint32_t)number);
		}
	}
	return err;
}

int daisy_tables_rules(struct daisy_daemon *d, const struct daisy_config *config)
{
	struct daisy_rule rules[DAISY_MAX_RULES] = { 0 };

	for (size_t i = 0; i < config->n_rules; i++) {
		const struct daisy_config_rule *rule = &config->rules[i];
		uint8_t len = rule->destination.len;

		rules[i] = (struct daisy_rule){
			.addr = htonl(rule->destination.addr), .mask = len ? htonl(~0u << (32 - len)) : 0,
			.first = (uint16_t)rule->ports.first, .last = (uint16_t)rule->ports.last,
			.zone = rule->zone, .proto = rule->proto,
		};
	}
	return daisy_instance_rules_set(d->inst, rules, config->n_rules);
}

void daisy_tables_settings(struct daisy_daemon *d, const struct daisy_config *config)
{
	struct daisy_conf *conf = daisy_instance_conf(d->inst);
	uint32_t listening = daisy_events_wanted(d->events) ? DAISY_OPT_EVENTS : 0;

	daisy_instance_timers_set(d->inst, config->timer_s);
	__atomic_store_n(&conf->exhaustion, config->exhaustion, __ATOMIC_RELAXED);
	__atomic_store_n(&conf->mss_clamp, config->mss_clamp, __ATOMIC_RELAXED);
	daisy_instance_options_set(d->inst, config->options | listening);
}

int daisy_tables_arrival(struct daisy_daemon *d, const struct daisy_config_pool *pool, uint32_t addr)
{
	uint16_t *reserved = calloc(65536, sizeof(*reserved));
	struct in_addr in = { htonl(addr) };
	int number = number_pool(d, pool), slot;

	if (!reserved) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	slot = number < 0 ? number :
		daisy_instance_arrival_open(d->inst, in, (uint8_t)number, pool->first_port,
					    pool->last_port, reserved, list_reserved(pool, reserved));
	/* As the configuration will have it. */
	if (slot >= 0 && pool->filtered)
		daisy_instance_address_filter(d->inst, (uint32_t)slot, true);
	free(reserved);
	return slot;
}
