/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profile: hosts without number share every port of an address; none of them has a limit. */
#include <inttypes.h>

#include "lib-c/tap.h"
#include "soak/soak.h"

#define EXCESS 40		/* new flows asked of a full pool, per turn */

static void begin(struct soak *s)
{
	s->rest = daisy_instance_conf(s->bed.inst)->timer[DAISY_TIMER_HOLD];
}

static void endpoint(uint32_t id, uint32_t *addr, uint16_t *port)
{
	*addr = 0x0a000001 + id / 40000;
	*port = 10000 + id % 40000;
}

/* Fill up to 99.9 %, or to the last port, and then ask for more. */
static void fill(struct soak *s, struct model *m, bool full)
{
	uint64_t refused = m->n_refused;

	while (!m->failed && soak_port_map(s, m)->n_free > (full ? 0 : SOAK_SPARE) && m->n_refused == refused)
		soak_create(s, m, ++m->next_id);
	if (m->n_refused != refused)
		soak_fail(m, "a new flow was refused while %u ports were free", soak_port_map(s, m)->n_free + 1);
	for (int i = 0; full && i < EXCESS && !m->failed; i++)
		soak_create(s, m, ++m->next_id);
	if (full && m->n_refused != refused + EXCESS)
		soak_fail(m, "a full pool took %" PRIu64 " of %d new flows",
			  EXCESS - (m->n_refused - refused), EXCESS);
}

static void judge(struct soak *s)
{
	uint64_t refused = s->model[0].n_refused + s->model[1].n_refused;

	tap_ok(s->max_overflow > 0, "the index overflowed into its table");
	tap_note("%" PRIu64 " entries there at most", s->max_overflow);
	tap_ok(refused > 0 && bed_counter(&s->bed, BED_COUNTER(drop_NO_PORT)) == refused,
	       "every refusal is counted as no_port (G11)");
}

const struct soak_profile soak_ports = {
	.name = "ports", .title = "use no port was given out twice, none before its hold-down was over, and no "
	"mapping in its lifetime was lost (U3, T7, G8, G11)",
	.least_turns = 30, .most_seconds = 30, .begin = begin, .endpoint = endpoint, .fill = fill, .judge = judge,
};
