/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/forward.h"
#include "daemon/daemon.h"
#include "daemon/forwards.h"
#include "daemon/log.h"
#include "daemon/tables.h"
#include "lib/error.h"

/* Seconds between attempts to make what was missing at the start. */
#define RETRY_S 10

int daisy_forwards_open(struct daisy_daemon *d)
{
	if (d->opened != DAISY_OPENED_ADOPTED)
		return 0;
	return daisy_instance_forwards_list(d->inst, &d->forwards.list, &d->forwards.n);
}

void daisy_forwards_close(struct daisy_daemon *d)
{
	free(d->forwards.list);
	d->forwards = (struct daisy_forwards){ 0 };
}

static int compare(const void *a, const void *b)
{
	const struct daisy_forward *p = a, *q = b;

	if (p->slot != q->slot)
		return p->slot < q->slot ? -1 : 1;
	if (p->proto != q->proto)
		return p->proto < q->proto ? -1 : 1;
	return (int)p->port - (int)q->port;
}

static size_t count_wanted(const struct daisy_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t k = 0; k < config->pools[i].n_forwards; k++) {
			const struct daisy_config_forward *f = &config->pools[i].forwards[k];

			n += (size_t)(f->ports.last - f->ports.first + 1) * (f->proto ? 1 : 2);
		}
	return n;
}

/* One of the file: a mapping for each port and protocol. Returns how many. */
static size_t expand(struct daisy_daemon *d, const struct daisy_config *config,
		     const struct daisy_config_forward *from, struct daisy_forward *list)
{
	const struct daisy_config_link *link = daisy_config_host_link(config, from->inside, from->zone);
	int number = link ? daisy_devices_find(d, link) : -1;
	int slot = daisy_tables_slot(d, from->external);
	uint32_t addr = htonl(from->inside);
	size_t n = 0;

	for (uint32_t port = from->ports.first; slot >= 0 && port <= from->ports.last; port++)
		for (int proto = 0; proto < DAISY_N_PROTOS; proto++) {
			struct daisy_forward *to = &list[n];

			if (!daisy_config_forward_has(from, (enum daisy_proto)proto))
				continue;
			*to = (struct daisy_forward){
				.slot = (uint32_t)slot, .proto = (enum daisy_proto)proto,
				.port = (uint16_t)port, .link = (uint16_t)number,
				.inside.zone = from->zone,
				.inside.port = (uint16_t)(from->inside_port + port - from->ports.first),
			};
			memcpy(to->inside.addr, &addr, sizeof(addr));
			n++;
		}
	return n;
}

static int make_wanted(struct daisy_daemon *d, const struct daisy_config *config,
		       struct daisy_forwards *wanted)
{
	*wanted = (struct daisy_forwards){
		.list = calloc(count_wanted(config) + 1, sizeof(*wanted->list)),
	};
	if (!wanted->list) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t k = 0; k < config->pools[i].n_forwards; k++)
			wanted->n += expand(d, config, &config->pools[i].forwards[k],
					    &wanted->list[wanted->n]);
	qsort(wanted->list, wanted->n, sizeof(*wanted->list), compare);
	return 0;
}

/* End those that are not wanted, or not as they are. */
static int remove_others(struct daisy_daemon *d, const struct daisy_forwards *wanted)
{
	int err = 0;

	for (size_t i = 0; i < d->forwards.n && !err; i++) {
		const struct daisy_forward *have = &d->forwards.list[i], *same;

		same = bsearch(have, wanted->list, wanted->n, sizeof(*have), compare);
		if (!same || same->inside.word != have->inside.word)
			err = daisy_instance_forward_del(d->inst, have);
	}
	return err;
}

static bool was_missing(const struct daisy_daemon *d, const struct daisy_forward *forward)
{
	for (size_t i = 0; i < d->forwards.n_missing; i++)
		if (!compare(&d->forwards.missing[i], forward) &&
		    d->forwards.missing[i].inside.word == forward->inside.word)
			return true;
	return false;
}

/* Make what is wanted; the list becomes that of what there is. */
static int make_missing(struct daisy_daemon *d, struct daisy_forwards *wanted, bool lenient)
{
	size_t at = 0, kept = 0;
	int err = 0;

	while (at < wanted->n) {
		size_t n;

		err = daisy_instance_forwards_add(d->inst, &wanted->list[at], wanted->n - at, &n);
		memmove(&wanted->list[kept], &wanted->list[at], n * sizeof(*wanted->list));
		kept += n;
		at += n;
		/* There may be thousands. */
		daisy_daemon_alive(d);
		if (!err)
			continue;
		if (wanted->n_missing == DAISY_FORWARDS_MISSING ||
		    !(lenient || was_missing(d, &wanted->list[at])))
			break;
		if (!was_missing(d, &wanted->list[at]))
			daisy_log(LOG_WARNING, "%s", daisy_error());
		wanted->missing[wanted->n_missing++] = wanted->list[at++];
		err = 0;
	}
	wanted->n = kept;
	return err;
}

int daisy_forwards_apply(struct daisy_daemon *d, const struct daisy_config *config, bool lenient)
{
	struct daisy_forwards wanted;
	int err = make_wanted(d, config, &wanted);

	if (!err)
		err = remove_others(d, &wanted);
	if (err) {
		free(wanted.list);
		return err;
	}
	err = make_missing(d, &wanted, lenient);
	daisy_forwards_close(d);
	d->forwards = wanted;
	return err;
}

void daisy_forwards_second(struct daisy_daemon *d)
{
	if (!d->forwards.n_missing || daisy_now_ms() / 1000 % RETRY_S)
		return;
	if (daisy_forwards_apply(d, d->config, true))
		daisy_log(LOG_ERR, "%s", daisy_error());
	else if (!d->forwards.n_missing)
		daisy_log(LOG_NOTICE, "every forward is there now");
}
