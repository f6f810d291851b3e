/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that an address comes from. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "config/forward.h"
#include "config/ranges.h"
#include "daemon/log.h"
#include "daemon/tables.h"
#include "lib/error.h"
#include "migrate/moving.h"
#include "migrate/state.h"

/* State in one frame, and what may wait to be sent before the next is written. */
#define FRAME_BYTES 32768
/* Without a sign of progress. */
#define LATE_MS 10000

static struct daisy_session *session_of(struct daisy_moves *moves)
{
	struct daisy_peer *peer = daisy_peers_find(moves->daemon->peers, moves->source.status.peer);

	return peer && peer->to && peer->to->channel->state == CHANNEL_OPEN ? peer->to : NULL;
}

static void say(struct daisy_session *session, uint64_t number, enum daisy_message_type type,
		uint32_t addr)
{
	struct daisy_talk talk = { 0 };
	uint32_t be = htonl(addr);

	memcpy(talk.address, &be, sizeof(be));
	daisy_talk_write(&session->channel->out, type, session->version, number, &talk);
	daisy_channel_flush(session->channel);
}

/* The slot, if it still is what it was: somebody may have deleted the pool. */
static bool slot_is_ours(const struct daisy_moves *moves)
{
	return daisy_tables_slot(moves->daemon, moves->source.status.addr) == (int)moves->source.slot;
}

static void end(struct daisy_moves *moves, const char *error)
{
	struct daisy_source *source = &moves->source;
	struct daisy_move_status *status = &source->status;
	struct daisy_session *session = session_of(moves);

	if (session)
		session->channel->more = false;
	daisy_export_close(source->export);
	source->export = NULL;
	status->state = SOURCE_IDLE;
	status->failed = error;
	snprintf(status->error, sizeof(status->error), "%s", error ? error : "");
	if (error)
		daisy_log(LOG_WARNING, "address %s stays: %s", daisy_move_address(status->addr), error);
	else
		daisy_log(LOG_NOTICE, "address %s is with %s now: %u mappings in %u ms",
			  daisy_move_address(status->addr), status->peer, status->taken,
			  status->stopped_ms);
}

/* Nothing was decided. Whoever has been told something is told that it is void. */
static void give_up(struct daisy_moves *moves, bool stopped, const char *why)
{
	struct daisy_session *session = session_of(moves);
	char reason[256];

	snprintf(reason, sizeof(reason), "%s", why);
	if (stopped && slot_is_ours(moves))
		daisy_instance_address_resume(moves->daemon->inst, moves->source.slot);
	end(moves, reason);
	if (session)
		say(session, moves->source.session, MESSAGE_ABORT, moves->source.status.addr);
}

static int stop(struct daisy_moves *moves)
{
	struct daisy_source *source = &moves->source;
	struct daisy_instance *inst = moves->daemon->inst;
	struct daisy_session *session = session_of(moves);
	int err = slot_is_ours(moves) && session ? 0 : -ENOENT;

	if (!err)
		err = daisy_instance_address_stop(inst, source->slot);
	source->stopped_ms = daisy_now_ms();
	if (!err)
		err = daisy_export_open(&source->export, inst, source->slot);
	if (!err)
		session->channel->more = true;
	return err;
}

/* The configuration without the address; its mappings end with it. */
static int withdraw(struct daisy_moves *moves)
{
	struct daisy_daemon *d = moves->daemon;
	uint32_t addr = moves->source.status.addr;
	struct daisy_config *config = daisy_config_copy(d->config);
	int err = config ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < config->n_pools; i++) {
		struct daisy_config_pool *pool = &config->pools[i];

		if (!daisy_config_pool_has(pool, addr))
			continue;
		for (size_t k = pool->n_forwards; k-- > 0;)
			if (pool->forwards[k].external == addr)
				daisy_config_forward_drop(pool, k);
		err = daisy_config_pool_leave(pool, addr);
	}
	if (!err)
		return daisy_daemon_apply(d, config);
	daisy_config_free(config);
	return err;
}

static void withdraw_and_end(struct daisy_moves *moves)
{
	struct daisy_move_status *status = &moves->source.status;

	status->stopped_ms = (uint32_t)(daisy_now_ms() - moves->source.stopped_ms);
	/* It stays stopped then, which is safe, and is taken away with the next change of the pool. */
	if (withdraw(moves))
		daisy_log(LOG_ERR, "address %s: not ours any more, and cannot be taken away: %s",
			  daisy_move_address(status->addr), daisy_error());
	end(moves, NULL);
}

/* What the machine says. `why` explains an end. */
static int act(struct daisy_moves *moves, struct daisy_session *session, struct daisy_source_step step,
	       const char *why)
{
	struct daisy_source *source = &moves->source;
	uint32_t addr = source->status.addr;

	if (step.action == SOURCE_BREAK) {
		daisy_error_set("an answer to nothing that was asked");
		return -EPROTO;
	}
	source->status.state = step.next;
	source->heard_ms = daisy_now_ms();
	switch (step.action) {
	case SOURCE_STOP:
		if (stop(moves))
			give_up(moves, true, daisy_error());
		break;
	case SOURCE_SAY_END:
		session->channel->more = false;
		say(session, source->session, MESSAGE_END, addr);
		break;
	case SOURCE_DECIDE:
		if (!slot_is_ours(moves)) {
			give_up(moves, false, "it was deleted");
			break;
		}
		daisy_instance_address_leave(moves->daemon->inst, source->slot);
		say(session, source->session, MESSAGE_COMMIT, addr);
		break;
	case SOURCE_SAY_COMMIT:
		say(session, source->session, MESSAGE_COMMIT, addr);
		break;
	case SOURCE_SAY_ABORT:
		say(session, 0, MESSAGE_ABORT, 0);
		break;
	case SOURCE_WITHDRAW:
		withdraw_and_end(moves);
		break;
	case SOURCE_GIVE_UP:
	case SOURCE_TAKE_BACK:
		give_up(moves, step.action == SOURCE_TAKE_BACK, why);
		break;
	default:
		break;
	}
	return 0;
}

static bool is_ours(const struct daisy_moves *moves, const struct daisy_session *session)
{
	return !strcmp(session->peer->config->name, moves->source.status.peer);
}

void daisy_source_event(struct daisy_moves *moves, struct daisy_session *session,
			enum daisy_source_event event)
{
	struct daisy_source *source = &moves->source;

	/* Who has an address that an earlier run decided on is not known: everybody is asked. */
	if (source->status.state == SOURCE_LEFT && !*source->status.peer && event == SOURCE_OPENED)
		act(moves, session, daisy_source_next(SOURCE_LEFT, event), "");
	else if (source->status.state != SOURCE_IDLE && is_ours(moves, session))
		act(moves, session, daisy_source_next(source->status.state, event),
		    "the connection was lost");
	else if (event == SOURCE_OPENED)
		act(moves, session, (struct daisy_source_step){ source->status.state, SOURCE_SAY_ABORT }, "");
}

/* Somebody does not have what an earlier run decided on. Has nobody? */
static bool nobody_has_it(struct daisy_moves *moves, const struct daisy_session *session)
{
	struct daisy_peers *peers = moves->daemon->peers;
	size_t n = 0;

	if (*moves->source.status.peer)
		return true;
	moves->source.unknown[session->peer - peers->peer] = true;
	for (size_t i = 0; i < peers->config.n_peers; i++)
		n += moves->source.unknown[i];
	return n == peers->config.n_peers;
}

static int receive_answer(struct daisy_moves *moves, struct daisy_session *session,
			  enum daisy_source_event event, const struct daisy_talk *talk)
{
	struct daisy_source *source = &moves->source;
	char why[sizeof(talk->reason) + DAISY_NAME_MAX + 4];

	if (event == SOURCE_GOT_UNKNOWN && !nobody_has_it(moves, session))
		return 0;
	if (event == SOURCE_GOT_COMMIT_OK)
		strcpy(source->status.peer, session->peer->config->name);
	if (event == SOURCE_GOT_READY)
		source->status.taken = talk->mappings;
	snprintf(why, sizeof(why), "%s: %s", session->peer->config->name,
		 *talk->reason ? talk->reason : "does not have it any more");
	return act(moves, session, daisy_source_next(source->status.state, event), why);
}

int daisy_source_receive(struct daisy_moves *moves, struct daisy_session *session,
			 const struct daisy_frame *frame)
{
	static const struct {
		enum daisy_message_type type;
		enum daisy_source_event event;
	} answers[] = {
		{ MESSAGE_OFFER_OK, SOURCE_GOT_OFFER_OK }, { MESSAGE_REFUSED, SOURCE_GOT_REFUSED },
		{ MESSAGE_READY, SOURCE_GOT_READY }, { MESSAGE_COMMIT_OK, SOURCE_GOT_COMMIT_OK },
		{ MESSAGE_UNKNOWN, SOURCE_GOT_UNKNOWN },
	};
	struct daisy_talk talk;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (frame->type != answers[i].type)
			continue;
		if (daisy_talk_read(frame, &talk))
			return -EPROTO;
		/* Of a move before. */
		if (frame->session != moves->source.session || moves->source.status.state == SOURCE_IDLE)
			return 0;
		return receive_answer(moves, session, answers[i].event, &talk);
	}
	daisy_error_set("%s (type %u) was not expected", daisy_message_name(frame->type), frame->type);
	return -EPROTO;
}

/* One frame of state; a mapping and the connections of its record stand in the same. False: that was all. */
static bool write_state(struct daisy_source *source, struct daisy_session *session)
{
	struct daisy_frames *out = &session->channel->out;
	struct daisy_portable item;
	bool more;

	daisy_frame_begin(out, MESSAGE_STATE, session->version, source->session);
	while ((more = daisy_export_next(source->export, &item))) {
		daisy_state_write(out, &item);
		if (out->to - out->frame >= FRAME_BYTES && daisy_export_is_between(source->export))
			break;
	}
	daisy_frame_end(out);
	source->status.done = *daisy_export_counts(source->export);
	return more;
}

void daisy_source_drained(struct daisy_moves *moves, struct daisy_session *session)
{
	struct daisy_source *source = &moves->source;

	if (source->status.state != SOURCE_COPYING || !is_ours(moves, session))
		return;
	if (!slot_is_ours(moves)) {
		give_up(moves, false, "it was deleted");
		return;
	}
	source->heard_ms = daisy_now_ms();
	if (!write_state(source, session))
		act(moves, session, daisy_source_next(SOURCE_COPYING, SOURCE_SENT_ALL), "");
}

void daisy_source_step(struct daisy_moves *moves)
{
	struct daisy_source *source = &moves->source;

	if (source->status.state != SOURCE_IDLE && daisy_now_ms() - source->heard_ms >= LATE_MS)
		act(moves, session_of(moves), daisy_source_next(source->status.state, SOURCE_LATE),
		    "no answer in time");
}

static int refuse_address(struct daisy_daemon *d, uint32_t addr, int slot,
			  const struct daisy_config_pool **pool)
{
	if (slot < 0) {
		daisy_error_set("no external address \"%s\", expected one that address show lists",
				daisy_move_address(addr));
		return -ENOENT;
	}
	*pool = daisy_config_pool_find(d->config, d->pool_name[daisy_instance_slots(d->inst)[slot].pool]);
	if (*pool && (*pool)->mode == POOL_DYNAMIC)
		return 0;
	daisy_error_set("address %s has port blocks, expected one of a pool with mode dynamic",
			daisy_move_address(addr));
	return -EOPNOTSUPP;
}

static int refuse_move(struct daisy_moves *moves, const char *name, struct daisy_session **session)
{
	struct daisy_peer *peer = daisy_peers_find(moves->daemon->peers, name);
	const struct daisy_move_status *status = &moves->source.status;

	if (!peer) {
		daisy_error_set("no peer \"%.64s\", expected one that peer show lists", name);
		return -ENOENT;
	}
	if (status->state != SOURCE_IDLE) {
		daisy_error_set("address %s is on its way to \"%s\", expected one move at a time",
				daisy_move_address(status->addr), status->peer);
		return -EBUSY;
	}
	*session = peer->to && peer->to->channel->state == CHANNEL_OPEN ? peer->to : NULL;
	if (*session)
		return 0;
	daisy_error_set("no session with peer \"%s\": %s", name, *peer->error ? peer->error : "connecting");
	return -ENOTCONN;
}

static void offer(struct daisy_source *source, struct daisy_session *session,
		  const struct daisy_slot *slot, const struct daisy_config_pool *pool,
		  uint32_t subscribers)
{
	struct daisy_talk talk = {
		.draining = slot->state == SLOT_DRAINING, .mappings = source->status.mappings,
		.subscribers = subscribers,
	};

	memcpy(talk.address, slot->addr, sizeof(talk.address));
	strcpy(talk.pool, pool->name);
	daisy_talk_begin(&session->channel->out, MESSAGE_OFFER, session->version, source->session, &talk);
	daisy_forwards_write(&session->channel->out, pool, source->status.addr);
	daisy_frame_end(&session->channel->out);
	daisy_channel_flush(session->channel);
}

int daisy_move_begin(struct daisy_moves *moves, uint32_t addr, const char *name)
{
	struct daisy_daemon *d = moves->daemon;
	struct daisy_source *source = &moves->source;
	const struct daisy_config_pool *pool = NULL;
	struct daisy_session *session = NULL;
	int slot = daisy_tables_slot(d, addr), err = refuse_address(d, addr, slot, &pool);
	uint32_t mappings = 0, subscribers = 0;

	if (!err)
		err = refuse_move(moves, name, &session);
	if (!err)
		err = daisy_export_count(d->inst, (uint32_t)slot, &mappings, &subscribers);
	if (err)
		return err;
	source->status = (struct daisy_move_status){
		.number = source->status.number + 1, .state = SOURCE_OFFERED, .addr = addr,
		.mappings = mappings,
	};
	strcpy(source->status.peer, name);
	source->slot = (uint32_t)slot;
	source->heard_ms = daisy_now_ms();
	/* Of no move before, also of an earlier run of this daemon. */
	if (getrandom(&source->session, sizeof(source->session), 0) != sizeof(source->session))
		source->session = (uint64_t)source->heard_ms;
	offer(source, session, &daisy_instance_slots(d->inst)[slot], pool, subscribers);
	return 0;
}

/* An earlier run had decided, and does not know whether the target was told. */
void daisy_source_adopt(struct daisy_moves *moves)
{
	struct daisy_instance *inst = moves->daemon->inst;
	const struct daisy_slot *slots = daisy_instance_slots(inst);

	for (uint32_t i = 0; i < daisy_instance_max_slots(inst); i++) {
		uint32_t be;

		if (slots[i].state == SLOT_EMPTY || !(slots[i].flags & SLOT_LEFT))
			continue;
		memcpy(&be, slots[i].addr, sizeof(be));
		moves->source.status = (struct daisy_move_status){
			.number = 1, .state = SOURCE_LEFT, .addr = ntohl(be),
		};
		moves->source.slot = i;
		moves->source.stopped_ms = moves->source.heard_ms = daisy_now_ms();
	}
}

void daisy_source_close(struct daisy_moves *moves)
{
	struct daisy_source *source = &moves->source;

	if (source->status.state == SOURCE_COPYING || source->status.state == SOURCE_COPIED)
		give_up(moves, true, "the daemon stops");
	daisy_export_close(source->export);
	source->export = NULL;
}
