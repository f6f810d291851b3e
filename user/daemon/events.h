/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens: events of the packet path, from the perf rings, and changes of
 * links and of the instance, for whoever listens (`monitor`). Next hops that
 * packets wait for are asked for here, whether somebody listens or not.
 */
#ifndef DAISY_DAEMON_EVENTS_H
#define DAISY_DAEMON_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/events.h"

struct daisy_daemon;
struct daisy_events;

enum daisy_note_kind {
	NOTE_PACKET,		/* `event` */
	NOTE_LINK,		/* `device`, `change` */
	NOTE_INSTANCE,		/* `change` */
	NOTE_LOST,		/* `lost` */
};

struct daisy_note {
	enum daisy_note_kind kind;
	const struct daisy_event *event;
	const char *device;
	const char *change;
	uint64_t lost;
};

int daisy_events_open(struct daisy_events **events, struct daisy_daemon *d);
void daisy_events_close(struct daisy_events *events);
/* The one listener; creations are reported by the packet path only while there is one. */
void daisy_events_listen(struct daisy_events *events,
			 void (*fn)(void *ctx, const struct daisy_note *note), void *ctx);
void daisy_events_ignore(struct daisy_events *events);
/* Whether the packet path has to report creations. */
bool daisy_events_wanted(const struct daisy_events *events);
void daisy_events_link(struct daisy_events *events, const char *device, const char *change);
void daisy_events_instance(struct daisy_events *events, const char *change);
/* Events that found a ring full, since the start. */
uint64_t daisy_events_lost(const struct daisy_events *events);

#endif
