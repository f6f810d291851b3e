/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that an address goes to. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/forward.h"
#include "config/ranges.h"
#include "daemon/log.h"
#include "daemon/tables.h"
#include "lib/error.h"
#include "migrate/moving.h"
#include "migrate/state.h"

/* Of the sizes that maps have when the configuration names none (nat/instance.c). */
#define DEFAULT_SUBSCRIBERS 65536
#define MAPPINGS_OF_SLOT 65536

static uint32_t address_of(const struct daisy_talk *talk)
{
	uint32_t be;

	memcpy(&be, talk->address, sizeof(be));
	return ntohl(be);
}

/* That of the peer; else a free one, NULL if there is none. */
static struct daisy_arrival *find(struct daisy_moves *moves, const char *peer)
{
	struct daisy_arrival *free_one = NULL;

	for (size_t i = 0; i < DAISY_MAX_ARRIVALS; i++) {
		struct daisy_arrival *arrival = &moves->arrival[i];

		if (arrival->state != TARGET_NONE && !strcmp(arrival->peer, peer))
			return arrival;
		if (arrival->state == TARGET_NONE)
			free_one = arrival;
	}
	return free_one;
}

static void answer(struct daisy_session *session, uint64_t number, enum daisy_message_type type,
		   const struct daisy_talk *talk)
{
	daisy_talk_write(&session->channel->out, type, session->version, number, talk);
	daisy_channel_flush(session->channel);
}

static void refuse(struct daisy_session *session, uint64_t number, enum daisy_message_type type)
{
	struct daisy_talk talk = { 0 };

	strncpy(talk.reason, daisy_error(), sizeof(talk.reason) - 1);
	answer(session, number, type, &talk);
}

/* Without its slot. */
static void clear(struct daisy_arrival *arrival)
{
	daisy_import_close(arrival->import);
	free(arrival->forwards);
	memset(arrival, 0, sizeof(*arrival));
}

static void forget(struct daisy_moves *moves, struct daisy_arrival *arrival)
{
	if (arrival->state == TARGET_NONE)
		return;
	daisy_log(LOG_NOTICE, "address %s does not come from %s",
		  daisy_move_address(address_of(&arrival->offer)), arrival->peer);
	/* A configuration that was refused with it has taken it away already. */
	if (daisy_instance_slots(moves->daemon->inst)[arrival->slot].state != SLOT_EMPTY &&
	    daisy_instance_arrival_drop(moves->daemon->inst, arrival->slot))
		daisy_log(LOG_ERR, "%s", daisy_error());
	clear(arrival);
}

static int check_room(struct daisy_daemon *d, const struct daisy_talk *offer)
{
	const struct daisy_config *config = d->config;
	uint64_t most_subscribers = config->max_subscribers ? config->max_subscribers : DEFAULT_SUBSCRIBERS;
	uint64_t most = config->max_mappings ? config->max_mappings :
		(uint64_t)MAPPINGS_OF_SLOT * daisy_instance_max_slots(d->inst);
	uint64_t used = 0;

	for (int proto = 0; proto < DAISY_N_PROTOS; proto++)
		used += d->figures.mappings[proto];
	if (used + offer->mappings > most) {
		daisy_error_set("no room for %u mappings beside %llu: limits.mappings is %llu",
				offer->mappings, (unsigned long long)used, (unsigned long long)most);
		return -ENOSPC;
	}
	if (d->figures.subscribers + offer->subscribers > most_subscribers) {
		daisy_error_set("no room for %u subscribers beside %llu: limits.subscribers is %llu",
				offer->subscribers, (unsigned long long)d->figures.subscribers,
				(unsigned long long)most_subscribers);
		return -ENOSPC;
	}
	return 0;
}

static int check_pool(struct daisy_daemon *d, const struct daisy_talk *offer,
		      struct daisy_config_pool **pool)
{
	*pool = daisy_config_pool_find(d->config, offer->pool);
	if (!*pool) {
		daisy_error_set("no pool \"%s\", expected one of that name", offer->pool);
		return -ENOENT;
	}
	if ((*pool)->mode == POOL_DYNAMIC)
		return 0;
	daisy_error_set("pool \"%s\" has port blocks, expected mode dynamic", offer->pool);
	return -EOPNOTSUPP;
}

/* Room for all of it, before the source stops anything. */
static int reserve(struct daisy_moves *moves, struct daisy_session *session, struct daisy_arrival *arrival,
		   const struct daisy_frame *frame)
{
	struct daisy_daemon *d = moves->daemon;
	struct daisy_config_pool *pool;
	struct daisy_talk offer;
	int err = daisy_talk_read(frame, &offer), slot;

	if (err)
		return err;
	forget(moves, arrival);
	err = check_pool(d, &offer, &pool);
	if (!err)
		err = check_room(d, &offer);
	if (!err)
		err = daisy_forwards_read(frame, address_of(&offer), &arrival->forwards,
					  &arrival->n_forwards);
	slot = err ? err : daisy_tables_arrival(d, pool, address_of(&offer));
	err = slot < 0 ? slot : daisy_import_open(&arrival->import, d->inst, (uint32_t)slot);
	if (err && slot >= 0)
		daisy_instance_arrival_drop(d->inst, (uint32_t)slot);
	if (err) {
		clear(arrival);
		refuse(session, frame->session, MESSAGE_REFUSED);
		return 0;
	}
	arrival->slot = (uint32_t)slot;
	arrival->session = frame->session;
	arrival->offer = offer;
	arrival->state = TARGET_TAKING;
	strcpy(arrival->peer, session->peer->config->name);
	answer(session, frame->session, MESSAGE_OFFER_OK, &(struct daisy_talk){ 0 });
	return 0;
}

static int take_items(struct daisy_arrival *arrival, const struct daisy_frame *frame)
{
	struct daisy_portable item;
	struct daisy_field field;
	size_t at = 0;
	int more, is, err = 0;

	while (!err && (more = daisy_frame_next(frame, &at, &field)) > 0) {
		is = daisy_state_read(&field, &item);
		err = is > 0 ? daisy_import_item(arrival->import, &item) : is;
	}
	return err ? err : more;
}

/* Something cannot be had here: then none of it. */
static void refuse_all(struct daisy_moves *moves, struct daisy_session *session,
		       struct daisy_arrival *arrival)
{
	refuse(session, arrival->session, MESSAGE_REFUSED);
	forget(moves, arrival);
}

static void take(struct daisy_moves *moves, struct daisy_session *session, struct daisy_arrival *arrival,
		 const struct daisy_frame *frame)
{
	if (take_items(arrival, frame))
		refuse_all(moves, session, arrival);
}

static void finish(struct daisy_moves *moves, struct daisy_session *session, struct daisy_arrival *arrival)
{
	const struct daisy_portable_counts *counts = daisy_import_counts(arrival->import);

	if (daisy_import_publish(arrival->import)) {
		refuse_all(moves, session, arrival);
		return;
	}
	arrival->state = TARGET_READY;
	answer(session, arrival->session, MESSAGE_READY, &(struct daisy_talk){
		.mappings = counts->mappings, .subscribers = counts->subscribers,
		.conns = counts->conns, .rests = counts->rests,
	});
}

/* The configuration with the address and its forwards. */
static int join(struct daisy_daemon *d, const struct daisy_arrival *arrival)
{
	struct daisy_config *config = daisy_config_copy(d->config);
	struct daisy_config_pool *pool = config ? daisy_config_pool_find(config, arrival->offer.pool) : NULL;
	int err = pool ? daisy_config_pool_join(pool, address_of(&arrival->offer)) : -ENOENT;

	for (size_t i = 0; i < arrival->n_forwards && !err; i++)
		err = daisy_config_forward_append(pool, &arrival->forwards[i]);
	if (!err)
		err = daisy_config_check(config);
	if (!err)
		return daisy_daemon_apply(d, config);
	daisy_config_free(config);
	return err;
}

static int put_in_service(struct daisy_daemon *d, const struct daisy_arrival *arrival)
{
	int err = daisy_instance_arrival_accept(d->inst, arrival->slot);

	if (err)
		return err;
	err = join(d, arrival);
	if (!err && arrival->offer.draining)
		err = daisy_instance_address_state(d->inst, arrival->slot, SLOT_DRAINING);
	if (!err)
		err = daisy_tables_zones(d, d->config);
	return err;
}

static void accept_it(struct daisy_moves *moves, struct daisy_session *session,
		      struct daisy_arrival *arrival, uint64_t number)
{
	struct daisy_daemon *d = moves->daemon;

	if (put_in_service(d, arrival)) {
		refuse(session, number, MESSAGE_UNKNOWN);
		forget(moves, arrival);
		return;
	}
	daisy_log(LOG_NOTICE, "address %s has come from %s: %u mappings",
		  daisy_move_address(address_of(&arrival->offer)), arrival->peer,
		  daisy_import_counts(arrival->import)->mappings);
	daisy_garp_start(&d->garp);
	clear(arrival);
	answer(session, number, MESSAGE_COMMIT_OK, &(struct daisy_talk){ 0 });
}

/* Asked again: what has been accepted is in service. */
static void tell(struct daisy_moves *moves, struct daisy_session *session, uint32_t addr, uint64_t number)
{
	struct daisy_talk talk = { 0 };

	answer(session, number, daisy_tables_slot(moves->daemon, addr) >= 0 ? MESSAGE_COMMIT_OK :
	       MESSAGE_UNKNOWN, &talk);
}

static int commit(struct daisy_moves *moves, struct daisy_session *session, struct daisy_arrival *arrival,
		  const struct daisy_frame *frame, enum daisy_target_action action)
{
	struct daisy_talk talk;

	if (daisy_talk_read(frame, &talk))
		return -EPROTO;
	if (action == TARGET_ACCEPT && !memcmp(talk.address, arrival->offer.address, sizeof(talk.address)))
		accept_it(moves, session, arrival, frame->session);
	else
		tell(moves, session, address_of(&talk), frame->session);
	return 0;
}

static int act(struct daisy_moves *moves, struct daisy_session *session, struct daisy_arrival *arrival,
	       const struct daisy_frame *frame, enum daisy_target_action action)
{
	switch (action) {
	case TARGET_RESERVE:
		return reserve(moves, session, arrival, frame);
	case TARGET_TAKE:
		take(moves, session, arrival, frame);
		return 0;
	case TARGET_FINISH:
		finish(moves, session, arrival);
		return 0;
	case TARGET_ACCEPT:
	case TARGET_TELL:
		return commit(moves, session, arrival, frame, action);
	case TARGET_FORGET:
		forget(moves, arrival);
		return 0;
	case TARGET_NOTHING:
		return 0;
	default:
		daisy_error_set("%s in the middle of something else", daisy_message_name(frame->type));
		return -EPROTO;
	}
}

int daisy_target_receive(struct daisy_moves *moves, struct daisy_session *session,
			 const struct daisy_frame *frame)
{
	static const struct {
		enum daisy_message_type type;
		enum daisy_target_event event;
	} messages[] = {
		{ MESSAGE_OFFER, TARGET_GOT_OFFER }, { MESSAGE_STATE, TARGET_GOT_STATE },
		{ MESSAGE_END, TARGET_GOT_END }, { MESSAGE_COMMIT, TARGET_GOT_COMMIT },
		{ MESSAGE_ABORT, TARGET_GOT_ABORT },
	};
	struct daisy_arrival *arrival = find(moves, session->peer->config->name);

	if (!arrival) {
		daisy_error_set("%d addresses arrive already", DAISY_MAX_ARRIVALS);
		refuse(session, frame->session, MESSAGE_REFUSED);
		return 0;
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (frame->type == messages[i].type)
			return act(moves, session, arrival, frame,
				   daisy_target_next(arrival->state, messages[i].event).action);
	daisy_error_set("%s (type %u) was not expected", daisy_message_name(frame->type), frame->type);
	return -EPROTO;
}

void daisy_target_lost(struct daisy_moves *moves, struct daisy_session *session)
{
	struct daisy_arrival *arrival = find(moves, session->peer->config->name);

	if (arrival && daisy_target_next(arrival->state, TARGET_LOST).action == TARGET_FORGET)
		forget(moves, arrival);
}

/* A start would forget them, too. */
void daisy_target_close(struct daisy_moves *moves)
{
	for (size_t i = 0; i < DAISY_MAX_ARRIVALS; i++)
		forget(moves, &moves->arrival[i]);
}
