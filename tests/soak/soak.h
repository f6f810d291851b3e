/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the profiles of the soak share: the model of ports and flows, and the
 * packets. A profile says who asks for ports, and what each may get.
 */
#ifndef DAISY_TESTS_SOAK_H
#define DAISY_TESTS_SOAK_H

#include "lib-c/bed.h"
#include "lib-c/check.h"
#include "lib-c/rng.h"
#include "nat/sweep.h"

#define SOAK_PORTS (65536 - 1024)
#define SOAK_SPARE (SOAK_PORTS / 1000)	/* free ports at 99.9 % */

/* A mapping, as the model knows it. */
struct flow {
	uint32_t id;		/* gives the inside endpoint */
	uint32_t seen;		/* tick before its last packet */
	uint16_t port;
};

/* Model of one protocol's ports. */
struct model {
	enum daisy_proto proto;
	uint32_t lifetime;	/* ticks */
	struct flow *live;
	uint32_t n_live;
	struct flow last[DAISY_VECTOR_SIZE];	/* whom each port was given to; id 0: nobody yet */
	uint32_t next_id;
	uint64_t n_created, n_kept, n_refused;
	bool failed;
};

struct soak {
	const struct soak_profile *profile;
	struct bed bed;
	struct rng rng;
	struct daisy_sweeper *sweeper;
	uint32_t rest;		/* ticks that each port rests at least */
	struct model model[2];
	uint64_t max_overflow, max_used;
	uint32_t n_turns;
};

struct soak_profile {
	const char *name;
	const char *title;	/* of the turns, behind "in N s" */
	uint32_t least_turns;	/* however long they take */
	unsigned int most_seconds;	/* that pass in a turn */
	void (*begin)(struct soak *s);
	/* The inside endpoint of a flow. */
	void (*endpoint)(uint32_t id, uint32_t *addr, uint16_t *port);
	void (*taken)(struct soak *s, struct model *m, const struct flow *flow);	/* or NULL */
	void (*fill)(struct soak *s, struct model *m, bool full);
	void (*turned)(struct soak *s);		/* after a sweep; or NULL */
	void (*judge)(struct soak *s);		/* after all turns */
	void (*end)(struct soak *s);		/* with every port free again; or NULL */
};

extern const struct soak_profile soak_ports, soak_blocks;

void soak_fail(struct model *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first packet of a flow. True if it got a port. */
bool soak_create(struct soak *s, struct model *m, uint32_t id);
uint32_t soak_slot(const struct soak *s);
const struct daisy_port_map *soak_port_map(const struct soak *s, const struct model *m);
void soak_sweep(struct soak *s);

#endif
