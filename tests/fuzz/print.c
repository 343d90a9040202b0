/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the text of a device, in all forms that people and programs
 * get it, and as a user's pattern or template.  Beside what the sanitizers
 * see: nothing a terminal acts upon, nothing that leaves its field, and
 * what can be undone gives the text back.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/glob.h"
#include "base/table.h"
#include "cmd/fmt/influx.h"
#include "cmd/fmt/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct buf made, back, scratch;
static struct out null;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
begin(void)
{
	if (made.max > 0)
		return;
	buf_init(&made, 16 << 20);
	buf_init(&back, 16 << 20);
	buf_init(&scratch, 16 << 20);
	out_init(&null, open("/dev/null", O_WRONLY), "null", 1 << 20);
}

static unsigned
hex(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void
check_escape(struct str text)
{
	static const char from[] = "ntr\\", to[] = "\n\t\r\\";
	size_t i;

	buf_clear(&made);
	buf_clear(&back);
	escape_put(&made, text);
	for (i = 0; i < made.n; i++) {
		const char *p = made.p + i, *q;

		must((unsigned char)*p >= ' ' && *p != 0x7f);
		if (*p != '\\') {
			buf_putc(&back, *p);
		} else if (p[1] == 'x') {
			buf_putc(&back, (char)(hex(p[2]) << 4 | hex(p[3])));
			i += 3;
		} else {
			q = strchr(from, p[1]);
			must(q != NULL);
			buf_putc(&back, to[q - from]);
			i++;
		}
	}
	must(str_eq(buf_str(&back), text));
}

static void
check_csv(struct str text)
{
	size_t i;

	buf_clear(&made);
	buf_clear(&back);
	escape_put_csv(&made, text);
	if (made.n == 0 || made.p[0] != '"') {
		must(str_eq(buf_str(&made), text));
		must(memchr(made.p ? made.p : "", ',', made.n) == NULL);
		return;
	}
	for (i = 1; i + 1 < made.n; i++) {
		if (made.p[i] == '"')
			must(made.p[++i] == '"' && i + 1 < made.n);
		buf_putc(&back, made.p[i]);
	}
	must(made.p[i] == '"' && str_eq(buf_str(&back), text));
}

/* The text as a tag and as a field: after the tags there is one space,
 * and after the string that is read back nothing but the time. */
static void
check_influx(struct str text)
{
	struct record r = {
		.name = STR("n"), .value = text, .kind = VALUE_STRING,
		.time = { 5 },
	};
	struct route route = { .subtopic = text };
	size_t i, commas = 0;

	buf_clear(&made);
	buf_clear(&back);
	influx_put(&made, &route, &r);
	for (i = 0; made.p[i] != ' '; i++) {
		must((unsigned char)made.p[i] >= ' ');
		commas += made.p[i] == ',';
		if (made.p[i] == '\\')
			must(strchr(", =", made.p[++i]) != NULL);
	}
	must(commas == 1u + (text.n > 0));
	must(memcmp(made.p + i, " stringValue=\"", 14) == 0);
	for (i += 14; made.p[i] != '"'; i++) {
		if (made.p[i] == '\\')
			i++;
		buf_putc(&back, made.p[i]);
	}
	must(str_eq(buf_str(&back), text));
	must(str_eq((struct str){ made.p + i, made.n - i }, STR("\" 5\n")));
}

static void
check_table(struct str text)
{
	struct table t;

	table_init(&t, &null, 1 + (int)(text.n % 40));
	table_column(&t, "a");
	table_column(&t, "b");
	table_cell(&t, text, false);
	table_cell(&t, text, true);
	must(out_flush(&null) == 0);
	table_release(&t);
}

static bool
matches(struct str pattern, struct str text)
{
	const char *why;
	struct glob *glob = glob_compile(pattern, &why);
	bool is = glob != NULL && glob_match(glob, text);

	glob_free(glob);
	return is;
}

/* a pattern made of the text matches it, and so does a star */
static void
check_glob(struct str text, struct str other)
{
	size_t i;

	buf_clear(&made);
	for (i = 0; i < text.n; i++) {
		bool special = memchr("*?[", text.p[i], 3) != NULL;

		if (special)
			buf_putc(&made, '[');
		buf_putc(&made, text.p[i]);
		if (special)
			buf_putc(&made, ']');
	}
	must(matches(STR("*"), text));
	must(matches(buf_str(&made), text) ||
	    glob_fault(buf_str(&made)) != NULL);
	must(glob_fault(buf_str(&made)) == NULL || made.n > GLOB_MAX);
	matches(text, other);
}

static void
check_template(struct str text)
{
	struct record r = { .name = STR("n"), .value = text,
		.kind = VALUE_STRING };
	struct route route = { .channel = text };
	struct template t;
	size_t at;

	buf_clear(&scratch);
	buf_put_str(&scratch, text);
	buf_putc(&scratch, '\0');
	if (template_parse(&t, scratch.p, &at) == NULL) {
		buf_clear(&made);
		template_put(&made, &t, &route, &r, FIELD_EPOCH, &back);
	} else {
		must(at <= strlen(scratch.p));
	}
	template_release(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct str half = { (const char *)data, size / 2 };

	begin();
	if (size > 2000)
		return 0;
	check_escape(text);
	check_csv(text);
	check_influx(text);
	check_table(text);
	check_glob(half, str_from(text, half.n));
	check_template(text);
	return 0;
}
