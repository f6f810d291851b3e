/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static forwards of the configuration, in the instance. */
#ifndef DAISY_DAEMON_FORWARDS_H
#define DAISY_DAEMON_FORWARDS_H

#include "nat/forward.h"

struct daisy_daemon;
struct daisy_config;

/* Forwards of the configuration that mappings of before may keep out of the instance. */
#define DAISY_FORWARDS_MISSING 64

struct daisy_forwards {
	struct daisy_forward *list;	/* what the instance has, by slot, protocol and port */
	size_t n;
	struct daisy_forward missing[DAISY_FORWARDS_MISSING];
	size_t n_missing;
};

/* What an adopted instance brings along. */
int daisy_forwards_open(struct daisy_daemon *d);
void daisy_forwards_close(struct daisy_daemon *d);
/*
 * Make the instance have the forwards of a configuration, whose addresses it has, and
 * no others. One that cannot be made is an error, unless it was missing before, or
 * anything may be (`lenient`): that is logged, and daisy_forwards_second tries again.
 */
int daisy_forwards_apply(struct daisy_daemon *d, const struct daisy_config *config, bool lenient);
void daisy_forwards_second(struct daisy_daemon *d);

#endif
