/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file as libcyaml reads and writes it: every scalar is text, which
 * config/compile.c turns into values with errors of its own. `vlan` and
 * `next-hop` may be one of two YAML types, which a schema cannot say: they are
 * ignored when loading (config/compile.c takes them from the tree) and written
 * in their longer form.
 */
#ifndef DAISY_CONFIG_SCHEMA_H
#define DAISY_CONFIG_SCHEMA_H

#include "config/yaml_doc.h"
#include "shared/config.h"

struct daisy_raw_nexthop {
	char *inside;
	char *outside;
};

struct daisy_raw_link {
	char *device;
	char *side;
	char *mode;
	char **prefixes;
	unsigned int n_prefixes;
	char *zone;
	char **vlan;				/* saving only */
	unsigned int n_vlan;
	struct daisy_raw_nexthop *next_hop;	/* saving only */
};

struct daisy_raw_pool_limits {
	char *udp;
	char *tcp;
	char *icmp;
	char *mappings;
	char *per_second;
	char *warn_percent;
};

struct daisy_raw_forward {
	char *protocol;
	char *external;
	char *inside;
	char *zone;
};

struct daisy_raw_pool {
	char *name;
	char **addresses;
	unsigned int n_addresses;
	char *ports;
	char **reserved;
	unsigned int n_reserved;
	char **zones;
	unsigned int n_zones;
	struct daisy_raw_forward *forwards;
	unsigned int n_forwards;
	char *filtering;
	char *mode;
	char **inside;
	unsigned int n_inside;
	char *ports_per_subscriber;
	char *overflow;
	char *algorithm;
	char *max_held;
	char *hold_down;
	char *reuse_closed;
	char *block_size;
	char *blocks;
	struct daisy_raw_pool_limits *limits;
};

struct daisy_raw_rule {
	char *destination;
	char *protocol;
	char *ports;
	char *zone;
};

struct daisy_raw_timers {
	char *s[DAISY_N_TIMERS];
};

struct daisy_raw_options {
	char *parity;
	char *range_preservation;
	char *silent_syn;
	char *exhaustion_icmp;
	char *mss_clamp;
	char *rewrite_id;
};

struct daisy_raw_limits {
	char *addresses;
	char *mappings;
	char *subscribers;
	char *connections;
	char *permissions;
};

struct daisy_raw_metrics {
	char *listen;
};

struct daisy_raw_peer {
	char *name;
	char *address;
};

struct daisy_raw_peering {
	char *name;
	char *listen;
	char *key_file;
	struct daisy_raw_peer *known;
	unsigned int n_known;
};

struct daisy_raw_sweep {
	char *cpu_percent;
};

struct daisy_raw {
	char *instance;
	struct daisy_raw_link *links;
	unsigned int n_links;
	struct daisy_raw_pool *pools;
	unsigned int n_pools;
	struct daisy_raw_rule *rules;
	unsigned int n_rules;
	struct daisy_raw_timers *timers;
	struct daisy_raw_options *options;
	struct daisy_raw_limits *limits;
	struct daisy_raw_metrics *metrics;
	struct daisy_raw_sweep *sweep;
	struct daisy_raw_peering *peering;
};

/* -EINVAL with "file:line: key: ..." in daisy_error(). The caller frees. */
int daisy_raw_load(struct daisy_yaml_doc *doc, const char *text, size_t len,
		   struct daisy_raw **raw);
void daisy_raw_free(struct daisy_raw *raw);
/* The caller frees the text, which has no NUL. */
int daisy_raw_save(const struct daisy_raw *raw, char **text, size_t *len);

#endif
