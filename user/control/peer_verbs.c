/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer show */
#include <errno.h>
#include <string.h>

#include "control/verbs.h"
#include "lib/error.h"
#include "migrate/peers.h"

static json_t *peer_item(const struct daisy_peer_status *status)
{
	static const char *const states[] = {
		[PEER_CLOSED] = "closed", [PEER_CONNECTING] = "connecting", [PEER_OPEN] = "open",
	};
	bool open = status->to == PEER_OPEN;
	uint64_t since_ms = open ? daisy_now_ms() - status->since_ms : 0;
	json_t *item = json_object();

	json_object_set_new(item, "name", json_string(status->name));
	json_object_set_new(item, "address", json_string(status->address));
	json_object_set_new(item, "state", json_string(states[status->to]));
	json_object_set_new(item, "accepted", json_boolean(status->from));
	json_object_set_new(item, "version", open ? json_integer(status->version) : json_null());
	json_object_set_new(item, "software", daisy_json_text(status->software));
	json_object_set_new(item, "since_s", open ? json_integer((json_int_t)since_ms / 1000) : json_null());
	json_object_set_new(item, "error", daisy_json_text(status->error));
	return item;
}

/* At most DAISY_CONFIG_MAX_PEERS: answered at once. */
int daisy_peer_show(struct daisy_request *request)
{
	const struct daisy_peers *peers = request->daemon->peers;
	const char *name = daisy_arg_string(request, "name");
	struct daisy_peer_status status;
	bool found = false;

	for (size_t i = 0; i < daisy_peers_count(peers); i++) {
		daisy_peers_status(peers, i, &status);
		if (name && strcmp(name, status.name))
			continue;
		daisy_reply_item(request, peer_item(&status));
		found = true;
	}
	if (found || !name)
		return ANSWER_DONE;
	daisy_error_set("no peer \"%.64s\", expected one that peer show lists", name);
	return -ENOENT;
}
