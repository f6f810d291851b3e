/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static forwards of an address, as fields of an offer: they belong to the configuration, and go with it. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "lib/error.h"
#include "migrate/moving.h"

#define FIELD_FORWARD 13
#define BYTES 13	/* inside address 4, its port 2, external ports 2 and 2, zone 2, IP protocol 1 */

void daisy_forwards_write(struct daisy_frames *out, const struct daisy_config_pool *pool, uint32_t addr)
{
	for (size_t i = 0; i < pool->n_forwards; i++) {
		const struct daisy_config_forward *forward = &pool->forwards[i];

		if (forward->external != addr)
			continue;
		daisy_field_begin(out, FIELD_FORWARD);
		daisy_put_number(out, forward->inside, 4);
		daisy_put_number(out, forward->inside_port, 2);
		daisy_put_number(out, forward->ports.first, 2);
		daisy_put_number(out, forward->ports.last, 2);
		daisy_put_number(out, forward->zone, 2);
		daisy_put_number(out, forward->proto, 1);
		daisy_field_end(out);
	}
}

static int read_one(const struct daisy_field *field, uint32_t addr, struct daisy_config_forward *forward)
{
	const uint8_t *at = field->value;

	if (field->len < BYTES)
		return -EPROTO;
	*forward = (struct daisy_config_forward){
		.external = addr, .inside = (uint32_t)daisy_get_number(at, 4),
		.inside_port = (uint16_t)daisy_get_number(at + 4, 2),
		.ports = { (uint32_t)daisy_get_number(at + 6, 2), (uint32_t)daisy_get_number(at + 8, 2) },
		.zone = (uint16_t)daisy_get_number(at + 10, 2), .proto = at[12],
	};
	/* Whether it fits the rest, the check of the whole configuration says. */
	return forward->zone < DAISY_MAX_ZONES && forward->ports.first &&
	       forward->ports.first <= forward->ports.last && forward->inside_port &&
	       (!forward->proto || forward->proto == IPPROTO_TCP || forward->proto == IPPROTO_UDP) ?
	       0 : -EPROTO;
}

int daisy_forwards_read(const struct daisy_frame *frame, uint32_t addr,
			struct daisy_config_forward **list, size_t *n)
{
	struct daisy_field field;
	size_t at = 0;
	int more, err = 0;

	*n = 0;
	*list = calloc(frame->len / BYTES + 1, sizeof(**list));
	if (!*list) {
		daisy_error_set("no memory");
		return -ENOMEM;
	}
	while ((more = daisy_frame_next(frame, &at, &field)) > 0 && !err)
		if (field.number == FIELD_FORWARD)
			err = read_one(&field, addr, &(*list)[(*n)++]);
	if (err)
		daisy_error_set("a forward that is none");
	err = err ? err : more;
	if (err) {
		free(*list);
		*list = NULL;
	}
	return err;
}
