/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is right and wrong about a host and its devices, before anything is
 * attached. The checks read only: nothing is changed, nothing is attached, and
 * the daemon need not run.
 */
#ifndef DAISY_DOCTOR_FINDING_H
#define DAISY_DOCTOR_FINDING_H

enum daisy_finding_level {
	FINDING_OK,
	FINDING_WARN,		/* works, but not as well or not in every case */
	FINDING_FAIL,		/* Daisy cannot start or translate */
};

struct daisy_finding {
	enum daisy_finding_level level;
	const char *subject;	/* "host", or the device */
	const char *check;	/* one word: "kernel", "mtu" */
	const char *text;	/* what is so */
	const char *todo;	/* what to do; "" when it is ok */
};

/* Most that text and todo have together; longer is cut. */
#define DAISY_FINDING_SIZE 512

/* Where findings go. The finding is valid during the call only. */
struct daisy_findings {
	void (*add)(void *ctx, const struct daisy_finding *finding);
	void *ctx;
	const char *subject;
};

void daisy_finding_ok(const struct daisy_findings *out, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The text is "what is so|what to do": one format, so that both may name values. */
void daisy_finding_warn(const struct daisy_findings *out, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void daisy_finding_fail(const struct daisy_findings *out, const char *check, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* host.c: privileges, kernel, BTF, bpffs. */
void daisy_doctor_host(struct daisy_findings *out);
/* device.c: everything about one device. */
void daisy_doctor_device(struct daisy_findings *out, const char *device);
/* guard.c: the kernel does not forward for this device of an instance. */
void daisy_doctor_guard(const struct daisy_findings *out, const char *instance, const char *device);

/* A number in a file below /proc or /sys; -errno if it cannot be read. */
long daisy_doctor_read(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
