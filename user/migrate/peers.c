/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/error.h"
#include "migrate/session.h"

/* Connections accepted that have not greeted; the next one takes the place of the oldest. */
#define MAX_STRANGERS 8
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 5000
/* Complaints about strangers, who may come as often as they like. */
#define COMPLAIN_MS 1000

static bool is_known(void *ctx, const char *name)
{
	return daisy_peers_find(ctx, name);
}

struct daisy_peer *daisy_peers_find(struct daisy_peers *peers, const char *name)
{
	for (size_t i = 0; i < peers->config.n_peers; i++)
		if (!strcmp(peers->peer[i].config->name, name))
			return &peers->peer[i];
	return NULL;
}

/* The configuration has checked it. */
static struct sockaddr_in read_place(const char *text)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in place = { .sin_family = AF_INET };
	char host[DAISY_CONFIG_PLACE_SIZE];

	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	inet_pton(AF_INET, host, &place.sin_addr);
	place.sin_port = htons((uint16_t)atoi(colon + 1));
	return place;
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int listen_on(const char *text)
{
	struct sockaddr_in place = read_place(text);
	int fd = new_socket(), one = 1, err;

	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	    !bind(fd, (struct sockaddr *)&place, sizeof(place)) && !listen(fd, MAX_STRANGERS))
		return fd;
	err = -errno;
	daisy_error_set("peer.listen: cannot listen on \"%s\": %s", text, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

void daisy_peers_complain(struct daisy_peers *peers, const char *who, const char *why)
{
	uint64_t now_ms = daisy_now_ms();

	if (now_ms - peers->complained_ms < COMPLAIN_MS)
		return;
	peers->complained_ms = now_ms;
	daisy_log(LOG_WARNING, "peer connection from %s refused: %s", who, why);
}

/* One more stranger; the oldest makes room. */
static void bound_strangers(struct daisy_peers *peers)
{
	struct daisy_session *oldest = NULL;
	size_t n = 0;

	for (struct daisy_session *s = peers->sessions; s; s = s->next)
		if (daisy_session_is_stranger(s)) {
			oldest = s;	/* new ones stand in front */
			n++;
		}
	if (n >= MAX_STRANGERS)
		daisy_channel_close(oldest->channel, "too many others knock");
}

static void handle_accept(void *ctx, uint32_t events)
{
	struct daisy_peers *peers = ctx;
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof(from);
	int fd = accept4(peers->watch.fd, (struct sockaddr *)&from, &len,
			 SOCK_CLOEXEC | SOCK_NONBLOCK), one = 1;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	bound_strangers(peers);
	daisy_session_accept(peers, fd, from.sin_addr);
}

static void connect_to(struct daisy_peers *peers, struct daisy_peer *peer)
{
	struct sockaddr_in place = read_place(peer->config->address);
	int fd = new_socket();

	if (fd >= 0 && connect(fd, (struct sockaddr *)&place, sizeof(place)) && errno != EINPROGRESS) {
		snprintf(peer->error, sizeof(peer->error), "%s", strerror(errno));
		close(fd);
		fd = -1;
	}
	if (fd < 0 || daisy_session_connect(peers, peer, fd))
		daisy_peer_retry(peer);
}

/* Later each time, up to five seconds. */
void daisy_peer_retry(struct daisy_peer *peer)
{
	peer->pause_ms = peer->pause_ms ? 2 * peer->pause_ms : RETRY_MIN_MS;
	if (peer->pause_ms > RETRY_MAX_MS)
		peer->pause_ms = RETRY_MAX_MS;
	peer->retry_ms = daisy_now_ms() + peer->pause_ms;
}

static void bury(struct daisy_peers *peers)
{
	struct daisy_session **place = &peers->sessions;

	while (*place) {
		struct daisy_session *session = *place;

		if (session->channel->state != CHANNEL_CLOSED) {
			place = &session->next;
			continue;
		}
		*place = session->next;
		daisy_channel_free(session->channel);
		free(session);
	}
}

void daisy_peers_step(struct daisy_peers *peers)
{
	uint64_t now_ms = daisy_now_ms();

	for (struct daisy_session *s = peers->sessions; s; s = s->next)
		daisy_channel_step(s->channel, now_ms);
	bury(peers);
	for (size_t i = 0; i < peers->config.n_peers; i++)
		if (!peers->peer[i].to && now_ms >= peers->peer[i].retry_ms)
			connect_to(peers, &peers->peer[i]);
}

static void stop(struct daisy_peers *peers)
{
	while (peers->sessions) {
		struct daisy_session *session = peers->sessions;

		peers->sessions = session->next;
		if (peers->user.lost && session->peer && session->channel->state == CHANNEL_OPEN)
			peers->user.lost(peers->user.ctx, session);
		if (session->peer && session->peer->to == session)
			session->peer->to = NULL;
		daisy_channel_free(session->channel);
		free(session);
	}
	if (peers->watch.fd >= 0) {
		daisy_loop_remove(peers->loop, &peers->watch);
		close(peers->watch.fd);
	}
	peers->watch.fd = -1;
	daisy_tls_close(peers->tls);
	peers->tls = NULL;
	memset(&peers->config, 0, sizeof(peers->config));
	memset(peers->peer, 0, sizeof(peers->peer));
	explicit_bzero(peers->key, sizeof(peers->key));
}

/* What a configuration needs, before anything of the old one is given up. */
struct ready {
	uint8_t key[DAISY_KEY_BYTES];
	struct daisy_tls *tls;
	int fd;			/* of the listener; -1: none */
	bool keeps_fd;		/* it is the one there is */
};

static int prepare(struct daisy_peers *peers, const struct daisy_config_peering *config,
		   struct ready *ready)
{
	int err;

	ready->fd = -1;
	if (!*config->name)
		return 0;
	err = daisy_key_load(config->key_file, ready->key);
	if (!err)
		err = daisy_tls_open(&ready->tls, config->name, ready->key, is_known, peers);
	if (err || !*config->listen)
		return err;
	ready->keeps_fd = !strcmp(config->listen, peers->config.listen);
	ready->fd = ready->keeps_fd ? peers->watch.fd : listen_on(config->listen);
	return ready->fd < 0 ? ready->fd : 0;
}

static int start(struct daisy_peers *peers, const struct daisy_config_peering *config,
		 struct ready *ready)
{
	if (ready->keeps_fd) {
		daisy_loop_remove(peers->loop, &peers->watch);
		peers->watch.fd = -1;
	}
	stop(peers);
	peers->config = *config;
	peers->tls = ready->tls;
	memcpy(peers->key, ready->key, sizeof(peers->key));
	for (size_t i = 0; i < config->n_peers; i++)
		peers->peer[i].config = &peers->config.peer[i];
	if (ready->fd < 0)
		return 0;
	peers->watch = (struct daisy_watch){ .fd = ready->fd, .events = EPOLLIN,
					     .fn = handle_accept, .ctx = peers };
	return daisy_loop_add(peers->loop, &peers->watch);
}

int daisy_peers_apply(struct daisy_peers *peers, const struct daisy_config_peering *config)
{
	struct ready ready = { 0 };
	int err = prepare(peers, config, &ready);

	if (!err && (memcmp(config, &peers->config, sizeof(*config)) ||
		     memcmp(ready.key, peers->key, sizeof(ready.key))))
		err = start(peers, config, &ready);
	else
		daisy_tls_close(ready.tls);
	explicit_bzero(ready.key, sizeof(ready.key));
	return err;
}

int daisy_peers_open(struct daisy_peers **result, struct daisy_loop *loop)
{
	struct daisy_peers *peers = calloc(1, sizeof(*peers));

	*result = peers;
	if (!peers) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	peers->loop = loop;
	peers->watch.fd = -1;
	return 0;
}

void daisy_peers_use(struct daisy_peers *peers, const struct daisy_peers_user *user)
{
	peers->user = *user;
}

void daisy_peers_close(struct daisy_peers *peers)
{
	if (!peers)
		return;
	stop(peers);
	free(peers);
}

size_t daisy_peers_count(const struct daisy_peers *peers)
{
	return peers->config.n_peers;
}

void daisy_peers_status(const struct daisy_peers *peers, size_t i, struct daisy_peer_status *status)
{
	const struct daisy_peer *peer = &peers->peer[i];
	bool open = peer->to && peer->to->channel->state == CHANNEL_OPEN;

	*status = (struct daisy_peer_status){
		.name = peer->config->name, .address = peer->config->address,
		.to = open ? PEER_OPEN : peer->to ? PEER_CONNECTING : PEER_CLOSED,
		.from = peer->from, .version = open ? peer->to->version : 0,
		.software = peer->software, .error = open ? "" : peer->error,
		.since_ms = open ? peer->to->since_ms : 0,
	};
}

size_t daisy_peers_strangers(const struct daisy_peers *peers)
{
	size_t n = 0;

	for (const struct daisy_session *s = peers->sessions; s; s = s->next)
		n += daisy_session_is_stranger(s);
	return n;
}
