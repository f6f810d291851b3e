/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "migrate/moving.h"

const char *daisy_move_address(uint32_t addr)
{
	static char text[INET_ADDRSTRLEN];
	struct in_addr in = { htonl(addr) };

	inet_ntop(AF_INET, &in, text, sizeof(text));
	return text;
}

static void opened(void *ctx, struct daisy_session *session)
{
	if (!session->accepted)
		daisy_source_event(ctx, session, SOURCE_OPENED);
}

static void lost(void *ctx, struct daisy_session *session)
{
	if (session->accepted)
		daisy_target_lost(ctx, session);
	else
		daisy_source_event(ctx, session, SOURCE_LOST);
}

static int receive(void *ctx, struct daisy_session *session, const struct daisy_frame *frame)
{
	return session->accepted ? daisy_target_receive(ctx, session, frame) :
				   daisy_source_receive(ctx, session, frame);
}

static void drained(void *ctx, struct daisy_session *session)
{
	if (!session->accepted)
		daisy_source_drained(ctx, session);
}

int daisy_moves_open(struct daisy_moves **result, struct daisy_daemon *d)
{
	struct daisy_moves *moves = calloc(1, sizeof(*moves));
	const struct daisy_peers_user user = {
		.opened = opened, .lost = lost, .receive = receive, .drained = drained, .ctx = moves,
	};

	*result = moves;
	if (!moves) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	moves->daemon = d;
	daisy_peers_use(d->peers, &user);
	daisy_source_adopt(moves);
	return 0;
}

void daisy_moves_close(struct daisy_moves *moves)
{
	if (!moves)
		return;
	/* What is lost from here on is nobody's business any more. */
	daisy_source_close(moves);
	daisy_peers_use(moves->daemon->peers, &(struct daisy_peers_user){ 0 });
	daisy_target_close(moves);
	free(moves);
}

void daisy_moves_step(struct daisy_moves *moves)
{
	daisy_source_step(moves);
}

void daisy_move_status(const struct daisy_moves *moves, struct daisy_move_status *status)
{
	*status = moves->source.status;
}

bool daisy_arrival_status(const struct daisy_moves *moves, uint32_t addr,
			  struct daisy_arrival_status *status)
{
	for (size_t i = 0; i < DAISY_MAX_ARRIVALS; i++) {
		const struct daisy_arrival *arrival = &moves->arrival[i];
		uint32_t be = htonl(addr);

		if (arrival->state == TARGET_NONE || memcmp(arrival->offer.address, &be, sizeof(be)))
			continue;
		*status = (struct daisy_arrival_status){
			.addr = addr, .peer = arrival->peer, .ready = arrival->state == TARGET_READY,
			.mappings = arrival->offer.mappings,
			.done = daisy_import_counts(arrival->import)->mappings,
		};
		return true;
	}
	return false;
}
