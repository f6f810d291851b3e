/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "openflow/flow.h"

/* Of a rule that names none (OpenFlow's OFP_DEFAULT_PRIORITY). */
#define DEFAULT_PRIORITY 32768
#define MAX_PARTS 64

static int no_memory(void)
{
	daisy_error_set("no memory");
	return -ENOMEM;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The parts of a match in alphabetical order; the caller frees. */
static char *key_of(const char *match)
{
	char *copy = strdup(match), *key = malloc(strlen(match) + 1), *state = NULL;
	char *part[MAX_PARTS];
	size_t n = 0, len = 0;

	if (!copy || !key) {
		free(copy);
		free(key);
		return NULL;
	}
	for (char *p = strtok_r(copy, ",", &state); p && n < MAX_PARTS; p = strtok_r(NULL, ",", &state))
		part[n++] = p;
	qsort(part, n, sizeof(*part), by_text);
	for (size_t i = 0; i < n; i++) {
		size_t part_len = strlen(part[i]);

		if (i)
			key[len++] = ',';
		memcpy(key + len, part[i], part_len);
		len += part_len;
	}
	key[len] = '\0';
	free(copy);
	return key;
}

void daisy_flow_clean(struct daisy_flow *flow)
{
	free(flow->match);
	free(flow->key);
	free(flow->actions);
	memset(flow, 0, sizeof(*flow));
}

/* Takes the strings, also when it fails. */
static int append(struct daisy_flows *flows, struct daisy_flow *flow)
{
	if (flows->n == flows->room) {
		size_t room = flows->room ? 2 * flows->room : 64;
		void *item = realloc(flows->item, room * sizeof(*flows->item));

		if (!item)
			goto fail;
		flows->item = item;
		flows->room = room;
	}
	flow->key = flow->match ? key_of(flow->match) : NULL;
	if (!flow->key || !flow->actions)
		goto fail;
	flows->item[flows->n++] = *flow;
	return 0;
fail:
	daisy_flow_clean(flow);
	return no_memory();
}

int daisy_flows_add(struct daisy_flows *flows, uint64_t cookie, uint16_t priority, size_t line,
		    const char *match, const char *actions)
{
	struct daisy_flow flow = {
		.cookie = cookie, .priority = priority, .line = line,
		.match = strdup(match), .actions = strdup(actions),
	};

	return append(flows, &flow);
}

void daisy_flows_clean(struct daisy_flows *flows)
{
	for (size_t i = 0; i < flows->n; i++)
		daisy_flow_clean(&flows->item[i]);
	free(flows->item);
	memset(flows, 0, sizeof(*flows));
}

/* Text that grows to no more than it was allocated for: a line's own length. */
static void join(char *list, const char *part, size_t len)
{
	size_t n = strlen(list);

	if (n)
		list[n++] = ',';
	memcpy(list + n, part, len);
	list[n + len] = '\0';
}

static bool starts(const char *part, size_t len, const char *word)
{
	return len >= strlen(word) && !strncmp(part, word, strlen(word));
}

/* Not part of the match, and nothing that we set: who finds one finds a changed rule. */
static bool is_extra(const char *part, size_t len)
{
	static const char *const words[] = {
		"idle_timeout=", "hard_timeout=", "importance=", "send_flow_rem", "check_overlap",
		"reset_counts", "no_packet_counts", "no_byte_counts", "hidden",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (starts(part, len, words[i]))
			return true;
	return false;
}

/* One part of what stands before " actions=". */
static void read_part(struct daisy_flow *flow, const char *part, size_t len, char *extra)
{
	if (starts(part, len, "cookie=") || starts(part, len, "cookie:"))
		flow->cookie = strtoull(part + 7, NULL, 16);
	else if (starts(part, len, "table=") || starts(part, len, "table:"))
		flow->table = (uint8_t)strtoul(part + 6, NULL, 10);
	else if (starts(part, len, "priority="))
		flow->priority = (uint16_t)strtoul(part + 9, NULL, 10);
	else if (is_extra(part, len))
		join(extra, part, len);
	else
		join(flow->match, part, len);
}

/* `text` up to `end`, parts separated by commas or blanks; actions follow. */
static int read_rule(const char *text, const char *end, const char *actions, size_t actions_len,
		     struct daisy_flow *flow)
{
	size_t len = (size_t)(end - text);
	char *extra = calloc(1, len + 1);

	*flow = (struct daisy_flow){ .priority = DEFAULT_PRIORITY };
	flow->match = calloc(1, len + 1);
	flow->actions = calloc(1, len + actions_len + 2);
	if (!extra || !flow->match || !flow->actions) {
		free(extra);
		daisy_flow_clean(flow);
		return no_memory();
	}
	while (text < end) {
		size_t part = strcspn(text, ", ");

		if (part > (size_t)(end - text))
			part = (size_t)(end - text);
		if (part)
			read_part(flow, text, part, extra);
		text += part + 1;
	}
	join(flow->actions, actions, actions_len);
	if (*extra)
		join(flow->actions, extra, strlen(extra));
	free(extra);
	return 0;
}

static int read_line(struct daisy_flows *flows, const char *line)
{
	static const char mark[] = " actions=";
	const char *actions = strstr(line, mark);
	struct daisy_flow flow;
	int err;

	if (!strncmp(line, "OFPST_FLOW", 10) || !*line)
		return 0;
	if (!actions || *line != ' ') {
		daisy_error_set("the switch's rules cannot be read: \"%.128s\"", line);
		return -EPROTO;
	}
	err = read_rule(line, actions, actions + strlen(mark), strlen(actions + strlen(mark)), &flow);
	return err ? err : append(flows, &flow);
}

int daisy_flows_read(struct daisy_flows *flows, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = newline ? (size_t)(newline - text) : (size_t)(end - text);
		char *line = strndup(text, n);
		int err = line ? read_line(flows, line) : no_memory();

		free(line);
		if (err)
			return err;
		text += n + 1;
	}
	return 0;
}

int daisy_flow_read_error(const char *text, size_t len, struct daisy_flow *flow)
{
	char *line = strndup(text, len);
	const char *mark = line ? strstr(line, " actions=") : NULL;
	int err = line ? read_rule(line, mark ? mark : line + strlen(line), "", 0, flow) : no_memory();

	free(line);
	if (err)
		return err;
	flow->key = key_of(flow->match);
	if (flow->key)
		return 0;
	daisy_flow_clean(flow);
	return no_memory();
}

int daisy_flow_compare(const struct daisy_flow *a, const struct daisy_flow *b)
{
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return strcmp(a->key, b->key);
}

static int by_place(const void *a, const void *b)
{
	return daisy_flow_compare(a, b);
}

void daisy_flows_sort(struct daisy_flows *flows)
{
	if (flows->n)
		qsort(flows->item, flows->n, sizeof(*flows->item), by_place);
}

const struct daisy_flow *daisy_flows_find(const struct daisy_flows *flows,
					  const struct daisy_flow *place)
{
	return flows->n ? bsearch(place, flows->item, flows->n, sizeof(*flows->item), by_place) : NULL;
}

void daisy_flow_text(const struct daisy_flow *flow, char text[DAISY_FLOW_TEXT_SIZE])
{
	snprintf(text, DAISY_FLOW_TEXT_SIZE, "priority=%u%s%s actions=%s", flow->priority,
		 *flow->match ? "," : "", flow->match, flow->actions);
}
