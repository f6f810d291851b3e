/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "openflow/bundle.h"
#include "openflow/ofctl.h"
#include "openflow/port_list.h"
#include "openflow/process.h"

/* Bundles came with OpenFlow 1.4. */
#define PROTOCOL "OpenFlow14"
#define MAX_ARGS 8

static int refuse(const struct daisy_inventory *inv, int err)
{
	daisy_error_prefix("%s:%zu: switch \"%s\"", inv->file, inv->target_line, inv->target);
	return err;
}

/* The last line that ovs-ofctl itself has written; the others are its library's log. */
static const char *complaint(char *text)
{
	const char *last = NULL;
	char *state = NULL;

	/* Its own last line is about a broken pipe then. */
	if (text && strstr(text, "version negotiation failed"))
		return "it does not speak OpenFlow 1.4";
	for (char *line = text ? strtok_r(text, "\n", &state) : NULL; line;
	     line = strtok_r(NULL, "\n", &state))
		if (!last || !strncmp(line, "ovs-ofctl: ", 11))
			last = line;
	return last ? last : "ovs-ofctl failed without a word";
}

/* Run "ovs-ofctl -O OpenFlow14 WORD...", the target last but for `tail`. */
static int ask(const struct daisy_inventory *inv, unsigned int limit_s, const char *const words[],
	       const char *tail, const char *input, struct daisy_process_result *result)
{
	const char *argv[MAX_ARGS + 6] = { "ovs-ofctl", "-O", PROTOCOL };
	size_t n = 3;
	int err;

	for (size_t i = 0; words[i] && i < MAX_ARGS; i++)
		argv[n++] = words[i];
	argv[n++] = inv->target;
	argv[n] = tail;
	err = daisy_process_run(argv, input, input ? strlen(input) : 0, limit_s, result);
	return err ? refuse(inv, err) : 0;
}

/* The same for what only reads: any failure is the switch's. */
static int read_switch(const struct daisy_inventory *inv, unsigned int limit_s,
		       const char *const words[], struct daisy_process_result *result)
{
	int err = ask(inv, limit_s, words, NULL, NULL, result);

	if (!err && result->status) {
		daisy_error_set("%s", complaint(result->err));
		err = refuse(inv, -EIO);
	}
	return err;
}

int daisy_ofctl_ports(struct daisy_inventory *inv, unsigned int limit_s)
{
	static const char *const words[] = { "dump-ports-desc", NULL };
	struct daisy_process_result result;
	int err = read_switch(inv, limit_s, words, &result);

	if (!err)
		err = daisy_port_list_resolve(result.out ? result.out : "", inv);
	daisy_process_clean(&result);
	return err;
}

int daisy_ofctl_flows(const struct daisy_inventory *inv, unsigned int limit_s,
		      struct daisy_flows *flows)
{
	static const char *const words[] = { "--no-names", "--no-stats", "dump-flows", NULL };
	struct daisy_process_result result;
	int err = read_switch(inv, limit_s, words, &result);

	if (!err) {
		err = daisy_flows_read(flows, result.out, result.out_len);
		if (err)
			refuse(inv, err);
		daisy_flows_sort(flows);
	}
	daisy_process_clean(&result);
	return err;
}

int daisy_ofctl_apply(const struct daisy_inventory *inv, unsigned int limit_s,
		      const struct daisy_diff *diff)
{
	static const char *const words[] = { "--bundle", "add-flows", NULL };
	struct daisy_process_result result = { 0 };
	char *bundle = daisy_bundle_text(diff);
	int err;

	if (!bundle)
		return -ENOMEM;
	err = ask(inv, limit_s, words, "-", bundle, &result);
	free(bundle);
	if (err == -ETIMEDOUT)
		daisy_error_set("%s; \"daisy-ctl diff\" tells whether it took the rules", daisy_error());
	if (!err && result.status)
		err = daisy_bundle_refused(inv, diff, result.err);
	if (err == -ENOENT && result.status) {
		daisy_error_set("%s; nothing was changed", complaint(result.err));
		err = refuse(inv, -EIO);
	}
	daisy_process_clean(&result);
	return err;
}
