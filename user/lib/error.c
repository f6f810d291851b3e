/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"

static _Thread_local char line[DAISY_ERROR_SIZE];

/* One line: what a library put into its message must not break a log. */
static void flatten(char *text)
{
	char *newline;

	while ((newline = strchr(text, '\n')))
		*newline = newline[1] ? ' ' : '\0';
}

void daisy_error_set(const char *fmt, ...)
{
	char text[DAISY_ERROR_SIZE];	/* an argument may be daisy_error() itself */
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	flatten(text);
	memcpy(line, text, sizeof(line));
}

void daisy_error_prefix(const char *fmt, ...)
{
	char context[DAISY_ERROR_SIZE / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
	daisy_error_set("%s: %s", context, line);
}

const char *daisy_error(void)
{
	return line;
}
