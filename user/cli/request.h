/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request to the daemon whose answer is printed as it comes. */
#ifndef DAISY_CLI_REQUEST_H
#define DAISY_CLI_REQUEST_H

#include <jansson.h>

#include "cli/print.h"

/* Items as a table, or as a JSON array. */
enum daisy_exit daisy_request_list(struct daisy_cli *cli, const char *object, const char *command,
				   json_t *args, const struct daisy_column *columns);
/* The only item as lines, or as a JSON object. `columns` NULL: {} in JSON, nothing in text. */
enum daisy_exit daisy_request_one(struct daisy_cli *cli, const char *object, const char *command,
				  json_t *args, const struct daisy_column *columns);
/* The only item itself, a new reference in *item (NULL if there was none); nothing is printed. */
enum daisy_exit daisy_request_item(struct daisy_cli *cli, const char *object, const char *command,
				   json_t *args, json_t **item);

#endif
