/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new program is pinned as next_<device>, attached, and its pin then renamed
 * to prog_<device>. Killed at any point, one of the two names is the program
 * that is attached, so the next start knows it for ours.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/error.h"
#include "lib/libbpf_log.h"
#include "nat/attach.h"
#include "nat/internal.h"

#define PROGRAM_NAME "xdp_nat"
#define PIN_SIZE (IFNAMSIZ + 8)

const char *daisy_xdp_mode_name(enum daisy_xdp_mode mode)
{
	static const char *const names[] = {
		[DAISY_XDP_NONE] = "none", [DAISY_XDP_NATIVE] = "native",
		[DAISY_XDP_GENERIC] = "generic", [DAISY_XDP_OTHER] = "other",
	};

	return names[mode];
}

static uint32_t mode_flags(enum daisy_xdp_mode mode)
{
	return mode == DAISY_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
}

static int find_device(const char *device, int *ifindex)
{
	*ifindex = (int)if_nametoindex(device);
	if (*ifindex)
		return 0;
	daisy_error_set("no device is called \"%s\"", device);
	return -ENODEV;
}

/* bpffs reserves the dot, device names may not have a colon. */
static void pin_name(char name[PIN_SIZE], const char *prefix, const char *device)
{
	snprintf(name, PIN_SIZE, "%s_%s", prefix, device);
	for (char *dot = name; (dot = strchr(dot, '.')); )
		*dot = ':';
}

static void device_name(char device[PIN_SIZE], const char *pin)
{
	snprintf(device, PIN_SIZE, "%s", strchr(pin, '_') + 1);
	for (char *colon = device; (colon = strchr(colon, ':')); )
		*colon = '.';
}

/* Driver as ethtool -i names it. */
static void driver_name(const char *device, char name[32])
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		strcpy(info.driver, "unknown");
	snprintf(name, 32, "%s", info.driver);
	if (fd >= 0)
		close(fd);
}

static int program_info(int fd, struct bpf_prog_info *info)
{
	uint32_t length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &length) ? -errno : 0;
}

static bool is_program(int fd, uint32_t id)
{
	struct bpf_prog_info info;

	return !program_info(fd, &info) && info.id == id && !strcmp(info.name, PROGRAM_NAME);
}

/* By id needs more rights than attaching: no name then. */
static void name_program(uint32_t id, char name[16])
{
	struct bpf_prog_info info = { 0 };
	int fd = bpf_prog_get_fd_by_id(id);

	name[0] = '\0';
	if (fd < 0)
		return;
	if (!program_info(fd, &info))
		snprintf(name, 16, "%s", info.name);
	close(fd);
}

/* File descriptor of the attached program if it is ours; -ENOENT if it is not. */
static int own_program(const struct daisy_instance *inst, const char *device, int ifindex,
		       uint32_t id)
{
	static const char *const prefixes[] = { "prog", "next" };
	char pin[PIN_SIZE];

	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (inst->attached[i].ifindex == ifindex && is_program(inst->attached[i].fd, id))
			return dup(inst->attached[i].fd);
	for (int i = 0; i < 2; i++) {
		int fd;

		pin_name(pin, prefixes[i], device);
		fd = daisy_pin_get(inst, pin);
		if (fd >= 0 && is_program(fd, id))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

/* Remember a program where nothing is pinned; fd -1 forgets. */
static void remember(struct daisy_instance *inst, int ifindex, int fd)
{
	struct daisy_attached_program *room = NULL;

	if (inst->pin_dir)
		return;
	for (int i = 0; i < DAISY_MAX_LINKS; i++) {
		struct daisy_attached_program *p = &inst->attached[i];

		if (p->ifindex == ifindex) {
			close(p->fd);
			p->ifindex = 0;
		}
		if (!p->ifindex && !room)
			room = p;
	}
	if (fd >= 0 && room)
		*room = (struct daisy_attached_program){ ifindex, dup(fd) };
}

void daisy_attached_close(struct daisy_instance *inst)
{
	for (int i = 0; i < DAISY_MAX_LINKS; i++)
		if (inst->attached[i].ifindex)
			close(inst->attached[i].fd);
}

static int query(int ifindex, const char *device, struct daisy_attachment *a)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	int err = bpf_xdp_query(ifindex, 0, &opts);

	memset(a, 0, sizeof(*a));
	if (err) {
		daisy_error_set("device \"%s\": cannot ask for its XDP program: %s", device,
				strerror(-err));
		return err;
	}
	a->program_id = opts.prog_id;
	if (opts.attach_mode == XDP_ATTACHED_DRV)
		a->mode = DAISY_XDP_NATIVE;
	else if (opts.attach_mode == XDP_ATTACHED_SKB)
		a->mode = DAISY_XDP_GENERIC;
	else if (opts.attach_mode != XDP_ATTACHED_NONE)
		a->mode = DAISY_XDP_OTHER;
	if (a->program_id)
		name_program(a->program_id, a->program_name);
	return 0;
}

int daisy_attachment_get(struct daisy_instance *inst, const char *device,
			 struct daisy_attachment *attachment)
{
	int ifindex, err = find_device(device, &ifindex), own;

	if (!err)
		err = query(ifindex, device, attachment);
	if (err || !inst || attachment->mode == DAISY_XDP_NONE)
		return err;
	own = own_program(inst, device, ifindex, attachment->program_id);
	attachment->ours = own >= 0;
	if (own >= 0)
		close(own);
	return 0;
}

int daisy_attached_program(const struct daisy_instance *inst, const char *device)
{
	struct daisy_attachment now;
	int ifindex, err = find_device(device, &ifindex);

	if (!err)
		err = query(ifindex, device, &now);
	return err ? err : own_program(inst, device, ifindex, now.program_id);
}

static int refuse_foreign(const char *device, const struct daisy_attachment *a)
{
	if (!strcmp(a->program_name, PROGRAM_NAME))
		daisy_error_set(
			"device \"%s\" has the XDP program of another instance attached "
			"(id %u, %s): detach it there first, or by `ip link set dev %s xdp%s off`",
			device, a->program_id, daisy_xdp_mode_name(a->mode), device,
			a->mode == DAISY_XDP_GENERIC ? "generic" : "");
	else
		daisy_error_set(
			"device \"%s\" has an XDP program attached that is not ours: "
			"\"%s\", id %u, %s; detach it first",
			device, a->program_name, a->program_id, daisy_xdp_mode_name(a->mode));
	return -EBUSY;
}

/* What the kernel says, and what can be done about it. */
static int explain(int err, const char *device, enum daisy_xdp_mode mode)
{
	const char *cause = daisy_libbpf_log_cause(), *advice = "";
	char driver[32], reason[192];

	driver_name(device, driver);
	snprintf(reason, sizeof(reason), "%s", *cause ? cause : strerror(-err));
	if (strstr(reason, "MTU") || strstr(reason, "mtu"))
		advice = "; lower the MTU (of a veth device: its peer's), or use mode generic";
	else if (err == -EOPNOTSUPP && mode == DAISY_XDP_NATIVE)
		advice = "; mode generic works with every driver, but is slow";
	else if (err == -ERANGE || err == -EINVAL)
		advice = "; is its MTU too large for native XDP (3506 bytes as a rule)? "
			 "mode generic has no limit";
	else if (err == -ENOSPC || err == -ENOMEM)
		advice = "; native XDP wants a transmit queue for each CPU: see ethtool -l";
	else if (err == -EPERM)
		advice = "; CAP_NET_ADMIN and CAP_BPF are needed (root has them)";
	daisy_error_set("device \"%s\" (driver %s): cannot attach in mode %s: %s%s", device, driver,
			daisy_xdp_mode_name(mode), reason, advice);
	return err;
}

/* Attach; old_fd: the program that has to be there now, -1: none. */
static int xdp_set(int ifindex, int fd, enum daisy_xdp_mode mode, int old_fd)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = old_fd);

	daisy_libbpf_log_start();
	if (old_fd < 0)
		return bpf_xdp_attach(ifindex, fd, mode_flags(mode) | XDP_FLAGS_UPDATE_IF_NOEXIST,
				      NULL);
	return bpf_xdp_attach(ifindex, fd, mode_flags(mode), &opts);
}

static int xdp_clear(int ifindex, enum daisy_xdp_mode mode, int old_fd)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = old_fd);

	daisy_libbpf_log_start();
	return bpf_xdp_detach(ifindex, mode_flags(mode), &opts);
}

/* Native and generic exclude each other: out with one before the other comes in. */
static int change_mode(int ifindex, const char *device, int fd, enum daisy_xdp_mode mode,
		       int old_fd, enum daisy_xdp_mode old_mode)
{
	int err = xdp_clear(ifindex, old_mode, old_fd);

	if (!err)
		err = xdp_set(ifindex, fd, mode, -1);
	if (!err)
		return 0;
	explain(err, device, mode);
	if (xdp_set(ifindex, old_fd, old_mode, -1))
		daisy_error_prefix("neither is the old program back");
	return err;
}

/* The kernel has obeyed, and nobody was faster. */
static int verify(int ifindex, const char *device, int fd, enum daisy_xdp_mode mode)
{
	struct daisy_attachment now;
	int err = query(ifindex, device, &now);

	if (err)
		return err;
	if (now.mode == mode && is_program(fd, now.program_id))
		return 0;
	daisy_error_set("device \"%s\": asked for mode %s, found program id %u in mode %s", device,
			daisy_xdp_mode_name(mode), now.program_id, daisy_xdp_mode_name(now.mode));
	return -EPROTO;
}

static int attach_over(struct daisy_instance *inst, int ifindex, const char *device, int fd,
		       enum daisy_xdp_mode mode, const struct daisy_attachment *now)
{
	int old_fd = -1, err;

	if (now->mode != DAISY_XDP_NONE) {
		old_fd = own_program(inst, device, ifindex, now->program_id);
		if (old_fd < 0)
			return refuse_foreign(device, now);
	}
	if (now->mode == DAISY_XDP_NONE || now->mode == mode) {
		err = xdp_set(ifindex, fd, mode, old_fd);
		if (err)
			explain(err, device, mode);
	} else {
		err = change_mode(ifindex, device, fd, mode, old_fd, now->mode);
	}
	if (old_fd >= 0)
		close(old_fd);
	return err ? err : verify(ifindex, device, fd, mode);
}

static bool pin_is(const struct daisy_instance *inst, const char *pin, uint32_t id)
{
	int fd = daisy_pin_get(inst, pin);
	bool is = fd >= 0 && is_program(fd, id);

	if (fd >= 0)
		close(fd);
	return is;
}

int daisy_attach(struct daisy_instance *inst, const char *device, int program_fd,
		 enum daisy_xdp_mode mode)
{
	char next[PIN_SIZE], pin[PIN_SIZE];
	struct daisy_attachment now;
	int ifindex, err = find_device(device, &ifindex);

	if (!err)
		err = query(ifindex, device, &now);
	if (err)
		return err;
	pin_name(next, "next", device);
	pin_name(pin, "prog", device);
	/* A leftover may be the program that is attached: then it is the old one. */
	if (now.mode != DAISY_XDP_NONE && pin_is(inst, next, now.program_id))
		err = daisy_pin_rename(inst, next, pin);
	daisy_pin_unset(inst, next);
	if (!err)
		err = daisy_pin_set(inst, next, program_fd);
	if (err)
		return err;
	err = attach_over(inst, ifindex, device, program_fd, mode, &now);
	if (err) {
		daisy_pin_unset(inst, next);
		return err;
	}
	remember(inst, ifindex, program_fd);
	return daisy_pin_rename(inst, next, pin);
}

static void forget(struct daisy_instance *inst, const char *device, int ifindex)
{
	char pin[PIN_SIZE];

	pin_name(pin, "prog", device);
	daisy_pin_unset(inst, pin);
	pin_name(pin, "next", device);
	daisy_pin_unset(inst, pin);
	if (ifindex)
		remember(inst, ifindex, -1);
}

int daisy_detach(struct daisy_instance *inst, const char *device)
{
	int ifindex = (int)if_nametoindex(device), old_fd, err = 0;
	struct daisy_attachment now = { .mode = DAISY_XDP_NONE };

	if (ifindex)
		err = query(ifindex, device, &now);
	if (err)
		return err;
	if (now.mode != DAISY_XDP_NONE) {
		old_fd = own_program(inst, device, ifindex, now.program_id);
		if (old_fd < 0)
			return refuse_foreign(device, &now);
		err = xdp_clear(ifindex, now.mode, old_fd);
		close(old_fd);
	}
	if (err) {
		daisy_error_set("device \"%s\": cannot detach: %s", device, strerror(-err));
		return err;
	}
	forget(inst, device, ifindex);
	return 0;
}

/* For a purge: whoever holds the pin may end what it stands for. */
void daisy_attached_purge(struct daisy_instance *inst, const char *pin)
{
	char device[PIN_SIZE];

	device_name(device, pin);
	daisy_detach(inst, device);
}
