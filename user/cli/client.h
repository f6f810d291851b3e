/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's control socket, as user/control/PROTOCOL.md describes it. */
#ifndef DAISY_CLI_CLIENT_H
#define DAISY_CLI_CLIENT_H

#include <jansson.h>

#include "cli/cli.h"

struct daisy_client;

/* Called for each item; other than 0 ends the call early. */
typedef int (*daisy_item_fn)(void *ctx, json_t *item);

/*
 * Connect to the daemon of cli->instance, or of the only one there is. On
 * failure daisy_error() says what to do, and `*client` is NULL.
 */
enum daisy_exit daisy_client_open(const struct daisy_cli *cli, struct daisy_client **client);
void daisy_client_close(struct daisy_client *client);
/* Send a request and hand its items on. Not DONE: daisy_error() has the daemon's words. */
enum daisy_exit daisy_client_call(struct daisy_client *client, const char *object,
				  const char *command, json_t *args, daisy_item_fn fn, void *ctx);

#endif
