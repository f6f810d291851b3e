/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration as YAML. Defaults are left out, so that a saved file stays short. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/compile.h"
#include "config/config.h"
#include "config/forward.h"
#include "config/policy.h"
#include "config/schema.h"
#include "config/values.h"
#include "lib/error.h"

/*
 * All memory of a struct daisy_raw while it is written: pieces on one list,
 * released together. A piece that cannot be had is remembered in `failed`.
 */
struct piece {
	struct piece *next;
	char data[];
};

struct arena {
	struct piece *pieces;
	bool failed;
};

static void *piece_new(struct arena *arena, size_t size)
{
	struct piece *piece = calloc(1, sizeof(*piece) + size);

	if (!piece) {
		arena->failed = true;
		return NULL;
	}
	piece->next = arena->pieces;
	arena->pieces = piece;
	return piece->data;
}

static void arena_clean(struct arena *arena)
{
	while (arena->pieces) {
		struct piece *next = arena->pieces->next;

		free(arena->pieces);
		arena->pieces = next;
	}
}

static char *text_new(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static char *text_new(struct arena *arena, const char *fmt, ...)
{
	char *text = piece_new(arena, DAISY_VALUE_SIZE);
	va_list args;

	if (!text)
		return NULL;
	va_start(args, fmt);
	vsnprintf(text, DAISY_VALUE_SIZE, fmt, args);
	va_end(args);
	return text;
}

/* Longer than a value. */
static char *path_new(struct arena *arena, const char *path)
{
	char *text = piece_new(arena, strlen(path) + 1);

	return text ? strcpy(text, path) : NULL;
}

static char *nexthop_text(struct arena *arena, const struct daisy_config_nexthop *nexthop)
{
	char text[DAISY_VALUE_SIZE];

	daisy_value_format_nexthop(nexthop, text);
	return *text ? text_new(arena, "%s", text) : NULL;
}

static void fill_link(struct arena *arena, const struct daisy_config_link *link,
		      struct daisy_raw_link *raw)
{
	char text[DAISY_VALUE_SIZE];

	raw->device = text_new(arena, "%s", link->device);
	raw->side = text_new(arena, "%s", daisy_value_side_name(link->side));
	raw->mode = link->generic ? text_new(arena, "generic") : NULL;
	raw->zone = link->zone ? text_new(arena, "%u", link->zone) : NULL;
	raw->prefixes = link->n_prefixes ?
		piece_new(arena, link->n_prefixes * sizeof(char *)) : NULL;
	for (; raw->prefixes && raw->n_prefixes < link->n_prefixes; raw->n_prefixes++) {
		daisy_value_format_prefix(&link->prefixes[raw->n_prefixes], text);
		raw->prefixes[raw->n_prefixes] = text_new(arena, "%s", text);
	}
	raw->vlan = link->n_tags ? piece_new(arena, link->n_tags * sizeof(char *)) : NULL;
	for (; raw->vlan && raw->n_vlan < link->n_tags; raw->n_vlan++)
		raw->vlan[raw->n_vlan] = text_new(arena, "%u", link->tag[raw->n_vlan]);
	if (link->to_inside.kind == NEXTHOP_BY_ROUTE && link->to_outside.kind == NEXTHOP_BY_ROUTE)
		return;
	raw->next_hop = piece_new(arena, sizeof(*raw->next_hop));
	if (raw->next_hop) {
		raw->next_hop->inside = nexthop_text(arena, &link->to_inside);
		raw->next_hop->outside = nexthop_text(arena, &link->to_outside);
	}
}

static void fill_plan(struct arena *arena, const struct daisy_config_pool *pool,
		      struct daisy_raw_pool *raw)
{
	char text[DAISY_VALUE_SIZE];

	if (pool->mode != POOL_DETERMINISTIC)
		return;
	raw->mode = text_new(arena, "deterministic");
	raw->inside = piece_new(arena, pool->n_inside * sizeof(char *));
	for (; raw->inside && raw->n_inside < pool->n_inside; raw->n_inside++) {
		daisy_value_format_prefix(&pool->inside[raw->n_inside], text);
		raw->inside[raw->n_inside] = text_new(arena, "%s", text);
	}
	if (pool->subscriber_ports)
		raw->ports_per_subscriber = text_new(arena, "%u", pool->subscriber_ports);
	if (pool->overflow)
		raw->overflow = text_new(arena, "%u", pool->overflow);
	if (pool->algorithm != PLAN_SEQUENTIAL)
		raw->algorithm = text_new(arena, "%s", daisy_plan_algorithm_name(pool->algorithm));
}

static char *limit_text(struct arena *arena, uint32_t limit)
{
	return limit ? text_new(arena, "%u", limit) : NULL;
}

static void fill_policy(struct arena *arena, const struct daisy_config_pool *pool,
			struct daisy_raw_pool *raw)
{
	const struct daisy_config_limits *limits = &pool->limits;
	struct daisy_config_pool defaults = { 0 };

	defaults.mode = pool->mode;
	daisy_config_policy_defaults(&defaults);
	if (pool->mode == POOL_DYNAMIC)
		raw->mode = text_new(arena, "dynamic");
	if (pool->mode != POOL_DYNAMIC) {
		if (pool->block_size != defaults.block_size)
			raw->block_size = text_new(arena, "%u", pool->block_size);
		if (pool->blocks != defaults.blocks)
			raw->blocks = text_new(arena, "%u", pool->blocks);
	}
	if (pool->hold_s != defaults.hold_s)
		raw->hold_down = text_new(arena, "%u", pool->hold_s);
	if (pool->reuse_closed)
		raw->reuse_closed = text_new(arena, "true");
	raw->max_held = limit_text(arena, pool->max_held);
	if (!memcmp(limits, &defaults.limits, sizeof(*limits)))
		return;
	raw->limits = piece_new(arena, sizeof(*raw->limits));
	if (!raw->limits)
		return;
	raw->limits->udp = limit_text(arena, limits->mappings[DAISY_UDP]);
	raw->limits->tcp = limit_text(arena, limits->mappings[DAISY_TCP]);
	raw->limits->icmp = limit_text(arena, limits->mappings[DAISY_ICMP]);
	raw->limits->mappings = limit_text(arena, limits->mappings[DAISY_N_PROTOS]);
	raw->limits->per_second = limit_text(arena, limits->per_second);
	if (limits->warn_percent != defaults.limits.warn_percent)
		raw->limits->warn_percent = text_new(arena, "%u", limits->warn_percent);
}

static void fill_forwards(struct arena *arena, const struct daisy_config_pool *pool,
			  struct daisy_raw_pool *raw)
{
	char text[DAISY_VALUE_SIZE];

	raw->forwards = pool->n_forwards ?
		piece_new(arena, pool->n_forwards * sizeof(*raw->forwards)) : NULL;
	for (; raw->forwards && raw->n_forwards < pool->n_forwards; raw->n_forwards++) {
		const struct daisy_config_forward *forward = &pool->forwards[raw->n_forwards];
		struct daisy_raw_forward *to = &raw->forwards[raw->n_forwards];

		if (forward->proto)
			to->protocol = text_new(arena, "%s", daisy_value_protocol_name(forward->proto));
		daisy_config_forward_external(forward, text);
		to->external = text_new(arena, "%s", text);
		daisy_config_forward_inside(forward, text);
		to->inside = text_new(arena, "%s", text);
		to->zone = forward->zone ? text_new(arena, "%u", forward->zone) : NULL;
	}
}

static void fill_pool(struct arena *arena, const struct daisy_config_pool *pool,
		      struct daisy_raw_pool *raw)
{
	char text[DAISY_VALUE_SIZE];

	raw->name = text_new(arena, "%s", pool->name);
	raw->addresses = piece_new(arena, pool->n_ranges * sizeof(char *));
	for (; raw->addresses && raw->n_addresses < pool->n_ranges; raw->n_addresses++) {
		daisy_value_format_addresses(&pool->ranges[raw->n_addresses], text);
		raw->addresses[raw->n_addresses] = text_new(arena, "%s", text);
	}
	if (pool->first_port != DAISY_PORT_FIRST || pool->last_port != DAISY_PORT_LAST)
		raw->ports = text_new(arena, "%u-%u", pool->first_port, pool->last_port);
	raw->reserved = pool->n_reserved ?
		piece_new(arena, pool->n_reserved * sizeof(char *)) : NULL;
	for (; raw->reserved && raw->n_reserved < pool->n_reserved; raw->n_reserved++) {
		daisy_value_format_ports(&pool->reserved[raw->n_reserved], text);
		raw->reserved[raw->n_reserved] = text_new(arena, "%s", text);
	}
	raw->zones = pool->n_zones ? piece_new(arena, pool->n_zones * sizeof(char *)) : NULL;
	for (; raw->zones && raw->n_zones < pool->n_zones; raw->n_zones++)
		raw->zones[raw->n_zones] = text_new(arena, "%u", pool->zones[raw->n_zones]);
	if (pool->filtered)
		raw->filtering = text_new(arena, "%s", daisy_value_filtering_name(true));
	fill_forwards(arena, pool, raw);
	fill_plan(arena, pool, raw);
	fill_policy(arena, pool, raw);
}

static void fill_rules(struct arena *arena, const struct daisy_config *config, struct daisy_raw *raw)
{
	char text[DAISY_VALUE_SIZE];

	raw->rules = piece_new(arena, config->n_rules * sizeof(*raw->rules));
	for (; raw->rules && raw->n_rules < config->n_rules; raw->n_rules++) {
		const struct daisy_config_rule *rule = &config->rules[raw->n_rules];
		struct daisy_raw_rule *to = &raw->rules[raw->n_rules];

		daisy_value_format_prefix(&rule->destination, text);
		to->destination = text_new(arena, "%s", text);
		if (rule->proto)
			to->protocol = text_new(arena, "%s", daisy_value_protocol_name(rule->proto));
		daisy_value_format_ports(&rule->ports, text);
		to->ports = rule->ports.last ? text_new(arena, "%s", text) : NULL;
		to->zone = rule->zone ? text_new(arena, "%u", rule->zone) : NULL;
	}
}

static void fill_timers(struct arena *arena, const struct daisy_config *config,
			const struct daisy_config *defaults, struct daisy_raw *raw)
{
	if (!memcmp(config->timer_s, defaults->timer_s, sizeof(config->timer_s)))
		return;
	raw->timers = piece_new(arena, sizeof(*raw->timers));
	for (size_t i = 0; raw->timers && i < DAISY_N_TIMERS; i++)
		if (config->timer_s[i] != defaults->timer_s[i])
			raw->timers->s[i] = text_new(arena, "%u", config->timer_s[i]);
}

static void fill_options(struct arena *arena, const struct daisy_config *config,
			 const struct daisy_config *defaults, struct daisy_raw *raw)
{
	const uint32_t ident = DAISY_OPT_IDENT | DAISY_OPT_IDENT_ALL;
	char text[DAISY_VALUE_SIZE];

	if (config->options == defaults->options && !config->exhaustion && !config->mss_clamp)
		return;
	raw->options = piece_new(arena, sizeof(*raw->options));
	if (!raw->options)
		return;
	if (config->options & DAISY_OPT_PARITY)
		raw->options->parity = text_new(arena, "true");
	if (config->options & DAISY_OPT_RANGE)
		raw->options->range_preservation = text_new(arena, "true");
	if (config->options & DAISY_OPT_SILENT_SYN)
		raw->options->silent_syn = text_new(arena, "true");
	if (config->exhaustion)
		raw->options->exhaustion_icmp =
			text_new(arena, "%s", daisy_value_exhaustion_name(config->exhaustion));
	if ((config->options ^ defaults->options) & ident)
		raw->options->rewrite_id =
			text_new(arena, "%s", daisy_value_rewrite_name(config->options));
	daisy_value_format_mss(config->mss_clamp, text);
	if (config->mss_clamp)
		raw->options->mss_clamp = text_new(arena, "%s", text);
}

static void fill_peering(struct arena *arena, const struct daisy_config_peering *peering,
			 struct daisy_raw *raw)
{
	struct daisy_raw_peering *to = *peering->name ? piece_new(arena, sizeof(*to)) : NULL;

	raw->peering = to;
	if (!to)
		return;
	to->name = text_new(arena, "%s", peering->name);
	to->listen = *peering->listen ? text_new(arena, "%s", peering->listen) : NULL;
	to->key_file = path_new(arena, peering->key_file);
	to->known = peering->n_peers ? piece_new(arena, peering->n_peers * sizeof(*to->known)) : NULL;
	for (; to->known && to->n_known < peering->n_peers; to->n_known++) {
		to->known[to->n_known].name = text_new(arena, "%s", peering->peer[to->n_known].name);
		to->known[to->n_known].address =
			text_new(arena, "%s", peering->peer[to->n_known].address);
	}
}

static void fill_settings(struct arena *arena, const struct daisy_config *config,
			  const struct daisy_config *defaults, struct daisy_raw *raw)
{
	fill_timers(arena, config, defaults, raw);
	fill_options(arena, config, defaults, raw);
	if (config->max_addresses || config->max_mappings || config->max_subscribers ||
	    config->max_connections || config->max_permissions)
		raw->limits = piece_new(arena, sizeof(*raw->limits));
	if (raw->limits) {
		raw->limits->addresses = limit_text(arena, config->max_addresses);
		raw->limits->mappings = limit_text(arena, config->max_mappings);
		raw->limits->subscribers = limit_text(arena, config->max_subscribers);
		raw->limits->connections = limit_text(arena, config->max_connections);
		raw->limits->permissions = limit_text(arena, config->max_permissions);
	}
	if (*config->metrics_listen)
		raw->metrics = piece_new(arena, sizeof(*raw->metrics));
	if (raw->metrics)
		raw->metrics->listen = text_new(arena, "%s", config->metrics_listen);
	if (config->sweep_percent != defaults->sweep_percent)
		raw->sweep = piece_new(arena, sizeof(*raw->sweep));
	if (raw->sweep)
		raw->sweep->cpu_percent = text_new(arena, "%u", config->sweep_percent);
	fill_peering(arena, &config->peering, raw);
}

int daisy_config_format(const struct daisy_config *config, char **text, size_t *len)
{
	struct daisy_config *defaults = calloc(1, sizeof(*defaults));
	struct arena arena = { .failed = !defaults };
	struct daisy_raw raw = { 0 };
	int err = -ENOMEM;

	*text = NULL;
	if (defaults) {
		daisy_config_defaults(defaults);
		raw.instance = text_new(&arena, "%s", config->name);
		raw.links = piece_new(&arena, config->n_links * sizeof(*raw.links));
		raw.pools = piece_new(&arena, config->n_pools * sizeof(*raw.pools));
		for (; raw.links && raw.n_links < config->n_links; raw.n_links++)
			fill_link(&arena, &config->links[raw.n_links], &raw.links[raw.n_links]);
		for (; raw.pools && raw.n_pools < config->n_pools; raw.n_pools++)
			fill_pool(&arena, &config->pools[raw.n_pools], &raw.pools[raw.n_pools]);
		if (config->n_rules)
			fill_rules(&arena, config, &raw);
		fill_settings(&arena, config, defaults, &raw);
	}
	if (arena.failed)
		daisy_error_set("no memory");
	else
		err = daisy_raw_save(&raw, text, len);
	arena_clean(&arena);
	free(defaults);
	return err;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return fsync(fd) ? -errno : 0;
}

int daisy_config_save(const struct daisy_config *config, const char *path)
{
	char temporary[PATH_MAX];
	char *text;
	size_t len;
	int err, fd;

	err = daisy_config_format(config, &text, &len);
	if (err)
		return err;
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err = fd < 0 ? -errno : write_all(fd, text, len);
	if (fd >= 0)
		close(fd);
	if (!err && rename(temporary, path))
		err = -errno;
	if (err) {
		daisy_error_set("cannot write \"%s\": %s", path, strerror(-err));
		unlink(temporary);
	}
	free(text);
	return err;
}
