/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers of the control protocol, one file for each object (PROTOCOL.md). */
#ifndef DAISY_CONTROL_VERBS_H
#define DAISY_CONTROL_VERBS_H

#include "config/values.h"
#include "control/request.h"
#include "daemon/daemon.h"

int daisy_link_show(struct daisy_request *request);
int daisy_link_set(struct daisy_request *request);
int daisy_link_confirm(struct daisy_request *request);
int daisy_link_delete(struct daisy_request *request);
int daisy_pool_show(struct daisy_request *request);
int daisy_pool_add(struct daisy_request *request);
int daisy_pool_delete(struct daisy_request *request);
int daisy_address_show(struct daisy_request *request);
int daisy_address_set(struct daisy_request *request);
int daisy_address_move(struct daisy_request *request);
int daisy_peer_show(struct daisy_request *request);
int daisy_subscriber_show(struct daisy_request *request);
int daisy_mapping_show(struct daisy_request *request);
int daisy_mapping_count(struct daisy_request *request);
int daisy_mapping_trace(struct daisy_request *request);
int daisy_mapping_add(struct daisy_request *request);
int daisy_mapping_end(struct daisy_request *request);
int daisy_stats_show(struct daisy_request *request);
int daisy_monitor_show(struct daisy_request *request);
int daisy_instance_show(struct daisy_request *request);
int daisy_instance_reload(struct daisy_request *request);
int daisy_instance_end(struct daisy_request *request);
int daisy_instance_advance(struct daisy_request *request);
int daisy_config_show(struct daisy_request *request);
int daisy_config_write(struct daisy_request *request);

/* "ADDR" or "ADDR:PORT", as filters have it; port -1: any. */
struct daisy_endpoint_filter {
	bool set;
	uint32_t addr;		/* host order */
	int port;
};

/* An argument with an address, or an endpoint; left out: `set` is false. */
int daisy_arg_endpoint(struct daisy_request *request, const char *name,
		       struct daisy_endpoint_filter *filter);
int daisy_arg_address(struct daisy_request *request, const char *name,
		      struct daisy_endpoint_filter *filter);
/* "udp", "tcp", "icmp"; -1 if left out. */
int daisy_arg_proto(struct daisy_request *request, const char *name, int *proto);
enum daisy_mapping_kind {
	MAPPING_KIND_DYNAMIC,
	MAPPING_KIND_STATIC,	/* forwards */
};

/* "dynamic", "static"; -1 if left out. */
int daisy_arg_kind(struct daisy_request *request, const char *name, int *kind);
/* 0 to 255; -1 if left out. */
int daisy_arg_zone(struct daisy_request *request, const char *name, int *zone);

/* Forwards by port; proto, zone: -1: any. */
struct daisy_forward_filter {
	int proto;
	int zone;
	struct daisy_endpoint_filter inside;
	struct daisy_endpoint_filter external;
};

/* Take the ports that a filter selects out of the forwards, and apply that. *n: mappings less. */
int daisy_forwards_delete(struct daisy_request *request, const struct daisy_forward_filter *filter,
			  uint64_t *n);
/* Before its addresses go: forwards of a pool that are of none of them, with a warning each. */
void daisy_forwards_drop_strays(struct daisy_request *request, struct daisy_config_pool *pool);

/* The name of a link, "device" and "vlan": cleared but for those. */
int daisy_arg_link(struct daisy_request *request, struct daisy_config_link *link);

/* Four bytes in network order as text. */
json_t *daisy_json_address(const uint8_t addr[4]);
/* "ADDR:PORT", port in host order. */
json_t *daisy_json_endpoint(const uint8_t addr[4], uint16_t port);
/* Text, or null if it is "". */
json_t *daisy_json_text(const char *text);

/* Age in whole seconds of something of tick `then`. */
uint32_t daisy_age_s(uint32_t now, uint32_t then);

/* The limits of a subscriber that are set. */
json_t *daisy_limits_json(const struct daisy_config_limits *limits);
/* How much of a pool is in use, now. */
json_t *daisy_pool_use(struct daisy_daemon *d, const struct daisy_config_pool *pool);

#endif
