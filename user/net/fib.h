/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to the kernel's routes and neighbours, for a trace; nothing is changed or resolved. */
#ifndef DAISY_NET_FIB_H
#define DAISY_NET_FIB_H

#include "nat/trace.h"

/*
 * A daisy_trace_route_fn; ctx is not used. As for a packet of the host itself: rules
 * that look at the device of arrival or at the source are not followed.
 */
int daisy_fib_ask(void *ctx, const struct daisy_trace_question *question,
		    struct daisy_trace_route *route);

#endif
