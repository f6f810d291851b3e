/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib-c/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib-c/tap.h"

/* Not by ip(8): small systems have one that cannot do all of this. */

static void set_address(struct sockaddr *to, uint32_t addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr) };

	memcpy(to, &in, sizeof(in));
}

static void request(int fd, unsigned long number, void *arg, const char *what)
{
	if (ioctl(fd, number, arg))
		tap_bail("cannot %s: %s", what, strerror(errno));
}

static void device_up(int fd, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	strcpy(ifr.ifr_name, name);
	request(fd, SIOCSIFFLAGS, &ifr, "set a device up");
}

static void device_address(int fd, const char *name)
{
	struct ifreq ifr = { 0 };

	strcpy(ifr.ifr_name, name);
	set_address(&ifr.ifr_addr, HOST_ADDRESS);
	request(fd, SIOCSIFADDR, &ifr, "set an address");
	set_address(&ifr.ifr_netmask, 0xfffffffcu);
	request(fd, SIOCSIFNETMASK, &ifr, "set a netmask");
}

static void gateway_set(int fd, const char *name, const uint8_t mac[6])
{
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };
	struct arpreq arp = { .arp_flags = ATF_PERM | ATF_COM };

	set_address(&arp.arp_pa, HOST_GATEWAY);
	arp.arp_ha.sa_family = ARPHRD_ETHER;
	memcpy(arp.arp_ha.sa_data, mac, 6);
	strcpy(arp.arp_dev, name);
	request(fd, SIOCSARP, &arp, "set a neighbour");
	set_address(&route.rt_dst, 0);
	set_address(&route.rt_genmask, 0);
	set_address(&route.rt_gateway, HOST_GATEWAY);
	request(fd, SIOCADDRT, &route, "set a route");
}

/* bpf_fib_lookup answers for hosts that forward only. */
static void forwarding_on(void)
{
	int fd = open("/proc/sys/net/ipv4/conf/all/forwarding", O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		tap_bail("cannot switch on forwarding: %s", strerror(errno));
	close(fd);
}

void host_make(const uint8_t gateway_mac[6])
{
	int fd;

	if (unshare(CLONE_NEWNET))
		tap_bail("cannot make a network namespace: %s (root is needed)", strerror(errno));
	if (system("ip link add name " HOST_INSIDE_DEVICE " type veth") ||
	    !if_nametoindex(HOST_OUTSIDE_DEVICE))
		tap_bail("cannot make a veth pair");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		tap_bail("cannot open a socket: %s", strerror(errno));
	device_up(fd, "lo");
	device_up(fd, HOST_INSIDE_DEVICE);
	device_up(fd, HOST_OUTSIDE_DEVICE);
	device_address(fd, HOST_OUTSIDE_DEVICE);
	gateway_set(fd, HOST_OUTSIDE_DEVICE, gateway_mac);
	close(fd);
	forwarding_on();
}
