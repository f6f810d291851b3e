/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/verbs.h"
#include "lib/clock.h"
#include "lib/error.h"

static const struct daisy_arg none[] = { { 0 } };

static const struct daisy_arg link_show[] = {
	{ "device", ARG_STRING },
	{ 0 }
};

static const struct daisy_arg link_set[] = {
	{ "device", ARG_STRING | ARG_NEEDED },
	{ "side", ARG_STRING },
	{ "mode", ARG_STRING },
	{ "prefixes", ARG_LIST },
	{ "zone", ARG_NUMBER },
	{ "vlan", ARG_LIST },
	{ "next_hop", ARG_STRING | ARG_OBJECT },
	{ "confirm", ARG_NUMBER },
	{ 0 }
};

static const struct daisy_arg link_confirm[] = {
	{ "device", ARG_STRING },
	{ "vlan", ARG_LIST },
	{ 0 }
};

static const struct daisy_arg link_delete[] = {
	{ "device", ARG_STRING | ARG_NEEDED },
	{ "vlan", ARG_LIST },
	{ 0 }
};

static const struct daisy_arg pool_show[] = {
	{ "name", ARG_STRING },
	{ 0 }
};

static const struct daisy_arg pool_add[] = {
	{ "name", ARG_STRING | ARG_NEEDED },
	{ "addresses", ARG_LIST },
	{ "ports", ARG_STRING },
	{ "mode", ARG_STRING },
	{ "reserved", ARG_LIST },
	{ "zones", ARG_LIST },
	{ "filtering", ARG_STRING },
	{ "hold_down_s", ARG_NUMBER },
	{ "reuse_closed", ARG_BOOL },
	{ 0 }
};

static const struct daisy_arg pool_delete[] = {
	{ "name", ARG_STRING | ARG_NEEDED },
	{ "addresses", ARG_LIST },
	{ 0 }
};

static const struct daisy_arg address_show[] = {
	{ "address", ARG_STRING },
	{ "pool", ARG_STRING },
	{ 0 }
};

static const struct daisy_arg address_set[] = {
	{ "address", ARG_STRING | ARG_NEEDED },
	{ "state", ARG_STRING | ARG_NEEDED },
	{ 0 }
};

static const struct daisy_arg address_move[] = {
	{ "address", ARG_STRING | ARG_NEEDED },
	{ "to", ARG_STRING | ARG_NEEDED },
	{ "method", ARG_STRING | ARG_NEEDED },
	{ 0 }
};

static const struct daisy_arg peer_show[] = {
	{ "name", ARG_STRING },
	{ 0 }
};

static const struct daisy_arg subscriber_show[] = {
	{ "address", ARG_STRING },
	{ "zone", ARG_NUMBER },
	{ "external", ARG_STRING },
	{ "limit", ARG_NUMBER },
	{ 0 }
};

#define FILTERS \
	{ "proto", ARG_STRING }, \
	{ "inside", ARG_STRING }, \
	{ "external", ARG_STRING }, \
	{ "zone", ARG_NUMBER }, \
	{ "kind", ARG_STRING }

static const struct daisy_arg mapping_show[] = {
	FILTERS,
	{ "limit", ARG_NUMBER },
	{ 0 }
};

static const struct daisy_arg mapping_count[] = {
	FILTERS,
	{ 0 }
};

static const struct daisy_arg mapping_add[] = {
	{ "proto", ARG_STRING },
	{ "external", ARG_STRING | ARG_NEEDED },
	{ "inside", ARG_STRING | ARG_NEEDED },
	{ "zone", ARG_NUMBER },
	{ 0 }
};

static const struct daisy_arg mapping_delete[] = {
	FILTERS,
	{ "all", ARG_BOOL },
	{ 0 }
};

static const struct daisy_arg mapping_trace[] = {
	{ "device", ARG_STRING | ARG_NEEDED },
	{ "vlan", ARG_LIST },
	{ "proto", ARG_STRING | ARG_NEEDED },
	{ "from", ARG_STRING | ARG_NEEDED },
	{ "to", ARG_STRING | ARG_NEEDED },
	{ "flags", ARG_STRING },
	{ "icmp_type", ARG_NUMBER },
	{ "ttl", ARG_NUMBER },
	{ "size", ARG_NUMBER },
	{ "df", ARG_BOOL },
	{ "more", ARG_BOOL },
	{ "offset", ARG_NUMBER },
	{ "id", ARG_NUMBER },
	{ "options", ARG_NUMBER },
	{ "source_route", ARG_BOOL },
	{ 0 }
};

static const struct daisy_arg monitor_show[] = {
	{ "events", ARG_LIST },
	{ 0 }
};

static const struct daisy_arg clock_advance[] = {
	{ "seconds", ARG_NUMBER | ARG_NEEDED },
	{ 0 }
};

const struct daisy_verb daisy_verbs[] = {
	{ "link", "show", link_show, daisy_link_show },
	{ "link", "set", link_set, daisy_link_set },
	{ "link", "confirm", link_confirm, daisy_link_confirm },
	{ "link", "delete", link_delete, daisy_link_delete },
	{ "pool", "show", pool_show, daisy_pool_show },
	{ "pool", "add", pool_add, daisy_pool_add },
	{ "pool", "delete", pool_delete, daisy_pool_delete },
	{ "address", "show", address_show, daisy_address_show },
	{ "address", "set", address_set, daisy_address_set },
	{ "address", "move", address_move, daisy_address_move },
	{ "peer", "show", peer_show, daisy_peer_show },
	{ "subscriber", "show", subscriber_show, daisy_subscriber_show },
	{ "mapping", "show", mapping_show, daisy_mapping_show },
	{ "mapping", "count", mapping_count, daisy_mapping_count },
	{ "mapping", "add", mapping_add, daisy_mapping_add },
	{ "mapping", "delete", mapping_delete, daisy_mapping_end },
	{ "mapping", "trace", mapping_trace, daisy_mapping_trace },
	{ "stats", "show", none, daisy_stats_show },
	{ "monitor", "show", monitor_show, daisy_monitor_show },
	{ "instance", "show", none, daisy_instance_show },
	{ "instance", "reload", none, daisy_instance_reload },
	{ "instance", "purge", none, daisy_instance_end },
	{ "instance", "clock-advance", clock_advance, daisy_instance_advance },
	{ "config", "show", none, daisy_config_show },
	{ "config", "save", none, daisy_config_write },
	{ 0 }
};

static int refuse_endpoint(struct daisy_request *request, const char *text)
{
	daisy_error_set("\"%.64s\" is not an endpoint, expected ADDRESS or ADDRESS:PORT", text);
	return daisy_refuse(request);
}

int daisy_arg_endpoint(struct daisy_request *request, const char *name,
		       struct daisy_endpoint_filter *filter)
{
	const char *text = daisy_arg_string(request, name);
	const char *colon = text ? strchr(text, ':') : NULL;
	size_t len = text ? strcspn(text, ":") : 0;
	char word[INET_ADDRSTRLEN];
	uint32_t port;

	*filter = (struct daisy_endpoint_filter){ .set = text, .port = -1 };
	if (!text)
		return 0;
	if (len >= sizeof(word))
		return refuse_endpoint(request, text);
	memcpy(word, text, len);
	word[len] = '\0';
	if (daisy_value_address(word, &filter->addr))
		return refuse_endpoint(request, text);
	if (!colon)
		return 0;
	if (daisy_value_number(colon + 1, 0, 65535, "a port", &port))
		return daisy_refuse(request);
	filter->port = (int)port;
	return 0;
}

int daisy_arg_address(struct daisy_request *request, const char *name,
		      struct daisy_endpoint_filter *filter)
{
	const char *text = daisy_arg_string(request, name);

	*filter = (struct daisy_endpoint_filter){ .set = text, .port = -1 };
	return text && daisy_value_address(text, &filter->addr) ? daisy_refuse(request) : 0;
}

int daisy_arg_proto(struct daisy_request *request, const char *name, int *proto)
{
	static const char *const names[DAISY_N_PROTOS] = { "udp", "tcp", "icmp" };
	const char *text = daisy_arg_string(request, name);

	*proto = -1;
	for (int i = 0; text && i < DAISY_N_PROTOS; i++)
		if (!strcmp(text, names[i]))
			*proto = i;
	if (!text || *proto >= 0)
		return 0;
	daisy_error_set("\"%.64s\" is not a protocol, expected udp, tcp or icmp", text);
	return daisy_refuse(request);
}

int daisy_arg_kind(struct daisy_request *request, const char *name, int *kind)
{
	const char *text = daisy_arg_string(request, name);

	*kind = -1;
	if (!text)
		return 0;
	*kind = !strcmp(text, "static") ? MAPPING_KIND_STATIC : MAPPING_KIND_DYNAMIC;
	if (*kind == MAPPING_KIND_STATIC || !strcmp(text, "dynamic"))
		return 0;
	daisy_error_set("\"%.64s\" is not a kind, expected dynamic or static", text);
	return daisy_refuse(request);
}

int daisy_arg_zone(struct daisy_request *request, const char *name, int *zone)
{
	uint32_t value = daisy_arg_number(request, name, 0);

	*zone = daisy_arg_has(request, name) ? (int)value : -1;
	if (value < DAISY_MAX_ZONES)
		return 0;
	daisy_error_set("\"%u\" is not a zone, expected 0 to %d", value, DAISY_MAX_ZONES - 1);
	return daisy_refuse(request);
}

json_t *daisy_json_address(const uint8_t addr[4])
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, addr, text, sizeof(text));
	return json_string(text);
}

json_t *daisy_json_endpoint(const uint8_t addr[4], uint16_t port)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, addr, text, sizeof(text));
	return json_sprintf("%s:%u", text, port);
}

json_t *daisy_json_text(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

uint32_t daisy_age_s(uint32_t now, uint32_t then)
{
	return daisy_seconds_from_ticks(daisy_tick_age(now, then));
}
