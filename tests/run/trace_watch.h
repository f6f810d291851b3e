/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAISY_TESTS_RUN_TRACE_WATCH_H
#define DAISY_TESTS_RUN_TRACE_WATCH_H

#include "bed.h"

/* From now on each packet of the tables that a trace can describe is traced first, and compared. */
void trace_watch_start(void);
/* Has a packet that was traced ended in this counter? */
bool trace_watch_saw(enum counter end);

#endif
