/* SPDX-License-Identifier: Apache-2.0 */
#include "base/listing.h"

#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/human.h"

void
listing_begin(struct listing *l, bool human, const char *const *heads)
{
	*l = (struct listing){ .human = human };
	out_init(&l->out, STDOUT_FILENO, "<stdout>", OUT_CHUNK);
	if (!human)
		return;
	table_init(&l->table, &l->out, 60);
	while (*heads != NULL)
		table_column(&l->table, *heads++);
}

void
listing_raw(struct listing *l, const char *name, struct str json,
    struct str cell)
{
	struct buf *b = &l->out.b;

	if (l->human) {
		table_cell(&l->table, cell, false);
		return;
	}
	buf_puts(b, l->begun ? ",\"" : "{\"");
	buf_puts(b, name);
	buf_puts(b, "\":");
	buf_put_str(b, json);
	l->begun = true;
}

void
listing_text(struct listing *l, const char *name, const char *text)
{
	listing_raw(l, name, STR("\""), str_z(text));
	if (l->human)
		return;
	buf_puts(&l->out.b, text);
	buf_putc(&l->out.b, '"');
}

void
listing_number(struct listing *l, const char *name, uint64_t v)
{
	char text[24];
	int n;
	struct str s;

	if (l->human) {
		table_number(&l->table, v);
		return;
	}
	n = snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	s = (struct str){ text, (size_t)n };
	listing_raw(l, name, s, s);
}

void
listing_size(struct listing *l, const char *name, uint64_t v)
{
	char text[HUMAN_MAX];

	if (l->human)
		table_cell(&l->table, str_z(human_size(text, (double)v)),
		    true);
	else
		listing_number(l, name, v);
}

void
listing_age(struct listing *l, const char *name, struct stamp t, bool known)
{
	char text[HUMAN_MAX];

	if (l->human && known)
		table_cell(&l->table, str_z(human_age(text,
		    (double)(stamp_now().ns - t.ns) / STAMP_SECOND)), true);
	else
		listing_time(l, name, t, known);
}

void
listing_time(struct listing *l, const char *name, struct stamp t, bool known)
{
	char json[STAMP_TEXT], cell[STAMP_TEXT];

	if (known)
		listing_raw(l, name,
		    (struct str){ json, stamp_print(json, t) },
		    (struct str){ cell, stamp_print_utc(cell, t) });
	else if (l->human)
		table_cell(&l->table, STR_NONE, false);
}

void
listing_end(struct listing *l)
{
	if (l->human)
		return;
	buf_puts(&l->out.b, "}\n");
	l->begun = false;
	out_end(&l->out);
}

int
listing_finish(struct listing *l)
{
	int r = out_finish(&l->out, 0);

	if (l->human)
		table_release(&l->table);
	out_release(&l->out);
	return r;
}
