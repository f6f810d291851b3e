/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy address: external addresses one by one. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/request.h"

/* "box-b copying 20000/64512" */
static void move_text(const json_t *item, char *buf, size_t size)
{
	const json_t *move = json_object_get(item, "move");
	const char *peer = json_string_value(json_object_get(move, "peer"));

	if (!json_is_object(move)) {
		snprintf(buf, size, "-");
		return;
	}
	snprintf(buf, size, "%s %s %lld/%lld", peer ? peer : "?",
		 json_string_value(json_object_get(move, "stage")),
		 (long long)json_integer_value(json_object_get(move, "done")),
		 (long long)json_integer_value(json_object_get(move, "mappings")));
}

static const struct daisy_column columns[] = {
	{ "address", "ADDRESS", FORMAT_TEXT, NULL },
	{ "pool", "POOL", FORMAT_TEXT, NULL },
	{ "state", "STATE", FORMAT_TEXT, NULL },
	{ "ports", "PORTS", FORMAT_NUMBER, NULL },
	{ "free.udp", "FREE-UDP", FORMAT_NUMBER, NULL },
	{ "free.tcp", "FREE-TCP", FORMAT_NUMBER, NULL },
	{ "free.icmp", "FREE-ICMP", FORMAT_NUMBER, NULL },
	{ "move", "MOVE", FORMAT_TEXT, move_text },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_list(cli, "address", "show", args->send, columns);
}

static enum daisy_exit set(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "address", "set", args->send, NULL);
}

static const struct daisy_column moved_fields[] = {
	{ "address", "address", FORMAT_TEXT, NULL },
	{ "to", "is with", FORMAT_TEXT, NULL },
	{ "mappings", "mappings", FORMAT_TEXT, NULL },
	{ "taken", "  taken there", FORMAT_TEXT, NULL },
	{ "connections", "TCP connections", FORMAT_TEXT, NULL },
	{ "subscribers", "subscribers", FORMAT_TEXT, NULL },
	{ "held", "ports in hold-down", FORMAT_TEXT, NULL },
	{ "stopped_ms", "stopped, ms", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit move(struct daisy_cli *cli, struct daisy_args *args)
{
	json_t *item;
	enum daisy_exit code = daisy_request_item(cli, "address", "move", args->send, &item);

	if (code)
		return code;
	daisy_print_record(cli, moved_fields, item);
	json_decref(item);
	return DAISY_EXIT_DONE;
}

static const struct daisy_param show_params[] = {
	{ .key = "address", .type = VALUE_ADDRESS, .help = "only this address" },
	{ .key = "pool", .type = VALUE_NAME, .metavar = "NAME", .help = "only addresses of this pool" },
	{ .key = NULL },
};

static const struct daisy_param set_params[] = {
	{ .key = "address", .type = VALUE_ADDRESS, .flags = PARAM_REQUIRED,
	  .help = "the external address" },
	{ .key = "state", .type = VALUE_CHOICE, .choices = "active draining", .flags = PARAM_REQUIRED,
	  .help = "draining: mappings stay, none is added" },
	{ .key = NULL },
};

static const struct daisy_param move_params[] = {
	{ .key = "address", .type = VALUE_ADDRESS, .flags = PARAM_REQUIRED,
	  .help = "the external address" },
	{ .key = "to", .type = VALUE_NAME, .metavar = "NAME", .flags = PARAM_REQUIRED,
	  .help = "the peer that is to have it" },
	{ .key = "method", .type = VALUE_CHOICE, .choices = "stop-and-copy", .flags = PARAM_REQUIRED,
	  .help = "stop-and-copy: its packets are dropped meanwhile" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "List external addresses with their free ports by protocol.", show_params, show },
	{ "set", "Drain an address, or use it again.", set_params, set },
	{ "move", "Move an address with its mappings to another box.", move_params, move },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_address = {
	"address", "external addresses: state and free ports", commands,
};
