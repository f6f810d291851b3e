/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "doctor/device.h"

/* include/uapi/linux/netdev.h, Linux 6.3 */
#define XDP_ACT_BASIC 1
#define XDP_ACT_REDIRECT 2
#define XDP_ACT_NDO_XMIT 4

/* Drivers with native XDP in Linux 6.1, where the kernel cannot be asked. */
static const char *const native_drivers[] = {
	"atlantic", "bnxt_en", "dpaa2-eth", "ena", "fec", "gve", "hv_netvsc", "i40e", "ice", "igb",
	"igc", "ixgbe", "ixgbevf", "mlx4_en", "mlx5_core", "mvneta", "mvpp2", "nfp", "qede", "sfc",
	"st_gmac", "tsnep", "tun", "veth", "virtio_net", "vmxnet3", "vif",
};

static bool has_native_driver(const struct daisy_device *device)
{
	for (size_t i = 0; i < sizeof(native_drivers) / sizeof(*native_drivers); i++) {
		if (!strcmp(device->driver, native_drivers[i]))
			return true;
	}
	return false;
}

void daisy_doctor_native(const struct daisy_findings *out, struct daisy_device *device)
{
	const uint64_t wanted = XDP_ACT_BASIC | XDP_ACT_REDIRECT;
	uint64_t flags;
	bool told = !daisy_doctor_xdp_features(device->ifindex, &flags);

	device->tells_xmit = told;
	device->has_xmit = flags & XDP_ACT_NDO_XMIT;
	device->has_native = told ? (flags & wanted) == wanted : has_native_driver(device);
	if (device->has_native)
		daisy_finding_ok(out, "native", "driver %s has native XDP", device->driver);
	else if (told && device->is_veth)
		daisy_finding_fail(out, "native", "veth whose other end has more transmit than it has receive "
				   "queues: native XDP is refused|make the pair anew with numrxqueues and "
				   "numtxqueues equal at both ends");
	else
		daisy_finding_warn(out, "native", "driver %s %s native XDP|attach with mode generic (slower)",
				   *device->driver ? device->driver : "unknown",
				   told ? "has no" : "is not known to have");
}

/* veth has the flag while an XDP program at the other end makes it run NAPI. GRO alone does not last. */
void daisy_doctor_napi(const struct daisy_findings *out, const struct daisy_device *device)
{
	if (!device->is_veth)
		return;
	if (device->has_xmit)
		daisy_finding_ok(out, "napi", "veth: the other end takes frames that XDP sends");
	else
		daisy_finding_warn(out, "napi", "veth: the other end %s run NAPI: frames that XDP sends "
				   "are lost|attach an XDP program that passes everything to the other end; "
				   "GRO on is not enough", device->tells_xmit ? "does not" : "may not");
}

/* Name of a program, or "?" where the kernel does not say. */
static void program_name(uint32_t id, char *name, size_t size)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	strcpy(name, "?");
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && *info.name)
		strncpy(name, info.name, size - 1);
	close(fd);
}

static bool is_ours(const char *name)
{
	return !strcmp(name, "xdp_nat");
}

static void report_program(const struct daisy_findings *out, struct daisy_device *device,
			   uint32_t id, int mode)
{
	const char *mode_name = mode == XDP_ATTACHED_SKB ? "generic" : "native";
	char name[BPF_OBJ_NAME_LEN + 1] = "";

	program_name(id, name, sizeof(name));
	device->is_ours = is_ours(name);
	if (device->is_ours && mode == XDP_ATTACHED_SKB)
		daisy_finding_warn(out, "program", "Daisy, in generic mode|native mode is several times faster: "
				   "daisy link set dev %s mode native", device->name);
	else if (device->is_ours)
		daisy_finding_ok(out, "program", "Daisy, in native mode");
	else if (!strcmp(name, "xdp_dispatcher"))
		daisy_finding_ok(out, "program", "libxdp's dispatcher, %s: xdp-loader status %s lists what runs",
				 mode_name, device->name);
	else if (!strcmp(name, "?"))
		daisy_finding_warn(out, "program", "an XDP program (id %u, %s) is attached, whose name only root "
				   "may know|run as root", id, mode_name);
	else
		daisy_finding_fail(out, "program", "a foreign XDP program, %s (id %u, %s), is attached|"
				   "if it may go: ip link set dev %s xdp%s off", name, id, mode_name,
				   device->name, mode == XDP_ATTACHED_SKB ? "generic" : "");
}

void daisy_doctor_program(const struct daisy_findings *out, struct daisy_device *device)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(device->ifindex, 0, &query))
		daisy_finding_warn(out, "program", "the kernel does not say which XDP program is attached|"
				   "run as root");
	else if (query.attach_mode == XDP_ATTACHED_NONE)
		daisy_finding_ok(out, "program", "none attached");
	else
		report_program(out, device, query.prog_id ? query.prog_id :
			       query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id,
			       query.attach_mode);
}
