/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "net/fib.h"

#define BUFFER_SIZE 8192
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct request {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct ndmsg neighbour;
	};
	char attributes[64];
};

static int read_hop(const struct nlattr *attr, void *data)
{
	struct daisy_trace_route *route = data;

	if (mnl_attr_get_payload_len(attr) < sizeof(uint32_t))
		return MNL_CB_OK;
	if (mnl_attr_get_type(attr) == RTA_OIF)
		route->ifindex = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == RTA_GATEWAY)
		route->neighbour.s_addr = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int read_route(const struct nlmsghdr *msg, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(msg);

	if (msg->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(msg) >= sizeof(*info) &&
	    info->rtm_type == RTN_UNICAST)
		mnl_attr_parse(msg, sizeof(*info), read_hop, data);
	return MNL_CB_STOP;
}

static int read_neighbour(const struct nlmsghdr *msg, void *data)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(msg);
	struct daisy_trace_route *route = data;

	route->resolved = msg->nlmsg_type == RTM_NEWNEIGH &&
			  mnl_nlmsg_get_payload_len(msg) >= sizeof(*info) &&
			  info->ndm_state & NUD_USABLE;
	return MNL_CB_STOP;
}

/* Send a request and hand on the one answer. */
static int ask(struct mnl_socket *socket, struct request *request, mnl_cb_t callback, void *data)
{
	char buffer[BUFFER_SIZE];
	ssize_t n;

	request->header.nlmsg_flags = NLM_F_REQUEST;
	if (mnl_socket_sendto(socket, request, request->header.nlmsg_len) < 0)
		return -errno;
	do
		n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(socket), callback, data) < 0 ?
		-errno : 0;
}

static int ask_route(struct mnl_socket *socket, const struct daisy_trace_question *question,
		     struct daisy_trace_route *route)
{
	struct request request = { 0 };
	struct nlmsghdr *msg = mnl_nlmsg_put_header(&request);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	msg->nlmsg_type = RTM_GETROUTE;
	info->rtm_family = AF_INET;
	info->rtm_dst_len = 32;
	mnl_attr_put_u32(msg, RTA_DST, question->daddr.s_addr);
	if (question->by_link)
		mnl_attr_put_u32(msg, RTA_OIF, question->ifindex);
	return ask(socket, &request, read_route, route);
}

static int ask_neighbour(struct mnl_socket *socket, struct daisy_trace_route *route)
{
	struct request request = { 0 };
	struct nlmsghdr *msg = mnl_nlmsg_put_header(&request);
	struct ndmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	msg->nlmsg_type = RTM_GETNEIGH;
	info->ndm_family = AF_INET;
	info->ndm_ifindex = (int)route->ifindex;
	mnl_attr_put_u32(msg, NDA_DST, route->neighbour.s_addr);
	return ask(socket, &request, read_neighbour, route);
}

/* Without forwarding on the device of arrival the packet path's look-up finds nothing. */
static bool forwards(uint32_t ifindex)
{
	char device[IF_NAMESIZE], path[80];
	FILE *file;
	int on = 0;

	if (!if_indextoname(ifindex, device))
		return false;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding", device);
	file = fopen(path, "re");
	if (!file)
		return false;
	on = getc(file) == '1';
	fclose(file);
	return on;
}

int daisy_fib_ask(void *ctx, const struct daisy_trace_question *question,
		    struct daisy_trace_route *route)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err = -ENETUNREACH;

	memset(route, 0, sizeof(*route));
	if (!socket)
		return -errno;
	if (forwards(question->ifindex) &&
	    !mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) &&
	    !ask_route(socket, question, route) && route->ifindex) {
		if (!route->neighbour.s_addr)
			route->neighbour = question->daddr;
		/* -ENOENT: nobody has asked for it yet. */
		ask_neighbour(socket, route);
		err = 0;
	}
	mnl_socket_close(socket);
	return err;
}
