/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAISY_DAEMON_CONFIRM_H
#define DAISY_DAEMON_CONFIRM_H

struct daisy_daemon;

/* Every 100 ms: undo what was not confirmed in time. */
void daisy_confirm_step(struct daisy_daemon *d);

#endif
