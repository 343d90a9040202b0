/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/check/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "json/number.h"
#include "senml/unit.h"

/* the version that allows secondary units (RFC 9100) */
#define VERSION_SECONDARY 26
#define VERSION_DEFAULT 10
/* RFC 8428 5: a number should not be longer */
#define MANTISSA_MAX 18
#define EXPONENT_MAX 4

static size_t
check_place(const struct check *c, struct str s)
{
	uintptr_t from = (uintptr_t)c->text.p, at = (uintptr_t)s.p;

	/* decoded text is elsewhere */
	return s.p != NULL && at >= from && at - from < c->text.n ?
	    at - from : CHECK_NOWHERE;
}

/* The place is that of the text or, if it is not known, of its record. */
static void
check_warn(const struct check *c, struct str at, const char *what,
    struct str subject)
{
	size_t offset = check_place(c, at);

	c->warn(c->arg, offset != CHECK_NOWHERE ? offset : c->record, what,
	    subject);
}

static bool
check_has(const struct fields *f, enum label l)
{
	return f->have & LABEL_BIT(l);
}

/* The place of a record: that of its name or another of its texts. */
static size_t
check_record_place(const struct check *c, const struct fields *f)
{
	size_t at = CHECK_NOWHERE;
	enum label l;

	if (check_has(f, LABEL_N))
		at = check_place(c, f->text[LABEL_N]);
	for (l = 0; l < LABEL_SENML && at == CHECK_NOWHERE; l++)
		if (check_has(f, l) && l != LABEL_VB)
			at = check_place(c, f->text[l]);
	return at == CHECK_NOWHERE && c->where != NULL ? *c->where : at;
}

static void
check_unit(const struct check *c, struct str name, unsigned version)
{
	const struct unit *u = unit_find(name);

	if (name.n == 0)
		return;
	if (u == NULL)
		check_warn(c, name, "unknown unit", name);
	else if (unit_is_secondary(u) && version != VERSION_SECONDARY)
		check_warn(c, name, "secondary unit without version 26", name);
	else if (u->avoided)
		check_warn(c, name, "unit not recommended", name);
}

/* Units whose values have a range. */
static const struct {
	struct str unit;
	double min, max;
	const char *what;
} check_ranges[] = {
	{ { "%", 1 }, 0, 1, "value not from 0 to 1 in unit '%':" },
	{ { "%EL", 3 }, 0, 100, "value not from 0 to 100 in unit '%EL':" },
	{ { "K", 1 }, 0, INFINITY, "value below 0 in unit 'K':" },
	{ { "lat", 3 }, -90, 90, "value not from -90 to 90 in unit 'lat':" },
	{ { "lon", 3 }, -180, 180,
	    "value not from -180 to 180 in unit 'lon':" },
};

static void
check_range(const struct check *c, const struct fields *f,
    const struct record *r)
{
	double v;
	size_t i;

	for (i = 0; i < sizeof check_ranges / sizeof *check_ranges; i++)
		if (str_eq(r->unit, check_ranges[i].unit)) {
			v = number_value(r->value);
			if (v < check_ranges[i].min || v > check_ranges[i].max)
				check_warn(c, f->text[LABEL_V],
				    check_ranges[i].what, r->value);
		}
}

static void
check_number(const struct check *c, struct str text)
{
	const char *e;
	size_t mantissa;

	/* only numbers as they were written are checked */
	if (check_place(c, text) == CHECK_NOWHERE)
		return;
	for (e = text.p; e < text.p + text.n && (*e | 0x20) != 'e'; e++)
		continue;
	mantissa = (size_t)(e - text.p);
	if (mantissa > MANTISSA_MAX)
		check_warn(c, text, "mantissa over 18 characters:", text);
	if (mantissa == text.n)
		return;
	if (*e == 'E')
		check_warn(c, text, "exponent with a capital E:", text);
	if (text.n - mantissa - 1 > EXPONENT_MAX)
		check_warn(c, text, "exponent over 4 characters:", text);
}

static void
check_numbers(const struct check *c, const struct fields *f)
{
	unsigned left;

	for (left = f->have & LABEL_NUMBERS; left != 0; left &= left - 1)
		check_number(c, f->text[__builtin_ctz(left)]);
}

/* Checks a record as it was written. */
static void
check_fields(struct check *c, const struct fields *f, unsigned version)
{
	if (check_has(f, LABEL_BVER) && version < VERSION_DEFAULT)
		check_warn(c, f->text[LABEL_BVER], "version of an old draft:",
		    f->text[LABEL_BVER]);
	if (check_has(f, LABEL_BU))
		check_unit(c, f->text[LABEL_BU], version);
	if (check_has(f, LABEL_U))
		check_unit(c, f->text[LABEL_U], version);
	if (check_has(f, LABEL_CT) && !check_has(f, LABEL_VD))
		check_warn(c, f->text[LABEL_CT], "ct without vd:",
		    f->text[LABEL_CT]);
	if (f->bad & LABEL_BIT(LABEL_VD))
		check_warn(c, STR_NONE, "vd is padded or not in base64url",
		    STR_NONE);
	check_numbers(c, f);
}

/* Checks what the record means. */
static void
check_record(struct check *c, const struct fields *f,
    const struct record *r)
{
	const struct unit *u = unit_find(r->unit);

	if (r->kind == VALUE_NUMBER)
		check_range(c, f, r);
	if (r->sum.p != NULL && u != NULL && u->offset != 0)
		check_warn(c, check_has(f, LABEL_S) ? f->text[LABEL_S] :
		    STR_NONE, "a sum has no meaning in unit", r->unit);
	/* once is enough */
	if (!c->timed && !check_has(f, LABEL_T))
		check_warn(c, STR_NONE,
		    "no time: it counts as when it is received", STR_NONE);
	c->timed = true;
}

/* Remembers where record i of the pack is. */
static void
check_keep_place(struct check *c, size_t i)
{
	if (i >= c->cap) {
		c->cap = i < 64 ? 64 : i * 2;
		c->places = memory_resize(c->places,
		    c->cap * sizeof *c->places);
		c->order = memory_resize(c->order,
		    c->cap * sizeof *c->order);
	}
	c->places[i] = c->record;
}

static void
check_watch_record(struct watch *w, const struct resolver *r,
    const struct fields *f, const struct record *gave)
{
	struct check *c = (struct check *)w;

	c->record = check_record_place(c, f);
	c->timed |= check_has(f, LABEL_BT);
	check_fields(c, f, r->version);
	if (gave != NULL) {
		check_record(c, f, gave);
		check_keep_place(c, (size_t)(gave - r->pack->records));
	}
	c->record = CHECK_NOWHERE;
}

static void
check_watch_ignored(struct watch *w, struct str label)
{
	struct check *c = (struct check *)w;

	if (c->where != NULL)
		c->record = *c->where;
	if (label.p == NULL)
		check_warn(c, label, "unknown integer label", STR_NONE);
	else
		check_warn(c, label, "unknown label", label);
}

void
check_init(struct check *c, void (*say)(void *arg, size_t at,
    const char *what, struct str subject), void *arg)
{
	*c = (struct check){
		.watch = {
			.record = check_watch_record,
			.ignored = check_watch_ignored
		},
		.warn = say, .arg = arg,
	};
}

void
check_release(struct check *c)
{
	free(c->places);
	free(c->order);
}

void
check_begin(struct check *c)
{
	c->timed = false;
}

void
check_text(struct check *c, struct str text)
{
	c->text = text;
	c->record = CHECK_NOWHERE;
}

static int
check_compare_texts(struct str a, struct str b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n > 0 ? memcmp(a.p, b.p, a.n) : 0;
}

/* A position has lat and lon in two records of one name (RFC 8428 5.1.3), so
 * the unit is part of what must not occur twice. */
static int
check_compare_keys(const struct record *x, const struct record *y)
{
	int d;

	if (x->time.ns != y->time.ns)
		return x->time.ns < y->time.ns ? -1 : 1;
	d = check_compare_texts(x->name, y->name);
	return d != 0 ? d : check_compare_texts(x->unit, y->unit);
}

static int
check_compare(const void *a, const void *b)
{
	const struct record *x = *(const struct record *const *)a;
	const struct record *y = *(const struct record *const *)b;
	int d = check_compare_keys(x, y);

	/* equal ones stay in their order */
	return d != 0 ? d : (x > y) - (x < y);
}

void
check_end(struct check *c, const struct pack *p)
{
	size_t i;

	if (p->n == 0)
		c->warn(c->arg, CHECK_NOWHERE, "a pack without a record",
		    STR_NONE);
	for (i = 0; i < p->n; i++)
		c->order[i] = &p->records[i];
	if (p->n > 1)
		qsort(c->order, p->n, sizeof *c->order, check_compare);
	for (i = 1; i < p->n; i++)
		if (check_compare_keys(c->order[i - 1], c->order[i]) == 0)
			c->warn(c->arg, c->places[c->order[i] - p->records],
			    "the same name, unit and time again:",
			    c->order[i]->name);
}
