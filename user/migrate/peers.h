/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boxes that this one knows. It keeps a session with each, in which it is
 * the source of moves and the other the target; the other one's own session
 * to us is another. Who is not known, or does not have the key, is cut off
 * before it has said a word.
 */
#ifndef DAISY_MIGRATE_PEERS_H
#define DAISY_MIGRATE_PEERS_H

#include "config/config.h"
#include "daemon/loop.h"

struct daisy_peers;

enum daisy_peer_state {
	PEER_CLOSED,		/* waits until it tries again */
	PEER_CONNECTING,
	PEER_OPEN,
};

struct daisy_peer_status {
	const char *name;
	const char *address;
	enum daisy_peer_state to;	/* our session with it */
	bool from;			/* it has a session with us */
	uint16_t version;		/* of our session, 0: none is open */
	const char *software;		/* what it runs, as it says; "": not known */
	const char *error;		/* why our session is not open; "" */
	uint64_t since_ms;		/* our session is open, CLOCK_MONOTONIC */
};

int daisy_peers_open(struct daisy_peers **peers, struct daisy_loop *loop);
/* NULL is fine. */
void daisy_peers_close(struct daisy_peers *peers);
/*
 * Be what a configuration says. If that changes anything, every session begins
 * anew. On an error (key file, listen address) everything stays as it was.
 */
int daisy_peers_apply(struct daisy_peers *peers, const struct daisy_config_peering *config);
/* Every 100 ms. */
void daisy_peers_step(struct daisy_peers *peers);

/* Before anything is applied. */
struct daisy_peers_user;
void daisy_peers_use(struct daisy_peers *peers, const struct daisy_peers_user *user);

size_t daisy_peers_count(const struct daisy_peers *peers);
void daisy_peers_status(const struct daisy_peers *peers, size_t i, struct daisy_peer_status *status);
/* Connections accepted that have not greeted yet. */
size_t daisy_peers_strangers(const struct daisy_peers *peers);

#endif
