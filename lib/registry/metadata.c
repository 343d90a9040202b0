/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/metadata.h"

#include <stdlib.h>

#include "base/memory.h"
#include "json/json.h"
#include "json/number.h"

/* Drops the white space that stands outside of strings. */
static struct str
metadata_squeeze(struct str json, char *to)
{
	size_t i, n = 0;
	bool text = false;

	for (i = 0; i < json.n; i++) {
		char c = json.p[i];

		if (text && c == '\\') {
			to[n++] = c;
			to[n++] = json.p[++i];
			continue;
		}
		if (c == '"')
			text = !text;
		if (text || (c != ' ' && c != '\t' && c != '\n' && c != '\r'))
			to[n++] = c;
	}
	return (struct str){ to, n };
}

const char *
metadata_compact(struct str json, struct arena *arena, struct str *out)
{
	struct scan scan = { .end = json.p + json.n, .arena = arena };
	const char *p = json.p;
	char *to;

	if (scan_take(&scan, p, '{') == NULL)
		return "metadata is not a JSON object";
	if ((p = scan_skip(&scan, p)) == NULL || scan_end(&scan, p) == NULL)
		return scan.why;
	to = arena_alloc(arena, json.n + 1);
	if (to == NULL)
		return "too much input";
	*out = metadata_squeeze(json, to);
	return NULL;
}

const char *
metadata_take(struct str json, struct arena *arena, struct str *out)
{
	const char *why = metadata_compact(json, arena, out);

	return why == NULL && out->n > METADATA_BYTES_MAX ?
	    "metadata larger than 64 KiB" : why;
}

/*
 * ---- containment ----
 *
 * What is wanted is a tree, and what somebody has is walked through once for
 * each of its nodes at most.  A scalar or a member is looked up among its
 * node's children, which are in order, so only an array of arrays or objects
 * is compared pair by pair.  Both texts were checked and made compact when
 * they were taken in, and their depth is bounded.
 */
/* bytes compared between two calls of `stop` */
#define METADATA_STEP ((size_t)256 << 10)
/* one decoded string of either */
#define METADATA_ARENA ((size_t)1 << 20)

enum metadata_kind {
	METADATA_NUMBER, METADATA_STRING, METADATA_WORD, METADATA_ARRAY,
	METADATA_OBJECT
};

struct metadata_node {
	struct metadata_node *first, *next;	/* the children as read */
	struct metadata_node **order;	/* the same, those of one name or
					 * value together */
	size_t n;
	enum metadata_kind kind;
	struct str name;		/* of a member */
	struct str text;		/* of a string, or a word's letter */
	double number;
	bool found;
};

struct metadata_want {
	struct arena keep, scratch;
	struct metadata_node *root;
	bool (*stop)(void *);
	void *arg;
	size_t work;
};

static int
metadata_order_text(struct str a, struct str b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* by kind and value; those with children are all alike */
static int
metadata_order_value(const struct metadata_node *a,
    const struct metadata_node *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == METADATA_NUMBER)
		return (a->number > b->number) - (a->number < b->number);
	if (a->kind == METADATA_STRING || a->kind == METADATA_WORD)
		return metadata_order_text(a->text, b->text);
	return 0;
}

static int
metadata_by_name(const void *a, const void *b)
{
	return metadata_order_text((*(struct metadata_node *const *)a)->name,
	    (*(struct metadata_node *const *)b)->name);
}

static int
metadata_by_value(const void *a, const void *b)
{
	return metadata_order_value(*(struct metadata_node *const *)a,
	    *(struct metadata_node *const *)b);
}

static enum metadata_kind
metadata_kind(const char *p)
{
	if (*p == '{')
		return METADATA_OBJECT;
	if (*p == '[')
		return METADATA_ARRAY;
	if (*p == '"')
		return METADATA_STRING;
	return *p == '-' || (*p >= '0' && *p <= '9') ? METADATA_NUMBER :
	    METADATA_WORD;
}

/* the scalar at p: its value, and the place after it */
static const char *
metadata_scalar(struct scan *j, const char *p, struct metadata_node *to)
{
	struct str digits;

	to->kind = metadata_kind(p);
	if (to->kind == METADATA_STRING)
		return scan_string(j, p + 1, &to->text);
	if (to->kind == METADATA_NUMBER) {
		p = scan_number(j, p, &digits);
		to->number = p != NULL ? number_value(digits) : 0;
		return p;
	}
	to->text = (struct str){ p, 1 };
	return scan_skip(j, p);
}

static const char *metadata_read(struct metadata_want *, struct scan *,
    const char *p, struct metadata_node *to);

static const char *
metadata_read_children(struct metadata_want *w, struct scan *j,
    const char *p, struct metadata_node *to)
{
	struct metadata_node **end = &to->first, *child;
	const bool object = to->kind == METADATA_OBJECT;

	for (p++; *p != '}' && *p != ']'; p += *p == ',') {
		child = arena_alloc(&w->keep, sizeof *child);
		if (child == NULL)
			return NULL;
		*child = (struct metadata_node){ .found = false };
		if (object && ((p = scan_string(j, p + 1,
		    &child->name)) == NULL || *p++ != ':'))
			return NULL;
		if ((p = metadata_read(w, j, p, child)) == NULL)
			return NULL;
		*end = child;
		end = &child->next;
		to->n++;
	}
	return p + 1;
}

/* a scalar that occurs several times in an array is kept once */
static void
metadata_unite(struct metadata_node *array)
{
	struct metadata_node **order = array->order;
	size_t i, n = 0;

	for (i = 0; i < array->n; i++)
		if (n == 0 || order[i]->kind == METADATA_ARRAY ||
		    order[i]->kind == METADATA_OBJECT ||
		    metadata_by_value(&order[i], &order[n - 1]) != 0)
			order[n++] = order[i];
	array->n = n;
}

static const char *
metadata_read(struct metadata_want *w, struct scan *j, const char *p,
    struct metadata_node *to)
{
	struct metadata_node *child;
	size_t i = 0;

	to->kind = metadata_kind(p);
	if (to->kind != METADATA_OBJECT && to->kind != METADATA_ARRAY)
		return metadata_scalar(j, p, to);
	if ((p = metadata_read_children(w, j, p, to)) == NULL)
		return NULL;
	to->order = arena_alloc(&w->keep, to->n * sizeof *to->order + 1);
	if (to->order == NULL)
		return NULL;
	for (child = to->first; child != NULL; child = child->next)
		to->order[i++] = child;
	qsort(to->order, to->n, sizeof *to->order,
	    to->kind == METADATA_OBJECT ? metadata_by_name :
	    metadata_by_value);
	if (to->kind == METADATA_ARRAY)
		metadata_unite(to);
	return p;
}

struct metadata_want *
metadata_want_new(struct str want)
{
	struct metadata_want *w = memory_zero(1, sizeof *w);
	struct scan j = { .end = want.p + want.n, .arena = &w->keep };

	/* a node for each two bytes at most */
	arena_init(&w->keep, METADATA_ARENA +
	    want.n * (sizeof(struct metadata_node) + sizeof(void *)));
	arena_init(&w->scratch, METADATA_ARENA);
	w->root = arena_alloc(&w->keep, sizeof *w->root);
	if (w->root != NULL) {
		*w->root = (struct metadata_node){ .found = false };
		j.end = want.p + want.n;
		if (metadata_read(w, &j, want.p, w->root) == NULL)
			w->root = NULL;
	}
	return w;
}

void
metadata_want_free(struct metadata_want *w)
{
	if (w == NULL)
		return;
	arena_release(&w->keep);
	arena_release(&w->scratch);
	free(w);
}

void
metadata_want_watch(struct metadata_want *w, bool (*stop)(void *), void *arg)
{
	w->stop = stop;
	w->arg = arg;
}

/* ---- walking ---- */

struct metadata_walk {
	struct metadata_want *want;
	struct scan scan;
	bool stopped;
};

static int metadata_walk(struct metadata_walk *, struct metadata_node *,
    const char *p);

/* the place after the value at p, whose length counts as work; NULL: stop */
static const char *
metadata_pass(struct metadata_walk *x, const char *p)
{
	struct metadata_want *w = x->want;
	const char *q;

	arena_reset(&w->scratch);
	q = scan_skip(&x->scan, p);
	w->work += q != NULL ? (size_t)(q - p) : 0;
	if (w->work >= METADATA_STEP && w->stop != NULL) {
		w->work = 0;
		x->stopped = w->stop(w->arg);
	}
	return x->stopped ? NULL : q;
}

/* the first of a node's children that is not before the one looked for */
static size_t
metadata_lower(const struct metadata_node *node,
    const struct metadata_node *key,
    int (*order)(const void *, const void *))
{
	size_t low = 0, high = node->n, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (order(&node->order[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* compares the children from `i` on that are equal to the key with the value
 * at p; returns how many of them are found in addition */
static size_t
metadata_try(struct metadata_walk *x, struct metadata_node *node, size_t i,
    const struct metadata_node *key,
    int (*order)(const void *, const void *), const char *p)
{
	struct metadata_node *child;
	size_t n = 0;

	for (; i < node->n && !x->stopped; i++) {
		child = node->order[i];
		if (order(&child, &key) != 0)
			break;
		x->want->work++;
		if (!child->found && metadata_walk(x, child, p) > 0) {
			child->found = true;
			n++;
		}
	}
	return n;
}

static size_t
metadata_try_member(struct metadata_walk *x, struct metadata_node *node,
    const char **p)
{
	struct metadata_node key = { .found = false };

	arena_reset(&x->want->scratch);
	*p = scan_string(&x->scan, *p + 1, &key.name);
	if (*p == NULL || *(*p)++ != ':') {
		*p = NULL;
		return 0;
	}
	return metadata_try(x, node, metadata_lower(node, &key,
	    metadata_by_name), &key, metadata_by_name, *p);
}

static size_t
metadata_try_element(struct metadata_walk *x, struct metadata_node *node,
    const char *p)
{
	struct metadata_node key = { .kind = metadata_kind(p) };

	arena_reset(&x->want->scratch);
	if (key.kind != METADATA_ARRAY && key.kind != METADATA_OBJECT &&
	    metadata_scalar(&x->scan, p, &key) == NULL)
		return 0;
	return metadata_try(x, node, metadata_lower(node, &key,
	    metadata_by_value), &key, metadata_by_value, p);
}

static int
metadata_walk_children(struct metadata_walk *x, struct metadata_node *node,
    const char *p)
{
	const bool object = node->kind == METADATA_OBJECT;
	size_t left = node->n, i;

	for (i = 0; i < node->n; i++)
		node->order[i]->found = false;
	x->want->work += node->n;
	for (p++; left > 0 && *p != '}' && *p != ']'; p += *p == ',') {
		left -= object ? metadata_try_member(x, node, &p) :
		    metadata_try_element(x, node, p);
		if (p == NULL || (p = metadata_pass(x, p)) == NULL)
			return 0;
	}
	return left == 0;
}

/* does the value at p contain the node? */
static int
metadata_walk(struct metadata_walk *x, struct metadata_node *node,
    const char *p)
{
	struct metadata_node have = { .kind = metadata_kind(p) };

	if (have.kind != node->kind)
		return 0;
	if (have.kind == METADATA_ARRAY || have.kind == METADATA_OBJECT)
		return metadata_walk_children(x, node, p);
	return metadata_scalar(&x->scan, p, &have) != NULL &&
	    metadata_order_value(&have, node) == 0;
}

int
metadata_match(struct metadata_want *w, struct str have)
{
	struct metadata_walk x = {
		.want = w,
		.scan = { .end = have.p + have.n, .arena = &w->scratch },
	};
	int is;

	if (w->root == NULL)
		return 0;
	arena_reset(&w->scratch);
	is = metadata_walk(&x, w->root, have.p);
	return x.stopped ? -1 : is;
}
