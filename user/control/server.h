/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control socket: clients, their buffers, the turn of each (PROTOCOL.md). A
 * client that does not read, or stops in the middle of a line, delays only
 * itself; all memory it can take is bounded.
 */
#ifndef DAISY_CONTROL_SERVER_H
#define DAISY_CONTROL_SERVER_H

#include <stddef.h>

struct daisy_daemon;
struct daisy_server;

int daisy_server_open(struct daisy_server **server, struct daisy_daemon *d);
/* Ends every client and removes the socket. NULL is fine. */
void daisy_server_close(struct daisy_server *server);
size_t daisy_server_clients(const struct daisy_server *server);

#endif
