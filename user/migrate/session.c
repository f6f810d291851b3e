/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/error.h"
#include "migrate/message.h"
#include "migrate/session.h"
#include "shared/version.h"

bool daisy_session_is_stranger(const struct daisy_session *session)
{
	return session->accepted && session->channel->state != CHANNEL_OPEN &&
	       session->channel->state != CHANNEL_CLOSED;
}

static void greet(struct daisy_session *session, enum daisy_message_type type, uint16_t lowest,
		  uint16_t highest, const char *reason)
{
	struct daisy_hello hello = { .lowest = lowest, .highest = highest, .software = DAISY_VERSION };

	strcpy(hello.name, session->peers->config.name);
	snprintf(hello.reason, sizeof(hello.reason), "%s", reason);
	daisy_hello_write(&session->channel->out, type, &hello);
	daisy_channel_flush(session->channel);
}

static void shaken(void *ctx)
{
	struct daisy_session *session = ctx;

	if (!session->accepted)
		greet(session, MESSAGE_HELLO, DAISY_PEER_VERSION_LOWEST, DAISY_PEER_VERSION_HIGHEST, "");
}

static void open_session(struct daisy_session *session, uint16_t version)
{
	session->version = version;
	session->since_ms = daisy_now_ms();
	daisy_channel_open(session->channel);
}

static void tell_opened(struct daisy_session *session)
{
	if (session->peers->user.opened && session->channel->state == CHANNEL_OPEN)
		session->peers->user.opened(session->peers->user.ctx, session);
}

/* Somebody with the key: is it who it says, in a version that we speak? */
static int judge(const struct daisy_session *session, const struct daisy_hello *hello,
		 const char *expected, uint16_t *version)
{
	if (strcmp(hello->name, expected)) {
		daisy_error_set("it calls itself \"%s\", expected \"%s\"", hello->name, expected);
		return -EPROTO;
	}
	*version = daisy_hello_version(hello);
	return *version ? 0 : -EPROTO;
}

/* A second session of a peer takes the place of the first: that one has lost its other end. */
static int receive_hello(struct daisy_session *session, const struct daisy_hello *hello)
{
	const char *name = daisy_tls_peer(session->channel->tls);
	struct daisy_peer *peer = daisy_peers_find(session->peers, name);
	uint16_t version;

	/* The handshake knew the name; a reload may have taken it away since. */
	if (!peer)
		daisy_error_set("\"%s\" is no peer", name);
	if (!peer || judge(session, hello, name, &version)) {
		greet(session, MESSAGE_HELLO_NO, DAISY_PEER_VERSION_LOWEST,
		      DAISY_PEER_VERSION_HIGHEST, daisy_error());
		return -EPROTO;
	}
	if (peer->from)
		daisy_channel_close(peer->from->channel, "it has connected again");
	session->peer = peer;
	peer->from = session;
	strcpy(peer->software, hello->software);
	open_session(session, version);
	greet(session, MESSAGE_HELLO_OK, version, version, "");
	tell_opened(session);
	return 0;
}

static int receive_hello_ok(struct daisy_session *session, const struct daisy_hello *hello)
{
	struct daisy_peer *peer = session->peer;
	uint16_t version;

	if (judge(session, hello, peer->config->name, &version))
		return -EPROTO;
	strcpy(peer->software, hello->software);
	peer->pause_ms = 0;
	*peer->error = '\0';
	open_session(session, version);
	daisy_log(LOG_NOTICE, "peer %s: connected, version %u of the protocol", peer->config->name,
		  version);
	tell_opened(session);
	return 0;
}

static int receive_greeting(struct daisy_session *session, const struct daisy_frame *frame)
{
	struct daisy_hello hello;

	if (frame->type != (session->accepted ? MESSAGE_HELLO : MESSAGE_HELLO_OK) &&
	    (session->accepted || frame->type != MESSAGE_HELLO_NO)) {
		daisy_error_set("%s (type %u) instead of a greeting", daisy_message_name(frame->type),
				frame->type);
		return -EPROTO;
	}
	if (daisy_hello_read(frame, &hello))
		return -EPROTO;
	if (frame->type == MESSAGE_HELLO)
		return receive_hello(session, &hello);
	if (frame->type == MESSAGE_HELLO_OK)
		return receive_hello_ok(session, &hello);
	daisy_error_set("refused by \"%s\": %s", hello.name, hello.reason);
	return -EPROTO;
}

static int receive(void *ctx, const struct daisy_frame *frame)
{
	struct daisy_session *session = ctx;

	if (session->channel->state != CHANNEL_OPEN)
		return receive_greeting(session, frame);
	if (frame->type & DAISY_MESSAGE_MAY_BE_IGNORED)
		return 0;
	if (session->peers->user.receive)
		return session->peers->user.receive(session->peers->user.ctx, session, frame);
	daisy_error_set("%s (type %u) was not expected", daisy_message_name(frame->type), frame->type);
	return -EPROTO;
}

static void drained(void *ctx)
{
	struct daisy_session *session = ctx;

	if (session->peers->user.drained)
		session->peers->user.drained(session->peers->user.ctx, session);
}

static void closed_stranger(struct daisy_session *session, const char *why)
{
	char who[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &session->from, who, sizeof(who));
	daisy_peers_complain(session->peers, who, why);
}

static void closed(void *ctx, const char *why)
{
	struct daisy_session *session = ctx;
	struct daisy_peer *peer = session->peer;

	if (!peer) {
		closed_stranger(session, why);
		return;
	}
	if (session->peers->user.lost && session->since_ms)
		session->peers->user.lost(session->peers->user.ctx, session);
	if (peer->from == session)
		peer->from = NULL;
	if (peer->to != session)
		return;
	peer->to = NULL;
	daisy_peer_retry(peer);
	/* Not at every attempt again. */
	if (strcmp(peer->error, why))
		daisy_log(LOG_WARNING, "peer %s: not connected: %s", peer->config->name, why);
	snprintf(peer->error, sizeof(peer->error), "%s", why);
}

static struct daisy_session *new_session(struct daisy_peers *peers, struct daisy_peer *peer, int fd)
{
	struct daisy_session *session = calloc(1, sizeof(*session));
	const struct daisy_channel_user user = {
		.shaken = shaken, .receive = receive, .drained = drained, .closed = closed,
		.ctx = session,
	};

	if (!session) {
		close(fd);
		return NULL;
	}
	session->peers = peers;
	session->peer = peer;
	session->accepted = !peer;
	session->channel = daisy_channel_new(peers->loop, peers->tls, fd, !peer, &user);
	if (!session->channel) {
		free(session);
		return NULL;
	}
	session->next = peers->sessions;
	peers->sessions = session;
	return session;
}

int daisy_session_connect(struct daisy_peers *peers, struct daisy_peer *peer, int fd)
{
	peer->to = new_session(peers, peer, fd);
	return peer->to ? 0 : -ENOMEM;
}

void daisy_session_accept(struct daisy_peers *peers, int fd, struct in_addr from)
{
	struct daisy_session *session = new_session(peers, NULL, fd);

	if (session)
		session->from = from;
}
