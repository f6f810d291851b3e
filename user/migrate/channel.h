/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection between two daemons: TCP, TLS, frames. It waits for nothing;
 * who does not finish its handshake in time, sends what is no frame, or says
 * nothing for too long, is cut off.
 */
#ifndef DAISY_MIGRATE_CHANNEL_H
#define DAISY_MIGRATE_CHANNEL_H

#include "daemon/loop.h"
#include "migrate/frame.h"
#include "migrate/tls.h"

/* From connect to the end of the greeting. */
#define DAISY_CHANNEL_GREETING_MS 5000
/* A peer says something every second; longer than any pause of a daemon that is alive. */
#define DAISY_CHANNEL_SILENT_MS 10000
#define DAISY_CHANNEL_PING_MS 1000

enum daisy_channel_state {
	CHANNEL_CONNECTING,	/* TCP */
	CHANNEL_SHAKING,	/* TLS */
	CHANNEL_GREETING,	/* the key is right: HELLO */
	CHANNEL_OPEN,
	CHANNEL_CLOSED,		/* daisy_channel_free may be called */
};

struct daisy_channel;

struct daisy_channel_user {
	/* The handshake has ended well: the key is right. */
	void (*shaken)(void *ctx);
	/* -errno with daisy_error() closes the channel. */
	int (*receive)(void *ctx, const struct daisy_frame *frame);
	/* Little waits to be sent: there is room for more. */
	void (*drained)(void *ctx);
	/* Once, with the reason; not by daisy_channel_free. */
	void (*closed)(void *ctx, const char *why);
	void *ctx;
};

struct daisy_channel {
	struct daisy_loop *loop;
	struct daisy_watch watch;
	struct daisy_tls_stream *tls;
	enum daisy_channel_state state;
	struct daisy_channel_user user;
	struct daisy_frames out;
	uint8_t *in;
	size_t in_len;
	size_t in_room;
	bool more;		/* the user has more to send as soon as there is room */
	uint64_t started_ms;
	uint64_t heard_ms;
	uint64_t said_ms;
};

/* Takes the socket, connected or (not accepting) on its way. NULL: no memory, and it is closed. */
struct daisy_channel *daisy_channel_new(struct daisy_loop *loop, struct daisy_tls *tls, int fd,
					bool accepting, const struct daisy_channel_user *user);
void daisy_channel_free(struct daisy_channel *channel);
/* The greeting has ended well: larger frames, pings. */
void daisy_channel_open(struct daisy_channel *channel);
/* Send what stands in channel->out. */
void daisy_channel_flush(struct daisy_channel *channel);
void daisy_channel_close(struct daisy_channel *channel, const char *why);
/* Every 100 ms: deadlines, pings. */
void daisy_channel_step(struct daisy_channel *channel, uint64_t now_ms);

#endif
