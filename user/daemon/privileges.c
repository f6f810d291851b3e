/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "daemon/privileges.h"
#include "lib/error.h"

/*
 * NET_ADMIN: attach, netlink, nftables, sysctl; BPF: maps and programs; PERFMON:
 * pointer arithmetic in programs, event rings; NET_RAW: gratuitous ARP, held
 * packets: AF_XDP sockets to receive them, a packet socket to send them;
 * IPC_LOCK: the memory of those sockets, also of links that come later, would
 * else count against a limit that all daemons of root share. Not SYS_ADMIN:
 * what is ours is found by pins, never by id.
 */
int daisy_privileges_drop(void)
{
	static const unsigned int keep[] = {
		CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_NET_RAW, CAP_IPC_LOCK,
	};

	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED |
				 CAPNG_BOUNDING_SET, keep[i])) {
			daisy_error_set("the kernel does not know capability %u", keep[i]);
			return -EINVAL;
		}
	}
	if (capng_apply(CAPNG_SELECT_BOTH)) {
		daisy_error_set("cannot drop privileges, expected to run as root");
		return -EPERM;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		daisy_error_set("cannot set no_new_privs: %s", strerror(errno));
		return -EPERM;
	}
	return 0;
}
