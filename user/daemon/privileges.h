/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAISY_DAEMON_PRIVILEGES_H
#define DAISY_DAEMON_PRIVILEGES_H

/* Keep only the capabilities that the daemon needs, and gain none again. */
int daisy_privileges_drop(void);

#endif
