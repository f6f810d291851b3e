/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "snf/classbench.h"

#define MAX_COLUMNS 7
#define MIN_COLUMNS 5

int daisy_classbench_open(struct daisy_classbench *trace, const char *name)
{
	*trace = (struct daisy_classbench){ .name = name };
	trace->file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	if (trace->file)
		return 0;
	daisy_error_set("%s: cannot read: %s", name, strerror(errno));
	return -EIO;
}

void daisy_classbench_close(struct daisy_classbench *trace)
{
	if (trace->file && trace->file != stdin)
		fclose(trace->file);
	trace->file = NULL;
}

static int refuse(const struct daisy_classbench *trace, const char *what)
{
	daisy_error_set("%s:%u: expected %s", trace->name, trace->line, what);
	return -EINVAL;
}

/* Decimal numbers separated by blanks; how many, or -1. */
static int read_columns(const char *line, uint64_t columns[MAX_COLUMNS])
{
	int n = 0;

	for (line += strspn(line, " \t\r\n"); *line; line += strspn(line, " \t\r\n")) {
		uint64_t value = 0;
		const char *begin = line;

		for (; *line >= '0' && *line <= '9' && value <= UINT32_MAX; line++)
			value = value * 10 + (uint64_t)(*line - '0');
		if (line == begin || n == MAX_COLUMNS || value > UINT32_MAX ||
		    (*line && !strchr(" \t\r\n", *line)))
			return -1;
		columns[n++] = value;
	}
	return n;
}

int daisy_classbench_next(struct daisy_classbench *trace, struct daisy_header *header)
{
	static const enum daisy_field fields[] = { FIELD_SRC, FIELD_DST, FIELD_SPORT, FIELD_DPORT,
						   FIELD_PROTO };
	uint64_t columns[MAX_COLUMNS] = { 0 };
	char line[256];
	int n;

	do {
		if (!fgets(line, sizeof(line), trace->file))
			return ferror(trace->file) ? refuse(trace, "a file that can be read") : 0;
		trace->line++;
		if (!strchr(line, '\n') && !feof(trace->file))
			return refuse(trace, "a line of fewer than 255 bytes");
		n = read_columns(line, columns);
	} while (!n);
	if (n < MIN_COLUMNS)
		return refuse(trace, "src dst sport dport proto [flags [rule]], decimal numbers");
	*header = (struct daisy_header){ .value = { [FIELD_TTL] = DAISY_CLASSBENCH_TTL } };
	for (int i = 0; i < MIN_COLUMNS; i++) {
		if (columns[i] > daisy_field_max(fields[i]))
			return refuse(trace, "addresses, ports and a protocol within their ranges");
		header->value[fields[i]] = columns[i];
	}
	if (header->value[FIELD_PROTO] == 6)
		header->value[FIELD_TCP_FLAGS] = columns[5] >> 24;
	if (header->value[FIELD_PROTO] == 1) {
		header->value[FIELD_ICMP_TYPE] = columns[5] >> 24;
		header->value[FIELD_ICMP_CODE] = columns[5] >> 16 & 255;
	}
	return 1;
}
