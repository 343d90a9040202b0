/* SPDX-License-Identifier: Apache-2.0 */
#include "api/parameters.h"

#include <string.h>

#include "api/state.h"
#include "base/utf8.h"
#include "http/path.h"
#include "registry/direction.h"

/*
 * The query and the preconditions of a request, read once and wholly before
 * anything else looks at them: what can't be read is refused with its place,
 * so that nothing of it is ever dropped in silence.
 */
#define VALUE_MAX (16 * 1024)
#define WHY_MAX 256
#define SHOWN_MAX 40

/* those that are true or false, wherever they are */
static const char *const parameters_flags[] = {
	"all", "disconnected", "dry_run", "follow", "if_exists", "keys",
};

struct parameters_reading {
	struct request_ctx *call;
	struct buf scratch;
	unsigned n;			/* the one in hand, from 1 */
	char why[WHY_MAX];		/* empty: nothing is wrong */
};

static void
parameters_wrong(struct parameters_reading *r, struct str name,
    const char *what)
{
	snprintf(r->why, sizeof r->why, "parameter %u of the query, '%.*s': "
	    "%s", r->n, (int)(name.n < SHOWN_MAX ? name.n : SHOWN_MAX),
	    name.p ? name.p : "", what);
}

/* NULL, or why not */
static const char *
parameters_decode(struct parameters_reading *r, struct str raw, struct str *to)
{
	size_t i;

	for (i = 0; i < raw.n; i++)
		if ((unsigned char)raw.p[i] < ' ' || raw.p[i] == 0x7f)
			return "a control character must be "
			    "percent-encoded";
	buf_clear(&r->scratch);
	if (!percent_decode(&r->scratch, raw))
		return "it is not correctly percent-encoded";
	if (r->scratch.full)
		return "it is longer than 16384 bytes";
	if (!utf8_valid(buf_str(&r->scratch)))
		return "it is not UTF-8";
	*to = arena_str(&r->call->api->scratch, buf_str(&r->scratch));
	return to->p == NULL ? "it is too long" : NULL;
}

static void
parameters_take(void *arg, struct str name, struct str value)
{
	struct parameters_reading *r = arg;
	struct request_ctx *c = r->call;
	struct ctx_parameter p;
	const char *why;

	r->n++;
	if (*r->why != '\0')
		return;
	why = c->n_parameters == CTX_PARAMETERS ? "there are too many" :
	    parameters_decode(r, name, &p.name);
	if (why == NULL)
		why = parameters_decode(r, value, &p.value);
	if (why != NULL)
		parameters_wrong(r, name, why);
	else
		c->parameters[c->n_parameters++] = p;
}

/* is it among these, with a space between, and may it be repeated? */
static bool
parameters_listed(const char *names, struct str name, bool *repeats)
{
	size_t n;

	for (; names != NULL && *names != '\0'; names += n) {
		names += strspn(names, " ");
		*repeats = *names == '*';
		names += *repeats;
		n = strcspn(names, " ");
		if (n == name.n && memcmp(names, name.p, n) == 0)
			return true;
	}
	return false;
}

static bool
parameters_is_flag(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof parameters_flags / sizeof *parameters_flags; i++)
		if (str_eq(name, str_z(parameters_flags[i])))
			return true;
	return false;
}

static bool
parameters_is_before(const struct request_ctx *c, unsigned i)
{
	unsigned j;

	for (j = 0; j < i; j++)
		if (str_eq(c->parameters[j].name, c->parameters[i].name))
			return true;
	return false;
}

/* true, false, 1 or 0; false: not one of these */
static bool
parameters_read_bool(struct str value, bool *truth)
{
	*truth = str_eq(value, STR("true")) || str_eq(value, STR("1"));
	return *truth || str_eq(value, STR("false")) ||
	    str_eq(value, STR("0"));
}

/* what this path has to say to the one in hand: NULL, or why not */
static const char *
parameters_check(const struct request_ctx *c, unsigned i)
{
	const struct ctx_parameter *p = &c->parameters[i];
	bool repeats, truth;

	if (!parameters_listed(c->route->query, p->name, &repeats))
		return c->route->flags & API_OURS && p->name.n > 0 ?
		    "unknown parameter" : NULL;
	if (!repeats && parameters_is_before(c, i))
		return "it is given twice";
	if (parameters_is_flag(p->name) &&
	    !parameters_read_bool(p->value, &truth))
		return "it must be true or false";
	return NULL;
}

static bool
parameters_read_query(struct request_ctx *c)
{
	struct parameters_reading r = { .call = c };
	const char *why;
	unsigned i;

	buf_init(&r.scratch, VALUE_MAX);
	http_query(c->request, parameters_take, &r);
	buf_release(&r.scratch);
	for (i = 0; i < c->n_parameters && *r.why == '\0'; i++) {
		r.n = i + 1;
		why = parameters_check(c, i);
		if (why != NULL)
			parameters_wrong(&r, c->parameters[i].name, why);
	}
	if (*r.why != '\0')
		http_problem(c->request, 400, r.why);
	return *r.why == '\0';
}

static bool
parameters_read_condition(struct request_ctx *c, const char *name,
    struct str *to)
{
	char why[96];

	*to = http_headers(c->request, name, &c->api->scratch);
	if (to->p == NULL || conditions_valid(*to))
		return true;
	snprintf(why, sizeof why, "%s must be * or a list of entity tags such "
	    "as \"x\", W/\"y\"", name);
	http_problem(c->request, 400, why);
	return false;
}

bool
parameters_read(struct request_ctx *c)
{
	c->conditions.reads = strcmp(c->route->method, "GET") == 0;
	return parameters_read_query(c) && parameters_read_condition(c,
	    "If-Match", &c->conditions.match) && parameters_read_condition(c,
	    "If-None-Match", &c->conditions.none_match);
}

int
parameter_get(const struct request_ctx *c, const char *name, struct str *value)
{
	unsigned i;
	int n = 0;

	*value = STR_NONE;
	for (i = 0; i < c->n_parameters; i++)
		if (str_eq(c->parameters[i].name, str_z(name)) && n++ == 0)
			*value = c->parameters[i].value;
	return n;
}

bool
parameter_direction(struct request_ctx *c, struct str word, unsigned none,
    unsigned *direction)
{
	*direction = word.p == NULL ? none : direction_parse(word);
	if (word.p == NULL || *direction != 0)
		return true;
	http_problem(c->request, 400,
	    "direction must be publish, subscribe or both");
	return false;
}

bool
parameter_is_true(const struct request_ctx *c, const char *name)
{
	struct str value;
	bool truth;

	return parameter_get(c, name, &value) > 0 &&
	    parameters_read_bool(value, &truth) && truth;
}
