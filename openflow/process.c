/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/error.h"
#include "openflow/process.h"

/* A line of 200 bytes for each of 300,000 rules. */
#define MAX_BYTES (64u << 20)
#define FIRST_BYTES 16384

/* What one pipe has said. */
struct stream {
	int fd;			/* -1: at its end */
	char *text;
	size_t len, room;
};

static int system_error(const char *what)
{
	int err = -errno;

	daisy_error_set("%s: %s", what, strerror(errno));
	return err;
}

/* Standard input: a file in memory, so that nobody has to wait for a reader. */
static int input_file(const char *text, size_t len)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return system_error("input");
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR) {
			close(fd);
			return system_error("input");
		}
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Our own handling of signals is not the program's. */
static int spawn(const char *const argv[], int in, int out, int err, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t signals;
	int failed;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attr, &signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &signals);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	/* posix_spawn() does not write to the strings. */
	failed = posix_spawnp(pid, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	if (failed)
		daisy_error_set("cannot run %s: %s", argv[0], strerror(failed));
	return -failed;
}

/* What is there to be read. */
static int take(struct stream *stream)
{
	ssize_t n;

	if (stream->room - stream->len < 2) {
		size_t room = stream->room ? 2 * stream->room : FIRST_BYTES;
		char *text = room <= MAX_BYTES ? realloc(stream->text, room) : NULL;

		if (!text) {
			daisy_error_set("an answer of more than %u bytes", MAX_BYTES);
			return -EFBIG;
		}
		stream->text = text;
		stream->room = room;
	}
	n = read(stream->fd, stream->text + stream->len, stream->room - stream->len - 1);
	if (n > 0)
		stream->len += (size_t)n;
	if (!n || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		close(stream->fd);
		stream->fd = -1;
	}
	if (stream->room)
		stream->text[stream->len] = '\0';
	return 0;
}

static int wait_ms(uint64_t deadline_ns)
{
	uint64_t now = daisy_clock_ns(0);

	/* One more: the clock is coarse, and the limit is not to be met by spinning. */
	return now < deadline_ns ? (int)((deadline_ns - now) / 1000000) + 1 : 0;
}

/* Both streams until they end. */
static int listen_to(struct stream streams[2], uint64_t deadline_ns, unsigned int limit_s)
{
	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		struct pollfd poll_fd[2] = {
			{ .fd = streams[0].fd, .events = POLLIN },
			{ .fd = streams[1].fd, .events = POLLIN },
		};
		int n = poll(poll_fd, 2, wait_ms(deadline_ns));

		if (!n) {
			daisy_error_set("no answer within %u s", limit_s);
			return -ETIMEDOUT;
		}
		for (int i = 0; i < 2 && n > 0; i++) {
			int err = poll_fd[i].revents ? take(&streams[i]) : 0;

			if (err)
				return err;
		}
	}
	return 0;
}

/* The program's end, brought about if it is late or `kill_it`. */
static int reap(pid_t pid, bool kill_it, uint64_t deadline_ns)
{
	struct pollfd poll_fd = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int status;

	if (kill_it || poll_fd.fd < 0 || poll(&poll_fd, 1, wait_ms(deadline_ns)) != 1)
		kill(pid, SIGKILL);
	if (poll_fd.fd >= 0)
		close(poll_fd.fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void close_all(int fds[5])
{
	for (int i = 0; i < 5; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Input, then read and write ends of output and errors. */
static int open_all(const char *input, size_t len, int fds[5])
{
	for (int i = 0; i < 5; i++)
		fds[i] = -1;
	fds[0] = input_file(input, len);
	if (fds[0] < 0)
		return fds[0];
	return pipe2(fds + 1, O_CLOEXEC) || pipe2(fds + 3, O_CLOEXEC) ? system_error("pipe") : 0;
}

int daisy_process_run(const char *const argv[], const char *input, size_t input_len,
		      unsigned int limit_s, struct daisy_process_result *result)
{
	uint64_t deadline_ns = daisy_clock_ns(0) + limit_s * DAISY_NS_PER_S;
	struct stream streams[2] = { { .fd = -1 }, { .fd = -1 } };
	int fds[5], err;
	pid_t pid;

	memset(result, 0, sizeof(*result));
	err = open_all(input, input_len, fds);
	if (!err)
		err = spawn(argv, fds[0], fds[2], fds[4], &pid);
	if (err) {
		close_all(fds);
		return err;
	}
	streams[0].fd = fds[1];
	streams[1].fd = fds[3];
	fds[1] = fds[3] = -1;
	close_all(fds);
	err = listen_to(streams, deadline_ns, limit_s);
	result->status = reap(pid, err, deadline_ns);
	for (int i = 0; i < 2; i++)
		if (streams[i].fd >= 0)
			close(streams[i].fd);
	result->out = streams[0].text;
	result->out_len = streams[0].len;
	result->err = streams[1].text;
	result->err_len = streams[1].len;
	return err;
}

void daisy_process_clean(struct daisy_process_result *result)
{
	free(result->out);
	free(result->err);
	memset(result, 0, sizeof(*result));
}
