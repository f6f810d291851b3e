/* SPDX-License-Identifier: GPL-2.0-or-later */
/* instance show, reload, purge, clock-advance; config show, save */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/values.h"
#include "control/verbs.h"
#include "lib/error.h"
#include "shared/version.h"

static json_t *timers_json(const struct daisy_config *config)
{
	json_t *list = json_object();

#define X(sym, name, def, min, help) \
	json_object_set_new(list, name, json_integer(config->timer_s[DAISY_TIMER_##sym]));
	DAISY_TIMERS(X)
#undef X
	return list;
}

static uint32_t map_entries(struct daisy_daemon *d, const char *name)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(daisy_instance_map_fd(d->inst, name), &info, &len) ?
		0 : info.max_entries;
}

static void add_sizes(json_t *item, struct daisy_daemon *d)
{
	uint64_t mappings = (uint64_t)map_entries(d, "index_buckets") * DAISY_BUCKET_ENTRIES *
			    DAISY_INDEX_LOAD_PERCENT / 100;

	json_object_set_new(item, "max_addresses",
			    json_integer(daisy_instance_max_slots(d->inst)));
	json_object_set_new(item, "max_mappings", json_integer((json_int_t)mappings));
	json_object_set_new(item, "max_subscribers", json_integer(map_entries(d, "subscribers")));
	json_object_set_new(item, "max_connections", json_integer(map_entries(d, "conns")));
	json_object_set_new(item, "max_permissions", json_integer(map_entries(d, "permissions")));
}

static void add_settings(json_t *item, struct daisy_daemon *d)
{
	const struct daisy_config *config = d->config;
	char mss[DAISY_VALUE_SIZE];

	daisy_value_format_mss(config->mss_clamp, mss);
	json_object_set_new(item, "timers", timers_json(config));
	json_object_set_new(item, "options", json_pack("{s:b,s:b,s:b,s:s,s:s,s:s}", "parity",
		(config->options & DAISY_OPT_PARITY) != 0, "range-preservation",
		(config->options & DAISY_OPT_RANGE) != 0, "silent-syn",
		(config->options & DAISY_OPT_SILENT_SYN) != 0, "exhaustion-icmp",
		daisy_value_exhaustion_name(config->exhaustion), "mss-clamp", mss,
		"rewrite-id", daisy_value_rewrite_name(config->options)));
	json_object_set_new(item, "tick", json_integer(daisy_instance_tick(d->inst)));
	json_object_set_new(item, "clock_offset_s", json_integer(
		daisy_instance_conf(d->inst)->clock_offset_ns / 1000000000));
	json_object_set_new(item, "metrics", daisy_json_text(config->metrics_listen));
	json_object_set_new(item, "test_clock", json_boolean(d->options.test_clock));
}

int daisy_instance_show(struct daisy_request *request)
{
	struct daisy_daemon *d = request->daemon;
	json_t *item = json_object();

	json_object_set_new(item, "name", json_string(d->config->name));
	json_object_set_new(item, "version", json_string(DAISY_VERSION));
	json_object_set_new(item, "map_format", json_integer(DAISY_MAP_FORMAT));
	json_object_set_new(item, "pid", json_integer(getpid()));
	json_object_set_new(item, "config", json_string(d->options.config));
	json_object_set_new(item, "uptime_s",
			    json_integer((json_int_t)((daisy_now_ms() - d->start_ms) / 1000)));
	json_object_set_new(item, "opened", json_string(d->opened == DAISY_OPENED_ADOPTED ?
							"adopted" : "new"));
	json_object_set_new(item, "unsaved", json_boolean(daisy_daemon_unsaved(d)));
	json_object_set_new(item, "links", json_integer((json_int_t)d->config->n_links));
	json_object_set_new(item, "addresses",
			    json_integer((json_int_t)daisy_config_n_addresses(d->config)));
	add_sizes(item, d);
	add_settings(item, d);
	daisy_reply_item(request, item);
	return ANSWER_DONE;
}

int daisy_instance_reload(struct daisy_request *request)
{
	return daisy_daemon_reload(request->daemon);
}

int daisy_instance_end(struct daisy_request *request)
{
	request->stop = true;
	return daisy_daemon_end(request->daemon);
}

int daisy_instance_advance(struct daisy_request *request)
{
	if (!request->daemon->options.test_clock) {
		daisy_error_set("the clock stands by itself, expected a daemon run with "
				"--test-clock");
		return -EPERM;
	}
	daisy_instance_clock_advance(request->daemon->inst,
				     daisy_arg_number(request, "seconds", 0));
	daisy_daemon_alive(request->daemon);
	/* So that whoever moved the clock finds gone what has expired by it. */
	return daisy_sweeper_round(request->daemon->sweeper) ? : ANSWER_DONE;
}

int daisy_config_show(struct daisy_request *request)
{
	struct daisy_daemon *d = request->daemon;
	char *text;
	size_t len;
	int err = daisy_config_format(d->config, &text, &len);

	if (err)
		return err;
	daisy_reply_item(request, json_pack("{s:s,s:b,s:s%}", "file", d->options.config, "unsaved",
					    daisy_daemon_unsaved(d), "text", text, len));
	free(text);
	return ANSWER_DONE;
}

int daisy_config_write(struct daisy_request *request)
{
	int err = daisy_daemon_save(request->daemon);

	if (err)
		return err;
	daisy_reply_item(request, json_pack("{s:s}", "file", request->daemon->options.config));
	return ANSWER_DONE;
}
