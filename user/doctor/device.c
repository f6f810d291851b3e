/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ifaddrs.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor/device.h"

/* veth: one page less headroom (256), skb_shared_info (320) and Ethernet (14), drivers/net/veth.c. */
#define VETH_MAX_MTU 3506

/* Largest MTU that most drivers take in native mode with one page a frame. */
#define PAGE_MTU 3000

static void check_kind(const struct daisy_findings *out, const struct daisy_device *device)
{
	if (device->type != ARPHRD_ETHER)
		daisy_finding_fail(out, "kind", "not an Ethernet device|choose the Ethernet device below it");
	else if (!strcmp(device->kind, "vlan"))
		daisy_finding_fail(out, "kind", "a VLAN device|attach to the device below it and give the "
				   "link its tag: daisy link set dev DEVICE vlan VID ...");
	else if (*device->master)
		daisy_finding_warn(out, "kind", "a port of %s, which no longer sees the frames Daisy takes|"
				   "ip link set dev %s nomaster", device->master, device->name);
	else
		daisy_finding_ok(out, "kind", "Ethernet, driver %s",
				 *device->driver ? device->driver : "unknown");
}

static void check_state(const struct daisy_findings *out, const struct daisy_device *device)
{
	if (!(device->flags & IFF_UP))
		daisy_finding_warn(out, "state", "down|ip link set dev %s up", device->name);
	else if (!(device->flags & IFF_RUNNING))
		daisy_finding_warn(out, "state", "up, but no carrier|look at the cable, or at the other end");
	else
		daisy_finding_ok(out, "state", "up");
}

static void check_mtu(const struct daisy_findings *out, const struct daisy_device *device)
{
	/* It is the other end's that counts, which may be out of sight; hardly ever do they differ. */
	if (device->is_veth && device->mtu > VETH_MAX_MTU && !device->is_ours)
		daisy_finding_fail(out, "mtu", "%u: veth refuses native XDP where the other end's MTU is above "
				   "%d|ip link set dev %s mtu %d at both ends, or attach with mode generic",
				   device->mtu, VETH_MAX_MTU, device->name, VETH_MAX_MTU);
	else if (!device->is_veth && device->mtu > PAGE_MTU)
		daisy_finding_warn(out, "mtu", "%u: many drivers refuse native XDP above one page a frame|"
				   "if attaching fails: ip link set dev %s mtu 1500", device->mtu,
				   device->name);
	else
		daisy_finding_ok(out, "mtu", "%u", device->mtu);
}

static void check_address(const struct daisy_findings *out, const struct daisy_device *device)
{
	struct ifaddrs *list = NULL;
	bool found = false;

	getifaddrs(&list);
	for (struct ifaddrs *a = list; a; a = a->ifa_next)
		found |= a->ifa_addr && a->ifa_addr->sa_family == AF_INET &&
			 !strcmp(a->ifa_name, device->name);
	freeifaddrs(list);
	if (found)
		daisy_finding_ok(out, "address", "has an IPv4 address");
	else
		daisy_finding_warn(out, "address", "no IPv4 address: no ICMP error can be sent from it, and "
				   "there is no route but a static next hop|ip address add ADDRESS/LEN dev %s",
				   device->name);
}

static void check_forwarding(const struct daisy_findings *out, const struct daisy_device *device)
{
	if (daisy_doctor_read("/proc/sys/net/ipv4/conf/%s/forwarding", device->name) == 1)
		daisy_finding_ok(out, "forwarding", "on");
	else if (!device->is_ours)
		daisy_finding_ok(out, "forwarding", "off; daisyd switches it on when it attaches");
	else
		daisy_finding_warn(out, "forwarding", "off: the kernel answers no route lookup for it, which "
				   "is needed where a next hop is not known|"
				   "sysctl -w net.ipv4.conf.%s.forwarding=1", device->name);
}

/* The kernel takes the stricter of "all" and the device's own. */
static void check_rp_filter(const struct daisy_findings *out, const struct daisy_device *device)
{
	long all = daisy_doctor_read("/proc/sys/net/ipv4/conf/all/rp_filter");
	long own = daisy_doctor_read("/proc/sys/net/ipv4/conf/%s/rp_filter", device->name);
	long value = all > own ? all : own;

	if (value == 1)
		daisy_finding_warn(out, "rp_filter", "strict: packets to the box itself are lost when their "
				   "way back is another device; translated ones are not touched|"
				   "sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.%s.rp_filter=2",
				   device->name);
	else
		daisy_finding_ok(out, "rp_filter", "%s", value == 2 ? "loose" : "off");
}

static void check_queues(const struct daisy_findings *out, const struct daisy_device *device)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (device->n_rx_queues == 1 && cpus > 1)
		daisy_finding_warn(out, "queues", "one receive queue for %ld CPUs: one CPU does all the work|"
				   "if the device has more: ethtool -L %s %s %ld", cpus, device->name,
				   device->is_veth ? "rx" : "combined", cpus);
	else
		daisy_finding_ok(out, "queues", "%u receive queues, %ld CPUs", device->n_rx_queues, cpus);
}

static void check_present(const struct daisy_findings *out, struct daisy_device *device)
{
	daisy_doctor_queues(device);
	check_kind(out, device);
	check_state(out, device);
	check_address(out, device);
	check_queues(out, device);
	daisy_doctor_native(out, device);
	daisy_doctor_napi(out, device);
	daisy_doctor_program(out, device);
	check_mtu(out, device);
	check_forwarding(out, device);
	check_rp_filter(out, device);
	daisy_doctor_offloads(out, device);
}

void daisy_doctor_device(struct daisy_findings *out, const char *name)
{
	struct daisy_device device = { .ifindex = (int)if_nametoindex(name) };

	out->subject = name;
	if (!device.ifindex) {
		daisy_finding_fail(out, "kind", "there is no such device|ip link shows the devices there are");
		return;
	}
	snprintf(device.name, sizeof(device.name), "%s", name);
	device.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (device.fd < 0) {
		daisy_finding_fail(out, "kind", "no socket: %m|look at the limit of open files");
		return;
	}
	daisy_doctor_driver(&device);
	if (daisy_doctor_link(&device))
		daisy_finding_fail(out, "kind", "the kernel does not describe it: %m|try again");
	else
		check_present(out, &device);
	close(device.fd);
}
