/* SPDX-License-Identifier: GPL-2.0-or-later */
/* address move */
#include <errno.h>
#include <string.h>

#include "control/verbs.h"
#include "lib/error.h"
#include "migrate/moves.h"

/* Has the move that the request began ended? Another may have begun since. */
static bool is_over(const struct daisy_request *request)
{
	struct daisy_move_status status;

	daisy_move_status(request->daemon->moves, &status);
	return status.number != request->number || status.state == SOURCE_IDLE;
}

static int step(struct daisy_request *request)
{
	struct daisy_move_status status;

	daisy_move_status(request->daemon->moves, &status);
	if (status.number != request->number) {
		daisy_error_set("another move began before the end of this one was told, expected "
				"address show to tell where the address is");
		return -EBUSY;
	}
	if (status.failed) {
		daisy_error_set("%s", status.error);
		return -ECANCELED;
	}
	daisy_reply_item(request, json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i}",
					    "address", daisy_arg_string(request, "address"),
					    "to", status.peer, "mappings", (int)status.done.mappings,
					    "taken", (int)status.taken,
					    "connections", (int)status.done.conns,
					    "subscribers", (int)status.done.subscribers,
					    "held", (int)status.done.rests,
					    "stopped_ms", (int)status.stopped_ms));
	if (daisy_daemon_unsaved(request->daemon))
		daisy_reply_warning(request, "the configuration files do not know of the move, here nor "
				    "there: daisy config save");
	return ANSWER_DONE;
}

int daisy_address_move(struct daisy_request *request)
{
	const char *method = daisy_arg_string(request, "method");
	struct daisy_endpoint_filter address;
	struct daisy_move_status status;
	int err = daisy_arg_address(request, "address", &address);

	if (err)
		return err;
	if (strcmp(method, "stop-and-copy")) {
		daisy_error_set("\"%.64s\" is not a method, expected stop-and-copy", method);
		return daisy_refuse(request);
	}
	err = daisy_move_begin(request->daemon->moves, address.addr, daisy_arg_string(request, "to"));
	if (err)
		return err;
	daisy_move_status(request->daemon->moves, &status);
	request->number = status.number;
	request->ready = is_over;
	request->step = step;
	return ANSWER_MORE;
}
