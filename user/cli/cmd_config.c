/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy config: the running configuration and its file. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/request.h"

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	json_t *item;
	enum daisy_exit code = daisy_request_item(cli, "config", "show", args->send, &item);
	const char *text = json_string_value(json_object_get(item, "text"));

	if (code)
		return code;
	if (cli->json)
		daisy_print_json(cli, item);
	else
		fputs(text ? text : "", stdout);
	json_decref(item);
	return DAISY_EXIT_DONE;
}

static const struct daisy_column save_fields[] = {
	{ "file", "saved", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit save(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "config", "save", args->send, save_fields);
}

static const struct daisy_column check_fields[] = {
	{ "file", "file", FORMAT_TEXT, NULL },
	{ "unsaved", "unsaved", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

/* For scripts: 3 as long as somebody has to save. */
static enum daisy_exit check(struct daisy_cli *cli, struct daisy_args *args)
{
	json_t *item;
	enum daisy_exit code = daisy_request_item(cli, "config", "show", args->send, &item);

	if (code)
		return code;
	json_object_del(item, "text");
	daisy_print_record(cli, check_fields, item);
	code = json_is_true(json_object_get(item, "unsaved")) ? DAISY_EXIT_DIFFERS : DAISY_EXIT_DONE;
	json_decref(item);
	return code;
}

static const struct daisy_command commands[] = {
	{ "show", "Print the running configuration, ready to be used as a file.", NULL, show },
	{ "check", "Say whether the file has it all; exit code 3 if something is unsaved.", NULL, check },
	{ "save", "Write the running configuration to its file.", NULL, save },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_config = {
	"config", "the running configuration and its file", commands,
};
