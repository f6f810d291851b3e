/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy subscriber: inside addresses and the external address each is paired with. */
#include "cli/commands.h"
#include "cli/request.h"

static const struct daisy_column columns[] = {
	{ "address", "SUBSCRIBER", FORMAT_TEXT, NULL },
	{ "zone", "ZONE", FORMAT_NUMBER, NULL },
	{ "external", "EXTERNAL", FORMAT_TEXT, NULL },
	{ "mappings", "MAPPINGS", FORMAT_NUMBER, NULL },
	{ "idle_s", "IDLE", FORMAT_SECONDS, NULL },
	{ "blocks", "BLOCKS", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_list(cli, "subscriber", "show", args->send, columns);
}

static const struct daisy_param show_params[] = {
	{ .key = "address", .type = VALUE_ADDRESS, .help = "only this inside address" },
	{ .key = "zone", .type = VALUE_NUMBER, .min = 0, .max = DAISY_MAX_ZONES - 1,
	  .metavar = "ZONE", .help = "only this zone, 0-255" },
	{ .key = "external", .type = VALUE_ADDRESS, .help = "only those paired with this external address" },
	{ .key = "limit", .type = VALUE_NUMBER, .min = 1, .max = UINT32_MAX,
	  .help = "at most so many" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "List subscribers: external address, mappings, time since one came or went.",
	  show_params, show },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_subscriber = {
	"subscriber", "inside addresses and the external address of each", commands,
};
