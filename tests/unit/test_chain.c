/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains: every operator of expressions and every element, both as the reference
 * runs them and as the compiler sees them; what is refused, word for word; random
 * expressions and chains; the proof, with a fault planted.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib-c/rng.h"
#include "lib/error.h"
#include "snf/element.h"
#include "snf/expr.h"
#include "snf/interpreter.h"
#include "snf/proof.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* Packets for the tables, by letter. */
static const struct {
	char letter;
	struct daisy_header header;
} packets[] = {
#define PACKET(l, s, d, p, sp, dp, ttl, ...) \
	{ l, { .value = { [FIELD_SRC] = s, [FIELD_DST] = d, [FIELD_PROTO] = p, [FIELD_SPORT] = sp, \
			  [FIELD_DPORT] = dp, [FIELD_TTL] = ttl, __VA_ARGS__ } } }
	PACKET('a', IP(10, 0, 0, 1), IP(192, 0, 2, 1), 6, 1000, 80, 64, [FIELD_TCP_FLAGS] = 0x02),
	PACKET('b', IP(10, 0, 0, 1), IP(192, 0, 2, 1), 17, 1000, 53, 64, [FIELD_DSCP] = 46),
	PACKET('c', IP(192, 0, 2, 1), IP(10, 0, 0, 1), 6, 80, 1000, 64, [FIELD_TCP_FLAGS] = 0x12),
	PACKET('d', IP(172, 16, 0, 9), IP(172, 16, 0, 9), 1, 0, 0, 64, [FIELD_ICMP_TYPE] = 8),
	PACKET('e', IP(172, 16, 0, 9), IP(10, 255, 255, 255), 1, 0, 0, 64, [FIELD_ICMP_TYPE] = 3,
	       [FIELD_ICMP_CODE] = 4),
	PACKET('f', IP(10, 0, 0, 1), IP(192, 0, 2, 1), 6, 1000, 80, 64, [FIELD_FRAG] = FRAGMENT_LATER),
	PACKET('g', IP(10, 0, 0, 1), IP(192, 0, 2, 1), 17, 1000, 80, 64, [FIELD_FRAG] = FRAGMENT_FIRST),
	PACKET('h', IP(0, 0, 0, 0), IP(255, 255, 255, 255), 47, 80, 80, 1, [FIELD_ECN] = 0),
	PACKET('i', IP(8, 8, 8, 8), IP(9, 9, 9, 9), 6, 80, 80, 2, [FIELD_ECN] = 3),
#undef PACKET
};

#define N_PACKETS (sizeof(packets) / sizeof(packets[0]))

/* Expression, and the packets that it has. */
static const struct {
	const char *text;
	const char *have;
} expressions[] = {
	{ "all", "abcdefghi" }, { "any", "abcdefghi" }, { "true", "abcdefghi" }, { "-", "abcdefghi" },
	{ "", "abcdefghi" }, { "ip", "abcdefghi" }, { "none", "" }, { "false", "" },
	{ "src host 10.0.0.1", "abfg" }, { "dst host 10.0.0.1", "c" }, { "host 10.0.0.1", "abcfg" },
	{ "src or dst host 10.0.0.1", "abcfg" }, { "src and dst host 172.16.0.9", "d" },
	{ "src 10.0.0.1", "abfg" }, { "10.0.0.1", "abcfg" }, { "src != 10.0.0.1", "cdehi" },
	{ "src net 10.0.0.0/8", "abfg" }, { "dst net 10/8", "ce" }, { "net 10.0.0.0/8", "abcefg" },
	{ "dst net 10.0.0.0 mask 255.0.0.0", "ce" }, { "dst net 10.0.0.0/255.0.0.0", "ce" },
	{ "src net 0.0.0.0/0", "abcdefghi" }, { "src net != 10.0.0.0/8", "cdehi" },
	{ "port 80", "acgi" }, { "src port 80", "ci" }, { "dst port 80", "agi" },
	{ "src and dst port 80", "i" }, { "tcp port 80", "aci" }, { "udp dst port 80", "g" },
	{ "dst tcp port 80", "ai" }, { "dst port 79-80", "agi" }, { "dst port 81:1000", "c" },
	{ "dst port > 80", "c" }, { "dst port >= 80", "acgi" }, { "dst port < 80", "b" },
	{ "dst port <= 53", "b" }, { "dst port == 80", "agi" }, { "dst port = 80", "agi" },
	{ "dst port != 80", "bc" }, { "dst port > 65535", "" }, { "dst port < 0", "" },
	{ "dst port www", "agi" }, { "dst port domain", "b" }, { "dst port 80 or 53", "abgi" },
	{ "dst port 0x50", "agi" },
	{ "tcp", "acfi" }, { "udp", "bg" }, { "icmp", "de" }, { "gre", "h" }, { "ip proto 6", "acfi" },
	{ "proto tcp", "acfi" }, { "ip proto tcp or udp", "abcfgi" }, { "ip proto != 6", "bdegh" },
	{ "ip proto > 17", "h" },
	{ "tcp opt syn", "ac" }, { "tcp opt ack", "c" }, { "tcp opt syn && !(tcp opt ack)", "a" },
	{ "tcp and not tcp opt syn", "fi" },
	{ "icmp type 8", "d" }, { "icmp type echo", "d" }, { "icmp type 0-3", "e" },
	{ "icmp type unreachable and icmp code 4", "e" }, { "icmp code 0", "d" },
	{ "ip dscp 46", "b" }, { "ip tos 184", "b" }, { "ip tos != 184", "acdefghi" }, { "ip ecn 3", "i" },
	{ "ip ce", "i" }, { "ip ect", "i" }, { "ip ttl 64", "abcdefg" }, { "ip ttl < 2", "h" },
	{ "ip frag", "fg" }, { "ip unfrag", "abcdehi" }, { "not ip frag", "abcdehi" },
	{ "not tcp", "bdegh" }, { "! tcp", "bdegh" }, { "!!tcp", "acfi" }, { "not not tcp", "acfi" },
	{ "tcp and src net 10/8 or udp and dst port 53", "abf" },
	{ "tcp and (src net 10/8 or udp)", "af" }, { "tcp && src net 10/8 || udp && dst port 53", "abf" },
	{ "not (tcp or udp)", "deh" }, { "not (tcp and dst port 80)", "bcdefgh" },
	{ "not dst port 80", "bcdefh" }, { "((tcp))", "acfi" },
	{ "tcp /* all */ and /" "/ of it\n src net 10/8", "af" },
};

static void open_chain(struct daisy_chain *chain)
{
	assert_int_equal(daisy_chain_init(chain), 0);
}

static struct daisy_cursor cursor_of(struct daisy_source *source, const char *text)
{
	*source = (struct daisy_source){ .name = "test", .text = text, .size = strlen(text) };
	return (struct daisy_cursor){ source, text, text + strlen(text) };
}

static bool in_filters(const struct daisy_chain *chain, const struct daisy_filters *filters,
		       const struct daisy_header *header)
{
	for (size_t i = 0; i < filters->n; i++)
		if (daisy_filter_has(&chain->sets, &filters->filters[i], header))
			return true;
	return false;
}

/* The packets that an expression has, by evaluation and by its filters. */
static void collect(const char *text, char by_eval[N_PACKETS + 1], char by_filters[N_PACKETS + 1])
{
	struct daisy_chain chain;
	struct daisy_source source;
	struct daisy_filters filters;
	const struct daisy_expr *expr;
	size_t n = 0, m = 0;

	open_chain(&chain);
	expr = daisy_expr_parse(&chain, cursor_of(&source, text));
	if (!expr)
		fail_msg("\"%s\": %s", text, daisy_error());
	assert_int_equal(daisy_expr_filters(&chain, expr, (struct daisy_place){ &source, text }, &filters), 0);
	for (size_t i = 0; i < N_PACKETS; i++) {
		if (daisy_expr_eval(expr, &packets[i].header))
			by_eval[n++] = packets[i].letter;
		if (in_filters(&chain, &filters, &packets[i].header))
			by_filters[m++] = packets[i].letter;
	}
	by_eval[n] = by_filters[m] = '\0';
	daisy_chain_clean(&chain);
}

static void test_expressions(void **state)
{
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		char by_eval[N_PACKETS + 1], by_filters[N_PACKETS + 1];
		const char *have = expressions[i].have;

		collect(expressions[i].text, by_eval, by_filters);
		if (strcmp(by_eval, have) || strcmp(by_filters, have))
			fail_msg("\"%s\": wanted %s, evaluated %s, filters %s", expressions[i].text, have, by_eval,
				 by_filters);
	}
}

/* A random expression as text. */
static void put_random(struct rng *rng, char *text, size_t size, unsigned int depth)
{
	static const char *const leaves[] = {
		"tcp", "udp", "icmp", "src net 10.0.0.0/8", "dst net 192.0.2.0/24", "dst port 80",
		"src port < 1000", "port 53-80", "tcp opt syn", "icmp type 8", "ip ttl < 3", "ip frag",
		"ip dscp 46", "host 10.0.0.1", "net 172.16.0.0/12", "dst port != 80", "ip ect", "none",
	};
	size_t n = strlen(text);

	if (!depth || !rng_below(rng, 4)) {
		snprintf(text + n, size - n, "%s", leaves[rng_below(rng, sizeof(leaves) / sizeof(leaves[0]))]);
		return;
	}
	snprintf(text + n, size - n, "%s(", rng_below(rng, 3) ? "" : "not ");
	put_random(rng, text, size, depth - 1);
	n = strlen(text);
	snprintf(text + n, size - n, "%s", rng_below(rng, 2) ? " and " : " or ");
	put_random(rng, text, size, depth - 1);
	n = strlen(text);
	snprintf(text + n, size - n, ")");
}

static void random_header(struct rng *rng, struct daisy_header *header)
{
	static const uint32_t addresses[] = { IP(10, 0, 0, 0), IP(10, 0, 0, 1), IP(9, 255, 255, 255),
					      IP(10, 255, 255, 255), IP(11, 0, 0, 0), IP(192, 0, 2, 0),
					      IP(192, 0, 2, 255), IP(192, 0, 3, 0), IP(172, 15, 255, 255),
					      IP(172, 16, 0, 0), IP(172, 31, 255, 255), IP(172, 32, 0, 0),
					      0, UINT32_MAX };
	static const uint32_t ports[] = { 0, 52, 53, 54, 79, 80, 81, 999, 1000, 65535 };
	static const uint32_t protocols[] = { 0, 1, 6, 17, 47, 255 };

	*header = (struct daisy_header){ 0 };
	header->value[FIELD_SRC] = addresses[rng_below(rng, 14)];
	header->value[FIELD_DST] = addresses[rng_below(rng, 14)];
	header->value[FIELD_PROTO] = protocols[rng_below(rng, 6)];
	header->value[FIELD_SPORT] = ports[rng_below(rng, 10)];
	header->value[FIELD_DPORT] = ports[rng_below(rng, 10)];
	header->value[FIELD_TCP_FLAGS] = rng_below(rng, 256);
	header->value[FIELD_ICMP_TYPE] = 7 + rng_below(rng, 3);
	header->value[FIELD_DSCP] = 45 + rng_below(rng, 3);
	header->value[FIELD_ECN] = rng_below(rng, 4);
	header->value[FIELD_TTL] = rng_below(rng, 5);
	header->value[FIELD_FRAG] = rng_below(rng, 3);
}

static void test_random_expressions(void **state)
{
	struct rng rng = { 0xda15 };

	for (int i = 0; i < 400; i++) {
		char text[4096] = "";
		struct daisy_chain chain;
		struct daisy_source source;
		struct daisy_filters filters;
		const struct daisy_expr *expr;

		open_chain(&chain);
		put_random(&rng, text, sizeof(text), 4);
		expr = daisy_expr_parse(&chain, cursor_of(&source, text));
		assert_non_null(expr);
		if (daisy_expr_filters(&chain, expr, (struct daisy_place){ &source, text }, &filters)) {
			assert_non_null(strstr(daisy_error(), "takes more than 1024 filters"));
			daisy_chain_clean(&chain);
			continue;
		}
		for (int k = 0; k < 300; k++) {
			struct daisy_header header;

			random_header(&rng, &header);
			if (daisy_expr_eval(expr, &header) != in_filters(&chain, &filters, &header))
				fail_msg("\"%s\": evaluation and filters differ", text);
		}
		daisy_chain_clean(&chain);
	}
}

/* A chain, a packet, and what becomes of it: the words of its class. */
static const struct {
	const char *text;
	char packet;
	const char *outcome;
} elements[] = {
	{ "FromDevice(x) -> ToDevice(y);", 'a', "to nf[y]" },
	{ "FromDPDKDevice(0) -> ToDPDKDevice(1);", 'a', "to nf[1]" },
	{ "PollDevice(\"x-1\", 1) -> ToDevice(\"y-1\");", 'a', "to nf[y-1]" },
	{ "FromDevice(x) -> Discard;", 'a', "drop" },
	{ "FromDevice(x) -> Idle;", 'a', "drop" },
	{ "FromDevice(x) -> Strip(14) -> MarkIPHeader -> CheckIPHeader -> Unstrip(14) -> ToDevice(y);", 'a',
	  "to nf[y]" },
	{ "FromDevice(x) -> c :: CheckIPHeader; c[0] -> ToDevice(y); c[1] -> Discard;", 'a', "to nf[y]" },
	{ "FromDevice(x) -> Queue(100) -> Unqueue -> ThreadSafeQueue -> Counter -> SetIPChecksum -> ToDevice(y);",
	  'a', "to nf[y]" },
	{ "FromDevice(x) -> DecIPTTL -> DecIPTTL -> ToDevice(y);", 'a', "to nf[y], ttl - 2" },
	{ "FromDevice(x) -> DecIPTTL -> ToDevice(y);", 'h', "drop" },
	{ "FromDevice(x) -> DecIPTTL -> ToDevice(y);", 'i', "to nf[y], ttl - 1" },
	{ "FromDevice(x) -> DecIPTTL -> DecIPTTL -> ToDevice(y);", 'i', "drop" },
	{ "FromDevice(x) -> d :: DecIPTTL -> ToDevice(y); d[1] -> ToDevice(z);", 'h', "to nf[z]" },
	{ "FromDevice(x) -> SetIPDSCP(10) -> SetIPDSCP(0x0b) -> ToDevice(y);", 'a', "to nf[y], dscp = 11" },
	{ "FromDevice(x) -> SetIPDSCP(10) -> f :: IPFilter(allow ip dscp 10) -> ToDevice(y);", 'b',
	  "to nf[y], dscp = 10" },
	{ "FromDevice(x) -> SetIPAddress(1.2.3.4) -> ToDevice(y);", 'a', "to nf[y], next-hop = 1.2.3.4" },
	{ "FromDevice(x) -> StoreIPAddress(1.2.3.4, src) -> StoreIPAddress(5.6.7.8, 16) -> ToDevice(y);", 'a',
	  "to nf[y], src = 1.2.3.4, dst = 5.6.7.8" },
	{ "FromDevice(x) -> StoreIPAddress(1.2.3.4, dst) -> r :: StaticIPLookup(1.0.0.0/8 0, 0/0 1) -> ToDevice(y);"
	  "r[1] -> Discard;", 'a', "to nf[y], dst = 1.2.3.4" },
	{ "FromDevice(x) -> EtherEncap(0x0800, 02:00:00:00:00:01, 02:00:00:00:00:FF) -> ToDevice(y);", 'a',
	  "to nf[y], ether-type = 2048, ether-src = 02:00:00:00:00:01, ether-dst = 02:00:00:00:00:ff" },
	{ "FromDevice(x) -> EtherRewrite(02:00:00:00:00:01, 02:00:00:00:00:02) -> ToDevice(y);", 'a',
	  "to nf[y], ether-src = 02:00:00:00:00:01, ether-dst = 02:00:00:00:00:02" },
	{ "FromDevice(x) -> Paint(1) -> p :: PaintSwitch; p[0] -> Discard; p[1] -> ToDevice(y);", 'a', "to nf[y]" },
	{ "FromDevice(x) -> p :: PaintSwitch; p[0] -> Discard; p[1] -> ToDevice(y);", 'a', "drop" },
	{ "FromDevice(x) -> Paint(2) -> p :: PaintSwitch; p[0] -> Discard; p[1] -> ToDevice(y);", 'a', "drop" },
	{ "FromDevice(x) -> c :: Classifier(12/0806 20/0001, 12/0800, -); c[0] -> Discard; c[1] -> ToDevice(y);"
	  "c[2] -> Discard;", 'a', "to nf[y]" },
	{ "FromDevice(x) -> Classifier(12/0806) -> ToDevice(y);", 'a', "drop" },
	{ "FromDevice(x) -> c :: IPClassifier(udp, tcp, -); c[0] -> Discard; c[1] -> ToDevice(y); c[2] -> Discard;",
	  'a', "to nf[y]" },
	{ "FromDevice(x) -> IPClassifier(udp) -> ToDevice(y);", 'a', "drop" },
	{ "FromDevice(x) -> f :: IPFilter(1 udp, deny tcp, 0 all) -> ToDevice(y); f[1] -> ToDevice(z);", 'b',
	  "to nf[z]" },
	{ "FromDevice(x) -> f :: IPFilter(1 udp, deny tcp, 0 all) -> ToDevice(y); f[1] -> ToDevice(z);", 'a', "drop" },
	{ "FromDevice(x) -> f :: IPFilter(1 udp, deny tcp, 0 all) -> ToDevice(y); f[1] -> ToDevice(z);", 'd',
	  "to nf[y]" },
	{ "FromDevice(x) -> IPFilter(drop all) -> ToDevice(y);", 'a', "drop" },
	{ "FromDevice(x) -> r :: RadixIPLookup(192.0.0.0/8 0, 192.0.2.0/24 1.1.1.1 1, 192.0.2.1/32 1); r[0] -> Discard;"
	  "r[1] -> ToDevice(y);", 'a', "to nf[y]" },
	{ "FromDevice(x) -> r :: LinearIPLookup(192.0.0.0/8 0, 192.0.2.0/24 1.1.1.1 1); r[0] -> Discard;"
	  "r[1] -> ToDevice(y);", 'a', "to nf[y], next-hop = 1.1.1.1" },
	{ "FromDevice(x) -> StaticIPLookup(192.0.3.0/24 - 0) -> ToDevice(y);", 'a', "drop" },
	{ "elementclass C { $d, $s | input -> SetIPDSCP($d) -> StoreIPAddress(${s}, src) -> output }"
	  "FromDevice(x) -> C(5, 9.9.9.9) -> ToDevice(y);", 'a', "to nf[y], src = 9.9.9.9, dscp = 5" },
	{ "elementclass C { input[1] -> [0]output; input[0] -> [1]output }"
	  "FromDevice(x) -> c :: C; c[1] -> ToDevice(y); c[0] -> ToDevice(z); Idle2 :: Idle;"
	  "FromDevice(w) -> [1]c;", 'a', "to nf[y]" },
	{ "a, b :: DecIPTTL; FromDevice(x) -> a -> b -> { input -> DecIPTTL -> output } -> ToDevice(y);", 'a',
	  "to nf[y], ttl - 3" },
	{ "require(package \"x\"); /* all */ FromDevice(x) /" "/ in\n -> y :: ToDevice(y);", 'a', "to nf[y]" },
};

static const struct daisy_header *packet_of(char letter)
{
	for (size_t i = 0; i < N_PACKETS; i++)
		if (packets[i].letter == letter)
			return &packets[i].header;
	return NULL;
}

static void load_text(struct daisy_chain *chain, const char *text)
{
	open_chain(chain);
	if (daisy_chain_parse(chain, "test", text, strlen(text)) || daisy_compile(chain))
		fail_msg("%s: %s", text, daisy_error());
}

static void test_elements(void **state)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		const struct daisy_header *header = packet_of(elements[i].packet);
		const struct daisy_class *class;
		struct daisy_outcome outcome;
		struct daisy_chain chain;
		struct daisy_header by_class = *header;

		load_text(&chain, elements[i].text);
		class = daisy_compiled_class(&chain, 0, header);
		daisy_interpreter_run(&chain, &chain.entries[0], header, &outcome);
		assert_string_equal(class->text, elements[i].outcome);
		assert_int_equal(class->id, outcome.class);
		assert_int_equal(class->end, outcome.end);
		daisy_operation_run(&class->operation, &by_class);
		for (int f = 0; class->end != DAISY_NOWHERE && f < N_FIELDS; f++)
			if (f != FIELD_PAINT)
				assert_int_equal(by_class.value[f], outcome.header.value[f]);
		daisy_chain_clean(&chain);
	}
}

/* Text that is refused, and how. */
static const struct {
	const char *text;
	const char *error;
} refused[] = {
	{ "", "test:1:1: packets enter nowhere, expected \"entry [INTERFACE]FUNCTION;\" or a FromDevice" },
	{ "FromDevice(x) -> Foo -> ToDevice(y);",
	  "test:1:18: expected an element that is declared, or a class of daisy-chain(8), not \"Foo\"" },
	{ "FromDevice(x) -> Tee -> ToDevice(y);",
	  "test:1:18: \"Tee\" cannot be in a chain: it copies packets, and a packet has one class" },
	{ "FromDevice(x);", "test:1:1: output 0 of \"nf/FromDevice@1\" (FromDevice) is not connected" },
	{ "FromDevice(x) -> ToDevice(y); DecIPTTL -> Discard;",
	  "test:1:31: input 0 of \"nf/DecIPTTL@3\" (DecIPTTL) is not connected" },
	{ "f :: FromDevice(x); f -> ToDevice(y); f -> Discard;",
	  "test:1:39: output 0 of \"nf/f\" is used twice, expected one connection from each output" },
	{ "FromDevice(x) -> [1]DecIPTTL -> ToDevice(y);",
	  "test:1:21: input 0 of \"nf/DecIPTTL@2\" (DecIPTTL) is not connected" },
	{ "FromDevice(x) -> d :: DecIPTTL -> ToDevice(y); d[2] -> Discard;",
	  "test:1:23: output 1 of \"nf/d\" (DecIPTTL) is not connected" },
	{ "FromDevice(x) -> c :: Counter -> ToDevice(y); c[1] -> Discard;",
	  "test:1:23: \"nf/c\" (Counter) has no output 1, expected at most 1 outputs" },
	{ "a :: Counter; b :: Counter; a -> b -> a; FromDevice(x) -> Discard;",
	  "test:1:6: \"nf/a\" is in a cycle: output 0 of \"nf/b\" leads back to it" },
	{ "FromDevice(x) -> Discard; a :: Idle; a :: Idle;", "test:1:38: \"a\" is declared twice" },
	{ "FromDevice(x) -> Discard; FromDevice(x) -> Discard;",
	  "test:1:27: FromDevice(x) is there twice in function \"nf\"" },
	{ "FromDevice(x) -> IPFilter(pass all) -> ToDevice(y);",
	  "test:1:27: expected allow, drop, deny or the number of an output, not \"pass\"" },
	{ "FromDevice(x) -> IPFilter(allow src) -> ToDevice(y);",
	  "test:1:36: expected host, net or port and its value, not the end" },
	{ "FromDevice(x) -> IPFilter(allow dst port 65536) -> ToDevice(y);",
	  "test:1:42: expected a port (0-65535), not \"65536\"" },
	{ "FromDevice(x) -> IPFilter(allow src net 10.0.0.0/33) -> ToDevice(y);",
	  "test:1:41: expected an IPv4 prefix such as 10.0.0.0/8, not \"10.0.0.0/33\"" },
	{ "FromDevice(x) -> IPFilter(allow icmp port 80) -> ToDevice(y);",
	  "test:1:43: expected tcp or udp before a port, not \"80\"" },
	{ "FromDevice(x) -> IPFilter(allow (tcp) -> ToDevice(y);",
	  "test:1:26: the configuration has no end, expected ')'" },
	{ "FromDevice(x) -> IPFilter(allow tcp udp) -> ToDevice(y);",
	  "test:1:37: expected \"and\", \"or\" or the end of the expression, not \"udp\"" },
	{ "FromDevice(x) -> IPFilter(allow dst port 90-80) -> ToDevice(y);",
	  "test:1:47: the range ends before it begins" },
	{ "FromDevice(x) -> StaticIPLookup(10.0.0.0/8 0, 10.1.0.0/8 0) -> ToDevice(y);",
	  "test:1:47: there are two routes for this prefix" },
	{ "FromDevice(x) -> StaticIPLookup(10.0.0.0/8) -> ToDevice(y);",
	  "test:1:43: expected the number of an output (0-1023), not the end" },
	{ "FromDevice(x) -> Strip(4) -> ToDevice(y);",
	  "test:1:18: 4 bytes are no header of a chain, expected 14: Ethernet's" },
	{ "FromDevice(x) -> SetIPDSCP(64) -> ToDevice(y);", "test:1:28: expected dscp (0-63), not \"64\"" },
	{ "FromDevice(x) -> EtherRewrite(1, 2) -> ToDevice(y);",
	  "test:1:31: expected an Ethernet address, not \"1\"" },
	{ "FromDevice(x) -> Classifier(30/0050) -> ToDevice(y);",
	  "test:1:29: expected the Ethernet type (12/0800), or an IPClassifier for what stands behind it" },
	{ "FromDevice(x) -> StoreIPAddress(1.2.3.4, 3) -> ToDevice(y);", "test:1:42: expected src or dst" },
	{ "FromDevice(x) -> Paint -> ToDevice(y);",
	  "test:1:18: \"Paint\" has 0 arguments, expected a colour" },
	{ "FromDevice(x) = ToDevice(y);", "test:1:15: the character '=' means nothing here" },
	{ "FromDevice(x) -> ToDevice(y) FromDevice(z);", "test:1:30: expected ';', not \"FromDevice\"" },
	{ "elementclass A { input -> A -> output } FromDevice(x) -> A -> ToDevice(y);",
	  "test:1:27: more than 16 compound elements in each other" },
	{ "elementclass A { $a | input -> Paint($a) -> output } FromDevice(x) -> A -> ToDevice(y);",
	  "test:1:71: parameter 1 of the compound element is missing" },
	{ "elementclass A { input -> output } FromDevice(x) -> A(1) -> ToDevice(y);",
	  "test:1:53: 1 arguments are given, the compound element takes 0" },
	{ "elementclass A { input -> output FromDevice(x) -> A -> ToDevice(y);",
	  "test:1:68: expected '}', not the end" },
	{ "elementclass A { $a | input -> Paint($a) -> output } FromDevice(x) -> A(red) -> ToDevice(y);",
	  "test:1:38: expected paint (0-255), not \"red\"" },
	{ "function f \"other.click\"", "test:1:12: no other file can be named here, expected '{'" },
	{ "function f { } function f { }", "test:1:25: function \"f\" is declared twice" },
	{ "function f { } entry [x]g;", "test:1:25: expected a function, not \"g\"" },
	{ "function f { \"", "test:1:14: the string has no end, expected '\"'" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct daisy_chain chain;
		const char *text = refused[i].text;
		int err;

		open_chain(&chain);
		err = daisy_chain_parse(&chain, "test", text, strlen(text));
		if (!err)
			err = daisy_compile(&chain);
		if (!err || strcmp(daisy_error(), refused[i].error))
			fail_msg("%s\n  wanted: %s\n  got:    %s", text, refused[i].error,
				 err ? daisy_error() : "(accepted)");
		daisy_chain_clean(&chain);
	}
}

/* Functions one behind the other, each a random filter, lookup or change. */
static void put_chain(struct rng *rng, char *text, size_t size)
{
	unsigned int n = 1 + rng_below(rng, 4);

	*text = '\0';
	for (unsigned int i = 0; i < n; i++) {
		size_t at = strlen(text);

		snprintf(text + at, size - at, "function f%u { FromDevice(a) -> Strip(14) -> ", i);
		at = strlen(text);
		switch (rng_below(rng, 4)) {
		case 0:
			snprintf(text + at, size - at, "f :: IPFilter(");
			for (int k = 0; k < 4; k++) {
				at = strlen(text);
				snprintf(text + at, size - at, "%s%s ", k ? ", " : "",
					 rng_below(rng, 2) ? "allow" : "1");
				put_random(rng, text, size, 2);
			}
			at = strlen(text);
			snprintf(text + at, size - at, ", 0 none, 1 none); "
				 "f[1] -> SetIPDSCP(%u) -> q :: Queue; f -> q; q", rng_below(rng, 64));
			break;
		case 1:
			snprintf(text + at, size - at, "r :: StaticIPLookup(10.0.0.0/8 0, 10.0.0.0/24 1.1.1.%u 1, "
				 "192.0.2.0/24 1); r[1] -> StoreIPAddress(10.0.0.%u, dst) -> q :: Queue; r -> q; q",
				 rng_below(rng, 9), rng_below(rng, 9));
			break;
		case 2:
			snprintf(text + at, size - at, "d :: DecIPTTL -> q :: Queue; d[1] -> Paint(1) -> q; "
				 "q -> p :: PaintSwitch; p[0] -> o :: Counter; p[1] -> SetIPDSCP(1) -> o; o");
			break;
		default:
			snprintf(text + at, size - at, "DecIPTTL -> SetIPDSCP(%u)", rng_below(rng, 64));
		}
		at = strlen(text);
		snprintf(text + at, size - at, " -> ToDevice(b) }\n");
	}
	for (unsigned int i = 0; i < n; i++) {
		size_t at = strlen(text);

		if (!i)
			snprintf(text + at, size - at, "entry [a]f0;\n");
		else
			snprintf(text + at, size - at, "f%u[b] -> [a]f%u;\n", i - 1, i);
	}
}

static void test_random_chains(void **state)
{
	struct rng rng = { 0xc4a1 };

	for (int i = 0; i < 200; i++) {
		static char text[65536];
		struct daisy_chain chain;
		struct daisy_proof proof;

		put_chain(&rng, text, sizeof(text));
		load_text(&chain, text);
		if (daisy_proof_check(&chain, &chain.compiled->classifiers[0], &proof))
			fail_msg("%s: %s", text, daisy_error());
		for (int k = 0; k < 300; k++) {
			const struct daisy_class *class;
			struct daisy_outcome outcome;
			struct daisy_header header;

			random_header(&rng, &header);
			class = daisy_compiled_class(&chain, 0, &header);
			daisy_interpreter_run(&chain, &chain.entries[0], &header, &outcome);
			if (class->id != outcome.class || class->end != outcome.end)
				fail_msg("%s: class %08x (%s), as written %08x", text, class->id, class->text,
					 outcome.class);
		}
		daisy_chain_clean(&chain);
	}
}

static const char forty[] = "FromDevice(x) -> IPFilter(allow dst port 1 && dst net 10/8, deny dst port 2, allow udp "
	"&& src port 3, deny dst port 4, allow tcp && src net 11/8, deny dst port 6, allow src port 7 and dst net 12/8,"
	"deny src net 13/8, allow dst net 14/8, deny dst port 10, allow dst port 12, deny src port 14) -> ToDevice(y);";

/* Take filters away or tear the tree: the proof finds a packet that shows it. */
static void test_proof(void **state)
{
	struct daisy_classifier *c;
	struct daisy_chain chain;
	struct daisy_proof proof;

	load_text(&chain, forty);
	c = &chain.compiled->classifiers[0];
	assert_int_equal(daisy_proof_check(&chain, c, &proof), 0);
	assert_true(proof.n_regions > 1);
	assert_int_equal(c->tree->nodes[0].field < N_READ_FIELDS, 1);

	c->tree->nodes[0].cut++;		/* the left part was built without that value */
	assert_int_not_equal(daisy_proof_check(&chain, c, &proof), 0);
	c->tree->nodes[0].cut--;

	c->n_rules--;				/* "everything else" */
	assert_int_equal(daisy_proof_check(&chain, c, &proof), -EDOM);
	assert_memory_equal(daisy_error(), "a packet has no class: src ", 27);
	for (size_t i = 0; i < c->n_rules; i++)
		assert_false(daisy_filter_has(&chain.sets, &c->rules[i].filter, &proof.counter_example));
	daisy_chain_clean(&chain);
}

/* Set operations on every interval pair of a field of two bits. */
static void test_sets(void **state)
{
	struct daisy_chain chain;
	struct daisy_sets *sets = &chain.sets;
	uint32_t by_bits[16];

	open_chain(&chain);
	for (uint32_t bits = 0; bits < 16; bits++) {
		struct daisy_interval in[4];
		size_t n = 0;

		for (uint32_t v = 4; v-- > 0;)
			if (bits >> v & 1)
				in[n++] = (struct daisy_interval){ v, v };
		by_bits[bits] = daisy_set_make(sets, FIELD_ECN, in, n);
	}
	assert_int_equal(by_bits[0], SET_EMPTY);
	assert_int_equal(by_bits[15], SET_FULL);
	for (uint32_t a = 0; a < 16; a++) {
		assert_int_equal(daisy_set_complement(sets, FIELD_ECN, by_bits[a]), by_bits[15 & ~a]);
		for (uint32_t down = 0; down < 6; down++)
			assert_int_equal(daisy_set_raise(sets, FIELD_ECN, by_bits[a], down),
					 by_bits[a << down & 15]);
		for (uint32_t b = 0; b < 16; b++) {
			assert_int_equal(daisy_set_intersect(sets, by_bits[a], by_bits[b]), by_bits[a & b]);
			assert_int_equal(daisy_set_unite(sets, FIELD_ECN, by_bits[a], by_bits[b]), by_bits[a | b]);
		}
		for (uint32_t first = 0; first < 4; first++) {
			for (uint32_t last = first; last < 4; last++) {
				uint32_t range = ((2u << last) - 1) & ~((1u << first) - 1);

				assert_int_equal(daisy_set_meets(sets, by_bits[a], first, last), !!(a & range));
				assert_int_equal(daisy_set_covers(sets, by_bits[a], first, last), (a & range) == range);
			}
		}
	}
	daisy_chain_clean(&chain);
}

#define TEST(function, title) { title, function, NULL, NULL, NULL }

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_sets, "sets of a field: all operations on all sets of four values (S-3)"),
		TEST(test_expressions, "every operator has its packets, evaluated and as filters (S-7)"),
		TEST(test_random_expressions, "400 random expressions: evaluation and filters agree"),
		TEST(test_elements, "every element does to a packet what its class says (S-4, S-5, S-8)"),
		TEST(test_refused, "what is wrong is refused with file, line, column and what was expected"),
		TEST(test_random_chains, "200 random chains: proven, and classes and elements agree (S-10, S-11)"),
		TEST(test_proof, "a classifier with a hole is not proven, and the hole is shown"),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
