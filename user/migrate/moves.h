/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses on their way between boxes: one at a time leaves, one from each peer
 * arrives. What each side does next, migrate/machine.h says; it is done here and in
 * source.c and target.c, on the maps and the configuration.
 */
#ifndef DAISY_MIGRATE_MOVES_H
#define DAISY_MIGRATE_MOVES_H

#include "config/config.h"
#include "migrate/machine.h"
#include "nat/portable.h"

struct daisy_daemon;
struct daisy_moves;

/* How a move that began here stands, or ended. */
struct daisy_move_status {
	uint64_t number;		/* of the move, 0: there was none */
	enum daisy_source_state state;
	uint32_t addr;			/* host order */
	char peer[DAISY_NAME_MAX + 1];	/* "": not known, decided by an earlier run */
	uint32_t mappings;		/* to be moved */
	struct daisy_portable_counts done;
	uint32_t taken;			/* mappings that the target has; fewer, if it has twins of some */
	uint32_t stopped_ms;		/* from stop to withdrawal */
	bool failed;			/* SOURCE_IDLE: with `error` */
	char error[256];
};

/* An address that arrives. */
struct daisy_arrival_status {
	uint32_t addr;			/* host order */
	const char *peer;
	bool ready;
	uint32_t mappings;		/* that there are to be */
	uint32_t done;
};

int daisy_moves_open(struct daisy_moves **moves, struct daisy_daemon *d);
/* NULL is fine. What is not decided is taken back. */
void daisy_moves_close(struct daisy_moves *moves);
/* Every 100 ms. */
void daisy_moves_step(struct daisy_moves *moves);

/*
 * Offer an address to a peer. 0: it is under way. -ENOENT: no such address or peer,
 * -EBUSY: another move is under way, -ENOTCONN, -EOPNOTSUPP: it cannot be moved.
 */
int daisy_move_begin(struct daisy_moves *moves, uint32_t addr, const char *peer);
void daisy_move_status(const struct daisy_moves *moves, struct daisy_move_status *status);
/* False if the address is none that arrives. */
bool daisy_arrival_status(const struct daisy_moves *moves, uint32_t addr,
			  struct daisy_arrival_status *status);

#endif
