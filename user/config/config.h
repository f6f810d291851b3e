/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration of a daemon: one YAML file, read by a libcyaml schema.
 *
 * A struct daisy_config is always whole and consistent: daisy_config_load and
 * daisy_config_check refuse anything else. Errors are one line,
 * "file:line: key: what is wrong, what would be accepted", in daisy_error().
 * Addresses of ranges and prefixes are in host order (they are compared and
 * counted), ports too; ranges are inclusive.
 */
#ifndef DAISY_CONFIG_CONFIG_H
#define DAISY_CONFIG_CONFIG_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nat/deterministic.h"
#include "shared/config.h"
#include "shared/nat.h"

#define DAISY_NAME_MAX 32

/* Dynamic ports of a pool that names none (RFC 6056 section 3.2). */
#define DAISY_PORT_FIRST 1024
#define DAISY_PORT_LAST 65535

#define DAISY_CONFIG_MAX_POOLS 255
#define DAISY_CONFIG_MAX_FORWARDS 4096	/* of all pools */

#define DAISY_HOLD_TIMER UINT32_MAX

/* A week. */
#define DAISY_CONFIG_MAX_TIMER_S (7 * 24 * 3600)

struct daisy_config_prefix {
	uint32_t addr;		/* host order, host bits zero */
	uint8_t len;
};

/* Port ranges of `reserved` and address ranges of pools. */
struct daisy_config_range {
	uint32_t first;
	uint32_t last;
};

enum daisy_config_nexthop_kind {
	NEXTHOP_BY_ROUTE,
	NEXTHOP_ADDRESS,	/* resolved as a neighbour of the link */
	NEXTHOP_MAC,
};

struct daisy_config_nexthop {
	enum daisy_config_nexthop_kind kind;
	struct in_addr addr;
	uint8_t mac[6];
};

struct daisy_config_link {
	char device[IFNAMSIZ];
	enum daisy_side side;
	bool generic;
	uint8_t n_tags;
	uint16_t tag[2];	/* outermost first */
	uint16_t zone;
	struct daisy_config_nexthop to_inside;
	struct daisy_config_nexthop to_outside;
	struct daisy_config_prefix *prefixes;
	size_t n_prefixes;
};

enum daisy_config_pool_mode {
	POOL_BLOCKS,		/* port blocks by subscriber, on demand */
	POOL_DYNAMIC,		/* port by port out of the whole range */
	POOL_DETERMINISTIC,	/* blocks by arithmetic, nat/deterministic.h */
};

/* For each subscriber; 0: no limit. */
struct daisy_config_limits {
	uint32_t mappings[DAISY_N_PROTOS + 1];	/* by protocol, then of all of them */
	uint32_t per_second;			/* new mappings */
	uint32_t warn_percent;			/* of a limit of mappings: that is reported */
};

/* Ports of an external address that an inside host has, for as long as this stands here. */
struct daisy_config_forward {
	uint32_t external;			/* host order */
	uint32_t inside;			/* host order */
	struct daisy_config_range ports;	/* external */
	uint16_t inside_port;			/* of the first */
	uint16_t zone;				/* of the inside host */
	uint8_t proto;				/* IP protocol number, 0: TCP and UDP */
};

struct daisy_config_pool {
	char name[DAISY_NAME_MAX + 1];
	struct daisy_config_range *ranges;
	size_t n_ranges;
	uint16_t first_port;
	uint16_t last_port;
	struct daisy_config_range *reserved;	/* ports */
	size_t n_reserved;
	uint16_t *zones;
	size_t n_zones;		/* 0: every zone */
	struct daisy_config_forward *forwards;
	size_t n_forwards;
	bool filtered;		/* address-dependent filtering */
	enum daisy_config_pool_mode mode;
	struct daisy_config_limits limits;
	uint16_t max_held;			/* ports in hold-down; 0: any number */
	uint32_t hold_s;			/* hold-down; DAISY_HOLD_TIMER: that of the timers */
	bool reuse_closed;			/* ports of closed TCP connections do not rest */
	/* blocks only */
	uint16_t block_size;			/* ports */
	uint8_t blocks;				/* most of a subscriber */
	/* deterministic only */
	struct daisy_config_prefix *inside;
	size_t n_inside;
	uint32_t subscriber_ports;		/* 0: as many as fit */
	uint32_t overflow;			/* ports of each address, at least */
	enum daisy_plan_algorithm algorithm;
};

/* "ADDR:PORT", with its NUL. */
#define DAISY_CONFIG_PLACE_SIZE 64
#define DAISY_CONFIG_MAX_PEERS 64

/* Another box, which addresses move to and come from. */
struct daisy_config_peer {
	char name[DAISY_NAME_MAX + 1];
	char address[DAISY_CONFIG_PLACE_SIZE];
};

/* Cleared before it is filled in, so that two can be compared as memory. */
struct daisy_config_peering {
	char name[DAISY_NAME_MAX + 1];			/* ours; "": no peers */
	char listen[DAISY_CONFIG_PLACE_SIZE];		/* "": nowhere */
	char key_file[256];
	struct daisy_config_peer peer[DAISY_CONFIG_MAX_PEERS];
	size_t n_peers;
};

/* Not translated: from inside to these destinations, and back (RFC 6888 REQ-6). */
struct daisy_config_rule {
	struct daisy_config_prefix destination;
	uint8_t proto;		/* IP protocol number, 0: any */
	uint16_t zone;
	struct daisy_config_range ports;	/* last 0: any */
};

struct daisy_config {
	char name[DAISY_NAME_MAX + 1];
	struct daisy_config_link links[DAISY_MAX_LINKS];
	size_t n_links;
	struct daisy_config_pool *pools;
	size_t n_pools;
	struct daisy_config_rule rules[DAISY_MAX_RULES];	/* no-translate */
	size_t n_rules;
	uint32_t timer_s[DAISY_N_TIMERS];	/* seconds, never "default" */
	uint32_t options;			/* DAISY_OPT_PARITY, _RANGE, _SILENT_SYN */
	enum daisy_exhaustion exhaustion;
	uint32_t mss_clamp;			/* 0, DAISY_MSS_AUTO, or a size */
	uint32_t max_addresses;			/* 0: by the pools */
	uint32_t max_mappings;			/* 0: by max_addresses */
	uint32_t max_subscribers;		/* 0: default of the instance */
	uint32_t max_connections;		/* 0: default of the instance */
	uint32_t max_permissions;		/* 0: default of the instance */
	uint32_t sweep_percent;			/* of one core */
	char metrics_listen[64];		/* "127.0.0.1:9464"; "": no endpoint */
	struct daisy_config_peering peering;
};

/*
 * Read a file, check it, and with `host` also against this host (devices are
 * there, no address of a pool is the host's own). -ENOENT, -EINVAL, -ENOMEM.
 * The caller frees.
 */
int daisy_config_load(const char *path, bool host, struct daisy_config **config);
/* The same from memory; `name` stands in front of the errors. */
int daisy_config_parse(const char *name, const char *text, size_t len, bool host,
		       struct daisy_config **config);
/* The same checks after a change at run time; errors have no file and line. -EINVAL. */
int daisy_config_check(const struct daisy_config *config);
/*
 * Is there a pool for the zone of each link, and a prefix for the host of each
 * forward? A file without one is refused, since it is a slip of the pen more often
 * than not; at run time the pool may come after the link. -EINVAL.
 */
int daisy_config_check_saved(const struct daisy_config *config);
/* Deep copy; NULL if there is no memory. */
struct daisy_config *daisy_config_copy(const struct daisy_config *config);
void daisy_config_free(struct daisy_config *config);

/* As YAML; the caller frees the text. */
int daisy_config_format(const struct daisy_config *config, char **text, size_t *len);
/* Replace the file in one step; a crash leaves the old or the new one. */
int daisy_config_save(const struct daisy_config *config, const char *path);

/* Same link: device and tags. */
bool daisy_config_link_same(const struct daisy_config_link *a, const struct daisy_config_link *b);
/* Same settings, too. */
bool daisy_config_link_equal(const struct daisy_config_link *a, const struct daisy_config_link *b);
bool daisy_config_pool_equal(const struct daisy_config_pool *a, const struct daisy_config_pool *b);
struct daisy_config_link *daisy_config_link_find(struct daisy_config *config, const char *device,
						 unsigned int n_tags, const uint16_t *tag);
struct daisy_config_pool *daisy_config_pool_find(struct daisy_config *config, const char *name);
void daisy_config_link_clean(struct daisy_config_link *link);
void daisy_config_pool_clean(struct daisy_config_pool *pool);
int daisy_config_link_copy(struct daisy_config_link *to, const struct daisy_config_link *from);
int daisy_config_pool_copy(struct daisy_config_pool *to, const struct daisy_config_pool *from);
/* External addresses over all pools. */
uint64_t daisy_config_n_addresses(const struct daisy_config *config);
uint64_t daisy_config_pool_n_addresses(const struct daisy_config_pool *pool);

#endif
