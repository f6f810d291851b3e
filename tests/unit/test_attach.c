/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaching, in a network namespace and with a bpffs of its own. Needs root.
 *
 *	[ d0 ]----[ p0 ]	veth, MTU 1500
 *	[ d1.1 ]--[ p1 ]	veth, MTU 9000: too large for native XDP
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <net/if.h>
#include <cmocka.h>

#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "nat/attach.h"
#include "nat/internal.h"
#include "traffic.h"

static char bpffs[] = "/tmp/daisy-bpffs-XXXXXX";
static struct daisy_instance *inst;
static struct daisy_attachment a;

static void shell(const char *command)
{
	if (system(command))
		traffic_fail(command);
}

static void open_instance(const char *name)
{
	struct daisy_instance_spec spec = { .name = name, .bpffs = bpffs, .max_slots = 1 };

	if (daisy_instance_open(&spec, &inst, NULL))
		traffic_fail("open");
}

static int load(void)
{
	int fd = daisy_instance_program_load(inst, 1);

	if (fd < 0)
		traffic_fail("load");
	return fd;
}

/* Load and attach a fresh program; returns what daisy_attach says. */
static int attach(const char *device, enum daisy_xdp_mode mode)
{
	int fd = load(), err = daisy_attach(inst, device, fd, mode);

	close(fd);
	return err;
}

static void assert_attached(const char *device, enum daisy_xdp_mode mode, bool ours)
{
	assert_int_equal(daisy_attachment_get(inst, device, &a), 0);
	assert_int_equal(a.mode, mode);
	assert_int_equal(a.ours, ours);
}

static bool pinned(const char *name)
{
	int fd = daisy_pin_get(inst, name);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int setup(void **state)
{
	shell("ip link add d0 type veth peer name p0; ip link set d0 up; ip link set p0 up");
	shell("ip link add d1.1 mtu 9000 type veth peer name p1 mtu 9000");
	open_instance("n0");
	return 0;
}

static int teardown(void **state)
{
	daisy_instance_close(inst);
	inst = NULL;
	shell("ip link del d0; ip link del d1.1");
	daisy_instance_purge(bpffs, "n0");
	return 0;
}

static void test_modes(void **state)
{
	assert_attached("d0", DAISY_XDP_NONE, false);
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_string_equal(a.program_name, "xdp_nat");
	assert_int_equal(daisy_detach(inst, "d0"), 0);
	assert_attached("d0", DAISY_XDP_NONE, false);
	assert_int_equal(attach("d0", DAISY_XDP_GENERIC), 0);
	assert_attached("d0", DAISY_XDP_GENERIC, true);
	assert_true(pinned("prog_d0"));
	assert_int_equal(daisy_detach(inst, "d0"), 0);
	assert_false(pinned("prog_d0"));
	assert_int_equal(daisy_detach(inst, "d0"), 0);
}

static void test_replace(void **state)
{
	uint32_t first;

	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	first = a.program_id;
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_int_not_equal(a.program_id, first);
	assert_true(pinned("prog_d0"));
	assert_false(pinned("next_d0"));
}

static void test_change_mode(void **state)
{
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_int_equal(attach("d0", DAISY_XDP_GENERIC), 0);
	assert_attached("d0", DAISY_XDP_GENERIC, true);
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
}

static void test_never_downgraded(void **state)
{
	uint32_t before;

	assert_int_equal(attach("d1.1", DAISY_XDP_NATIVE), -ERANGE);
	assert_non_null(strstr(daisy_error(),
			       "device \"d1.1\" (driver veth): cannot attach in mode native: "));
	assert_non_null(strstr(daisy_error(), "Peer MTU is too large to set XDP; lower the MTU "
			       "(of a veth device: its peer's), or use mode generic"));
	assert_attached("d1.1", DAISY_XDP_NONE, false);
	assert_false(pinned("prog_d1:1"));
	assert_int_equal(attach("d1.1", DAISY_XDP_GENERIC), 0);
	assert_attached("d1.1", DAISY_XDP_GENERIC, true);
	assert_true(pinned("prog_d1:1"));
	before = a.program_id;
	/* A change of mode that fails puts the old program back. */
	assert_int_equal(attach("d1.1", DAISY_XDP_NATIVE), -ERANGE);
	assert_attached("d1.1", DAISY_XDP_GENERIC, true);
	assert_int_equal(a.program_id, before);
}

static void test_restart(void **state)
{
	uint32_t first;

	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	daisy_instance_close(inst);
	inst = NULL;
	assert_attached("d0", DAISY_XDP_NATIVE, false);
	first = a.program_id;
	open_instance("n0");
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_int_equal(a.program_id, first);
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_int_not_equal(a.program_id, first);
}

/* Killed between attaching and renaming the pin. */
static void test_killed_between(void **state)
{
	int fd = load(), ifindex = (int)if_nametoindex("d0");

	assert_int_equal(daisy_pin_set(inst, "next_d0", fd), 0);
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	close(fd);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_true(pinned("prog_d0"));
	assert_false(pinned("next_d0"));
}

static int load_foreign(void)
{
	/* r0 = XDP_PASS; exit */
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 2 }, { .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "theirs", "GPL", insns, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void test_foreign(void **state)
{
	int fd = load_foreign(), ifindex = (int)if_nametoindex("d0");
	char expected[256];

	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), -EBUSY);
	assert_attached("d0", DAISY_XDP_NATIVE, false);
	snprintf(expected, sizeof(expected),
		 "device \"d0\" has an XDP program attached that is not ours: "
		 "\"theirs\", id %u, native; detach it first",
		 a.program_id);
	assert_string_equal(daisy_error(), expected);
	assert_int_equal(attach("d0", DAISY_XDP_GENERIC), -EBUSY);
	assert_int_equal(daisy_detach(inst, "d0"), -EBUSY);
	assert_attached("d0", DAISY_XDP_NATIVE, false);
	assert_false(pinned("prog_d0"));
	assert_false(pinned("next_d0"));
	close(fd);
}

static void test_other_instance(void **state)
{
	struct daisy_instance *first = inst;

	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	open_instance("n1");
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), -EBUSY);
	assert_non_null(strstr(daisy_error(), "the XDP program of another instance"));
	daisy_instance_close(inst);
	inst = first;
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_int_equal(daisy_instance_purge(bpffs, "n1"), 0);
}

static void test_no_device(void **state)
{
	assert_int_equal(attach("d7", DAISY_XDP_NATIVE), -ENODEV);
	assert_string_equal(daisy_error(), "no device is called \"d7\"");
	assert_int_equal(daisy_attachment_get(inst, "d7", &a), -ENODEV);
}

/* A device that is deleted and made again is a new one: the pin of the old says nothing about it. */
static void test_device_made_again(void **state)
{
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	shell("ip link del d0; ip link add d0 type veth peer name p0");
	assert_attached("d0", DAISY_XDP_NONE, false);
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	shell("ip link del d0");
	assert_int_equal(daisy_detach(inst, "d0"), 0);
	assert_false(pinned("prog_d0"));
	shell("ip link add d0 type veth peer name p0");
}

static void test_purge_detaches(void **state)
{
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_int_equal(attach("d1.1", DAISY_XDP_GENERIC), 0);
	daisy_instance_close(inst);
	inst = NULL;
	assert_int_equal(daisy_instance_purge(bpffs, "n0"), 0);
	assert_attached("d0", DAISY_XDP_NONE, false);
	assert_attached("d1.1", DAISY_XDP_NONE, false);
}

static void test_unpinned(void **state)
{
	struct daisy_instance_spec spec = { .name = "u0", .max_slots = 1 };
	struct daisy_instance *pinned_one = inst;

	assert_int_equal(daisy_instance_open(&spec, &inst, NULL), 0);
	assert_int_equal(attach("d0", DAISY_XDP_NATIVE), 0);
	assert_attached("d0", DAISY_XDP_NATIVE, true);
	assert_int_equal(attach("d0", DAISY_XDP_GENERIC), 0);
	assert_attached("d0", DAISY_XDP_GENERIC, true);
	assert_int_equal(daisy_detach(inst, "d0"), 0);
	assert_attached("d0", DAISY_XDP_NONE, false);
	daisy_instance_close(inst);
	inst = pinned_one;
}

#define TEST(sentence, name) { sentence, name, setup, teardown, NULL }

static int enter(void **state)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	return !mkdtemp(bpffs) || mount("bpf", bpffs, "bpf", 0, NULL) ? -1 : 0;
}

static int leave(void **state)
{
	return umount2(bpffs, MNT_DETACH) || rmdir(bpffs) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("the program is attached in the mode asked for, and detached", test_modes),
		TEST("our earlier program is replaced, and its pin with it", test_replace),
		TEST("native and generic can be exchanged", test_change_mode),
		TEST("native that the device refuses is an error, not generic", test_never_downgraded),
		TEST("the next start knows the program for its own and replaces it", test_restart),
		TEST("a program attached by a start that was killed is known for ours", test_killed_between),
		TEST("a program that is not ours is left alone, and named", test_foreign),
		TEST("the program of another instance is left alone", test_other_instance),
		TEST("a device that is not there is refused by name", test_no_device),
		TEST("a device that was deleted and made again is attached anew", test_device_made_again),
		TEST("purge detaches the instance's programs", test_purge_detaches),
		TEST("an instance without pins knows its own programs", test_unpinned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, enter, leave);
}
