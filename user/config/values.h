/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of the configuration, the control protocol and the command line:
 * text to value and back. Who fails returns -EINVAL and sets daisy_error() to
 * `"WORD" is not ..., expected ...`. Addresses and ports are in host order.
 */
#ifndef DAISY_CONFIG_VALUES_H
#define DAISY_CONFIG_VALUES_H

#include "config/config.h"

/* Longest text of a value, with its NUL: two addresses and a dash. */
#define DAISY_VALUE_SIZE 64

/* Decimal, no sign, no blanks; `what` names the value in the error: "a zone". */
int daisy_value_number(const char *text, uint32_t min, uint32_t max, const char *what,
		       uint32_t *value);
int daisy_value_bool(const char *text, bool *value);
/* [a-z0-9-]{1,32}, for instances and pools. */
int daisy_value_name(const char *text, char name[DAISY_NAME_MAX + 1]);
/* Name of a network device. */
int daisy_value_device(const char *text, char device[IFNAMSIZ]);
int daisy_value_side(const char *text, enum daisy_side *side);
const char *daisy_value_side_name(enum daisy_side side);
/* ICMP for packets that get no mapping: host-unreachable, admin-prohibited, none. */
int daisy_value_exhaustion(const char *text, enum daisy_exhaustion *exhaustion);
const char *daisy_value_exhaustion_name(enum daisy_exhaustion exhaustion);
/* Whose IPv4 ids are rewritten: DAISY_OPT_IDENT, DAISY_OPT_IDENT_ALL. */
int daisy_value_rewrite(const char *text, uint32_t *options);
const char *daisy_value_rewrite_name(uint32_t options);
/* "off", "auto" or a segment size: 0, DAISY_MSS_AUTO or the number. */
int daisy_value_mss(const char *text, uint32_t *mss);
void daisy_value_format_mss(uint32_t mss, char text[DAISY_VALUE_SIZE]);
int daisy_value_mode(const char *text, bool *generic);
/* "endpoint-independent" or "address-dependent". */
int daisy_value_filtering(const char *text, bool *filtered);
const char *daisy_value_filtering_name(bool filtered);
/* Ports of a block: a power of two. */
int daisy_value_block_size(const char *text, uint16_t *size);
const char *daisy_value_pool_mode_name(enum daisy_config_pool_mode mode);
int daisy_value_pool_mode(const char *text, enum daisy_config_pool_mode *mode);
int daisy_value_address(const char *text, uint32_t *addr);
/* "a", "a-b" or "a/len" of unicast addresses. */
int daisy_value_addresses(const char *text, struct daisy_config_range *range);
/* "a/len", host bits zero. */
int daisy_value_prefix(const char *text, struct daisy_config_prefix *prefix);
/* "p" or "p-q", within 0-65535. */
int daisy_value_ports(const char *text, struct daisy_config_range *range);
/* "a", "a:p" or "a:p-q"; without ports those are 0-0. Not port 0. */
int daisy_value_endpoint(const char *text, uint32_t *addr, struct daisy_config_range *ports);
/* "tcp", "udp", "icmp", as IP protocol number. */
int daisy_value_protocol(const char *text, uint8_t *proto);
const char *daisy_value_protocol_name(uint8_t proto);
/* "IPv4" or "MAC"; "": by route. */
int daisy_value_nexthop(const char *text, struct daisy_config_nexthop *nexthop);
/* "ADDR:PORT" where the daemon listens, or to which it connects. */
int daisy_value_listen(const char *text, char listen[64]);
int daisy_value_connect(const char *text, char place[64]);
/* Of a file, from the root. */
int daisy_value_path(const char *text, char *path, size_t size);

void daisy_value_format_address(uint32_t addr, char text[DAISY_VALUE_SIZE]);
void daisy_value_format_addresses(const struct daisy_config_range *range,
				  char text[DAISY_VALUE_SIZE]);
void daisy_value_format_prefix(const struct daisy_config_prefix *prefix,
			       char text[DAISY_VALUE_SIZE]);
void daisy_value_format_ports(const struct daisy_config_range *range,
			      char text[DAISY_VALUE_SIZE]);
/* "" for NEXTHOP_BY_ROUTE. */
void daisy_value_format_nexthop(const struct daisy_config_nexthop *nexthop,
				char text[DAISY_VALUE_SIZE]);

#endif
