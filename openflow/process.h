/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program run with an argument vector, never by a shell, text on its standard
 * input, a time limit, and a bound on what it may say.
 */
#ifndef DAISY_OPENFLOW_PROCESS_H
#define DAISY_OPENFLOW_PROCESS_H

#include <stddef.h>

struct daisy_process_result {
	int status;		/* exit code; 128 + signal if one ended it */
	char *out;		/* standard output, with a NUL behind it */
	size_t out_len;
	char *err;		/* standard error, likewise */
	size_t err_len;
};

/*
 * argv[0] is looked up in $PATH; argv ends with NULL; input may be NULL. 0 if the program
 * ran to its end, whatever its exit code. -ETIMEDOUT: it was killed at the limit.
 * -EFBIG: it said too much, and was killed. -ENOENT: there is no such program. Errors set
 * daisy_error(). The caller cleans *result in any case.
 */
int daisy_process_run(const char *const argv[], const char *input, size_t input_len,
		      unsigned int limit_s, struct daisy_process_result *result);
void daisy_process_clean(struct daisy_process_result *result);

#endif
