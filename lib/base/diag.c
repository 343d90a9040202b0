/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/stamp.h"
#include "base/utf8.h"

/* one message is one write(2), so that lines of several programs that
 * share a terminal or a log never mix */
#define MESSAGE_MAX 1024
/* a longer one would wrap, and then not be replaced */
#define PROGRESS_MAX 79
/* to the first column, and nothing after the text */
#define PROGRESS_FIRST "\r"
#define PROGRESS_CLEAR "\033[K"

static struct {
	const char *name;
	_Atomic int verbosity;	/* a signal changes it too */
	bool json;
	atomic_bool progress;	/* is such a line shown? */
} diag = { .name = "mfx" };

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

void
diag_json(bool on)
{
	diag.json = on;
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

	if (diag.json)
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
		if (diag.json && (*z == '"' || *z == '\\'))
			to[n++] = '\\';
		at = utf8_sequence(z, z + strnlen(z, 4));
		memcpy(to + n, z, at);
		n += at;
		z += at;
	}
	return n;
}

static void diag_say(enum diag_level, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));

static void
diag_say(enum diag_level level, const char *fmt, va_list ap)
{
	static const char *const names[] = {
		"error", "warning", "info", "debug"
	};
	char text[MESSAGE_MAX / 2], line[MESSAGE_MAX], when[STAMP_TEXT];
	size_t n = 0;

	if (!diag_shows(level))
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	if (atomic_exchange(&diag.progress, false))
		n = (size_t)snprintf(line, sizeof line, "%s",
		    PROGRESS_FIRST PROGRESS_CLEAR);
	if (diag.json)
		n = (size_t)snprintf(line, sizeof line,
		    "{\"time\":%.*s,\"level\":\"%s\",\"program\":\"%s\","
		    "\"message\":\"", (int)stamp_print(when, stamp_now()),
		    when, names[level], diag.name);
	else
		n += (size_t)snprintf(line + n, sizeof line - n, "%s: ",
		    diag.name);
	n += diag_put_escaped(line + n, sizeof line - n - 4, text);
	if (diag.json) {
		line[n++] = '"';
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
	return !diag.json && diag_shows(DIAG_WARNING) &&
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
