/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: a channel whose two ends have greeted each other. Who connects is
 * the source of the moves in it, who accepts the target. Inside of
 * migrate/peers.h, shared with migrate/peers.c.
 */
#ifndef DAISY_MIGRATE_SESSION_H
#define DAISY_MIGRATE_SESSION_H

#include <netinet/in.h>

#include "migrate/channel.h"
#include "migrate/peers.h"

struct daisy_peer {
	const struct daisy_config_peer *config;
	struct daisy_session *to;	/* ours, maybe not open yet */
	struct daisy_session *from;	/* theirs, open */
	uint64_t retry_ms;
	uint32_t pause_ms;
	char software[32];
	char error[256];
};

struct daisy_session {
	struct daisy_session *next;
	struct daisy_peers *peers;
	struct daisy_peer *peer;	/* NULL: a stranger */
	struct daisy_channel *channel;
	bool accepted;
	struct in_addr from;		/* of one that was accepted */
	uint16_t version;
	uint64_t since_ms;
};

/* Who moves addresses (migrate/moves.h). All may be called from within each other. */
struct daisy_peers_user {
	/* A session is open; ours: we connected. */
	void (*opened)(void *ctx, struct daisy_session *session);
	/* It is not any more. */
	void (*lost)(void *ctx, struct daisy_session *session);
	int (*receive)(void *ctx, struct daisy_session *session, const struct daisy_frame *frame);
	void (*drained)(void *ctx, struct daisy_session *session);
	void *ctx;
};

struct daisy_peers {
	struct daisy_loop *loop;
	struct daisy_config_peering config;
	uint8_t key[DAISY_KEY_BYTES];
	struct daisy_tls *tls;		/* NULL: no peers */
	struct daisy_watch watch;	/* fd -1: listens nowhere */
	struct daisy_peer peer[DAISY_CONFIG_MAX_PEERS];
	struct daisy_session *sessions;	/* the newest first */
	uint64_t complained_ms;
	struct daisy_peers_user user;
};

struct daisy_peer *daisy_peers_find(struct daisy_peers *peers, const char *name);
void daisy_peers_complain(struct daisy_peers *peers, const char *who, const char *why);
void daisy_peer_retry(struct daisy_peer *peer);

/* Take a socket, and close it if there is no memory. */
int daisy_session_connect(struct daisy_peers *peers, struct daisy_peer *peer, int fd);
void daisy_session_accept(struct daisy_peers *peers, int fd, struct in_addr from);
/* Accepted, and has not greeted. */
bool daisy_session_is_stranger(const struct daisy_session *session);

#endif
