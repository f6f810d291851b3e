/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy peer: the boxes that addresses move to and come from. */
#include "cli/commands.h"
#include "cli/request.h"

static const struct daisy_column columns[] = {
	{ "name", "PEER", FORMAT_TEXT, NULL },
	{ "address", "ADDRESS", FORMAT_TEXT, NULL },
	{ "state", "STATE", FORMAT_TEXT, NULL },
	{ "accepted", "ACCEPTED", FORMAT_TEXT, NULL },
	{ "version", "VERSION", FORMAT_NUMBER, NULL },
	{ "software", "SOFTWARE", FORMAT_TEXT, NULL },
	{ "since_s", "SINCE", FORMAT_SECONDS, NULL },
	{ "error", "ERROR", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_list(cli, "peer", "show", args->send, columns);
}

static const struct daisy_param show_params[] = {
	{ .key = "name", .type = VALUE_NAME, .metavar = "NAME", .help = "only this peer" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "List the boxes that this one knows, and whether it is connected with them.",
	  show_params, show },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_peer = {
	"peer", "other boxes that addresses move to and come from", commands,
};
