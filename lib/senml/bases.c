/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/bases.h"

#include "base/digits.h"

/* what a bu and a bct may have; what is longer stays in its record */
#define BASE_TEXT_MAX 255
/* how far a choice looks ahead */
#define AHEAD_MAX 64
/* different texts that can become bu or bct */
#define TALLY_MAX 16

void
bases_init(struct bases *b, const struct senml_codec *codec)
{
	*b = (struct bases){ .codec = codec };
	buf_init(&b->bn, NAME_MAX_BYTES);
	buf_init(&b->bu, BASE_TEXT_MAX);
	buf_init(&b->bct, BASE_TEXT_MAX);
	bases_begin(b);
}

void
bases_release(struct bases *b)
{
	buf_release(&b->bn);
	buf_release(&b->bu);
	buf_release(&b->bct);
}

void
bases_begin(struct bases *b)
{
	buf_clear(&b->bn);
	buf_clear(&b->bu);
	buf_clear(&b->bct);
	b->has_bt = b->has_bct = b->new_bu = b->new_bct = false;
	b->version = 10;
	b->n = b->bn_until = 0;
}

static void
bases_set(struct buf *b, struct str s)
{
	buf_clear(b);
	buf_put_str(b, s);
}

/* ---- bu and bct: one for all that are in sight ---- */

static struct str
bases_unit_of(const struct record *r)
{
	return r->unit;
}

static struct str
bases_type_of(const struct record *r)
{
	return r->ct;
}

/* The text that most of them have; empty when it is not worth a base. */
static struct str
bases_most_common(const struct bases *b,
    struct str (*of)(const struct record *))
{
	struct {
		struct str text;
		size_t count;
	} tally[TALLY_MAX];
	size_t i, k, n = 0, best = 0;

	for (i = 0; i < b->n; i++) {
		struct str text = of(&b->records[i]);

		for (k = 0; k < n && !str_eq(tally[k].text, text); k++)
			;
		if (k == TALLY_MAX || text.n == 0 || text.n > BASE_TEXT_MAX)
			continue;
		if (k == n) {
			tally[n].text = text;
			tally[n++].count = 0;
		}
		if (++tally[k].count > tally[best].count)
			best = k;
	}
	return n > 0 ? tally[best].text : STR_NONE;
}

/* What all units in sight take with this one as bu. */
static long
bases_unit_cost(const struct bases *b, struct str bu)
{
	const struct codec_costs *c = &b->codec->costs;
	long sum = str_eq(bu, buf_str(&b->bu)) ? 0 :
	    c->base_text + (long)bu.n;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (!str_eq(b->records[i].unit, bu))
			sum += c->text + (long)b->records[i].unit.n;
	return sum;
}

static void
bases_choose_unit(struct bases *b)
{
	struct str best = buf_str(&b->bu);
	struct str most = bases_most_common(b, bases_unit_of);

	if (bases_unit_cost(b, most) < bases_unit_cost(b, best))
		best = most;
	if (bases_unit_cost(b, STR_NONE) < bases_unit_cost(b, best))
		best = STR_NONE;
	b->new_bu = !str_eq(best, buf_str(&b->bu));
	if (b->new_bu)
		bases_set(&b->bu, best);
}

/* A bct can't be taken back: it is for packs in which all data has a type. */
static void
bases_choose_type(struct bases *b)
{
	struct str most;
	size_t i, same = 0;

	if (b->codec->stream)
		return;
	most = bases_most_common(b, bases_type_of);
	for (i = 0; i < b->n; i++) {
		if (b->records[i].kind == VALUE_DATA &&
		    b->records[i].ct.p == NULL)
			return;
		same += str_eq(b->records[i].ct, most);
	}
	b->has_bct = b->new_bct = most.n > 0 && same > 1;
	if (b->has_bct)
		bases_set(&b->bct, most);
}

void
bases_look(struct bases *b, const struct record *records, size_t n)
{
	b->records = records;
	b->n = n;
	b->bn_until = 0;
	bases_choose_unit(b);
	bases_choose_type(b);
}

/* ---- bn ---- */

static size_t
bases_common(struct str a, struct str b, size_t max)
{
	size_t n = 0;

	if (max > b.n)
		max = b.n;
	while (n < max && a.p[n] == b.p[n])
		n++;
	return n;
}

/* A prefix of record i's name that serves `run` records; `whole` of them
 * are named just so and have no n. */
struct prefix {
	size_t n, run, whole;
	long saves;
};

static void
bases_count_savings(const struct bases *b, struct prefix *p)
{
	p->saves = (long)(p->n * p->run) +
	    (long)p->whole * b->codec->costs.text;
}

/* does a save more for each record? */
static bool
bases_better(const struct prefix *a, const struct prefix *b)
{
	return a->saves * (long)b->run > b->saves * (long)a->run;
}

static struct prefix
bases_best_prefix(const struct bases *b, size_t i)
{
	struct str name = b->records[i].name;
	struct prefix p = { .n = name.n }, best = { .run = 0 };
	size_t end = b->n - i > AHEAD_MAX ? i + AHEAD_MAX : b->n, n;

	for (; i < end; i++) {
		n = bases_common(name, b->records[i].name, p.n);
		if (n == 0)
			break;
		/* those before it go on after a shorter one */
		if (n < p.n)
			p.whole = 0;
		p.n = n;
		p.whole += b->records[i].name.n == n;
		p.run++;
		bases_count_savings(b, &p);
		p.saves -= b->codec->costs.base_text + (long)n;
		if (best.run == 0 || bases_better(&p, &best))
			best = p;
	}
	return best;
}

/* The bn in force, for as long as it serves; run is 0 when it does not. */
static struct prefix
bases_kept_prefix(const struct bases *b, size_t i)
{
	struct str bn = buf_str(&b->bn);
	struct prefix p = { .n = bn.n };
	size_t end = b->n - i > AHEAD_MAX ? i + AHEAD_MAX : b->n;

	/* none: look again at the next one */
	if (bn.n == 0)
		end = i + 1;
	for (; i < end && str_starts(b->records[i].name, bn); i++) {
		p.whole += b->records[i].name.n == bn.n;
		p.run++;
	}
	bases_count_savings(b, &p);
	return p;
}

/* Of one record alone in a stream: the part that others may share. */
static size_t
bases_device_part(struct str name)
{
	size_t n = name.n;

	while (n > 0 && name.p[n - 1] != ':' && name.p[n - 1] != '/' &&
	    name.p[n - 1] != '.')
		n--;
	return n > 0 ? n : name.n;
}

/* True when there is a new one. */
static bool
bases_choose_name(struct bases *b, size_t i)
{
	struct str name = b->records[i].name;
	struct prefix kept = bases_kept_prefix(b, i);
	struct prefix best = bases_best_prefix(b, i);

	if (kept.run > 0 && !bases_better(&best, &kept) &&
	    (b->bn.n > 0 || !b->codec->stream)) {
		b->bn_until = i + kept.run;
		return false;
	}
	if (b->codec->stream && best.run == 1)
		best.n = bases_device_part(name);
	b->bn_until = i + best.run;
	bases_set(&b->bn, (struct str){ name.p, best.n });
	return true;
}

static inline void
bases_put(struct fields *f, enum label l, struct str text)
{
	f->have |= LABEL_BIT(l);
	/* an empty text that stands is not an absent one */
	f->text[l] = text.p != NULL ? text : STR("");
}

static void
bases_apply_name(struct bases *b, size_t i, struct fields *f)
{
	struct str name = b->records[i].name;

	if (i >= b->bn_until && bases_choose_name(b, i))
		bases_put(f, LABEL_BN, buf_str(&b->bn));
	if (name.n > b->bn.n)
		bases_put(f, LABEL_N, str_from(name, b->bn.n));
}

/* ---- bt ---- */

static struct str
bases_print(char *to, struct stamp t)
{
	size_t n = stamp_print(to, t);

	/* a byte that belongs to no number follows a number */
	to[n] = '\0';
	return (struct str){ to, n };
}

/* What a time takes as a number. */
static long
bases_time_size(const struct bases *b, int64_t ns)
{
	char text[STAMP_TEXT];

	return b->codec->time_size ? b->codec->time_size(ns) :
	    (long)stamp_print(text, (struct stamp){ ns });
}

/* Is it better to say this time as the new bt? */
static bool
bases_worth_a_base(const struct bases *b, size_t i)
{
	const struct codec_costs *c = &b->codec->costs;
	int64_t t = b->records[i].time.ns;
	long run = 0;

	if (!b->has_bt)
		return true;
	for (; i < b->n && run < AHEAD_MAX && b->records[i].time.ns == t; i++)
		run++;
	return run * (c->number + bases_time_size(b, t - b->bt.ns)) >
	    c->base_number + bases_time_size(b, t);
}

static void
bases_apply_time(struct bases *b, size_t i, struct fields *f)
{
	struct stamp t = b->records[i].time;

	if (b->has_bt && t.ns == b->bt.ns)
		return;
	if (bases_worth_a_base(b, i)) {
		b->has_bt = true;
		b->bt = t;
		bases_put(f, LABEL_BT, bases_print(b->digits[1], t));
	} else {
		bases_put(f, LABEL_T, bases_print(b->digits[2],
		    (struct stamp){ t.ns - b->bt.ns }));
	}
}

/* ---- all of a record ---- */

static void
bases_apply_value(const struct bases *b, const struct record *r,
    struct fields *f)
{
	switch (r->kind) {
	case VALUE_NONE:
		break;
	case VALUE_NUMBER:
		bases_put(f, LABEL_V, r->value);
		break;
	case VALUE_STRING:
		bases_put(f, LABEL_VS, r->value);
		break;
	case VALUE_BOOL:
		bases_put(f, LABEL_VB, STR_NONE);
		f->truth = r->truth;
		break;
	case VALUE_DATA:
		bases_put(f, LABEL_VD, r->value);
		if (r->ct.p != NULL && !(b->has_bct &&
		    str_eq(r->ct, buf_str(&b->bct))))
			bases_put(f, LABEL_CT, r->ct);
		break;
	}
	if (r->sum.p != NULL)
		bases_put(f, LABEL_S, r->sum);
	if (r->update.p != NULL)
		bases_put(f, LABEL_UT, r->update);
}

static void
bases_apply_version(struct bases *b, const struct record *r, struct fields *f)
{
	size_t n = digits_print(b->digits[0], r->version);

	b->version = r->version;
	b->digits[0][n] = '\0';
	bases_put(f, LABEL_BVER, (struct str){ b->digits[0], n });
}

void
bases_apply(struct bases *b, size_t i, struct fields *f)
{
	const struct record *r = &b->records[i];

	f->have = f->exponent = f->bad = 0;
	if (r->version != b->version)
		bases_apply_version(b, r, f);
	if (b->new_bu)
		bases_put(f, LABEL_BU, buf_str(&b->bu));
	if (b->new_bct)
		bases_put(f, LABEL_BCT, buf_str(&b->bct));
	b->new_bu = b->new_bct = false;
	bases_apply_name(b, i, f);
	bases_apply_time(b, i, f);
	if (!str_eq(r->unit, buf_str(&b->bu)))
		bases_put(f, LABEL_U, r->unit);
	bases_apply_value(b, r, f);
}
