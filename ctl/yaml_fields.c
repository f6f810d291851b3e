/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/yaml_fields.h"
#include "lib/error.h"

size_t daisy_yaml_line(const yaml_node_t *node)
{
	return node ? node->start_mark.line + 1 : 1;
}

int daisy_yaml_refuse(struct daisy_yaml_doc *doc, const yaml_node_t *node, const char *where)
{
	if (*where)
		daisy_error_prefix("%s", where);
	daisy_error_prefix("%s:%zu", doc->name, daisy_yaml_line(node));
	return -EINVAL;
}

static int refuse_kind(struct daisy_yaml_doc *doc, const yaml_node_t *node, const char *where,
		       const char *expected)
{
	const char *text = daisy_yaml_doc_text(node);

	if (text)
		daisy_error_set("\"%.64s\" is one word, expected %s", text, expected);
	else
		daisy_error_set("%s does not fit here, expected %s",
				!node ? "an empty file" :
				node->type == YAML_SEQUENCE_NODE ? "a list" : "a mapping", expected);
	return daisy_yaml_refuse(doc, node, where);
}

static int refuse_key(struct daisy_yaml_doc *doc, const yaml_node_t *key, const char *where,
		      const struct daisy_yaml_field *fields, size_t n)
{
	const char *text = daisy_yaml_doc_text(key);
	char keys[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(keys); i++)
		len += (size_t)snprintf(keys + len, sizeof(keys) - len, "%s%s", len ? ", " : "",
					fields[i].key);
	daisy_error_set("unknown key \"%.64s\", expected one of: %s", text ? text : "?", keys);
	return daisy_yaml_refuse(doc, key, where);
}

static struct daisy_yaml_field *field_of(const char *key, struct daisy_yaml_field *fields, size_t n)
{
	for (size_t i = 0; key && i < n; i++)
		if (!strcmp(fields[i].key, key))
			return &fields[i];
	return NULL;
}

int daisy_yaml_fields(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		      struct daisy_yaml_field *fields, size_t n)
{
	if (!node || node->type != YAML_MAPPING_NODE)
		return refuse_kind(doc, node, where, "a mapping such as {key: value}");
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(&doc->tree, pair->key);
		struct daisy_yaml_field *field = field_of(daisy_yaml_doc_text(key), fields, n);

		if (!field)
			return refuse_key(doc, key, where, fields, n);
		if (field->node) {
			daisy_error_set("key \"%s\" stands here twice, expected once", field->key);
			return daisy_yaml_refuse(doc, key, where);
		}
		field->node = yaml_document_get_node(&doc->tree, pair->value);
	}
	for (size_t i = 0; i < n; i++) {
		if (fields[i].needed && !fields[i].node) {
			daisy_error_set("key \"%s\" is missing", fields[i].key);
			return daisy_yaml_refuse(doc, node, where);
		}
	}
	return 0;
}

int daisy_yaml_word(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		      const char **text)
{
	*text = daisy_yaml_doc_text(node);
	return *text ? 0 : refuse_kind(doc, node, where, "one word or number");
}

int daisy_yaml_list(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where, size_t *n)
{
	if (!node || node->type != YAML_SEQUENCE_NODE)
		return refuse_kind(doc, node, where, "a list such as [A, B]");
	*n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	return 0;
}

yaml_node_t *daisy_yaml_item(struct daisy_yaml_doc *doc, yaml_node_t *node, size_t i)
{
	return yaml_document_get_node(&doc->tree, node->data.sequence.items.start[i]);
}
