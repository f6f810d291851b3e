/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/compile.h"
#include "config/forward.h"
#include "config/plan.h"
#include "config/policy.h"
#include "config/values.h"
#include "lib/error.h"

/* Bounds that only keep sizes computable in 32 bits; memory runs out earlier. */
#define MAX_MAPPINGS (1u << 28)
#define MAX_SUBSCRIBERS (1u << 26)

/* Timers fit 28 bits of ticks many times; a week is where a typing error begins. */

/* Errors have their text already: hand them on. */
#define TRY(expression) \
	do { \
		int try_err = (expression); \
\
		if (try_err < 0) \
			return try_err; \
	} while (0)

/* 0, or the error with its place in front. */
static int at(struct daisy_yaml_doc *doc, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int at(struct daisy_yaml_doc *doc, int err, const char *fmt, ...)
{
	char path[DAISY_PATH_SIZE];
	va_list args;

	if (err >= 0)
		return 0;
	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return daisy_yaml_doc_refuse(doc, path);
}

static void *list_new(size_t n, size_t size)
{
	void *list = calloc(n ? n : 1, size);

	if (!list)
		daisy_error_set("no memory");
	return list;
}

/* A number or a list of one or two. */
static int compile_vlan(struct daisy_yaml_doc *doc, const yaml_node_t *node, size_t i,
			struct daisy_config_link *link)
{
	size_t n = 1;
	uint32_t tag;

	if (!node)
		return 0;
	if (node->type == YAML_SEQUENCE_NODE)
		n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (!n || n > 2) {
		daisy_error_set("%zu tags, expected one, or [outer, inner]", n);
		return at(doc, -EINVAL, "links[%zu].vlan", i);
	}
	for (size_t j = 0; j < n; j++) {
		char path[DAISY_PATH_SIZE];
		const char *text;

		snprintf(path, sizeof(path),
			 node->type == YAML_SEQUENCE_NODE ? "links[%zu].vlan[%zu]" :
			 "links[%zu].vlan", i, j);
		text = daisy_yaml_doc_text(daisy_yaml_doc_node(doc, path));
		TRY(at(doc, daisy_value_number(text ? text : "?", 1, 4094, "a VLAN", &tag), "%s",
		       path));
		link->tag[j] = (uint16_t)tag;
		link->n_tags = (uint8_t)(j + 1);
	}
	return 0;
}

static int compile_nexthop_text(struct daisy_yaml_doc *doc, const char *text, const char *path,
				struct daisy_config_nexthop *nexthop)
{
	if (!text) {
		daisy_error_set("not one word, expected an IPv4 address or a MAC");
		return at(doc, -EINVAL, "%s", path);
	}
	return at(doc, daisy_value_nexthop(text, nexthop), "%s", path);
}

/* {inside: .., outside: ..}, both optional, nothing else. */
static int compile_nexthops(struct daisy_yaml_doc *doc, const yaml_node_t *node, size_t i,
			    struct daisy_config_link *link)
{
	const yaml_node_pair_t *pair;
	char path[DAISY_PATH_SIZE];

	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const char *key =
			daisy_yaml_doc_text(yaml_document_get_node(&doc->tree, pair->key));
		bool inside = key && !strcmp(key, "inside");

		if (!inside && (!key || strcmp(key, "outside"))) {
			daisy_error_set("unknown key \"%.64s\", expected one of: inside, outside",
					key ? key : "?");
			return at(doc, -EINVAL, "links[%zu].next-hop", i);
		}
		snprintf(path, sizeof(path), "links[%zu].next-hop.%s", i, key);
		TRY(compile_nexthop_text(doc,
			daisy_yaml_doc_text(yaml_document_get_node(&doc->tree, pair->value)),
			path, inside ? &link->to_inside : &link->to_outside));
	}
	return 0;
}

static int compile_nexthop(struct daisy_yaml_doc *doc, const yaml_node_t *node, size_t i,
			   struct daisy_config_link *link)
{
	struct daisy_config_nexthop nexthop = { 0 };
	char path[DAISY_PATH_SIZE];

	if (!node)
		return 0;
	if (node->type == YAML_MAPPING_NODE)
		return compile_nexthops(doc, node, i, link);
	snprintf(path, sizeof(path), "links[%zu].next-hop", i);
	TRY(compile_nexthop_text(doc, daisy_yaml_doc_text(node), path, &nexthop));
	if (link->side != SIDE_OUTSIDE)
		link->to_inside = nexthop;
	if (link->side != SIDE_INSIDE)
		link->to_outside = nexthop;
	return 0;
}

static int compile_link(struct daisy_yaml_doc *doc, const struct daisy_raw_link *raw, size_t i,
			struct daisy_config_link *link)
{
	char path[DAISY_PATH_SIZE];
	yaml_node_t *node;
	uint32_t zone = 0;

	TRY(at(doc, daisy_value_device(raw->device, link->device), "links[%zu].device", i));
	TRY(at(doc, daisy_value_side(raw->side, &link->side), "links[%zu].side", i));
	if (raw->mode)
		TRY(at(doc, daisy_value_mode(raw->mode, &link->generic), "links[%zu].mode", i));
	if (raw->zone)
		TRY(at(doc, daisy_value_number(raw->zone, 0, DAISY_MAX_ZONES - 1, "a zone", &zone),
		       "links[%zu].zone", i));
	link->zone = (uint16_t)zone;
	link->prefixes = list_new(raw->n_prefixes, sizeof(*link->prefixes));
	if (!link->prefixes)
		return -ENOMEM;
	for (; link->n_prefixes < raw->n_prefixes; link->n_prefixes++)
		TRY(at(doc, daisy_value_prefix(raw->prefixes[link->n_prefixes],
					       &link->prefixes[link->n_prefixes]),
		       "links[%zu].prefixes[%zu]", i, link->n_prefixes));
	snprintf(path, sizeof(path), "links[%zu]", i);
	node = daisy_yaml_doc_node(doc, path);
	TRY(compile_vlan(doc, daisy_yaml_doc_value(doc, node, "vlan"), i, link));
	return compile_nexthop(doc, daisy_yaml_doc_value(doc, node, "next-hop"), i, link);
}

static int compile_pool_lists(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw,
			      size_t i, struct daisy_config_pool *pool)
{
	uint32_t zone;

	pool->ranges = list_new(raw->n_addresses, sizeof(*pool->ranges));
	pool->reserved = list_new(raw->n_reserved, sizeof(*pool->reserved));
	pool->zones = list_new(raw->n_zones, sizeof(*pool->zones));
	if (!pool->ranges || !pool->reserved || !pool->zones)
		return -ENOMEM;
	for (; pool->n_ranges < raw->n_addresses; pool->n_ranges++)
		TRY(at(doc, daisy_value_addresses(raw->addresses[pool->n_ranges],
						  &pool->ranges[pool->n_ranges]),
		       "pools[%zu].addresses[%zu]", i, pool->n_ranges));
	for (; pool->n_reserved < raw->n_reserved; pool->n_reserved++)
		TRY(at(doc, daisy_value_ports(raw->reserved[pool->n_reserved],
					      &pool->reserved[pool->n_reserved]),
		       "pools[%zu].reserved[%zu]", i, pool->n_reserved));
	for (; pool->n_zones < raw->n_zones; pool->n_zones++) {
		TRY(at(doc, daisy_value_number(raw->zones[pool->n_zones], 0, DAISY_MAX_ZONES - 1,
					       "a zone", &zone),
		       "pools[%zu].zones[%zu]", i, pool->n_zones));
		pool->zones[pool->n_zones] = (uint16_t)zone;
	}
	return 0;
}

static int compile_pool(struct daisy_yaml_doc *doc, const struct daisy_raw_pool *raw, size_t i,
			struct daisy_config_pool *pool)
{
	struct daisy_config_range ports;

	pool->first_port = DAISY_PORT_FIRST;
	pool->last_port = DAISY_PORT_LAST;
	TRY(at(doc, daisy_value_name(raw->name, pool->name), "pools[%zu].name", i));
	if (raw->ports) {
		TRY(at(doc, daisy_value_ports(raw->ports, &ports), "pools[%zu].ports", i));
		pool->first_port = (uint16_t)ports.first;
		pool->last_port = (uint16_t)ports.last;
	}
	if (raw->filtering)
		TRY(at(doc, daisy_value_filtering(raw->filtering, &pool->filtered),
		       "pools[%zu].filtering", i));
	TRY(compile_pool_lists(doc, raw, i, pool));
	TRY(daisy_config_forwards_compile(doc, raw, i, pool));
	TRY(daisy_config_plan_compile(doc, raw, i, pool));
	daisy_config_policy_defaults(pool);
	return daisy_config_policy_compile(doc, raw, i, pool);
}

static const struct {
	const char *name;
	uint32_t def;
	uint32_t min;
} timers[] = {
#define X(sym, name, def, min, help) { name, def, min },
	DAISY_TIMERS(X)
#undef X
};

static int compile_timers(struct daisy_yaml_doc *doc, const struct daisy_raw_timers *raw,
			  struct daisy_config *config)
{
	for (size_t i = 0; raw && i < DAISY_N_TIMERS; i++)
		if (raw->s[i])
			TRY(at(doc, daisy_value_number(raw->s[i], timers[i].min, DAISY_CONFIG_MAX_TIMER_S,
						       "a time in seconds", &config->timer_s[i]),
			       "timers.%s", timers[i].name));
	return 0;
}

static int compile_options(struct daisy_yaml_doc *doc, const struct daisy_raw_options *raw,
			   struct daisy_config *config)
{
	uint32_t ident;
	bool on = false;

	if (!raw)
		return 0;
	if (raw->parity)
		TRY(at(doc, daisy_value_bool(raw->parity, &on), "options.parity"));
	config->options |= on ? DAISY_OPT_PARITY : 0;
	on = false;
	if (raw->range_preservation)
		TRY(at(doc, daisy_value_bool(raw->range_preservation, &on),
		       "options.range-preservation"));
	config->options |= on ? DAISY_OPT_RANGE : 0;
	on = false;
	if (raw->silent_syn)
		TRY(at(doc, daisy_value_bool(raw->silent_syn, &on), "options.silent-syn"));
	config->options |= on ? DAISY_OPT_SILENT_SYN : 0;
	if (raw->rewrite_id) {
		TRY(at(doc, daisy_value_rewrite(raw->rewrite_id, &ident), "options.rewrite-id"));
		config->options = (config->options & ~DAISY_OPT_IDENT) | ident;
	}
	if (raw->exhaustion_icmp)
		TRY(at(doc, daisy_value_exhaustion(raw->exhaustion_icmp, &config->exhaustion),
		       "options.exhaustion-icmp"));
	if (raw->mss_clamp)
		TRY(at(doc, daisy_value_mss(raw->mss_clamp, &config->mss_clamp),
		       "options.mss-clamp"));
	return 0;
}

static int compile_limits(struct daisy_yaml_doc *doc, const struct daisy_raw_limits *raw,
			  struct daisy_config *config)
{
	if (!raw)
		return 0;
	const struct {
		const char *name, *text;
		uint32_t max, *value;
	} limits[] = {
		{ "addresses", raw->addresses, DAISY_MAX_SLOTS, &config->max_addresses },
		{ "mappings", raw->mappings, MAX_MAPPINGS, &config->max_mappings },
		{ "subscribers", raw->subscribers, MAX_SUBSCRIBERS, &config->max_subscribers },
		{ "connections", raw->connections, MAX_MAPPINGS, &config->max_connections },
		{ "permissions", raw->permissions, MAX_SUBSCRIBERS, &config->max_permissions },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].text)
			TRY(at(doc, daisy_value_number(limits[i].text, 1, limits[i].max, "a limit",
						       limits[i].value),
			       "limits.%s", limits[i].name));
	return 0;
}

void daisy_config_defaults(struct daisy_config *config)
{
	for (size_t i = 0; i < DAISY_N_TIMERS; i++)
		config->timer_s[i] = timers[i].def;
	config->options = DAISY_OPT_IDENT;
	config->sweep_percent = 5;
}

static int compile_rule(struct daisy_yaml_doc *doc, const struct daisy_raw_rule *raw, size_t i,
			struct daisy_config_rule *rule)
{
	uint32_t zone = 0;

	TRY(at(doc, daisy_value_prefix(raw->destination, &rule->destination),
	       "no-translate[%zu].destination", i));
	if (raw->protocol)
		TRY(at(doc, daisy_value_protocol(raw->protocol, &rule->proto),
		       "no-translate[%zu].protocol", i));
	if (raw->zone)
		TRY(at(doc, daisy_value_number(raw->zone, 0, DAISY_MAX_ZONES - 1, "a zone", &zone),
		       "no-translate[%zu].zone", i));
	rule->zone = (uint16_t)zone;
	if (!raw->ports)
		return 0;
	TRY(at(doc, daisy_value_ports(raw->ports, &rule->ports), "no-translate[%zu].ports", i));
	if (rule->ports.first && rule->proto != IPPROTO_ICMP)
		return 0;
	daisy_error_set("\"%.64s\" is not for ports, expected 1 to 65535, of TCP or UDP", raw->ports);
	return at(doc, -EINVAL, "no-translate[%zu].ports", i);
}

static int compile_peering(struct daisy_yaml_doc *doc, const struct daisy_raw_peering *raw,
			   struct daisy_config_peering *peering)
{
	if (!raw)
		return 0;
	TRY(at(doc, daisy_value_name(raw->name, peering->name), "peer.name"));
	if (raw->listen)
		TRY(at(doc, daisy_value_listen(raw->listen, peering->listen), "peer.listen"));
	TRY(at(doc, daisy_value_path(raw->key_file, peering->key_file, sizeof(peering->key_file)),
	       "peer.key-file"));
	for (; peering->n_peers < raw->n_known; peering->n_peers++) {
		struct daisy_config_peer *peer = &peering->peer[peering->n_peers];

		TRY(at(doc, daisy_value_name(raw->known[peering->n_peers].name, peer->name),
		       "peer.known[%zu].name", peering->n_peers));
		TRY(at(doc, daisy_value_connect(raw->known[peering->n_peers].address, peer->address),
		       "peer.known[%zu].address", peering->n_peers));
	}
	return 0;
}

/* Links and pools are counted before they are filled, so that a failure frees them. */
int daisy_config_compile(struct daisy_yaml_doc *doc, const struct daisy_raw *raw,
			 struct daisy_config *config)
{
	daisy_config_defaults(config);
	TRY(at(doc, daisy_value_name(raw->instance, config->name), "instance"));
	for (size_t i = 0; i < raw->n_links; i++) {
		config->n_links = i + 1;
		TRY(compile_link(doc, &raw->links[i], i, &config->links[i]));
	}
	config->pools = list_new(raw->n_pools, sizeof(*config->pools));
	if (!config->pools)
		return -ENOMEM;
	for (size_t i = 0; i < raw->n_pools; i++) {
		config->n_pools = i + 1;
		TRY(compile_pool(doc, &raw->pools[i], i, &config->pools[i]));
	}
	for (; config->n_rules < raw->n_rules; config->n_rules++)
		TRY(compile_rule(doc, &raw->rules[config->n_rules], config->n_rules,
				 &config->rules[config->n_rules]));
	TRY(compile_timers(doc, raw->timers, config));
	TRY(compile_options(doc, raw->options, config));
	TRY(compile_limits(doc, raw->limits, config));
	if (raw->metrics && raw->metrics->listen)
		TRY(at(doc, daisy_value_listen(raw->metrics->listen, config->metrics_listen),
		       "metrics.listen"));
	if (raw->sweep && raw->sweep->cpu_percent)
		TRY(at(doc, daisy_value_number(raw->sweep->cpu_percent, 1, 100,
					       "a share of one core in percent",
					       &config->sweep_percent), "sweep.cpu-percent"));
	return compile_peering(doc, raw->peering, &config->peering);
}
