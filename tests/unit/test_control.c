/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of the control protocol: what is understood, and in which words the rest is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/request.h"
#include "lib/error.h"

#define REQUEST(object, command, args) \
	"{\"object\":\"" object "\",\"command\":\"" command "\",\"args\":" args "}"

struct refused {
	const char *title;
	const char *line;
	const char *error;
};

static const struct refused refused[] = {
	{ "an empty line of blanks is refused", "   ",
	  "not JSON: '[' or '{' expected near end of file" },
	{ "a word is refused", "mappings", "not JSON: '[' or '{' expected near 'mappings'" },
	{ "an object that does not end is refused", "{\"object\":",
	  "not JSON: unexpected token near end of file" },
	{ "two objects on a line are refused", "{} {}", "not JSON: end of file expected near '{'" },
	{ "a list is refused", "[]",
	  "expected an object such as {\"object\":\"link\",\"command\":\"show\"}" },
	{ "a request without object is refused", "{}", "\"object\" is missing, expected text" },
	{ "an object that is no text is refused", "{\"object\":1,\"command\":\"show\"}",
	  "\"object\" is missing, expected text" },
	{ "a request without command is refused", "{\"object\":\"link\"}",
	  "\"command\" is missing, expected text" },
	{ "an unknown key is refused",
	  "{\"object\":\"link\",\"command\":\"show\",\"arguments\":{}}",
	  "unknown key \"arguments\", expected object, command and args" },
	{ "a key that stands twice is refused",
	  "{\"object\":\"link\",\"object\":\"pool\",\"command\":\"show\"}",
	  "not JSON: duplicate object key near '\"object\"'" },
	{ "arguments that are no object are refused",
	  REQUEST("link", "show", "[\"eth0\"]"),
	  "\"args\" has the wrong type, expected an object" },
	{ "an unknown object is refused and the known ones are named",
	  REQUEST("chain", "show", "{}"),
	  "\"chain\" is not an object, expected one of: link, pool, address, peer, subscriber, mapping, "
	  "stats, monitor, instance, config" },
	{ "an abbreviated object is refused", REQUEST("map", "show", "{}"),
	  "\"map\" is not an object, expected one of: link, pool, address, peer, subscriber, mapping, "
	  "stats, monitor, instance, config" },
	{ "an unknown command is refused and the known ones are named",
	  REQUEST("link", "attach", "{}"),
	  "\"attach\" is not a command of link, expected one of: show, set, confirm, delete" },
	{ "an unknown argument is refused and the known ones are named",
	  REQUEST("pool", "delete", "{\"name\":\"p0\",\"force\":true}"),
	  "\"force\" is not an argument of pool delete, expected one of: name, addresses" },
	{ "an argument where there are none is refused",
	  REQUEST("stats", "show", "{\"all\":true}"),
	  "\"all\" is not an argument of stats show, expected none" },
	{ "a missing argument is refused", REQUEST("link", "set", "{\"side\":\"inside\"}"),
	  "argument \"device\" is missing" },
	{ "a number for a text is refused", REQUEST("link", "show", "{\"device\":1}"),
	  "argument \"device\" has the wrong type, expected text" },
	{ "a text for a number is refused", REQUEST("mapping", "show", "{\"limit\":\"1\"}"),
	  "argument \"limit\" has the wrong type, expected a number from 0 to 4294967295" },
	{ "a negative number is refused", REQUEST("mapping", "show", "{\"limit\":-1}"),
	  "argument \"limit\" has the wrong type, expected a number from 0 to 4294967295" },
	{ "a number beyond 32 bits is refused",
	  REQUEST("mapping", "show", "{\"limit\":4294967296}"),
	  "argument \"limit\" has the wrong type, expected a number from 0 to 4294967295" },
	{ "a fraction is refused", REQUEST("mapping", "show", "{\"zone\":1.5}"),
	  "argument \"zone\" has the wrong type, expected a number from 0 to 4294967295" },
	{ "a number for a switch is refused", REQUEST("mapping", "delete", "{\"all\":1}"),
	  "argument \"all\" has the wrong type, expected true or false" },
	{ "null for a list is refused",
	  REQUEST("pool", "add", "{\"name\":\"p0\",\"addresses\":null}"),
	  "argument \"addresses\" has the wrong type, expected text, a number from 0 to "
	  "4294967295, a list of these" },
	{ "a list within a list is refused",
	  REQUEST("pool", "add", "{\"name\":\"p0\",\"addresses\":[[\"203.0.113.1\"]]}"),
	  "argument \"addresses\" has the wrong type, expected text, a number from 0 to "
	  "4294967295, a list of these" },
	{ "a list as next hop is refused",
	  REQUEST("link", "set", "{\"device\":\"eth0\",\"next_hop\":[]}"),
	  "argument \"next_hop\" has the wrong type, expected text, an object" },
	{ "a NUL within text is refused", REQUEST("link", "show", "{\"device\":\"a\\u0000b\"}"),
	  "not JSON: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"a\\u0000b\"'" },
	{ "text that is not UTF-8 is refused", REQUEST("link", "show", "{\"device\":\"\xff\"}"),
	  "not JSON: unable to decode byte 0xff near '\"'" },
};

#define N_REFUSED (sizeof(refused) / sizeof(refused[0]))

static void is_refused(void **state)
{
	const struct refused *row = *state;
	json_t *args = (void *)-1;

	assert_null(daisy_request_parse(row->line, strlen(row->line), &args));
	assert_null(args);
	assert_string_equal(daisy_error(), row->error);
}

static const struct daisy_verb *parse(const char *line, json_t **args)
{
	const struct daisy_verb *verb = daisy_request_parse(line, strlen(line), args);

	if (!verb)
		fail_msg("refused: %s", daisy_error());
	return verb;
}

static void finds_verb(void **state)
{
	json_t *args;
	const struct daisy_verb *verb = parse(REQUEST("mapping", "show",
		"{\"proto\":\"udp\",\"limit\":100}"), &args);
	const struct daisy_request request = { .args = args };

	assert_string_equal(verb->object, "mapping");
	assert_string_equal(verb->command, "show");
	assert_string_equal(daisy_arg_string(&request, "proto"), "udp");
	assert_int_equal(daisy_arg_number(&request, "limit", 7), 100);
	assert_int_equal(daisy_arg_number(&request, "zone", 7), 7);
	assert_null(daisy_arg_string(&request, "inside"));
	assert_false(daisy_arg_has(&request, "inside"));
	json_decref(args);
}

static void args_left_out(void **state)
{
	json_t *args;

	parse("{\"object\":\"stats\",\"command\":\"show\"}", &args);
	assert_int_equal(json_object_size(args), 0);
	json_decref(args);
}

static void word_is_list(void **state)
{
	char text[16];
	json_t *args;

	parse(REQUEST("pool", "add", "{\"name\":\"p0\",\"addresses\":\"203.0.113.1\","
		      "\"zones\":[3,\"4\"]}"), &args);
	assert_int_equal(json_array_size(json_object_get(args, "addresses")), 1);
	assert_string_equal(daisy_arg_item(json_object_get(args, "addresses"), 0, text),
			    "203.0.113.1");
	assert_string_equal(daisy_arg_item(json_object_get(args, "zones"), 0, text), "3");
	assert_string_equal(daisy_arg_item(json_object_get(args, "zones"), 1, text), "4");
	json_decref(args);
}

static void every_verb(void **state)
{
	for (const struct daisy_verb *verb = daisy_verbs; verb->object; verb++) {
		assert_non_null(verb->command);
		assert_non_null(verb->args);
		assert_non_null(verb->start);
		for (const struct daisy_verb *other = daisy_verbs; other < verb; other++)
			assert_false(!strcmp(other->object, verb->object) &&
				     !strcmp(other->command, verb->command));
	}
}

static void cut_anywhere(void **state)
{
	static const char line[] = REQUEST("link", "set",
		"{\"device\":\"eth0\",\"vlan\":[1,2],\"next_hop\":{\"inside\":\"10.0.0.1\"}}");
	json_t *args;

	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		assert_null(daisy_request_parse(line, len, &args));
		assert_null(args);
		assert_memory_equal(daisy_error(), "not JSON: ", 10);
	}
	assert_non_null(daisy_request_parse(line, sizeof(line) - 1, &args));
	json_decref(args);
}

static void deep_nesting(void **state)
{
	size_t len = DAISY_REQUEST_MAX;
	char *line = malloc(len);
	json_t *args;

	memset(line, '[', len);
	assert_null(daisy_request_parse(line, len, &args));
	assert_memory_equal(daisy_error(), "not JSON: maximum parsing depth reached", 39);
	free(line);
}

static void random_lines(void **state)
{
	static const char alphabet[] = "{}[]\":,\\u0123eE+-.truefalsnl \tobjectcmdargs";
	unsigned int seed = 5382;
	char line[128];
	json_t *args;

	for (int i = 0; i < 100000; i++) {
		size_t len = (size_t)rand_r(&seed) % sizeof(line);

		for (size_t j = 0; j < len; j++)
			line[j] = i & 1 ? (char)rand_r(&seed) :
				alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		assert_null(daisy_request_parse(line, len, &args));
		assert_null(args);
		assert_true(*daisy_error());
	}
}

/* A valid line with some bytes changed: accepted or refused, but never anything else. */
static void mutated_lines(void **state)
{
	static const char line[] = REQUEST("pool", "add",
		"{\"name\":\"p0\",\"addresses\":[\"203.0.113.1\",\"203.0.113.2-203.0.113.9\"],"
		"\"ports\":\"1024-65535\",\"reserved\":[5060,\"6000-7000\"],\"zones\":[0,1],"
		"\"hold_down_s\":30,\"reuse_closed\":true}");
	unsigned int seed = 6888;
	char mutant[sizeof(line)];
	json_t *args;

	for (int i = 0; i < 100000; i++) {
		memcpy(mutant, line, sizeof(line));
		for (int j = rand_r(&seed) % 4; j >= 0; j--)
			mutant[(size_t)rand_r(&seed) % (sizeof(line) - 1)] = (char)rand_r(&seed);
		if (!daisy_request_parse(mutant, sizeof(line) - 1, &args))
			assert_null(args);
		json_decref(args);
	}
}

#define TEST(title, fn) { .name = title, .test_func = fn }

static const struct CMUnitTest others[] = {
	TEST("a request finds its command and its arguments", finds_verb),
	TEST("arguments may be left out", args_left_out),
	TEST("one word stands for a list of one", word_is_list),
	TEST("every command is there once and complete", every_verb),
	TEST("a request cut off at any byte is refused", cut_anywhere),
	TEST("brackets nested 65536 deep are refused", deep_nesting),
	TEST("a hundred thousand random lines are refused", random_lines),
	TEST("a hundred thousand damaged requests are accepted or refused", mutated_lines),
};

#define N_OTHERS (sizeof(others) / sizeof(others[0]))

int main(void)
{
	struct CMUnitTest tests[N_REFUSED + N_OTHERS];

	for (size_t i = 0; i < N_REFUSED; i++)
		tests[i] = (struct CMUnitTest){ .name = refused[i].title, .test_func = is_refused,
						.initial_state = (void *)&refused[i] };
	memcpy(tests + N_REFUSED, others, sizeof(others));
	return _cmocka_run_group_tests("control", tests, N_REFUSED + N_OTHERS, NULL, NULL);
}
