/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event loop of the daemon: file descriptors, timers and work that is done a
 * piece at a time. One thread; nothing it calls may wait.
 */
#ifndef DAISY_DAEMON_LOOP_H
#define DAISY_DAEMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct daisy_loop;

/* Owned by the caller, in place until it is removed. */
struct daisy_watch {
	int fd;
	uint32_t events;	/* EPOLLIN, EPOLLOUT */
	void (*fn)(void *ctx, uint32_t events);
	void *ctx;
};

struct daisy_timer_watch {
	struct daisy_watch watch;
	struct daisy_loop *loop;
	void (*fn)(void *ctx);
	void *ctx;
};

int daisy_loop_open(struct daisy_loop **loop);
void daisy_loop_close(struct daisy_loop *loop);

int daisy_loop_add(struct daisy_loop *loop, struct daisy_watch *watch);
void daisy_loop_change(struct daisy_loop *loop, struct daisy_watch *watch, uint32_t events);
/* Safe from within any handler, also the watch's own. */
void daisy_loop_remove(struct daisy_loop *loop, struct daisy_watch *watch);

/* Every `interval_ms`, from one interval from now on; 0: not yet started. */
int daisy_timer_add(struct daisy_loop *loop, struct daisy_timer_watch *timer, uint64_t interval_ms);
/* Once, in `ms`; 0 stops it. */
void daisy_timer_once(struct daisy_timer_watch *timer, uint64_t ms);
void daisy_timer_remove(struct daisy_timer_watch *timer);

/* Called in every turn; returns whether there is more to do at once. */
void daisy_loop_work(struct daisy_loop *loop, bool (*fn)(void *ctx), void *ctx);

/* Until daisy_loop_stop; the exit status. May be run again. */
int daisy_loop_run(struct daisy_loop *loop);
void daisy_loop_stop(struct daisy_loop *loop, int status);

/* CLOCK_MONOTONIC. */
uint64_t daisy_now_ms(void);

#endif
