/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "cli/print.h"
#include "ctl/commands.h"
#include "ctl/inventory.h"
#include "lib/error.h"
#include "openflow/cookie.h"
#include "openflow/diff.h"
#include "openflow/ofctl.h"
#include "openflow/steering.h"

/* All that a command looks at. */
struct work {
	struct daisy_inventory *inv;
	struct daisy_flows wanted, had;
	struct daisy_diff diff;
};

static void work_clean(struct work *work)
{
	daisy_diff_clean(&work->diff);
	daisy_flows_clean(&work->had);
	daisy_flows_clean(&work->wanted);
	daisy_inventory_free(work->inv);
}

/* Inventory, the switch's ports and rules, and what differs. */
static int work_begin(const struct daisy_ctl *ctl, struct work *work)
{
	int err = daisy_inventory_load(ctl->file, &work->inv);

	if (!err)
		err = daisy_ofctl_ports(work->inv, ctl->limit_s);
	if (!err)
		err = daisy_steering(work->inv, &work->wanted);
	if (!err)
		err = daisy_ofctl_flows(work->inv, ctl->limit_s, &work->had);
	if (!err)
		err = daisy_diff(work->inv, &work->wanted, &work->had, &work->diff);
	return err;
}

/* Name of the box that a rule belongs to, its id if the inventory does not know it. */
static json_t *box_name(const struct daisy_inventory *inv, uint16_t id)
{
	if (!id)
		return json_null();
	for (size_t i = 0; i < inv->n_boxes; i++)
		if (inv->boxes[i].id == id)
			return json_string(inv->boxes[i].name);
	return json_sprintf("%u", id);
}

static json_t *flow_item(const struct daisy_inventory *inv, const struct daisy_flow *flow)
{
	char cookie[24];

	snprintf(cookie, sizeof(cookie), "0x%" PRIx64, flow->cookie);
	return json_pack("{so ss so si ss ss ss si}",
			 "line", flow->line ? json_integer((json_int_t)flow->line) : json_null(),
			 "kind", daisy_flow_kind_name(flow->cookie),
			 "box", box_name(inv, daisy_cookie_owner(flow->cookie)),
			 "priority", flow->priority, "match", flow->match, "actions", flow->actions,
			 "cookie", cookie, "epoch", (int)daisy_cookie_epoch(flow->cookie));
}

static const struct daisy_column show_columns[] = {
	{ "line", "LINE", FORMAT_NUMBER, NULL },
	{ "kind", "KIND", FORMAT_TEXT, NULL },
	{ "box", "BOX", FORMAT_TEXT, NULL },
	{ "priority", "PRIORITY", FORMAT_NUMBER, NULL },
	{ "match", "MATCH", FORMAT_TEXT, NULL },
	{ "actions", "ACTIONS", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static enum daisy_exit show(struct daisy_ctl *ctl)
{
	struct work work = { 0 };
	struct daisy_table *table;
	int err = daisy_inventory_load(ctl->file, &work.inv);

	if (!err)
		err = daisy_steering(work.inv, &work.wanted);
	if (!err) {
		table = daisy_table_begin(&ctl->cli, show_columns);
		for (size_t i = 0; i < work.wanted.n && !daisy_print_broken(); i++) {
			json_t *item = flow_item(work.inv, &work.wanted.item[i]);

			daisy_table_row(table, item);
			json_decref(item);
		}
		daisy_table_end(table, false);
	}
	work_clean(&work);
	return err ? DAISY_EXIT_REFUSED : DAISY_EXIT_DONE;
}

static const struct daisy_column diff_columns[] = {
	{ "change", "CHANGE", FORMAT_TEXT, NULL },
	{ "line", "LINE", FORMAT_NUMBER, NULL },
	{ "kind", "KIND", FORMAT_TEXT, NULL },
	{ "box", "BOX", FORMAT_TEXT, NULL },
	{ "priority", "PRIORITY", FORMAT_NUMBER, NULL },
	{ "match", "MATCH", FORMAT_TEXT, NULL },
	{ "actions", "ACTIONS", FORMAT_TEXT, NULL },
	{ NULL, NULL, FORMAT_TEXT, NULL },
};

static void diff_row(struct daisy_table *table, const struct daisy_inventory *inv,
		     const struct daisy_change *change)
{
	json_t *item = flow_item(inv, change->wanted ? change->wanted : change->had);

	json_object_set_new(item, "change", json_string(daisy_change_name(change->kind)));
	if (change->kind == CHANGE_REPLACE)
		json_object_set_new(item, "was", flow_item(inv, change->had));
	daisy_table_row(table, item);
	json_decref(item);
}

static enum daisy_exit diff(struct daisy_ctl *ctl)
{
	enum daisy_exit code = DAISY_EXIT_REFUSED;
	struct work work = { 0 };

	if (!work_begin(ctl, &work)) {
		struct daisy_table *table = daisy_table_begin(&ctl->cli, diff_columns);

		for (size_t i = 0; i < work.diff.n && !daisy_print_broken(); i++)
			diff_row(table, work.inv, &work.diff.item[i]);
		daisy_table_end(table, false);
		code = work.diff.n ? DAISY_EXIT_DIFFERS : DAISY_EXIT_DONE;
	}
	work_clean(&work);
	return code;
}

static void report(struct daisy_ctl *ctl, const struct work *work)
{
	const struct daisy_diff *d = &work->diff;
	json_t *item;

	if (!ctl->cli.json) {
		printf("%zu rules: %zu added, %zu replaced, %zu removed; %zu of others left alone\n",
		       work->wanted.n, d->n_added, d->n_replaced, d->n_removed, d->n_foreign);
		return;
	}
	item = json_pack("{sI sI sI sI sI}", "rules", (json_int_t)work->wanted.n,
			 "added", (json_int_t)d->n_added, "replaced", (json_int_t)d->n_replaced,
			 "removed", (json_int_t)d->n_removed, "foreign", (json_int_t)d->n_foreign);
	daisy_print_json(&ctl->cli, item);
	json_decref(item);
}

/*
 * One at a time: between the look at the switch and the change of it somebody else's
 * change would be taken back. The end of the process unlocks, whatever ends it.
 */
static int lock(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		int err = -errno;

		daisy_error_set("%s: cannot read: %s", file, strerror(errno));
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		daisy_error_set("%s: another daisy-ctl applies it, expected to be alone", file);
		return -EBUSY;
	}
	return 0;
}

static enum daisy_exit apply(struct daisy_ctl *ctl)
{
	struct work work = { 0 };
	int err = lock(ctl->file);

	if (!err)
		err = work_begin(ctl, &work);
	if (!err && !ctl->lose_mappings)
		err = daisy_diff_check_owners(work.inv, &work.diff);
	if (!err && work.diff.n)
		err = daisy_ofctl_apply(work.inv, ctl->limit_s, &work.diff);
	if (!err)
		report(ctl, &work);
	work_clean(&work);
	return err ? DAISY_EXIT_REFUSED : DAISY_EXIT_DONE;
}

const struct daisy_ctl_command daisy_ctl_commands[] = {
	{ "show", "INVENTORY", "List the rules that an inventory asks for; asks no switch.", false, show },
	{ "diff", "INVENTORY", "List what apply would change in the switch; ends with 3 if anything.",
	  false, diff },
	{ "apply", "INVENTORY [ lose-mappings ]", "Change the switch's rules to those of the inventory, "
	  "all at once or not at all.", true, apply },
	{ NULL, NULL, NULL, false, NULL },
};
