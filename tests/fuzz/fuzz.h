/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every fuzzer has: its entry, and what must hold for any input. */
#ifndef DAISY_TESTS_FUZZ_H
#define DAISY_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)                                                                \
	do {                                                                      \
		if (!(what)) {                                                    \
			fprintf(stderr, "not so: %s (%s)\n", #what, daisy_error());\
			abort();                                                  \
		}                                                                 \
	} while (0)

#endif
