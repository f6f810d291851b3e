/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/client.h"
#include "cli/request.h"

static int print_row(void *ctx, json_t *item)
{
	daisy_table_row(ctx, item);
	return daisy_print_broken();
}

enum daisy_exit daisy_request_list(struct daisy_cli *cli, const char *object, const char *command,
				   json_t *args, const struct daisy_column *columns)
{
	struct daisy_client *client;
	struct daisy_table *table;
	enum daisy_exit code = daisy_client_open(cli, &client);

	if (code)
		return code;
	table = daisy_table_begin(cli, columns);
	code = daisy_client_call(client, object, command, args, print_row, table);
	daisy_table_end(table, code != DAISY_EXIT_DONE);
	daisy_client_close(client);
	return code;
}

static int keep_item(void *ctx, json_t *item)
{
	json_t **kept = ctx;

	json_decref(*kept);
	*kept = json_incref(item);
	return 0;
}

enum daisy_exit daisy_request_item(struct daisy_cli *cli, const char *object, const char *command,
				   json_t *args, json_t **item)
{
	struct daisy_client *client;
	enum daisy_exit code = daisy_client_open(cli, &client);

	*item = NULL;
	if (code)
		return code;
	code = daisy_client_call(client, object, command, args, keep_item, item);
	daisy_client_close(client);
	if (code) {
		json_decref(*item);
		*item = NULL;
	}
	return code;
}

enum daisy_exit daisy_request_one(struct daisy_cli *cli, const char *object, const char *command,
				  json_t *args, const struct daisy_column *columns)
{
	json_t *item;
	enum daisy_exit code = daisy_request_item(cli, object, command, args, &item);

	if (code)
		return code;
	if (!item)
		item = json_object();
	if (columns)
		daisy_print_record(cli, columns, item);
	else if (cli->json)
		daisy_print_json(cli, item);
	json_decref(item);
	return DAISY_EXIT_DONE;
}
