/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "doctor/device.h"

static int run(const struct daisy_device *device, void *data)
{
	struct ifreq req = { .ifr_data = data };

	strcpy(req.ifr_name, device->name);
	return ioctl(device->fd, SIOCETHTOOL, &req);
}

void daisy_doctor_driver(struct daisy_device *device)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (!run(device, &info)) {
		memcpy(device->driver, info.driver, sizeof(device->driver));
		device->driver[sizeof(device->driver) - 1] = '\0';
	}
	device->is_veth = !strcmp(device->driver, "veth");
}

void daisy_doctor_queues(struct daisy_device *device)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };

	if (!run(device, &channels) && channels.rx_count + channels.combined_count)
		device->n_rx_queues = channels.rx_count + channels.combined_count;
}

/* A feature of the old single-value calls: unknown counts as off. */
static bool is_on(const struct daisy_device *device, uint32_t command)
{
	struct ethtool_value value = { .cmd = command };

	return !run(device, &value) && value.data;
}

static uint32_t flags(const struct daisy_device *device)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };

	return run(device, &value) ? 0 : value.data;
}

static void check_receive(const struct daisy_findings *out, const struct daisy_device *device)
{
	uint32_t set = flags(device);
	bool gro = is_on(device, ETHTOOL_GGRO);

	if (device->is_veth)
		daisy_finding_ok(out, "rxvlan", "veth: where frames are tagged, the other end needs "
				 "ethtool -K DEVICE txvlan off");
	else if (set & ETH_FLAG_RXVLAN)
		daisy_finding_warn(out, "rxvlan", "on: the device takes VLAN tags off before XDP sees them|"
				   "where frames are tagged: ethtool -K %s rxvlan off", device->name);
	else
		daisy_finding_ok(out, "rxvlan", "off: XDP sees VLAN tags");
	if (set & ETH_FLAG_LRO)
		daisy_finding_warn(out, "lro", "on: segments are joined before XDP, native mode is refused|"
				   "ethtool -K %s lro off", device->name);
	else
		daisy_finding_ok(out, "lro", "off");
	if (gro && !device->has_native)
		daisy_finding_warn(out, "gro", "on: in generic mode packets are joined before XDP, and then "
				   "too big|ethtool -K %s gro off", device->name);
	else
		daisy_finding_ok(out, "gro", "%s", gro ? "on: in the way of generic mode only" : "off");
}

/* Packets of a local or veth sender may come with unfinished checksums and beyond the MTU. */
static void check_send(const struct daisy_findings *out, const struct daisy_device *device)
{
	if (!device->is_veth)
		return;
	if (is_on(device, ETHTOOL_GTSO) || is_on(device, ETHTOOL_GTXCSUM))
		daisy_finding_warn(out, "tx", "veth: checksums and segments are left to the receiver, which XDP "
				   "cannot see|at the other end (and here, where local programs send): "
				   "ethtool -K DEVICE tx off tso off gso off");
	else
		daisy_finding_ok(out, "tx", "checksums and segmentation done by the sender; the other end "
				 "has to be the same");
}

void daisy_doctor_offloads(const struct daisy_findings *out, const struct daisy_device *device)
{
	check_receive(out, device);
	check_send(out, device);
}
