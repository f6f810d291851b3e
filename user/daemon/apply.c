/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration is applied in two halves. The first adds, and may fail: then
 * the running configuration is written again, which takes away what was added.
 * The second removes, which cannot be undone, and is not started before nothing
 * can fail any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/apply.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/follow.h"
#include "daemon/log.h"
#include "daemon/tables.h"
#include "lib/error.h"
#include "migrate/peers.h"

static int change_metrics(struct daisy_daemon *d, const struct daisy_config *config)
{
	struct daisy_metrics *metrics = NULL;
	const char *before = d->metrics && d->config ? d->config->metrics_listen : "";
	int err;

	if (!strcmp(before, config->metrics_listen))
		return 0;
	if (*config->metrics_listen) {
		err = daisy_metrics_start(&metrics, d->inst, config->metrics_listen);
		if (err)
			return err;
	}
	daisy_metrics_stop(d->metrics);
	d->metrics = metrics;
	return 0;
}

/* What can fail. */
static int add(struct daisy_daemon *d, const struct daisy_config *config, bool renew)
{
	int err = daisy_devices_number(d, config);

	/* Which ports an address gets depends on the options. */
	daisy_tables_settings(d, config);
	if (!err)
		err = daisy_tables_add(d, config);
	if (!err)
		err = daisy_devices_sync(d);
	if (!err)
		err = daisy_tables_prefixes(d, config);
	/* At the start mappings of before may be in the way: they are not ended for it, nor is the start. */
	if (!err)
		err = daisy_forwards_apply(d, config, !d->config);
	if (!err)
		err = daisy_tables_rules(d, config);
	if (!err)
		err = daisy_devices_guard(d, config);
	if (!err)
		err = daisy_follow_nexthops(d);
	if (!err)
		daisy_daemon_alive(d);
	if (!err)
		err = daisy_devices_attach(d, config, renew);
	if (!err)
		err = change_metrics(d, config);
	return err ? err : daisy_peers_apply(d->peers, &config->peering);
}

/* What cannot. The prefixes again: one may have moved from a link to another. */
static void remove_rest(struct daisy_daemon *d, const struct daisy_config *config)
{
	daisy_devices_drop(d, config);
	daisy_tables_drop(d, config);
	daisy_tables_prefixes(d, config);
	if (daisy_interfaces_own_sync(&d->interfaces, d->inst))
		daisy_log(LOG_WARNING, "own addresses: %s", daisy_error());
	d->routes_changed = true;
	daisy_follow_settle(d);
	daisy_slowpath_sync(d->slowpath);
}

int daisy_apply_first(struct daisy_daemon *d, struct daisy_config *config)
{
	int err;

	/* Addresses of an earlier run that the box no longer has make room first. */
	daisy_interfaces_own_sync(&d->interfaces, d->inst);
	err = add(d, config, true);
	if (err)
		return err;
	d->config = config;
	d->saved = daisy_config_copy(config);
	if (!d->saved)
		return -ENOMEM;
	remove_rest(d, config);
	return 0;
}

static int check_fixed(const struct daisy_config *old, const struct daisy_config *new)
{
	if (strcmp(old->name, new->name)) {
		daisy_error_set("instance: \"%s\" cannot become \"%s\" while it runs, expected \"%s\"",
				old->name, new->name, old->name);
		return -EINVAL;
	}
	if (old->max_addresses == new->max_addresses && old->max_mappings == new->max_mappings &&
	    old->max_subscribers == new->max_subscribers &&
	    old->max_connections == new->max_connections &&
	    old->max_permissions == new->max_permissions)
		return 0;
	daisy_error_set("limits: the maps of \"%s\" have their sizes, expected the limits they were "
			"made with (purging the instance, which ends its mappings, makes new ones)",
			old->name);
	return -EINVAL;
}

static void restore(struct daisy_daemon *d)
{
	char *reason = strdup(daisy_error());

	if (add(d, d->config, false))
		daisy_log(LOG_ERR, "cannot go back to the running configuration: %s",
			  daisy_error());
	remove_rest(d, d->config);
	daisy_error_set("%s", reason ? reason : "no memory");
	free(reason);
}

int daisy_daemon_apply(struct daisy_daemon *d, struct daisy_config *config)
{
	int err = check_fixed(d->config, config);

	if (!err) {
		err = add(d, config, false);
		if (err)
			restore(d);
	}
	if (err) {
		daisy_config_free(config);
		return err;
	}
	remove_rest(d, config);
	daisy_config_free(d->config);
	d->config = config;
	return 0;
}

int daisy_daemon_reload(struct daisy_daemon *d)
{
	struct daisy_config *config, *saved;
	int err = daisy_config_load(d->options.config, true, &config);

	if (err)
		return err;
	saved = daisy_config_copy(config);
	if (!saved) {
		daisy_config_free(config);
		return -ENOMEM;
	}
	err = daisy_daemon_apply(d, config);
	if (err) {
		daisy_config_free(saved);
		return err;
	}
	daisy_config_free(d->saved);
	d->saved = saved;
	/* The file is the truth, also about links whose change waits to be confirmed. */
	daisy_daemon_confirm(d, NULL);
	daisy_events_instance(d->events, "reloaded");
	return 0;
}

int daisy_daemon_save(struct daisy_daemon *d)
{
	struct daisy_config *saved;
	/* What the next start would refuse is not written. */
	int err = daisy_config_check_saved(d->config);

	if (err)
		return err;
	saved = daisy_config_copy(d->config);
	if (!saved)
		return -ENOMEM;
	err = daisy_config_save(saved, d->options.config);
	if (err) {
		daisy_config_free(saved);
		return err;
	}
	daisy_config_free(d->saved);
	d->saved = saved;
	return 0;
}

bool daisy_daemon_unsaved(const struct daisy_daemon *d)
{
	const struct daisy_config *a = d->config, *b = d->saved;

	if (a->n_links != b->n_links || a->n_pools != b->n_pools)
		return true;
	for (size_t i = 0; i < a->n_links; i++) {
		const struct daisy_config_link *link =
			daisy_config_link_find(d->saved, a->links[i].device, a->links[i].n_tags,
					       a->links[i].tag);

		if (!link || !daisy_config_link_equal(link, &a->links[i]))
			return true;
	}
	for (size_t i = 0; i < a->n_pools; i++) {
		const struct daisy_config_pool *pool =
			daisy_config_pool_find(d->saved, a->pools[i].name);

		if (!pool || !daisy_config_pool_equal(pool, &a->pools[i]))
			return true;
	}
	return false;
}
