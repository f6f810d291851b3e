/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "lib/error.h"

#define BATCH 32

struct daisy_loop {
	int epoll_fd;
	bool stopped;
	int status;
	bool (*work)(void *ctx);
	void *work_ctx;
	struct epoll_event ready[BATCH];
	int n_ready;
};

uint64_t daisy_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int daisy_loop_open(struct daisy_loop **loop)
{
	int err;

	*loop = calloc(1, sizeof(**loop));
	if (!*loop) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	(*loop)->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if ((*loop)->epoll_fd >= 0)
		return 0;
	err = -errno;
	daisy_error_set("no event loop: %s", strerror(-err));
	free(*loop);
	*loop = NULL;
	return err;
}

void daisy_loop_close(struct daisy_loop *loop)
{
	if (!loop)
		return;
	close(loop->epoll_fd);
	free(loop);
}

int daisy_loop_add(struct daisy_loop *loop, struct daisy_watch *watch)
{
	struct epoll_event event = { .events = watch->events, .data.ptr = watch };
	int err;

	if (!epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event))
		return 0;
	err = -errno;
	daisy_error_set("cannot watch a file descriptor: %s", strerror(-err));
	return err;
}

void daisy_loop_change(struct daisy_loop *loop, struct daisy_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (watch->events == events)
		return;
	watch->events = events;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

/* What was reported in this turn and not yet handled is taken back, too. */
void daisy_loop_remove(struct daisy_loop *loop, struct daisy_watch *watch)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = 0; i < loop->n_ready; i++)
		if (loop->ready[i].data.ptr == watch)
			loop->ready[i].data.ptr = NULL;
}

static void expire(void *ctx, uint32_t events)
{
	struct daisy_timer_watch *timer = ctx;
	uint64_t times;

	if (read(timer->watch.fd, &times, sizeof(times)) == sizeof(times))
		timer->fn(timer->ctx);
}

static void arm(struct daisy_timer_watch *timer, uint64_t first_ms, uint64_t interval_ms)
{
	struct itimerspec when = {
		.it_value = { (time_t)(first_ms / 1000), (long)(first_ms % 1000) * 1000000 },
		.it_interval = { (time_t)(interval_ms / 1000),
				 (long)(interval_ms % 1000) * 1000000 },
	};

	timerfd_settime(timer->watch.fd, 0, &when, NULL);
}

int daisy_timer_add(struct daisy_loop *loop, struct daisy_timer_watch *timer, uint64_t interval_ms)
{
	int err;

	timer->loop = loop;
	timer->watch = (struct daisy_watch){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.events = EPOLLIN, .fn = expire, .ctx = timer,
	};
	if (timer->watch.fd < 0) {
		err = -errno;
		daisy_error_set("cannot make a timer: %s", strerror(-err));
		timer->loop = NULL;
		return err;
	}
	err = daisy_loop_add(loop, &timer->watch);
	if (!err)
		arm(timer, interval_ms, interval_ms);
	return err;
}

void daisy_timer_once(struct daisy_timer_watch *timer, uint64_t ms)
{
	arm(timer, ms, 0);
}

void daisy_timer_remove(struct daisy_timer_watch *timer)
{
	if (!timer->loop)
		return;
	daisy_loop_remove(timer->loop, &timer->watch);
	close(timer->watch.fd);
	timer->loop = NULL;
}

void daisy_loop_work(struct daisy_loop *loop, bool (*fn)(void *ctx), void *ctx)
{
	loop->work = fn;
	loop->work_ctx = ctx;
}

int daisy_loop_run(struct daisy_loop *loop)
{
	bool more = false;

	while (!loop->stopped) {
		loop->n_ready = epoll_wait(loop->epoll_fd, loop->ready, BATCH, more ? 0 : -1);
		for (int i = 0; i < loop->n_ready; i++) {
			struct daisy_watch *watch = loop->ready[i].data.ptr;

			if (watch)
				watch->fn(watch->ctx, loop->ready[i].events);
		}
		loop->n_ready = 0;
		more = loop->work && loop->work(loop->work_ctx);
	}
	loop->stopped = false;
	return loop->status;
}

void daisy_loop_stop(struct daisy_loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
}
