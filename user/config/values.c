/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "lib/error.h"

static int refuse(const char *text, const char *what, const char *expected)
{
	daisy_error_set("\"%.64s\" is not %s, expected %s", text, what, expected);
	return -EINVAL;
}

/* Digits alone: strtoul would take blanks, signs and hexadecimal. */
static bool read_digits(const char *text, size_t len, uint32_t max, uint32_t *value)
{
	uint64_t n = 0;

	if (!len || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	*value = (uint32_t)n;
	return n <= max;
}

int daisy_value_number(const char *text, uint32_t min, uint32_t max, const char *what,
		       uint32_t *value)
{
	char expected[DAISY_VALUE_SIZE];
	uint32_t n;

	if (read_digits(text, strlen(text), max, &n) && n >= min) {
		*value = n;
		return 0;
	}
	snprintf(expected, sizeof(expected), "%u to %u", min, max);
	return refuse(text, what, expected);
}

int daisy_value_bool(const char *text, bool *value)
{
	*value = !strcmp(text, "true");
	return *value || !strcmp(text, "false") ? 0 : refuse(text, "a switch", "true or false");
}

int daisy_value_name(const char *text, char name[DAISY_NAME_MAX + 1])
{
	size_t len = strlen(text);

	if (!len || len > DAISY_NAME_MAX ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return refuse(text, "a name", "1 to 32 of a-z, 0-9 and -");
	memcpy(name, text, len + 1);
	return 0;
}

int daisy_value_device(const char *text, char device[IFNAMSIZ])
{
	size_t len = strlen(text);

	/* What dev_valid_name of the kernel refuses, and wildcards of nftables. */
	if (!len || len >= IFNAMSIZ || !strcmp(text, ".") || !strcmp(text, "..") ||
	    strpbrk(text, "/: \t\n\"*\\"))
		return refuse(text, "a device",
			      "the name of a network device, 1 to 15 characters");
	memcpy(device, text, len + 1);
	return 0;
}

static const char *const sides[] = {
	[SIDE_INSIDE] = "inside",
	[SIDE_OUTSIDE] = "outside",
	[SIDE_BOTH] = "both",
};

int daisy_value_side(const char *text, enum daisy_side *side)
{
	for (enum daisy_side s = SIDE_INSIDE; s <= SIDE_BOTH; s++) {
		if (!strcmp(text, sides[s])) {
			*side = s;
			return 0;
		}
	}
	return refuse(text, "a side", "inside, outside or both");
}

const char *daisy_value_side_name(enum daisy_side side)
{
	return side >= SIDE_INSIDE && side <= SIDE_BOTH ? sides[side] : "none";
}

static const char *const exhaustions[] = {
	[EXHAUSTION_HOST_UNREACHABLE] = "host-unreachable",
	[EXHAUSTION_ADMIN_PROHIBITED] = "admin-prohibited",
	[EXHAUSTION_SILENT] = "none",
};

int daisy_value_exhaustion(const char *text, enum daisy_exhaustion *exhaustion)
{
	for (enum daisy_exhaustion e = 0; e <= EXHAUSTION_SILENT; e++) {
		if (!strcmp(text, exhaustions[e])) {
			*exhaustion = e;
			return 0;
		}
	}
	return refuse(text, "an ICMP message", "host-unreachable, admin-prohibited or none");
}

const char *daisy_value_exhaustion_name(enum daisy_exhaustion exhaustion)
{
	return exhaustions[exhaustion];
}

static const char *const rewrites[] = { "off", "fragments", "all" };
static const uint32_t rewrite_options[] = { 0, DAISY_OPT_IDENT, DAISY_OPT_IDENT | DAISY_OPT_IDENT_ALL };

int daisy_value_rewrite(const char *text, uint32_t *options)
{
	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(text, rewrites[i])) {
			*options = rewrite_options[i];
			return 0;
		}
	}
	return refuse(text, "a choice of datagrams", "off, fragments or all");
}

const char *daisy_value_rewrite_name(uint32_t options)
{
	return rewrites[options & DAISY_OPT_IDENT_ALL ? 2 : options & DAISY_OPT_IDENT ? 1 : 0];
}

int daisy_value_mss(const char *text, uint32_t *mss)
{
	char expected[DAISY_VALUE_SIZE];
	uint32_t n;

	if (!strcmp(text, "off") || !strcmp(text, "auto")) {
		*mss = *text == 'o' ? 0 : DAISY_MSS_AUTO;
		return 0;
	}
	if (read_digits(text, strlen(text), DAISY_MSS_MAX, &n) && n >= DAISY_MSS_MIN) {
		*mss = n;
		return 0;
	}
	snprintf(expected, sizeof(expected), "off, auto or %u to %u", DAISY_MSS_MIN, DAISY_MSS_MAX);
	return refuse(text, "a segment size", expected);
}

void daisy_value_format_mss(uint32_t mss, char text[DAISY_VALUE_SIZE])
{
	if (mss > DAISY_MSS_AUTO)
		snprintf(text, DAISY_VALUE_SIZE, "%u", mss);
	else
		strcpy(text, mss ? "auto" : "off");
}

int daisy_value_mode(const char *text, bool *generic)
{
	*generic = !strcmp(text, "generic");
	return *generic || !strcmp(text, "native") ?
		0 : refuse(text, "a mode", "native or generic");
}

static const char *const pool_modes[] = {
	[POOL_BLOCKS] = "blocks", [POOL_DYNAMIC] = "dynamic",
	[POOL_DETERMINISTIC] = "deterministic",
};

int daisy_value_pool_mode(const char *text, enum daisy_config_pool_mode *mode)
{
	for (int i = POOL_BLOCKS; i <= POOL_DETERMINISTIC; i++) {
		*mode = (enum daisy_config_pool_mode)i;
		if (!strcmp(text, pool_modes[i]))
			return 0;
	}
	return refuse(text, "a mode", "blocks, dynamic or deterministic");
}

const char *daisy_value_pool_mode_name(enum daisy_config_pool_mode mode)
{
	return pool_modes[mode];
}

int daisy_value_block_size(const char *text, uint16_t *size)
{
	uint32_t n;

	if (!read_digits(text, strlen(text), 4096, &n) || n < 64 || n & (n - 1))
		return refuse(text, "a size of port blocks", "a power of two, 64 to 4096");
	*size = (uint16_t)n;
	return 0;
}

static bool read_address(const char *text, size_t len, uint32_t *addr)
{
	char word[INET_ADDRSTRLEN];
	struct in_addr in;

	if (len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	if (inet_pton(AF_INET, word, &in) != 1)
		return false;
	*addr = ntohl(in.s_addr);
	return true;
}

int daisy_value_address(const char *text, uint32_t *addr)
{
	return read_address(text, strlen(text), addr) ?
		0 : refuse(text, "an address", "IPv4 such as 203.0.113.10");
}

/* "/len" after an address; the mask of it. */
static bool read_length(const char *text, uint32_t *len, uint32_t *mask)
{
	if (!read_digits(text, strlen(text), 32, len))
		return false;
	*mask = *len ? ~0u << (32 - *len) : 0;
	return true;
}

/* An address that hosts may have: not 0/8, 127/8, multicast or reserved (RFC 6890). */
static bool is_unicast(uint32_t addr)
{
	uint32_t top = addr >> 24;

	return top && top != 127 && top < 224;
}

int daisy_value_addresses(const char *text, struct daisy_config_range *range)
{
	const char *expected = "203.0.113.10, 203.0.113.10-203.0.113.13 or 203.0.113.0/28";
	const char *mark = strpbrk(text, "-/");
	uint32_t len, mask;

	if (!read_address(text, mark ? (size_t)(mark - text) : strlen(text), &range->first))
		return refuse(text, "an address or a range", expected);
	range->last = range->first;
	if (mark && *mark == '-' && !read_address(mark + 1, strlen(mark + 1), &range->last))
		return refuse(text, "an address or a range", expected);
	if (mark && *mark == '/') {
		if (!read_length(mark + 1, &len, &mask) || !len)
			return refuse(text, "an address or a range", expected);
		if (range->first & ~mask)
			return refuse(text, "a prefix",
				      "one whose bits after the length are zero");
		range->last = range->first | ~mask;
	}
	if (range->first > range->last)
		return refuse(text, "a range", "the lower address first");
	if (!is_unicast(range->first) || !is_unicast(range->last) ||
	    (range->first >> 24 < 127 && range->last >> 24 > 127))
		return refuse(text, "usable on the Internet",
			      "unicast addresses outside of 0.0.0.0/8 and 127.0.0.0/8");
	return 0;
}

int daisy_value_prefix(const char *text, struct daisy_config_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	uint32_t len, mask;

	if (!slash || !read_address(text, (size_t)(slash - text), &prefix->addr) ||
	    !read_length(slash + 1, &len, &mask))
		return refuse(text, "a prefix", "one such as 10.0.0.0/24");
	if (prefix->addr & ~mask)
		return refuse(text, "a prefix", "one whose bits after the length are zero");
	prefix->len = (uint8_t)len;
	return 0;
}

int daisy_value_ports(const char *text, struct daisy_config_range *range)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);

	if (!read_digits(text, len, 65535, &range->first))
		return refuse(text, "a port or a range", "0 to 65535, or such as 1024-65535");
	range->last = range->first;
	if (dash && !read_digits(dash + 1, strlen(dash + 1), 65535, &range->last))
		return refuse(text, "a port or a range", "0 to 65535, or such as 1024-65535");
	if (range->first > range->last)
		return refuse(text, "a range", "the lower port first");
	return 0;
}

int daisy_value_endpoint(const char *text, uint32_t *addr, struct daisy_config_range *ports)
{
	const char *expected = "203.0.113.10, 203.0.113.10:443 or 203.0.113.10:5000-5010";
	size_t len = strcspn(text, ":");

	*ports = (struct daisy_config_range){ 0 };
	if (!read_address(text, len, addr))
		return refuse(text, "an endpoint", expected);
	if (text[len] && (daisy_value_ports(text + len + 1, ports) || !ports->first))
		return refuse(text, "an endpoint", expected);
	return 0;
}

int daisy_value_filtering(const char *text, bool *filtered)
{
	for (int i = 0; i < 2; i++) {
		*filtered = i;
		if (!strcmp(text, daisy_value_filtering_name(*filtered)))
			return 0;
	}
	return refuse(text, "a filtering behaviour", "endpoint-independent or address-dependent");
}

const char *daisy_value_filtering_name(bool filtered)
{
	return filtered ? "address-dependent" : "endpoint-independent";
}

static const struct {
	const char *name;
	uint8_t proto;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
};

#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

int daisy_value_protocol(const char *text, uint8_t *proto)
{
	for (size_t i = 0; i < N_PROTOCOLS; i++) {
		*proto = protocols[i].proto;
		if (!strcmp(text, protocols[i].name))
			return 0;
	}
	return refuse(text, "a protocol", "tcp, udp or icmp");
}

const char *daisy_value_protocol_name(uint8_t proto)
{
	for (size_t i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].proto == proto)
			return protocols[i].name;
	return "";
}

static bool read_mac(const char *text, uint8_t mac[6])
{
	int used = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &used) == 6 &&
	       used == 17 && strlen(text) == 17;
}

int daisy_value_nexthop(const char *text, struct daisy_config_nexthop *nexthop)
{
	uint32_t addr;

	memset(nexthop, 0, sizeof(*nexthop));
	if (!*text)
		return 0;
	if (read_mac(text, nexthop->mac)) {
		/* Bit 0: multicast; such a station cannot be a next hop. */
		if (nexthop->mac[0] & 1)
			return refuse(text, "a next hop", "a unicast MAC address");
		nexthop->kind = NEXTHOP_MAC;
		return 0;
	}
	memset(nexthop->mac, 0, sizeof(nexthop->mac));
	if (!read_address(text, strlen(text), &addr) || !is_unicast(addr))
		return refuse(text, "a next hop",
			      "an IPv4 address or a MAC such as 02:00:00:00:00:01");
	nexthop->addr.s_addr = htonl(addr);
	nexthop->kind = NEXTHOP_ADDRESS;
	return 0;
}

static bool read_place(const char *text, char place[64], uint32_t *addr)
{
	const char *colon = strrchr(text, ':');
	uint32_t port;

	if (!*text || !colon || strlen(text) >= 64 ||
	    !read_address(text, (size_t)(colon - text), addr) ||
	    !read_digits(colon + 1, strlen(colon + 1), 65535, &port) || !port)
		return false;
	memcpy(place, text, strlen(text) + 1);
	return true;
}

int daisy_value_listen(const char *text, char listen[64])
{
	uint32_t addr;

	if (read_place(text, listen, &addr))
		return 0;
	return refuse(text, "a place to listen", "ADDRESS:PORT such as 127.0.0.1:9464");
}

int daisy_value_connect(const char *text, char place[64])
{
	uint32_t addr;

	if (read_place(text, place, &addr) && addr)
		return 0;
	return refuse(text, "a place to connect to", "ADDRESS:PORT such as 192.0.2.2:4747");
}

int daisy_value_path(const char *text, char *path, size_t size)
{
	if (*text != '/' || strlen(text) >= size)
		return refuse(text, "a path of a file", "one from the root, such as /etc/daisy/peer.key");
	memcpy(path, text, strlen(text) + 1);
	return 0;
}

void daisy_value_format_address(uint32_t addr, char text[DAISY_VALUE_SIZE])
{
	struct in_addr in = { htonl(addr) };

	inet_ntop(AF_INET, &in, text, DAISY_VALUE_SIZE);
}

void daisy_value_format_addresses(const struct daisy_config_range *range,
				  char text[DAISY_VALUE_SIZE])
{
	struct in_addr last = { htonl(range->last) };
	size_t len;

	daisy_value_format_address(range->first, text);
	if (range->first == range->last)
		return;
	len = strlen(text);
	text[len] = '-';
	inet_ntop(AF_INET, &last, text + len + 1, (socklen_t)(DAISY_VALUE_SIZE - len - 1));
}

void daisy_value_format_prefix(const struct daisy_config_prefix *prefix,
			       char text[DAISY_VALUE_SIZE])
{
	size_t len;

	daisy_value_format_address(prefix->addr, text);
	len = strlen(text);
	snprintf(text + len, DAISY_VALUE_SIZE - len, "/%u", prefix->len);
}

void daisy_value_format_ports(const struct daisy_config_range *range, char text[DAISY_VALUE_SIZE])
{
	if (range->first == range->last)
		snprintf(text, DAISY_VALUE_SIZE, "%u", range->first);
	else
		snprintf(text, DAISY_VALUE_SIZE, "%u-%u", range->first, range->last);
}

void daisy_value_format_nexthop(const struct daisy_config_nexthop *nexthop,
				char text[DAISY_VALUE_SIZE])
{
	const uint8_t *m = nexthop->mac;

	*text = '\0';
	if (nexthop->kind == NEXTHOP_ADDRESS)
		inet_ntop(AF_INET, &nexthop->addr, text, DAISY_VALUE_SIZE);
	else if (nexthop->kind == NEXTHOP_MAC)
		snprintf(text, DAISY_VALUE_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
			 m[2], m[3], m[4], m[5]);
}
