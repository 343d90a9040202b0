/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenAPI document and the routes, each against the other. */
#include <sodium.h>
#include <strings.h>

#include "api/openapi.h"
#include "api/routes.h"
#include "base/os.h"
#include "json/json.h"
#include "json/object.h"
#include "tests/unit/unit.h"

#define OPERATIONS_MAX 256

struct operation {
	struct str object;
	char text[128];		/* "GET /things/:id", as the routes have it */
	bool open;		/* nobody has to show a user's token */
	bool routed;
};

/* what fails is named */
static void
check(bool good, const char *what, const char *of)
{
	if (!good)
		printf("# %s: %s\n", of, what);
	CHECK(good);
}

static struct operation operations[OPERATIONS_MAX];
static size_t n_operations;

static struct arena arena;

/* calls it for each member of the object; false when it is not an object */
static bool
each_member(struct str object, void (*each)(struct str, struct str, void *),
    void *arg)
{
	struct scan j = { .end = object.p + object.n, .arena = &arena };
	const char *p = scan_take(&j, object.p, '{'), *end, *value;
	struct str name;

	if (object.n == 0)
		return false;
	while (p != NULL && (p = scan_take(&j, p, '"')) != NULL &&
	    (p = scan_string(&j, p, &name)) != NULL &&
	    (p = scan_take(&j, p, ':')) != NULL &&
	    (end = scan_skip(&j, value = scan_space(&j, p))) != NULL) {
		each(name, (struct str){ value, (size_t)(end - value) }, arg);
		if ((p = scan_take(&j, end, ',')) == NULL)
			return scan_take(&j, end, '}') != NULL;
	}
	return false;
}

struct wanted {
	const char *name;
	struct str value;
	int n;
};

static void
look_for(struct str name, struct str value, void *arg)
{
	struct wanted *w = arg;

	if (str_eq(name, str_z(w->name))) {
		w->value = value;
		w->n++;
	}
}

/* p NULL: it isn't there, or more than once */
static struct str
member(struct str object, const char *name)
{
	struct wanted w = { .name = name };

	if (!each_member(object, look_for, &w) || w.n != 1)
		return STR_NONE;
	return w.value;
}

/* "{thing}" is ":id" */
static void
put_path(struct buf *b, struct str path)
{
	size_t i;

	for (i = 0; i < path.n; i++) {
		if (path.p[i] != '{') {
			buf_putc(b, path.p[i]);
			continue;
		}
		buf_puts(b, ":id");
		while (i < path.n && path.p[i] != '}')
			i++;
	}
}

/* Does it say which clients may come, and that this needs no user? */
static bool
is_open(struct str operation)
{
	struct str security = member(operation, "security");

	/* what stands on top of the document is for users */
	return security.p != NULL &&
	    os_find(security.p, security.n, "\"token\"", 7) == NULL;
}

static void
take_operation(struct str method, struct str operation, void *path)
{
	struct operation *o = &operations[n_operations];
	struct buf b;
	size_t i;

	if (str_eq(method, STR("parameters")))
		return;
	CHECK(n_operations < OPERATIONS_MAX);
	buf_init(&b, sizeof o->text);
	for (i = 0; i < method.n; i++)
		buf_putc(&b, (char)(method.p[i] & ~0x20));
	buf_putc(&b, ' ');
	put_path(&b, *(struct str *)path);
	buf_putc(&b, '\0');
	memcpy(o->text, b.p, b.n);
	buf_release(&b);
	o->open = is_open(operation);
	o->object = operation;
	n_operations++;
}

static void
take_path(struct str path, struct str item, void *arg)
{
	(void)arg;
	CHECK(each_member(item, take_operation, &path));
}

static struct operation *
find(const char *text)
{
	struct operation *found = NULL;
	size_t i;

	for (i = 0; i < n_operations; i++)
		if (strcmp(operations[i].text, text) == 0)
			found = &operations[i];
	return found;
}

/* ---- parameters of the query ---- */

/* what it refers to, or itself */
static struct str
component(struct str document, struct str parameter)
{
	struct str ref = member(parameter, "$ref"), text, name;
	char last[64];

	if (ref.p == NULL)
		return parameter;
	CHECK(object_text(ref, &arena, &text));
	name = text;
	while (memchr(name.p, '/', name.n) != NULL)
		name = str_from(name, 1);
	snprintf(last, sizeof last, "%.*s", STR_ARG(name));
	return member(member(member(document, "components"), "parameters"),
	    last);
}

/* its place among the names of a row; -1: it is not there */
static int
place_of(const char *names, struct str name)
{
	size_t n;
	int i;

	for (i = 0; names != NULL && *names != '\0'; i++, names += n) {
		names += strspn(names, " *");
		n = strcspn(names, " ");
		if (n == name.n && memcmp(names, name.p, n) == 0)
			return i;
	}
	return -1;
}

static int
count(const char *names)
{
	int n = 0;

	for (; names != NULL && *names != '\0'; n++) {
		names += strspn(names, " ");
		names += strcspn(names, " ");
	}
	return n;
}

static void
check_query(struct str document, const struct operation *o,
    const char *names)
{
	struct str all = member(o->object, "parameters"), p, in, name;
	struct object_array a;
	int n = 0;

	object_array_init(&a, all.p ? all : STR("[]"), &arena);
	while (object_array_next(&a, &p) > 0) {
		p = component(document, p);
		in = member(p, "in");
		CHECK(object_text(member(p, "name"), &arena, &name));
		if (!str_eq(in, STR("\"query\"")))
			continue;
		n++;
		check(place_of(names, name) >= 0,
		    "a parameter is not in its row", o->text);
	}
	check(n == count(names), "a parameter is not in the document",
	    o->text);
}

/* each route has its operation */
static void
check_routes(struct str document)
{
	const struct api_route *route;
	struct operation *o;
	char name[128];

	for (route = api_routes; route->method != NULL; route++) {
		snprintf(name, sizeof name, "%s %s", route->method,
		    route->path);
		o = find(name);
		if (route->flags & API_PROTOCOL) {
			check(o == NULL, "is in the document", name);
			continue;
		}
		check(o != NULL, "is not in the document", name);
		if (o == NULL)
			continue;
		check(!o->routed, "is there twice", name);
		check(o->open == ((route->flags & API_OPEN) != 0),
		    "who needs a token?", name);
		o->routed = true;
		check_query(document, o, route->query);
	}
}

int
main(void)
{
	struct openapi *document;
	struct str text;
	size_t i;

	CHECK(sodium_init() >= 0);
	arena_init(&arena, 1 << 20);
	document = openapi_open();
	text = openapi_text(document);
	TEST("the document has paths, and they have operations")
		CHECK(each_member(member(text, "paths"), take_path, NULL));
	TEST("each route is in the document, with its parameters")
		check_routes(text);
	TEST("each operation of the document has a route")
		for (i = 0; i < n_operations; i++)
			check(operations[i].routed, "is not among the routes",
			    operations[i].text);
	openapi_close(document);
	arena_release(&arena);
	return unit_end();
}
