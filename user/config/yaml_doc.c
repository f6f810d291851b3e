/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml_doc.h"
#include "lib/error.h"

int daisy_yaml_doc_read(struct daisy_yaml_doc *doc, const char *name, const char *text, size_t len)
{
	yaml_parser_t parser;
	int err = 0;

	doc->name = name;
	if (!yaml_parser_initialize(&parser)) {
		daisy_error_set("no memory for the YAML parser");
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &doc->tree)) {
		daisy_error_set("%s:%zu: not YAML: %s", name, parser.problem_mark.line + 1,
				parser.problem ? parser.problem : "no memory");
		err = -EINVAL;
	}
	yaml_parser_delete(&parser);
	return err;
}

void daisy_yaml_doc_clean(struct daisy_yaml_doc *doc)
{
	yaml_document_delete(&doc->tree);
}

const char *daisy_yaml_doc_text(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

/* The pair of a key, NULL if there is none. */
static yaml_node_pair_t *find_pair(struct daisy_yaml_doc *doc, const yaml_node_t *mapping,
				   const char *key, size_t len)
{
	yaml_node_pair_t *pair;

	if (!mapping || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
		const char *text =
			daisy_yaml_doc_text(yaml_document_get_node(&doc->tree, pair->key));

		if (text && strlen(text) == len && !memcmp(text, key, len))
			return pair;
	}
	return NULL;
}

yaml_node_t *daisy_yaml_doc_value(struct daisy_yaml_doc *doc, const yaml_node_t *mapping,
				  const char *key)
{
	yaml_node_pair_t *pair = find_pair(doc, mapping, key, strlen(key));

	return pair ? yaml_document_get_node(&doc->tree, pair->value) : NULL;
}

static yaml_node_t *find_item(struct daisy_yaml_doc *doc, const yaml_node_t *sequence, size_t i)
{
	if (!sequence || sequence->type != YAML_SEQUENCE_NODE)
		return NULL;
	if (i >= (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start))
		return NULL;
	return yaml_document_get_node(&doc->tree, sequence->data.sequence.items.start[i]);
}

/*
 * Walk a path; *line is the line of the last part found: of the key, not of
 * the value, which for a mapping begins one line later.
 */
static yaml_node_t *walk(struct daisy_yaml_doc *doc, const char *path, size_t *line)
{
	yaml_node_t *node = yaml_document_get_root_node(&doc->tree);

	*line = node ? node->start_mark.line + 1 : 1;
	while (node && *path) {
		if (*path == '[') {
			char *end;

			node = find_item(doc, node, strtoul(path + 1, &end, 10));
			path = *end ? end + 1 : end;
			if (node)
				*line = node->start_mark.line + 1;
		} else {
			size_t len = strcspn(path, ".[");
			yaml_node_pair_t *pair = find_pair(doc, node, path, len);

			node = NULL;
			path += len;
			if (pair) {
				yaml_node_t *key = yaml_document_get_node(&doc->tree, pair->key);

				*line = key->start_mark.line + 1;
				node = yaml_document_get_node(&doc->tree, pair->value);
			}
		}
		if (*path == '.')
			path++;
	}
	return node;
}

yaml_node_t *daisy_yaml_doc_node(struct daisy_yaml_doc *doc, const char *path)
{
	size_t line;

	return walk(doc, path, &line);
}

size_t daisy_yaml_doc_line(struct daisy_yaml_doc *doc, const char *path)
{
	size_t line;

	walk(doc, path, &line);
	return line;
}

int daisy_yaml_doc_refuse(struct daisy_yaml_doc *doc, const char *path)
{
	if (*path)
		daisy_error_prefix("%s", path);
	daisy_error_prefix("%s:%zu", doc->name, daisy_yaml_doc_line(doc, path));
	return -EINVAL;
}
