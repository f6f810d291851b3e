/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stop-and-copy as two state machines (doc/migration.md, "Stop and copy"): what each
 * side does next, and nothing else. The source decides: up to READY it may take the
 * address back without asking anybody; from its decision on only an answer of the
 * target, or of everybody that could be it, ends the move.
 */
#ifndef DAISY_MIGRATE_MACHINE_H
#define DAISY_MIGRATE_MACHINE_H

#define DAISY_SOURCE_STATES(X) \
	X(IDLE, "idle") \
	X(OFFERED, "offered") \
	X(COPYING, "copying") \
	X(COPIED, "copied") \
	X(LEFT, "left")

enum daisy_source_state {
#define X(sym, name) SOURCE_##sym,
	DAISY_SOURCE_STATES(X)
#undef X
};

enum daisy_source_event {
	SOURCE_GOT_OFFER_OK,
	SOURCE_GOT_REFUSED,
	SOURCE_SENT_ALL,
	SOURCE_GOT_READY,
	SOURCE_GOT_COMMIT_OK,
	SOURCE_GOT_UNKNOWN,	/* the target does not have it, and never will */
	SOURCE_LOST,		/* the session */
	SOURCE_OPENED,		/* a session */
	SOURCE_LATE,		/* nothing has moved for too long */
	SOURCE_N_EVENTS,
};

enum daisy_source_action {
	SOURCE_BREAK,		/* the peer broke the protocol: end the session */
	SOURCE_NOTHING,
	SOURCE_STOP,		/* stop the address, begin to copy */
	SOURCE_SAY_END,
	SOURCE_DECIDE,		/* it is the target's: note it, then say COMMIT */
	SOURCE_SAY_COMMIT,	/* again */
	SOURCE_WITHDRAW,	/* forget it */
	SOURCE_GIVE_UP,		/* nothing had been stopped */
	SOURCE_TAKE_BACK,	/* translate it again */
	SOURCE_SAY_ABORT,	/* nothing of ours is under way */
};

struct daisy_source_step {
	enum daisy_source_state next;
	enum daisy_source_action action;
};

const char *daisy_source_state_name(enum daisy_source_state state);
struct daisy_source_step daisy_source_next(enum daisy_source_state state,
					   enum daisy_source_event event);

enum daisy_target_state {
	TARGET_NONE,
	TARGET_TAKING,
	TARGET_READY,		/* everything is here; whose it is, the source decides */
};

enum daisy_target_event {
	TARGET_GOT_OFFER,
	TARGET_GOT_STATE,
	TARGET_GOT_END,
	TARGET_GOT_COMMIT,
	TARGET_GOT_ABORT,
	TARGET_LOST,		/* the session */
	TARGET_N_EVENTS,
};

enum daisy_target_action {
	TARGET_BREAK,
	TARGET_NOTHING,
	TARGET_RESERVE,		/* room for it, in the place of an earlier one of this source */
	TARGET_TAKE,
	TARGET_FINISH,		/* say READY */
	TARGET_ACCEPT,		/* it is ours: in service */
	TARGET_TELL,		/* say whether it is ours already */
	TARGET_FORGET,
};

struct daisy_target_step {
	enum daisy_target_state next;
	enum daisy_target_action action;
};

struct daisy_target_step daisy_target_next(enum daisy_target_state state,
					   enum daisy_target_event event);

#endif
