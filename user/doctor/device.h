/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of a device know about it. */
#ifndef DAISY_DOCTOR_DEVICE_H
#define DAISY_DOCTOR_DEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "doctor/finding.h"

/* Not from /sys/class/net: that may show another network namespace than the process is in. */
struct daisy_device {
	char name[IFNAMSIZ];
	int ifindex;
	char driver[32];	/* "" if unknown */
	char kind[16];		/* of a virtual device: "veth", "vlan"; else "" */
	char master[IFNAMSIZ];	/* bridge or bond it is a port of, "" if none */
	unsigned int flags;	/* IFF_* */
	unsigned int type;	/* ARPHRD_* */
	uint32_t mtu;
	uint32_t n_rx_queues;	/* in use */
	int fd;			/* socket for ioctls */
	bool is_veth;
	bool has_native;	/* native XDP, as far as is known */
	bool tells_xmit;	/* the kernel says whether frames that XDP sends arrive */
	bool has_xmit;
	bool is_ours;		/* the packet path is attached */
};

/* link.c: fill in what rtnetlink knows. 0 or -errno. */
int daisy_doctor_link(struct daisy_device *device);

/* ethtool.c */
void daisy_doctor_driver(struct daisy_device *device);
/* n_rx_queues, where the driver tells; else it stays what rtnetlink says there is room for. */
void daisy_doctor_queues(struct daisy_device *device);
void daisy_doctor_offloads(const struct daisy_findings *out, const struct daisy_device *device);
/* xdp.c */
void daisy_doctor_native(const struct daisy_findings *out, struct daisy_device *device);
void daisy_doctor_napi(const struct daisy_findings *out, const struct daisy_device *device);
void daisy_doctor_program(const struct daisy_findings *out, struct daisy_device *device);
/* features.c: NETDEV_XDP_ACT_* flags; -errno where the kernel does not tell (before 6.3). */
int daisy_doctor_xdp_features(int ifindex, uint64_t *flags);

#endif
