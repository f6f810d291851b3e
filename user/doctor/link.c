/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "doctor/device.h"

static void take_kind(struct daisy_device *device, const struct nlattr *info)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			strncpy(device->kind, mnl_attr_get_str(attr), sizeof(device->kind) - 1);
	}
}

static int take_link(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct daisy_device *device = ctx;
	const struct nlattr *attr;

	device->flags = info->ifi_flags;
	device->type = info->ifi_type;
	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_MTU:
			device->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_NUM_RX_QUEUES:
			device->n_rx_queues = mnl_attr_get_u32(attr);
			break;
		case IFLA_MASTER:
			if_indextoname(mnl_attr_get_u32(attr), device->master);
			break;
		case IFLA_LINKINFO:
			take_kind(device, attr);
			break;
		}
	}
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *nl, struct daisy_device *device)
{
	char buf[16384];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	ssize_t n;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	info->ifi_index = device->ifindex;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, take_link, device) < 0)
		return -errno;
	return 0;
}

int daisy_doctor_link(struct daisy_device *device)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	int err;

	if (!nl)
		return -errno;
	err = ask(nl, device);
	mnl_socket_close(nl);
	return err;
}
