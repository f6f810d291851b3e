/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/error.h"
#include "migrate/channel.h"
#include "migrate/message.h"

/* A TLS record: what a read yields at most. */
#define PIECE 16384
/* Reads in one turn of the loop: others want their turn, too. */
#define READS 16
/* Below this the user is asked for more. */
#define OUT_LOW 65536

static void handle(void *ctx, uint32_t events);

static size_t waiting(const struct daisy_channel *channel)
{
	return channel->out.to - channel->out.from;
}

struct daisy_channel *daisy_channel_new(struct daisy_loop *loop, struct daisy_tls *tls, int fd,
					bool accepting, const struct daisy_channel_user *user)
{
	struct daisy_channel *channel = calloc(1, sizeof(*channel));

	if (!channel) {
		close(fd);
		daisy_error_set("no memory");
		return NULL;
	}
	*channel = (struct daisy_channel){
		.loop = loop, .user = *user,
		.state = accepting ? CHANNEL_SHAKING : CHANNEL_CONNECTING,
		.watch = { .fd = fd, .events = accepting ? EPOLLIN : EPOLLOUT, .fn = handle,
			   .ctx = channel },
		.started_ms = daisy_now_ms(),
	};
	channel->heard_ms = channel->said_ms = channel->started_ms;
	channel->tls = daisy_tls_stream_new(tls, fd, accepting);
	if (channel->tls && !daisy_loop_add(loop, &channel->watch))
		return channel;
	daisy_error_set("no memory");
	daisy_tls_stream_free(channel->tls);
	close(fd);
	free(channel);
	return NULL;
}

static void release(struct daisy_channel *channel)
{
	if (channel->state == CHANNEL_CLOSED)
		return;
	channel->state = CHANNEL_CLOSED;
	daisy_loop_remove(channel->loop, &channel->watch);
	daisy_tls_stream_free(channel->tls);
	close(channel->watch.fd);
	channel->tls = NULL;
	daisy_frames_clear(&channel->out);
}

void daisy_channel_free(struct daisy_channel *channel)
{
	if (!channel)
		return;
	release(channel);
	free(channel->in);
	free(channel);
}

void daisy_channel_close(struct daisy_channel *channel, const char *why)
{
	char reason[DAISY_ERROR_SIZE];

	if (channel->state == CHANNEL_CLOSED)
		return;
	strncpy(reason, why, sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	release(channel);
	channel->user.closed(channel->user.ctx, reason);
}

void daisy_channel_open(struct daisy_channel *channel)
{
	channel->state = CHANNEL_OPEN;
}

/* For what to wait now. */
static void update(struct daisy_channel *channel)
{
	uint32_t events = EPOLLIN;

	if (channel->state == CHANNEL_CLOSED)
		return;
	if (channel->state == CHANNEL_SHAKING)
		events = daisy_tls_wants_write(channel->tls) ? EPOLLOUT : EPOLLIN;
	else if (waiting(channel) || channel->more)
		events |= EPOLLOUT;
	daisy_loop_change(channel->loop, &channel->watch, events);
}

/* False if the connection was lost. */
static bool transmit(struct daisy_channel *channel)
{
	while (waiting(channel)) {
		ssize_t n = daisy_tls_write(channel->tls, channel->out.data + channel->out.from,
					    waiting(channel));

		if (n == -EAGAIN)
			return true;
		if (n < 0) {
			daisy_channel_close(channel, daisy_error());
			return false;
		}
		channel->out.from += (size_t)n;
		channel->said_ms = daisy_now_ms();
	}
	return true;
}

void daisy_channel_flush(struct daisy_channel *channel)
{
	if (channel->state != CHANNEL_GREETING && channel->state != CHANNEL_OPEN)
		return;
	if (channel->out.failed)
		daisy_channel_close(channel, "no memory for what is to be sent");
	else if (transmit(channel))
		update(channel);
}

static size_t frame_max(const struct daisy_channel *channel)
{
	return channel->state == CHANNEL_OPEN ? DAISY_FRAME_MAX : DAISY_FRAME_MAX_GREETING;
}

static int receive(struct daisy_channel *channel, const struct daisy_frame *frame)
{
	channel->heard_ms = daisy_now_ms();
	if (channel->state == CHANNEL_OPEN && frame->type == MESSAGE_PING)
		return 0;
	return channel->user.receive(channel->user.ctx, frame);
}

/* Every whole frame of the buffer. False if the channel is closed now. */
static bool take_frames(struct daisy_channel *channel)
{
	struct daisy_frame frame;
	size_t at = 0;
	int n;

	do {
		n = daisy_frame_parse(channel->in + at, channel->in_len - at, frame_max(channel), &frame);
		if (n > 0 && receive(channel, &frame))
			n = -EPROTO;
		if (channel->state == CHANNEL_CLOSED)
			return false;
		if (n < 0) {
			daisy_channel_close(channel, daisy_error());
			return false;
		}
		at += (size_t)n;
	} while (n);
	channel->in_len -= at;
	memmove(channel->in, channel->in + at, channel->in_len);
	return true;
}

/* Grows to the longest frame that may come, and no further. */
static bool make_room(struct daisy_channel *channel)
{
	size_t room = channel->in_room ? channel->in_room : 2 * PIECE;
	uint8_t *larger;

	if (channel->in_len + PIECE <= channel->in_room)
		return true;
	while (room < channel->in_len + PIECE)
		room *= 2;
	larger = realloc(channel->in, room);
	if (!larger) {
		daisy_channel_close(channel, "no memory for what is received");
		return false;
	}
	channel->in = larger;
	channel->in_room = room;
	return true;
}

static void receive_some(struct daisy_channel *channel)
{
	for (int i = 0; i < READS && make_room(channel); i++) {
		ssize_t n = daisy_tls_read(channel->tls, channel->in + channel->in_len, PIECE);

		if (n == -EAGAIN)
			return;
		if (n < 0) {
			daisy_channel_close(channel, daisy_error());
			return;
		}
		channel->in_len += (size_t)n;
		if (!take_frames(channel))
			return;
	}
}

static void shake(struct daisy_channel *channel)
{
	int err = daisy_tls_handshake(channel->tls);

	if (err == -EAGAIN)
		return;
	if (err) {
		daisy_channel_close(channel, daisy_error());
		return;
	}
	channel->state = CHANNEL_GREETING;
	channel->user.shaken(channel->user.ctx);
}

static void connect_end(struct daisy_channel *channel)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(channel->watch.fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err)
		daisy_channel_close(channel, strerror(err));
	else
		channel->state = CHANNEL_SHAKING;
}

static bool is_up(const struct daisy_channel *channel)
{
	return channel->state == CHANNEL_GREETING || channel->state == CHANNEL_OPEN;
}

static void handle(void *ctx, uint32_t events)
{
	struct daisy_channel *channel = ctx;

	if (channel->state == CHANNEL_CONNECTING)
		connect_end(channel);
	if (channel->state == CHANNEL_SHAKING)
		shake(channel);
	if (is_up(channel) && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive_some(channel);
	if (is_up(channel))
		daisy_channel_flush(channel);
	if (channel->state == CHANNEL_OPEN && channel->more && waiting(channel) < OUT_LOW) {
		channel->user.drained(channel->user.ctx);
		daisy_channel_flush(channel);
	}
	update(channel);
}

void daisy_channel_step(struct daisy_channel *channel, uint64_t now_ms)
{
	if (channel->state == CHANNEL_CLOSED)
		return;
	if (channel->state != CHANNEL_OPEN) {
		if (now_ms - channel->started_ms >= DAISY_CHANNEL_GREETING_MS)
			daisy_channel_close(channel, "no greeting in time");
		return;
	}
	if (now_ms - channel->heard_ms >= DAISY_CHANNEL_SILENT_MS) {
		daisy_channel_close(channel, "silent for too long");
		return;
	}
	if (now_ms - channel->said_ms >= DAISY_CHANNEL_PING_MS && !waiting(channel)) {
		daisy_message_write(&channel->out, MESSAGE_PING, 0);
		channel->said_ms = now_ms;
		daisy_channel_flush(channel);
	}
}
