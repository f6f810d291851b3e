/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/advice.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/log.h"
#include "lib/error.h"
#include "net/guard.h"

#define RETRY_MS 5000

/* 0 is left out, so that a zeroed number points to no link. */
#define FIRST_LINK 1

int daisy_devices_find(const struct daisy_daemon *d, const struct daisy_config_link *link)
{
	for (int i = FIRST_LINK; i < DAISY_MAX_LINKS; i++)
		if (d->devices.link[i].used &&
		    daisy_config_link_same(&d->devices.link[i].config, link))
			return i;
	return -1;
}

static struct daisy_device_program *find_program(struct daisy_daemon *d, const char *device)
{
	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (d->devices.program[i].used && !strcmp(d->devices.program[i].name, device))
			return &d->devices.program[i];
	return NULL;
}

const struct daisy_device_program *daisy_devices_program(const struct daisy_daemon *d,
							 const char *device)
{
	return find_program((struct daisy_daemon *)d, device);
}

static const struct daisy_nl_link *base_device(const struct daisy_daemon *d,
					       const struct daisy_config_link *link)
{
	return daisy_interfaces_by_name(&d->interfaces, link->device);
}

/* The device that owns addresses and routes of a link: itself, or its VLAN device. */
static const struct daisy_nl_link *l3_device(const struct daisy_daemon *d,
					     const struct daisy_config_link *link)
{
	const struct daisy_nl_link *at = base_device(d, link);

	for (unsigned int i = 0; at && i < link->n_tags; i++)
		at = daisy_interfaces_vlan(&d->interfaces, at->ifindex, link->tag[i]);
	return at;
}

/*
 * The number a link had before a restart: records and next hops hold it. An
 * adopted link is known by its device and tags.
 */
static int old_number(const struct daisy_daemon *d, const struct daisy_config_link *link)
{
	const struct daisy_link *links = daisy_instance_links(d->inst);
	const struct daisy_nl_link *device = base_device(d, link);

	for (int i = FIRST_LINK; device && i < DAISY_MAX_LINKS; i++)
		if (!d->devices.link[i].used && links[i].tx_ifindex == (uint32_t)device->ifindex &&
		    links[i].n_tags == link->n_tags &&
		    !memcmp(links[i].tag, link->tag, sizeof(links[i].tag[0]) * link->n_tags))
			return i;
	return -1;
}

/* A number that also no adopted link has, if there is one. */
static int new_number(const struct daisy_daemon *d)
{
	const struct daisy_link *links = daisy_instance_links(d->inst);
	int any = -1;

	for (int i = FIRST_LINK; i < DAISY_MAX_LINKS; i++) {
		if (d->devices.link[i].used)
			continue;
		if (!links[i].tx_ifindex)
			return i;
		any = i;
	}
	return any;
}

static int number_link(struct daisy_daemon *d, const struct daisy_config_link *link, bool carrier)
{
	int number = daisy_devices_find(d, link);

	if (number < 0)
		number = old_number(d, link);
	if (number < 0)
		number = new_number(d);
	if (number < 0) {
		daisy_error_set("no room for link \"%s\", expected at most %d links", link->device,
				DAISY_MAX_LINKS - FIRST_LINK);
		return -ENOSPC;
	}
	d->devices.link[number].used = true;
	d->devices.link[number].carrier = carrier;
	d->devices.link[number].config = *link;
	d->devices.link[number].config.prefixes = NULL;
	d->devices.link[number].config.n_prefixes = 0;
	return 0;
}

static bool has_untagged(const struct daisy_config *config, const char *device)
{
	for (size_t i = 0; i < config->n_links; i++)
		if (!strcmp(config->links[i].device, device) && !config->links[i].n_tags)
			return true;
	return false;
}

static int number_program(struct daisy_daemon *d, const char *device)
{
	if (find_program(d, device))
		return 0;
	for (int i = 0; i < DAISY_MAX_LINKS; i++) {
		struct daisy_device_program *program = &d->devices.program[i];

		if (program->used)
			continue;
		*program = (struct daisy_device_program){ .used = true };
		snprintf(program->name, sizeof(program->name), "%s", device);
		return 0;
	}
	daisy_error_set("no room for device \"%s\", expected at most %d devices", device,
			DAISY_MAX_LINKS);
	return -ENOSPC;
}

int daisy_devices_number(struct daisy_daemon *d, const struct daisy_config *config)
{
	int err = 0;

	for (size_t i = 0; i < config->n_links && !err; i++) {
		const struct daisy_config_link *link = &config->links[i];
		struct daisy_config_link carrier = { .generic = link->generic };

		err = number_program(d, link->device);
		if (!err)
			err = number_link(d, link, false);
		memcpy(carrier.device, link->device, sizeof(carrier.device));
		if (!err && !has_untagged(config, link->device))
			err = number_link(d, &carrier, true);
	}
	return err;
}

/* Devices the kernel must not forward for, by all names they have. */
int daisy_devices_guard(struct daisy_daemon *d, const struct daisy_config *config)
{
	char names[2 * DAISY_MAX_LINKS][IFNAMSIZ];
	size_t n = 0;
	int err;

	for (size_t i = 0; i < config->n_links; i++) {
		const struct daisy_nl_link *l3 = l3_device(d, &config->links[i]);

		if (l3)
			memcpy(names[n++], l3->name, IFNAMSIZ);
		if (l3 && strcmp(l3->name, l3->first_name))
			memcpy(names[n++], l3->first_name, IFNAMSIZ);
		else if (!l3 && !config->links[i].n_tags)
			memcpy(names[n++], config->links[i].device, IFNAMSIZ);
	}
	err = daisy_guard_set(config->name, (const char (*)[IFNAMSIZ])names, n);
	for (size_t i = 0; i < config->n_links && !err; i++) {
		const struct daisy_nl_link *l3 = l3_device(d, &config->links[i]);

		if (l3)
			err = daisy_guard_forward(l3->name);
	}
	return err;
}

/* Next hop of the configuration as a number, 0: by route. */
static int static_number(struct daisy_daemon *d, int number,
			 const struct daisy_config_nexthop *nexthop)
{
	int l3 = d->devices.link[number].l3_device;

	if (nexthop->kind == NEXTHOP_MAC)
		return daisy_nexthops_static_mac(d->nexthops, (uint16_t)number, nexthop->mac);
	if (nexthop->kind == NEXTHOP_ADDRESS && l3)
		return daisy_nexthops_static_addr(d->nexthops, d->nl, (uint16_t)number, l3,
						  nexthop->addr);
	return 0;
}

static int write_link(struct daisy_daemon *d, int number, const struct daisy_link *link)
{
	const struct daisy_link *there = &daisy_instance_links(d->inst)[number];
	int err;

	if (!memcmp(there, link, sizeof(*link)))
		return 0;
	err = daisy_instance_link_set(d->inst, (uint32_t)number, link);
	if (!err)
		daisy_nexthops_refresh(d->nexthops);
	return err;
}

/* What changed about a link's device, for the log and for monitors. */
static void note_change(struct daisy_daemon *d, struct daisy_device_link *link,
			const struct daisy_nl_link *base)
{
	const char *device = link->config.device;
	int ifindex = base ? base->ifindex : 0;
	bool up = base && base->up;

	if (link->carrier || (link->device == ifindex && link->up == up))
		return;
	if (link->device && link->device != ifindex) {
		daisy_log(LOG_WARNING, "link %s: the device is gone", device);
		daisy_events_link(d->events, device, "gone");
	}
	if (ifindex && (link->device != ifindex || link->up != up)) {
		daisy_log(LOG_NOTICE, "link %s: %s", device, up ? "up" : "down");
		daisy_events_link(d->events, device, up ? "up" : "down");
	}
	link->up = up;
}

static uint16_t carrier_number(const struct daisy_daemon *d, const char *device)
{
	for (int i = FIRST_LINK; i < DAISY_MAX_LINKS; i++)
		if (d->devices.link[i].used && !d->devices.link[i].config.n_tags &&
		    !strcmp(d->devices.link[i].config.device, device))
			return (uint16_t)i;
	return 0;
}

/* Returns whether the guard has to learn a new name. */
static bool find_devices(struct daisy_daemon *d, struct daisy_device_link *link)
{
	const struct daisy_nl_link *base = base_device(d, &link->config);
	const struct daisy_nl_link *l3 = l3_device(d, &link->config);
	bool renamed;

	note_change(d, link, base);
	link->device = base ? base->ifindex : 0;
	link->l3_device = l3 ? l3->ifindex : 0;
	if (!l3 || !strcmp(l3->name, link->l3_name))
		return false;
	renamed = *link->l3_name;
	if (renamed && strcmp(l3->name, l3->first_name))
		daisy_log(LOG_WARNING, "link %s: its device \"%s\" is called \"%s\" now; the "
			  "configuration has to follow before the next start",
			  link->config.device, link->l3_name, l3->name);
	memcpy(link->l3_name, l3->name, sizeof(link->l3_name));
	return renamed;
}

/* Hosts remember the MAC address behind an address: they are told when it is another. */
static void announce_change(struct daisy_daemon *d, const struct daisy_link *was,
			    const struct daisy_link *is)
{
	if (is->ifindex && (memcmp(was->mac, is->mac, sizeof(is->mac)) ||
			    memcmp(was->addr, is->addr, sizeof(is->addr))))
		daisy_garp_start(&d->garp);
}

/*
 * In two steps: next hops of the configuration need the device of their link,
 * and their numbers stand in the links.
 */
static int sync_link(struct daisy_daemon *d, int number, uint16_t *to_outside)
{
	struct daisy_device_link *link = &d->devices.link[number];
	const struct daisy_config_link *config = &link->config;
	const struct daisy_nl_link *base = base_device(d, config);
	const struct daisy_nl_link *l3 = l3_device(d, config);
	struct daisy_link out = {
		.side = link->carrier ? SIDE_NONE : config->side, .n_tags = config->n_tags,
		.tag = { config->tag[0], config->tag[1] }, .zone = config->zone,
		.device = carrier_number(d, config->device),
	};
	struct in_addr addr;
	int err, inside, outside;

	if (base) {
		memcpy(out.mac, l3 ? l3->mac : base->mac, sizeof(out.mac));
		out.mtu = (uint16_t)(l3 ? l3->mtu : base->mtu);
		out.tx_ifindex = (uint32_t)base->ifindex;
	}
	if (l3) {
		out.ifindex = (uint32_t)l3->ifindex;
		addr = daisy_interfaces_address(&d->interfaces, l3->ifindex);
		memcpy(out.addr, &addr, sizeof(out.addr));
	}
	out.static_nexthop = daisy_instance_links(d->inst)[number].static_nexthop;
	announce_change(d, &daisy_instance_links(d->inst)[number], &out);
	err = write_link(d, number, &out);
	if (err)
		return err;
	inside = static_number(d, number, &config->to_inside);
	outside = static_number(d, number, &config->to_outside);
	if (inside < 0 || outside < 0)
		return -ENOSPC;
	out.static_nexthop = (uint16_t)inside;
	if (outside)
		*to_outside = (uint16_t)outside;
	return write_link(d, number, &out);
}

int daisy_devices_sync(struct daisy_daemon *d)
{
	struct daisy_conf *conf = daisy_instance_conf(d->inst);
	uint16_t to_outside = 0;
	bool renamed = false;
	int err = 0;

	for (int i = FIRST_LINK; i < DAISY_MAX_LINKS; i++)
		if (d->devices.link[i].used && find_devices(d, &d->devices.link[i]))
			renamed = true;
	if (renamed && d->config)
		err = daisy_devices_guard(d, d->config);
	daisy_nexthops_static_mark(d->nexthops);
	for (int i = FIRST_LINK; i < DAISY_MAX_LINKS; i++) {
		int one = d->devices.link[i].used ? sync_link(d, i, &to_outside) : 0;

		err = err ? err : one;
	}
	__atomic_store_n(&conf->static_nexthop, to_outside, __ATOMIC_RELEASE);
	if (!err)
		daisy_nexthops_static_sweep(d->nexthops);
	return err;
}

static bool has_device(const struct daisy_config *config, const char *device)
{
	for (size_t i = 0; i < config->n_links; i++)
		if (!strcmp(config->links[i].device, device))
			return true;
	return false;
}

static bool wants_generic(const struct daisy_config *config, const char *device)
{
	for (size_t i = 0; i < config->n_links; i++)
		if (!strcmp(config->links[i].device, device))
			return config->links[i].generic;
	return false;
}

static void log_advice(void *ctx, const char *text)
{
	daisy_log(LOG_WARNING, "link %s", text);
}

static int attach_one(struct daisy_daemon *d, struct daisy_device_program *program,
		      enum daisy_xdp_mode mode, int ifindex)
{
	int fd, err;

	/* Once, not with every retry. */
	if (!program->ifindex && !*program->error)
		daisy_advice(program->name, log_advice, NULL);
	fd = daisy_instance_program_load(d->inst, carrier_number(d, program->name));
	err = fd < 0 ? fd : daisy_attach(d->inst, program->name, fd, mode);
	if (fd >= 0)
		close(fd);
	program->ifindex = err ? 0 : ifindex;
	program->mode = err ? DAISY_XDP_NONE : mode;
	program->retry_ms = daisy_now_ms() + RETRY_MS;
	snprintf(program->error, sizeof(program->error), "%s", err ? daisy_error() : "");
	if (err)
		return err;
	daisy_log(LOG_NOTICE, "link %s: attached in mode %s", program->name,
		  daisy_xdp_mode_name(mode));
	daisy_events_link(d->events, program->name, "attached");
	daisy_garp_start(&d->garp);
	return 0;
}

/* Asks the kernel: a program that somebody detached is put back by whoever applies a configuration. */
static bool runs(struct daisy_daemon *d, const struct daisy_device_program *program,
		 enum daisy_xdp_mode mode, int ifindex)
{
	struct daisy_attachment now;

	return program->ifindex == ifindex && program->mode == mode &&
	       !daisy_attachment_get(d->inst, program->name, &now) && now.ours && now.mode == mode;
}

int daisy_devices_attach(struct daisy_daemon *d, const struct daisy_config *config, bool all)
{
	for (int i = 0; i < DAISY_MAX_LINKS; i++) {
		struct daisy_device_program *program = &d->devices.program[i];
		const struct daisy_nl_link *base;
		enum daisy_xdp_mode mode;
		int err;

		if (!program->used || !has_device(config, program->name))
			continue;
		mode = wants_generic(config, program->name) ? DAISY_XDP_GENERIC : DAISY_XDP_NATIVE;
		base = daisy_interfaces_by_name(&d->interfaces, program->name);
		if (!base || (!all && runs(d, program, mode, base->ifindex)))
			continue;
		err = attach_one(d, program, mode, base->ifindex);
		if (err)
			return err;
	}
	return 0;
}

/* A device came back, or an attempt failed a while ago. */
void daisy_devices_retry(struct daisy_daemon *d)
{
	uint64_t now = daisy_now_ms();

	for (int i = 0; i < DAISY_MAX_LINKS; i++) {
		struct daisy_device_program *program = &d->devices.program[i];
		const struct daisy_nl_link *base;
		enum daisy_xdp_mode mode;

		if (!program->used)
			continue;
		base = daisy_interfaces_by_name(&d->interfaces, program->name);
		if (!base) {
			program->ifindex = 0;
			program->mode = DAISY_XDP_NONE;
			*program->error = '\0';
			continue;
		}
		if (program->ifindex == base->ifindex || (*program->error &&
							  now < program->retry_ms))
			continue;
		mode = wants_generic(d->config, program->name) ? DAISY_XDP_GENERIC :
			DAISY_XDP_NATIVE;
		if (daisy_devices_guard(d, d->config) ||
		    attach_one(d, program, mode, base->ifindex))
			daisy_log(LOG_ERR, "link %s: %s", program->name, daisy_error());
	}
}

static bool is_wanted(const struct daisy_config *config, const struct daisy_device_link *link)
{
	for (size_t i = 0; i < config->n_links; i++)
		if (daisy_config_link_same(&config->links[i], &link->config))
			return true;
	return link->carrier && has_device(config, link->config.device);
}

/* Where attaching was refused because of another's program, there is nothing to detach. */
static void drop_program(struct daisy_daemon *d, struct daisy_device_program *program)
{
	struct daisy_attachment now;
	bool foreign = !daisy_attachment_get(d->inst, program->name, &now) &&
		now.mode != DAISY_XDP_NONE && !now.ours;

	if (!foreign && daisy_detach(d->inst, program->name))
		daisy_log(LOG_ERR, "link %s: %s", program->name, daisy_error());
	else if (program->ifindex)
		daisy_log(LOG_NOTICE, "link %s: detached", program->name);
	daisy_events_link(d->events, program->name, "detached");
	memset(program, 0, sizeof(*program));
}

/* A device that only an earlier run's configuration had. */
static void drop_adopted(struct daisy_daemon *d, const struct daisy_link *link)
{
	const struct daisy_nl_link *device =
		daisy_interfaces_by_index(&d->interfaces, (int)link->tx_ifindex);

	if (!device || find_program(d, device->name))
		return;
	if (daisy_detach(d->inst, device->name))
		daisy_log(LOG_ERR, "link %s: %s", device->name, daisy_error());
	else
		daisy_log(LOG_NOTICE, "link %s: detached, no longer configured", device->name);
}

/* First the programs, then what they read. Also what an earlier run left in the maps. */
void daisy_devices_drop(struct daisy_daemon *d, const struct daisy_config *config)
{
	const struct daisy_link *links = daisy_instance_links(d->inst);
	bool dropped = false;

	for (int i = 0; i < DAISY_MAX_LINKS; i++) {
		struct daisy_device_program *program = &d->devices.program[i];

		if (program->used && !has_device(config, program->name))
			drop_program(d, program);
	}
	for (int i = FIRST_LINK; i < DAISY_MAX_LINKS; i++) {
		struct daisy_device_link *link = &d->devices.link[i];

		if (link->used ? is_wanted(config, link) :
		    links[i].side == SIDE_NONE && !links[i].tx_ifindex)
			continue;
		if (!link->used)
			drop_adopted(d, &links[i]);
		memset(link, 0, sizeof(*link));
		daisy_instance_link_del(d->inst, (uint32_t)i);
		dropped = true;
	}
	if (dropped)
		daisy_nexthops_refresh(d->nexthops);
}

int daisy_devices_detach_all(struct daisy_daemon *d)
{
	int err = 0;

	for (int i = 0; i < DAISY_MAX_LINKS; i++) {
		struct daisy_device_program *program = &d->devices.program[i];
		int one = program->used ? daisy_detach(d->inst, program->name) : 0;

		err = err ? err : one;
	}
	return err;
}
