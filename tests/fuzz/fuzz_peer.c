/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames and messages of the peer protocol under libFuzzer: any bytes are frames
 * whose fields lie within them, or are refused with one line; a message that is
 * understood, written and read again, is the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "migrate/message.h"
#include "migrate/moving.h"
#include "migrate/state.h"

static void refused_well(void)
{
	MUST(*daisy_error() && !strchr(daisy_error(), '\n'));
}

/* What was written is one frame, whole. */
static void parse_own(const struct daisy_frames *out, struct daisy_frame *frame)
{
	MUST(!out->failed);
	MUST(daisy_frame_parse(out->data, out->to, DAISY_FRAME_MAX, frame) == (int)out->to);
}

static void try_hello(const struct daisy_frame *frame)
{
	struct daisy_hello hello, again;
	struct daisy_frames out = { 0 };
	struct daisy_frame own;

	if (daisy_hello_read(frame, &hello)) {
		refused_well();
		return;
	}
	daisy_hello_write(&out, MESSAGE_HELLO, &hello);
	parse_own(&out, &own);
	MUST(!daisy_hello_read(&own, &again));
	MUST(!memcmp(&hello, &again, sizeof(hello)));
	if (!daisy_hello_version(&hello))
		refused_well();
	daisy_frames_clear(&out);
}

static void try_talk(const struct daisy_frame *frame)
{
	struct daisy_config_forward *list;
	struct daisy_frames out = { 0 };
	struct daisy_talk talk, again;
	struct daisy_frame own;
	size_t n;

	if (daisy_talk_read(frame, &talk)) {
		refused_well();
		return;
	}
	daisy_talk_write(&out, MESSAGE_READY, 1, frame->session, &talk);
	parse_own(&out, &own);
	MUST(!daisy_talk_read(&own, &again));
	MUST(!memcmp(&talk, &again, sizeof(talk)));
	daisy_frames_clear(&out);
	if (daisy_forwards_read(frame, 1, &list, &n))
		refused_well();
	else
		free(list);
}

static void try_state(const struct daisy_frame *frame)
{
	struct daisy_field field;
	size_t at = 0;
	int more;

	while ((more = daisy_frame_next(frame, &at, &field)) > 0) {
		struct daisy_portable item, again;
		struct daisy_frames out = { 0 };
		struct daisy_field own;
		int is = daisy_state_read(&field, &item);

		if (is <= 0) {
			MUST(!is || *daisy_error());
			continue;
		}
		daisy_state_write(&out, &item);
		own = (struct daisy_field){ (uint16_t)daisy_get_number(out.data, 2),
					    (uint16_t)daisy_get_number(out.data + 2, 2), out.data + 4 };
		MUST(daisy_state_read(&own, &again) == 1);
		MUST(!memcmp(&item, &again, sizeof(item)));
		daisy_frames_clear(&out);
	}
	if (more < 0)
		refused_well();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct daisy_frame frame;
	/* A buffer of its own, so that a byte read behind the end is seen. */
	uint8_t *bytes = malloc(size ? size : 1);
	size_t at = 0;
	int n;

	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	while ((n = daisy_frame_parse(bytes + at, size - at, DAISY_FRAME_MAX, &frame)) > 0) {
		MUST(at + (size_t)n <= size);
		try_hello(&frame);
		try_talk(&frame);
		try_state(&frame);
		at += (size_t)n;
	}
	if (n < 0)
		refused_well();
	free(bytes);
	return 0;
}
