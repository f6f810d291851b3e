/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wire constants that BTF lacks, each with its source, and small compiler helpers. */
#ifndef DAISY_NET_CONSTS_H
#define DAISY_NET_CONSTS_H

/* IEEE 802 numbers (IANA "ETHER TYPES") */
#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define ETH_P_IPV6 0x86dd

#define ETH_LEN 14
#define TAG_LEN 4
#define IP_LEN 20	/* without options */
#define L4_MIN 8	/* what RFC 792 guarantees of an embedded transport header */
#define TCP_LEN 20

/* RFC 791 section 3.1: flags and offset of the fragment field */
#define IP_DF 0x4000
#define IP_MF 0x2000
#define IP_OFFSET 0x1fff
#define IPOPT_END 0
#define IPOPT_NOOP 1
#define IPOPT_LSRR 131
#define IPOPT_SSRR 137

/* IANA protocol numbers */
#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17

/* RFC 792, RFC 950 */
#define ICMP_ECHOREPLY 0
#define ICMP_DEST_UNREACH 3
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12
#define ICMP_TIMESTAMP 13
#define ICMP_TIMESTAMPREPLY 14
/* codes of DEST_UNREACH; 13: RFC 1812 section 5.2.7.1 */
#define ICMP_HOST_UNREACH 1
#define ICMP_PORT_UNREACH 3	/* code of DEST_UNREACH */
#define ICMP_FRAG_NEEDED 4
#define ICMP_PROHIBITED 13

/* RFC 9293 section 3.1, byte 13 of the header */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04

/* RFC 826 */
#define ARPHRD_ETHER 1
#define ARPOP_REQUEST 1
#define ARPOP_REPLY 2

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * A global function: the verifier judges it once, by its prototype, and not
 * again at every call. Its pointer arguments may be NULL as far as it knows.
 */
#define STAGE __attribute__((noinline))


#endif
