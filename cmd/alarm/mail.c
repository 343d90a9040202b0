/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/stamp.h"
#include "json/number.h"
#include "json/object.h"

#define SENDMAIL "/usr/sbin/sendmail"
#define TEXT_MAX ((size_t)1 << 20)
#define SUBJECT_VALUE_MAX 40

enum { VS, ALARM, SEVERITY, RULE, NAME, VALUE, CHANNEL, PUBLISHER, SUBTOPIC,
	CONDITION, SAYS, WHY, BY, TIME, RAISED, FIELDS };

static const struct object_field mail_fields[FIELDS] = {
	[VS] = { .name = "vs" }, [ALARM] = { .name = "alarm" },
	[SEVERITY] = { .name = "severity" }, [RULE] = { .name = "n" },
	[NAME] = { .name = "name" },
	[VALUE] = { .name = "value", .type = OBJECT_ANY },
	[CHANNEL] = { .name = "channel" },
	[PUBLISHER] = { .name = "publisher" },
	[SUBTOPIC] = { .name = "subtopic" },
	[CONDITION] = { .name = "condition" }, [SAYS] = { .name = "text" },
	[WHY] = { .name = "why" }, [BY] = { .name = "by" },
	[TIME] = { .name = "t", .type = OBJECT_ANY },
	[RAISED] = { .name = "raised", .type = OBJECT_ANY },
};

void
notice_put_id(struct buf *to, struct str line)
{
	struct object_field f[] = { { .name = "alarm" }, { .name = "vs" } };
	struct arena arena;

	arena_init(&arena, TEXT_MAX);
	line.n -= line.n > 0;
	if (object_read(line, f, 2, &arena) == NULL) {
		buf_put_str(to, f[0].value);
		buf_putc(to, '/');
		buf_put_str(to, f[1].value);
	}
	arena_release(&arena);
}

static void
mail_put_row(struct buf *b, const char *head, struct str text)
{
	if (text.n == 0)
		return;
	buf_printf(b, "%-10s ", head);
	escape_put(b, text);
	buf_putc(b, '\n');
}

static void
mail_put_time(struct buf *b, const char *head, struct str seconds)
{
	char text[STAMP_TEXT];
	int64_t ns;

	if (seconds.p != NULL && number_ns_plain(seconds, &ns))
		mail_put_row(b, head, (struct str){ text, stamp_print_utc(text,
		    (struct stamp){ ns }) });
}

/* RFC 5322; names of rules and ids are ASCII */
static void
mail_put_head(struct buf *b, const struct target *t,
    const struct object_field *f)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
	    "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char host[256] = "localhost";
	time_t now = (time_t)(stamp_now().ns / STAMP_SECOND);
	struct tm tm;

	gmtime_r(&now, &tm);
	gethostname(host, sizeof host - 1);
	buf_printf(b, "To: %s\nSubject: [%.*s] %.*s %.*s", t->to.p,
	    STR_ARG(f[SEVERITY].value), STR_ARG(f[RULE].value),
	    STR_ARG(f[VS].value));
	if (f[NAME].value.n > 0 && f[NAME].value.n < 256)
		buf_printf(b, ": %.*s", STR_ARG(f[NAME].value));
	/* a number: text of a device stays in the body */
	if (f[VALUE].value.n > 0 && f[VALUE].value.n < SUBJECT_VALUE_MAX &&
	    number_valid(f[VALUE].value))
		buf_printf(b, " = %.*s", STR_ARG(f[VALUE].value));
	buf_printf(b, "\nDate: %s, %02d %s %d %02d:%02d:%02d +0000\n",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	buf_printf(b, "Message-ID: <%.*s.%.*s.%.*s@%s>\n",
	    STR_ARG(f[ALARM].value), STR_ARG(f[VS].value),
	    STR_ARG(f[TIME].value), host);
	buf_puts(b, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n");
}

static void
mail_put_body(struct buf *b, const struct object_field *f)
{
	mail_put_row(b, "", f[SAYS].value);
	mail_put_row(b, "alarm", f[ALARM].value);
	mail_put_row(b, "what", f[VS].value);
	mail_put_row(b, "severity", f[SEVERITY].value);
	mail_put_time(b, "time", f[TIME].value);
	mail_put_time(b, "raised", f[RAISED].value);
	mail_put_row(b, "channel", f[CHANNEL].value);
	mail_put_row(b, "publisher", f[PUBLISHER].value);
	mail_put_row(b, "subtopic", f[SUBTOPIC].value);
	mail_put_row(b, "name", f[NAME].value);
	mail_put_row(b, "value", f[VALUE].value);
	mail_put_row(b, "condition", f[CONDITION].value);
	mail_put_row(b, "why", f[WHY].value);
	mail_put_row(b, "by", f[BY].value);
}

enum delivered
mail_deliver(struct delivery *d)
{
	static char flags[][3] = { "-t", "-i" };
	const char *program = getenv("MFX_SENDMAIL");
	char path[4096], *argv[] = { path, flags[0], flags[1], NULL };
	struct object_field f[FIELDS];
	struct str line = d->line;
	enum delivered r = DELIVER_NEVER;
	struct arena arena;
	struct buf text;
	const char *why;

	snprintf(path, sizeof path, "%s", program ? program : SENDMAIL);
	memcpy(f, mail_fields, sizeof f);
	arena_init(&arena, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	line.n -= line.n > 0;
	why = object_read(line, f, FIELDS, &arena);
	if (why == NULL) {
		mail_put_head(&text, d->target, f);
		mail_put_body(&text, f);
		r = command_run(d, argv, buf_str(&text));
	} else {
		snprintf(d->why, sizeof d->why, "%s", why);
	}
	buf_release(&text);
	arena_release(&arena);
	return r;
}
