/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"
#include "snf/source.h"

static int read_all(struct daisy_arena *arena, FILE *file, struct daisy_source *source)
{
	size_t size = 4096;
	char *text = daisy_arena_alloc(arena, size);

	while (text) {
		source->text = text;
		source->size += fread(text + source->size, 1, size - source->size, file);
		if (source->size < size)
			break;
		if (size >= DAISY_SOURCE_BYTES) {
			daisy_error_set("%s: larger than %zu MiB", source->name, DAISY_SOURCE_BYTES >> 20);
			return -EFBIG;
		}
		text = daisy_arena_alloc(arena, 2 * size);
		if (text)
			memcpy(text, source->text, size);
		size *= 2;
	}
	if (text && ferror(file)) {
		daisy_error_set("%s: cannot read: %s", source->name, strerror(errno));
		return -EIO;
	}
	return text ? 0 : -ENOMEM;
}

struct daisy_source *daisy_source_load(struct daisy_arena *arena, const char *path)
{
	struct daisy_source *source = daisy_arena_alloc(arena, sizeof(*source));
	FILE *file;
	int err;

	if (!source)
		return NULL;
	source->name = daisy_arena_string(arena, path, path + strlen(path));
	if (!source->name)
		return NULL;
	file = fopen(path, "re");
	if (!file) {
		daisy_error_set("%s: cannot read: %s", path, strerror(errno));
		return NULL;
	}
	err = read_all(arena, file, source);
	fclose(file);
	return err ? NULL : source;
}

void daisy_place_find(struct daisy_place place, const char **name, unsigned int *line,
		      unsigned int *column)
{
	while (place.source->parent)
		place = (struct daisy_place){ place.source->parent, place.source->parent_at };
	*name = place.source->name;
	*line = *column = 1;
	for (const char *p = place.source->text; p < place.at; p++) {
		*column = *p == '\n' ? 1 : *column + 1;
		*line += *p == '\n';
	}
}

int daisy_place_error(struct daisy_place place, const char *fmt, ...)
{
	char text[DAISY_ERROR_SIZE];
	unsigned int line, column;
	const char *name;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	daisy_place_find(place, &name, &line, &column);
	daisy_error_set("%s:%u:%u: %s", name, line, column, text);
	return -EINVAL;
}

/* Bytes of the comment at the cursor, 0 if there is none. One without an end reaches to the end. */
static size_t comment_len(const struct daisy_cursor *cursor)
{
	size_t left = (size_t)(cursor->end - cursor->p);
	const char *end;

	if (left < 2 || cursor->p[0] != '/' || (cursor->p[1] != '/' && cursor->p[1] != '*'))
		return 0;
	if (cursor->p[1] == '/') {
		end = memchr(cursor->p, '\n', left);
		return end ? (size_t)(end - cursor->p) : left;
	}
	end = memmem(cursor->p + 2, left - 2, "*/", 2);
	return end ? (size_t)(end - cursor->p) + 2 : left;
}

bool daisy_cursor_skip(struct daisy_cursor *cursor)
{
	while (cursor->p < cursor->end) {
		size_t n = isspace((unsigned char)*cursor->p) ? 1 : comment_len(cursor);

		if (!n)
			return true;
		cursor->p += n;
	}
	return false;
}

size_t daisy_cursor_word(struct daisy_cursor *cursor, const char *more, const char **word)
{
	daisy_cursor_skip(cursor);
	*word = cursor->p;
	while (cursor->p < cursor->end && *cursor->p &&
	       (isalnum((unsigned char)*cursor->p) ||
		(strchr(more, *cursor->p) && !comment_len(cursor))))
		cursor->p++;
	return (size_t)(cursor->p - *word);
}

bool daisy_cursor_take(struct daisy_cursor *cursor, const char *text)
{
	size_t n = strlen(text);

	daisy_cursor_skip(cursor);
	if ((size_t)(cursor->end - cursor->p) < n || memcmp(cursor->p, text, n))
		return false;
	cursor->p += n;
	return true;
}

const char *daisy_cursor_show(const struct daisy_cursor *cursor, char text[48])
{
	struct daisy_cursor c = *cursor;
	const char *word;
	size_t n;

	if (!daisy_cursor_skip(&c))
		return "the end";
	n = daisy_cursor_word(&c, "_.$:@/-", &word);
	snprintf(text, 48, "\"%.*s\"", n ? (int)(n < 40 ? n : 40) : 1, word);
	return text;
}
