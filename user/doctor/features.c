/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XDP features of a device, by the generic netlink family "netdev" (Linux 6.3). */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "doctor/device.h"

/* include/uapi/linux/netdev.h, Linux 6.3 */
#define NETDEV_FAMILY "netdev"
#define NETDEV_DEV_GET 1
#define NETDEV_ATTR_IFINDEX 1
#define NETDEV_ATTR_XDP_FEATURES 3

static struct nlmsghdr *put_header(char *buf, uint16_t type, uint8_t command)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

/* Send, and walk the answers until the acknowledgement. */
static int talk(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t fn, void *ctx)
{
	char buf[8192];
	int ret = 1;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (ret > 0) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(nl), fn, ctx);
	}
	return ret < 0 ? -errno : 0;
}

static int take_family(const struct nlmsghdr *nlh, void *ctx)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			*(uint16_t *)ctx = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

static int take_features(const struct nlmsghdr *nlh, void *ctx)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == NETDEV_ATTR_XDP_FEATURES)
			*(uint64_t *)ctx = mnl_attr_get_u64(attr);
	}
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *nl, int ifindex, uint64_t *flags)
{
	char buf[256];
	struct nlmsghdr *nlh = put_header(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	uint16_t family = 0;
	int err;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY);
	err = talk(nl, nlh, take_family, &family);
	if (err)
		return err;
	nlh = put_header(buf, family, NETDEV_DEV_GET);
	mnl_attr_put_u32(nlh, NETDEV_ATTR_IFINDEX, (uint32_t)ifindex);
	return talk(nl, nlh, take_features, flags);
}

int daisy_doctor_xdp_features(int ifindex, uint64_t *flags)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_GENERIC);
	int err = nl ? 0 : -errno;

	*flags = 0;
	if (err)
		return err;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		err = -errno;
	else
		err = ask(nl, ifindex, flags);
	mnl_socket_close(nl);
	return err;
}
