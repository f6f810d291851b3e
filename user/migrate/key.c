/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "migrate/key.h"

#define DIGITS (2 * DAISY_KEY_BYTES)

static int check_owner(const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode)) {
		daisy_error_set("key file \"%s\" is no file, expected one made by openssl rand -hex %d",
				path, DAISY_KEY_BYTES);
		return -EINVAL;
	}
	if (st.st_uid || st.st_mode & (S_IRWXG | S_IRWXO)) {
		daisy_error_set("key file \"%s\" is open to others than root, expected owner root and "
				"mode 0600", path);
		return -EPERM;
	}
	return 0;
}

static int read_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Nothing but the digits, and a newline. */
static int read_key(const char *path, int fd, uint8_t key[DAISY_KEY_BYTES])
{
	char text[DIGITS + 2] = "";
	ssize_t n = read(fd, text, sizeof(text));
	bool good = n == DIGITS || (n == DIGITS + 1 && text[DIGITS] == '\n');

	for (size_t i = 0; good && i < DAISY_KEY_BYTES; i++) {
		int high = read_digit(text[2 * i]), low = read_digit(text[2 * i + 1]);

		good = high >= 0 && low >= 0;
		key[i] = (uint8_t)(high << 4 | low);
	}
	explicit_bzero(text, sizeof(text));
	if (good)
		return 0;
	explicit_bzero(key, DAISY_KEY_BYTES);
	daisy_error_set("key file \"%s\" holds no key, expected %d hexadecimal digits (openssl rand -hex %d)",
			path, DIGITS, DAISY_KEY_BYTES);
	return -EINVAL;
}

int daisy_key_load(const char *path, uint8_t key[DAISY_KEY_BYTES])
{
	/* Not to be kept waiting by a FIFO that somebody put there. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err;

	if (fd < 0) {
		err = -errno;
		daisy_error_set("cannot read key file \"%s\": %s", path, strerror(-err));
		return err;
	}
	err = check_owner(path, fd);
	if (!err)
		err = read_key(path, fd, key);
	close(fd);
	return err;
}
