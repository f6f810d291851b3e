/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A YAML file as a tree, to say on which line a value stands: libcyaml loads
 * values but forgets their places. A path is written "links[0].prefixes[1]".
 */
#ifndef DAISY_CONFIG_YAML_DOC_H
#define DAISY_CONFIG_YAML_DOC_H

#include <stddef.h>
#include <yaml.h>

#define DAISY_PATH_SIZE 128

struct daisy_yaml_doc {
	const char *name;	/* of the file, for error lines */
	yaml_document_t tree;
};

/* -EINVAL: not YAML, with file and line in daisy_error(). */
int daisy_yaml_doc_read(struct daisy_yaml_doc *doc, const char *name, const char *text, size_t len);
void daisy_yaml_doc_clean(struct daisy_yaml_doc *doc);
/* Node of a path, NULL if it is not there. "" is the root. */
yaml_node_t *daisy_yaml_doc_node(struct daisy_yaml_doc *doc, const char *path);
/* Line of the deepest part of the path that is there, from 1. */
size_t daisy_yaml_doc_line(struct daisy_yaml_doc *doc, const char *path);
/* Text of a scalar, NULL if the node is something else. */
const char *daisy_yaml_doc_text(const yaml_node_t *node);
/* Value of a key in a mapping node, NULL if there is none. */
yaml_node_t *daisy_yaml_doc_value(struct daisy_yaml_doc *doc, const yaml_node_t *mapping,
				  const char *key);
/* Put "file:line: path: " in front of daisy_error(). Returns -EINVAL. */
int daisy_yaml_doc_refuse(struct daisy_yaml_doc *doc, const char *path);

#endif
