/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output. One call prints an item, as a line of a table or as JSON; both come
 * from the same object. JSON carries the item whole, the table the columns that
 * have a title. Lists are streamed: the table measures its first rows and keeps
 * those widths, JSON is an array with one item a line.
 */
#ifndef DAISY_CLI_PRINT_H
#define DAISY_CLI_PRINT_H

#include <jansson.h>
#include <stddef.h>

#include "cli/cli.h"

enum daisy_format {
	FORMAT_TEXT,		/* strings and lists; numbers to the left */
	FORMAT_NUMBER,		/* to the right */
	FORMAT_SECONDS,		/* 75 -> 1m15s */
	FORMAT_BYTES,		/* 1536 -> 1.5KiB */
};

struct daisy_column {
	const char *key;	/* member of the item; "free.udp" for one of a member */
	const char *title;
	enum daisy_format format;
	/* Derived columns: write the text for an item instead of key and format. */
	void (*text)(const json_t *item, char *buf, size_t size);
};

/* Most that stands in one field; longer text is cut in tables, never in JSON. */
#define DAISY_FIELD_SIZE 256

struct daisy_table;

/* `columns` ends with title NULL. */
struct daisy_table *daisy_table_begin(struct daisy_cli *cli, const struct daisy_column *columns);
void daisy_table_row(struct daisy_table *table, const json_t *item);
/* An indented remark below the last row; nothing in JSON, where the item says it. */
void daisy_table_note(struct daisy_table *table, const char *text);
/* End the list; the number of rows. With `failed` the JSON array stays open, so that nobody takes it for whole. */
size_t daisy_table_end(struct daisy_table *table, bool failed);

/* One item alone: "title  value" lines, or a JSON object. */
void daisy_print_record(struct daisy_cli *cli, const struct daisy_column *columns,
			const json_t *item);
/* JSON value on a line of its own. */
void daisy_print_json(struct daisy_cli *cli, const json_t *value);
/* The text of one field. */
void daisy_field_text(const struct daisy_column *column, const json_t *item, char *buf,
		      size_t size);
/* "1h02m" of seconds; at most the two largest units. */
void daisy_seconds_text(json_int_t seconds, char *buf, size_t size);

/*
 * Flush standard output. A reader that has gone (EPIPE) is no failure: 0. Other
 * write errors: -errno with daisy_error().
 */
int daisy_print_finish(void);
/* True once the reader has gone: stop producing. */
bool daisy_print_broken(void);

#endif
