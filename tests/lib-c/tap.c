/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int n, n_failed;

bool tap_ok(bool ok, const char *title, ...)
{
	va_list ap;

	printf("%s %d - ", ok ? "ok" : "not ok", ++n);
	va_start(ap, title);
	vprintf(title, ap);
	va_end(ap);
	putchar('\n');
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

void tap_bail(const char *text, ...)
{
	va_list ap;

	/* A line "not ok" as well: a runner that only counts results sees the failure. */
	printf("not ok %d - ", ++n);
	va_start(ap, text);
	vprintf(text, ap);
	va_end(ap);
	printf("\nBail out!\n");
	fflush(stdout);
	exit(1);
}

int tap_done(void)
{
	printf("1..%d\n", n);
	return n_failed ? 1 : 0;
}
