/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "lib/error.h"

/* Rows that a table looks at before it settles its widths. */
#define MEASURED_ROWS 256

/* The last column needs no padding, so columns are bounded for the measured cells only. */
#define MAX_COLUMNS 16

struct row {
	char *cell[MAX_COLUMNS];	/* NULL: not set */
	char *note;			/* NULL: a row of cells */
};

struct daisy_table {
	struct daisy_cli *cli;
	const struct daisy_column *columns;
	size_t n_columns;
	int width[MAX_COLUMNS];
	struct row *rows;		/* the measured ones, until they are printed */
	size_t n_rows;
	size_t n_printed;
	bool settled;
};

static int write_error;

static void note_error(void)
{
	if (!write_error)
		write_error = errno ? errno : EIO;
}

static void put(const char *text)
{
	if (fputs(text, stdout) == EOF)
		note_error();
}

static void put_json(const json_t *value, size_t flags)
{
	if (json_dumpf(value, stdout, flags | JSON_ENCODE_ANY) && ferror(stdout))
		note_error();
}

int daisy_print_finish(void)
{
	if (fflush(stdout) == EOF)
		note_error();
	if (!write_error || write_error == EPIPE)
		return 0;
	daisy_error_set("standard output: %s", strerror(write_error));
	return -write_error;
}

bool daisy_print_broken(void)
{
	return write_error != 0;
}

void daisy_seconds_text(json_int_t seconds, char *buf, size_t size)
{
	static const struct {
		const char *name;
		json_int_t seconds;
	} units[] = { { "d", 24 * 60 * 60 }, { "h", 60 * 60 }, { "m", 60 }, { "s", 1 } };

	for (size_t i = 0; i < 3; i++) {
		if (seconds < units[i].seconds)
			continue;
		snprintf(buf, size, "%lld%s%02lld%s", seconds / units[i].seconds, units[i].name,
			 seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
		return;
	}
	snprintf(buf, size, "%llds", seconds);
}

static void bytes_text(double bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	for (; bytes >= 1024 && i < 4; i++)
		bytes /= 1024;
	snprintf(buf, size, "%.*f%s", i ? 1 : 0, bytes, units[i]);
}

static void list_text(const json_t *list, char *buf, size_t size);

static void value_text(const json_t *value, enum daisy_format format, char *buf, size_t size)
{
	if (format == FORMAT_SECONDS && json_is_integer(value))
		daisy_seconds_text(json_integer_value(value), buf, size);
	else if (format == FORMAT_BYTES && json_is_number(value))
		bytes_text(json_number_value(value), buf, size);
	else if (json_is_string(value) && json_string_length(value))
		snprintf(buf, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(buf, size, "%lld", json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buf, size, "%.2f", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value) && json_array_size(value))
		list_text(value, buf, size);
	else
		snprintf(buf, size, "-");
}

static void list_text(const json_t *list, char *buf, size_t size)
{
	char one[DAISY_FIELD_SIZE];
	size_t n = 0, i;
	json_t *value;

	json_array_foreach(list, i, value) {
		value_text(value, FORMAT_TEXT, one, sizeof(one));
		if (n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? "," : "", one);
	}
}

/* Say that there was more. */
static void mark_cut(char *buf, size_t size)
{
	if (strlen(buf) == size - 1)
		memcpy(buf + size - 4, "...", 3);
}

static const json_t *member(const json_t *item, const char *key)
{
	const char *dot = strchr(key, '.');
	char first[64];

	if (!dot)
		return json_object_get(item, key);
	snprintf(first, sizeof(first), "%.*s", (int)(dot - key), key);
	return json_object_get(json_object_get(item, first), dot + 1);
}

void daisy_field_text(const struct daisy_column *column, const json_t *item, char *buf, size_t size)
{
	if (column->text)
		column->text(item, buf, size);
	else
		value_text(member(item, column->key), column->format, buf, size);
	mark_cut(buf, size);
}

struct daisy_table *daisy_table_begin(struct daisy_cli *cli, const struct daisy_column *columns)
{
	struct daisy_table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	table->cli = cli;
	table->columns = columns;
	while (table->n_columns < MAX_COLUMNS && columns[table->n_columns].title)
		table->n_columns++;
	for (size_t i = 0; i < table->n_columns; i++)
		table->width[i] = (int)strlen(columns[i].title);
	return table;
}

static void put_cell(const struct daisy_table *table, size_t i, const char *text)
{
	bool right = table->columns[i].format != FORMAT_TEXT;
	bool last = i + 1 == table->n_columns;
	int width = table->width[i];

	if (printf("%*s%s", right ? width : last ? 0 : -width, text, last ? "\n" : "  ") < 0)
		note_error();
}

static void put_note(const char *text)
{
	put("  ");
	put(text);
	put("\n");
}

static void put_row(const struct daisy_table *table, const struct row *row)
{
	if (row->note) {
		put_note(row->note);
		return;
	}
	for (size_t i = 0; i < table->n_columns; i++)
		put_cell(table, i, row->cell[i]);
}

/* Print the heading and the rows kept so far; from now on rows are printed as they come. */
static void settle(struct daisy_table *table)
{
	if (table->settled)
		return;
	table->settled = true;
	for (size_t i = 0; table->n_printed && i < table->n_columns; i++)
		put_cell(table, i, table->columns[i].title);
	for (size_t k = 0; k < table->n_rows; k++) {
		struct row *row = &table->rows[k];

		put_row(table, row);
		for (size_t i = 0; i < table->n_columns; i++)
			free(row->cell[i]);
		free(row->note);
	}
	free(table->rows);
	table->rows = NULL;
	table->n_rows = 0;
}

static struct row *keep(struct daisy_table *table)
{
	if (!table->rows)
		table->rows = calloc(MEASURED_ROWS, sizeof(*table->rows));
	if (!table->rows)
		abort();
	return &table->rows[table->n_rows++];
}

static void text_row(struct daisy_table *table, const json_t *item)
{
	struct row *row = table->settled ? NULL : keep(table);
	char text[DAISY_FIELD_SIZE];

	for (size_t i = 0; i < table->n_columns; i++) {
		daisy_field_text(&table->columns[i], item, text, sizeof(text));
		if (!row) {
			put_cell(table, i, text);
			continue;
		}
		row->cell[i] = strdup(text);
		if (!row->cell[i])
			abort();
		if ((int)strlen(text) > table->width[i])
			table->width[i] = (int)strlen(text);
	}
}

void daisy_table_row(struct daisy_table *table, const json_t *item)
{
	if (table->cli->json && table->cli->pretty) {
		put(table->n_printed ? ",\n" : "[\n");
		put_json(item, JSON_INDENT(2));
	} else if (table->cli->json) {
		put(table->n_printed ? ",\n" : "[\n");
		put_json(item, JSON_COMPACT);
	} else {
		text_row(table, item);
	}
	table->n_printed++;
	table->cli->printed = true;
	if (table->n_rows == MEASURED_ROWS)
		settle(table);
}

void daisy_table_note(struct daisy_table *table, const char *text)
{
	if (table->cli->json)
		return;
	if (table->settled) {
		put_note(text);
		return;
	}
	keep(table)->note = strdup(text);
	if (table->n_rows == MEASURED_ROWS)
		settle(table);
}

size_t daisy_table_end(struct daisy_table *table, bool failed)
{
	size_t n = table->n_printed;

	if (!table->cli->json) {
		settle(table);
	} else if (!failed) {
		put(n ? "\n]\n" : "[]\n");
		table->cli->printed = true;
	}
	free(table);
	return n;
}

void daisy_print_json(struct daisy_cli *cli, const json_t *value)
{
	put_json(value, cli->pretty ? JSON_INDENT(2) : JSON_COMPACT);
	put("\n");
	cli->printed = true;
}

void daisy_print_record(struct daisy_cli *cli, const struct daisy_column *columns,
			const json_t *item)
{
	char text[DAISY_FIELD_SIZE];
	int width = 0;

	if (cli->json) {
		daisy_print_json(cli, item);
		return;
	}
	for (const struct daisy_column *c = columns; c->title; c++) {
		if ((int)strlen(c->title) > width)
			width = (int)strlen(c->title);
	}
	for (const struct daisy_column *c = columns; c->title; c++) {
		daisy_field_text(c, item, text, sizeof(text));
		if (printf("%-*s  %s\n", width, c->title, text) < 0)
			note_error();
	}
	cli->printed = true;
}
