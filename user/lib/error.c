/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"

static _Thread_local char line[DAISY_ERROR_SIZE];

/* Bytes of the UTF-8 sequence at p (RFC 3629 section 4), 0 if it is none. */
static size_t sequence_len(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p <= 0xdf ? 2 : *p >= 0xe0 && *p <= 0xef ? 3 :
		   *p >= 0xf0 && *p <= 0xf4 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Too long a form, halves of surrogate pairs, beyond U+10FFFF. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/*
 * One line of text: what a user typed or a library wrote, quoted here and
 * perhaps cut, must not break a log, a terminal, or the JSON of an answer.
 */
static void flatten(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p) {
		size_t n = sequence_len(p);

		if (*p == '\n' || *p == '\t')
			*p = *p == '\n' && !p[1] ? '\0' : ' ';
		else if (!n || *p < 0x20 || *p == 0x7f)
			*p = '?';
		p += *p ? (n ? n : 1) : 0;
	}
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
