/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table of the tool: parsing, refusals, help, completion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands.h"
#include "cli/error.h"
#include "cli/grammar.h"

#define MAX_WORDS 16

/* Split at blanks, in place; "''" stands for an empty word. */
static int split(char *line, char **words)
{
	int n = 0;

	for (char *word = strtok(line, " "); word && n < MAX_WORDS; word = strtok(NULL, " "))
		words[n++] = strcmp(word, "''") ? word : word + 2;
	return n;
}

/* Parse "OBJECT [COMMAND] ARGS"; 0 or -EINVAL, or -1 for a word that is neither command nor keyword. */
static int parse(const char *text, struct daisy_args *args)
{
	char line[256], *words[MAX_WORDS];
	const struct daisy_command *command;
	const struct daisy_object *object;
	int n, taken;

	args->send = args->local = NULL;
	snprintf(line, sizeof(line), "%s", text);
	n = split(line, words);
	object = daisy_object_find(daisy_objects, words[0]);
	assert_non_null(object);
	command = daisy_command_parse(object, n - 1, words + 1, &taken);
	if (!command)
		return -1;
	return daisy_args_parse(command, n - 1 - taken, words + 1 + taken, args);
}

static const struct {
	const char *typed;
	const char *sent;	/* JSON, keys sorted */
} accepted[] = {
	{ "link", "{}" },
	{ "link dev eth0", "{\"device\": \"eth0\"}" },
	{ "link set dev eth0 side inside prefix 10.0.0.0/24 prefix 10.1.0.0/16",
	  "{\"device\": \"eth0\", \"prefixes\": [\"10.0.0.0/24\", \"10.1.0.0/16\"], \"side\": \"inside\"}" },
	{ "link set dev eth0 vlan 4094", "{\"device\": \"eth0\", \"vlan\": 4094}" },
	{ "link set dev eth0 vlan 10.20", "{\"device\": \"eth0\", \"vlan\": [10, 20]}" },
	{ "link set dev eth0 next-hop none", "{\"device\": \"eth0\", \"next_hop\": \"\"}" },
	{ "link set dev eth0 next-hop 02:00:00:00:00:0a",
	  "{\"device\": \"eth0\", \"next_hop\": \"02:00:00:00:00:0a\"}" },
	{ "link set dev eth0 instance n0", "{\"device\": \"eth0\"}" },
	{ "link set dev eth0 zone 255", "{\"device\": \"eth0\", \"zone\": 255}" },
	{ "link set dev abcdefghijklmno", "{\"device\": \"abcdefghijklmno\"}" },
	{ "pool add name p0 addresses 203.0.113.1-203.0.113.4 addresses 198.51.100.0/30",
	  "{\"addresses\": [\"203.0.113.1-203.0.113.4\", \"198.51.100.0/30\"], \"name\": \"p0\"}" },
	{ "pool add name p0 addresses 203.0.113.1 ports 1024-65535 reserved 5060 reserved 8000-8080 zone 0",
	  "{\"addresses\": [\"203.0.113.1\"], \"name\": \"p0\", \"ports\": \"1024-65535\", "
	  "\"reserved\": [5060, \"8000-8080\"], \"zones\": [0]}" },
	{ "pool add name p0 addresses 203.0.113.1 hold-down 604800 reuse-closed true",
	  "{\"addresses\": [\"203.0.113.1\"], \"hold_down_s\": 604800, \"name\": \"p0\", "
	  "\"reuse_closed\": true}" },
	{ "pool add name p0 hold-down 0 reuse-closed false",
	  "{\"hold_down_s\": 0, \"name\": \"p0\", "
	  "\"reuse_closed\": false}" },
	{ "address set address 203.0.113.1 state draining",
	  "{\"address\": \"203.0.113.1\", \"state\": \"draining\"}" },
	{ "mapping show proto icmp inside 10.0.0.1:0 external 203.0.113.1:65535 zone 0 limit 1",
	  "{\"external\": \"203.0.113.1:65535\", \"inside\": \"10.0.0.1:0\", \"limit\": 1, "
	  "\"proto\": \"icmp\", \"zone\": 0}" },
	{ "mapping connections", "{}" },
	{ "mapping delete all", "{\"all\": true}" },
	{ "stats --explain", "{}" },
	{ "monitor event created event link", "{\"events\": [\"created\", \"link\"]}" },
	{ "instance clock-advance seconds 7440", "{\"seconds\": 7440}" },
	{ "doctor dev eth0", "{}" },
};

static void words_become_arguments_of_the_protocol(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		struct daisy_args args;
		char *text;

		if (parse(accepted[i].typed, &args))
			fail_msg("%s: %s", accepted[i].typed, daisy_error());
		text = json_dumps(args.send, JSON_SORT_KEYS);
		assert_string_equal(text, accepted[i].sent);
		free(text);
		daisy_args_clear(&args);
	}
}

static const struct {
	const char *typed;
	const char *error;
} refused[] = {
	{ "link sho", "\"sho\" is unknown, expected show, set, confirm, delete, help or dev" },
	{ "link show device eth0", "\"device\" is unknown, expected dev or help" },
	{ "link set", "\"dev DEVICE\" is missing" },
	{ "link set dev", "\"dev\" needs a value: DEVICE" },
	{ "link set dev abcdefghijklmnop",
	  "dev \"abcdefghijklmnop\" is not a device name of 1 to 15 characters" },
	{ "link set dev a/b", "dev \"a/b\" is not a device name of 1 to 15 characters" },
	{ "link set dev e side left", "side \"left\" is not inside, outside or both" },
	{ "link set dev e side insid", "side \"insid\" is not inside, outside or both" },
	{ "link set dev e side inside side both", "\"side\" is given twice" },
	{ "link set dev e prefix 10.0.0.0",
	  "prefix \"10.0.0.0\" is not an IPv4 prefix such as 10.0.0.0/24" },
	{ "link set dev e prefix 10.0.0.0/33",
	  "prefix \"10.0.0.0/33\" is not an IPv4 prefix such as 10.0.0.0/24" },
	{ "link set dev e prefix 10.0.0/8",
	  "prefix \"10.0.0/8\" is not an IPv4 prefix such as 10.0.0.0/24" },
	{ "link set dev e zone 256", "zone \"256\" is not 0-255" },
	{ "link set dev e zone -1", "zone \"-1\" is not 0-255" },
	{ "link set dev e zone 4294967296", "zone \"4294967296\" is not 0-255" },
	{ "link set dev e zone 99999999999999999999",
	  "zone \"99999999999999999999\" is not 0-255" },
	{ "link set dev e vlan 0", "vlan \"0\" is not VID or OUTER.INNER within 1-4094" },
	{ "link set dev e vlan 4095", "vlan \"4095\" is not VID or OUTER.INNER within 1-4094" },
	{ "link set dev e vlan 1.2.3", "vlan \"1.2.3\" is not VID or OUTER.INNER within 1-4094" },
	{ "link set dev e confirm 0", "confirm \"0\" is not 1-86400" },
	{ "link set dev e next-hop 02:00:00:00:00",
	  "next-hop \"02:00:00:00:00\" is not an IPv4 address, a MAC address or none" },
	{ "pool add name P0 addresses 203.0.113.1", "name \"P0\" is not 1 to 32 of a-z, 0-9 and -" },
	{ "pool add addresses 203.0.113.1", "\"name NAME\" is missing" },
	{ "pool add name p0 addresses 203.0.113.1-5",
	  "addresses \"203.0.113.1-5\" is not ADDRESS, ADDRESS-ADDRESS or PREFIX" },
	{ "pool add name p0 addresses 203.0.113.1 ports 2000-1000",
	  "ports \"2000-1000\" is not PORT or FIRST-LAST within 0-65535" },
	{ "pool add name p0 addresses 203.0.113.1 reserved 65536",
	  "reserved \"65536\" is not PORT or FIRST-LAST within 0-65535" },
	{ "pool add name p0 addresses 203.0.113.1 hold-down 604801", "hold-down \"604801\" is not 0-604800" },
	{ "pool add name p0 addresses 203.0.113.1 reuse-closed yes", "reuse-closed \"yes\" is not true or false" },
	{ "address set address 203.0.113.1", "\"state { active | draining }\" is missing" },
	{ "mapping show inside 10.0.0.1:70000", "port \"70000\" is not 0-65535" },
	{ "mapping show inside 10.0.0.1:65536", "port \"65536\" is not 0-65535" },
	{ "mapping show inside 10.0.0.1:", "port \"\" is not 0-65535" },
	{ "mapping show inside 10.0.0.256", "inside \"10.0.0.256\" is not ADDRESS or ADDRESS:PORT" },
	{ "mapping add inside 10.0.0.1", "\"external ADDRESS[:PORTS]\" is missing" },
	{ "mapping add external 203.0.113.1:80-70 inside 10.0.0.1",
	  "ports \"80-70\" is not PORT or FIRST-LAST within 1-65535" },
	{ "mapping add external 203.0.113.1-80 inside 10.0.0.1",
	  "external \"203.0.113.1-80\" is not ADDRESS, ADDRESS:PORT or ADDRESS:PORT-PORT" },
	{ "mapping show kind fixed", "kind \"fixed\" is not dynamic or static" },
	{ "mapping show limit 0", "limit \"0\" is not 1-4294967295" },
	{ "mapping show proto sctp", "proto \"sctp\" is not udp, tcp or icmp" },
	{ "mapping -j", "\"-j\" is unknown, expected show, count, trace, add, delete, help, proto, inside, external, zone, "
	  "kind, limit or connections" },
	{ "mapping show -j", "\"-j\" stands before the object: daisy -j OBJECT ..." },
	{ "monitor event changed",
	  "event \"changed\" is not created, expired, exhausted, unresolved, block-allocated, "
	  "block-released, threshold, link or instance" },
	{ "instance purge", "\"name INSTANCE\" is missing" },
	{ "chain", "command \"\" is not compile, eval or help" },
	{ "chain compile", "\"FILE\" is missing" },
	{ "chain compile a b", "\"b\" is unknown, expected FILE, --explain, --stats or --dot" },
	{ "chain compile --xplain", "\"--xplain\" is unknown, expected FILE, --explain, --stats, --dot or help" },
	{ "chain eval a", "\"--trace FILE\" is missing" },
};

static void bad_words_are_quoted_and_what_is_accepted_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct daisy_args args;

		daisy_error_set("nothing");
		assert_int_not_equal(parse(refused[i].typed, &args), 0);
		assert_string_equal(daisy_error(), refused[i].error);
		daisy_args_clear(&args);
	}
}

static void keywords_of_a_command_are_unique_and_explained(void **state)
{
	(void)state;
	for (const struct daisy_object *const *o = daisy_objects; *o; o++) {
		assert_true(strlen((*o)->help) > 0);
		/* Chains are files: there is nothing to show. */
		assert_true(daisy_command_find(*o, "show") || !strcmp((*o)->name, "chain"));
		for (const struct daisy_command *c = (*o)->commands; c->verb; c++) {
			assert_ptr_equal(daisy_command_find(*o, c->verb), c);
			assert_non_null(c->run);
			assert_int_equal(c->help[strlen(c->help) - 1], '.');
			for (const struct daisy_param *p = c->params; p && p->key; p++) {
				assert_ptr_equal(daisy_param_find(c, p->key),
						 p->flags & PARAM_POSITIONAL ? NULL : p);
				assert_true(strlen(p->help) > 0);
			}
		}
	}
}

static void no_keyword_of_show_is_a_command(void **state)
{
	(void)state;
	for (const struct daisy_object *const *o = daisy_objects; *o; o++) {
		const struct daisy_command *show = daisy_command_find(*o, "show");

		for (const struct daisy_param *p = show ? show->params : NULL; p && p->key; p++)
			assert_null(daisy_command_find(*o, p->key));
	}
}

static void help_says_the_grammar_in_bnf(void **state)
{
	static const struct {
		const char *object, *verb, *bnf;
	} rows[] = {
		{ "address", "set", "daisy address set address ADDRESS state { active | draining }" },
		{ "pool", "show", "daisy pool [ show ] [ name NAME ]" },
		{ "pool", "delete", "daisy pool delete name NAME [ addresses ADDRESSES ]..." },
		{ "mapping", "count", "daisy mapping count [ proto { udp | tcp | icmp } ] "
		  "[ inside ADDRESS[:PORT] ] [ external ADDRESS[:PORT] ] [ zone ZONE ] "
		  "[ kind { dynamic | static } ]" },
		{ "stats", "show", "daisy stats [ show ] [ all ] [ --explain ]" },
		{ "config", "save", "daisy config save" },
		{ "chain", "compile", "daisy chain compile FILE [ --explain ] [ --stats ] [ --dot ]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct daisy_object *object = daisy_object_find(daisy_objects, rows[i].object);
		char *bnf = daisy_help_bnf(object, daisy_command_find(object, rows[i].verb));

		assert_string_equal(bnf, rows[i].bnf);
		free(bnf);
	}
}

static void help_fits_eighty_columns(void **state)
{
	char *text, *save = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (const struct daisy_object *const *o = daisy_objects; *o; o++)
		daisy_help_object(out, *o);
	fclose(out);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strlen(line) > 80 && strncmp(line, "  ", 2))
			fail_msg("%zu columns: %s", strlen(line), line);
		assert_int_not_equal(line[strlen(line) - 1], ' ');
	}
	free(text);
}

static const struct {
	const char *typed;
	const char *offered;
} completions[] = {
	{ "m", "mapping\nmonitor\n" },
	{ "mapping s", "show\n" },
	{ "mapping ''", "show\ncount\ntrace\nadd\ndelete\nproto\ninside\nexternal\nzone\nkind\nlimit\n"
	  "connections\nhelp\n" },
	{ "mapping show proto ''", "udp\ntcp\nicmp\n" },
	{ "mapping proto t", "tcp\n" },
	{ "mapping show proto udp ''", "inside\nexternal\nzone\nkind\nlimit\nconnections\n" },
	{ "mapping show inside ''", "" },
	{ "mapping show bogus ''", "" },
	{ "-j link set side o", "outside\n" },
	{ "-i n0 address set state ''", "active\ndraining\n" },
	{ "link set dev lo prefix 10.0.0.0/8 pre", "prefix\n" },
	{ "link set dev l", "lo\n" },
	{ "monitor event e", "expired\nexhausted\n" },
	{ "bogus ''", "" },
	{ "--v", "--version\n" },
};

static void completion_offers_what_may_follow(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(completions) / sizeof(*completions); i++) {
		char line[256], *words[MAX_WORDS], *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		snprintf(line, sizeof(line), "%s", completions[i].typed);
		daisy_complete(out, daisy_objects, split(line, words), words);
		fclose(out);
		assert_string_equal(text, completions[i].offered);
		free(text);
	}
}

static void completion_of_nothing_does_not_read_beyond(void **state)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	daisy_complete(out, daisy_objects, 0, NULL);
	fclose(out);
	assert_string_equal(text, "");
	free(text);
}

#define TEST(sentence, name) { sentence, name, NULL, NULL, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("typed words become the arguments of the control protocol",
		     words_become_arguments_of_the_protocol),
		TEST("a bad word is quoted, and what is accepted is said",
		     bad_words_are_quoted_and_what_is_accepted_is_said),
		TEST("the keywords of a command are unique and explained",
		     keywords_of_a_command_are_unique_and_explained),
		TEST("no keyword of show is a command", no_keyword_of_show_is_a_command),
		TEST("help says the grammar in BNF", help_says_the_grammar_in_bnf),
		TEST("usage fits eighty columns", help_fits_eighty_columns),
		TEST("completion offers what may follow", completion_offers_what_may_follow),
		TEST("completion of no words at all does not read beyond them",
		     completion_of_nothing_does_not_read_beyond),
	};

	return cmocka_run_group_tests_name("grammar", tests, NULL, NULL);
}
