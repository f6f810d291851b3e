/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration: what is refused and in which words, what is accepted and means what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/forward.h"
#include "config/policy.h"
#include "lib/clock.h"
#include "lib/error.h"

#define HEAD "instance: n0\n"
#define LINKS HEAD "links:\n"
#define INSIDE "  - { device: eth0, side: inside, prefixes: [10.0.0.0/24] }\n"
#define OUTSIDE "  - { device: eth1, side: outside }\n"
#define POOLS HEAD "pools:\n"
#define RULES HEAD "no-translate:\n"
#define POOL "  - { name: p0, addresses: [203.0.113.10] }\n"
#define DET(keys) "  - { name: p0, addresses: [203.0.113.10], " keys " }\n"
#define FORWARDS(forwards) \
	LINKS INSIDE OUTSIDE "pools:\n  - { name: p0, addresses: [203.0.113.10],\n    forwards: [\n" \
	forwards "]}\n"
#define FORWARD(external, inside) "{ external: '" external "', inside: '" inside "' }"
#define PLAN(inside) "mode: deterministic, inside: " inside

struct refused {
	const char *title;
	const char *text;
	const char *error;
};

static const struct refused refused[] = {
	{ "an empty file is refused", "",
	  "t.yaml:1: key \"instance\" is missing" },
	{ "what is not YAML is refused with its line", "instance: n0\nlinks: [\n",
	  "t.yaml:3: not YAML: did not find expected node content" },
	{ "an unknown key is refused and the known ones are named", HEAD "linkz: []\n",
	  "t.yaml:2: unknown key \"linkz\", expected one of: instance, links, pools, "
	  "no-translate, timers, options, limits, metrics, sweep, peer" },
	{ "an unknown key of a link is refused", LINKS
	  "  - { device: eth0, side: outside,\n      speed: 10 }\n",
	  "t.yaml:4: links[0]: unknown key \"speed\", expected one of: device, side, mode, "
	  "prefixes, zone, vlan, next-hop" },
	{ "an unknown key of a pool is refused", POOLS "  - { name: p, addresses: [], port: 1 }\n",
	  "t.yaml:3: pools[0]: unknown key \"port\", expected one of: name, addresses, ports, "
	  "reserved, zones, forwards, filtering, mode, inside, ports-per-subscriber, overflow, algorithm, "
	  "hold-down, reuse-closed, max-held, block-size, blocks, limits" },
	{ "an unknown key of a forward is refused", FORWARDS("{ external: 203.0.113.10, to: 10.0.0.2 }"),
	  "t.yaml:8: pools[0].forwards[0]: unknown key \"to\", expected one of: protocol, external, inside, "
	  "zone" },
	{ "a forward without inside is refused", FORWARDS("{ external: 203.0.113.10 }"),
	  "t.yaml:8: pools[0].forwards[0]: key \"inside\" is missing" },
	{ "a forward of ICMP is refused", FORWARDS("{ protocol: icmp, external: 203.0.113.10, inside: 10.0.0.2 }"),
	  "t.yaml:8: pools[0].forwards[0].protocol: \"icmp\" is not a protocol of forwards, expected tcp or "
	  "udp, or none for both" },
	{ "a forward's external address that is none is refused", FORWARDS(FORWARD("203.0.113:80", "10.0.0.2")),
	  "t.yaml:8: pools[0].forwards[0].external: \"203.0.113:80\" is not an endpoint, expected "
	  "203.0.113.10, 203.0.113.10:443 or 203.0.113.10:5000-5010" },
	{ "a forward of port 0 is refused", FORWARDS(FORWARD("203.0.113.10:0", "10.0.0.2")),
	  "t.yaml:8: pools[0].forwards[0].external: \"203.0.113.10:0\" is not an endpoint, expected "
	  "203.0.113.10, 203.0.113.10:443 or 203.0.113.10:5000-5010" },
	{ "a forward to a range of inside ports is refused", FORWARDS(FORWARD("203.0.113.10:80", "10.0.0.2:80-81")),
	  "t.yaml:8: pools[0].forwards[0].inside: \"10.0.0.2:80-81\" is a range, expected the port of the "
	  "first, as 10.0.0.2:5000" },
	{ "a forward whose inside ports end beyond 65535 is refused",
	  FORWARDS(FORWARD("203.0.113.10:80-90", "10.0.0.2:65530")),
	  "t.yaml:8: pools[0].forwards[0].inside: \"10.0.0.2:65530\" leaves no room for 11 ports, expected a "
	  "first port of at most 65525" },
	{ "a forward of an address that the pool has not is refused",
	  FORWARDS(FORWARD("203.0.113.11:80", "10.0.0.2")),
	  "t.yaml:8: pools[0].forwards[0].external: \"203.0.113.11:80\" is no address of pool \"p0\", expected "
	  "one of its addresses" },
	{ "a forward to a host of no inside prefix is refused", FORWARDS(FORWARD("203.0.113.10:80", "10.0.1.2")),
	  "t.yaml:8: pools[0].forwards[0].inside: \"10.0.1.2:80\" is in no inside prefix of zone 0, expected a "
	  "host of one" },
	{ "a forward to a host of a zone that the pool does not serve is refused",
	  LINKS INSIDE "pools:\n  - { name: p0, addresses: [203.0.113.10], zones: [0], forwards: ["
	  "{ external: 203.0.113.10, inside: 10.0.0.2, zone: 1 }] }\n",
	  "t.yaml:5: pools[0].forwards[0].zone: \"1\" is no zone of pool \"p0\", expected one that it serves" },
	{ "two forwards of one external port are refused",
	  FORWARDS(FORWARD("203.0.113.10:80-90", "10.0.0.2") ",\n" FORWARD("203.0.113.10:90", "10.0.0.3")),
	  "t.yaml:9: pools[0].forwards[1].external: \"203.0.113.10:90\" overlaps forward 203.0.113.10:80-90, "
	  "expected each external port once" },
	{ "two forwards to one inside port are refused (U1)",
	  FORWARDS(FORWARD("203.0.113.10:80-90", "10.0.0.2") ",\n" FORWARD("203.0.113.10:443", "10.0.0.2:90")),
	  "t.yaml:9: pools[0].forwards[1].inside: \"10.0.0.2:90\" has forward 203.0.113.10:80-90 already, "
	  "expected each inside port once" },
	{ "a forward of ports that arithmetic gives to others is refused (RFC 7422 N1)",
	  LINKS INSIDE "pools:\n" DET(PLAN("[10.0.0.0/24]") ", forwards: ["
	  FORWARD("203.0.113.10:1023-1024", "10.0.0.2") "]"),
	  "t.yaml:5: pools[0].forwards[0].external: \"203.0.113.10:1023-1024\" has ports of pool \"p0\", whose "
	  "subscribers have theirs by arithmetic, expected reserved ones or others than 1024-65535" },
	{ "a pool's mode that is not there is refused", POOLS DET("mode: random"),
	  "t.yaml:3: pools[0].mode: \"random\" is not a mode, expected blocks, dynamic or deterministic" },
	{ "a deterministic pool without inside prefixes is refused (RFC 7422 N1)",
	  POOLS DET("mode: deterministic"),
	  "t.yaml:3: pools[0].inside: pool \"p0\" has mode deterministic and no inside prefixes, "
	  "expected a list such as [10.0.0.0/24]" },
	{ "an inside prefix with host bits is refused", POOLS DET(PLAN("[10.0.0.1/24]")),
	  "t.yaml:3: pools[0].inside[0]: \"10.0.0.1/24\" is not a prefix, expected one whose bits "
	  "after the length are zero" },
	{ "inside prefixes without the mode are refused", POOLS DET("inside: [10.0.0.0/24]"),
	  "t.yaml:3: pools[0].inside: key \"inside\" is for mode deterministic, expected it there "
	  "only" },
	{ "an algorithm without the mode is refused", POOLS DET("algorithm: sequential"),
	  "t.yaml:3: pools[0].algorithm: key \"algorithm\" is for mode deterministic, expected it "
	  "there only" },
	{ "an algorithm that is not there is refused (RFC 7422 N1)",
	  POOLS DET(PLAN("[10.0.0.0/24], algorithm: staggered")),
	  "t.yaml:3: pools[0].algorithm: \"staggered\" is not an algorithm, expected sequential or "
	  "round-robin" },
	{ "a size of port blocks that is no power of two is refused", POOLS DET("mode: blocks, block-size: 500"),
	  "t.yaml:3: pools[0].block-size: \"500\" is not a size of port blocks, expected a power of two, 64 "
	  "to 4096" },
	{ "a size of port blocks in a pool without blocks is refused", POOLS DET("mode: dynamic, block-size: 512"),
	  "t.yaml:3: pools[0].block-size: key \"block-size\" is for modes blocks and deterministic, expected "
	  "it there only" },
	{ "an overflow without room for a block is refused (RFC 7422 N4)",
	  POOLS DET("ports: 1024-1599, overflow: 64, " PLAN("[10.0.0.0/30]") ", block-size: 128"),
	  "t.yaml:3: pools[0].overflow: overflow of ports 1536-1599 holds no aligned block of 128 ports, "
	  "expected more ports or smaller blocks" },
	{ "more blocks than a subscriber has room for are refused", POOLS DET("mode: blocks, blocks: 9"),
	  "t.yaml:3: pools[0].blocks: \"9\" is not a number of blocks, expected 1 to 8" },
	{ "blocks larger than the ports are refused",
	  POOLS DET("mode: blocks, ports: 1024-4095, block-size: 4096"),
	  "t.yaml:3: pools[0].block-size: \"4096\" is larger than any aligned part of ports 1024-4095, "
	  "expected a smaller size of port blocks, or mode dynamic" },
	{ "a limit of nothing is refused (G4)", POOLS DET("limits: { udp: 0 }"),
	  "t.yaml:3: pools[0].limits.udp: \"0\" is not a limit, expected 1 to 65535" },
	{ "a limit that is not there is refused (G4)", POOLS DET("limits: { sctp: 1 }"),
	  "t.yaml:3: pools[0].limits: unknown key \"sctp\", expected one of: udp, tcp, icmp, mappings, "
	  "mappings-per-second, warn-percent" },
	{ "no ports for a subscriber are refused",
	  POOLS DET(PLAN("[10.0.0.0/24], ports-per-subscriber: 0")),
	  "t.yaml:3: pools[0].ports-per-subscriber: \"0\" is not a number of ports, expected 1 to "
	  "65535" },
	{ "an overflow that is no number is refused",
	  POOLS DET(PLAN("[10.0.0.0/24], overflow: most")),
	  "t.yaml:3: pools[0].overflow: \"most\" is not a number of ports, expected 0 to 65535" },
	{ "more ports for each subscriber than there are are refused with what would fit (RFC 7422 "
	  "N2)", POOLS DET(PLAN("[10.0.0.0/24], ports-per-subscriber: 253")),
	  "t.yaml:3: pools[0].ports-per-subscriber: 253 ports do not fit: 256 subscribers share the "
	  "64512 ports of an address, 0 of them overflow, expected at most 252 ports, or at least 2 "
	  "addresses" },
	{ "an overflow that leaves no ports is refused (RFC 7422 N2)",
	  POOLS DET(PLAN("[10.0.0.0/24], overflow: 64257")),
	  "t.yaml:3: pools[0].overflow: 1 ports do not fit: 256 subscribers share the 64512 ports of "
	  "an address, 64257 of them overflow, expected at least 2 addresses" },
	{ "an inside prefix within another is refused",
	  POOLS DET(PLAN("[10.0.0.0/24, 10.0.0.128/25]")),
	  "t.yaml:3: pools[0].inside[1]: \"10.0.0.128/25\" overlaps 10.0.0.0/24 of pool \"p0\", "
	  "expected each inside address once" },
	{ "an inside prefix of two deterministic pools is refused",
	  POOLS DET(PLAN("[10.0.0.0/24]")) "  - { name: p1, addresses: [203.0.113.11], zones: [0], "
	  PLAN("[10.0.0.0/28]") " }\n",
	  "t.yaml:4: pools[1].inside[0]: \"10.0.0.0/28\" overlaps 10.0.0.0/24 of pool \"p0\", "
	  "expected each inside address once" },
	{ "a deterministic pool of two zones is refused",
	  POOLS DET("zones: [0, 1], " PLAN("[10.0.0.0/24]")),
	  "t.yaml:3: pools[0].zones: pool \"p0\" of mode deterministic serves several zones, expected "
	  "one such as [0]" },
	{ "a deterministic pool without zones is refused if inside links have several",
	  LINKS INSIDE "  - { device: eth2, side: inside, zone: 1, prefixes: [10.0.0.0/24] }\n"
	  "pools:\n" DET(PLAN("[10.0.0.0/24]")),
	  "t.yaml:6: pools[0].zones: pool \"p0\" of mode deterministic serves several zones, expected one "
	  "such as [0]" },
	{ "a wrong filtering is refused (U8a)", POOLS
	  "  - { name: p0, addresses: [203.0.113.10],\n      filtering: port-dependent }\n",
	  "t.yaml:4: pools[0].filtering: \"port-dependent\" is not a filtering behaviour, expected "
	  "endpoint-independent or address-dependent" },
	{ "a no-translate rule without destination is refused (G6)", RULES "  - { protocol: udp }\n",
	  "t.yaml:3: no-translate[0]: key \"destination\" is missing" },
	{ "a no-translate rule for a protocol that is not there is refused (G6)",
	  RULES "  - { destination: 192.0.2.0/24, protocol: gre }\n",
	  "t.yaml:3: no-translate[0].protocol: \"gre\" is not a protocol, expected tcp, udp or icmp" },
	{ "a no-translate rule for ports of ICMP is refused (G6)",
	  RULES "  - { destination: 192.0.2.0/24, protocol: icmp,\n      ports: 7 }\n",
	  "t.yaml:4: no-translate[0].ports: \"7\" is not for ports, expected 1 to 65535, of TCP or UDP" },
	{ "a no-translate rule for port 0 is refused (G6)",
	  RULES "  - { destination: 192.0.2.0/24, ports: 0-7 }\n",
	  "t.yaml:3: no-translate[0].ports: \"0-7\" is not for ports, expected 1 to 65535, of TCP or UDP" },
	{ "an unknown timer is refused", HEAD "timers:\n  udp: 300\n  sctp: 300\n",
	  "t.yaml:4: timers: unknown key \"sctp\", expected one of: udp, icmp, tcp-opening, "
	  "tcp-established, tcp-closing, tcp-reset, hold-down, fragment, subscriber" },
	{ "an unknown option is refused", HEAD "options: { speed: true }\n",
	  "t.yaml:2: options: unknown key \"speed\", expected one of: parity, "
	  "range-preservation, silent-syn, exhaustion-icmp, mss-clamp, rewrite-id" },
	{ "a key that stands twice is refused", HEAD "instance: n1\n",
	  "t.yaml:1: key \"instance\" stands here twice, expected once" },
	{ "a missing instance is refused", "links: []\n",
	  "t.yaml:1: key \"instance\" is missing" },
	{ "a link without device is refused", LINKS "  - { side: outside }\n",
	  "t.yaml:3: links[0]: key \"device\" is missing" },
	{ "a link without side is refused", LINKS INSIDE "  - { device: eth1 }\n",
	  "t.yaml:4: links[1]: key \"side\" is missing" },
	{ "a word where a list belongs is refused", LINKS
	  "  - { device: eth0, side: inside, prefixes: 10.0.0.0/24 }\n",
	  "t.yaml:3: links[0].prefixes: \"10.0.0.0/24\" is one word, expected a list such as "
	  "[A, B]" },
	{ "a list where a word belongs is refused", "instance: [n0]\n",
	  "t.yaml:1: instance: a list does not fit here, expected one word or number" },
	{ "a list where a mapping belongs is refused", HEAD "timers: [300]\n",
	  "t.yaml:2: timers: a list does not fit here, expected a mapping such as {key: value}" },
	{ "a mapping where a list belongs is refused", HEAD "links: { device: eth0 }\n",
	  "t.yaml:2: links: a mapping does not fit here, expected a list such as [A, B]" },
	{ "an instance name with a capital is refused", "instance: N0\n",
	  "t.yaml:1: instance: \"N0\" is not a name, expected 1 to 32 of a-z, 0-9 and -" },
	{ "an instance name of 33 characters is refused",
	  "instance: abcdefghijklmnopqrstuvwxyz0123456\n",
	  "t.yaml:1: instance: \"abcdefghijklmnopqrstuvwxyz0123456\" is not a name, expected 1 to "
	  "32 of a-z, 0-9 and -" },
	{ "an instance name that leaves the pin path is refused", "instance: ../n0\n",
	  "t.yaml:1: instance: \"../n0\" is not a name, expected 1 to 32 of a-z, 0-9 and -" },
	{ "a device name of 16 characters is refused", LINKS
	  "  - { device: abcdefghijklmnop, side: outside }\n",
	  "t.yaml:3: links[0].device: \"abcdefghijklmnop\" is not a device, expected the name of a "
	  "network device, 1 to 15 characters" },
	{ "a device name with a quote, which nftables would read, is refused", LINKS
	  "  - { device: 'a\"b', side: outside }\n",
	  "t.yaml:3: links[0].device: \"a\"b\" is not a device, expected the name of a network "
	  "device, 1 to 15 characters" },
	{ "a device name with a wildcard is refused", LINKS
	  "  - { device: 'eth*', side: outside }\n",
	  "t.yaml:3: links[0].device: \"eth*\" is not a device, expected the name of a network "
	  "device, 1 to 15 characters" },
	{ "a wrong side is refused", LINKS "  - { device: eth0, side: upside }\n",
	  "t.yaml:3: links[0].side: \"upside\" is not a side, expected inside, outside or both" },
	{ "a wrong mode is refused", LINKS "  - { device: eth0, side: outside, mode: fast }\n",
	  "t.yaml:3: links[0].mode: \"fast\" is not a mode, expected native or generic" },
	{ "two modes on one device are refused", LINKS
	  "  - { device: eth1, side: outside, vlan: 1 }\n"
	  "  - { device: eth1, side: outside, vlan: 2, mode: generic }\n",
	  "t.yaml:4: links[1].mode: \"generic\" differs from the mode of another link of "
	  "\"eth1\", expected one mode for a device" },
	{ "zone 256 is refused", LINKS
	  "  - { device: eth0, side: inside, prefixes: [10.0.0.0/8], zone: 256 }\n",
	  "t.yaml:3: links[0].zone: \"256\" is not a zone, expected 0 to 255" },
	{ "a negative zone is refused", LINKS
	  "  - { device: eth0, side: inside, prefixes: [10.0.0.0/8], zone: -1 }\n",
	  "t.yaml:3: links[0].zone: \"-1\" is not a zone, expected 0 to 255" },
	{ "a hexadecimal zone is refused", LINKS
	  "  - { device: eth0, side: inside, prefixes: [10.0.0.0/8], zone: 0x1 }\n",
	  "t.yaml:3: links[0].zone: \"0x1\" is not a zone, expected 0 to 255" },
	{ "a zone on an outside link is refused", LINKS
	  "  - { device: eth1, side: outside, zone: 1 }\n",
	  "t.yaml:3: links[0].zone: link \"eth1\" has side outside, expected a zone on inside links "
	  "only" },
	{ "a zone that no pool serves is refused", LINKS
	  "  - device: eth0\n    side: inside\n    prefixes: [10.0.0.0/8]\n    zone: 1\n"
	  "pools:\n  - { name: p0, addresses: [203.0.113.10], zones: [0] }\n",
	  "t.yaml:6: links[0].zone: no pool serves zone 1 of link \"eth0\", expected it in the "
	  "zones of a pool, or a pool without zones" },
	{ "an inside link without prefixes is refused", LINKS
	  "  - { device: eth0, side: inside }\n" "pools:\n" POOL,
	  "t.yaml:3: links[0].prefixes: link \"eth0\" has side inside and no prefixes, expected a "
	  "list such as [10.0.0.0/24]" },
	{ "a one-armed link without prefixes is refused", LINKS
	  "  - { device: eth0, side: both }\n" "pools:\n" POOL,
	  "t.yaml:3: links[0].prefixes: link \"eth0\" has side both and no prefixes, expected a "
	  "list such as [10.0.0.0/24]" },
	{ "prefixes on an outside link are refused", LINKS
	  "  - { device: eth1, side: outside, prefixes: [10.0.0.0/8] }\n",
	  "t.yaml:3: links[0].prefixes: link \"eth1\" has side outside, expected prefixes on inside "
	  "links only" },
	{ "a prefix without length is refused", LINKS
	  "  - { device: eth0, side: inside, prefixes: [10.0.0.0] }\n",
	  "t.yaml:3: links[0].prefixes[0]: \"10.0.0.0\" is not a prefix, expected one such as "
	  "10.0.0.0/24" },
	{ "a prefix of length 33 is refused", LINKS
	  "  - { device: eth0, side: inside, prefixes: [10.0.0.0/33] }\n",
	  "t.yaml:3: links[0].prefixes[0]: \"10.0.0.0/33\" is not a prefix, expected one such as "
	  "10.0.0.0/24" },
	{ "a prefix with host bits is refused", LINKS
	  "  - device: eth0\n    side: inside\n    prefixes:\n      - 10.1.0.0/16\n"
	  "      - 10.0.0.1/24\n",
	  "t.yaml:7: links[0].prefixes[1]: \"10.0.0.1/24\" is not a prefix, expected one whose bits "
	  "after the length are zero" },
	{ "an IPv6 prefix is refused", LINKS
	  "  - { device: eth0, side: inside, prefixes: ['2001:db8::/32'] }\n",
	  "t.yaml:3: links[0].prefixes[0]: \"2001:db8::/32\" is not a prefix, expected one such as "
	  "10.0.0.0/24" },
	{ "prefixes of one zone that overlap are refused, the later one quoted", LINKS INSIDE
	  "  - { device: eth2, side: inside, prefixes: [10.0.0.0/8] }\n",
	  "t.yaml:4: links[1].prefixes[0]: \"10.0.0.0/8\" overlaps 10.0.0.0/24 of link \"eth0\", "
	  "expected disjoint prefixes within zone 0" },
	{ "the same device twice is refused", LINKS OUTSIDE OUTSIDE,
	  "t.yaml:4: links[1].device: link \"eth1\" is there twice, expected each device and VLAN "
	  "once" },
	{ "the same VLAN twice is refused", LINKS
	  "  - { device: eth1, side: outside, vlan: 7 }\n"
	  "  - { device: eth1, side: outside, vlan: [7] }\n",
	  "t.yaml:4: links[1].device: link \"eth1\" is there twice, expected each device and VLAN "
	  "once" },
	{ "VLAN 4095 is refused", LINKS "  - { device: eth1, side: outside, vlan: 4095 }\n",
	  "t.yaml:3: links[0].vlan: \"4095\" is not a VLAN, expected 1 to 4094" },
	{ "VLAN 0 is refused", LINKS "  - { device: eth1, side: outside, vlan: [7, 0] }\n",
	  "t.yaml:3: links[0].vlan[1]: \"0\" is not a VLAN, expected 1 to 4094" },
	{ "three tags are refused", LINKS
	  "  - { device: eth1, side: outside, vlan: [1, 2, 3] }\n",
	  "t.yaml:3: links[0].vlan: 3 tags, expected one, or [outer, inner]" },
	{ "no tags in a list are refused", LINKS "  - { device: eth1, side: outside, vlan: [] }\n",
	  "t.yaml:3: links[0].vlan: 0 tags, expected one, or [outer, inner]" },
	{ "a mapping as VLAN is refused", LINKS
	  "  - { device: eth1, side: outside, vlan: { a: 1 } }\n",
	  "t.yaml:3: links[0].vlan: \"?\" is not a VLAN, expected 1 to 4094" },
	{ "a next hop that is neither address nor MAC is refused", LINKS
	  "  - { device: eth1, side: outside, next-hop: router }\n",
	  "t.yaml:3: links[0].next-hop: \"router\" is not a next hop, expected an IPv4 address or a "
	  "MAC such as 02:00:00:00:00:01" },
	{ "a multicast MAC as next hop is refused", LINKS
	  "  - { device: eth1, side: outside, next-hop: '01:00:5e:00:00:01' }\n",
	  "t.yaml:3: links[0].next-hop: \"01:00:5e:00:00:01\" is not a next hop, expected a unicast "
	  "MAC address" },
	{ "a list as next hop is refused", LINKS
	  "  - { device: eth1, side: outside, next-hop: [192.0.2.1] }\n",
	  "t.yaml:3: links[0].next-hop: not one word, expected an IPv4 address or a MAC" },
	{ "an unknown side of a next hop is refused", LINKS
	  "  - { device: eth1, side: outside, next-hop: { up: 192.0.2.1 } }\n",
	  "t.yaml:3: links[0].next-hop: unknown key \"up\", expected one of: inside, outside" },
	{ "a next hop to the side that a link does not have is refused", LINKS
	  "  - { device: eth1, side: outside, next-hop: { inside: 192.0.2.1 } }\n",
	  "t.yaml:3: links[0].next-hop: link \"eth1\" has side outside, expected a next hop to that "
	  "side only" },
	{ "two next hops to the outside are refused", LINKS
	  "  - { device: eth1, side: outside, next-hop: 192.0.2.1 }\n"
	  "  - { device: eth2, side: outside, next-hop: 192.0.2.2 }\n",
	  "t.yaml:4: links[1].next-hop: links \"eth1\" and \"eth2\" both have a next hop to the "
	  "outside, expected one in all" },
	{ "a pool without name is refused", POOLS "  - { addresses: [203.0.113.10] }\n",
	  "t.yaml:3: pools[0]: key \"name\" is missing" },
	{ "a pool without addresses is refused", POOLS "  - { name: p0, addresses: [] }\n",
	  "t.yaml:3: pools[0].addresses: pool \"p0\" has no addresses, expected a list such as "
	  "[203.0.113.10-203.0.113.13]" },
	{ "two pools of one name are refused", POOLS POOL
	  "  - { name: p0, addresses: [203.0.113.11] }\n",
	  "t.yaml:4: pools[1].name: pool \"p0\" is there twice, expected each name once" },
	{ "pools that overlap are refused", POOLS POOL
	  "  - name: p1\n    addresses:\n      - 203.0.113.64\n      - 203.0.113.0/28\n",
	  "t.yaml:7: pools[1].addresses[1]: \"203.0.113.0-203.0.113.15\" overlaps 203.0.113.10 of "
	  "pool \"p0\", expected each address once" },
	{ "an address twice in one pool is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.10, 203.0.113.9-203.0.113.11] }\n",
	  "t.yaml:3: pools[0].addresses[1]: \"203.0.113.9-203.0.113.11\" overlaps 203.0.113.10 of "
	  "pool \"p0\", expected each address once" },
	{ "a range that runs backwards is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.13-203.0.113.10] }\n",
	  "t.yaml:3: pools[0].addresses[0]: \"203.0.113.13-203.0.113.10\" is not a range, expected "
	  "the lower address first" },
	{ "an address with a number above 255 is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.256] }\n",
	  "t.yaml:3: pools[0].addresses[0]: \"203.0.113.256\" is not an address or a range, "
	  "expected 203.0.113.10, 203.0.113.10-203.0.113.13 or 203.0.113.0/28" },
	{ "a multicast address in a pool is refused", POOLS
	  "  - { name: p0, addresses: [224.0.0.1] }\n",
	  "t.yaml:3: pools[0].addresses[0]: \"224.0.0.1\" is not usable on the Internet, expected "
	  "unicast addresses outside of 0.0.0.0/8 and 127.0.0.0/8" },
	{ "a range across the loopback network is refused", POOLS
	  "  - { name: p0, addresses: [126.255.255.255-128.0.0.1] }\n",
	  "t.yaml:3: pools[0].addresses[0]: \"126.255.255.255-128.0.0.1\" is not usable on the "
	  "Internet, expected unicast addresses outside of 0.0.0.0/8 and 127.0.0.0/8" },
	{ "a pool prefix with host bits is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.1/28] }\n",
	  "t.yaml:3: pools[0].addresses[0]: \"203.0.113.1/28\" is not a prefix, expected one whose "
	  "bits after the length are zero" },
	{ "the whole Internet as a pool is refused", POOLS
	  "  - { name: p0, addresses: [0.0.0.0/0] }\n",
	  "t.yaml:3: pools[0].addresses[0]: \"0.0.0.0/0\" is not an address or a range, expected "
	  "203.0.113.10, 203.0.113.10-203.0.113.13 or 203.0.113.0/28" },
	{ "more than 4096 addresses are refused", POOLS
	  "  - { name: p0, addresses: [203.0.0.0/19] }\n",
	  "t.yaml:2: pools: 8192 addresses in all pools, expected at most 4096" },
	{ "more addresses than the limit says are refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.10-203.0.113.12] }\nlimits: { addresses: 2 }\n",
	  "t.yaml:2: pools: 3 addresses in all pools, expected at most 2" },
	{ "a port above 65535 is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.10], ports: 1024-65536 }\n",
	  "t.yaml:3: pools[0].ports: \"1024-65536\" is not a port or a range, expected 0 to 65535, "
	  "or such as 1024-65535" },
	{ "ports that run backwards are refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.10], ports: 2000-1024 }\n",
	  "t.yaml:3: pools[0].ports: \"2000-1024\" is not a range, expected the lower port first" },
	{ "port 0 is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.10], ports: 0-65535 }\n",
	  "t.yaml:3: pools[0].ports: \"0-65535\" begins with port 0, expected 1 to 65535" },
	{ "a pool whose ports are all reserved is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.10], ports: 5000-5002, reserved: [5002, 5000-5001] "
	  "}\n",
	  "t.yaml:3: pools[0].reserved: pool \"p0\" reserves all of its ports, expected some of "
	  "5000-5002 to remain" },
	{ "a reserved port that is no number is refused", POOLS
	  "  - { name: p0, addresses: [203.0.113.10], reserved: [http] }\n",
	  "t.yaml:3: pools[0].reserved[0]: \"http\" is not a port or a range, expected 0 to 65535, "
	  "or such as 1024-65535" },
	{ "a UDP timer below two minutes is refused (RFC 4787 REQ-5, U5)",
	  HEAD "timers:\n  udp: 119\n",
	  "t.yaml:3: timers.udp: \"119\" is not a time in seconds, expected 120 to 604800" },
	{ "an ICMP timer below a minute is refused (RFC 5508 REQ-2, I2)",
	  HEAD "timers:\n  icmp: 59\n",
	  "t.yaml:3: timers.icmp: \"59\" is not a time in seconds, expected 60 to 604800" },
	{ "an established TCP timer below 2 h 4 min is refused (RFC 5382 REQ-5, T5)",
	  HEAD "timers:\n  tcp-established: 7439\n",
	  "t.yaml:3: timers.tcp-established: \"7439\" is not a time in seconds, expected 7440 to "
	  "604800" },
	{ "a TCP timer after RST below four minutes is refused (RFC 7857 section 2.2, X2)",
	  HEAD "timers:\n  tcp-reset: 239\n",
	  "t.yaml:3: timers.tcp-reset: \"239\" is not a time in seconds, expected 240 to 604800" },
	{ "a TCP opening timer below four seconds is refused (X1)",
	  HEAD "timers:\n  tcp-opening: 3\n",
	  "t.yaml:3: timers.tcp-opening: \"3\" is not a time in seconds, expected 4 to 604800" },
	{ "a timer of more than a week is refused", HEAD "timers: { udp: 604801 }\n",
	  "t.yaml:2: timers.udp: \"604801\" is not a time in seconds, expected 120 to 604800" },
	{ "a timer with a unit is refused", HEAD "timers: { udp: 300s }\n",
	  "t.yaml:2: timers.udp: \"300s\" is not a time in seconds, expected 120 to 604800" },
	{ "a timer without value is refused", HEAD "timers:\n  udp:\n",
	  "t.yaml:3: timers.udp: \"\" is not a time in seconds, expected 120 to 604800" },
	{ "an ICMP message for exhaustion that is none is refused (G11)", HEAD "options: { exhaustion-icmp: true }\n",
	  "t.yaml:2: options.exhaustion-icmp: \"true\" is not an ICMP message, expected host-unreachable, "
	  "admin-prohibited or none" },
	{ "a segment size below 536 is refused", HEAD "options: { mss-clamp: 535 }\n",
	  "t.yaml:2: options.mss-clamp: \"535\" is not a segment size, expected off, auto or 536 to 65495" },
	{ "a segment size above 65495 is refused", HEAD "options: { mss-clamp: 65496 }\n",
	  "t.yaml:2: options.mss-clamp: \"65496\" is not a segment size, expected off, auto or 536 to 65495" },
	{ "a choice of datagrams whose ids are rewritten that is none is refused (X11)",
	  HEAD "options: { rewrite-id: true }\n",
	  "t.yaml:2: options.rewrite-id: \"true\" is not a choice of datagrams, expected off, fragments or all" },
	{ "an option that is neither true nor false is refused", HEAD "options: { parity: maybe }\n",
	  "t.yaml:2: options.parity: \"maybe\" is not a switch, expected true or false" },
	{ "a limit of zero is refused", HEAD "limits: { mappings: 0 }\n",
	  "t.yaml:2: limits.mappings: \"0\" is not a limit, expected 1 to 268435456" },
	{ "more addresses than slots are refused", HEAD "limits: { addresses: 4097 }\n",
	  "t.yaml:2: limits.addresses: \"4097\" is not a limit, expected 1 to 4096" },
	{ "peers without a key are refused", HEAD "peer: { name: a }\n",
	  "t.yaml:2: peer: key \"key-file\" is missing" },
	{ "peers without a name of one's own are refused", HEAD "peer: { key-file: /k }\n",
	  "t.yaml:2: peer: key \"name\" is missing" },
	{ "a key file with a path from nowhere is refused", HEAD "peer: { name: a, key-file: k }\n",
	  "t.yaml:2: peer.key-file: \"k\" is not a path of a file, expected one from the root, such as "
	  "/etc/daisy/peer.key" },
	{ "a peer without a place is refused", HEAD "peer: { name: a, key-file: /k, known: [{ name: b }] }\n",
	  "t.yaml:2: peer.known[0]: key \"address\" is missing" },
	{ "a peer at any place is refused",
	  HEAD "peer: { name: a, key-file: /k, known: [{ name: b, address: 0.0.0.0:4747 }] }\n",
	  "t.yaml:2: peer.known[0].address: \"0.0.0.0:4747\" is not a place to connect to, expected "
	  "ADDRESS:PORT such as 192.0.2.2:4747" },
	{ "a peer of one's own name is refused",
	  HEAD "peer: { name: a, key-file: /k, known: [{ name: a, address: 192.0.2.2:4747 }] }\n",
	  "t.yaml:2: peer.known[0].name: \"a\" is there twice, expected a name for each box" },
	{ "a peer that is there twice is refused",
	  HEAD "peer: { name: a, key-file: /k, known: [{ name: b, address: 192.0.2.2:4747 },\n"
	  "  { name: b, address: 192.0.2.3:4747 }] }\n",
	  "t.yaml:3: peer.known[1].name: \"b\" is there twice, expected a name for each box" },
	{ "a place to listen without port is refused", HEAD "metrics: { listen: 127.0.0.1 }\n",
	  "t.yaml:2: metrics.listen: \"127.0.0.1\" is not a place to listen, expected ADDRESS:PORT "
	  "such as 127.0.0.1:9464" },
	{ "a sweep of more than one core is refused", HEAD "sweep: { cpu-percent: 101 }\n",
	  "t.yaml:2: sweep.cpu-percent: \"101\" is not a share of one core in percent, expected 1 "
	  "to 100" },
};

#define N_REFUSED (sizeof(refused) / sizeof(refused[0]))

static void is_refused(void **state)
{
	const struct refused *row = *state;
	struct daisy_config *config = (void *)-1;

	assert_int_equal(daisy_config_parse("t.yaml", row->text, strlen(row->text), false, &config),
			 -22);
	assert_null(config);
	assert_string_equal(daisy_error(), row->error);
}

static struct daisy_config *parse(const char *text)
{
	struct daisy_config *config;

	if (daisy_config_parse("t.yaml", text, strlen(text), false, &config))
		fail_msg("refused: %s", daisy_error());
	return config;
}

static void smallest_file(void **state)
{
	struct daisy_config *config = parse(LINKS INSIDE OUTSIDE "pools:\n"
		"  - { name: p0, addresses: [203.0.113.10-203.0.113.13] }\n");
	const struct daisy_config_pool *pool = &config->pools[0];

	assert_string_equal(config->name, "n0");
	assert_int_equal(config->n_links, 2);
	assert_string_equal(config->links[0].device, "eth0");
	assert_int_equal(config->links[0].side, SIDE_INSIDE);
	assert_false(config->links[0].generic);
	assert_int_equal(config->links[0].n_prefixes, 1);
	assert_int_equal(config->links[0].prefixes[0].addr, 0x0a000000);
	assert_int_equal(config->links[0].prefixes[0].len, 24);
	assert_int_equal(config->links[1].side, SIDE_OUTSIDE);
	assert_int_equal(config->n_pools, 1);
	assert_int_equal(pool->first_port, 1024);
	assert_int_equal(pool->last_port, 65535);
	assert_int_equal(daisy_config_n_addresses(config), 4);
	assert_string_equal(config->metrics_listen, "");
	daisy_config_free(config);
}

static void default_timers(void **state)
{
	struct daisy_config *config = parse(HEAD);

	assert_int_equal(config->timer_s[DAISY_TIMER_UDP], 300);
	assert_int_equal(config->timer_s[DAISY_TIMER_ICMP], 60);
	assert_int_equal(config->timer_s[DAISY_TIMER_TCP_OPENING], 240);
	assert_int_equal(config->timer_s[DAISY_TIMER_TCP_ESTABLISHED], 7440);
	assert_int_equal(config->timer_s[DAISY_TIMER_TCP_CLOSING], 240);
	assert_int_equal(config->timer_s[DAISY_TIMER_TCP_RESET], 240);
	assert_int_equal(config->timer_s[DAISY_TIMER_HOLD], 120);
	daisy_config_free(config);
}

static void ranges_with_gaps(void **state)
{
	struct daisy_config *config = parse(POOLS "  - { name: p0, addresses: [203.0.113.1, "
		"198.51.100.7-198.51.100.9, 192.0.2.64/30] }\n");
	const struct daisy_config_range *ranges = config->pools[0].ranges;

	assert_int_equal(config->pools[0].n_ranges, 3);
	assert_int_equal(ranges[0].first, 0xcb007101);
	assert_int_equal(ranges[0].last, 0xcb007101);
	assert_int_equal(ranges[1].first, 0xc6336407);
	assert_int_equal(ranges[1].last, 0xc6336409);
	assert_int_equal(ranges[2].first, 0xc0000240);
	assert_int_equal(ranges[2].last, 0xc0000243);
	assert_int_equal(daisy_config_n_addresses(config), 8);
	daisy_config_free(config);
}

static void zones_share_prefixes(void **state)
{
	struct daisy_config *config = parse(LINKS
		"  - { device: eth0, side: inside, prefixes: [10.0.0.0/8], zone: 1 }\n"
		"  - { device: eth1, side: inside, prefixes: [10.0.0.0/8], zone: 2 }\n"
		"pools:\n" POOL);

	assert_int_equal(config->links[0].zone, 1);
	assert_int_equal(config->links[1].zone, 2);
	daisy_config_free(config);
}

static void plan_of_pool(void **state)
{
	struct daisy_config *config = parse(POOLS "  - { name: p0, addresses: [203.0.113.1, "
		"203.0.113.4/31], reserved: [5060, 1900-1999], mode: deterministic, inside: "
		"[10.0.0.0/22], overflow: 2048, ports: 1024-33791 }\n"
		"  - { name: p1, addresses: [203.0.113.10] }\n");
	const struct daisy_config_pool *pool = &config->pools[0];

	assert_int_equal(pool->mode, POOL_DETERMINISTIC);
	assert_int_equal(pool->n_inside, 1);
	assert_int_equal(pool->subscriber_ports, 0);
	assert_int_equal(pool->overflow, 2048);
	assert_int_equal(pool->algorithm, PLAN_SEQUENTIAL);
	assert_int_equal(config->pools[1].mode, POOL_BLOCKS);
	daisy_config_free(config);
}

/* What packets are told of a pool, which has blocks of this order (0: none) and so many for a subscriber. */
static struct daisy_pool policy_with_blocks(const struct daisy_config *config, size_t pool,
					    unsigned int order, unsigned int blocks)
{
	struct daisy_pool policy;

	daisy_config_policy_make(&config->pools[pool], &policy);
	assert_int_equal(policy.block_order, order);
	if (order)
		assert_int_equal(policy.blocks, blocks);
	return policy;
}

static void policy_of_pool(void **state)
{
	struct daisy_config *config = parse(POOLS
		DET("max-held: 500, limits: { udp: 1000, mappings: 1, mappings-per-second: 100 }")
		"  - { name: p1, addresses: [203.0.113.11], mode: blocks, block-size: 4096, blocks: 8, "
		"hold-down: 0, reuse-closed: true }\n"
		"  - { name: p2, addresses: [203.0.113.12], mode: dynamic }\n");
	struct daisy_pool policy = policy_with_blocks(config, 0, 4, 4);

	assert_int_equal(policy.limit[DAISY_UDP], 1000);
	assert_int_equal(policy.warn[DAISY_UDP], 800);
	assert_int_equal(policy.limit[DAISY_TCP], 0);
	assert_int_equal(policy.warn[DAISY_TCP], 0);
	assert_int_equal(policy.limit[DAISY_N_PROTOS], 1);
	assert_int_equal(policy.warn[DAISY_N_PROTOS], 1);
	assert_int_equal(policy.rate, 107);
	assert_int_equal(policy.max_held, 500);
	assert_int_equal(policy.flags, 0);
	policy = policy_with_blocks(config, 1, 7, 8);
	assert_int_equal(policy.flags, POOL_HOLD | POOL_REUSE_CLOSED);
	assert_int_equal(policy.hold, daisy_ticks_from_seconds(0));
	policy = policy_with_blocks(config, 2, 0, 0);
	assert_int_equal(policy.rate, 0);
	daisy_config_free(config);
}

static void forward_forms(void **state)
{
	struct daisy_config *config = parse(FORWARDS(FORWARD("203.0.113.10:80-90", "10.0.0.2")
		", { protocol: udp, external: '203.0.113.10:5000', inside: '10.0.0.2:53' }"
		", { protocol: tcp, external: '203.0.113.10:5000', inside: '10.0.0.2:53' }"));
	const struct daisy_config_forward *f = config->pools[0].forwards;

	assert_int_equal(config->pools[0].n_forwards, 3);
	assert_int_equal(f->external, 0xcb00710a);
	assert_int_equal(f->inside, 0x0a000002);
	assert_int_equal(f->ports.first, 80);
	assert_int_equal(f->ports.last, 90);
	assert_int_equal(f->inside_port, 80);
	assert_true(daisy_config_forward_has(f, DAISY_UDP) && daisy_config_forward_has(f, DAISY_TCP));
	assert_false(daisy_config_forward_has(f, DAISY_ICMP));
	assert_false(daisy_config_forward_has(f + 1, DAISY_TCP));
	assert_int_equal(f[1].inside_port, 53);
	daisy_config_free(config);
}

static void ports_of_pool(void **state)
{
	struct daisy_config *config = parse(POOLS DET("ports: 2000-3000, reserved: [2500, 80-90]"));
	const struct daisy_config_pool *pool = &config->pools[0];

	assert_true(daisy_config_pool_allots(pool, 0, 2000) && daisy_config_pool_allots(pool, 0, 3000));
	assert_false(daisy_config_pool_allots(pool, 0, 1999) || daisy_config_pool_allots(pool, 0, 3001));
	assert_false(daisy_config_pool_allots(pool, 0, 2500) || daisy_config_pool_allots(pool, 0, 443));
	assert_true(daisy_config_pool_allots(pool, DAISY_OPT_RANGE, 443));
	assert_false(daisy_config_pool_allots(pool, DAISY_OPT_RANGE, 80));
	assert_false(daisy_config_pool_allots(pool, DAISY_OPT_RANGE, 1024));
	daisy_config_free(config);
}

static void two_plans(void **state)
{
	struct daisy_config *config = parse(LINKS INSIDE
		"  - { device: eth2, side: inside, zone: 1, prefixes: [10.0.0.0/24] }\n" OUTSIDE
		"pools:\n" DET("zones: [0], " PLAN("[10.0.0.0/24]"))
		"  - { name: p1, addresses: [203.0.113.11], zones: [1], " PLAN("[10.0.0.0/24]")
		" }\n");

	assert_int_equal(config->n_pools, 2);
	daisy_config_free(config);
}

/* Where blocks may lie follows from the plan; what rounding leaves may be too little for one. */
static void plan_policies(void **state)
{
	struct daisy_config *config = parse(POOLS
		DET("overflow: 1024, " PLAN("[10.0.0.0/24]"))
		"  - { name: p1, addresses: [203.0.113.11], overflow: 2048, block-size: 256, blocks: 2, "
		PLAN("[10.0.1.0/24]") " }\n"
		"  - { name: p2, addresses: [203.0.113.12], " PLAN("[10.0.2.0/24]") " }\n");
	struct daisy_pool policy = policy_with_blocks(config, 0, 1, 4);

	assert_int_equal(policy.deterministic, 1);
	assert_int_equal(policy.overflow_first, 64512);
	assert_int_equal(policy.overflow_last, 65535);
	policy = policy_with_blocks(config, 1, 3, 2);
	assert_int_equal(policy.overflow_first, 63488);
	policy = policy_with_blocks(config, 2, 0, 0);
	assert_int_equal(policy.deterministic, 1);
	assert_int_equal(policy.overflow_last, 0);
	daisy_config_free(config);
}

static void vlan_forms(void **state)
{
	struct daisy_config *config = parse(LINKS
		"  - { device: eth1, side: outside, vlan: 7 }\n"
		"  - { device: eth1, side: outside, vlan: [7, 8] }\n"
		"  - { device: eth1, side: outside }\n");

	assert_int_equal(config->links[0].n_tags, 1);
	assert_int_equal(config->links[0].tag[0], 7);
	assert_int_equal(config->links[1].n_tags, 2);
	assert_int_equal(config->links[1].tag[0], 7);
	assert_int_equal(config->links[1].tag[1], 8);
	assert_int_equal(config->links[2].n_tags, 0);
	daisy_config_free(config);
}

static void nexthop_forms(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x0a };
	struct daisy_config *config = parse(LINKS
		"  - { device: eth0, side: both, prefixes: [10.0.0.0/8], next-hop: { inside: "
		"10.0.0.1, outside: '02:00:00:00:00:0a' } }\npools:\n" POOL);
	const struct daisy_config_link *link = &config->links[0];

	assert_int_equal(link->to_inside.kind, NEXTHOP_ADDRESS);
	assert_int_equal(link->to_inside.addr.s_addr, htonl(0x0a000001));
	assert_int_equal(link->to_outside.kind, NEXTHOP_MAC);
	assert_memory_equal(link->to_outside.mac, mac, 6);
	daisy_config_free(config);
}

static void single_nexthop(void **state)
{
	struct daisy_config *config = parse(LINKS
		"  - { device: eth0, side: inside, prefixes: [10.0.0.0/8], next-hop: 10.0.0.1 }\n"
		"  - { device: eth1, side: outside, next-hop: 203.0.113.1 }\npools:\n" POOL);

	assert_int_equal(config->links[0].to_inside.kind, NEXTHOP_ADDRESS);
	assert_int_equal(config->links[0].to_outside.kind, NEXTHOP_BY_ROUTE);
	assert_int_equal(config->links[1].to_inside.kind, NEXTHOP_BY_ROUTE);
	assert_int_equal(config->links[1].to_outside.kind, NEXTHOP_ADDRESS);
	daisy_config_free(config);
}

#define EVERYTHING \
	"instance: all-of-it\n" \
	"links:\n" \
	"- device: eth0\n" \
	"  side: inside\n" \
	"  mode: generic\n" \
	"  prefixes: [10.0.0.0/8, 100.64.0.0/10]\n" \
	"  zone: 3\n" \
	"  vlan: [100, 200]\n" \
	"- device: eth1\n" \
	"  side: both\n" \
	"  prefixes: [10.0.0.0/8]\n" \
	"  next-hop: {inside: 10.0.0.1, outside: '02:00:00:00:00:01'}\n" \
	"pools:\n" \
	"- name: p0\n" \
	"  addresses: [203.0.113.10-203.0.113.13, 203.0.113.20]\n" \
	"  ports: 2000-3000\n" \
	"  reserved: [2001, 2010-2020]\n" \
	"  zones: [0, 3]\n" \
	"  forwards:\n" \
	"  - {protocol: tcp, external: '203.0.113.20:443', inside: '10.0.0.2:8443', zone: 3}\n" \
	"  - {external: '203.0.113.20:5000-5010', inside: '10.0.0.3:5000', zone: 3}\n" \
	"  - {protocol: udp, external: 203.0.113.13, inside: 10.0.0.4, zone: 3}\n" \
	"  filtering: address-dependent\n" \
	"  mode: dynamic\n" \
	"- name: p1\n" \
	"  addresses: [198.51.100.0-198.51.100.3]\n" \
	"  reserved: [5060]\n" \
	"  zones: [3]\n" \
	"  mode: deterministic\n" \
	"  inside: [10.0.0.0/25, 100.64.0.0/25]\n" \
	"  ports-per-subscriber: 900\n" \
	"  overflow: 4096\n" \
	"  algorithm: round-robin\n" \
	"- name: p2\n" \
	"  addresses: [198.51.100.8]\n" \
	"  zones: [3]\n" \
	"  hold-down: 0\n" \
	"  reuse-closed: true\n" \
	"  max-held: 300\n" \
	"  block-size: 64\n" \
	"  blocks: 8\n" \
	"  limits: {udp: 100, tcp: 200, icmp: 10, mappings: 250, mappings-per-second: 40, warn-percent: 90}\n" \
	"no-translate:\n" \
	"- destination: 192.0.2.0/24\n" \
	"  protocol: udp\n" \
	"  ports: 5060-5061\n" \
	"  zone: 3\n" \
	"- destination: 192.0.2.1/32\n" \
	"timers:\n" \
	"  udp: 120\n" \
	"  hold-down: 0\n" \
	"options:\n" \
	"  parity: true\n" \
	"  range-preservation: true\n" \
	"  silent-syn: true\n" \
	"  exhaustion-icmp: admin-prohibited\n" \
	"  mss-clamp: 1400\n" \
	"  rewrite-id: all\n" \
	"limits:\n" \
	"  addresses: 16\n" \
	"  mappings: 100000\n" \
	"  subscribers: 1000\n" \
	"  connections: 2000\n" \
	"  permissions: 3000\n" \
	"metrics:\n" \
	"  listen: 127.0.0.1:9464\n" \
	"sweep:\n" \
	"  cpu-percent: 7\n" \
	"peer:\n" \
	"  name: box-a\n" \
	"  listen: 192.0.2.1:4747\n" \
	"  key-file: /etc/daisy/peer.key\n" \
	"  known:\n" \
	"  - {name: box-b, address: '192.0.2.2:4747'}\n" \
	"  - {name: box-c, address: '192.0.2.3:4747'}\n"

static void assert_format(const struct daisy_config *config, const char *expected)
{
	char *text, *line;
	size_t len;

	assert_int_equal(daisy_config_format(config, &text, &len), 0);
	line = strndup(text, len);
	assert_string_equal(line, expected);
	free(line);
	free(text);
}

static void written_as_read(void **state)
{
	struct daisy_config *config = parse(EVERYTHING);

	assert_format(config, EVERYTHING);
	daisy_config_free(config);
}

static void copy_is_equal(void **state)
{
	struct daisy_config *config = parse(EVERYTHING), *copy = daisy_config_copy(config);

	assert_non_null(copy);
	daisy_config_free(config);
	assert_format(copy, EVERYTHING);
	daisy_config_free(copy);
}

static void defaults_are_not_written(void **state)
{
	struct daisy_config *config = parse(HEAD "timers: { udp: 300 }\nsweep: {}\n");

	assert_format(config, "instance: n0\nlinks: []\npools: []\n");
	daisy_config_free(config);
}

/* A file in a folder of its own. */
static void save_replaces(void **state)
{
	char dir[] = "/tmp/daisy-config-XXXXXX", path[64], left[96];
	struct daisy_config *config = parse(EVERYTHING), *again;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/n0.yaml", dir);
	assert_int_equal(daisy_config_save(config, path), 0);
	assert_int_equal(daisy_config_save(config, path), 0);
	assert_int_equal(daisy_config_load(path, false, &again), 0);
	assert_format(again, EVERYTHING);
	snprintf(left, sizeof(left), "%s.new", path);
	assert_int_equal(access(left, F_OK), -1);
	unlink(path);
	rmdir(dir);
	daisy_config_free(again);
	daisy_config_free(config);
}

static void missing_file(void **state)
{
	struct daisy_config *config;

	assert_int_equal(daisy_config_load("/nonexistent/n0.yaml", false, &config), -2);
	assert_string_equal(daisy_error(),
			    "/nonexistent/n0.yaml: cannot read: No such file or directory");
}

static void missing_device(void **state)
{
	static const char text[] = LINKS "  - { device: daisy-none, side: outside }\n";
	static const char expected[] = "t.yaml:3: links[0].device: no device \"daisy-none\" on "
		"this host, expected one of: ";
	struct daisy_config *config;

	assert_int_equal(daisy_config_parse("t.yaml", text, strlen(text), true, &config), -22);
	assert_non_null(strstr(daisy_error(), expected));
}

static void every_prefix_of_a_text(void **state)
{
	static const char text[] = EVERYTHING;
	struct daisy_config *config;

	/* Whatever a file that is cut off says, reading it ends, with a config or an error. */
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		if (daisy_config_parse("t.yaml", text, len, false, &config))
			assert_memory_equal(daisy_error(), "t.yaml:", 7);
		daisy_config_free(config);
	}
}

static void garbage(void **state)
{
	char text[256];
	unsigned int seed = 4787;
	struct daisy_config *config;

	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand_r(&seed) % sizeof(text);

		for (size_t j = 0; j < len; j++)
			text[j] = (char)rand_r(&seed);
		if (daisy_config_parse("t.yaml", text, len, false, &config))
			assert_memory_equal(daisy_error(), "t.yaml:", 7);
		daisy_config_free(config);
	}
}

#define ACCEPTED(title, fn) { .name = title, .test_func = fn }

static const struct CMUnitTest accepted[] = {
	ACCEPTED("the smallest file gives two links and four addresses", smallest_file),
	ACCEPTED("timers are those of the RFCs unless said otherwise (U5, I2, T5, X1, X2, G8)",
		 default_timers),
	ACCEPTED("a pool takes addresses, ranges and prefixes with gaps between (G3)",
		 ranges_with_gaps),
	ACCEPTED("a deterministic pool has the defaults of its plan (RFC 7422 N1)", plan_of_pool),
	ACCEPTED("port blocks and limits have their defaults, and ticks for seconds (G4, G5)", policy_of_pool),
	ACCEPTED("a forward has the same inside ports, and both protocols, unless said otherwise", forward_forms),
	ACCEPTED("forwards' ports are told from those that mappings may have", ports_of_pool),
	ACCEPTED("pools of two zones may plan for the same inside prefix", two_plans),
	ACCEPTED("port blocks of a deterministic pool lie in its overflow (RFC 7422 N4)", plan_policies),
	ACCEPTED("two zones may have the same prefix", zones_share_prefixes),
	ACCEPTED("a VLAN is a number, or a list of outer and inner", vlan_forms),
	ACCEPTED("a one-armed link has a next hop for each side", nexthop_forms),
	ACCEPTED("a single next hop is the one of the link's side", single_nexthop),
	ACCEPTED("a configuration is written as it was read", written_as_read),
	ACCEPTED("a copy outlives its original", copy_is_equal),
	ACCEPTED("defaults are not written", defaults_are_not_written),
	ACCEPTED("saving replaces the file and leaves nothing beside it", save_replaces),
	ACCEPTED("a file that is not there is named", missing_file),
	ACCEPTED("a device that is not there is refused with those that are", missing_device),
	ACCEPTED("a file cut off at any byte gives a configuration or an error with its place",
		 every_prefix_of_a_text),
	ACCEPTED("twenty thousand files of random bytes give errors with their place", garbage),
};

#define N_ACCEPTED (sizeof(accepted) / sizeof(accepted[0]))

int main(void)
{
	struct CMUnitTest tests[N_REFUSED + N_ACCEPTED];

	for (size_t i = 0; i < N_REFUSED; i++)
		tests[i] = (struct CMUnitTest){ .name = refused[i].title, .test_func = is_refused,
						.initial_state = (void *)&refused[i] };
	memcpy(tests + N_REFUSED, accepted, sizeof(accepted));
	return _cmocka_run_group_tests("config", tests, N_REFUSED + N_ACCEPTED, NULL, NULL);
}
