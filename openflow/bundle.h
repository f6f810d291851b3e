/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes as the one transaction that ovs-ofctl sends, and what the switch says to it. */
#ifndef DAISY_OPENFLOW_BUNDLE_H
#define DAISY_OPENFLOW_BUNDLE_H

#include <stdbool.h>

#include "openflow/diff.h"

/* Lines for `ovs-ofctl --bundle add-flows`; the caller frees. NULL: no memory. */
char *daisy_bundle_text(const struct daisy_diff *diff);
/*
 * Find the refused rule in what ovs-ofctl wrote on standard error: -EIO with "file:line: ..."
 * in daisy_error(), or -ENOENT if it names none of ours.
 */
int daisy_bundle_refused(const struct daisy_inventory *inventory, const struct daisy_diff *diff,
			 const char *text);

#endif
