/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has the first fragment of a held one been translated? */
#ifndef DAISY_SLOWPATH_FRAGMENTS_H
#define DAISY_SLOWPATH_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "nat/instance.h"

/* number: of the device it came by. */
bool daisy_fragment_known(struct daisy_instance *inst, uint32_t number, const void *frame,
			  size_t len);

#endif
