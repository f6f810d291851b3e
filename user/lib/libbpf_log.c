/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/libbpf_log.h"

#define CAUSE_SIZE 256
/* In front of an extended error of netlink, libbpf's nlattr.c. */
#define KERNEL_SAYS "Kernel error message: "

static _Thread_local char text[DAISY_LIBBPF_LOG_SIZE];
static _Thread_local size_t used;
static _Thread_local char cause[CAUSE_SIZE];

static void append_tail(const char *message, size_t length)
{
	size_t room = sizeof(text) - 1;

	if (length > room) {
		message += length - room;
		length = room;
	}
	if (used + length > room) {
		size_t cut = used + length - room;

		memmove(text, text + cut, used - cut);
		used -= cut;
	}
	memcpy(text + used, message, length);
	used += length;
	text[used] = '\0';
}

static int keep(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char *message;
	int length;

	if (level > LIBBPF_WARN)
		return 0;
	length = vasprintf(&message, fmt, args);
	if (length < 0)
		return 0;
	append_tail(message, (size_t)length);
	free(message);
	return length;
}

static void take_over(void)
{
	libbpf_set_print(keep);
}

void daisy_libbpf_log_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, take_over);
	used = 0;
	text[0] = '\0';
}

const char *daisy_libbpf_log(void)
{
	return text;
}

/* Lines of the verifier's statistics and of libbpf's frame around a log. */
static int is_frame(const char *line)
{
	static const char *const starts[] = {
		"libbpf: ", "processed ", "verification time ", "stack depth ", "-- END ",
		"prog '",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return 1;
	return !*line;
}

static void copy_cause(const char *from)
{
	size_t n = strcspn(from, "\n");

	snprintf(cause, sizeof(cause), "%.*s", (int)(n < CAUSE_SIZE ? n : CAUSE_SIZE - 1), from);
}

const char *daisy_libbpf_log_cause(void)
{
	const char *kernel = strstr(text, KERNEL_SAYS), *line = text, *next;

	cause[0] = '\0';
	if (kernel) {
		copy_cause(kernel + strlen(KERNEL_SAYS));
		return cause;
	}
	for (; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (!is_frame(line) && *line != '\n')
			copy_cause(line);
	}
	if (!cause[0] && used) {
		line = text + used - 1;
		while (line > text && line[-1] != '\n')
			line--;
		copy_cause(line);
	}
	return cause;
}
