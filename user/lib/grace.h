/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grace periods of the packet path, seen from userspace. */
#ifndef DAISY_LIB_GRACE_H
#define DAISY_LIB_GRACE_H

/*
 * Wait until every BPF program that runs now has returned: an RCU grace period,
 * 8 ms as a rule. 0 or -errno with daisy_error().
 */
int daisy_grace_wait(void);

#endif
