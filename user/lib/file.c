/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/file.h"

int daisy_file_read(const char *path, char **text, size_t *len)
{
	FILE *file = fopen(path, "re");
	int err = 0;

	*text = NULL;
	*len = 0;
	if (!file) {
		err = -errno;
		daisy_error_set("%s: cannot read: %s", path, strerror(errno));
		return err;
	}
	*text = malloc(DAISY_FILE_MAX_BYTES);
	if (*text)
		*len = fread(*text, 1, DAISY_FILE_MAX_BYTES, file);
	if (!*text || ferror(file) || *len == DAISY_FILE_MAX_BYTES) {
		err = *text ? -EINVAL : -ENOMEM;
		daisy_error_set("%s: cannot read: %s", path,
				!*text ? "no memory" : ferror(file) ? strerror(errno) :
				"larger than 16 MiB");
		free(*text);
		*text = NULL;
	}
	fclose(file);
	return err;
}
