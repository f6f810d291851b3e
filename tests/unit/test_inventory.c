/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller's inventory: what is refused and in which words, what is accepted and means what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/inventory.h"
#include "lib/error.h"
#include "openflow/port_list.h"

#define TOP "switch: br0\ninside: [ { port: in1, prefixes: [10.0.0.0/24] } ]\noutside: { port: isp }\n"
#define A "  - { name: a, id: 1, port: p1, mac: 02:00:00:00:00:0a }\n"
#define B "  - { name: b, id: 2, port: p2, mac: 02:00:00:00:00:0b }\n"
#define BOXES TOP "boxes:\n" A B
#define ADDRESSES BOXES "addresses:\n"
#define ALL_OF_A "  - { external: 203.0.113.10, box: a, inside: [10.0.0.0/24] }\n"
#define BOX(text) TOP "boxes:\n" A text "addresses:\n" ALL_OF_A

struct refused {
	const char *title;
	const char *text;
	const char *error;
};

static const struct refused refused[] = {
	{ "an empty inventory is refused", "",
	  "t.yaml:1: an empty file does not fit here, expected a mapping such as {key: value}" },
	{ "what is not YAML is refused with its line", "switch: br0\ninside: [\n",
	  "t.yaml:3: not YAML: did not find expected node content" },
	{ "an unknown key is refused and the known ones are named", "switch: br0\nlinks: []\n",
	  "t.yaml:2: unknown key \"links\", expected one of: switch, inside, outside, boxes, addresses" },
	{ "a missing part is named", "switch: br0\n", "t.yaml:1: key \"inside\" is missing" },
	{ "a key that stands twice is refused", "switch: br0\nswitch: br1\n",
	  "t.yaml:2: key \"switch\" stands here twice, expected once" },
	{ "a switch that could be an option of ovs-ofctl is refused", "switch: -h\ninside: x\noutside: x\n"
	  "boxes: x\naddresses: x\n",
	  "t.yaml:1: switch: \"-h\" is not a switch, expected the name of a bridge, unix:/PATH, "
	  "tcp:HOST:PORT or ssl:HOST:PORT" },
	{ "a switch with a shell's characters is refused", "switch: 'br0;id'\ninside: x\noutside: x\n"
	  "boxes: x\naddresses: x\n",
	  "t.yaml:1: switch: \"br0;id\" is not a switch, expected the name of a bridge, unix:/PATH, "
	  "tcp:HOST:PORT or ssl:HOST:PORT" },
	{ "a word in the place of a list is refused", "switch: br0\ninside: in1\noutside: x\nboxes: x\n"
	  "addresses: x\n", "t.yaml:2: inside: \"in1\" is one word, expected a list such as [A, B]" },
	{ "a list without items is refused", "switch: br0\ninside: []\noutside: x\nboxes: x\naddresses: x\n",
	  "t.yaml:2: inside: 0 items, expected 1 to 1024" },
	{ "a range is refused, since it is not one rule", ADDRESSES
	  "  - { external: 203.0.113.10-203.0.113.12 }\n",
	  "t.yaml:8: addresses[0].external: \"203.0.113.10-203.0.113.12\" is not one rule in a switch, "
	  "expected an address or a prefix" },
	{ "a prefix with host bits is refused", ADDRESSES "  - { external: 203.0.113.10/28 }\n",
	  "t.yaml:8: addresses[0].external: \"203.0.113.10/28\" is not a prefix, expected one whose bits "
	  "after the length are zero" },
	{ "an address of an unknown box is refused, and the known ones are named", ADDRESSES
	  "  - { external: 203.0.113.10, box: c }\n",
	  "t.yaml:8: addresses[0].box: no box \"c\", expected one of: a, b" },
	{ "an address on two boxes is refused", ADDRESSES ALL_OF_A "  - { external: 203.0.113.10, box: b }\n",
	  "t.yaml:9: 203.0.113.10 of box b overlaps with 203.0.113.10 of box a in line 8, expected each "
	  "address once" },
	{ "overlapping external prefixes are refused", ADDRESSES ALL_OF_A
	  "  - { external: 203.0.113.0/28, box: b }\n",
	  "t.yaml:9: 203.0.113.0/28 of box b overlaps with 203.0.113.10 of box a in line 8, expected each "
	  "address once" },
	{ "an external address that is inside is refused", ADDRESSES "  - { external: 10.0.0.7 }\n",
	  "t.yaml:8: 10.0.0.7 of box a overlaps with 10.0.0.0/24 of the inside in line 2, expected each "
	  "address once" },
	{ "an external address that is a box's own is refused", BOX("  - { name: b, id: 2, port: p2, mac: "
	  "02:00:00:00:00:0b, addresses: [203.0.113.10] }\n"),
	  "t.yaml:8: 203.0.113.10 of box a overlaps with 203.0.113.10 of the host of box b in line 6, expected "
	  "each address once" },
	{ "overlapping prefixes of the inside are refused", "switch: br0\ninside:\n"
	  "  - { port: in1, prefixes: [10.0.0.0/24] }\n  - { port: in2, prefixes: [10.0.0.128/25] }\n"
	  "outside: { port: isp }\nboxes:\n" A "addresses:\n" ALL_OF_A,
	  "t.yaml:4: 10.0.0.128/25 of the inside overlaps with 10.0.0.0/24 of the inside in line 3, expected "
	  "each address once" },
	{ "hosts with two external addresses are refused", ADDRESSES ALL_OF_A
	  "  - { external: 203.0.113.11, box: b, inside: [10.0.0.64/26] }\n",
	  "t.yaml:9: 10.0.0.64/26 of box b overlaps with 10.0.0.0/24 of box a in line 8, expected each address "
	  "once" },
	{ "hosts without an external address are refused: in front", ADDRESSES
	  "  - { external: 203.0.113.11, box: b, inside: [10.0.0.128/25] }\n",
	  "t.yaml:2: 10.0.0.0-10.0.0.127 has no external address, expected it under \"inside\" of one of "
	  "\"addresses\"" },
	{ "hosts without an external address are refused: in the middle", ADDRESSES
	  "  - { external: 203.0.113.11, box: b, inside: [10.0.0.128/25, 10.0.0.0/26] }\n",
	  "t.yaml:2: 10.0.0.64-10.0.0.127 has no external address, expected it under \"inside\" of one of "
	  "\"addresses\"" },
	{ "hosts without an external address are refused: at the end", ADDRESSES
	  "  - { external: 203.0.113.11, box: b, inside: [10.0.0.0/25, 10.0.0.128/26] }\n",
	  "t.yaml:2: 10.0.0.192-10.0.0.255 has no external address, expected it under \"inside\" of one of "
	  "\"addresses\"" },
	{ "hosts that are not inside are refused", ADDRESSES
	  "  - { external: 203.0.113.11, box: b, inside: [10.0.0.0/23] }\n",
	  "t.yaml:8: 10.0.0.0/23 is not inside, expected a part of one of the prefixes under \"inside\"" },
	{ "a box named twice is refused", BOX("  - { name: a, id: 2, port: p2, mac: 02:00:00:00:00:0b }\n"),
	  "t.yaml:6: box \"a\" is there already, in line 5, expected each once" },
	{ "two boxes with one id are refused", BOX("  - { name: b, id: 1, port: p2, mac: 02:00:00:00:00:0b }\n"),
	  "t.yaml:6: box \"b\" has the id 1 of box \"a\" in line 5, expected another" },
	{ "an id that no cookie has room for is refused", BOX("  - { name: b, id: 65536, port: p, mac: 0 }\n"),
	  "t.yaml:6: boxes[1].id: \"65536\" is not the id of a box, expected 1 to 65535" },
	{ "two boxes with one MAC address are refused",
	  BOX("  - { name: b, id: 2, port: p2, mac: 02:00:00:00:00:0a }\n"),
	  "t.yaml:6: box \"b\" has a MAC address that box \"a\" in line 5 has already, expected another for "
	  "each link" },
	{ "a MAC address of a group is refused", BOX("  - { name: b, id: 2, port: p2, mac: 03:00:00:00:00:0a }\n"),
	  "t.yaml:6: boxes[1].mac: \"03:00:00:00:00:0a\" is not a next hop, expected a unicast MAC address" },
	{ "an address in the place of a MAC address is refused",
	  BOX("  - { name: b, id: 2, port: p2, mac: 10.0.0.1 }\n"),
	  "t.yaml:6: boxes[1].mac: \"10.0.0.1\" is not a MAC address, expected one such as 02:00:00:00:00:0a" },
	{ "a port of two is refused", BOX("  - { name: b, id: 2, port: isp, mac: 02:00:00:00:00:0b }\n"),
	  "t.yaml:6: port \"isp\" is in use in line 3, expected another" },
	{ "a box with a half link is refused", BOX("  - { name: b, id: 2, port: p2 }\n"),
	  "t.yaml:6: boxes[1]: box \"b\" has no whole link, expected port and mac, or inside and outside with "
	  "a port and mac each" },
	{ "a box with one arm and two is refused", BOX("  - { name: b, id: 2, port: p2, mac: "
	  "02:00:00:00:00:0b, inside: { port: p3, mac: 02:00:00:00:00:0c } }\n"),
	  "t.yaml:6: boxes[1]: box \"b\" has no whole link, expected port and mac, or inside and outside with "
	  "a port and mac each" },
	{ "an unknown key of a link is refused", BOX("  - { name: b, id: 2, outside: {}, inside: { speed: 1 } }\n"),
	  "t.yaml:6: boxes[1].inside: unknown key \"speed\", expected one of: port, mac" },
};

static void test_refused(void **state)
{
	const struct refused *row = *state;
	struct daisy_inventory *inv = (void *)1;

	assert_int_not_equal(daisy_inventory_parse("t.yaml", row->text, strlen(row->text), &inv), 0);
	assert_null(inv);
	assert_string_equal(daisy_error(), row->error);
}

static struct daisy_inventory *accepted(const char *text)
{
	struct daisy_inventory *inv;

	if (daisy_inventory_parse("t.yaml", text, strlen(text), &inv))
		fail_msg("%s", daisy_error());
	return inv;
}

static void test_meaning(void **state)
{
	struct daisy_inventory *inv = accepted(ADDRESSES "  - external: 203.0.113.16/28\n"
		"    inside:\n      - 10.0.0.0/25\n      - 10.0.0.128/25\n"
		"  - { external: 203.0.113.11, box: b }\n");

	assert_string_equal(inv->target, "br0");
	assert_string_equal(inv->outside.name, "isp");
	assert_int_equal(inv->n_boxes, 2);
	assert_true(inv->boxes[1].one_armed);
	assert_string_equal(inv->boxes[1].outside.port.name, "p2");
	assert_int_equal(inv->boxes[1].outside.mac[5], 0x0b);
	assert_int_equal(inv->n_addresses, 2);
	/* The first box, since none is named (D-3). */
	assert_int_equal(inv->addresses[0].box, 0);
	assert_int_equal(inv->addresses[1].box, 1);
	assert_int_equal(inv->addresses[0].external.net.addr, 0xcb007110);
	assert_int_equal(inv->addresses[0].external.net.len, 28);
	assert_int_equal(inv->addresses[0].external.line, 8);
	assert_int_equal(inv->addresses[0].inside.item[1].line, 11);
	assert_int_equal(inv->addresses[1].external.net.len, 32);
	daisy_inventory_free(inv);
}

static void test_everything(void **state)
{
	/* A slice at the very end of the address space that hosts may have. */
	struct daisy_inventory *inv = accepted("switch: tcp:[2001:db8::1]:6653\n"
		"inside: [ { port: 1, prefixes: [223.255.255.255/32, 1.0.0.0/8] } ]\noutside: { port: 2 }\n"
		"boxes: [ { name: a, id: 65535, inside: { port: 3, mac: 02:00:00:00:00:01 }, "
		"outside: { port: 4, mac: 02:00:00:00:00:02 } } ]\n"
		"addresses: [ { external: 203.0.113.10, inside: [1.0.0.0/8, 223.255.255.255] } ]\n");

	assert_string_equal(inv->target, "tcp:[2001:db8::1]:6653");
	assert_false(inv->boxes[0].one_armed);
	daisy_inventory_free(inv);
}

static const char ports[] = "OFPST_PORT_DESC reply (OF1.4) (xid=0x2):\n"
	" 1(in1): addr:8a:35:9e:67:8f:07\n     config:     0\n"
	" 12(isp): addr:52:88:64:a4:77:ca\n     config:     0\n"
	" 3(p2): addr:52:88:64:a4:77:cb\n 4(p1): addr:52:88:64:a4:77:cc\n"
	" LOCAL(br0): addr:5a:75:20:76:a9:43\n";

static void test_ports(void **state)
{
	struct daisy_inventory *inv = accepted(ADDRESSES ALL_OF_A);

	assert_int_equal(daisy_port_list_resolve(ports, inv), 0);
	assert_int_equal(inv->segments[0].port.number, 1);
	assert_int_equal(inv->outside.number, 12);
	assert_int_equal(inv->boxes[0].inside.port.number, 4);
	assert_int_equal(inv->boxes[0].outside.port.number, 4);
	assert_int_equal(inv->boxes[1].outside.port.number, 3);
	assert_int_equal(daisy_port_list_find(ports, "12"), 12);
	assert_int_equal(daisy_port_list_find(ports, "LOCAL"), 0);
	assert_int_equal(daisy_port_list_find(ports, "br0"), 0);
	assert_int_equal(daisy_port_list_find(ports, "config"), 0);
	assert_int_equal(daisy_port_list_find(" 7(x", "x"), 0);
	assert_int_equal(daisy_port_list_find(" 65535(x): ", "x"), 0);
	daisy_inventory_free(inv);
}

#define N_REFUSED (sizeof(refused) / sizeof(refused[0]))
#define ACCEPTED(title, fn) { .name = title, .test_func = fn }

static const struct CMUnitTest others[] = {
	ACCEPTED("an inventory means what it says", test_meaning),
	ACCEPTED("the widest values are accepted", test_everything),
	ACCEPTED("ports are found by name and by number", test_ports),
};

#define N_OTHERS (sizeof(others) / sizeof(others[0]))

int main(void)
{
	struct CMUnitTest tests[N_REFUSED + N_OTHERS];

	for (size_t i = 0; i < N_REFUSED; i++)
		tests[i] = (struct CMUnitTest){ .name = refused[i].title, .test_func = test_refused,
						.initial_state = (void *)&refused[i] };
	memcpy(tests + N_REFUSED, others, sizeof(others));
	return _cmocka_run_group_tests("inventory", tests, N_REFUSED + N_OTHERS, NULL, NULL);
}
