/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet program on a device. The mode is what was asked for, or the attach
 * fails: never silently another. A program is known as ours by its pin
 * prog_<device> (a dot in the device's name stands as a colon there); programs
 * of others are left alone.
 */
#ifndef DAISY_NAT_ATTACH_H
#define DAISY_NAT_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "nat/instance.h"

enum daisy_xdp_mode {
	DAISY_XDP_NONE,
	DAISY_XDP_NATIVE,
	DAISY_XDP_GENERIC,
	DAISY_XDP_OTHER,	/* in the card's hardware, or several at once: not ours */
};

struct daisy_attachment {
	enum daisy_xdp_mode mode;	/* DAISY_XDP_NONE: no program */
	uint32_t program_id;
	char program_name[16];		/* as the kernel shows it; "" if we may not know */
	bool ours;			/* attached by this instance */
};

/* "none", "native", "generic", "other" */
const char *daisy_xdp_mode_name(enum daisy_xdp_mode mode);

/* What is attached to a device; inst NULL: nothing is ours. -ENODEV: no such device. */
int daisy_attachment_get(struct daisy_instance *inst, const char *device,
			 struct daisy_attachment *attachment);

/*
 * Attach a program (daisy_instance_program_load), or replace our earlier one:
 * at once if the mode stays, else with a moment without a program in between.
 * The caller keeps program_fd. -EBUSY: another's program is there.
 */
int daisy_attach(struct daisy_instance *inst, const char *device, int program_fd,
		 enum daisy_xdp_mode mode);

/* File descriptor of our program on a device, which the caller closes; -ENOENT: it is not there. */
int daisy_attached_program(const struct daisy_instance *inst, const char *device);

/* Detach our program; 0 also if it or the device is gone. -EBUSY: another's program is there. */
int daisy_detach(struct daisy_instance *inst, const char *device);

#endif
