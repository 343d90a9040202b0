/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/bench/bus can't measure from a shell.
 *
 *	bus_probe lines N		300-byte lines
 *	bus_probe latency RATE N WRITER READER
 *		p50 and p99, in microseconds, from a write to the stdin of
 *		one command to the stdout of the other
 *	bus_probe write N		bare pwrite(2) of 300 bytes: ns each
 *	bus_probe fdatasync SECONDS	appends of 300 bytes, each on disk
 *					before the next: number a second
 *	bus_probe commit WRITERS SECONDS
 *		the same by that many processes on a stream
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/out.h"
#include "bus/bus.h"

#define LINE 300

static char line[LINE + 1];

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * STAMP_SECOND + ts.tv_nsec;
}

static void
make_line(long n)
{
	int head = snprintf(line, sizeof line, "[{\"channel\":\"3f0d2a3e-8e2b-"
	    "4a3c-9d55-0b0c6a7c1e11\",\"publisher\":\"0c6a7c1e-3f0d-4a3c-9d55"
	    "-2a3e8e2b1e11\",\"protocol\":\"http\",\"received\":%ld.123456789,"
	    "\"bn\":\"dev:\",\"n\":\"t\",\"v\":", 1700000000 + n);

	/* as many digits as are missing */
	snprintf(line + head, sizeof line - (size_t)head, "%0*ld}]\n",
	    LINE - head - 3, 1L);
	line[head] = '1';
}

static void *
shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* a command whose stdin (or stdout) is the other end of *fd */
static pid_t
run(const char *command, int end, int *fd)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		err(1, "%s", command);
	if (pid == 0) {
		dup2(p[end == STDOUT_FILENO], end);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(p[end == STDOUT_FILENO]);
	*fd = p[end == STDIN_FILENO];
	return pid;
}

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Notes when each of the n lines has come. */
static void
receive(int fd, int64_t *at, long n)
{
	char buf[64 * 1024];
	long i = 0;

	while (i < n) {
		ssize_t got = read(fd, buf, sizeof buf), k;
		int64_t t = now();

		if (got <= 0)
			errx(1, "the reader ended after %ld lines", i);
		for (k = 0; k < got && i < n; k++)
			if (buf[k] == '\n')
				at[i++] = t;
	}
}

static int
latency(char **argv)
{
	long rate = strtol(argv[0], NULL, 10), n = strtol(argv[1], NULL, 10);
	int64_t *sent = shared((size_t)n * 8), *came = shared((size_t)n * 8);
	int64_t next;
	pid_t writer, reader, receiver;
	long i;
	int in, out;

	signal(SIGPIPE, SIG_IGN);
	reader = run(argv[3], STDOUT_FILENO, &out);
	writer = run(argv[2], STDIN_FILENO, &in);
	if ((receiver = fork()) == 0) {
		receive(out, came, n);
		_exit(0);
	}
	close(out);
	next = now() + STAMP_SECOND / 2;
	for (i = 0; i < n; i++, next += STAMP_SECOND / rate) {
		struct timespec ts = { next / STAMP_SECOND,
		    next % STAMP_SECOND };

		make_line(i);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		sent[i] = now();
		if (write_all(in, line, LINE) < 0)
			err(1, "write");
	}
	waitpid(receiver, NULL, 0);
	close(in);
	kill(reader, SIGTERM);
	waitpid(writer, NULL, 0);
	waitpid(reader, NULL, 0);
	for (i = 0; i < n; i++)
		came[i] -= sent[i];
	qsort(came, (size_t)n, sizeof *came, by_value);
	printf("%.1f %.1f\n", (double)came[n / 2] / 1e3,
	    (double)came[n / 100 * 99] / 1e3);
	return 0;
}

/* a file as a segment is when it is written */
static int
plain_file(void)
{
	int fd = open("plain", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		err(1, "plain");
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 64 << 20) < 0)
		warn("fallocate");
	return fd;
}

static int
bare_write(long n)
{
	int fd = plain_file(), watch = inotify_init();
	int64_t start;
	long i;

	inotify_add_watch(watch, ".", IN_MODIFY);
	make_line(0);
	start = now();
	for (i = 0; i < n; i++)
		if (pwrite(fd, line, LINE, i * LINE) != LINE)
			err(1, "pwrite");
	printf("%.0f\n", (double)(now() - start) / (double)n);
	return 0;
}

static int
bare_fdatasync(long seconds)
{
	int64_t start = now(), end = start + seconds * STAMP_SECOND;
	int fd = plain_file();
	long n = 0;

	make_line(0);
	while (now() < end) {
		if (pwrite(fd, line, LINE, n * LINE) != LINE ||
		    fdatasync(fd) < 0)
			err(1, "plain");
		n++;
	}
	printf("%.0f\n", (double)n * 1e9 / (double)(now() - start));
	return 0;
}

static _Noreturn void
commit_until(int64_t end, long *n)
{
	struct bus *bus;
	struct bus_writer *w;
	struct fault fault;
	uint64_t seq;

	make_line(0);
	if (bus_open(&bus, NULL, &fault) < 0 || bus_writer_open(&w, bus,
	    "commit", BUS_SYNC_ALWAYS, &fault) < 0)
		errx(1, "%s", fault.text);
	while (now() < end) {
		if (bus_append(w, (struct str){ line, LINE }, NULL, &seq,
		    &fault) < 0 || bus_commit(w, &fault) < 0)
			errx(1, "%s", fault.text);
		++*n;
	}
	bus_writer_close(w);
	_exit(0);
}

static int
commit(long writers, long seconds)
{
	int64_t start = now(), end = start + seconds * STAMP_SECOND;
	/* a line of the cache each */
	long *n = shared((size_t)writers * 64), i, sum = 0;

	for (i = 0; i < writers; i++)
		if (fork() == 0)
			commit_until(end, n + i * 8);
	while (wait(NULL) > 0)
		continue;
	for (i = 0; i < writers; i++)
		sum += n[i * 8];
	printf("%.0f\n", (double)sum * 1e9 / (double)(now() - start));
	return 0;
}

static int
lines(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		make_line(i);
		fwrite(line, 1, LINE, stdout);
	}
	return fflush(stdout) != 0;
}

int
main(int argc, char **argv)
{
	long n = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (argc == 3 && strcmp(argv[1], "lines") == 0)
		return lines(n);
	if (argc == 6 && strcmp(argv[1], "latency") == 0)
		return latency(argv + 2);
	if (argc == 3 && strcmp(argv[1], "write") == 0)
		return bare_write(n);
	if (argc == 3 && strcmp(argv[1], "fdatasync") == 0)
		return bare_fdatasync(n);
	if (argc == 4 && strcmp(argv[1], "commit") == 0)
		return commit(n, strtol(argv[3], NULL, 10));
	errx(64, "see the top of its source");
}
