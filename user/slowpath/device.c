/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "slowpath/device.h"

static int open_queue(struct daisy_hold_device *d, const struct daisy_hold_device_spec *spec,
		      const char *name)
{
	struct daisy_hold_origin *o = &d->origin[d->n_queues];
	const struct daisy_hold_queue_spec queue = {
		.device = name, .number = spec->number, .queue = d->n_queues,
		.sockets_fd = daisy_instance_map_fd(spec->inst, "hold_sockets"),
		.rings = daisy_instance_hold_rings(spec->inst),
	};
	int err = daisy_hold_queue_open(&o->sockets, &queue);

	if (err)
		return err;
	o->device = d;
	o->owner = spec->owner;
	o->queue = d->n_queues++;
	for (int i = 0; i < DAISY_N_HOLD_CLASSES && !err; i++) {
		o->watch[i] = (struct daisy_watch){
			.fd = daisy_hold_queue_fd(o->sockets, i), .events = EPOLLIN,
			.fn = spec->readable[i], .ctx = o,
		};
		err = daisy_loop_add(spec->loop, &o->watch[i]);
	}
	return err;
}

/* The device says how many queues it has by refusing the next one. */
int daisy_hold_device_open(struct daisy_hold_device *d, const struct daisy_hold_device_spec *spec)
{
	char name[IF_NAMESIZE];
	int err = 0;

	*d = (struct daisy_hold_device){
		.used = true, .number = spec->number, .ifindex = spec->ifindex, .program_fd = -1,
	};
	if (!if_indextoname((unsigned int)spec->ifindex, name)) {
		daisy_error_set("device %d is gone", spec->ifindex);
		err = -ENODEV;
	}
	while (!err && d->n_queues < DAISY_HOLD_QUEUES)
		err = open_queue(d, spec, name);
	if (d->n_queues && (!err || err == -EINVAL))
		return 0;
	daisy_hold_device_close(d, spec->loop);
	return err;
}

void daisy_hold_device_close(struct daisy_hold_device *d, struct daisy_loop *loop)
{
	for (unsigned int i = 0; i < d->n_queues; i++) {
		for (int class = 0; class < DAISY_N_HOLD_CLASSES; class++)
			daisy_loop_remove(loop, &d->origin[i].watch[class]);
		daisy_hold_queue_close(d->origin[i].sockets);
	}
	if (d->program_fd >= 0)
		close(d->program_fd);
	memset(d, 0, sizeof(*d));
	d->program_fd = -1;
}
