/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller's rules: which ones an inventory asks for, what differs from a switch's, and the bundle. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/inventory.h"
#include "lib/error.h"
#include "openflow/bundle.h"
#include "openflow/cookie.h"
#include "openflow/diff.h"
#include "openflow/process.h"
#include "openflow/steering.h"

#define TOP "switch: br0\ninside: [ { port: 1, prefixes: [10.0.0.0/24] } ]\noutside: { port: 2 }\nboxes:\n"
#define ONE TOP "  - { name: a, id: 1, port: 3, mac: 02:00:00:00:00:0a }\naddresses:\n" \
	"  - { external: 203.0.113.10, inside: [10.0.0.0/24] }\n"

/* A box with one arm, and one with two and an address of its own. */
#define TWO TOP "  - { name: a, id: 1, port: 3, mac: 02:00:00:00:00:0a }\n" \
	"  - { name: b, id: 2, inside: { port: 4, mac: 02:00:00:00:00:0b }, " \
	"outside: { port: 5, mac: 02:00:00:00:00:0c }, addresses: [203.0.113.3] }\naddresses:\n" \
	"  - { external: 203.0.113.10, box: a, inside: [10.0.0.0/25] }\n" \
	"  - { external: 203.0.113.16/28, box: b, inside: [10.0.0.128/25] }\n"

#define A "02:00:00:00:00:0a"
#define B_IN "02:00:00:00:00:0b"
#define B_OUT "02:00:00:00:00:0c"
#define TO_A "actions=set_field:" A "->eth_dst,output:3"
#define TO_B_IN "actions=set_field:" B_IN "->eth_dst,output:4"
#define TO_B_OUT "actions=set_field:" B_OUT "->eth_dst,output:5"

/* Line of the inventory, cookie without its mark, rule: in the switch's order. */
static const char *const rules_of_two[] = {
	"2 010000000001 priority=6000,arp,in_port=2,arp_spa=10.0.0.0/24 actions=drop",
	"8 010000000001 priority=6000,arp,in_port=2,arp_spa=203.0.113.10 actions=drop",
	"9 010000000001 priority=6000,arp,in_port=2,arp_spa=203.0.113.16/28 actions=drop",
	"6 010000000001 priority=6000,arp,in_port=2,arp_spa=203.0.113.3 actions=drop",
	"2 010000000001 priority=6000,ip,in_port=2,nw_src=10.0.0.0/24 actions=drop",
	"8 010000000001 priority=6000,ip,in_port=2,nw_src=203.0.113.10 actions=drop",
	"9 010000000001 priority=6000,ip,in_port=2,nw_src=203.0.113.16/28 actions=drop",
	"6 010000000001 priority=6000,ip,in_port=2,nw_src=203.0.113.3 actions=drop",
	"5 020001000001 priority=5000,in_port=4,dl_src=" B_IN ",dl_dst=" A " actions=output:3",
	"5 020001000001 priority=5000,in_port=5,dl_src=" B_OUT ",dl_dst=" A " actions=output:3",
	"6 020002000001 priority=5000,in_port=3,dl_src=" A ",dl_dst=" B_IN " actions=output:4",
	"6 020002000001 priority=5000,in_port=3,dl_src=" A ",dl_dst=" B_OUT " actions=output:5",
	"8 030001000001 priority=4000,ip,in_port=1,nw_src=10.0.0.0/25 " TO_A,
	"9 030002000001 priority=4000,ip,in_port=1,nw_src=10.0.0.128/25 " TO_B_IN,
	"2 010000000001 priority=3500,ip,in_port=1 actions=drop",
	"8 040001000001 priority=3000,ip,nw_dst=203.0.113.10 " TO_A,
	"9 040002000001 priority=3000,ip,nw_dst=203.0.113.16/28 " TO_B_OUT,
	"6 040002000001 priority=3000,ip,nw_dst=203.0.113.3 " TO_B_OUT,
	"5 050001000001 priority=2000,ip,in_port=3,dl_src=" A ",nw_dst=10.0.0.0/24 actions=output:1",
	"6 050002000001 priority=2000,ip,in_port=4,dl_src=" B_IN ",nw_dst=10.0.0.0/24 actions=output:1",
	"5 050001000001 priority=1000,ip,in_port=3,dl_src=" A " actions=output:2",
	"6 050002000001 priority=1000,ip,in_port=5,dl_src=" B_OUT " actions=output:2",
	"5 060001000001 priority=700,arp,in_port=1,dl_dst=" A ",arp_spa=10.0.0.0/24,arp_op=2 actions=output:3",
	"6 060002000001 priority=700,arp,in_port=1,dl_dst=" B_IN ",arp_spa=10.0.0.0/24,arp_op=2 actions=output:4",
	"5 060001000001 priority=700,arp,in_port=2,dl_dst=" A ",arp_op=2 actions=output:3",
	"6 060002000001 priority=700,arp,in_port=2,dl_dst=" B_OUT ",arp_op=2 actions=output:5",
	"8 060001000001 priority=650,arp,in_port=3,dl_src=" A ",arp_spa=203.0.113.10,arp_tpa=203.0.113.10 "
		"actions=output:2",
	"9 060002000001 priority=650,arp,in_port=5,dl_src=" B_OUT ",arp_spa=203.0.113.16/28,"
		"arp_tpa=203.0.113.16/28 actions=output:2",
	"6 060002000001 priority=650,arp,in_port=5,dl_src=" B_OUT ",arp_spa=203.0.113.3,arp_tpa=203.0.113.3 "
		"actions=output:2",
	"8 060001000001 priority=600,arp,in_port=1,arp_spa=10.0.0.0/25 " TO_A,
	"9 060002000001 priority=600,arp,in_port=1,arp_spa=10.0.0.128/25 " TO_B_IN,
	"5 060001000001 priority=600,arp,in_port=3,dl_src=" A ",arp_tpa=10.0.0.0/24 actions=output:1",
	"6 060002000001 priority=600,arp,in_port=4,dl_src=" B_IN ",arp_tpa=10.0.0.0/24 actions=output:1",
	"2 010000000001 priority=580,arp,in_port=1 actions=drop",
	"8 060001000001 priority=550,arp,arp_tpa=203.0.113.10 " TO_A,
	"9 060002000001 priority=550,arp,arp_tpa=203.0.113.16/28 " TO_B_OUT,
	"6 060002000001 priority=550,arp,arp_tpa=203.0.113.3 " TO_B_OUT,
	"5 060001000001 priority=500,arp,in_port=3,dl_src=" A " actions=output:2",
	"6 060002000001 priority=500,arp,in_port=5,dl_src=" B_OUT " actions=output:2",
	"2 070000000001 priority=100,in_port=1 actions=drop",
	"3 070000000001 priority=100,in_port=2 actions=drop",
	"5 070000000001 priority=100,in_port=3 actions=drop",
	"6 070000000001 priority=100,in_port=4 actions=drop",
	"6 070000000001 priority=100,in_port=5 actions=drop",
};

#define N_RULES_OF_TWO (sizeof(rules_of_two) / sizeof(rules_of_two[0]))

static struct daisy_inventory *inventory(const char *text)
{
	struct daisy_inventory *inv;

	if (daisy_inventory_parse("t.yaml", text, strlen(text), &inv))
		fail_msg("%s", daisy_error());
	return inv;
}

static void rules_of_an_inventory(void **state)
{
	struct daisy_inventory *inv = inventory(TWO);
	struct daisy_flows flows = { 0 };

	assert_int_equal(daisy_steering(inv, &flows), 0);
	for (size_t i = 0; i < flows.n && i < N_RULES_OF_TWO; i++) {
		const struct daisy_flow *flow = &flows.item[i];
		char text[DAISY_FLOW_TEXT_SIZE], line[DAISY_FLOW_TEXT_SIZE + 64];

		assert_int_equal(flow->cookie >> 48, 0xda15);
		daisy_flow_text(flow, text);
		snprintf(line, sizeof(line), "%zu %012llx %s", flow->line,
			 (unsigned long long)flow->cookie & 0xffffffffffff, text);
		assert_string_equal(line, rules_of_two[i]);
	}
	assert_int_equal(flows.n, N_RULES_OF_TWO);
	daisy_flows_clean(&flows);
	daisy_inventory_free(inv);
}

static void no_rule_twice(void **state)
{
	struct daisy_inventory *inv = inventory(TWO);
	struct daisy_flows flows = { 0 };

	daisy_steering(inv, &flows);
	for (size_t i = 1; i < flows.n; i++)
		assert_int_not_equal(daisy_flow_compare(&flows.item[i - 1], &flows.item[i]), 0);
	daisy_flows_clean(&flows);
	daisy_inventory_free(inv);
}

static void flows_of(struct daisy_flows *flows, const char *text)
{
	*flows = (struct daisy_flows){ 0 };
	if (daisy_flows_read(flows, text, strlen(text)))
		fail_msg("%s", daisy_error());
	daisy_flows_sort(flows);
}

static void dump_is_read(void **state)
{
	struct daisy_flows flows;

	flows_of(&flows, "OFPST_FLOW reply (OF1.4) (xid=0x2):\n"
		 " cookie=0xda15030001000001, priority=4000,ip,in_port=1,nw_src=10.0.0.0/25 actions=drop\n"
		 " priority=0 actions=NORMAL\n"
		 " cookie=0x5, table=3, idle_timeout=60, send_flow_rem ip,nw_dst=192.0.2.9 "
		 "actions=output:2,output:5\n");
	assert_int_equal(flows.n, 3);
	assert_string_equal(flows.item[0].match, "ip,in_port=1,nw_src=10.0.0.0/25");
	assert_string_equal(flows.item[0].key, "in_port=1,ip,nw_src=10.0.0.0/25");
	assert_int_equal(daisy_cookie_owner(flows.item[0].cookie), 1);
	assert_int_equal(flows.item[1].priority, 0);
	assert_string_equal(flows.item[1].match, "");
	assert_int_equal(flows.item[2].table, 3);
	assert_int_equal(flows.item[2].priority, 32768);
	assert_string_equal(flows.item[2].actions, "output:2,output:5,idle_timeout=60,send_flow_rem");
	daisy_flows_clean(&flows);
	assert_int_equal(daisy_flows_read(&flows, " n_packets=0\n", 13), -EPROTO);
	assert_string_equal(daisy_error(), "the switch's rules cannot be read: \" n_packets=0\"");
	daisy_flows_clean(&flows);
}

struct row {
	const char *title;
	const char *had;	/* in the switch, in the place of rules of ONE */
	const char *bundle;	/* what changes, but for additions; NULL: refused with `error` */
	const char *error;
};

#define NW "ip,nw_dst=203.0.113.10"

static const struct row rows[] = {
	{ "the same rule with another epoch stays, parts in any order",
	  " cookie=0xda15040001000007, priority=3000,nw_dst=203.0.113.10,ip " TO_A "\n", "", NULL },
	{ "a rule with other actions is replaced, with the next epoch",
	  " cookie=0xda15040001000007, priority=3000," NW " actions=drop\n",
	  "add cookie=0xda15040001000008,table=0,priority=3000," NW "," TO_A "\n", NULL },
	{ "a rule with a timeout is replaced",
	  " cookie=0xda15040001000001, idle_timeout=9, priority=3000," NW " " TO_A "\n",
	  "add cookie=0xda15040001000002,table=0,priority=3000," NW "," TO_A "\n", NULL },
	{ "a rule of another box is replaced",
	  " cookie=0xda15040002000001, priority=3000," NW " " TO_A "\n",
	  "add cookie=0xda15040001000002,table=0,priority=3000," NW "," TO_A "\n", NULL },
	{ "a rule that nobody wants is removed, by its cookie",
	  " cookie=0xda15040001000003, table=2, priority=9,arp actions=drop\n",
	  "delete_strict cookie=0xda15040001000003/-1,table=2,priority=9,arp\n", NULL },
	{ "a rule of ours without any match is removed",
	  " cookie=0xda15000000000000, priority=9 actions=drop\n",
	  "delete_strict cookie=0xda15000000000000/-1,table=0,priority=9\n", NULL },
	{ "a rule of others stays", " cookie=0xda14ffffffffffff, priority=9,arp actions=drop\n", "", NULL },
	{ "a rule of others in our place is an error",
	  " cookie=0x1, priority=3000," NW " actions=drop\n", NULL,
	  "t.yaml:7: somebody else's rule (cookie 0x1) stands in the switch where this line needs one: "
	  "\"priority=3000," NW " actions=drop\"" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* A bundle's lines but the additions of epoch 1. */
static void strip_additions(char *text)
{
	char *out = text;

	for (char *line = text; *line;) {
		size_t len = strcspn(line, "\n") + 1;
		bool first = !strncmp(line, "add ", 4) && !strncmp(line + 23, "000001,", 7);

		if (!first) {
			memmove(out, line, len);
			out += len;
		}
		line += len;
	}
	*out = '\0';
}

static void bundle_of(void **state)
{
	const struct row *row = *state;
	struct daisy_inventory *inv = inventory(ONE);
	struct daisy_flows wanted = { 0 }, had;
	struct daisy_diff diff;
	char *text;

	daisy_steering(inv, &wanted);
	flows_of(&had, row->had);
	if (!row->bundle) {
		assert_int_equal(daisy_diff(inv, &wanted, &had, &diff), -EEXIST);
		assert_string_equal(daisy_error(), row->error);
	} else {
		assert_int_equal(daisy_diff(inv, &wanted, &had, &diff), 0);
		text = daisy_bundle_text(&diff);
		strip_additions(text);
		assert_string_equal(text, row->bundle);
		free(text);
		daisy_diff_clean(&diff);
	}
	daisy_flows_clean(&had);
	daisy_flows_clean(&wanted);
	daisy_inventory_free(inv);
}

static void refusal_is_found(void **state)
{
	static const char said[] = "2026-11-21T17:18:35Z|00001|vconn|WARN|Error of something\n"
		"Error OFPFMFC_TABLE_FULL for: OFPT_FLOW_MOD (OF1.4) (xid=0x7): ADD priority=3000," NW
		" cookie:0xda15040001000001 " TO_A "\n";
	struct daisy_inventory *inv = inventory(ONE);
	struct daisy_flows wanted = { 0 }, had = { 0 };
	struct daisy_diff diff;

	daisy_steering(inv, &wanted);
	daisy_diff(inv, &wanted, &had, &diff);
	assert_int_equal(daisy_bundle_refused(inv, &diff, said), -EIO);
	assert_string_equal(daisy_error(), "t.yaml:7: the switch refuses rule \"priority=3000," NW " " TO_A
			    "\": OFPFMFC_TABLE_FULL; nothing was changed");
	assert_int_equal(daisy_bundle_refused(inv, &diff, "Error X for: OFPT_HELLO\n"), -ENOENT);
	assert_int_equal(daisy_bundle_refused(inv, &diff, "Error X for: OFPT_FLOW_MOD (OF1.4) (xid=0x7): "
					      "ADD priority=1,ip actions=drop\n"), -ENOENT);
	assert_int_equal(daisy_bundle_refused(inv, &diff, NULL), -ENOENT);
	daisy_diff_clean(&diff);
	daisy_flows_clean(&wanted);
	daisy_inventory_free(inv);
}

static void program_is_run(void **state)
{
	const char *const cat[] = { "cat", NULL };
	const char *const echo[] = { "printf", "%s", "$(id); `id`", NULL };
	const char *const fail[] = { "cat", "/nonexistent", NULL };
	struct daisy_process_result result;

	assert_int_equal(daisy_process_run(cat, "one\ntwo", 7, 5, &result), 0);
	assert_string_equal(result.out, "one\ntwo");
	assert_int_equal(result.status, 0);
	daisy_process_clean(&result);
	assert_int_equal(daisy_process_run(echo, NULL, 0, 5, &result), 0);
	assert_string_equal(result.out, "$(id); `id`");
	daisy_process_clean(&result);
	assert_int_equal(daisy_process_run(fail, NULL, 0, 5, &result), 0);
	assert_int_equal(result.status, 1);
	assert_non_null(strstr(result.err, "/nonexistent"));
	daisy_process_clean(&result);
}

static void program_is_bounded(void **state)
{
	const char *const silent[] = { "sleep", "60", NULL };
	/* Closes its output, and stays. */
	const char *const closed[] = { "sh", "-c", "exec >&- 2>&-; exec sleep 60", NULL };
	const char *const endless[] = { "yes", NULL };
	const char *const none[] = { "no-such-program-here", NULL };
	struct daisy_process_result result;

	assert_int_equal(daisy_process_run(silent, NULL, 0, 1, &result), -ETIMEDOUT);
	assert_string_equal(daisy_error(), "no answer within 1 s");
	assert_int_equal(result.status, 128 + 9);
	daisy_process_clean(&result);
	assert_int_equal(daisy_process_run(closed, NULL, 0, 1, &result), 0);
	assert_int_equal(result.status, 128 + 9);
	daisy_process_clean(&result);
	assert_int_equal(daisy_process_run(endless, NULL, 0, 60, &result), -EFBIG);
	daisy_process_clean(&result);
	assert_int_equal(daisy_process_run(none, NULL, 0, 1, &result), -ENOENT);
	assert_string_equal(daisy_error(), "cannot run no-such-program-here: No such file or directory");
	daisy_process_clean(&result);
}

#define TEST(title, fn) { .name = title, .test_func = fn }

static const struct CMUnitTest others[] = {
	TEST("two boxes, one with one arm, get exactly these rules (D-7, D-9)", rules_of_an_inventory),
	TEST("no two rules of an inventory have one place", no_rule_twice),
	TEST("rules of a switch are read, of others too", dump_is_read),
	TEST("a refused rule is found in what ovs-ofctl says", refusal_is_found),
	TEST("a program gets its arguments and input as they are, without a shell", program_is_run),
	TEST("a program that takes too long, or says too much, is ended", program_is_bounded),
};

#define N_OTHERS (sizeof(others) / sizeof(others[0]))

int main(void)
{
	struct CMUnitTest tests[N_ROWS + N_OTHERS];

	for (size_t i = 0; i < N_ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].title, .test_func = bundle_of,
						.initial_state = (void *)&rows[i] };
	memcpy(tests + N_ROWS, others, sizeof(others));
	return _cmocka_run_group_tests("steering", tests, N_ROWS + N_OTHERS, NULL, NULL);
}
