/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/stamp.h"

/* one message is one write(2), so that lines of several programs that
 * share a terminal or a log never mix */
#define MESSAGE_MAX 1024

static struct {
	const char *name;
	_Atomic int verbosity;	/* a signal changes it too */
	bool json;
} diag = { .name = "mfx" };

void
diag_init(const char *name)
{
	diag.name = name;
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

/* U+0080 to U+009F, which terminals act upon as upon ESC and a letter */
static bool
is_c1(const char *z)
{
	return (unsigned char)z[0] == 0xc2 && (unsigned char)z[1] >= 0x80 &&
	    (unsigned char)z[1] < 0xa0;
}

void
diag_clean(char *z)
{
	for (; *z != '\0'; z++)
		if ((unsigned char)*z < ' ' || *z == 0x7f)
			*z = '?';
		else if (is_c1(z))
			z[0] = z[1] = '?';
}

static size_t
put_escaped(char *to, size_t room, const char *z)
{
	size_t n = 0;

	for (; *z != '\0' && n + 9 < room; z++) {
		unsigned char c = (unsigned char)*z;

		if (diag.json && (c == '"' || c == '\\')) {
			to[n++] = '\\';
			to[n++] = (char)c;
		} else if (is_c1(z)) {
			c = (unsigned char)*++z;
			n += (size_t)snprintf(to + n, room - n, diag.json ?
			    "\\u%04x" : "\\xc2\\x%02x", c);
		} else if (c >= ' ' && c != 0x7f) {
			to[n++] = (char)c;
		} else {
			n += (size_t)snprintf(to + n, room - n,
			    diag.json ? "\\u%04x" : "\\x%02x", c);
		}
	}
	return n;
}

static void
say(enum diag_level level, const char *fmt, va_list ap)
{
	static const char *const names[] = {
		"error", "warning", "info", "debug"
	};
	char text[MESSAGE_MAX / 2], line[MESSAGE_MAX], when[STAMP_TEXT];
	size_t n;

	if (!diag_shows(level))
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	if (diag.json)
		n = (size_t)snprintf(line, sizeof line,
		    "{\"time\":%.*s,\"level\":\"%s\",\"program\":\"%s\","
		    "\"message\":\"", (int)stamp_print(when, stamp_now()),
		    when, names[level], diag.name);
	else
		n = (size_t)snprintf(line, sizeof line, "%s: ", diag.name);
	n += put_escaped(line + n, sizeof line - n - 4, text);
	if (diag.json) {
		line[n++] = '"';
		line[n++] = '}';
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;	/* nowhere left to say it */
}

#define SAY(level) do {				\
	va_list ap;				\
						\
	va_start(ap, fmt);			\
	say(level, fmt, ap);			\
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

int
diag_fault(const struct fault *f)
{
	diag_error("%s", f->text);
	return f->status;
}
