/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/request.h"
#include "control/server.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/log.h"
#include "lib/error.h"

#define MAX_CLIENTS 64

/* A job goes on while less than this waits to be read. */
#define OUT_LOW 65536

/* Beyond this, events of a monitor are dropped and counted. */
#define OUT_MONITOR 262144

struct client {
	struct daisy_server *server;
	struct client *next;
	struct daisy_watch watch;
	bool dead;		/* to be freed at the end of the turn */
	bool eof;		/* sends no more; gets its answers */
	bool closing;		/* dead once its buffer is empty */
	char *out;
	size_t out_from;	/* sent up to here */
	size_t out_to;
	size_t out_room;
	uint64_t lost;		/* events, since the last line */
	bool busy;		/* `request` is being answered */
	struct daisy_request request;
	size_t in_len;
	char in[DAISY_REQUEST_MAX];
};

struct daisy_server {
	struct daisy_daemon *daemon;
	struct daisy_watch watch;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct client *clients;
	size_t n_clients;
	size_t n_monitors;
};

static void handle_note(void *ctx, const struct daisy_note *note);

static size_t waiting(const struct client *client)
{
	return client->out_to - client->out_from;
}

static void finish_request(struct client *client)
{
	struct daisy_request *request = &client->request;
	struct daisy_server *server = client->server;

	if (request->finish)
		request->finish(request);
	if (request->note && --server->n_monitors == 0)
		daisy_events_ignore(server->daemon->events);
	json_decref(request->args);
	memset(request, 0, sizeof(*request));
	client->busy = false;
}

static void kill_client(struct client *client)
{
	if (client->dead)
		return;
	if (client->busy)
		finish_request(client);
	daisy_loop_remove(client->server->daemon->loop, &client->watch);
	close(client->watch.fd);
	client->dead = true;
}

static bool make_room(struct client *client, size_t len)
{
	size_t used = waiting(client), room = client->out_room ? client->out_room : 4096;
	char *larger;

	if (client->out_to + len <= client->out_room)
		return true;
	if (used)
		memmove(client->out, client->out + client->out_from, used);
	client->out_from = 0;
	client->out_to = used;
	while (room < used + len)
		room *= 2;
	if (room == client->out_room)
		return true;
	larger = realloc(client->out, room);
	if (!larger)
		return false;
	client->out = larger;
	client->out_room = room;
	return true;
}

/* Takes the reference. */
static void send_line(void *ctx, json_t *line)
{
	struct client *client = ctx;
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	json_decref(line);
	if (!text || !make_room(client, len + 1)) {
		/* An answer with a hole is worse than none. */
		client->closing = true;
		free(text);
		return;
	}
	memcpy(client->out + client->out_to, text, len);
	client->out[client->out_to + len] = '\n';
	client->out_to += len + 1;
	free(text);
}

static void send_done(struct client *client)
{
	send_line(client, json_pack("{s:b}", "done", 1));
}

static void send_error(struct client *client, bool usage)
{
	send_line(client, json_pack("{s:s,s:i}", "error", daisy_error(), "code", usage ? 2 : 1));
}

/* What a command or a step said: go on, or end the answer. */
static void handle_answer(struct client *client, int answer)
{
	bool stop;

	if (answer == ANSWER_MORE)
		return;
	if (answer == ANSWER_DONE)
		send_done(client);
	else
		send_error(client, client->request.usage);
	stop = client->request.stop && answer == ANSWER_DONE;
	finish_request(client);
	if (stop)
		daisy_loop_stop(client->server->daemon->loop, 0);
}

static void start_request(struct client *client, const char *line, size_t len)
{
	struct daisy_request *request = &client->request;
	const struct daisy_verb *verb;
	json_t *args;

	verb = daisy_request_parse(line, len, &args);
	if (!verb) {
		send_error(client, true);
		return;
	}
	*request = (struct daisy_request){ .daemon = client->server->daemon, .args = args,
					   .send = send_line, .client = client };
	client->busy = true;
	handle_answer(client, verb->start(request));
	/* A monitor hears of events from here on. */
	if (client->busy && request->note && client->server->n_monitors++ == 0)
		daisy_events_listen(client->server->daemon->events, handle_note, client->server);
}

/*
 * Take a whole line out of the buffer if its answer finds room. One in a turn of
 * the loop: requests that wait behind each other do not keep the timers waiting.
 */
static void start_next(struct client *client)
{
	char *end = memchr(client->in, '\n', client->in_len);
	size_t len;

	if (client->busy || client->closing || waiting(client) >= OUT_LOW)
		return;
	if (end) {
		len = (size_t)(end - client->in);
		if (len)
			start_request(client, client->in, len);
		client->in_len -= len + 1;
		memmove(client->in, end + 1, client->in_len);
	} else if (client->in_len == sizeof(client->in)) {
		daisy_error_set("line of more than %d bytes, expected a request", DAISY_REQUEST_MAX - 1);
		send_error(client, true);
		client->closing = true;
	}
}

static bool has_step(const struct client *client)
{
	const struct daisy_request *request = &client->request;

	return request->step && (!request->ready || request->ready(request));
}

static void step(struct client *client)
{
	if (client->busy && has_step(client) && waiting(client) < OUT_LOW)
		handle_answer(client, client->request.step(&client->request));
}

static void receive(struct client *client)
{
	ssize_t n;

	if (client->eof || client->in_len == sizeof(client->in))
		return;
	n = recv(client->watch.fd, client->in + client->in_len,
		 sizeof(client->in) - client->in_len, MSG_DONTWAIT);
	if (n > 0)
		client->in_len += (size_t)n;
	else if (!n)
		client->eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		kill_client(client);
}

static void transmit(struct client *client)
{
	while (waiting(client)) {
		ssize_t n = send(client->watch.fd, client->out + client->out_from,
				 waiting(client), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno != EINTR) {
			kill_client(client);
			return;
		}
		if (n > 0)
			client->out_from += (size_t)n;
	}
	client->out_from = 0;
	client->out_to = 0;
}

/* Whether there is something to do for this client without waiting for it. */
static bool is_runnable(const struct client *client)
{
	if (client->dead || client->closing || waiting(client) >= OUT_LOW)
		return false;
	return client->busy ? has_step(client) :
	       memchr(client->in, '\n', client->in_len) != NULL;
}

static void update(struct client *client)
{
	bool over = client->eof && (!client->busy || client->request.note) &&
		!memchr(client->in, '\n', client->in_len);
	uint32_t events = 0;

	if (client->dead)
		return;
	if ((client->closing || over) && !waiting(client)) {
		kill_client(client);
		return;
	}
	if (!client->eof && client->in_len < sizeof(client->in))
		events |= EPOLLIN;
	if (waiting(client))
		events |= EPOLLOUT;
	daisy_loop_change(client->server->daemon->loop, &client->watch, events);
}

static void handle_client(void *ctx, uint32_t events)
{
	struct client *client = ctx;

	if (events & (EPOLLHUP | EPOLLERR)) {
		kill_client(client);
		return;
	}
	if (events & EPOLLIN)
		receive(client);
	if (client->dead)
		return;
	start_next(client);
	transmit(client);
	update(client);
}

static void bury(struct daisy_server *server)
{
	struct client **place = &server->clients;

	while (*place) {
		struct client *client = *place;

		if (!client->dead) {
			place = &client->next;
			continue;
		}
		*place = client->next;
		server->n_clients--;
		free(client->out);
		free(client);
	}
}

/* A piece of every job; a slow client has its buffer full and costs nothing. */
static bool work(void *ctx)
{
	struct daisy_server *server = ctx;
	bool more = false;

	for (struct client *client = server->clients; client; client = client->next) {
		if (is_runnable(client)) {
			step(client);
			start_next(client);
			transmit(client);
		}
		if (!client->dead)
			update(client);
		more = more || is_runnable(client);
	}
	bury(server);
	return more;
}

static void tell_monitor(struct client *client, const struct daisy_note *note)
{
	if (waiting(client) >= OUT_MONITOR) {
		client->lost++;
		return;
	}
	if (client->lost) {
		const struct daisy_note lost = { .kind = NOTE_LOST, .lost = client->lost };

		client->lost = 0;
		client->request.note(&client->request, &lost);
	}
	client->request.note(&client->request, note);
}

/* The loop's next turn sends what is written here. */
static void handle_note(void *ctx, const struct daisy_note *note)
{
	struct daisy_server *server = ctx;

	for (struct client *client = server->clients; client; client = client->next) {
		if (client->dead || !client->busy || !client->request.note)
			continue;
		tell_monitor(client, note);
		update(client);
	}
}

static bool is_root(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.uid == 0;
}

static void turn_away(int fd, const char *why)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "{\"error\":\"%s\",\"code\":1}\n", why);

	if (send(fd, line, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		daisy_log(LOG_INFO, "a client left before it was turned away");
	close(fd);
}

static void handle_accept(void *ctx, uint32_t events)
{
	struct daisy_server *server = ctx;
	int fd = accept4(server->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0)
		return;
	if (!is_root(fd)) {
		turn_away(fd, "only root may use the control socket");
		return;
	}
	client = server->n_clients < MAX_CLIENTS ? calloc(1, sizeof(*client)) : NULL;
	if (!client) {
		turn_away(fd, "too many clients, expected at most 64 at a time");
		return;
	}
	client->server = server;
	client->watch = (struct daisy_watch){ .fd = fd, .events = EPOLLIN, .fn = handle_client,
					      .ctx = client };
	if (daisy_loop_add(server->daemon->loop, &client->watch)) {
		close(fd);
		free(client);
		return;
	}
	client->next = server->clients;
	server->clients = client;
	server->n_clients++;
}

/* The pins' lock says that no other daemon of this name runs: an old socket is a leftover. */
static int listen_on(struct daisy_server *server, const char *run_dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, err;

	if ((size_t)snprintf(server->path, sizeof(server->path), "%s/%s.sock", run_dir, name) >=
	    sizeof(server->path)) {
		daisy_error_set("\"%s\" is too long for a control socket, expected at most 60 "
				"characters", run_dir);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, server->path, sizeof(address.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (mkdir(run_dir, 0755) && errno != EEXIST)
		goto fail;
	unlink(server->path);
	mask = umask(0117);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (!err && !listen(fd, MAX_CLIENTS))
		return fd;
fail:
	err = -errno;
	daisy_error_set("cannot listen on \"%s\": %s", server->path, strerror(-err));
	close(fd);
	return err;
}

int daisy_server_open(struct daisy_server **result, struct daisy_daemon *d)
{
	struct daisy_server *server = calloc(1, sizeof(*server));
	int fd, err;

	*result = NULL;
	if (!server) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	server->daemon = d;
	fd = listen_on(server, d->options.run_dir, d->config->name);
	if (fd < 0) {
		free(server);
		return fd;
	}
	server->watch = (struct daisy_watch){ .fd = fd, .events = EPOLLIN, .fn = handle_accept,
					      .ctx = server };
	err = daisy_loop_add(d->loop, &server->watch);
	if (err) {
		close(fd);
		free(server);
		return err;
	}
	daisy_loop_work(d->loop, work, server);
	*result = server;
	return 0;
}

void daisy_server_close(struct daisy_server *server)
{
	if (!server)
		return;
	for (struct client *client = server->clients; client; client = client->next)
		if (!client->dead)
			kill_client(client);
	bury(server);
	daisy_loop_remove(server->daemon->loop, &server->watch);
	close(server->watch.fd);
	unlink(server->path);
	free(server);
}

size_t daisy_server_clients(const struct daisy_server *server)
{
	return server ? server->n_clients : 0;
}
