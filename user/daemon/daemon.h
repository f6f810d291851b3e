/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a running daemon, and its order of start and stop. Everything
 * belongs to the one thread of the loop; only the metrics have a thread of
 * their own, which sees copies and mapped tables.
 */
#ifndef DAISY_DAEMON_DAEMON_H
#define DAISY_DAEMON_DAEMON_H

#include "config/config.h"
#include "daemon/devices.h"
#include "daemon/forwards.h"
#include "daemon/loop.h"
#include "nat/instance.h"
#include "nat/sweep.h"
#include "net/garp.h"
#include "net/interfaces.h"
#include "net/netlink.h"
#include "net/nexthops.h"
#include "slowpath/slowpath.h"
#include "telemetry/metrics.h"

struct daisy_census;
struct daisy_moves;
struct daisy_peers;
struct daisy_server;
struct daisy_events;

struct daisy_daemon_options {
	const char *config;	/* path */
	const char *bpffs;	/* where instances are pinned */
	const char *run_dir;	/* of the control socket */
	bool test_clock;	/* `instance clock-advance` is allowed */
};

/* A change of a link that is undone unless somebody confirms it in time. */
struct daisy_pending {
	bool used;
	uint64_t deadline_ms;
	struct daisy_config_link link;	/* after the change: names it */
	bool had_before;
	struct daisy_config_link before;
};

struct daisy_daemon {
	struct daisy_daemon_options options;
	struct daisy_loop *loop;

	/* `config` runs; `saved` is what the file said, for "unsaved" */
	struct daisy_config *config;
	struct daisy_config *saved;
	char pool_name[256][DAISY_NAME_MAX + 1];	/* by the number in struct daisy_slot */
	struct daisy_pending pending[DAISY_MAX_LINKS];

	struct daisy_instance *inst;
	enum daisy_opened opened;
	struct daisy_devices devices;
	struct daisy_forwards forwards;
	struct daisy_interfaces interfaces;
	struct daisy_netlink *nl;
	struct daisy_nexthops *nexthops;
	struct daisy_sweeper *sweeper;
	struct daisy_garp garp;
	struct daisy_slowpath *slowpath;
	struct daisy_events *events;
	struct daisy_metrics *metrics;
	struct daisy_server *server;
	struct daisy_peers *peers;
	struct daisy_moves *moves;

	uint64_t epoch_ms;		/* last rise of the next-hop epoch */
	bool routes_changed;		/* since then */
	bool routes_removed;		/* gateways may be out of use */
	uint64_t routes_ms;		/* last dump of the routes */
	bool interfaces_changed;	/* in this turn of the loop */
	bool overrun;			/* netlink lost changes */
	bool ending;			/* the instance is being purged */
	time_t start_time;
	uint64_t start_ms;
	struct daisy_census *census;
	struct daisy_figures figures;

	struct daisy_watch nl_watch;
	struct daisy_watch signal_watch;
	struct daisy_timer_watch second;	/* liveness, retries, figures */
	struct daisy_timer_watch tenth;		/* sweep, gratuitous ARP, deadlines */
	uint64_t tenth_ms;			/* its last turn */
	struct daisy_timer_watch epoch_timer;
};

/*
 * Run until a signal or a purge. Returns the exit status: 0, or 1 with the
 * reason in the log.
 */
int daisy_daemon_run(const struct daisy_daemon_options *options);
/* Detach, remove guard, pins and mappings of an instance whose daemon does not run. */
int daisy_daemon_purge(const char *bpffs, const char *name);

/* Make the running configuration this one, or leave everything as it is. Takes `config`. */
int daisy_daemon_apply(struct daisy_daemon *d, struct daisy_config *config);
/* Read the file again. */
int daisy_daemon_reload(struct daisy_daemon *d);
/* Write the file. */
int daisy_daemon_save(struct daisy_daemon *d);
bool daisy_daemon_unsaved(const struct daisy_daemon *d);
/* Detach and forget everything, then stop. */
int daisy_daemon_end(struct daisy_daemon *d);
/* Stamp the liveness: in time, and after the clock was moved. */
void daisy_daemon_alive(struct daisy_daemon *d);
/* Undo a change of a link in so many seconds unless confirmed; before NULL: there was none. */
int daisy_daemon_pend(struct daisy_daemon *d, const struct daisy_config_link *link,
		      const struct daisy_config_link *before, uint32_t seconds);
/* Confirm the changes of one link, or of all (NULL). Returns how many there were. */
int daisy_daemon_confirm(struct daisy_daemon *d, const struct daisy_config_link *link);
/* The pending change of a link, NULL if there is none. */
const struct daisy_pending *daisy_daemon_pending(const struct daisy_daemon *d,
						 const struct daisy_config_link *link);

#endif
