/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of a configuration, and where in it something is wrong. */
#ifndef DAISY_SNF_SOURCE_H
#define DAISY_SNF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snf/arena.h"

struct daisy_source {
	const char *name;		/* for messages */
	const char *text;		/* not ended by a zero */
	size_t size;
	/* Of text with filled-in parameters: where they were given. */
	const struct daisy_source *parent;
	const char *parent_at;
};

/* A part of a source that is being read. */
struct daisy_cursor {
	const struct daisy_source *source;
	const char *p, *end;
};

/* Where something stands. */
struct daisy_place {
	const struct daisy_source *source;
	const char *at;
};

/* Files of at most this size are read: 10,000 rules take 1 MiB. */
#define DAISY_SOURCE_BYTES ((size_t)16 << 20)

/* Read a whole file into the arena; NULL with daisy_error(). */
struct daisy_source *daisy_source_load(struct daisy_arena *arena, const char *path);
/* Line and column count from 1, in bytes. */
void daisy_place_find(struct daisy_place place, const char **name, unsigned int *line,
		      unsigned int *column);
/* Set daisy_error() to "NAME:LINE:COLUMN: ..."; -EINVAL. */
int daisy_place_error(struct daisy_place place, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static inline struct daisy_place daisy_cursor_place(const struct daisy_cursor *cursor)
{
	return (struct daisy_place){ cursor->source, cursor->p };
}

/* Skip blanks and comments; true if something is left. */
bool daisy_cursor_skip(struct daisy_cursor *cursor);
/* The next word of letters, digits and the characters of `more`; its length, 0 if there is none. */
size_t daisy_cursor_word(struct daisy_cursor *cursor, const char *more, const char **word);
/* Consume `text` if it comes next. */
bool daisy_cursor_take(struct daisy_cursor *cursor, const char *text);
/* What stands there, for messages: the next word or character, or "the end". At most 40 bytes. */
const char *daisy_cursor_show(const struct daisy_cursor *cursor, char text[48]);

#endif
