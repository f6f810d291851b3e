/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

const struct daisy_object *const daisy_objects[] = {
	&daisy_object_link,
	&daisy_object_pool,
	&daisy_object_address,
	&daisy_object_peer,
	&daisy_object_subscriber,
	&daisy_object_mapping,
	&daisy_object_stats,
	&daisy_object_monitor,
	&daisy_object_instance,
	&daisy_object_config,
	&daisy_object_chain,
	&daisy_object_doctor,
	NULL,
};
