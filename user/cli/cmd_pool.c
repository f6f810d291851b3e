/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy pool: named sets of external addresses. */
#include <stdio.h>

#include "cli/cmd_pool_compute.h"
#include "cli/commands.h"
#include "cli/request.h"
#include "config/config.h"

/* "blocks 4x512" */
static void mode_text(const json_t *item, char *buf, size_t size)
{
	const char *mode = json_string_value(json_object_get(item, "mode"));

	snprintf(buf, size, "%s", mode ? mode : "-");
	if (json_object_get(item, "blocks"))
		snprintf(buf, size, "%s %lldx%lld", mode,
			 json_integer_value(json_object_get(item, "blocks")),
			 json_integer_value(json_object_get(item, "block_size")));
}

/* "203.0.113.10 udp 64400 free" */
static void fullest_text(const json_t *item, char *buf, size_t size)
{
	const json_t *fullest = json_object_get(json_object_get(item, "use"), "fullest");

	snprintf(buf, size, "-");
	if (fullest)
		snprintf(buf, size, "%s %s %lld free", json_string_value(json_object_get(fullest, "address")),
			 json_string_value(json_object_get(fullest, "proto")),
			 json_integer_value(json_object_get(fullest, "free")));
}

static const struct daisy_column columns[] = {
	{ "name", "POOL", FORMAT_TEXT, NULL },
	{ "n_addresses", "COUNT", FORMAT_NUMBER, NULL },
	{ "ports", "PORTS", FORMAT_TEXT, NULL },
	{ "mode", "MODE", FORMAT_TEXT, mode_text },
	{ "reserved", "RESERVED", FORMAT_TEXT, NULL },
	{ "zones", "ZONES", FORMAT_TEXT, NULL },
	{ "filtering", "FILTERING", FORMAT_TEXT, NULL },
	{ "unsaved", "UNSAVED", FORMAT_TEXT, NULL },
	{ "use", "FULLEST", FORMAT_TEXT, fullest_text },
	{ "addresses", "ADDRESSES", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_list(cli, "pool", "show", args->send, columns);
}

static enum daisy_exit add(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "pool", "add", args->send, NULL);
}

static enum daisy_exit delete(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "pool", "delete", args->send, NULL);
}

static const struct daisy_param show_params[] = {
	{ .key = "name", .type = VALUE_NAME, .help = "only this pool" },
	{ .key = NULL },
};

static const struct daisy_param add_params[] = {
	{ .key = "name", .type = VALUE_NAME, .flags = PARAM_REQUIRED,
	  .help = "pool to make, to add to or to change" },
	{ .key = "addresses", .type = VALUE_ADDRESSES, .flags = PARAM_REPEAT,
	  .help = "ADDRESS, ADDRESS-ADDRESS (both ends included) or PREFIX; needed for a new pool" },
	{ .key = "ports", .type = VALUE_PORTS, .metavar = "FIRST-LAST",
	  .help = "dynamic ports of a new pool (1024-65535)" },
	{ .key = "mode", .type = VALUE_CHOICE, .choices = "blocks dynamic",
	  .help = "a subscriber's ports come out of blocks of its own (the default), or from anywhere" },
	{ .key = "reserved", .type = VALUE_PORTS, .metavar = "PORTS", .flags = PARAM_REPEAT,
	  .help = "ports of a new pool never given out: PORT or FIRST-LAST" },
	{ .key = "zone", .arg = "zones", .type = VALUE_NUMBER, .min = 0, .max = DAISY_MAX_ZONES - 1,
	  .metavar = "ZONE", .flags = PARAM_REPEAT, .help = "zones that may use a new pool (all)" },
	{ .key = "filtering", .type = VALUE_CHOICE, .choices = "endpoint-independent address-dependent",
	  .help = "who may send to a mapping: anybody (the default), or whom it has sent to" },
	{ .key = "hold-down", .arg = "hold_down_s", .type = VALUE_NUMBER, .min = 0, .max = DAISY_CONFIG_MAX_TIMER_S,
	  .metavar = "SECONDS", .help = "how long a freed port rests (as the timer hold-down says)" },
	{ .key = "reuse-closed", .arg = "reuse_closed", .type = VALUE_BOOL,
	  .help = "whether ports of TCP that was closed need no rest (false)" },
	{ .key = NULL },
};

static const struct daisy_param delete_params[] = {
	{ .key = "name", .type = VALUE_NAME, .flags = PARAM_REQUIRED, .help = "the pool" },
	{ .key = "addresses", .type = VALUE_ADDRESSES, .flags = PARAM_REPEAT,
	  .help = "only these addresses; without it: the whole pool" },
	{ .key = NULL },
};

static const struct daisy_param compute_params[] = {
	{ .key = "config", .type = VALUE_FILE, .flags = PARAM_LOCAL,
	  .help = "configuration with deterministic pools" },
	{ .key = "name", .type = VALUE_NAME, .flags = PARAM_LOCAL, .help = "only this pool of it" },
	{ .key = "prefix", .type = VALUE_PREFIX, .flags = PARAM_LOCAL | PARAM_REPEAT,
	  .help = "without a configuration: inside addresses" },
	{ .key = "addresses", .type = VALUE_ADDRESSES, .flags = PARAM_LOCAL | PARAM_REPEAT,
	  .help = "external addresses" },
	{ .key = "ports", .type = VALUE_PORTS, .metavar = "FIRST-LAST", .flags = PARAM_LOCAL,
	  .help = "ports of an external address (1024-65535)" },
	{ .key = "reserved", .type = VALUE_PORTS, .metavar = "PORTS",
	  .flags = PARAM_LOCAL | PARAM_REPEAT, .help = "ports never given out: PORT or FIRST-LAST" },
	{ .key = "ports-per-subscriber", .type = VALUE_NUMBER, .min = 1, .max = 65535,
	  .flags = PARAM_LOCAL, .help = "ports of an inside address (as many as fit)" },
	{ .key = "overflow", .type = VALUE_NUMBER, .min = 0, .max = 65535, .flags = PARAM_LOCAL,
	  .help = "ports of an external address kept for overflow (0)" },
	{ .key = "algorithm", .type = VALUE_CHOICE, .choices = "sequential round-robin",
	  .flags = PARAM_LOCAL, .help = "how subscribers are dealt out (sequential)" },
	{ .key = "inside", .type = VALUE_ADDRESS, .flags = PARAM_LOCAL,
	  .help = "which external address and ports this inside address has" },
	{ .key = "external", .type = VALUE_ENDPOINT, .metavar = "ADDRESS:PORT",
	  .flags = PARAM_LOCAL, .help = "whose this external port is" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "List pools.", show_params, show },
	{ "add", "Make a pool, give one more addresses, or change it.", add_params, add },
	{ "compute", "Compute who has which ports, without a daemon (RFC 7422).", compute_params,
	  daisy_pool_compute },
	{ "delete", "Take addresses away, with all their mappings.", delete_params, delete },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_pool = {
	"pool", "named sets of external addresses", commands,
};
