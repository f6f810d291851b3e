/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openflow/port_list.h"

/* OpenFlow 1.4 section 7.2.1: numbers above are reserved (OFPP_MAX of version 1.0 is 0xff00). */
#define MAX_NUMBER 0xff00

/* Both names of a port in a line such as " 7(box0): addr:52:88:64:a4:77:ca". */
struct entry {
	uint32_t number;
	const char *name;
	size_t name_len;
};

static bool read_entry(const char *line, struct entry *entry)
{
	size_t len = strcspn(line, "\n");
	char *end;

	if (*line != ' ' || line[1] < '1' || line[1] > '9')
		return false;
	entry->number = (uint32_t)strtoul(line + 1, &end, 10);
	if (*end != '(' || entry->number >= MAX_NUMBER)
		return false;
	entry->name = end + 1;
	for (const char *p = end; p + 2 < line + len; p++) {
		if (!strncmp(p, "): ", 3)) {
			entry->name_len = (size_t)(p - entry->name);
			return true;
		}
	}
	return false;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static bool is_named(const struct entry *entry, const char *name)
{
	char digits[12];

	snprintf(digits, sizeof(digits), "%u", entry->number);
	return (entry->name_len == strlen(name) && !strncmp(entry->name, name, entry->name_len)) ||
	       !strcmp(digits, name);
}

uint32_t daisy_port_list_find(const char *list, const char *name)
{
	struct entry entry;

	for (; *list; list = next_line(list))
		if (read_entry(list, &entry) && is_named(&entry, name))
			return entry.number;
	return 0;
}

struct search {
	const char *list;
	const struct daisy_inventory *inv;
};

static int refuse(const struct search *search, const struct daisy_inv_port *port)
{
	char names[256] = "";
	struct entry entry;
	size_t len = 0;

	for (const char *line = search->list; *line && len < sizeof(names); line = next_line(line))
		if (read_entry(line, &entry))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%.*s",
						len ? ", " : "", (int)entry.name_len, entry.name);
	return daisy_inventory_refuse(search->inv, port->line, "no port \"%s\" in switch \"%s\", "
				      "expected one of: %s", port->name, search->inv->target,
				      len ? names : "(there are none)");
}

static int resolve(struct daisy_inv_port *port, void *ctx)
{
	const struct search *search = ctx;

	port->number = daisy_port_list_find(search->list, port->name);
	return port->number ? 0 : refuse(search, port);
}

struct twins {
	const struct daisy_inventory *inv;
	const struct daisy_inv_port *port;
};

/* The same port by its name here and by its number there. */
static int check_twin(struct daisy_inv_port *port, void *ctx)
{
	const struct twins *twins = ctx;

	if (port == twins->port || port->number != twins->port->number)
		return 0;
	return daisy_inventory_refuse(twins->inv, port->line, "port \"%s\" is port \"%s\" in line %zu, "
				      "expected another", port->name, twins->port->name,
				      twins->port->line);
}

static int check_twins(struct daisy_inv_port *port, void *ctx)
{
	struct daisy_inventory *inv = ctx;
	struct twins twins = { inv, port };

	return daisy_inventory_ports(inv, check_twin, &twins);
}

int daisy_port_list_resolve(const char *list, struct daisy_inventory *inventory)
{
	struct search search = { list, inventory };
	int err = daisy_inventory_ports(inventory, resolve, &search);

	return err ? err : daisy_inventory_ports(inventory, check_twins, inventory);
}
