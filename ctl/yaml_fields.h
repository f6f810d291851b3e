/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of the inventory's YAML tree: mappings whose keys are known, words,
 * lists. `where` is the path of a part for error lines ("boxes[1].port"). Who
 * fails returns -EINVAL with "file:line: where: ..." in daisy_error().
 */
#ifndef DAISY_CTL_YAML_FIELDS_H
#define DAISY_CTL_YAML_FIELDS_H

#include <stdbool.h>

#include "config/yaml_doc.h"

struct daisy_yaml_field {
	const char *key;
	bool needed;
	yaml_node_t *node;	/* of the value, NULL: it is not there */
};

/* Fill in the nodes of a mapping's fields; unknown keys, and keys given twice, are refused. */
int daisy_yaml_fields(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		      struct daisy_yaml_field *fields, size_t n);
/* *text lives as long as the document. */
int daisy_yaml_word(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where,
		      const char **text);
/* Number of items of a list. */
int daisy_yaml_list(struct daisy_yaml_doc *doc, yaml_node_t *node, const char *where, size_t *n);
yaml_node_t *daisy_yaml_item(struct daisy_yaml_doc *doc, yaml_node_t *node, size_t i);
/* Put "file:line: where: " in front of daisy_error(). Returns -EINVAL. */
int daisy_yaml_refuse(struct daisy_yaml_doc *doc, const yaml_node_t *node, const char *where);
size_t daisy_yaml_line(const yaml_node_t *node);

#endif
