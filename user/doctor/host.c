/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <cap-ng.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "doctor/finding.h"

/* What daisyd needs: maps and programs, attaching, netlink. */
static const struct {
	unsigned int number;
	const char *name;
} capabilities[] = {
	{ CAP_BPF, "cap_bpf" },
	{ CAP_NET_ADMIN, "cap_net_admin" },
	{ CAP_PERFMON, "cap_perfmon" },
};

static void check_privileges(const struct daisy_findings *out)
{
	char missing[128] = "";

	capng_get_caps_process();
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(*capabilities); i++) {
		size_t n = strlen(missing);

		if (!capng_have_capability(CAPNG_EFFECTIVE, capabilities[i].number))
			snprintf(missing + n, sizeof(missing) - n, "%s%s", n ? ", " : "",
				 capabilities[i].name);
	}
	if (*missing)
		daisy_finding_fail(out, "privileges", "missing: %s|run as root", missing);
	else
		daisy_finding_ok(out, "privileges", "%s", geteuid() ? "capabilities are there" : "root");
}

/* 6.1: what is tested, and the first with all that the programs use. */
static void check_kernel(const struct daisy_findings *out)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	uname(&name);
	if (sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	    (major > 6 || (major == 6 && minor >= 1)))
		daisy_finding_ok(out, "kernel", "Linux %s", name.release);
	else
		daisy_finding_fail(out, "kernel", "Linux %s is older than 6.1|boot Linux 6.1 or later",
				   name.release);
}

static void check_btf(const struct daisy_findings *out)
{
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		daisy_finding_ok(out, "btf", "the kernel describes its types");
	else
		daisy_finding_fail(out, "btf", "/sys/kernel/btf/vmlinux cannot be read|"
				   "use a kernel with CONFIG_DEBUG_INFO_BTF=y");
}

static void check_bpffs(const struct daisy_findings *out)
{
	struct statfs fs;

	if (!statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC)
		daisy_finding_ok(out, "bpffs", "mounted on /sys/fs/bpf");
	else
		daisy_finding_fail(out, "bpffs", "no bpffs on /sys/fs/bpf|"
				   "mount -t bpf bpf /sys/fs/bpf; in a namespace enter it with "
				   "nsenter --net=/run/netns/NAME, ip netns exec hides the bpffs");
}

static void check_jit(const struct daisy_findings *out)
{
	long value = daisy_doctor_read("/proc/sys/net/core/bpf_jit_enable");

	/* Absent where the interpreter is not built in or inside a namespace that may not see it. */
	if (value)
		daisy_finding_ok(out, "jit", "on");
	else
		daisy_finding_warn(out, "jit", "off: programs are interpreted, many times slower|"
				   "sysctl -w net.core.bpf_jit_enable=1");
}

static void check_cpus(const struct daisy_findings *out)
{
	daisy_finding_ok(out, "cpus", "%ld online", sysconf(_SC_NPROCESSORS_ONLN));
}

void daisy_doctor_host(struct daisy_findings *out)
{
	out->subject = "host";
	check_privileges(out);
	check_kernel(out);
	check_btf(out);
	check_bpffs(out);
	check_jit(out);
	check_cpus(out);
}
