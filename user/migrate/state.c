/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lib/error.h"
#include "migrate/state.h"

#define FIRST_FIELD 32	/* PORTABLE_SUBSCRIBER, and so on */
#define SHORT 20
#define LONG 32

/* Numbers of the protocol, whatever they are in the maps. */
static const uint8_t conn_states[] = {
	[1] = CONN_OPENING, [2] = CONN_ESTABLISHED, [3] = CONN_CLOSING, [4] = CONN_RESET,
};

static bool is_long(uint32_t kind)
{
	return kind == PORTABLE_CONN || kind == PORTABLE_PERMISSION;
}

static uint8_t state_number(uint8_t state)
{
	for (uint8_t i = 1; i < sizeof(conn_states); i++)
		if (conn_states[i] == state)
			return i;
	return 0;
}

void daisy_state_write(struct daisy_frames *out, const struct daisy_portable *item)
{
	daisy_field_begin(out, (uint16_t)(FIRST_FIELD + item->kind));
	daisy_put_number(out, item->port, 2);
	daisy_put_number(out, item->proto, 1);
	daisy_put_number(out, item->flags, 1);
	daisy_put(out, item->addr, 4);
	daisy_put_number(out, item->inside_port, 2);
	daisy_put_number(out, item->zone, 2);
	daisy_put_number(out, item->age_ms, 4);
	daisy_put_number(out, item->remaining_ms, 4);
	if (is_long(item->kind)) {
		daisy_put(out, item->remote, 4);
		daisy_put_number(out, item->remote_port, 2);
		daisy_put_number(out, state_number(item->conn_state), 1);
		daisy_put_number(out, item->conn_flags, 1);
		daisy_put_number(out, item->lag_ms, 4);
	}
	daisy_field_end(out);
}

static void read_long(const uint8_t *at, struct daisy_portable *item)
{
	memcpy(item->remote, at, 4);
	item->remote_port = (uint16_t)daisy_get_number(at + 4, 2);
	item->conn_state = at[6] < sizeof(conn_states) ? conn_states[at[6]] : 0;
	item->conn_flags = at[7];
	item->lag_ms = (uint32_t)daisy_get_number(at + 8, 4);
}

int daisy_state_read(const struct daisy_field *field, struct daisy_portable *item)
{
	const uint8_t *at = field->value;
	uint32_t kind = field->number - FIRST_FIELD;

	if (field->number < FIRST_FIELD || kind >= PORTABLE_N_KINDS)
		return 0;
	if (field->len < (is_long(kind) ? LONG : SHORT)) {
		daisy_error_set("item of state of %u bytes, expected %d", field->len,
				is_long(kind) ? LONG : SHORT);
		return -EPROTO;
	}
	memset(item, 0, sizeof(*item));
	item->kind = (uint8_t)kind;
	item->port = (uint16_t)daisy_get_number(at, 2);
	item->proto = at[2];
	item->flags = at[3];
	memcpy(item->addr, at + 4, 4);
	item->inside_port = (uint16_t)daisy_get_number(at + 8, 2);
	item->zone = (uint16_t)daisy_get_number(at + 10, 2);
	item->age_ms = (uint32_t)daisy_get_number(at + 12, 4);
	item->remaining_ms = (uint32_t)daisy_get_number(at + 16, 4);
	if (is_long(kind))
		read_long(at + SHORT, item);
	if (item->proto < DAISY_N_PROTOS && item->zone < DAISY_MAX_ZONES)
		return 1;
	daisy_error_set("item of state of protocol %u in zone %u, expected 0 to %d, and 0 to %d",
			item->proto, item->zone, DAISY_N_PROTOS - 1, DAISY_MAX_ZONES - 1);
	return -EPROTO;
}
