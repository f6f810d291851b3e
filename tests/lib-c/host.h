/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host around a test bed: a network namespace with a pair of devices, and
 * one default route. Frames are never sent; the packet path asks the kernel
 * for routes, and redirects need devices to lead to.
 */
#ifndef DAISY_TESTS_HOST_H
#define DAISY_TESTS_HOST_H

#include <stdint.h>

#define HOST_INSIDE_DEVICE "bed0"
#define HOST_OUTSIDE_DEVICE "veth0"
#define HOST_ADDRESS 0xc0000281u	/* 192.0.2.129/30, of the outside device */
#define HOST_GATEWAY 0xc0000282u	/* 192.0.2.130, the default route, by the outside device */

/* Enters a new network namespace. gateway_mac: its permanent neighbour entry. */
void host_make(const uint8_t gateway_mac[6]);

#endif
