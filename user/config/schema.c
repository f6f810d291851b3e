/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/schema.h"
#include "lib/error.h"

/* An address of a pool each at worst: nobody writes more items by hand. */
#define MAX_ITEMS 65536

#define TEXT(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0, \
			       CYAML_UNLIMITED)
#define NEEDED_TEXT(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 0, CYAML_UNLIMITED)
#define TEXTS(key, type, member, need) \
	CYAML_FIELD_SEQUENCE_COUNT(key, CYAML_FLAG_POINTER | CYAML_FLAG_FLOW | (need), type, \
				   member, n_##member, &text_schema, 0, MAX_ITEMS)
#define PART(key, member, fields) \
	CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct daisy_raw, \
				member, fields)

static const cyaml_schema_value_t text_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t nexthop_fields[] = {
	TEXT("inside", struct daisy_raw_nexthop, inside),
	TEXT("outside", struct daisy_raw_nexthop, outside),
	CYAML_FIELD_END
};

#define LINK_FIELDS \
	NEEDED_TEXT("device", struct daisy_raw_link, device), \
	NEEDED_TEXT("side", struct daisy_raw_link, side), \
	TEXT("mode", struct daisy_raw_link, mode), \
	TEXTS("prefixes", struct daisy_raw_link, prefixes, CYAML_FLAG_OPTIONAL), \
	TEXT("zone", struct daisy_raw_link, zone)

static const cyaml_schema_field_t link_load_fields[] = {
	LINK_FIELDS,
	CYAML_FIELD_IGNORE("vlan", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_IGNORE("next-hop", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t link_save_fields[] = {
	LINK_FIELDS,
	TEXTS("vlan", struct daisy_raw_link, vlan, CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_MAPPING_PTR("next-hop",
				CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_FLOW,
				struct daisy_raw_link, next_hop, nexthop_fields),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t pool_limit_fields[] = {
	TEXT("udp", struct daisy_raw_pool_limits, udp),
	TEXT("tcp", struct daisy_raw_pool_limits, tcp),
	TEXT("icmp", struct daisy_raw_pool_limits, icmp),
	TEXT("mappings", struct daisy_raw_pool_limits, mappings),
	TEXT("mappings-per-second", struct daisy_raw_pool_limits, per_second),
	TEXT("warn-percent", struct daisy_raw_pool_limits, warn_percent),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t forward_fields[] = {
	TEXT("protocol", struct daisy_raw_forward, protocol),
	NEEDED_TEXT("external", struct daisy_raw_forward, external),
	NEEDED_TEXT("inside", struct daisy_raw_forward, inside),
	TEXT("zone", struct daisy_raw_forward, zone),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t forward_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_FLOW, struct daisy_raw_forward, forward_fields),
};

static const cyaml_schema_field_t pool_fields[] = {
	NEEDED_TEXT("name", struct daisy_raw_pool, name),
	TEXTS("addresses", struct daisy_raw_pool, addresses, 0),
	TEXT("ports", struct daisy_raw_pool, ports),
	TEXTS("reserved", struct daisy_raw_pool, reserved, CYAML_FLAG_OPTIONAL),
	TEXTS("zones", struct daisy_raw_pool, zones, CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_SEQUENCE_COUNT("forwards", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				   struct daisy_raw_pool, forwards, n_forwards, &forward_schema, 0,
				   DAISY_CONFIG_MAX_FORWARDS),
	TEXT("filtering", struct daisy_raw_pool, filtering),
	TEXT("mode", struct daisy_raw_pool, mode),
	TEXTS("inside", struct daisy_raw_pool, inside, CYAML_FLAG_OPTIONAL),
	TEXT("ports-per-subscriber", struct daisy_raw_pool, ports_per_subscriber),
	TEXT("overflow", struct daisy_raw_pool, overflow),
	TEXT("algorithm", struct daisy_raw_pool, algorithm),
	TEXT("hold-down", struct daisy_raw_pool, hold_down),
	TEXT("reuse-closed", struct daisy_raw_pool, reuse_closed),
	TEXT("max-held", struct daisy_raw_pool, max_held),
	TEXT("block-size", struct daisy_raw_pool, block_size),
	TEXT("blocks", struct daisy_raw_pool, blocks),
	CYAML_FIELD_MAPPING_PTR("limits",
				CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_FLOW,
				struct daisy_raw_pool, limits, pool_limit_fields),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t rule_fields[] = {
	NEEDED_TEXT("destination", struct daisy_raw_rule, destination),
	TEXT("protocol", struct daisy_raw_rule, protocol),
	TEXT("ports", struct daisy_raw_rule, ports),
	TEXT("zone", struct daisy_raw_rule, zone),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t rule_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct daisy_raw_rule, rule_fields),
};

static const cyaml_schema_value_t link_load_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct daisy_raw_link, link_load_fields),
};

static const cyaml_schema_value_t link_save_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct daisy_raw_link, link_save_fields),
};

static const cyaml_schema_value_t pool_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct daisy_raw_pool, pool_fields),
};

static const cyaml_schema_field_t timer_fields[] = {
#define X(sym, name, def, min, help) TEXT(name, struct daisy_raw_timers, s[DAISY_TIMER_##sym]),
	DAISY_TIMERS(X)
#undef X
	CYAML_FIELD_END
};

static const cyaml_schema_field_t option_fields[] = {
	TEXT("parity", struct daisy_raw_options, parity),
	TEXT("range-preservation", struct daisy_raw_options, range_preservation),
	TEXT("silent-syn", struct daisy_raw_options, silent_syn),
	TEXT("exhaustion-icmp", struct daisy_raw_options, exhaustion_icmp),
	TEXT("mss-clamp", struct daisy_raw_options, mss_clamp),
	TEXT("rewrite-id", struct daisy_raw_options, rewrite_id),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t limit_fields[] = {
	TEXT("addresses", struct daisy_raw_limits, addresses),
	TEXT("mappings", struct daisy_raw_limits, mappings),
	TEXT("subscribers", struct daisy_raw_limits, subscribers),
	TEXT("connections", struct daisy_raw_limits, connections),
	TEXT("permissions", struct daisy_raw_limits, permissions),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t metrics_fields[] = {
	TEXT("listen", struct daisy_raw_metrics, listen),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t sweep_fields[] = {
	TEXT("cpu-percent", struct daisy_raw_sweep, cpu_percent),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t peer_fields[] = {
	NEEDED_TEXT("name", struct daisy_raw_peer, name),
	NEEDED_TEXT("address", struct daisy_raw_peer, address),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t peer_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_FLOW, struct daisy_raw_peer, peer_fields),
};

static const cyaml_schema_field_t peering_fields[] = {
	NEEDED_TEXT("name", struct daisy_raw_peering, name),
	TEXT("listen", struct daisy_raw_peering, listen),
	NEEDED_TEXT("key-file", struct daisy_raw_peering, key_file),
	CYAML_FIELD_SEQUENCE_COUNT("known", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				   struct daisy_raw_peering, known, n_known, &peer_schema, 0,
				   DAISY_CONFIG_MAX_PEERS),
	CYAML_FIELD_END
};

#define LISTS(link_schema) \
	CYAML_FIELD_SEQUENCE_COUNT("links", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
				   struct daisy_raw, links, n_links, &(link_schema), 0, \
				   DAISY_MAX_LINKS), \
	CYAML_FIELD_SEQUENCE_COUNT("pools", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
				   struct daisy_raw, pools, n_pools, &pool_schema, 0, \
				   DAISY_CONFIG_MAX_POOLS), \
	CYAML_FIELD_SEQUENCE_COUNT("no-translate", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, \
				   struct daisy_raw, rules, n_rules, &rule_schema, 0, \
				   DAISY_MAX_RULES)

#define PARTS \
	PART("timers", timers, timer_fields), \
	PART("options", options, option_fields), \
	PART("limits", limits, limit_fields), \
	PART("metrics", metrics, metrics_fields), \
	PART("sweep", sweep, sweep_fields), \
	PART("peer", peering, peering_fields)

static const cyaml_schema_field_t load_fields[] = {
	NEEDED_TEXT("instance", struct daisy_raw, instance),
	LISTS(link_load_schema),
	PARTS,
	CYAML_FIELD_END
};

static const cyaml_schema_field_t save_fields[] = {
	NEEDED_TEXT("instance", struct daisy_raw, instance),
	LISTS(link_save_schema),
	PARTS,
	CYAML_FIELD_END
};

static const cyaml_schema_value_t load_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct daisy_raw, load_fields),
};

static const cyaml_schema_value_t save_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct daisy_raw, save_fields),
};

/*
 * libcyaml explains an error in several log lines: what, "Backtrace:", and one
 * "in mapping field 'NAME'" or "in sequence entry 'N'" for each level, innermost
 * first. They are collected here and made one line with a path.
 */
#define MAX_FRAMES 8
#define FRAME_SIZE 48

struct complaint {
	char what[128];
	char frame[MAX_FRAMES][FRAME_SIZE];
	size_t n_frames;
};

/* The word between quotes of a frame, "" if it has none. */
static void read_frame(struct complaint *complaint, const char *line)
{
	const char *from = strchr(line, '\'');
	const char *to = from ? strchr(from + 1, '\'') : NULL;
	char *frame;

	if (complaint->n_frames == MAX_FRAMES)
		return;
	frame = complaint->frame[complaint->n_frames++];
	*frame = '\0';
	if (!to)
		return;
	if (strstr(line, "sequence entry"))
		/* entries are counted from 1, and 0 stands for an empty list */
		snprintf(frame, FRAME_SIZE, "[%lu]",
			 strtoul(from + 1, NULL, 10) - (from[1] != '0'));
	else
		snprintf(frame, FRAME_SIZE, "%.*s", (int)(to - from - 1), from + 1);
}

static void collect(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct complaint *complaint = ctx;
	char line[256];
	const char *text;

	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	text = strncmp(line, "Load: ", 6) ? line : line + 6;
	if (!strncmp(text, "  in ", 5))
		read_frame(complaint, text);
	else if (!*complaint->what)
		snprintf(complaint->what, sizeof(complaint->what), "%.*s",
			 (int)sizeof(complaint->what) - 1, text);
}

/* "links[0].side", without the `skip` innermost frames. */
static void write_path(const struct complaint *complaint, size_t skip, char path[DAISY_PATH_SIZE])
{
	size_t len = 0;

	*path = '\0';
	for (size_t i = complaint->n_frames; i-- > skip;) {
		const char *frame = complaint->frame[i];

		if (!*frame || len >= DAISY_PATH_SIZE)
			continue;
		len += (size_t)snprintf(path + len, DAISY_PATH_SIZE - len, "%s%s",
					len && *frame != '[' ? "." : "", frame);
	}
}

/* Fields of the mapping at a path. */
static const cyaml_schema_field_t *find_fields(const struct complaint *complaint, size_t skip)
{
	const cyaml_schema_field_t *fields = load_fields, *field;

	for (size_t i = complaint->n_frames; fields && i-- > skip;) {
		if (!complaint->frame[i][0] || complaint->frame[i][0] == '[')
			continue;
		for (field = fields; field->key && strcmp(field->key, complaint->frame[i]);)
			field++;
		if (!field->key)
			return NULL;
		fields = field->value.type == CYAML_MAPPING ? field->value.mapping.fields :
			 field->value.type == CYAML_SEQUENCE &&
			 field->value.sequence.entry->type == CYAML_MAPPING ?
			 field->value.sequence.entry->mapping.fields : NULL;
	}
	return fields;
}

static void name_keys(const cyaml_schema_field_t *fields, char *text, size_t size)
{
	size_t len = 0;

	*text = '\0';
	for (; fields && fields->key && len < size; fields++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? ", " : "",
					fields->key);
}

/* A value of the wrong YAML type: what stands there, and what should. */
static void explain_type(struct daisy_yaml_doc *doc, const struct complaint *complaint,
			 const char *path)
{
	const yaml_node_t *node = daisy_yaml_doc_node(doc, path);
	const char *text = daisy_yaml_doc_text(node);
	const char *is = node && node->type == YAML_SEQUENCE_NODE ? "a list" : "a mapping";
	const char *expected = strstr(complaint->what, "Expecting SEQUENCE") ?
		"a list such as [A, B]" : strstr(complaint->what, "Expecting MAPPING") ?
		"a mapping such as {key: value}" : "one word or number";

	if (text)
		daisy_error_set("\"%.64s\" is one word, expected %s", text, expected);
	else
		daisy_error_set("%s does not fit here, expected %s", is, expected);
}

static int explain(struct daisy_yaml_doc *doc, const struct complaint *complaint)
{
	char path[DAISY_PATH_SIZE], keys[256];
	const char *word = strrchr(complaint->what, ' ');
	size_t skip = 0;

	word = word ? word + 1 : "";
	if (!strncmp(complaint->what, "Missing required", 16) ||
	    !strncmp(complaint->what, "Mapping field already", 21))
		skip = complaint->n_frames && complaint->frame[0][0] != '[';
	write_path(complaint, skip, path);
	if (!strncmp(complaint->what, "Unexpected key", 14)) {
		name_keys(find_fields(complaint, 0), keys, sizeof(keys));
		daisy_error_set("unknown key \"%s\", expected one of: %s", word, keys);
		if (*path)
			daisy_error_prefix("%s", path);
		if (strlen(path) + strlen(word) + 2 < sizeof(path)) {
			strcat(path, *path ? "." : "");
			strcat(path, word);
		}
		daisy_error_prefix("%s:%zu", doc->name, daisy_yaml_doc_line(doc, path));
		return -EINVAL;
	}
	if (!strncmp(complaint->what, "Missing required", 16))
		daisy_error_set("key \"%s\" is missing", word);
	else if (!strncmp(complaint->what, "Mapping field already", 21))
		daisy_error_set("key \"%s\" stands here twice, expected once", word);
	else if (!strncmp(complaint->what, "Expecting", 9))
		explain_type(doc, complaint, path);
	else
		daisy_error_set("%s", *complaint->what ? complaint->what : "refused");
	return daisy_yaml_doc_refuse(doc, path);
}

int daisy_raw_load(struct daisy_yaml_doc *doc, const char *text, size_t len,
		   struct daisy_raw **raw)
{
	struct complaint complaint = { 0 };
	const cyaml_config_t config = {
		.log_fn = collect,
		.log_ctx = &complaint,
		.log_level = CYAML_LOG_WARNING,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	cyaml_err_t err;

	*raw = NULL;
	err = cyaml_load_data((const uint8_t *)text, len, &config, &load_schema,
			      (cyaml_data_t **)raw, NULL);
	if (err == CYAML_ERR_OOM) {
		daisy_error_set("%s: no memory", doc->name);
		return -ENOMEM;
	}
	if (err != CYAML_OK) {
		if (!*complaint.what)
			snprintf(complaint.what, sizeof(complaint.what), "%s",
				 cyaml_strerror(err));
		return explain(doc, &complaint);
	}
	if (!*raw) {
		daisy_error_set("key \"instance\" is missing");
		return daisy_yaml_doc_refuse(doc, "");
	}
	return 0;
}

static const cyaml_config_t quiet = {
	.log_level = CYAML_LOG_ERROR,
	.mem_fn = cyaml_mem,
};

void daisy_raw_free(struct daisy_raw *raw)
{
	if (raw)
		cyaml_free(&quiet, &load_schema, raw, 0);
}

int daisy_raw_save(const struct daisy_raw *raw, char **text, size_t *len)
{
	cyaml_err_t err = cyaml_save_data(text, len, &quiet, &save_schema, raw, 0);

	if (err == CYAML_OK)
		return 0;
	daisy_error_set("cannot write the configuration as YAML: %s", cyaml_strerror(err));
	return err == CYAML_ERR_OOM ? -ENOMEM : -EINVAL;
}
