/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daisy mapping: what is being translated. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/error.h"
#include "cli/request.h"

static void connections_text(const json_t *item, char *buf, size_t size)
{
	size_t n = json_array_size(json_object_get(item, "connections"));
	json_int_t more = json_integer_value(json_object_get(item, "more_connections"));

	snprintf(buf, size, "-");
	if (json_is_array(json_object_get(item, "connections")))
		snprintf(buf, size, "%lld%s", (json_int_t)n + more,
			 json_is_true(json_object_get(item, "untracked")) ? "+untracked" : "");
}

static const struct daisy_column columns[] = {
	{ "kind", "KIND", FORMAT_TEXT, NULL },
	{ "proto", "PROTO", FORMAT_TEXT, NULL },
	{ "inside", "INSIDE", FORMAT_TEXT, NULL },
	{ "zone", "ZONE", FORMAT_NUMBER, NULL },
	{ "external", "EXTERNAL", FORMAT_TEXT, NULL },
	{ "age_s", "AGE", FORMAT_SECONDS, NULL },
	{ "idle_s", "IDLE", FORMAT_SECONDS, NULL },
	{ "expires_s", "EXPIRES", FORMAT_SECONDS, NULL },
	{ "link", "LINK", FORMAT_TEXT, NULL },
	{ "connections", "CONNECTIONS", FORMAT_TEXT, connections_text },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static void print_connection(struct daisy_table *table, const json_t *conn)
{
	const char *remote = json_string_value(json_object_get(conn, "remote"));
	const char *state = json_string_value(json_object_get(conn, "state"));
	char idle[32], text[DAISY_FIELD_SIZE];

	daisy_seconds_text(json_integer_value(json_object_get(conn, "idle_s")), idle, sizeof(idle));
	snprintf(text, sizeof(text), "with %s %s, idle %s%s", remote ? remote : "-",
		 state ? state : "-", idle,
		 json_is_false(json_object_get(conn, "answered")) ? ", not answered" : "");
	daisy_table_note(table, text);
}

struct listing {
	struct daisy_table *table;
	bool connections;
};

static int print_mapping(void *ctx, json_t *item)
{
	struct listing *listing = ctx;
	json_t *conns = json_object_get(item, "connections"), *conn;
	size_t i;

	daisy_table_row(listing->table, item);
	json_array_foreach(conns, i, conn) {
		if (listing->connections)
			print_connection(listing->table, conn);
	}
	return daisy_print_broken();
}

static enum daisy_exit show(struct daisy_cli *cli, struct daisy_args *args)
{
	struct listing listing = { .connections = daisy_args_flag(args, "connections") };
	struct daisy_client *client;
	enum daisy_exit code = daisy_client_open(cli, &client);

	if (code)
		return code;
	listing.table = daisy_table_begin(cli, columns);
	code = daisy_client_call(client, "mapping", "show", args->send, print_mapping, &listing);
	daisy_table_end(listing.table, code != DAISY_EXIT_DONE);
	daisy_client_close(client);
	return code;
}

static const struct daisy_column count_fields[] = {
	{ "count", "mappings", FORMAT_TEXT, NULL },
	{ "udp", "  udp", FORMAT_TEXT, NULL },
	{ "tcp", "  tcp", FORMAT_TEXT, NULL },
	{ "icmp", "  icmp", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit count(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "mapping", "count", args->send, count_fields);
}

static const struct daisy_column delete_fields[] = {
	{ "deleted", "deleted", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static const struct daisy_column add_fields[] = {
	{ "added", "added", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit add(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_one(cli, "mapping", "add", args->send, add_fields);
}

static enum daisy_exit delete(struct daisy_cli *cli, struct daisy_args *args)
{
	size_t n = json_object_size(args->send);
	bool all = json_is_true(json_object_get(args->send, "all"));

	if (!n) {
		daisy_error_set("nothing says which: give proto, inside, external, zone or kind, or all");
		return DAISY_EXIT_USAGE;
	}
	if (all && n > 1) {
		daisy_error_set("\"all\" stands alone, without proto, inside, external, zone and kind");
		return DAISY_EXIT_USAGE;
	}
	return daisy_request_one(cli, "mapping", "delete", args->send, delete_fields);
}

static const struct daisy_column trace_columns[] = {
	{ "stage", "STAGE", FORMAT_TEXT, NULL },
	{ "text", "WHAT", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit trace(struct daisy_cli *cli, struct daisy_args *args)
{
	return daisy_request_list(cli, "mapping", "trace", args->send, trace_columns);
}

#define FILTERS \
	{ .key = "proto", .type = VALUE_CHOICE, .choices = "udp tcp icmp", \
	  .help = "only this protocol" }, \
	{ .key = "inside", .type = VALUE_ENDPOINT, \
	  .help = "only this subscriber, or this port (ICMP: query id) of it" }, \
	{ .key = "external", .type = VALUE_ENDPOINT, \
	  .help = "only this external address, or this port of it" }, \
	{ .key = "zone", .type = VALUE_NUMBER, .min = 0, .max = DAISY_MAX_ZONES - 1, \
	  .metavar = "ZONE", .help = "only this zone, 0-255" }, \
	{ .key = "kind", .type = VALUE_CHOICE, .choices = "dynamic static", \
	  .help = "only mappings that packets made, or only forwards" }

static const struct daisy_param show_params[] = {
	FILTERS,
	{ .key = "limit", .type = VALUE_NUMBER, .min = 1, .max = UINT32_MAX,
	  .help = "at most so many" },
	{ .key = "connections", .type = VALUE_FLAG, .flags = PARAM_LOCAL,
	  .help = "below each TCP mapping the connections in its record" },
	{ .key = NULL },
};

static const struct daisy_param count_params[] = {
	FILTERS,
	{ .key = NULL },
};

static const struct daisy_param delete_params[] = {
	FILTERS,
	{ .key = "all", .type = VALUE_FLAG, .help = "every mapping of the instance" },
	{ .key = NULL },
};

static const struct daisy_param trace_params[] = {
	{ .key = "dev", .arg = "device", .type = VALUE_DEVICE, .flags = PARAM_REQUIRED,
	  .help = "device of the link that it arrives by" },
	{ .key = "vlan", .type = VALUE_VLAN, .help = "its tag, or OUTER.INNER; none: untagged" },
	{ .key = "proto", .type = VALUE_CHOICE, .choices = "udp tcp icmp", .flags = PARAM_REQUIRED,
	  .help = "its protocol" },
	{ .key = "from", .type = VALUE_ENDPOINT, .flags = PARAM_REQUIRED,
	  .help = "its source (ICMP: the query id may stand for the port)" },
	{ .key = "to", .type = VALUE_ENDPOINT, .flags = PARAM_REQUIRED, .help = "its destination" },
	{ .key = "flags", .type = VALUE_CHOICE, .choices = "syn syn-ack ack fin rst",
	  .help = "of a TCP segment (syn)" },
	{ .key = "icmp-type", .arg = "icmp_type", .type = VALUE_NUMBER, .min = 0, .max = 255,
	  .help = "of an ICMP message (8, echo request)" },
	{ .key = "ttl", .type = VALUE_NUMBER, .min = 0, .max = 255, .help = "time to live (64)" },
	{ .key = "size", .type = VALUE_NUMBER, .min = 20, .max = 65535,
	  .help = "bytes of the IP packet (60)" },
	{ .key = "df", .type = VALUE_FLAG, .help = "must not be fragmented" },
	{ .key = "more", .type = VALUE_FLAG, .help = "a fragment, and others follow" },
	{ .key = "offset", .type = VALUE_NUMBER, .min = 0, .max = 65528, .metavar = "BYTES",
	  .help = "of a later fragment in its datagram, bytes" },
	{ .key = "id", .type = VALUE_NUMBER, .min = 0, .max = 65535,
	  .help = "IP identification: which datagram (0)" },
	{ .key = "options", .type = VALUE_NUMBER, .min = 0, .max = 40, .metavar = "BYTES",
	  .help = "bytes of IP options in its header (0)" },
	{ .key = "source-route", .arg = "source_route", .type = VALUE_FLAG,
	  .help = "one of them is a source route" },
	{ .key = NULL },
};

static const struct daisy_param add_params[] = {
	{ .key = "proto", .type = VALUE_CHOICE, .choices = "udp tcp", .help = "only this protocol (both)" },
	{ .key = "external", .type = VALUE_ENDPOINTS, .flags = PARAM_REQUIRED,
	  .help = "external address, with a port or a range of ports (all)" },
	{ .key = "inside", .type = VALUE_ENDPOINT, .flags = PARAM_REQUIRED,
	  .help = "inside address, with the port of the first (the same)" },
	{ .key = "zone", .type = VALUE_NUMBER, .min = 0, .max = DAISY_MAX_ZONES - 1,
	  .metavar = "ZONE", .help = "zone of the inside address (0)" },
	{ .key = NULL },
};

static const struct daisy_command commands[] = {
	{ "show", "List mappings.", show_params, show },
	{ "count", "Count mappings by protocol.", count_params, count },
	{ "trace", "Tell what would become of a packet, stage by stage; changes nothing.", trace_params,
	  trace },
	{ "add", "Forward external ports to an inside host, until deleted.", add_params, add },
	{ "delete", "End mappings now, or delete forwards; their ports enter hold-down.", delete_params,
	  delete },
	{ NULL, NULL, NULL, NULL },
};

const struct daisy_object daisy_object_mapping = {
	"mapping", "what is being translated", commands,
};
