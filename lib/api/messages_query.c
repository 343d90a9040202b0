/* SPDX-License-Identifier: Apache-2.0 */
#include "api/messages.h"

#include <strings.h>

#include "base/utf8.h"
#include "http/path.h"

#define LIMIT 10
/* the values that SQL has parameters for, each needed three times at most */
#define VALUES_MAX 64
/* a request line is not longer */
#define VALUE_MAX ((size_t)16 << 10)

/* ---- Accept ---- */

static const struct {
	const char *range;
	enum messages_format format;
} query_ranges[] = {
	{ "application/json", MESSAGES_PAGE },
	{ "application/*", MESSAGES_PAGE },
	{ "*/*", MESSAGES_PAGE },
	{ "application/x-ndjson", MESSAGES_LINES },
	{ "text/csv", MESSAGES_CSV },
	{ "text/*", MESSAGES_CSV },
	{ "application/senml+json", MESSAGES_SENML },
};

static const char *const query_types[MESSAGES_FORMATS] = {
	[MESSAGES_PAGE] = "application/json",
	[MESSAGES_LINES] = "application/x-ndjson",
	[MESSAGES_CSV] = "text/csv; charset=utf-8; header=present",
	[MESSAGES_SENML] = "application/senml+json",
};

const char *
messages_type(enum messages_format format)
{
	return query_types[format];
}

static struct str
query_trim(struct str s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
		s = str_from(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* what stands before `c`; *rest is what follows it */
static struct str
query_cut(struct str *rest, char c)
{
	const char *at = rest->n ? memchr(rest->p, c, rest->n) : NULL;
	size_t n = at ? (size_t)(at - rest->p) : rest->n;
	struct str s = { rest->p, n };

	*rest = str_from(*rest, at ? n + 1 : n);
	return query_trim(s);
}

/* "0.75" as thousandths (RFC 9110 12.4.2); 0 when not a valid one */
static int
query_weight(struct str q)
{
	int n, unit = 100;

	if (q.n == 0 || (*q.p != '0' && *q.p != '1'))
		return 0;
	n = 1000 * (*q.p - '0');
	for (q = str_from(q, 1); q.n > 1 && unit > 0; unit /= 10) {
		q = str_from(q, 1);
		if (*q.p < '0' || *q.p > '9')
			return 0;
		n += unit * (*q.p - '0');
	}
	return n > 1000 ? 1000 : n;
}

static int
query_weight_of(struct str parameters)
{
	while (parameters.n > 0) {
		struct str p = query_cut(&parameters, ';');

		if (p.n >= 2 && (*p.p | 0x20) == 'q' && p.p[1] == '=')
			return query_weight(str_from(p, 2));
	}
	return 1000;
}

enum messages_format
messages_accept(struct str accept)
{
	enum messages_format best = MESSAGES_PAGE;
	int most = 0;
	size_t i;

	while (accept.n > 0) {
		struct str parameters = query_cut(&accept, ',');
		struct str type = query_cut(&parameters, ';');
		int q = query_weight_of(parameters);

		for (i = 0; i < sizeof query_ranges / sizeof *query_ranges; i++)
			if (q > most &&
			    type.n == strlen(query_ranges[i].range) &&
			    strncasecmp(type.p, query_ranges[i].range,
			    type.n) == 0) {
				best = query_ranges[i].format;
				most = q;
			}
	}
	return best;
}

/* ---- parameters ---- */

static const char *
query_take_store(struct messages_query *a, struct str value)
{
	if (a->store.p != NULL)
		return "store is there twice";
	a->store = arena_str(&a->ask.arena, value);
	return value.n > 0 ? NULL : "store must be a name";
}

static void
query_take(struct messages_query *a, struct str name, struct str value)
{
	bool known;

	a->why = str_eq(name, STR("store")) ? query_take_store(a, value) :
	    ask_take(&a->ask, name, value, &known);
}

static void
query_take_raw(void *arg, struct str name, struct str value)
{
	struct messages_query *a = arg;
	bool sound;

	if (a->why != NULL)
		return;
	buf_clear(&a->name);
	buf_clear(&a->value);
	sound = percent_decode(&a->name, name);
	sound = percent_decode(&a->value, value) && sound && !a->name.full &&
	    !a->value.full;
	if (!sound)
		a->why = "the query is not correctly percent-encoded";
	else if (!utf8_valid(buf_str(&a->name)) ||
	    !utf8_valid(buf_str(&a->value)))
		a->why = "the query is not UTF-8";
	else
		query_take(a, buf_str(&a->name), buf_str(&a->value));
}

/* What they say together. */
static const char *
query_combine(struct messages_query *a)
{
	struct query *q = &a->ask.query;

	if (q->limit == 0)
		return "limit must be a number of 1 or more";
	if (a->format == MESSAGES_PAGE && q->limit < 0)
		q->limit = LIMIT;
	if (a->format == MESSAGES_PAGE && q->limit > MESSAGES_PAGE_MAX)
		q->limit = MESSAGES_PAGE_MAX;
	return ask_end(&a->ask);
}

const char *
messages_query(struct messages_query *a, const struct http_request *r,
    struct str channel)
{
	*a = (struct messages_query){ .format = messages_accept(http_header(r,
	    "Accept")) };
	ask_init(&a->ask, VALUES_MAX);
	a->ask.query.order = QUERY_DESC;
	buf_init(&a->name, VALUE_MAX);
	buf_init(&a->value, VALUE_MAX);
	http_query(r, query_take_raw, a);
	if (a->why == NULL)
		a->why = ask_label(&a->ask, MATCH_CHANNEL, channel);
	return a->why != NULL ? a->why : query_combine(a);
}

void
messages_query_release(struct messages_query *a)
{
	ask_release(&a->ask);
	buf_release(&a->name);
	buf_release(&a->value);
}
