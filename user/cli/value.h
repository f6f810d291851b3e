/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of the values that follow a keyword. */
#ifndef DAISY_CLI_VALUE_H
#define DAISY_CLI_VALUE_H

#include "cli/grammar.h"

/* Check a word; a new reference, or NULL, and then daisy_error() says what would be accepted. */
json_t *daisy_value_parse(const struct daisy_param *param, const char *word);
/* What stands in the grammar: "{ udp | tcp }", "PORT". The caller frees it. */
char *daisy_value_bnf(const struct daisy_param *param);
/* Candidates that begin with `prefix`, one a line. */
void daisy_value_complete(FILE *out, const struct daisy_param *param, const char *prefix,
			  const char *run_dir);

#endif
