/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way the tool says that something is wrong. The functions set
 * daisy_error(); daisy_error_print() is the one place that shows it:
 *
 *	daisy: mapping show: port "70000" is not 0-65535
 *
 * with -j also {"error":{...}}, on standard output when nothing stands there
 * yet, so that a reader never takes half a list for a whole one.
 */
#ifndef DAISY_CLI_ERROR_H
#define DAISY_CLI_ERROR_H

#include "cli/cli.h"
#include "lib/error.h"

/* `WHAT "WORD" is not ACCEPTED` */
void daisy_error_value(const char *what, const char *word, const char *accepted);
/* The same, for words separated by a space: "udp, tcp or icmp". */
void daisy_error_choice(const char *what, const char *word, const char *choices);
/* `"WORD" is unknown, expected CHOICES` */
void daisy_error_unknown(const char *word, const char *choices);
/* `"KEY" needs a value: VALUE` */
void daisy_error_no_value(const char *key, const char *value);
/* `"KEY VALUE" is missing` */
void daisy_error_missing(const char *key, const char *value);
/* `"KEY" is given twice` */
void daisy_error_twice(const char *key);

/* Show daisy_error() and hand `code` through. */
enum daisy_exit daisy_error_print(struct daisy_cli *cli, enum daisy_exit code);
/* A remark of the daemon about something that was done; standard error only. */
void daisy_error_warn(const struct daisy_cli *cli, const char *text);

#endif
