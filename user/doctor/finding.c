/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor/finding.h"

static void add(const struct daisy_findings *out, enum daisy_finding_level level,
		const char *check, const char *fmt, va_list args)
{
	struct daisy_finding finding = { .level = level, .subject = out->subject, .check = check };
	char text[DAISY_FINDING_SIZE];
	char *bar;

	vsnprintf(text, sizeof(text), fmt, args);
	bar = strchr(text, '|');
	if (bar)
		*bar = '\0';
	finding.text = text;
	finding.todo = bar ? bar + 1 : "";
	out->add(out->ctx, &finding);
}

void daisy_finding_ok(const struct daisy_findings *out, const char *check, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(out, FINDING_OK, check, fmt, args);
	va_end(args);
}

void daisy_finding_warn(const struct daisy_findings *out, const char *check, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(out, FINDING_WARN, check, fmt, args);
	va_end(args);
}

void daisy_finding_fail(const struct daisy_findings *out, const char *check, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(out, FINDING_FAIL, check, fmt, args);
	va_end(args);
}

long daisy_doctor_read(const char *fmt, ...)
{
	char path[256];
	va_list args;
	long value;
	FILE *file;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%li", &value) != 1)
		value = -EINVAL;
	fclose(file);
	return value;
}
