/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/log.h"

static const char *log_name = "";
static int to_journal;

void daisy_log_open(const char *name)
{
	log_name = name;
	to_journal = getenv("JOURNAL_STREAM") != NULL;
}

void daisy_log(int priority, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (to_journal)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "daisyd[%s]: %s\n", log_name, text);
}
