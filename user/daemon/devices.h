/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The links of the configuration on the devices of the host: their numbers, the
 * program on each device, the guard. Devices come and go; a link keeps its
 * number, and is attached again when its device comes back.
 */
#ifndef DAISY_DAEMON_DEVICES_H
#define DAISY_DAEMON_DEVICES_H

#include <net/if.h>
#include <stdbool.h>

#include "config/config.h"
#include "nat/attach.h"
#include "nat/instance.h"

struct daisy_daemon;

/* One for each configured link, by its number in the instance. */
struct daisy_device_link {
	bool used;
	bool carrier;		/* untagged link of a device that has tagged ones only: no side */
	struct daisy_config_link config;	/* without its lists */
	int device;		/* ifindex of the device the program is on; 0: missing */
	int l3_device;		/* of the one with addresses and routes; 0: missing */
	char l3_name[IFNAMSIZ];	/* its name now, which the guard has to know */
	bool up;
};

/* One for each device that carries links. */
struct daisy_device_program {
	bool used;
	char name[IFNAMSIZ];
	int ifindex;		/* where it is attached; 0: nowhere */
	enum daisy_xdp_mode mode;
	char error[256];	/* why it is not attached; "": it is, or the device is missing */
	uint64_t retry_ms;
};

struct daisy_devices {
	struct daisy_device_link link[DAISY_MAX_LINKS];
	struct daisy_device_program program[DAISY_MAX_LINKS];
};

/* Numbers for the links of a configuration; others keep theirs until daisy_devices_drop. */
int daisy_devices_number(struct daisy_daemon *d, const struct daisy_config *config);
/* Guard and forwarding for every device of the links; nothing is attached before. */
int daisy_devices_guard(struct daisy_daemon *d, const struct daisy_config *config);
/*
 * Write what the interfaces say into the links; announces devices that came,
 * went or changed. A device with a new name is guarded under that, too.
 */
int daisy_devices_sync(struct daisy_daemon *d);
/* Attach where nothing, or another mode, is attached. `all`: renew the program everywhere. */
int daisy_devices_attach(struct daisy_daemon *d, const struct daisy_config *config, bool all);
/* Attach again what failed before, when its time has come. */
void daisy_devices_retry(struct daisy_daemon *d);
/* Take away links and programs that the configuration does not have. */
void daisy_devices_drop(struct daisy_daemon *d, const struct daisy_config *config);
/* Detach from every device. The first error stays. */
int daisy_devices_detach_all(struct daisy_daemon *d);

/* Number of a link, -1 if it has none. */
int daisy_devices_find(const struct daisy_daemon *d, const struct daisy_config_link *link);
const struct daisy_device_program *daisy_devices_program(const struct daisy_daemon *d,
							 const char *device);

#endif
