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

void
metric_put_head(struct metrics *m, const char *name, const char *type,
    const char *help)
{
	m->help = help;
	m->kind = strcmp(type, "gauge") == 0 ? RUN_GAUGE : RUN_COUNTER;
	if (m->page != NULL)
		buf_printf(m->page, "# HELP %s %s\n# TYPE %s %s\n", name,
		    help, name, type);
}

void
metric_put(struct metrics *m, const char *name, const char *labels,
    uint64_t value)
{
	if (m->page == NULL) {
		run_put(&(struct run_text){
			.name = name, .labels = labels, .help = m->help,
			.kind = m->kind
		}, value);
		return;
	}
	buf_printf(m->page, "%s%s%s%s %" PRIu64 "\n", name,
	    labels ? "{" : "", labels ? labels : "", labels ? "}" : "", value);
}

void
metric_times_add(struct metric_times *t, int64_t ns)
{
	t->counts[run_bucket(ns)]++;
	t->ns += ns > 0 ? (uint64_t)ns : 0;
}

void
metric_times_put(struct metrics *m, const char *name, const char *help,
    const char *labels, const struct metric_times *t)
{
	metric_put_head(m, name, "histogram", help);
	metric_times_put_values(m, name, labels, t);
}

/* the upper bound of a bucket, as it stands in le="" */
static const char *
metrics_bound(int i, char text[16])
{
	if (i < RUN_BUCKETS)
		snprintf(text, 16, "%g", (double)run_bounds[i] / 1e6);
	else
		snprintf(text, 16, "+Inf");
	return text;
}

static void
metrics_times_file(const struct metrics *m, const char *name,
    const char *labels, const struct metric_times *t)
{
	char all[128], le[16];
	struct run_text text = {
		.name = name, .labels = all, .help = m->help,
		.kind = RUN_BUCKET
	};
	int i;

	for (i = 0; i <= RUN_BUCKETS; i++) {
		snprintf(all, sizeof all, "%s%sle=\"%s\"", labels,
		    *labels ? "," : "", metrics_bound(i, le));
		run_put(&text, t->counts[i]);
	}
	text.labels = labels;
	text.kind = RUN_SUM;
	text.unit = RUN_NANOSECONDS;
	run_put(&text, t->ns);
}

void
metric_times_put_values(struct metrics *m, const char *name,
    const char *labels, const struct metric_times *t)
{
	uint64_t sum = 0;
	char le[16];
	int i;

	if (m->page == NULL) {
		metrics_times_file(m, name, labels, t);
		return;
	}
	for (i = 0; i <= RUN_BUCKETS; i++) {
		sum += t->counts[i];
		buf_printf(m->page, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n",
		    name, labels, metrics_bound(i, le), sum);
	}
	buf_printf(m->page, "%s_sum{%s} %" PRIu64 ".%09" PRIu64 "\n", name,
	    labels, t->ns / 1000000000, t->ns % 1000000000);
	buf_printf(m->page, "%s_count{%s} %" PRIu64 "\n", name, labels, sum);
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
	struct metrics m = { .page = b };
	struct timespec cpu;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	metric_put_head(&m, "process_cpu_seconds_total", "counter",
	    "CPU time, user and system.");
	buf_printf(b, "process_cpu_seconds_total %lld.%09ld\n",
	    (long long)cpu.tv_sec, cpu.tv_nsec);
	metric_put_head(&m, "process_resident_memory_bytes", "gauge",
	    "Resident memory.");
	metric_put(&m, "process_resident_memory_bytes", NULL,
	    metrics_proc_number("/proc/self/status", "\nVmRSS:") * 1024);
	metric_put_head(&m, "process_start_time_seconds", "gauge",
	    "When it started, seconds since 1970.");
	metric_put(&m, "process_start_time_seconds", NULL,
	    metrics_start_time());
	metric_put_head(&m, "process_open_fds", "gauge", "Open files.");
	metric_put(&m, "process_open_fds", NULL, metrics_open_files());
}
