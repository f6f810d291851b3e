/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test Anything Protocol on stdout, one line a fact. */
#ifndef DAISY_TESTS_TAP_H
#define DAISY_TESTS_TAP_H

#include <stdbool.h>

/* One result; the title is a sentence. Returns ok. */
bool tap_ok(bool ok, const char *title, ...) __attribute__((format(printf, 2, 3)));
/* Remark on the result before it. */
void tap_note(const char *text, ...) __attribute__((format(printf, 1, 2)));
/* Remark on the result that follows: why it will have failed. */
void tap_why(const char *text, ...) __attribute__((format(printf, 1, 2)));
/* Nothing can be tested: print the reason and end the program. */
void tap_bail(const char *text, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The plan; returns the exit status of the program. */
int tap_done(void);

#endif
