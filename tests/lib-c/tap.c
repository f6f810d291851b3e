/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int n, n_failed;
static char pending[8192];	/* remarks of tap_why */

bool tap_ok(bool ok, const char *title, ...)
{
	va_list ap;

	printf("%s %d - ", ok ? "ok" : "not ok", ++n);
	va_start(ap, title);
	vprintf(title, ap);
	va_end(ap);
	printf("\n%s", pending);
	pending[0] = 0;
	fflush(stdout);
	if (!ok)
		n_failed++;
	return ok;
}

void tap_note(const char *text, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, text);
	vprintf(text, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void tap_why(const char *text, ...)
{
	size_t at = strlen(pending);
	va_list ap;

	if (at > sizeof(pending) - 512)
		return;
	at += sprintf(pending + at, "# ");
	va_start(ap, text);
	vsnprintf(pending + at, 500, text, ap);
	va_end(ap);
	strcpy(pending + strlen(pending), "\n");
}

void tap_bail(const char *text, ...)
{
	va_list ap;

	/* A line "not ok" as well: a runner that only counts results sees the failure. */
	printf("not ok %d - ", ++n);
	va_start(ap, text);
	vprintf(text, ap);
	va_end(ap);
	printf("\n%sBail out!\n", pending);
	fflush(stdout);
	exit(1);
}

int tap_done(void)
{
	printf("1..%d\n", n);
	return n_failed ? 1 : 0;
}
