/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/broker_line.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define SAYS "mosquitto version "
#define HELP_MAX 4096
/* for what is over in milliseconds */
#define HELP_NS (INT64_C(5) * 1000000000)

/* ---- what the broker says of itself ---- */

/* Reads to the end, or until there is no more time or room. */
static size_t
broker_line_read(int fd, char *to, size_t cap)
{
	int64_t end = clock_ns() + HELP_NS, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n < cap && (left = end - clock_ns()) > 0) {
		if (poll(&p, 1, (int)(left / 1000000) + 1) <= 0)
			continue;
		got = read(fd, to + n, cap - n);
		n += got > 0 ? (size_t)got : 0;
	}
	return n;
}

static int
broker_line_spawn(int out, pid_t *pid)
{
	static char name[] = "mosquitto", option[] = "-h";
	char *argv[] = { name, option, NULL }, *env[] = { NULL };
	posix_spawn_file_actions_t actions;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	r = posix_spawn(pid, "/proc/self/exe", &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* What `mosquitto -h` prints, of this very file: the interface for plugins has
 * no call that tells the version. */
static size_t
broker_line_help(char text[HELP_MAX])
{
	size_t n = 0;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return 0;
	if (broker_line_spawn(ends[1], &pid) == 0) {
		close(ends[1]);
		ends[1] = -1;
		n = broker_line_read(ends[0], text, HELP_MAX - 1);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return n;
}

static void
broker_line_version(char version[BROKER_VERSION_TEXT])
{
	char text[HELP_MAX], *at;
	size_t n;

	version[0] = '\0';
	text[broker_line_help(text)] = '\0';
	if ((at = strstr(text, SAYS)) == NULL)
		return;
	at += sizeof SAYS - 1;
	n = strspn(at, "0123456789.abcrtelph-");
	if (n >= BROKER_VERSION_TEXT)
		return;
	memcpy(version, at, n);
	version[n] = '\0';
}

/* ---- the choice ---- */

static bool
broker_line_is(const char *version, const char *line)
{
	size_t n = strlen(line);

	return strncmp(version, line, n) == 0 &&
	    (version[n] == '.' || version[n] == '\0');
}

/* One that does not say its version is taken for what its calls look like:
 * 2.0's line looks again, at the first client. */
const struct broker_line *
broker_line_find(char version[BROKER_VERSION_TEXT])
{
	bool newer = plugin_21_open();

	broker_line_version(version);
	if (version[0] == '\0')
		return newer ? &plugin_21 : &plugin_20;
	if (broker_line_is(version, plugin_21.version) && newer)
		return &plugin_21;
	if (broker_line_is(version, plugin_20.version) && !newer)
		return &plugin_20;
	return NULL;
}
