// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "harness.h"

#define SETTLE_US 200000

static const char *const ns_names[N_NS] = { "src", "nat", "dst" };
static const char *const link_names[N_LINKS] = { "s0", "n0", "n1", "d0" };
static const enum bench_ns link_ns[N_LINKS] = { NS_SRC, NS_NAT, NS_NAT, NS_DST };

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void ns_enter(const struct bench *bench, enum bench_ns ns)
{
	if (setns(bench->ns_fd[ns], CLONE_NEWNET))
		die("cannot enter namespace %s: %s", ns_names[ns], strerror(errno));
}

static void link_find(struct bench *bench, enum bench_link link)
{
	struct ifreq request = {};
	int fd;

	ns_enter(bench, link_ns[link]);
	bench->ifindex[link] = if_nametoindex(link_names[link]);
	if (!bench->ifindex[link])
		die("no device %s in namespace %s", link_names[link], ns_names[link_ns[link]]);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	strcpy(request.ifr_name, link_names[link]);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		die("no MAC address of %s: %s", link_names[link], strerror(errno));
	memcpy(bench->mac[link], request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

void bench_open(struct bench *bench, const char *prefix)
{
	char path[128];

	for (int i = 0; i < N_NS; i++) {
		snprintf(path, sizeof(path), "/run/netns/%s-%s", prefix, ns_names[i]);
		bench->ns_fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (bench->ns_fd[i] < 0)
			die("no namespace %s: %s (start this program by bench/run)", path,
			    strerror(errno));
	}
	for (int i = 0; i < N_LINKS; i++)
		link_find(bench, i);
}

static char *stream_read(int fd)
{
	size_t size = 65536, used = 0;
	char *text = malloc(size);
	ssize_t n;

	while (text && (n = read(fd, text + used, size - used - 1)) > 0) {
		used += n;
		if (size - used < 4096)
			text = realloc(text, size *= 2);
	}
	if (!text)
		die("no memory");
	text[used] = '\0';
	return text;
}

int ns_run(const struct bench *bench, enum bench_ns ns, char **out, const char *const argv[])
{
	int pipe_fd[2] = { -1, -1 };
	int status;
	pid_t pid;

	if (out && pipe(pipe_fd))
		die("no pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("cannot fork: %s", strerror(errno));
	if (!pid) {
		ns_enter(bench, ns);
		if (out && dup2(pipe_fd[1], STDOUT_FILENO) < 0)
			_exit(126);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (out) {
		close(pipe_fd[1]);
		*out = stream_read(pipe_fd[0]);
		close(pipe_fd[0]);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("lost child %s: %s", argv[0], strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void link_attach(const struct bench *bench, enum bench_link link, int prog_fd)
{
	int err;

	ns_enter(bench, link_ns[link]);
	err = prog_fd < 0 ? bpf_xdp_detach(bench->ifindex[link], XDP_FLAGS_DRV_MODE, NULL) :
			    bpf_xdp_attach(bench->ifindex[link], prog_fd, XDP_FLAGS_DRV_MODE, NULL);
	if (err)
		die("cannot attach to %s: %s", link_names[link], strerror(-err));
}

void cpu_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %d: %s", cpu, strerror(errno));
}

void cpu_own(int cpu)
{
	struct sched_param param = { .sched_priority = 1 };

	cpu_pin(cpu);
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		die("no real-time priority: %s", strerror(errno));
}

static double clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

double now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

double cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t cpus_sum(const struct bench_cpu_state *states)
{
	uint64_t sum = 0;

	for (int i = 0; i < BENCH_MAX_CPUS; i++)
		sum += *(const volatile __u64 *)&states[i].value;
	return sum;
}

void settle(void)
{
	usleep(SETTLE_US);
}

static int double_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), double_compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

uint64_t map_memlock(int fd)
{
	unsigned long long bytes = 0;
	char line[256];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	file = fopen(line, "r");
	if (!file)
		die("no %s: %s", line, strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}
