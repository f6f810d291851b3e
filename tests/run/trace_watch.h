/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAISY_TESTS_RUN_TRACE_WATCH_H
#define DAISY_TESTS_RUN_TRACE_WATCH_H

#include "bed.h"

/* A case of a table begins. */
void trace_watch_case(void);
/* Of each packet of the tables, before and after the program has seen it; may play_fail(). */
void trace_watch_before(struct bed *bed, enum bed_link link, const uint8_t *frame, size_t len);
void trace_watch_after(struct bed *bed, const struct bed_run *run);
/* One that was held is traced and judged again. */
void trace_watch_replay(struct bed *bed, enum bed_link link, enum daisy_hold_class class,
			const uint8_t *frame, size_t len);
/* Has a packet that was traced ended in this counter? */
bool trace_watch_saw(enum counter end);

#endif
