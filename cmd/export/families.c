/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/export/families.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define FAMILIES_BYTES ((size_t)64 << 20)

void
families_init(struct families *f)
{
	*f = (struct families){ .samples = 0 };
	arena_init(&f->arena, FAMILIES_BYTES);
	f->last = &f->first;
}

void
families_release(struct families *f)
{
	arena_release(&f->arena);
}

static const char *
families_copy(struct families *f, const char *z)
{
	return arena_str(&f->arena, str_z(z ? z : "")).p;
}

/* there are some dozens of them */
static struct family *
families_find(struct families *f, const struct family_kind *kind)
{
	struct family *m;

	for (m = f->first; m != NULL; m = m->next)
		if (strcmp(m->kind.name, kind->name) == 0)
			return m;
	m = arena_alloc(&f->arena, sizeof *m);
	if (m == NULL)
		return NULL;
	*m = (struct family){ .kind = {
		.name = families_copy(f, kind->name),
		.help = families_copy(f, kind->help), .type = kind->type
	} };
	if (m->kind.name == NULL || m->kind.help == NULL)
		return NULL;
	m->last = &m->first;
	*f->last = m;
	f->last = &m->next;
	return m;
}

void
families_add(struct families *f, const struct family_kind *kind,
    const char *suffix, struct str labels, const char *value)
{
	struct family *m = families_find(f, kind);
	struct family_sample *s = m == NULL ||
	    f->samples >= FAMILY_SAMPLES_MAX ? NULL :
	    arena_alloc(&f->arena, sizeof *s);

	if (s == NULL) {
		f->dropped++;
		return;
	}
	*s = (struct family_sample){
		.suffix = suffix, .labels = arena_str(&f->arena, labels),
		.value = families_copy(f, value)
	};
	if (s->labels.p == NULL || s->value == NULL) {
		f->dropped++;
		return;
	}
	f->samples++;
	*m->last = s;
	m->last = &s->next;
}

void
families_add_number(struct families *f, const struct family_kind *kind,
    struct str labels, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, value);
	families_add(f, kind, "", labels, text);
}

const char *
families_time(char to[FAMILY_TIME], int64_t ns)
{
	snprintf(to, FAMILY_TIME, "%" PRId64 ".%09" PRId64,
	    ns / CLOCK_SECOND, ns % CLOCK_SECOND);
	return to;
}

void
families_add_time(struct families *f, const struct family_kind *kind,
    struct str labels, int64_t ns)
{
	char text[FAMILY_TIME];

	families_add(f, kind, "", labels, families_time(text,
	    ns > 0 ? ns : 0));
}

void
labels_put(struct buf *b, const char *key, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	if (b->n > 0)
		buf_putc(b, ',');
	buf_puts(b, key);
	buf_puts(b, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_putc(b, '\\');
		/* a path may be in any character set */
		buf_putc(b, *value < ' ' || *value > '~' ? '?' : *value);
	}
	buf_putc(b, '"');
}

/* what follows HELP and TYPE: a counter of OpenMetrics is without _total */
static int
families_name_length(const struct family_kind *k, bool openmetrics)
{
	size_t n = strlen(k->name);

	if (openmetrics && k->type == FAMILY_COUNTER && n > 6 &&
	    strcmp(k->name + n - 6, "_total") == 0)
		n -= 6;
	return (int)n;
}

static void
families_put_one(const struct family *m, struct buf *b, bool openmetrics)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	const struct family_kind *k = &m->kind;
	const struct family_sample *s;
	int n = families_name_length(k, openmetrics);

	buf_printf(b, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, k->name, k->help,
	    n, k->name, types[k->type]);
	for (s = m->first; s != NULL; s = s->next) {
		buf_puts(b, k->name);
		buf_puts(b, s->suffix);
		if (s->labels.n > 0) {
			buf_putc(b, '{');
			buf_put_str(b, s->labels);
			buf_putc(b, '}');
		}
		buf_putc(b, ' ');
		buf_puts(b, s->value);
		buf_putc(b, '\n');
	}
}

void
families_put_text(const struct families *f, struct buf *b, bool openmetrics)
{
	const struct family *m;

	for (m = f->first; m != NULL; m = m->next)
		families_put_one(m, b, openmetrics);
	if (openmetrics)
		buf_puts(b, "# EOF\n");
}
