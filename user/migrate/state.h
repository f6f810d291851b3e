/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of an address on the wire (nat/portable.h): each item is a field of a
 * STATE frame, numbered by its kind, with a record of version 1:
 *
 *	port 2, protocol 1, flags 1, inside address 4, inside port 2, zone 2,
 *	age 4, remaining 4 (both ms)
 *
 * and, of a connection or a permission, behind that
 *
 *	remote address 4, remote port 2, state 1, flags 1, lag 4 (ms)
 *
 * A longer record is of a later version, and what it has more is skipped.
 */
#ifndef DAISY_MIGRATE_STATE_H
#define DAISY_MIGRATE_STATE_H

#include "migrate/frame.h"
#include "nat/portable.h"

/* Append a field to the open frame. */
void daisy_state_write(struct daisy_frames *out, const struct daisy_portable *item);
/* 1, 0: a field that is no item, -EPROTO with daisy_error(). */
int daisy_state_read(const struct daisy_field *field, struct daisy_portable *item);

#endif
