/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output of the tool: tables and JSON from the same items. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/print.h"

static const struct daisy_column columns[] = {
	{ "name", "NAME", FORMAT_TEXT, NULL },
	{ "free.udp", "FREE", FORMAT_NUMBER, NULL },
	{ "idle_s", "IDLE", FORMAT_SECONDS, NULL },
	{ "tags", "TAGS", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

/* Standard output goes to a file between capture_begin and capture_end. */
static FILE *captured;
static int saved_stdout;

static void capture_begin(void)
{
	fflush(stdout);
	saved_stdout = dup(STDOUT_FILENO);
	captured = tmpfile();
	assert_non_null(captured);
	dup2(fileno(captured), STDOUT_FILENO);
}

/* What was written; the caller frees it. */
static char *capture_end(void)
{
	char *text;
	long size;

	fflush(stdout);
	dup2(saved_stdout, STDOUT_FILENO);
	close(saved_stdout);
	size = lseek(fileno(captured), 0, SEEK_END);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fileno(captured), text, (size_t)size, 0), size);
	fclose(captured);
	return text;
}

static json_t *item(const char *name, int udp, int idle)
{
	return json_pack("{sss{si}sis[ss]}", "name", name, "free", "udp", udp, "idle_s", idle, "tags",
			 "a", "b");
}

static void add_row(struct daisy_table *table, const char *name, int udp, int idle)
{
	json_t *row = item(name, udp, idle);

	daisy_table_row(table, row);
	json_decref(row);
}

static void expect_table(struct daisy_cli *cli, bool failed, const char *want)
{
	struct daisy_table *table;
	char *text;

	capture_begin();
	table = daisy_table_begin(cli, columns);
	add_row(table, "p0", 64512, 75);
	daisy_table_note(table, "a remark");
	add_row(table, "longer-name", 7, 5);
	assert_int_equal(daisy_table_end(table, failed), 2);
	text = capture_end();
	assert_string_equal(text, want);
	free(text);
}

static void tables_are_aligned(void **state)
{
	struct daisy_cli cli = { 0 };

	(void)state;
	expect_table(&cli, false,
		     "NAME          FREE   IDLE  TAGS\n"
		     "p0           64512  1m15s  a,b\n"
		     "  a remark\n"
		     "longer-name      7     5s  a,b\n");
	assert_true(cli.printed);
}

static void json_is_an_array_with_one_item_a_line(void **state)
{
	struct daisy_cli cli = { .json = true };

	(void)state;
	expect_table(&cli, false,
		     "[\n"
		     "{\"name\":\"p0\",\"free\":{\"udp\":64512},\"idle_s\":75,\"tags\":[\"a\",\"b\"]},\n"
		     "{\"name\":\"longer-name\",\"free\":{\"udp\":7},\"idle_s\":5,\"tags\":[\"a\",\"b\"]}\n"
		     "]\n");
}

static void json_of_a_failed_list_is_not_closed(void **state)
{
	struct daisy_cli cli = { .json = true };
	struct daisy_table *table;
	json_error_t error;
	json_t *whole;
	char *text;

	(void)state;
	capture_begin();
	table = daisy_table_begin(&cli, columns);
	add_row(table, "p0", 1, 1);
	daisy_table_end(table, true);
	text = capture_end();
	whole = json_loads(text, 0, &error);
	assert_null(whole);
	free(text);
}

static void pretty_json_says_the_same(void **state)
{
	struct daisy_cli cli = { .json = true, .pretty = true };
	struct daisy_table *table;
	json_t *list, *want;
	char *text;

	(void)state;
	capture_begin();
	table = daisy_table_begin(&cli, columns);
	add_row(table, "p0", 1, 2);
	add_row(table, "p1", 3, 4);
	daisy_table_end(table, false);
	text = capture_end();
	list = json_loads(text, 0, NULL);
	want = json_pack("[oo]", item("p0", 1, 2), item("p1", 3, 4));
	assert_true(json_equal(list, want));
	json_decref(list);
	json_decref(want);
	free(text);
}

static void empty_lists_print_nothing_or_an_empty_array(void **state)
{
	struct daisy_cli cli = { 0 };
	char *text;

	(void)state;
	capture_begin();
	daisy_table_end(daisy_table_begin(&cli, columns), false);
	text = capture_end();
	assert_string_equal(text, "");
	free(text);
	cli.json = true;
	capture_begin();
	daisy_table_end(daisy_table_begin(&cli, columns), false);
	text = capture_end();
	assert_string_equal(text, "[]\n");
	free(text);
}

static void long_lists_are_streamed_whole(void **state)
{
	struct daisy_cli cli = { 0 };
	struct daisy_table *table;
	size_t lines = 0;
	char *text;

	(void)state;
	capture_begin();
	table = daisy_table_begin(&cli, columns);
	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "row-%d", i);
		add_row(table, name, i, 0);
	}
	assert_int_equal(daisy_table_end(table, false), 1000);
	text = capture_end();
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 1001);
	assert_non_null(strstr(text, "\nrow-0 "));
	assert_non_null(strstr(text, "\nrow-999 "));
	free(text);
}

static void seconds_are_written_with_two_units(void **state)
{
	static const struct {
		json_int_t seconds;
		const char *text;
	} rows[] = {
		{ 0, "0s" }, { 59, "59s" }, { 60, "1m00s" }, { 3599, "59m59s" }, { 3600, "1h00m" },
		{ 7440, "2h04m" }, { 86399, "23h59m" }, { 86400, "1d00h" }, { 900000, "10d10h" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		daisy_seconds_text(rows[i].seconds, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
	}
}

static void values_are_written_by_their_type(void **state)
{
	static const struct {
		enum daisy_format format;
		const char *json;
		const char *text;
	} rows[] = {
		{ FORMAT_TEXT, "{\"v\":\"x\"}", "x" },
		{ FORMAT_TEXT, "{\"v\":\"\"}", "-" },
		{ FORMAT_TEXT, "{\"v\":null}", "-" },
		{ FORMAT_TEXT, "{}", "-" },
		{ FORMAT_TEXT, "{\"v\":true}", "yes" },
		{ FORMAT_TEXT, "{\"v\":false}", "no" },
		{ FORMAT_TEXT, "{\"v\":[]}", "-" },
		{ FORMAT_TEXT, "{\"v\":[1,\"a\"]}", "1,a" },
		{ FORMAT_NUMBER, "{\"v\":4000000000}", "4000000000" },
		{ FORMAT_SECONDS, "{\"v\":null}", "-" },
		{ FORMAT_BYTES, "{\"v\":1023}", "1023B" },
		{ FORMAT_BYTES, "{\"v\":1024}", "1.0KiB" },
		{ FORMAT_BYTES, "{\"v\":10485760}", "10.0MiB" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct daisy_column column = { .key = "v", .format = rows[i].format };
		json_t *object = json_loads(rows[i].json, 0, NULL);
		char text[64];

		assert_non_null(object);
		daisy_field_text(&column, object, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
		json_decref(object);
	}
}

static void long_fields_are_cut_not_overrun(void **state)
{
	struct daisy_column column = { .key = "v", .format = FORMAT_TEXT };
	json_t *list = json_array(), *object;
	char text[DAISY_FIELD_SIZE];

	(void)state;
	for (int i = 0; i < 1000; i++)
		json_array_append_new(list, json_string("203.0.113.1-203.0.113.9"));
	object = json_pack("{so}", "v", list);
	daisy_field_text(&column, object, text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_string_equal(text + sizeof(text) - 4, "...");
	json_decref(object);
}

static void one_item_is_printed_as_lines_or_an_object(void **state)
{
	struct daisy_cli cli = { 0 };
	json_t *object = item("p0", 3, 61);
	char *text;

	(void)state;
	capture_begin();
	daisy_print_record(&cli, columns, object);
	text = capture_end();
	assert_string_equal(text, "NAME  p0\nFREE  3\nIDLE  1m01s\nTAGS  a,b\n");
	free(text);
	cli.json = true;
	capture_begin();
	daisy_print_record(&cli, columns, object);
	text = capture_end();
	assert_string_equal(text, "{\"name\":\"p0\",\"free\":{\"udp\":3},\"idle_s\":61,\"tags\":[\"a\",\"b\"]}\n");
	free(text);
	json_decref(object);
}

#define TEST(sentence, name) { sentence, name, NULL, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("columns of a table are aligned", tables_are_aligned),
		TEST("JSON is an array with one item a line",
		     json_is_an_array_with_one_item_a_line),
		TEST("the JSON of a list that failed is not closed",
		     json_of_a_failed_list_is_not_closed),
		TEST("pretty JSON says the same", pretty_json_says_the_same),
		TEST("an empty list is nothing, or an empty array",
		     empty_lists_print_nothing_or_an_empty_array),
		TEST("a list longer than the measured rows is printed whole",
		     long_lists_are_streamed_whole),
		TEST("seconds are written with two units", seconds_are_written_with_two_units),
		TEST("values are written by their type", values_are_written_by_their_type),
		TEST("a field that is too long is cut and marked", long_fields_are_cut_not_overrun),
		TEST("a single item is lines, or an object",
		     one_item_is_printed_as_lines_or_an_object),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
