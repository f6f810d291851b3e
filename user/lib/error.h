/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Last error of a thread, one line for people.
 *
 * Who returns a negative errno sets the line first: lower case, no full stop,
 * quotes the bad word and says what would be accepted. The line stays until the
 * next one of the same thread; success does not clear it.
 */
#ifndef DAISY_LIB_ERROR_H
#define DAISY_LIB_ERROR_H

/* Longer lines are cut. */
#define DAISY_ERROR_SIZE 512

void daisy_error_set(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Put "context: " in front of the line. */
void daisy_error_prefix(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The line; "" if nothing failed yet. Never NULL. */
const char *daisy_error(void);

#endif
