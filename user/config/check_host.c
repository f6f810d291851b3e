/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration against the host it is to run on. */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/check.h"
#include "config/values.h"
#include "lib/error.h"

/* Name of the VLAN device with this tag on top of `parent`. */
static bool find_vlan(int fd, const struct if_nameindex *names, const char *parent, uint16_t tag,
		      char device[IFNAMSIZ])
{
	for (; names->if_name; names++) {
		struct vlan_ioctl_args vid = { .cmd = GET_VLAN_VID_CMD };
		struct vlan_ioctl_args real = { .cmd = GET_VLAN_REALDEV_NAME_CMD };

		snprintf(vid.device1, sizeof(vid.device1), "%s", names->if_name);
		snprintf(real.device1, sizeof(real.device1), "%s", names->if_name);
		if (ioctl(fd, SIOCGIFVLAN, &vid) || vid.u.VID != tag ||
		    ioctl(fd, SIOCGIFVLAN, &real) || strcmp(real.u.device2, parent))
			continue;
		snprintf(device, IFNAMSIZ, "%s", names->if_name);
		return true;
	}
	return false;
}

static void refuse_device(const struct if_nameindex *names, const char *device)
{
	char list[256] = "";
	size_t len = 0;

	for (; names->if_name && len < sizeof(list); names++)
		if (strcmp(names->if_name, "lo"))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						len ? ", " : "", names->if_name);
	daisy_error_set("no device \"%s\" on this host, expected one of: %s", device,
			len ? list : "(there are none)");
}

/* Next hops given as MAC: nothing is asked of the kernel, so its VLAN device is not needed. */
static bool needs_no_kernel(const struct daisy_config_link *link)
{
	return (link->side == SIDE_OUTSIDE || link->to_inside.kind == NEXTHOP_MAC) &&
	       (link->side == SIDE_INSIDE || link->to_outside.kind == NEXTHOP_MAC);
}

static int check_device(const struct daisy_config_link *link, size_t i, int fd,
			const struct if_nameindex *names, struct daisy_yaml_doc *doc)
{
	char parent[IFNAMSIZ], device[IFNAMSIZ];

	if (!if_nametoindex(link->device)) {
		refuse_device(names, link->device);
		return daisy_config_place(doc, "links[%zu].device", i);
	}
	if (!strcmp(link->device, "lo")) {
		daisy_error_set("\"lo\" is the loopback device, expected one with neighbours");
		return daisy_config_place(doc, "links[%zu].device", i);
	}
	snprintf(parent, sizeof(parent), "%s", link->device);
	for (unsigned int j = 0; j < link->n_tags && !needs_no_kernel(link); j++) {
		if (!find_vlan(fd, names, parent, link->tag[j], device)) {
			daisy_error_set("no VLAN device with id %u on \"%s\", expected one made by "
					"ip link add link %s name %.9s.%u type vlan id %u, or "
					"a next-hop given as MAC", link->tag[j], parent, parent,
					parent, link->tag[j], link->tag[j]);
			return daisy_config_place(doc, "links[%zu].vlan", i);
		}
		memcpy(parent, device, sizeof(parent));
	}
	return 0;
}

static int check_devices(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	struct if_nameindex *names = if_nameindex();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (!names || fd < 0) {
		daisy_error_set("cannot list the devices: %s", strerror(errno));
		err = -EINVAL;
	}
	for (size_t i = 0; i < config->n_links && !err; i++)
		err = check_device(&config->links[i], i, fd, names, doc);
	if (fd >= 0)
		close(fd);
	if (names)
		if_freenameindex(names);
	return err;
}

static int check_own(const struct daisy_config *config, uint32_t addr, const char *device,
		     struct daisy_yaml_doc *doc)
{
	char text[DAISY_VALUE_SIZE];

	for (size_t i = 0; i < config->n_pools; i++) {
		const struct daisy_config_pool *pool = &config->pools[i];

		for (size_t r = 0; r < pool->n_ranges; r++) {
			if (addr < pool->ranges[r].first || addr > pool->ranges[r].last)
				continue;
			daisy_value_format_address(addr, text);
			daisy_error_set("\"%s\" is this host's own address on %s, expected "
					"addresses that nobody has", text, device);
			return daisy_config_place(doc, "pools[%zu].addresses[%zu]", i, r);
		}
	}
	return 0;
}

int daisy_config_check_host(const struct daisy_config *config, struct daisy_yaml_doc *doc)
{
	struct ifaddrs *all, *one;
	int err = check_devices(config, doc);

	if (err)
		return err;
	if (getifaddrs(&all)) {
		daisy_error_set("cannot list the addresses: %s", strerror(errno));
		return -errno;
	}
	for (one = all; one && !err; one = one->ifa_next) {
		const struct sockaddr_in *sin = (const struct sockaddr_in *)one->ifa_addr;

		if (sin && sin->sin_family == AF_INET)
			err = check_own(config, ntohl(sin->sin_addr.s_addr), one->ifa_name, doc);
	}
	freeifaddrs(all);
	return err;
}
