/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames for people: one line a layer, and the bytes that differ. */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pkt.h"

struct text {
	char *at;
	size_t room;
};

static void say(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->room)
		n = t->room ? t->room - 1 : 0;
	t->at += n;
	t->room -= n;
}

static unsigned int get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void describe_ip(struct text *t, const uint8_t *ip, size_t len);

static void describe_transport(struct text *t, const uint8_t *ip, const uint8_t *l4, size_t len)
{
	if (get16(ip + 6) & 0x1fff) {
		say(t, " fragment at %u", (get16(ip + 6) & 0x1fff) * 8);
		return;
	}
	if (ip[9] == IPPROTO_UDP && len >= 8)
		say(t, " udp %u > %u len %u sum %04x", get16(l4), get16(l4 + 2), get16(l4 + 4), get16(l4 + 6));
	else if (ip[9] == IPPROTO_TCP && len >= 20)
		say(t, " tcp %u > %u flags %02x sum %04x", get16(l4), get16(l4 + 2), l4[13], get16(l4 + 16));
	else if (ip[9] == IPPROTO_ICMP && len >= 8)
		say(t, " icmp %u/%u rest %04x%04x sum %04x", l4[0], l4[1], get16(l4 + 4), get16(l4 + 6),
		    get16(l4 + 2));
	if (ip[9] == IPPROTO_ICMP && len >= 28 && (l4[0] == 3 || l4[0] == 11 || l4[0] == 12)) {
		say(t, " [");
		describe_ip(t, l4 + 8, len - 8);
		say(t, "]");
	}
}

static void describe_ip(struct text *t, const uint8_t *ip, size_t len)
{
	size_t header = (ip[0] & 15) * 4;

	say(t, "%u.%u.%u.%u > %u.%u.%u.%u proto %u ttl %u tos %02x id %04x frag %04x len %u sum %04x", ip[12],
	    ip[13], ip[14], ip[15], ip[16], ip[17], ip[18], ip[19], ip[9], ip[8], ip[1], get16(ip + 4),
	    get16(ip + 6), get16(ip + 2), get16(ip + 10));
	if (header > 20)
		say(t, " options %zu", header - 20);
	if (header < len)
		describe_transport(t, ip, ip + header, len - header);
}

void pkt_describe(const uint8_t *frame, size_t len, char *text, size_t room)
{
	struct text t = { text, room };
	size_t at = pkt_ip_offset(frame, len), i;

	text[0] = '\0';
	if (len < 14) {
		say(&t, "%zu bytes", len);
		return;
	}
	for (i = 6; i < 12; i++)
		say(&t, "%02x%s", frame[i], i < 11 ? ":" : " > ");
	for (i = 0; i < 6; i++)
		say(&t, "%02x%s", frame[i], i < 5 ? ":" : " ");
	for (i = 12; i < (at ? at : 14); i += 2)
		say(&t, "%04x ", get16(frame + i));
	if (at)
		describe_ip(&t, frame + at, len - at);
	say(&t, " (%zu bytes)", len);
}

static void print_bytes(const uint8_t *frame, size_t len, size_t from)
{
	size_t i;

	for (i = from; i < len && i < from + 16; i++)
		fprintf(stderr, " %02x", frame[i]);
	fprintf(stderr, "\n");
}

void pkt_print_difference(const uint8_t *want, size_t want_len, const uint8_t *got, size_t got_len)
{
	char text[1024];
	size_t i, len = want_len > got_len ? want_len : got_len;

	pkt_describe(want, want_len, text, sizeof(text));
	fprintf(stderr, "# want %s\n", text);
	pkt_describe(got, got_len, text, sizeof(text));
	fprintf(stderr, "# got  %s\n", text);
	for (i = 0; i < len; i += 16) {
		size_t n = i + 16 < len ? 16 : len - i;

		if (i + n <= want_len && i + n <= got_len && !memcmp(want + i, got + i, n))
			continue;
		fprintf(stderr, "# want %4zu:", i);
		print_bytes(want, want_len, i);
		fprintf(stderr, "# got  %4zu:", i);
		print_bytes(got, got_len, i);
	}
}
