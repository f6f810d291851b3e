/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of migrate/moves.h: shared by moves.c, source.c and target.c. */
#ifndef DAISY_MIGRATE_MOVING_H
#define DAISY_MIGRATE_MOVING_H

#include "daemon/daemon.h"
#include "migrate/message.h"
#include "migrate/moves.h"
#include "migrate/session.h"

#define DAISY_MAX_ARRIVALS 8

struct daisy_source {
	struct daisy_move_status status;
	uint32_t slot;
	uint64_t session;		/* number of the move in its frames */
	struct daisy_export *export;
	uint64_t stopped_ms;		/* CLOCK_MONOTONIC */
	uint64_t heard_ms;		/* something has moved */
	bool unknown[DAISY_CONFIG_MAX_PEERS];	/* peers that do not have it: asked when it is not known who may */
};

struct daisy_arrival {
	enum daisy_target_state state;
	char peer[DAISY_NAME_MAX + 1];
	uint64_t session;
	uint32_t slot;
	struct daisy_talk offer;
	struct daisy_config_forward *forwards;
	size_t n_forwards;
	struct daisy_import *import;
};

struct daisy_moves {
	struct daisy_daemon *daemon;
	struct daisy_source source;
	struct daisy_arrival arrival[DAISY_MAX_ARRIVALS];
};

/* source.c */
void daisy_source_adopt(struct daisy_moves *moves);
void daisy_source_event(struct daisy_moves *moves, struct daisy_session *session,
			enum daisy_source_event event);
int daisy_source_receive(struct daisy_moves *moves, struct daisy_session *session,
			 const struct daisy_frame *frame);
void daisy_source_drained(struct daisy_moves *moves, struct daisy_session *session);
void daisy_source_step(struct daisy_moves *moves);
void daisy_source_close(struct daisy_moves *moves);

/* target.c */
int daisy_target_receive(struct daisy_moves *moves, struct daisy_session *session,
			 const struct daisy_frame *frame);
void daisy_target_lost(struct daisy_moves *moves, struct daisy_session *session);
void daisy_target_close(struct daisy_moves *moves);

/* "203.0.113.10"; the text is good until the next call. */
const char *daisy_move_address(uint32_t addr);
/* forwards.c of this folder: fields of an offer. */
void daisy_forwards_write(struct daisy_frames *out, const struct daisy_config_pool *pool, uint32_t addr);
int daisy_forwards_read(const struct daisy_frame *frame, uint32_t addr,
			struct daisy_config_forward **list, size_t *n);

#endif
