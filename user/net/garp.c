/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/if_ether.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/error.h"
#include "net/garp.h"

#define ROUNDS 2
#define PAUSE_MS 1000
#define BURST 32		/* addresses a step: with a step every 100 ms, 4096 take 13 s */

struct frame {
	struct ether_header eth;
	struct ether_arp arp;
} __attribute__((packed));

int daisy_garp_open(struct daisy_garp *garp)
{
	int err;

	*garp = (struct daisy_garp){ .fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC |
						  SOCK_NONBLOCK, 0) };
	if (garp->fd >= 0)
		return 0;
	err = -errno;
	daisy_error_set("cannot open a packet socket for gratuitous ARP: %s", strerror(-err));
	return err;
}

void daisy_garp_close(struct daisy_garp *garp)
{
	if (garp->fd >= 0)
		close(garp->fd);
	garp->fd = -1;
}

/* An announcement as in RFC 5227 section 2.3: a request, both addresses the same. */
static void announce(const struct daisy_garp *garp, const struct daisy_link *link,
		     const uint8_t addr[4])
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = (int)link->ifindex, .sll_halen = ETH_ALEN,
	};
	struct frame frame = {
		.eth.ether_type = htons(ETH_P_ARP),
		.arp.ea_hdr = { htons(ARPHRD_ETHER), htons(ETH_P_IP), ETH_ALEN, 4,
				htons(ARPOP_REQUEST) },
	};

	memset(frame.eth.ether_dhost, 0xff, ETH_ALEN);
	memset(to.sll_addr, 0xff, ETH_ALEN);
	memcpy(frame.eth.ether_shost, link->mac, ETH_ALEN);
	memcpy(frame.arp.arp_sha, link->mac, ETH_ALEN);
	memcpy(frame.arp.arp_spa, addr, 4);
	memcpy(frame.arp.arp_tpa, addr, 4);
	/* A device that is down or full loses it; there is a second round, and ARP itself. */
	sendto(garp->fd, &frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));
}

void daisy_garp_start(struct daisy_garp *garp)
{
	garp->slot = 0;
	garp->rounds = ROUNDS;
	garp->pause_ms = 0;
}

static void announce_slot(const struct daisy_garp *garp, struct daisy_instance *inst,
			  const struct daisy_slot *slot)
{
	const struct daisy_link *links = daisy_instance_links(inst);

	for (uint32_t i = 0; i < DAISY_MAX_LINKS; i++)
		if (links[i].ifindex && (links[i].side == SIDE_OUTSIDE ||
					 links[i].side == SIDE_BOTH))
			announce(garp, &links[i], slot->addr);
}

/* The box's own addresses: a device that was made anew has another MAC, and hosts remember the old one. */
static void announce_own(const struct daisy_garp *garp, struct daisy_instance *inst)
{
	const struct daisy_link *links = daisy_instance_links(inst);

	for (uint32_t i = 0; i < DAISY_MAX_LINKS; i++)
		if (links[i].ifindex && *(const uint32_t *)links[i].addr)
			announce(garp, &links[i], links[i].addr);
}

bool daisy_garp_step(struct daisy_garp *garp, struct daisy_instance *inst, uint64_t now_ms)
{
	const struct daisy_slot *slots = daisy_instance_slots(inst);
	unsigned int sent = 0;

	if (!garp->rounds || now_ms < garp->pause_ms)
		return garp->rounds;
	if (!garp->slot)
		announce_own(garp, inst);
	for (; garp->slot < daisy_instance_max_slots(inst) && sent < BURST; garp->slot++) {
		if (slots[garp->slot].state == SLOT_EMPTY)
			continue;
		announce_slot(garp, inst, &slots[garp->slot]);
		sent++;
	}
	if (garp->slot < daisy_instance_max_slots(inst))
		return true;
	garp->slot = 0;
	garp->pause_ms = now_ms + PAUSE_MS;
	return --garp->rounds;
}
