/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy address: external addresses one by one. */
#include "cli/commands.h"
#include "cli/request.h"

static const struct daisy_column columns[] = {
	{ "address", "ADDRESS", FORMAT_TEXT, NULL },
	{ "pool", "POOL", FORMAT_TEXT, NULL },
	{ "state", "STATE", FORMAT_TEXT, NULL },
	{ "ports", "PORTS", FORMAT_NUMBER, NULL },
	{ "free.udp", "FREE-UDP", FORMAT_NUMBER, NULL },
	{ "free.tcp", "FREE-TCP", FORMAT_NUMBER, NULL },
	{ "free.icmp", "FREE-ICMP", FORMAT_NUMBER, NULL },
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

static const struct daisy_command commands[] = {
	{ "show", "List external addresses with their free ports by protocol.", show_params, show },
	{ "set", "Drain an address, or use it again.", set_params, set },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_address = {
	"address", "external addresses: state and free ports", commands,
};
