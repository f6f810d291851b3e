/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follow the kernel: devices, addresses, routes and neighbours, into the instance. */
#ifndef DAISY_DAEMON_FOLLOW_H
#define DAISY_DAEMON_FOLLOW_H

struct daisy_daemon;

/* Open netlink and learn devices and addresses. */
int daisy_follow_open(struct daisy_daemon *d);
void daisy_follow_close(struct daisy_daemon *d);
/* Learn neighbours and routes, once the links are written. */
int daisy_follow_nexthops(struct daisy_daemon *d);
/* Begin to follow changes. */
int daisy_follow_start(struct daisy_daemon *d);
/* Take over what changed since the last call: links, own addresses, epoch. */
void daisy_follow_settle(struct daisy_daemon *d);
/* Every second: retries, routes that were removed. */
void daisy_follow_second(struct daisy_daemon *d);

#endif
