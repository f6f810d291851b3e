/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "snf/names.h"

/* IANA, "Assigned Internet Protocol Numbers" */
const struct daisy_name daisy_name_protocols[] = {
	{ "icmp", 1 }, { "igmp", 2 }, { "ipip", 4 }, { "tcp", 6 }, { "udp", 17 }, { "dccp", 33 },
	{ "gre", 47 }, { "esp", 50 }, { "ah", 51 }, { "ospf", 89 }, { "sctp", 132 },
	{ NULL, 0 },
};

/* IANA, "Service Name and Transport Protocol Port Number Registry": those of Click's manual. */
const struct daisy_name daisy_name_ports[] = {
	{ "echo", 7 }, { "discard", 9 }, { "daytime", 13 }, { "chargen", 19 }, { "ftp-data", 20 },
	{ "ftp", 21 }, { "ssh", 22 }, { "telnet", 23 }, { "smtp", 25 }, { "domain", 53 },
	{ "dns", 53 }, { "bootps", 67 }, { "bootpc", 68 }, { "tftp", 69 }, { "finger", 79 },
	{ "www", 80 }, { "http", 80 }, { "pop3", 110 }, { "sunrpc", 111 }, { "auth", 113 },
	{ "nntp", 119 }, { "ntp", 123 }, { "netbios-ns", 137 }, { "netbios-dgm", 138 },
	{ "netbios-ssn", 139 }, { "imap2", 143 }, { "snmp", 161 }, { "snmp-trap", 162 },
	{ "bgp", 179 }, { "irc", 194 }, { "imap3", 220 }, { "https", 443 }, { "syslog", 514 },
	{ "imaps", 993 }, { "pop3s", 995 },
	{ NULL, 0 },
};

/* Bits of the 14th byte of the TCP header (RFC 9293 section 3.1). */
const struct daisy_name daisy_name_flags[] = {
	{ "fin", 0x01 }, { "syn", 0x02 }, { "rst", 0x04 }, { "psh", 0x08 }, { "ack", 0x10 },
	{ "urg", 0x20 }, { "ece", 0x40 }, { "cwr", 0x80 },
	{ NULL, 0 },
};

/* IANA, "ICMP Type Numbers" */
const struct daisy_name daisy_name_icmp_types[] = {
	{ "echo-reply", 0 }, { "unreachable", 3 }, { "sourcequench", 4 }, { "redirect", 5 },
	{ "echo", 8 }, { "routeradvert", 9 }, { "routersolicit", 10 }, { "timeexceeded", 11 },
	{ "parameterproblem", 12 }, { "timestamp", 13 }, { "timestamp-reply", 14 },
	{ "inforeq", 15 }, { "inforeq-reply", 16 }, { "maskreq", 17 }, { "maskreq-reply", 18 },
	{ NULL, 0 },
};

const struct daisy_name *daisy_name_find(const struct daisy_name *list, const char *word, size_t n)
{
	for (; list->name; list++)
		if (strlen(list->name) == n && !memcmp(list->name, word, n))
			return list;
	return NULL;
}
