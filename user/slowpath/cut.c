/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <string.h>

#include "slowpath/cut.h"

#define FRAME_MAX 4096

size_t daisy_frame_l3(const void *frame, size_t len, uint16_t tag[2], unsigned int *n_tags)
{
	const uint8_t *bytes = frame;
	size_t at = 12;
	uint16_t word;

	for (*n_tags = 0; at + 2 + sizeof(struct iphdr) <= len; at += 4) {
		memcpy(&word, bytes + at, 2);
		if (word == htons(ETHERTYPE_IP))
			return at + 2;
		if (*n_tags == 2 || (word != htons(ETHERTYPE_VLAN) && word != htons(0x88a8)))
			return 0;
		memcpy(&word, bytes + at + 2, 2);
		tag[(*n_tags)++] = ntohs(word) & 0xfff;
	}
	return 0;
}

static uint16_t checksum(const void *header, size_t len)
{
	const uint8_t *bytes = header;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* The options that later fragments carry, too: their copied flag is set. Returns the header's length. */
static size_t later_header(uint8_t *to, const uint8_t *from, size_t len)
{
	size_t at = sizeof(struct iphdr), out = at;

	memcpy(to, from, sizeof(struct iphdr));
	while (at < len && from[at] != IPOPT_EOL) {
		size_t n = from[at] == IPOPT_NOP ? 1 : at + 1 < len ? from[at + 1] : 0;

		if (!n || at + n > len)
			break;
		if (IPOPT_COPIED(from[at])) {
			memcpy(to + out, from + at, n);
			out += n;
		}
		at += n;
	}
	while (out % 4)
		to[out++] = IPOPT_EOL;
	return out;
}

static void finish(uint8_t *header, size_t header_len, size_t payload, uint16_t field)
{
	struct iphdr ip;

	memcpy(&ip, header, sizeof(ip));
	ip.ihl = (header_len / 4) & 0xf;
	ip.tot_len = htons((uint16_t)(header_len + payload));
	ip.frag_off = htons(field);
	ip.check = 0;
	memcpy(header, &ip, sizeof(ip));
	ip.check = checksum(header, header_len);
	memcpy(header, &ip, sizeof(ip));
}

int daisy_cut(const void *frame, size_t len, size_t mtu,
	      void (*fn)(void *ctx, const void *frame, size_t len), void *ctx)
{
	uint8_t out[FRAME_MAX];
	const uint8_t *packet;
	unsigned int n_tags;
	uint16_t tag[2], field;
	size_t l3 = daisy_frame_l3(frame, len, tag, &n_tags), header, end, at, room;
	struct iphdr ip;

	if (!l3 || len > sizeof(out))
		return -EINVAL;
	packet = (const uint8_t *)frame + l3;
	memcpy(&ip, packet, sizeof(ip));
	header = ip.ihl * 4U;
	end = ntohs(ip.tot_len);
	if (header < sizeof(ip) || end < header || l3 + end > len)
		return -EINVAL;
	if (end <= mtu) {
		fn(ctx, frame, l3 + end);
		return 0;
	}
	field = ntohs(ip.frag_off);
	memcpy(out, frame, l3 + header);
	for (at = header; at < end; at += room) {
		size_t offset = (field & IP_OFFMASK) + (at - header) / 8;
		size_t head = at == header ? header : later_header(out + l3, packet, header);

		if (head + 8 > mtu)
			return -EMSGSIZE;
		room = (mtu - head) & ~(size_t)7;
		if (room > end - at)
			room = end - at;
		memcpy(out + l3 + head, packet + at, room);
		finish(out + l3, head, room,
		       (uint16_t)(offset | (at + room < end ? IP_MF : field & IP_MF)));
		fn(ctx, out, l3 + head + room);
	}
	return 0;
}
