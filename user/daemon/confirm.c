/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of links that undo themselves unless somebody who can still reach the box confirms. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/confirm.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "lib/error.h"

static void clean(struct daisy_pending *pending)
{
	if (pending->had_before)
		daisy_config_link_clean(&pending->before);
	memset(pending, 0, sizeof(*pending));
}

const struct daisy_pending *daisy_daemon_pending(const struct daisy_daemon *d,
						 const struct daisy_config_link *link)
{
	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (d->pending[i].used && daisy_config_link_same(&d->pending[i].link, link))
			return &d->pending[i];
	return NULL;
}

/* A second change before the first is confirmed goes back to before the first. */
int daisy_daemon_pend(struct daisy_daemon *d, const struct daisy_config_link *link,
		      const struct daisy_config_link *before, uint32_t seconds)
{
	struct daisy_pending *pending = (struct daisy_pending *)daisy_daemon_pending(d, link);

	for (int i = 0; i < DAISY_MAX_LINKS && !pending; i++)
		if (!d->pending[i].used)
			pending = &d->pending[i];
	if (!pending) {
		daisy_error_set("too many changes wait to be confirmed, expected at most %d",
				DAISY_MAX_LINKS);
		return -ENOSPC;
	}
	pending->deadline_ms = daisy_now_ms() + seconds * 1000ull;
	if (pending->used)
		return 0;
	pending->used = true;
	pending->link = *link;
	pending->link.prefixes = NULL;
	pending->link.n_prefixes = 0;
	pending->had_before = before;
	return before ? daisy_config_link_copy(&pending->before, before) : 0;
}

int daisy_daemon_confirm(struct daisy_daemon *d, const struct daisy_config_link *link)
{
	int n = 0;

	for (int i = 0; i < DAISY_MAX_LINKS; i++) {
		if (!d->pending[i].used ||
		    (link && !daisy_config_link_same(&d->pending[i].link, link)))
			continue;
		clean(&d->pending[i]);
		n++;
	}
	return n;
}

/* Put the link back as it was: with its old settings, or not there. */
static int put_back(struct daisy_config *config, struct daisy_pending *pending)
{
	struct daisy_config_link *link =
		daisy_config_link_find(config, pending->link.device, pending->link.n_tags,
				       pending->link.tag);

	if (!link && !pending->had_before)
		return 0;
	if (!link && config->n_links == DAISY_MAX_LINKS) {
		daisy_error_set("no room for link \"%s\"", pending->link.device);
		return -ENOSPC;
	}
	if (!link)
		link = &config->links[config->n_links++];
	else
		daisy_config_link_clean(link);
	if (pending->had_before)
		return daisy_config_link_copy(link, &pending->before);
	*link = config->links[--config->n_links];
	memset(&config->links[config->n_links], 0, sizeof(*link));
	return 0;
}

static void undo(struct daisy_daemon *d, struct daisy_pending *pending)
{
	struct daisy_config *config = daisy_config_copy(d->config);
	int err = config ? put_back(config, pending) : -ENOMEM;

	daisy_log(LOG_WARNING, "link %s: not confirmed in time, going back", pending->link.device);
	if (!err)
		err = daisy_daemon_apply(d, config);
	else
		daisy_config_free(config);
	if (err)
		daisy_log(LOG_ERR, "link %s: cannot go back: %s", pending->link.device,
			  daisy_error());
	clean(pending);
}

void daisy_confirm_step(struct daisy_daemon *d)
{
	uint64_t now = daisy_now_ms();

	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (d->pending[i].used && now >= d->pending[i].deadline_ms)
			undo(d, &d->pending[i]);
}
