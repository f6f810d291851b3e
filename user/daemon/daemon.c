/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "control/server.h"
#include "daemon/apply.h"
#include "daemon/census.h"
#include "daemon/confirm.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/follow.h"
#include "daemon/log.h"
#include "daemon/privileges.h"
#include "lib/error.h"
#include "migrate/moves.h"
#include "migrate/peers.h"
#include "net/guard.h"

#define TENTH_MS 100
#define SECOND_MS 1000
#define LOCK_WAIT_MS 2000

void daisy_daemon_alive(struct daisy_daemon *d)
{
	__atomic_store_n(&daisy_instance_conf(d->inst)->alive_tick, daisy_instance_tick(d->inst),
			 __ATOMIC_RELEASE);
}

static void publish(struct daisy_daemon *d)
{
	struct daisy_figures *figures = &d->figures;
	struct daisy_slowpath_figures slow;
	struct daisy_sweeper_stats stats;

	daisy_sweeper_stats(d->sweeper, &stats);
	figures->sweep_visited = stats.visited;
	figures->sweep_rounds = stats.rounds;
	figures->sweep_cpu_us = stats.cpu_us;
	figures->sweep_round_ms = stats.round_ms;
	daisy_slowpath_figures(d->slowpath, &slow);
	figures->held_packets = slow.waiting;
	figures->hold_overflows = slow.overflows;
	figures->hold_lost = slow.lost;
	figures->hold_unsent = slow.unsent;
	figures->clients = daisy_server_clients(d->server);
	figures->start_time_s = (double)d->start_time;
	memcpy(figures->pool, d->pool_name, sizeof(d->pool_name));
	daisy_metrics_publish(d->metrics, figures);
}

/* The share of one core since the last turn, in microseconds: a late turn has what it missed. */
static uint32_t sweep_budget_us(struct daisy_daemon *d)
{
	uint64_t now_ms = daisy_now_ms(), passed_ms = now_ms - d->tenth_ms;

	d->tenth_ms = now_ms;
	return d->config->sweep_percent * 10 *
	       (uint32_t)(passed_ms < SECOND_MS ? passed_ms : SECOND_MS);
}

static void handle_tenth(void *ctx)
{
	struct daisy_daemon *d = ctx;

	if (daisy_sweeper_run(d->sweeper, sweep_budget_us(d)))
		daisy_log(LOG_ERR, "sweep: %s", daisy_error());
	daisy_census_step(d->census, &d->figures);
	daisy_garp_step(&d->garp, d->inst, daisy_now_ms());
	daisy_confirm_step(d);
	daisy_peers_step(d->peers);
	daisy_moves_step(d->moves);
}

static void handle_second(void *ctx)
{
	struct daisy_daemon *d = ctx;

	daisy_daemon_alive(d);
	daisy_follow_second(d);
	daisy_forwards_second(d);
	daisy_slowpath_sync(d->slowpath);
	daisy_slowpath_second(d->slowpath);
	publish(d);
}

static void reload(struct daisy_daemon *d)
{
	sd_notify(0, "RELOADING=1");
	if (daisy_daemon_reload(d))
		daisy_log(LOG_ERR, "not reloaded, going on as before: %s", daisy_error());
	else
		daisy_log(LOG_NOTICE, "reloaded %s", d->options.config);
	sd_notify(0, "READY=1");
}

static void handle_signal(void *ctx, uint32_t events)
{
	struct daisy_daemon *d = ctx;
	struct signalfd_siginfo info;

	if (read(d->signal_watch.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		reload(d);
		return;
	}
	daisy_log(LOG_NOTICE, "stopping; translation goes on with the maps and programs in place");
	daisy_events_instance(d->events, "stopping");
	sd_notify(0, "STOPPING=1");
	daisy_loop_stop(d->loop, 0);
}

static int open_signals(struct daisy_daemon *d)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	d->signal_watch = (struct daisy_watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = EPOLLIN,
		.fn = handle_signal, .ctx = d,
	};
	if (d->signal_watch.fd >= 0)
		return daisy_loop_add(d->loop, &d->signal_watch);
	err = -errno;
	daisy_error_set("cannot receive signals: %s", strerror(-err));
	return err;
}

static int open_timers(struct daisy_daemon *d)
{
	int err;

	d->second = (struct daisy_timer_watch){ .fn = handle_second, .ctx = d };
	d->tenth_ms = daisy_now_ms();
	d->tenth = (struct daisy_timer_watch){ .fn = handle_tenth, .ctx = d };
	err = daisy_timer_add(d->loop, &d->second, SECOND_MS);
	return err ? err : daisy_timer_add(d->loop, &d->tenth, TENTH_MS);
}

/*
 * A daemon that was killed a moment ago holds its lock until the kernel has taken
 * it apart: wait for it rather than make whoever restarts us try again.
 */
static int open_when_free(const struct daisy_instance_spec *spec, struct daisy_daemon *d)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	uint64_t deadline_ms = daisy_now_ms() + LOCK_WAIT_MS;
	int err;

	do {
		err = daisy_instance_open(spec, &d->inst, &d->opened);
	} while (err == -EBUSY && daisy_now_ms() < deadline_ms && !nanosleep(&pause, NULL));
	return err;
}

static int open_instance(struct daisy_daemon *d, const struct daisy_config *config)
{
	uint64_t n = daisy_config_n_addresses(config);
	struct daisy_instance_spec spec = {
		.name = config->name, .bpffs = d->options.bpffs,
		.max_slots = config->max_addresses, .max_mappings = config->max_mappings,
		.max_subscribers = config->max_subscribers, .max_conns = config->max_connections,
		.max_permissions = config->max_permissions, .options = config->options,
	};

	/* As many as the pools have, if that is more than the default. */
	if (!spec.max_slots && n > 64)
		spec.max_slots = (uint32_t)n;
	for (size_t i = 0; i < DAISY_N_TIMERS; i++)
		spec.timer_s[i] = config->timer_s[i];
	if (!spec.timer_s[DAISY_TIMER_HOLD])
		spec.timer_s[DAISY_TIMER_HOLD] = UINT32_MAX;
	return open_when_free(&spec, d);
}

static int open_parts(struct daisy_daemon *d)
{
	int err;

	d->sweeper = daisy_sweeper_new(d->inst);
	d->census = daisy_census_new(d->inst);
	if (!d->sweeper || !d->census) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	err = daisy_forwards_open(d);
	if (!err)
		err = daisy_peers_open(&d->peers, d->loop);
	if (!err)
		err = daisy_moves_open(&d->moves, d);
	if (!err)
		err = daisy_slowpath_open(&d->slowpath, d->inst, d->loop);
	return err ? err : daisy_garp_open(&d->garp);
}

/* In this order: nothing is attached before what it reads, and the guard, are in place. */
static int start(struct daisy_daemon *d, struct daisy_config *config)
{
	int err = daisy_loop_open(&d->loop);

	if (!err)
		err = open_signals(d);
	if (!err)
		err = open_instance(d, config);
	if (!err)
		err = open_parts(d);
	if (!err)
		err = daisy_follow_open(d);
	if (!err)
		err = daisy_events_open(&d->events, d);
	if (!err)
		err = daisy_apply_first(d, config);
	if (err)
		return err;
	err = daisy_follow_start(d);
	if (!err)
		err = daisy_server_open(&d->server, d);
	return err ? err : open_timers(d);
}

/*
 * Attached programs and pins stay, unless they are not to: after a purge, and
 * when this run made them and has failed, so that the next one finds nothing
 * and not half of something.
 */
static void stop(struct daisy_daemon *d, const char *name, bool remove)
{
	daisy_server_close(d->server);
	daisy_moves_close(d->moves);
	daisy_peers_close(d->peers);
	daisy_metrics_stop(d->metrics);
	daisy_timer_remove(&d->second);
	daisy_timer_remove(&d->tenth);
	daisy_timer_remove(&d->epoch_timer);
	remove = remove && d->inst;
	if (remove)
		daisy_devices_detach_all(d);
	daisy_slowpath_close(d->slowpath);
	daisy_events_close(d->events);
	daisy_follow_close(d);
	daisy_garp_close(&d->garp);
	daisy_census_free(d->census);
	daisy_forwards_close(d);
	daisy_sweeper_free(d->sweeper);
	daisy_instance_close(d->inst);
	if (remove && (daisy_instance_purge(d->options.bpffs, name) || daisy_guard_remove(name)))
		daisy_log(LOG_ERR, "%s", daisy_error());
	if (d->signal_watch.fd > 0)
		close(d->signal_watch.fd);
	daisy_loop_close(d->loop);
	daisy_daemon_confirm(d, NULL);
	daisy_config_free(d->config);
	daisy_config_free(d->saved);
}

static int run(struct daisy_daemon *d, struct daisy_config *config)
{
	char name[DAISY_NAME_MAX + 1];
	int err;

	strcpy(name, config->name);
	daisy_log_open(name);
	d->garp.fd = -1;
	err = daisy_privileges_drop();
	if (!err)
		err = start(d, config);
	if (err) {
		daisy_log(LOG_ERR, "%s", daisy_error());
		if (!d->config)
			daisy_config_free(config);
		stop(d, name, d->opened == DAISY_OPENED_NEW);
		return 1;
	}
	daisy_log(LOG_NOTICE, "ready, %s instance with %llu addresses on %zu links",
		  d->opened == DAISY_OPENED_ADOPTED ? "adopted" : "new",
		  (unsigned long long)daisy_config_n_addresses(d->config), d->config->n_links);
	sd_notify(0, "READY=1");
	err = daisy_loop_run(d->loop);
	stop(d, name, d->ending);
	return err;
}

int daisy_daemon_run(const struct daisy_daemon_options *options)
{
	struct daisy_daemon *d = calloc(1, sizeof(*d));
	struct daisy_config *config;
	int err;

	daisy_log_open("");
	if (!d || daisy_config_load(options->config, true, &config)) {
		daisy_log(LOG_ERR, "%s", d ? daisy_error() : "no memory");
		free(d);
		return 1;
	}
	d->options = *options;
	d->start_time = time(NULL);
	d->start_ms = daisy_now_ms();
	err = run(d, config);
	free(d);
	return err;
}

int daisy_daemon_end(struct daisy_daemon *d)
{
	int err = daisy_devices_detach_all(d);

	if (!err)
		err = daisy_guard_remove(d->config->name);
	d->ending = !err;
	return err;
}

int daisy_daemon_purge(const char *bpffs, const char *name)
{
	int err = daisy_instance_purge(bpffs, name);
	int guard = err == -EBUSY ? err : daisy_guard_remove(name);

	return err ? err : guard;
}
