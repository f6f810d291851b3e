/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pins: <bpffs>/daisy/<map format>/<instance>/<name>, for every map by its name,
 * for inner maps as vector_<protocol>_<slot>, for attached programs as
 * prog_<device>. `conf` is pinned last and removed first, so that it stands
 * exactly where the set is complete. The directory is locked while an instance
 * is open: two daemons cannot adopt the same one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/error.h"
#include "nat/internal.h"
#include "shared/version.h"

#define COMPLETE_PIN "conf"
#define PROGRAM_PREFIX "prog_"

static int check_bpffs(const char *bpffs)
{
	struct statfs fs;

	if (statfs(bpffs, &fs)) {
		int err = -errno;

		daisy_error_set("bpffs \"%s\": %s", bpffs, strerror(-err));
		return err;
	}
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	daisy_error_set("\"%s\" is no bpffs: mount one there (mount -t bpf bpf %s)", bpffs, bpffs);
	return -EINVAL;
}

static char *format_dir(const char *bpffs, const char *format, const char *name)
{
	char *path;

	return asprintf(&path, "%s/daisy/%s/%s", bpffs, format, name) < 0 ? NULL : path;
}

static char *own_dir(const char *bpffs, const char *name)
{
	char format[16];

	snprintf(format, sizeof(format), "%d", DAISY_MAP_FORMAT);
	return format_dir(bpffs, format, name);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/*
 * Call fn for the name's directory of each map format, ours or not, until it
 * returns other than 0.
 */
static int each_format(const char *bpffs, const char *name,
		       int (*fn)(const char *dir, const char *format, const char *name))
{
	struct dirent *entry;
	char *path;
	int err = 0;
	DIR *dir;

	if (asprintf(&path, "%s/daisy", bpffs) < 0)
		return -ENOMEM;
	dir = opendir(path);
	free(path);
	if (!dir)
		return 0;
	while (!err && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		path = format_dir(bpffs, entry->d_name, name);
		if (!path)
			err = -ENOMEM;
		else if (is_dir(path))
			err = fn(path, entry->d_name, name);
		free(path);
	}
	closedir(dir);
	return err;
}

static int refuse_other_format(const char *dir, const char *format, const char *name)
{
	char ours[16];

	snprintf(ours, sizeof(ours), "%d", DAISY_MAP_FORMAT);
	if (!strcmp(format, ours))
		return 0;
	daisy_error_set(
		"instance \"%s\" has maps of format %s, this version (%s) writes format %s: "
		"run the version that made them, or purge the instance, which ends its mappings",
		name, format, DAISY_VERSION, ours);
	return -EEXIST;
}

static int make_dirs(const char *bpffs, const char *dir)
{
	char path[DAISY_PATH_SIZE];
	size_t start = strlen(bpffs) + 1;

	if (strlen(dir) >= sizeof(path)) {
		daisy_error_set("bpffs \"%s\": the path is too long, at most %d bytes", bpffs,
				DAISY_PATH_SIZE - 64);
		return -ENAMETOOLONG;
	}
	strcpy(path, dir);
	for (char *slash = path + start; slash; ) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST) {
			int err = -errno;

			daisy_error_set("cannot make directory \"%s\": %s", path, strerror(-err));
			return err;
		}
		if (slash)
			*slash++ = '/';
	}
	return 0;
}

/* Somebody may have removed the directory between open and lock: then -EAGAIN. */
static int lock_dir(const char *dir, const char *name, int *lock_fd)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat ours, there;

	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = errno == EWOULDBLOCK ? -EBUSY : -errno;

		close(fd);
		daisy_error_set("instance \"%s\" is in use by another process (lock on %s)", name,
				dir);
		return err;
	}
	if (fstat(fd, &ours) || stat(dir, &there) || ours.st_ino != there.st_ino) {
		close(fd);
		return -EAGAIN;
	}
	*lock_fd = fd;
	return 0;
}

/* Make and lock the directory of the instance's pins; nothing to do if it has none. */
int daisy_pins_open(struct daisy_instance *inst)
{
	int err;

	if (!inst->bpffs)
		return 0;
	err = check_bpffs(inst->bpffs);
	if (!err)
		err = each_format(inst->bpffs, inst->name, refuse_other_format);
	if (err)
		return err;
	inst->pin_dir = own_dir(inst->bpffs, inst->name);
	if (!inst->pin_dir)
		return -ENOMEM;
	do {
		err = make_dirs(inst->bpffs, inst->pin_dir);
		if (!err)
			err = lock_dir(inst->pin_dir, inst->name, &inst->lock_fd);
	} while (err == -EAGAIN);
	return err;
}

void daisy_pins_close(struct daisy_instance *inst)
{
	if (inst->lock_fd >= 0)
		close(inst->lock_fd);
	inst->lock_fd = -1;
	free(inst->pin_dir);
	inst->pin_dir = NULL;
}

static int pin_path(const struct daisy_instance *inst, const char *name, char *path)
{
	int n = snprintf(path, DAISY_PATH_SIZE, "%s/%s", inst->pin_dir, name);

	return n < 0 || n >= DAISY_PATH_SIZE ? -ENAMETOOLONG : 0;
}

bool daisy_pins_complete(const struct daisy_instance *inst)
{
	char path[DAISY_PATH_SIZE];

	return inst->pin_dir && !pin_path(inst, COMPLETE_PIN, path) && !access(path, F_OK);
}

/* File descriptor of what is pinned under a name; -ENOENT if nothing is. No error line. */
int daisy_pin_get(const struct daisy_instance *inst, const char *name)
{
	char path[DAISY_PATH_SIZE];
	int fd, err;

	if (!inst->pin_dir)
		return -ENOENT;
	err = pin_path(inst, name, path);
	if (err)
		return err;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int daisy_pin_set(const struct daisy_instance *inst, const char *name, int fd)
{
	char path[DAISY_PATH_SIZE];
	int err;

	if (!inst->pin_dir)
		return 0;
	err = pin_path(inst, name, path);
	if (!err && bpf_obj_pin(fd, path))
		err = -errno;
	if (err)
		daisy_error_set("cannot pin \"%s/%s\": %s", inst->pin_dir, name, strerror(-err));
	return err;
}

/* Replaces what is pinned as `to`, at once. */
int daisy_pin_rename(const struct daisy_instance *inst, const char *from, const char *to)
{
	char old[DAISY_PATH_SIZE], new[DAISY_PATH_SIZE];
	int err;

	if (!inst->pin_dir)
		return 0;
	err = pin_path(inst, from, old);
	if (!err)
		err = pin_path(inst, to, new);
	if (!err && rename(old, new))
		err = -errno;
	if (err)
		daisy_error_set("cannot rename pin \"%s\" to \"%s\": %s", from, to, strerror(-err));
	return err;
}

void daisy_pin_unset(const struct daisy_instance *inst, const char *name)
{
	char path[DAISY_PATH_SIZE];

	if (inst->pin_dir && !pin_path(inst, name, path))
		unlink(path);
}

/* Remove every pin in a directory, the mark of a complete set first. */
static int clear_dir(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int err = 0;

	if (!dir)
		return -errno;
	if (unlinkat(dirfd(dir), COMPLETE_PIN, 0) && errno != ENOENT)
		err = -errno;
	while (!err && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0))
			err = errno == ENOENT ? 0 : -errno;
	closedir(dir);
	if (err)
		daisy_error_set("cannot remove the pins in %s: %s", path, strerror(-err));
	return err;
}

/* What a start left that did not come to its end. */
int daisy_pins_clear(const struct daisy_instance *inst)
{
	return inst->pin_dir ? clear_dir(inst->pin_dir) : 0;
}

int daisy_pins_remove(struct daisy_instance *inst)
{
	int err = daisy_pins_clear(inst);

	if (!err && inst->pin_dir && rmdir(inst->pin_dir))
		err = -errno;
	return err;
}

/* Programs that still translate with these maps would make the next attach fail. */
static void detach_pinned(struct daisy_instance *inst)
{
	DIR *dir = opendir(inst->pin_dir);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)))
			daisy_attached_purge(inst, entry->d_name);
	closedir(dir);
}

static int purge_format(const char *dir, const char *format, const char *name)
{
	struct daisy_instance inst = { .lock_fd = -1, .pin_dir = strdup(dir) };
	int err;

	if (!inst.pin_dir)
		return -ENOMEM;
	err = lock_dir(dir, name, &inst.lock_fd);
	if (!err) {
		detach_pinned(&inst);
		err = daisy_pins_remove(&inst);
	}
	daisy_pins_close(&inst);
	return err && err != -EAGAIN ? err : 1;
}

static int purge_all(const char *bpffs, const char *name)
{
	int found = 0, result;

	/* One directory a round: the walk does not go on over what it has removed. */
	while ((result = each_format(bpffs, name, purge_format)) > 0)
		found = 1;
	return result ? result : found;
}

int daisy_instance_purge(const char *bpffs, const char *name)
{
	int result = check_bpffs(bpffs);

	if (!result)
		result = purge_all(bpffs, name);
	if (result < 0)
		return result;
	if (result)
		return 0;
	daisy_error_set("instance \"%s\" has no pins under %s/daisy", name, bpffs);
	return -ENOENT;
}
