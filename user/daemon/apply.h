/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAISY_DAEMON_APPLY_H
#define DAISY_DAEMON_APPLY_H

#include "config/config.h"

struct daisy_daemon;

/* The first configuration of a run, on fresh or adopted maps. Takes `config` if it succeeds. */
int daisy_apply_first(struct daisy_daemon *d, struct daisy_config *config);

#endif
