/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stamp.h"

#define MICROSECOND (STAMP_SECOND / 1000000)

/* upper bounds, in microseconds */
static const int64_t bounds[METRIC_BUCKETS] = {
	50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000
};

void
metric_put_head(struct buf *b, const char *name, const char *type,
    const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
metric_put(struct buf *b, const char *name, const char *labels,
    uint64_t value)
{
	buf_printf(b, "%s%s%s%s %" PRIu64 "\n", name, labels ? "{" : "",
	    labels ? labels : "", labels ? "}" : "", value);
}

void
metric_times_add(struct metric_times *t, int64_t ns)
{
	int i = 0;

	if (ns < 0)
		ns = 0;
	while (i < METRIC_BUCKETS && ns > bounds[i] * MICROSECOND)
		i++;
	t->counts[i]++;
	t->ns += (uint64_t)ns;
}

void
metric_times_put(struct buf *b, const char *name, const char *help,
    const char *labels, const struct metric_times *t)
{
	metric_put_head(b, name, "histogram", help);
	metric_times_put_values(b, name, labels, t);
}

void
metric_times_put_values(struct buf *b, const char *name, const char *labels,
    const struct metric_times *t)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < METRIC_BUCKETS; i++) {
		sum += t->counts[i];
		buf_printf(b, "%s_bucket{%s,le=\"%g\"} %" PRIu64 "\n", name,
		    labels, (double)bounds[i] / 1e6, sum);
	}
	sum += t->counts[METRIC_BUCKETS];
	buf_printf(b, "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", name, labels,
	    sum);
	buf_printf(b, "%s_sum{%s} %" PRIu64 ".%09" PRIu64 "\n", name, labels,
	    t->ns / 1000000000, t->ns % 1000000000);
	buf_printf(b, "%s_count{%s} %" PRIu64 "\n", name, labels, sum);
}

/* the number after a word in a file of proc(5), 0 when it isn't there */
static uint64_t
metrics_proc_number(const char *path, const char *word)
{
	struct fault ignored;
	struct buf b;
	uint64_t n = 0;
	char *at;

	buf_init(&b, 64 * 1024);
	if (file_read(path, &b, &ignored) == 0) {
		buf_putc(&b, '\0');
		at = b.full ? NULL : strstr(b.p, word);
		if (at != NULL)
			n = strtoull(at + strlen(word), NULL, 10);
	}
	buf_release(&b);
	return n;
}

/* when this process began: field 22 of its stat is counted from the boot,
 * and the name in front of the fields may hold anything */
static uint64_t
metrics_start_time(void)
{
	struct fault ignored;
	struct buf b;
	char *at;
	int field;
	uint64_t ticks = 0;

	buf_init(&b, 4096);
	if (file_read("/proc/self/stat", &b, &ignored) == 0) {
		buf_putc(&b, '\0');
		at = strrchr(b.p, ')');
		for (field = 2; at != NULL && field < 22; field++)
			at = strchr(at + 1, ' ');
		if (at != NULL)
			ticks = strtoull(at, NULL, 10);
	}
	buf_release(&b);
	return metrics_proc_number("/proc/stat", "\nbtime ") +
	    ticks / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t
metrics_open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	/* ".", ".." and the directory itself */
	return n < 3 ? 0 : n - 3;
}

void
metric_process_put(struct buf *b)
{
	struct timespec cpu;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	metric_put_head(b, "process_cpu_seconds_total", "counter",
	    "CPU time, user and system.");
	buf_printf(b, "process_cpu_seconds_total %lld.%09ld\n",
	    (long long)cpu.tv_sec, cpu.tv_nsec);
	metric_put_head(b, "process_resident_memory_bytes", "gauge",
	    "Resident memory.");
	metric_put(b, "process_resident_memory_bytes", NULL,
	    metrics_proc_number("/proc/self/status", "\nVmRSS:") * 1024);
	metric_put_head(b, "process_start_time_seconds", "gauge",
	    "When it started, seconds since 1970.");
	metric_put(b, "process_start_time_seconds", NULL, metrics_start_time());
	metric_put_head(b, "process_open_fds", "gauge", "Open files.");
	metric_put(b, "process_open_fds", NULL, metrics_open_files());
}
