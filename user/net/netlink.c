/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/error.h"
#include "net/netlink.h"

/* Largest message of a dump (see netlink(7) and the kernel's NLMSG_GOODSIZE with 32 KiB dumps). */
#define BUFFER_SIZE 32768

/* A full BGP table flaps: what does not fit makes us dump again. */
#define MONITOR_BYTES (4 << 20)

/* Messages handed on before the loop gets its turn. */
#define READ_BUDGET 64

/* linux/neighbour.h since 5.16 */
#ifndef NTF_EXT_MANAGED
#define NTF_EXT_MANAGED (1 << 0)
#define NDA_FLAGS_EXT 15
#endif

#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct daisy_netlink {
	struct mnl_socket *monitor;
	struct mnl_socket *request;
	struct daisy_nl_handlers handlers;
	uint32_t seq;
	char buffer[BUFFER_SIZE];
};

#define MAX_ATTRIBUTES 64

/* Attributes of one level by type; their length is checked where they are read. */
struct attributes {
	const struct nlattr *by_type[MAX_ATTRIBUTES];
};

static int collect(const struct nlattr *attr, void *data)
{
	struct attributes *all = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < MAX_ATTRIBUTES)
		all->by_type[type] = attr;
	return MNL_CB_OK;
}

static bool read_bytes(const struct attributes *all, int type, void *value, size_t size)
{
	const struct nlattr *attr = all->by_type[type];

	if (!attr || mnl_attr_get_payload_len(attr) < size)
		return false;
	memcpy(value, mnl_attr_get_payload(attr), size);
	return true;
}

static void read_vlan(const struct nlattr *info, const struct attributes *top,
		      struct daisy_nl_link *link)
{
	struct attributes kind = { 0 }, data = { 0 };
	uint32_t parent;

	if (mnl_attr_parse_nested(info, collect, &kind) < 0 || !kind.by_type[IFLA_INFO_KIND] ||
	    strcmp(mnl_attr_get_str(kind.by_type[IFLA_INFO_KIND]), "vlan") ||
	    !kind.by_type[IFLA_INFO_DATA] ||
	    mnl_attr_parse_nested(kind.by_type[IFLA_INFO_DATA], collect, &data) < 0)
		return;
	if (read_bytes(top, IFLA_LINK, &parent, sizeof(parent)) &&
	    read_bytes(&data, IFLA_VLAN_ID, &link->vlan, sizeof(link->vlan)))
		link->parent = (int)parent;
}

static void handle_link(struct daisy_netlink *nl, const struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct daisy_nl_link link = { .ifindex = info->ifi_index,
				      .gone = msg->nlmsg_type == RTM_DELLINK };
	struct attributes all = { 0 };

	/* Bridges report their ports with a family of their own. */
	if (info->ifi_family != AF_UNSPEC ||
	    mnl_attr_parse(msg, sizeof(*info), collect, &all) < 0 || !all.by_type[IFLA_IFNAME])
		return;
	strncpy(link.name, mnl_attr_get_str(all.by_type[IFLA_IFNAME]), sizeof(link.name) - 1);
	read_bytes(&all, IFLA_ADDRESS, link.mac, sizeof(link.mac));
	read_bytes(&all, IFLA_MTU, &link.mtu, sizeof(link.mtu));
	link.up = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_RUNNING);
	if (all.by_type[IFLA_LINKINFO])
		read_vlan(all.by_type[IFLA_LINKINFO], &all, &link);
	nl->handlers.link(nl->handlers.ctx, &link);
}

static void handle_addr(struct daisy_netlink *nl, const struct nlmsghdr *msg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(msg);
	struct daisy_nl_addr addr = { .ifindex = (int)info->ifa_index,
				      .gone = msg->nlmsg_type == RTM_DELADDR,
				      .secondary = info->ifa_flags & IFA_F_SECONDARY };
	struct attributes all = { 0 };

	if (info->ifa_family != AF_INET || mnl_attr_parse(msg, sizeof(*info), collect, &all) < 0)
		return;
	if (!read_bytes(&all, IFA_LOCAL, &addr.addr, sizeof(addr.addr)) &&
	    !read_bytes(&all, IFA_ADDRESS, &addr.addr, sizeof(addr.addr)))
		return;
	read_bytes(&all, IFA_BROADCAST, &addr.broadcast, sizeof(addr.broadcast));
	nl->handlers.addr(nl->handlers.ctx, &addr);
}

static void handle_hops(struct daisy_netlink *nl, const struct nlattr *multipath, bool gone)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath);

	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		struct daisy_nl_route route = { .ifindex = hop->rtnh_ifindex, .gone = gone };
		struct attributes all = { 0 };

		if (mnl_attr_parse_payload(RTNH_DATA(hop), hop->rtnh_len - sizeof(*hop), collect,
					   &all) >= 0)
			read_bytes(&all, RTA_GATEWAY, &route.gateway, sizeof(route.gateway));
		nl->handlers.route(nl->handlers.ctx, &route);
		if ((size_t)RTNH_ALIGN(hop->rtnh_len) > left)
			break;
		left -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

static void handle_route(struct daisy_netlink *nl, const struct nlmsghdr *msg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(msg);
	struct daisy_nl_route route = { .gone = msg->nlmsg_type == RTM_DELROUTE };
	struct attributes all = { 0 };
	uint32_t ifindex;

	if (info->rtm_family != AF_INET || info->rtm_flags & RTM_F_CLONED ||
	    mnl_attr_parse(msg, sizeof(*info), collect, &all) < 0)
		return;
	if (all.by_type[RTA_MULTIPATH]) {
		handle_hops(nl, all.by_type[RTA_MULTIPATH], route.gone);
		return;
	}
	if (read_bytes(&all, RTA_OIF, &ifindex, sizeof(ifindex)))
		route.ifindex = (int)ifindex;
	read_bytes(&all, RTA_GATEWAY, &route.gateway, sizeof(route.gateway));
	nl->handlers.route(nl->handlers.ctx, &route);
}

static void handle_neighbour(struct daisy_netlink *nl, const struct nlmsghdr *msg)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(msg);
	struct daisy_nl_neighbour neighbour = {
		.ifindex = info->ndm_ifindex,
		.gone = msg->nlmsg_type == RTM_DELNEIGH,
		.failed = info->ndm_state & NUD_FAILED,
	};
	struct attributes all = { 0 };

	if (info->ndm_family != AF_INET || mnl_attr_parse(msg, sizeof(*info), collect, &all) < 0 ||
	    !read_bytes(&all, NDA_DST, &neighbour.addr, sizeof(neighbour.addr)))
		return;
	neighbour.valid = !neighbour.gone && info->ndm_state & NUD_USABLE &&
		read_bytes(&all, NDA_LLADDR, neighbour.mac, sizeof(neighbour.mac));
	nl->handlers.neighbour(nl->handlers.ctx, &neighbour);
}

/* Least length of the fixed part of a message, so that nobody reads beyond it. */
static int handle(const struct nlmsghdr *msg, void *ctx)
{
	struct daisy_netlink *nl = ctx;
	size_t len = mnl_nlmsg_get_payload_len(msg);

	switch (msg->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (len >= sizeof(struct ifinfomsg))
			handle_link(nl, msg);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (len >= sizeof(struct ifaddrmsg))
			handle_addr(nl, msg);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (len >= sizeof(struct rtmsg))
			handle_route(nl, msg);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		/* A rule may move every destination to another table. */
		nl->handlers.route(nl->handlers.ctx, &(struct daisy_nl_route){ 0 });
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (len >= sizeof(struct ndmsg))
			handle_neighbour(nl, msg);
		break;
	}
	return MNL_CB_OK;
}

static struct mnl_socket *open_socket(unsigned int groups, int flags)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);

	if (!socket)
		return NULL;
	if (!mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID))
		return socket;
	mnl_socket_close(socket);
	return NULL;
}

int daisy_netlink_open(struct daisy_netlink **result, const struct daisy_nl_handlers *handlers)
{
	const unsigned int groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE |
		RTMGRP_IPV4_RULE | RTMGRP_NEIGH;
	struct daisy_netlink *nl = calloc(1, sizeof(*nl));
	int size = MONITOR_BYTES, err;

	*result = NULL;
	if (!nl) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	nl->handlers = *handlers;
	nl->monitor = open_socket(groups, SOCK_NONBLOCK);
	nl->request = open_socket(0, 0);
	if (!nl->monitor || !nl->request) {
		err = -errno;
		daisy_error_set("cannot open rtnetlink: %s", strerror(-err));
		daisy_netlink_close(nl);
		return err;
	}
	/* Refused without CAP_NET_ADMIN; the default size then only overruns earlier. */
	setsockopt(mnl_socket_get_fd(nl->monitor), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	*result = nl;
	return 0;
}

void daisy_netlink_close(struct daisy_netlink *nl)
{
	if (!nl)
		return;
	if (nl->monitor)
		mnl_socket_close(nl->monitor);
	if (nl->request)
		mnl_socket_close(nl->request);
	free(nl);
}

int daisy_netlink_fd(const struct daisy_netlink *nl)
{
	return mnl_socket_get_fd(nl->monitor);
}

void daisy_netlink_read(struct daisy_netlink *nl)
{
	for (int i = 0; i < READ_BUDGET; i++) {
		ssize_t n = mnl_socket_recvfrom(nl->monitor, nl->buffer, sizeof(nl->buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == ENOBUFS || errno == ENOSPC))
			nl->handlers.overrun(nl->handlers.ctx);
		else if (n <= 0)
			return;
		else
			mnl_cb_run(nl->buffer, (size_t)n, 0, 0, handle, nl);
	}
}

/* Receive until the end of a dump or the acknowledgement. */
static int receive(struct daisy_netlink *nl, mnl_cb_t callback)
{
	unsigned int port = mnl_socket_get_portid(nl->request);
	int more = MNL_CB_OK;

	while (more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl->request, nl->buffer, sizeof(nl->buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		more = mnl_cb_run(nl->buffer, (size_t)n, nl->seq, port, callback, nl);
		/* EINTR: the table changed under the dump; the monitor brings what it missed. */
		if (more < 0 && errno == EINTR)
			more = MNL_CB_OK;
		else if (more < 0)
			return -errno;
	}
	return 0;
}

static int send_request(struct daisy_netlink *nl, struct nlmsghdr *msg)
{
	msg->nlmsg_seq = ++nl->seq;
	return mnl_socket_sendto(nl->request, msg, msg->nlmsg_len) < 0 ? -errno : 0;
}

int daisy_netlink_dump(struct daisy_netlink *nl, enum daisy_nl_table table)
{
	static const struct {
		uint16_t type;
		uint8_t family;
		const char *name;
	} tables[] = {
		[NL_LINKS] = { RTM_GETLINK, AF_UNSPEC, "devices" },
		[NL_ADDRS] = { RTM_GETADDR, AF_INET, "addresses" },
		[NL_ROUTES] = { RTM_GETROUTE, AF_INET, "routes" },
		[NL_NEIGHBOURS] = { RTM_GETNEIGH, AF_INET, "neighbours" },
	};
	char request[MNL_NLMSG_HDRLEN + 64] __attribute__((aligned(8)));
	struct nlmsghdr *msg = mnl_nlmsg_put_header(request);
	/* The largest of the fixed parts; each begins with the family. */
	uint8_t *family = mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	int err;

	msg->nlmsg_type = tables[table].type;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*family = tables[table].family;
	err = send_request(nl, msg);
	if (!err)
		err = receive(nl, handle);
	if (err)
		daisy_error_set("cannot list the kernel's %s: %s", tables[table].name,
				strerror(-err));
	return err;
}

static int request_neighbour(struct daisy_netlink *nl, uint16_t type, uint16_t flags, int ifindex,
			     struct in_addr addr)
{
	char request[MNL_NLMSG_HDRLEN + 64] __attribute__((aligned(8)));
	struct nlmsghdr *msg = mnl_nlmsg_put_header(request);
	struct ndmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	int err;

	msg->nlmsg_type = type;
	msg->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	info->ndm_family = AF_INET;
	info->ndm_ifindex = ifindex;
	info->ndm_state = NUD_NONE;
	if (type == RTM_NEWNEIGH)
		info->ndm_flags = NTF_USE;
	mnl_attr_put(msg, NDA_DST, sizeof(addr), &addr);
	if (type == RTM_NEWNEIGH)
		mnl_attr_put_u32(msg, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	err = send_request(nl, msg);
	return err ? err : receive(nl, NULL);
}

int daisy_netlink_neighbour_manage(struct daisy_netlink *nl, int ifindex, struct in_addr addr)
{
	return request_neighbour(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex, addr);
}

int daisy_netlink_neighbour_forget(struct daisy_netlink *nl, int ifindex, struct in_addr addr)
{
	return request_neighbour(nl, RTM_DELNEIGH, 0, ifindex, addr);
}
