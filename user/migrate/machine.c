/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "migrate/machine.h"

/* What does not stand here is SOURCE_BREAK, TARGET_BREAK. */
static const struct daisy_source_step source[][SOURCE_N_EVENTS] = {
	[SOURCE_IDLE] = {
		/* Answers to a move that was given up are late, not wrong. */
		[SOURCE_GOT_OFFER_OK] = { SOURCE_IDLE, SOURCE_NOTHING },
		[SOURCE_GOT_REFUSED] = { SOURCE_IDLE, SOURCE_NOTHING },
		[SOURCE_GOT_READY] = { SOURCE_IDLE, SOURCE_NOTHING },
		[SOURCE_GOT_COMMIT_OK] = { SOURCE_IDLE, SOURCE_NOTHING },
		[SOURCE_GOT_UNKNOWN] = { SOURCE_IDLE, SOURCE_NOTHING },
		[SOURCE_LOST] = { SOURCE_IDLE, SOURCE_NOTHING },
		[SOURCE_OPENED] = { SOURCE_IDLE, SOURCE_SAY_ABORT },
		[SOURCE_LATE] = { SOURCE_IDLE, SOURCE_NOTHING },
	},
	[SOURCE_OFFERED] = {
		[SOURCE_GOT_OFFER_OK] = { SOURCE_COPYING, SOURCE_STOP },
		[SOURCE_GOT_REFUSED] = { SOURCE_IDLE, SOURCE_GIVE_UP },
		[SOURCE_LOST] = { SOURCE_IDLE, SOURCE_GIVE_UP },
		[SOURCE_LATE] = { SOURCE_IDLE, SOURCE_GIVE_UP },
	},
	[SOURCE_COPYING] = {
		[SOURCE_SENT_ALL] = { SOURCE_COPIED, SOURCE_SAY_END },
		[SOURCE_GOT_REFUSED] = { SOURCE_IDLE, SOURCE_TAKE_BACK },
		[SOURCE_LOST] = { SOURCE_IDLE, SOURCE_TAKE_BACK },
		[SOURCE_LATE] = { SOURCE_IDLE, SOURCE_TAKE_BACK },
	},
	[SOURCE_COPIED] = {
		[SOURCE_GOT_READY] = { SOURCE_LEFT, SOURCE_DECIDE },
		[SOURCE_GOT_REFUSED] = { SOURCE_IDLE, SOURCE_TAKE_BACK },
		[SOURCE_LOST] = { SOURCE_IDLE, SOURCE_TAKE_BACK },
		[SOURCE_LATE] = { SOURCE_IDLE, SOURCE_TAKE_BACK },
	},
	[SOURCE_LEFT] = {
		[SOURCE_GOT_COMMIT_OK] = { SOURCE_IDLE, SOURCE_WITHDRAW },
		[SOURCE_GOT_UNKNOWN] = { SOURCE_IDLE, SOURCE_TAKE_BACK },
		[SOURCE_LOST] = { SOURCE_LEFT, SOURCE_NOTHING },
		[SOURCE_OPENED] = { SOURCE_LEFT, SOURCE_SAY_COMMIT },
		[SOURCE_LATE] = { SOURCE_LEFT, SOURCE_NOTHING },
	},
};

static const struct daisy_target_step target[][TARGET_N_EVENTS] = {
	[TARGET_NONE] = {
		[TARGET_GOT_OFFER] = { TARGET_TAKING, TARGET_RESERVE },
		/* Of what has been refused here. */
		[TARGET_GOT_STATE] = { TARGET_NONE, TARGET_NOTHING },
		[TARGET_GOT_END] = { TARGET_NONE, TARGET_NOTHING },
		[TARGET_GOT_COMMIT] = { TARGET_NONE, TARGET_TELL },
		[TARGET_GOT_ABORT] = { TARGET_NONE, TARGET_NOTHING },
		[TARGET_LOST] = { TARGET_NONE, TARGET_NOTHING },
	},
	[TARGET_TAKING] = {
		[TARGET_GOT_OFFER] = { TARGET_TAKING, TARGET_RESERVE },
		[TARGET_GOT_STATE] = { TARGET_TAKING, TARGET_TAKE },
		[TARGET_GOT_END] = { TARGET_READY, TARGET_FINISH },
		[TARGET_GOT_ABORT] = { TARGET_NONE, TARGET_FORGET },
		[TARGET_LOST] = { TARGET_NONE, TARGET_FORGET },
	},
	[TARGET_READY] = {
		[TARGET_GOT_OFFER] = { TARGET_TAKING, TARGET_RESERVE },
		[TARGET_GOT_COMMIT] = { TARGET_NONE, TARGET_ACCEPT },
		[TARGET_GOT_ABORT] = { TARGET_NONE, TARGET_FORGET },
		/* It may have decided: its next session tells. */
		[TARGET_LOST] = { TARGET_READY, TARGET_NOTHING },
	},
};

const char *daisy_source_state_name(enum daisy_source_state state)
{
	static const char *const names[] = {
#define X(sym, name) name,
		DAISY_SOURCE_STATES(X)
#undef X
	};

	return names[state];
}

struct daisy_source_step daisy_source_next(enum daisy_source_state state,
					   enum daisy_source_event event)
{
	return source[state][event];
}

struct daisy_target_step daisy_target_next(enum daisy_target_state state,
					   enum daisy_target_event event)
{
	return target[state][event];
}
