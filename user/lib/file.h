/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that a person has written, read whole. */
#ifndef DAISY_LIB_FILE_H
#define DAISY_LIB_FILE_H

#include <stddef.h>

/* A configuration with every prefix of every link has a tenth of this. */
#define DAISY_FILE_MAX_BYTES (16u << 20)

/* The caller frees *text. A negative errno: daisy_error() names the path. */
int daisy_file_read(const char *path, char **text, size_t *len);

#endif
