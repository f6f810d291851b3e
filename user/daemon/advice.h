/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `daisy doctor` would say about a device when a link is about to use it. */
#ifndef DAISY_DAEMON_ADVICE_H
#define DAISY_DAEMON_ADVICE_H

/*
 * One line for each thing that keeps the device from being attached or makes it
 * lose packets, with what to do. Nothing is said of a device that is not there.
 */
void daisy_advice(const char *device, void (*say)(void *ctx, const char *text), void *ctx);

#endif
