/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/diag_about.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/os.h"
#include "base/stamp.h"
#include "base/utf8.h"

/* one message is one write(2), so that lines of several programs that
 * share a terminal or a log never mix */
#define MESSAGE_MAX 1024
/* of all fields of what a message is about, and of one text */
#define ABOUT_MAX 768
#define ABOUT_TEXT 72
#define JOURNAL "/run/systemd/journal/socket"
/* a longer one would wrap, and then not be replaced */
#define PROGRESS_MAX 79
/* to the first column, and nothing after the text */
#define PROGRESS_FIRST "\r"
#define PROGRESS_CLEAR "\033[K"

static struct {
	const char *name;
	_Atomic int verbosity;	/* a signal changes it too */
	enum diag_format format;
	int journal;		/* its socket; -1: there is none */
	atomic_bool progress;	/* is such a line shown? */
} diag = { .name = "mfx", .journal = -1 };

static const char *const diag_levels[] = {
	"error", "warning", "info", "debug"
};
/* as syslog(3) has them */
static const int diag_priorities[] = { 3, 4, 6, 7 };

void
diag_init(const char *name)
{
	diag.name = name;
}

const char *
diag_name(void)
{
	return diag.name;
}

void
diag_verbosity(int more)
{
	int v = diag.verbosity + more;

	if (v >= (int)DIAG_ERROR - (int)DIAG_WARNING &&
	    v <= (int)DIAG_DEBUG - (int)DIAG_WARNING)
		diag.verbosity = v;
}

/* Connected once: a message is then one send(2).  Without the journal, and in
 * a chroot(2), there is stderr. */
static int
diag_journal_open(void)
{
	const char *path = getenv("MFX_JOURNAL");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (path == NULL)
		path = JOURNAL;
	if (strlen(path) >= sizeof to.sun_path)
		return -1;
	memcpy(to.sun_path, path, strlen(path));
	fd = os_socket(AF_UNIX, SOCK_DGRAM, 0, true);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void
diag_format(enum diag_format format)
{
	diag.format = format;
	if (format == DIAG_JOURNAL && diag.journal < 0)
		diag.journal = diag_journal_open();
}

bool
diag_shows(enum diag_level level)
{
	return (int)level <= (int)DIAG_WARNING + diag.verbosity ||
	    level == DIAG_ERROR;
}

/* Writes the character c, which is the n bytes at z, escaped as in JSON or in
 * C; returns the length. */
static size_t
diag_put_escape(char *to, size_t room, const char *z, size_t n,
    unsigned long c)
{
	size_t i;

	if (diag.format == DIAG_JSON)
		return (size_t)snprintf(to, room, "\\u%04lx", c);
	for (i = 0; i < n; i++)
		snprintf(to + 4 * i, room - 4 * i, "\\x%02x",
		    (unsigned char)z[i]);
	return 4 * n;
}

static size_t
diag_put_escaped(char *to, size_t room, const char *z)
{
	unsigned long c;
	size_t n = 0, at;

	while (*z != '\0' && n + 4 * 4 + 1 < room) {
		at = escape_at(z, &c);
		if (at == 0 && ((unsigned char)*z < ' ' || *z == 0x7f)) {
			at = 1;
			c = (unsigned char)*z;
		}
		if (at > 0) {
			n += diag_put_escape(to + n, room - n, z, at, c);
			z += at;
			continue;
		}
		if (diag.format == DIAG_JSON && (*z == '"' || *z == '\\'))
			to[n++] = '\\';
		at = utf8_sequence(z, z + strnlen(z, 4));
		memcpy(to + n, z, at);
		n += at;
		z += at;
	}
	return n;
}

/* ---- what it is about ---- */

static _Thread_local const struct diag_about *diag_subject;

void
diag_about(const struct diag_about *about)
{
	diag_subject = about;
}

/* the one place that names them: here, and in capitals after MFX_ in the
 * journal */
static size_t
diag_put_name(char *to, size_t room, const char *name)
{
	size_t i, n;

	if (diag.format == DIAG_JSON)
		return (size_t)snprintf(to, room, ",\"%s\":", name);
	n = (size_t)snprintf(to, room, "MFX_%s=", name);
	for (i = 4; i < n; i++)
		if (to[i] >= 'a' && to[i] <= 'z')
			to[i] = (char)(to[i] - 'a' + 'A');
	return n;
}

static size_t
diag_put_text_field(char *to, size_t room, const char *name, struct str text)
{
	char copy[ABOUT_TEXT];
	size_t n;

	if (text.n == 0)
		return 0;
	snprintf(copy, sizeof copy, "%.*s", STR_ARG(text));
	n = diag_put_name(to, room, name);
	if (diag.format == DIAG_JSON)
		to[n++] = '"';
	n += diag_put_escaped(to + n, room - n - 2, copy);
	to[n++] = diag.format == DIAG_JSON ? '"' : '\n';
	return n;
}

static size_t
diag_put_number_field(char *to, size_t room, const char *name, uint64_t value)
{
	size_t n;

	if (value == 0)
		return 0;
	n = diag_put_name(to, room, name);
	return n + (size_t)snprintf(to + n, room - n, "%" PRIu64 "%s", value,
	    diag.format == DIAG_JSON ? "" : "\n");
}

/* The fields, which end the subject; the room is enough for all of them, as the
 * texts are bounded. */
static size_t
diag_put_about(char to[ABOUT_MAX])
{
	const struct diag_about *about = diag_subject;
	size_t n = 0;

	diag_subject = NULL;
	if (about == NULL || diag.format == DIAG_TEXT ||
	    diag.format == DIAG_TIME)
		return 0;
	n += diag_put_text_field(to + n, ABOUT_MAX / 6, "thing",
	    about->thing);
	n += diag_put_text_field(to + n, ABOUT_MAX / 6, "channel",
	    about->channel);
	n += diag_put_text_field(to + n, ABOUT_MAX / 6, "peer", about->peer);
	n += diag_put_text_field(to + n, ABOUT_MAX / 6, "stream",
	    about->stream);
	n += diag_put_number_field(to + n, ABOUT_MAX / 12, "seq", about->seq);
	n += diag_put_number_field(to + n, ABOUT_MAX / 12, "status",
	    about->status);
	return n + diag_put_number_field(to + n, ABOUT_MAX / 12, "bytes",
	    about->bytes);
}

/* ---- where it goes ---- */

/* The fields of sd-journal(3)'s protocol.  False: nobody took them. */
static bool
diag_to_journal(enum diag_level level, const char *text, struct str about)
{
	char fields[MESSAGE_MAX + 256 + ABOUT_MAX];
	size_t n;

	if (diag.journal < 0)
		return false;
	n = (size_t)snprintf(fields, sizeof fields, "PRIORITY=%d\n"
	    "SYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%ld\nMESSAGE=",
	    diag_priorities[level], diag.name, (long)getpid());
	n += diag_put_escaped(fields + n, sizeof fields - n - about.n - 2,
	    text);
	fields[n++] = '\n';
	if (about.n > 0)
		memcpy(fields + n, about.p, about.n);
	n += about.n;
	return send(diag.journal, fields, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* what a line begins with; returns the length */
static size_t
diag_put_head(char *to, size_t room, enum diag_level level)
{
	char when[STAMP_TEXT];

	switch (diag.format) {
	case DIAG_JSON:
		return (size_t)snprintf(to, room, "{\"time\":%.*s,"
		    "\"level\":\"%s\",\"program\":\"%s\",\"message\":\"",
		    (int)stamp_print(when, stamp_now()), when,
		    diag_levels[level], diag.name);
	case DIAG_JOURNAL:
		return (size_t)snprintf(to, room, "<%d>%s: ",
		    diag_priorities[level], diag.name);
	case DIAG_TIME:
		return (size_t)snprintf(to, room, "%.*s %s: ",
		    (int)stamp_print_utc(when, stamp_now()), when, diag.name);
	case DIAG_TEXT:
		break;
	}
	return (size_t)snprintf(to, room, "%s: ", diag.name);
}

static void diag_say(enum diag_level, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

static void
diag_say(enum diag_level level, const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX / 2], line[MESSAGE_MAX + ABOUT_MAX];
	char about[ABOUT_MAX];
	size_t n = 0, fields = diag_put_about(about);

	if (!diag_shows(level))
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	if (diag.format == DIAG_JOURNAL && diag_to_journal(level, text,
	    (struct str){ about, fields }))
		return;
	if (atomic_exchange(&diag.progress, false))
		n = (size_t)snprintf(line, sizeof line, "%s",
		    PROGRESS_FIRST PROGRESS_CLEAR);
	n += diag_put_head(line + n, sizeof line - n, level);
	n += diag_put_escaped(line + n, MESSAGE_MAX - n - 4, text);
	if (diag.format == DIAG_JSON) {
		line[n++] = '"';
		memcpy(line + n, about, fields);
		n += fields;
		line[n++] = '}';
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;	/* there is nowhere left to report it */
}

#define SAY(level) do {				\
	va_list ap;				\
						\
	va_start(ap, fmt);			\
	diag_say(level, fmt, ap);			\
	va_end(ap);				\
} while (0)

void
diag_error(const char *fmt, ...)
{
	SAY(DIAG_ERROR);
}

void
diag_warning(const char *fmt, ...)
{
	SAY(DIAG_WARNING);
}

void
diag_info(const char *fmt, ...)
{
	SAY(DIAG_INFO);
}

void
diag_debug(const char *fmt, ...)
{
	SAY(DIAG_DEBUG);
}

/* One that nobody takes, as the terminal is held, must not be waited for. */
static void
diag_progress_write(const char *text, size_t n)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&p, 1, 0) == 1 && write(STDERR_FILENO, text, n) < 0)
		diag.progress = false;
}

bool
diag_shows_progress(void)
{
	return diag.format == DIAG_TEXT && diag_shows(DIAG_WARNING) &&
	    isatty(STDERR_FILENO);
}

void
diag_progress(const char *fmt, ...)
{
	char text[PROGRESS_MAX + 1], line[sizeof text + 16];
	va_list ap;
	int n;

	if (!diag_shows_progress())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	n = snprintf(line, sizeof line, "%s%s%s", PROGRESS_FIRST, text,
	    PROGRESS_CLEAR);
	diag.progress = true;
	diag_progress_write(line, (size_t)n);
}

void
diag_progress_end(void)
{
	if (atomic_exchange(&diag.progress, false))
		diag_progress_write("\n", 1);
}

int
diag_fault(const struct fault *f)
{
	diag_error("%s", f->text);
	return f->status;
}
