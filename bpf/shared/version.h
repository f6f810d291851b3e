/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Version of the map layout. It is part of the pin path, so two layouts never
 * meet: raise it with every change of a struct in bpf/shared/nat.h or of a
 * map's type, key or value.
 */
#ifndef DAISY_SHARED_VERSION_H
#define DAISY_SHARED_VERSION_H

#define DAISY_MAP_FORMAT 6
#define DAISY_VERSION "0.1.0"

#endif
