/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy instance: the daemons of this host. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/error.h"
#include "cli/request.h"

static const struct daisy_column fields[] = {
	{ "name", "name", FORMAT_TEXT, NULL },
	{ "version", "version", FORMAT_TEXT, NULL },
	{ "map_format", "map format", FORMAT_TEXT, NULL },
	{ "pid", "pid", FORMAT_TEXT, NULL },
	{ "config", "configuration", FORMAT_TEXT, NULL },
	{ "unsaved", "unsaved changes", FORMAT_TEXT, NULL },
	{ "uptime_s", "running for", FORMAT_SECONDS, NULL },
	{ "opened", "maps at start", FORMAT_TEXT, NULL },
	{ "links", "links", FORMAT_TEXT, NULL },
	{ "addresses", "external addresses", FORMAT_TEXT, NULL },
	{ "max_addresses", "  at most", FORMAT_TEXT, NULL },
	{ "max_mappings", "mappings at most", FORMAT_TEXT, NULL },
	{ "max_subscribers", "subscribers at most", FORMAT_TEXT, NULL },
	{ "max_connections", "connections at most", FORMAT_TEXT, NULL },
	{ "max_permissions", "permissions at most", FORMAT_TEXT, NULL },
	{ "metrics", "metrics", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static void print_members(const char *title, const json_t *object, enum daisy_format format)
{
	const char *key;
	json_t *value;

	printf("\n%s\n", title);
	json_object_foreach((json_t *)object, key, value) {
		struct daisy_column column = { .key = key, .format = format };
		char text[DAISY_FIELD_SIZE];

		daisy_field_text(&column, object, text, sizeof(text));
		printf("  %-18s %s\n", key, text);
	}
}

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	json_t *item;
	enum daisy_exit code = daisy_request_item(cli, "instance", "show", args->send, &item);

	if (code)
		return code;
	daisy_print_record(cli, fields, item);
	if (!cli->json) {
		print_members("timers", json_object_get(item, "timers"), FORMAT_SECONDS);
		print_members("options", json_object_get(item, "options"), FORMAT_TEXT);
	}
	json_decref(item);
	return DAISY_EXIT_DONE;
}

static const struct daisy_column list_columns[] = {
	{ "name", "INSTANCE", FORMAT_TEXT, NULL },
	{ "running", "RUNNING", FORMAT_TEXT, NULL },
	{ "pid", "PID", FORMAT_NUMBER, NULL },
	{ "version", "VERSION", FORMAT_TEXT, NULL },
	{ "uptime_s", "UPTIME", FORMAT_SECONDS, NULL },
	{ "links", "LINKS", FORMAT_NUMBER, NULL },
	{ "addresses", "ADDRESSES", FORMAT_NUMBER, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static void list_one(const struct daisy_cli *cli, struct daisy_table *table, const char *name)
{
	struct daisy_cli one = *cli;
	json_t *item;

	one.instance = name;
	if (daisy_request_item(&one, "instance", "show", NULL, &item) || !item)
		item = json_pack("{ssss}", "name", name, "error", daisy_error());
	else
		json_object_set_new(item, "running", json_true());
	if (!json_object_get(item, "running"))
		json_object_set_new(item, "running", json_false());
	daisy_table_row(table, item);
	json_decref(item);
}

static int is_socket_name(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && !strcmp(dot, ".sock");
}

static enum daisy_exit list(struct daisy_cli *cli, struct daisy_args *args)
{
	struct daisy_table *table = daisy_table_begin(cli, list_columns);
	struct dirent **names;
	int n = scandir(cli->run_dir, &names, is_socket_name, alphasort);

	(void)args;
	for (int i = 0; i < n; i++) {
		*strrchr(names[i]->d_name, '.') = '\0';
		list_one(cli, table, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	daisy_table_end(table, false);
	return DAISY_EXIT_DONE;
}

static enum daisy_exit reload(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "instance", "reload", args->send, NULL);
}

/* The name has to be typed: every mapping is lost. */
static enum daisy_exit purge(struct daisy_cli *cli, struct daisy_args *args)
{
	const char *name = daisy_args_string(args, "name");
	struct daisy_client *client;
	enum daisy_exit code;

	if (cli->instance && strcmp(cli->instance, name)) {
		daisy_error_set("name \"%s\" is not the instance of option -i, \"%s\"", name,
				cli->instance);
		return DAISY_EXIT_USAGE;
	}
	cli->instance = name;
	code = daisy_client_open(cli, &client);
	if (code) {
		daisy_error_set("%s; to purge it without: daisyd --purge %s", daisy_error(), name);
		return code;
	}
	daisy_client_close(client);
	return daisy_request_one(cli, "instance", "purge", args->send, NULL);
}

static enum daisy_exit clock_advance(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "instance", "clock-advance", args->send, NULL);
}

static const struct daisy_param purge_params[] = {
	{ .key = "name", .type = VALUE_INSTANCE, .flags = PARAM_REQUIRED | PARAM_LOCAL,
	  .help = "the instance, so that no other one is meant" },
	{ .key = NULL },
};

static const struct daisy_param clock_params[] = {
	{ .key = "seconds", .type = VALUE_NUMBER, .min = 1, .max = 100000000, .metavar = "SECONDS",
	  .flags = PARAM_REQUIRED, .help = "how far" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "Show one instance: sizes, timers, options.", NULL, show },
	{ "list", "List the instances of this host.", NULL, list },
	{ "reload", "Read the configuration file again; mappings stay.", NULL, reload },
	{ "purge", "Detach, forget every mapping, remove the guard, end the daemon.", purge_params, purge },
	{ "clock-advance", "Move the clock forward (daisyd --test-clock only).", clock_params, clock_advance },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_instance = {
	"instance", "the daemons of this host", commands,
};
