/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the packet path tells the daemon by its perf rings. One bed at a time. */
#ifndef DAISY_TESTS_RUN_EVENTS_H
#define DAISY_TESTS_RUN_EVENTS_H

#include "bed.h"
#include "shared/events.h"

void events_listen(struct bed *bed);
void events_stop(void);
/* The oldest event not taken yet; fails the case if there is none. */
const struct daisy_event *events_next(void);
/* Fails the case if there is one. */
void events_none(void);

#endif
