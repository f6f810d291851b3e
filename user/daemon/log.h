/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines on stderr, with the priority prefix that the journal reads (sd-daemon(3)). */
#ifndef DAISY_DAEMON_LOG_H
#define DAISY_DAEMON_LOG_H

#include <syslog.h>

/* `name` of the instance stands in front of every line. */
void daisy_log_open(const char *name);
/* One line without newline; priority LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO. */
void daisy_log(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
