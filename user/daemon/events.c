/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/events.h"
#include "lib/error.h"

/* Pages of each CPU's ring: some 400 events, which the loop empties within milliseconds. */
#define RING_PAGES 8

struct daisy_events {
	struct daisy_daemon *daemon;
	struct perf_buffer *rings;
	struct daisy_watch watch;
	void (*listener)(void *ctx, const struct daisy_note *note);
	void *listener_ctx;
	uint64_t lost;
};

static void tell(struct daisy_events *events, const struct daisy_note *note)
{
	if (events && events->listener)
		events->listener(events->listener_ctx, note);
}

static void handle_event(void *ctx, int cpu, void *data, uint32_t size)
{
	struct daisy_events *events = ctx;
	struct daisy_daemon *d = events->daemon;
	struct daisy_event event;
	struct in_addr addr;

	if (size < sizeof(event))
		return;
	memcpy(&event, data, sizeof(event));
	if (event.kind == EVENT_UNRESOLVED) {
		memcpy(&addr, event.inside.addr, sizeof(addr));
		daisy_nexthops_ask(d->nexthops, d->nl, (int)event.ifindex, addr, daisy_now_ms());
	}
	tell(events, &(struct daisy_note){ .kind = NOTE_PACKET, .event = &event });
}

static void handle_loss(void *ctx, int cpu, unsigned long long n)
{
	struct daisy_events *events = ctx;

	events->lost += n;
	tell(events, &(struct daisy_note){ .kind = NOTE_LOST, .lost = n });
}

static void handle_ready(void *ctx, uint32_t ready)
{
	struct daisy_events *events = ctx;

	perf_buffer__consume(events->rings);
}

int daisy_events_open(struct daisy_events **result, struct daisy_daemon *d)
{
	struct daisy_events *events = calloc(1, sizeof(*events));
	int fd = daisy_instance_map_fd(d->inst, "events");
	int err;

	*result = NULL;
	if (!events) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	events->daemon = d;
	events->rings = fd < 0 ? NULL : perf_buffer__new(fd, RING_PAGES, handle_event, handle_loss,
							 events, NULL);
	if (!events->rings) {
		err = fd < 0 ? fd : -errno;
		daisy_error_set("cannot open the event rings: %s", strerror(-err));
		free(events);
		return err;
	}
	events->watch = (struct daisy_watch){
		.fd = perf_buffer__epoll_fd(events->rings), .events = EPOLLIN,
		.fn = handle_ready, .ctx = events,
	};
	err = daisy_loop_add(d->loop, &events->watch);
	if (err) {
		perf_buffer__free(events->rings);
		free(events);
		return err;
	}
	*result = events;
	return 0;
}

void daisy_events_close(struct daisy_events *events)
{
	if (!events)
		return;
	daisy_loop_remove(events->daemon->loop, &events->watch);
	perf_buffer__free(events->rings);
	free(events);
}

static void report_creations(struct daisy_events *events, bool on)
{
	struct daisy_conf *conf = daisy_instance_conf(events->daemon->inst);
	uint32_t options = conf->options & ~(uint32_t)DAISY_OPT_EVENTS;

	__atomic_store_n(&conf->options, options | (on ? DAISY_OPT_EVENTS : 0), __ATOMIC_RELEASE);
}

void daisy_events_listen(struct daisy_events *events,
			 void (*fn)(void *ctx, const struct daisy_note *note), void *ctx)
{
	events->listener = fn;
	events->listener_ctx = ctx;
	report_creations(events, true);
}

void daisy_events_ignore(struct daisy_events *events)
{
	events->listener = NULL;
	report_creations(events, false);
}

bool daisy_events_wanted(const struct daisy_events *events)
{
	return events && events->listener;
}

void daisy_events_link(struct daisy_events *events, const char *device, const char *change)
{
	tell(events, &(struct daisy_note){ .kind = NOTE_LINK, .device = device,
					   .change = change });
}

void daisy_events_instance(struct daisy_events *events, const char *change)
{
	tell(events, &(struct daisy_note){ .kind = NOTE_INSTANCE, .change = change });
}

uint64_t daisy_events_lost(const struct daisy_events *events)
{
	return events ? events->lost : 0;
}
