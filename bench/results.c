// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "harness.h"
#include "results.h"

static json_t *parts, *summary, *plots;

static json_t *object_get(json_t *parent, const char *key)
{
	json_t *object = json_object_get(parent, key);

	if (!object) {
		object = json_object();
		json_object_set_new(parent, key, object);
	}
	return object;
}

static void series_append(const char *part, const char *contender, json_t *value)
{
	json_t *object, *series;

	if (!parts)
		parts = json_object();
	object = object_get(parts, part);
	series = json_object_get(object, contender);
	if (!series) {
		series = json_array();
		json_object_set_new(object, contender, series);
	}
	json_array_append_new(series, value);
}

void results_add(const char *part, const char *contender, const struct sample *sample)
{
	series_append(part, contender,
		      json_pack("{s:f, s:I, s:I, s:f}", "ns_per_packet", sample_ns(sample), "sent",
				(json_int_t)sample->sent, "delivered",
				(json_int_t)sample->delivered, "ns", sample->ns));
}

void results_add_value(const char *part, const char *contender, double value)
{
	series_append(part, contender, json_real(value));
}

void summary_number(const char *key, double value)
{
	if (!summary)
		summary = json_object();
	/* A ratio over nothing has no value that JSON knows. */
	json_object_set_new(summary, key, isfinite(value) ? json_real(value) : json_null());
}

void summary_text(const char *key, const char *value)
{
	if (!summary)
		summary = json_object();
	json_object_set_new(summary, key, json_string(value));
}

void plot_add(const char *plot, const char *format, ...)
{
	char line[256];
	json_t *lines;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (!plots)
		plots = json_object();
	lines = json_object_get(plots, plot);
	if (!lines) {
		lines = json_array();
		json_object_set_new(plots, plot, lines);
	}
	json_array_append_new(lines, json_string(line));
}

static void plot_write(const char *folder, const char *bench, const char *name,
		       const json_t *lines)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%s.dat", folder, bench, name);
	file = fopen(path, "w");
	if (!file)
		die("cannot write %s: %s", path, strerror(errno));
	for (size_t i = 0; i < json_array_size(lines); i++)
		fprintf(file, "%s\n", json_string_value(json_array_get(lines, i)));
	fclose(file);
}

static void file_write(const char *folder, const char *bench, const char *name,
		       const json_t *json)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s-%s.json", folder, bench, name);
	if (json_dump_file(json, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)))
		die("cannot write %s", path);
}

void results_write(const char *folder, const char *bench, const char *name)
{
	const char *key;
	json_t *part;

	json_object_foreach(parts, key, part)
		file_write(folder, bench, key, part);
	json_object_foreach(plots, key, part)
		plot_write(folder, bench, key, part);
	if (summary)
		file_write(folder, bench, name, summary);
}
