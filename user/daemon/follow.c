/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "daemon/daemon.h"
#include "daemon/follow.h"
#include "daemon/log.h"
#include "lib/error.h"

/* A rise of the epoch makes every flow ask the FIB again: at most ten a second. */
#define EPOCH_INTERVAL_MS 100

/* A table of a million routes that flaps is not read again for each that goes. */
#define ROUTES_INTERVAL_MS 30000

static void handle_link(void *ctx, const struct daisy_nl_link *link)
{
	struct daisy_daemon *d = ctx;

	if (daisy_interfaces_link(&d->interfaces, link))
		daisy_log(LOG_ERR, "device %s: %s", link->name, daisy_error());
	d->interfaces_changed = true;
}

static void handle_addr(void *ctx, const struct daisy_nl_addr *addr)
{
	struct daisy_daemon *d = ctx;

	if (daisy_interfaces_addr(&d->interfaces, addr))
		daisy_log(LOG_ERR, "%s", daisy_error());
	d->interfaces_changed = true;
}

static void handle_route(void *ctx, const struct daisy_nl_route *route)
{
	struct daisy_daemon *d = ctx;

	d->routes_changed = true;
	if (route->gone)
		d->routes_removed = true;
	else
		daisy_nexthops_gateway(d->nexthops, d->nl, route->ifindex, route->gateway);
}

static void handle_neighbour(void *ctx, const struct daisy_nl_neighbour *neighbour)
{
	struct daisy_daemon *d = ctx;

	daisy_nexthops_neighbour(d->nexthops, d->nl, neighbour);
}

static void handle_overrun(void *ctx)
{
	struct daisy_daemon *d = ctx;

	d->overrun = true;
}

static int learn_interfaces(struct daisy_daemon *d)
{
	int err = daisy_netlink_dump(d->nl, NL_LINKS);

	return err ? err : daisy_netlink_dump(d->nl, NL_ADDRS);
}

static int learn_routes(struct daisy_daemon *d)
{
	daisy_nexthops_gateways_forget(d->nexthops);
	d->routes_removed = false;
	d->routes_ms = daisy_now_ms();
	return daisy_netlink_dump(d->nl, NL_ROUTES);
}

int daisy_follow_open(struct daisy_daemon *d)
{
	const struct daisy_nl_handlers handlers = {
		.ctx = d, .link = handle_link, .addr = handle_addr, .route = handle_route,
		.neighbour = handle_neighbour, .overrun = handle_overrun,
	};
	int err = daisy_netlink_open(&d->nl, &handlers);

	if (err)
		return err;
	d->nexthops = daisy_nexthops_new(d->inst);
	return d->nexthops ? learn_interfaces(d) : -ENOMEM;
}

void daisy_follow_close(struct daisy_daemon *d)
{
	daisy_nexthops_free(d->nexthops);
	daisy_netlink_close(d->nl);
	daisy_interfaces_clean(&d->interfaces);
}

int daisy_follow_nexthops(struct daisy_daemon *d)
{
	int err;

	daisy_nexthops_mark(d->nexthops);
	err = daisy_netlink_dump(d->nl, NL_NEIGHBOURS);
	if (!err)
		daisy_nexthops_sweep(d->nexthops);
	return err ? err : learn_routes(d);
}

static void raise_epoch(struct daisy_daemon *d)
{
	uint64_t now = daisy_now_ms();

	if (now - d->epoch_ms < EPOCH_INTERVAL_MS) {
		daisy_timer_once(&d->epoch_timer, EPOCH_INTERVAL_MS - (now - d->epoch_ms));
		return;
	}
	d->epoch_ms = now;
	d->routes_changed = false;
	daisy_instance_nexthops_changed(d->inst);
}

static void settle_interfaces(struct daisy_daemon *d)
{
	d->interfaces_changed = false;
	if (daisy_devices_sync(d))
		daisy_log(LOG_ERR, "links: %s", daisy_error());
	if (daisy_interfaces_own_sync(&d->interfaces, d->inst))
		daisy_log(LOG_WARNING, "own addresses: %s", daisy_error());
	daisy_devices_retry(d);
}

/* Everything again; devices that are gone are those that the dump does not bring. */
static void recover(struct daisy_daemon *d)
{
	d->overrun = false;
	daisy_interfaces_forget(&d->interfaces);
	if (learn_interfaces(d) || daisy_devices_sync(d) || daisy_follow_nexthops(d))
		daisy_log(LOG_ERR, "after lost netlink messages: %s", daisy_error());
	d->interfaces_changed = true;
	d->routes_changed = true;
}

void daisy_follow_settle(struct daisy_daemon *d)
{
	if (d->overrun)
		recover(d);
	if (d->interfaces_changed)
		settle_interfaces(d);
	if (daisy_nexthops_changed(d->nexthops))
		d->routes_changed = true;
	if (d->routes_changed)
		raise_epoch(d);
}

static void handle_ready(void *ctx, uint32_t events)
{
	struct daisy_daemon *d = ctx;

	daisy_netlink_read(d->nl);
	daisy_follow_settle(d);
}

static void handle_epoch(void *ctx)
{
	daisy_follow_settle(ctx);
}

int daisy_follow_start(struct daisy_daemon *d)
{
	int err;

	d->epoch_timer = (struct daisy_timer_watch){ .fn = handle_epoch, .ctx = d };
	err = daisy_timer_add(d->loop, &d->epoch_timer, 0);
	if (err)
		return err;
	d->nl_watch = (struct daisy_watch){ .fd = daisy_netlink_fd(d->nl), .events = EPOLLIN,
					    .fn = handle_ready, .ctx = d };
	return daisy_loop_add(d->loop, &d->nl_watch);
}

void daisy_follow_second(struct daisy_daemon *d)
{
	daisy_devices_retry(d);
	if (d->routes_removed && daisy_now_ms() - d->routes_ms >= ROUTES_INTERVAL_MS &&
	    learn_routes(d))
		daisy_log(LOG_WARNING, "%s", daisy_error());
	daisy_follow_settle(d);
}
