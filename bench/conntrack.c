// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "contender.h"

/* A delete request without a tuple empties the connection tracker of the namespace. */
void nft_flush(const struct bench *bench)
{
	char buffer[8192] __attribute__((aligned(8)));
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *message;
	struct mnl_socket *socket;
	int n;

	ns_enter(bench, NS_NAT);
	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	message->nfgen_family = AF_INET;
	message->version = NFNETLINK_V0;
	socket = mnl_socket_open(NETLINK_NETFILTER);
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		die("cannot empty the connection tracker: %s", strerror(errno));
	n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (n < 0 || mnl_cb_run(buffer, n, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0)
		die("cannot empty the connection tracker: %s", strerror(errno));
	mnl_socket_close(socket);
}
