/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group is the last message on a subject of the stream "<prefix>-groups":
 *
 *	<position> <epoch> <sought> <open> <part>
 *
 * `epoch` is another number each time the group is made or moved by hand, and
 * `sought` where that put it.  It is replaced only if it is as it was known:
 * what somebody else has done meanwhile is not undone.
 */
#include <sysexits.h>

#include "base/memory.h"
#include "base/os.h"
#include "bus/nats/lease.h"

static void
group_subject(struct buf *s, const struct nats_group *g, const char *target)
{
	const struct nats_bus *b = (struct nats_bus *)g->head.bus;

	buf_printf(s, "%s-groups.", b->url.prefix);
	/* one level more: it is not among the groups of a stream */
	if (target != NULL) {
		token_put_name(s, str_z(target));
		buf_putc(s, '.');
	}
	token_put_name(s, str_z(g->head.stream));
	buf_putc(s, '.');
	token_put_name(s, str_z(g->head.name));
	buf_puts(s, ".at");
	buf_putc(s, '\0');
}

static int
nats_group_open(struct bus_group **out, struct bus *bus, const char *stream,
    const char *group, const char *target, struct fault *fault)
{
	struct nats_group *g = memory_zero(1, sizeof *g);
	struct buf s = { .max = sizeof g->subject };

	(void)fault;
	g->head.bus = bus;
	g->abroad = target != NULL;
	memcpy(g->head.stream, stream, strlen(stream));
	memcpy(g->head.name, group, strlen(group));
	group_subject(&s, g, target);
	memcpy(g->subject, s.p, s.n);
	buf_release(&s);
	*out = &g->head;
	return 0;
}

static void
nats_group_close(struct bus_group *head)
{
	struct nats_group *g = (struct nats_group *)head;

	lease_end(g);
	free(g);
}

/* ---- its entry ---- */

/* the next number of the text, which a space or the end follows */
static bool
group_take(struct str *text, uint64_t max, uint64_t *n)
{
	const char *space = text->n ? memchr(text->p, ' ', text->n) : NULL;
	struct str digits = *text;

	if (space != NULL)
		digits.n = (size_t)(space - text->p);
	*text = str_from(*text, digits.n + (space != NULL));
	return number_digits(digits, max, n);
}

static bool
group_read(const char *entry, struct group_entry *e)
{
	struct str text = str_z(entry);
	uint64_t part;

	if (!group_take(&text, POSITION_MAX, &e->seq) ||
	    !group_take(&text, UINT64_MAX, &e->epoch) ||
	    !group_take(&text, UINT64_MAX, &e->sought) ||
	    !group_take(&text, POSITION_MAX, &e->open) ||
	    !group_take(&text, PART_MAX, &part) || text.n > 0)
		return false;
	e->part = (uint32_t)part;
	return true;
}

static int
group_write(struct nats_group *g, const struct group_entry *e,
    struct fault *fault)
{
	char text[128];

	snprintf(text, sizeof text, "%llu %llu %llu %llu %lu",
	    (unsigned long long)e->seq, (unsigned long long)e->epoch,
	    (unsigned long long)e->sought, (unsigned long long)e->open,
	    (unsigned long)e->part);
	return stream_replace((struct nats_bus *)g->head.bus, g->subject,
	    g->revision, text, &g->revision, fault);
}

int
group_load(struct nats_group *g, struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)g->head.bus;
	char js_name[JS_NAME_MAX];
	struct nats_message m;
	int there;

	snprintf(js_name, sizeof js_name, "%s-groups", b->url.prefix);
	there = stream_last(b, js_name, g->subject, &m, fault);
	if (there < 0)
		return -1;
	g->known = true;
	g->revision = there ? m.sequence : 0;
	g->entry = (struct group_entry){ .seq = 0 };
	if (there == 0 || group_read(m.text, &g->entry))
		return there;
	return fault_set(fault, EX_DATAERR, "%s: group '%s': not a position; "
	    "set it with mfx-bus seek", g->head.stream, g->head.name);
}

static int
nats_group_get(struct bus_group *head, uint64_t *seq, struct fault *fault)
{
	struct nats_group *g = (struct nats_group *)head;
	int there = group_load(g, fault);

	if (there > 0)
		*seq = g->entry.seq;
	return there;
}

static bool
nats_group_sought(struct bus_group *head, uint64_t seq)
{
	struct nats_group *g = (struct nats_group *)head;
	struct fault ignored;

	return group_load(g, &ignored) > 0 && g->entry.sought == seq;
}

static int
group_new_epoch(struct group_entry *e, struct fault *fault)
{
	return os_random(&e->epoch, sizeof e->epoch) ? 0 :
	    fault_set(fault, EX_TEMPFAIL, "no random bytes yet");
}

/* What is known was outdated.  One that has moved the group does not move it
 * back behind another. */
static bool
group_is_behind(const struct nats_group *g, const struct progress *to)
{
	return g->moved && g->entry.seq >= to->whole;
}

int
group_move(struct nats_group *g, const struct progress *to,
    struct fault *fault)
{
	struct group_entry e;
	int r, tries;

	if (lease_check((struct nats_bus *)g->head.bus, fault) < 0)
		return -1;
	for (tries = 0; tries < 10; tries++) {
		if (!g->known && group_load(g, fault) < 0 &&
		    fault->status != EX_DATAERR)
			return -1;
		if (tries > 0 && group_is_behind(g, to))
			return 0;
		e = g->entry;
		if (e.epoch == 0 && group_new_epoch(&e, fault) < 0)
			return -1;
		if (e.seq == 0 && g->revision == 0)
			e.sought = UINT64_MAX;	/* by nobody */
		e.seq = to->whole;
		e.open = to->open;
		e.part = to->part;
		r = group_write(g, &e, fault);
		if (r > 0) {
			g->entry = e;
			g->moved = true;
			return 0;
		}
		g->known = false;
		if (r < 0)
			return -1;
	}
	return fault_set(fault, EX_TEMPFAIL, "%s/%s: others move this group",
	    g->head.stream, g->head.name);
}

static int
nats_group_put(struct bus_group *head, uint64_t seq, enum bus_put how,
    struct fault *fault)
{
	struct nats_group *g = (struct nats_group *)head;
	struct progress to = { .whole = seq };
	struct group_entry e = { .seq = seq, .sought = seq };
	int r = 0, tries;

	if (how == BUS_PUT_MOVE)
		return group_move(g, &to, fault);
	if (group_new_epoch(&e, fault) < 0)
		return -1;
	for (tries = 0; r == 0 && tries < 10; tries++) {
		r = group_load(g, fault);
		if (r < 0 && fault->status != EX_DATAERR)
			return -1;
		if (r > 0 && how == BUS_PUT_CREATE)
			return 0;
		r = group_write(g, &e, fault);
	}
	if (r == 0)
		fault_set(fault, EX_TEMPFAIL, "%s/%s: others move this group",
		    head->stream, head->name);
	g->known = false;
	return r > 0 ? 0 : -1;
}

static int
nats_group_remove(struct bus_group *head, struct fault *fault)
{
	struct nats_group *g = (struct nats_group *)head;
	struct nats_bus *b = (struct nats_bus *)head->bus;
	char body[GROUP_SUBJECT + 32], js_name[JS_NAME_MAX];
	struct answer a;
	int r;

	snprintf(js_name, sizeof js_name, "%s-groups", b->url.prefix);
	snprintf(body, sizeof body, "{\"filter\":\"%s\"}", g->subject);
	if (request_api(b, "STREAM.PURGE", js_name, body, &a, fault) < 0)
		return -1;
	r = a.error != 0 && a.error != ERROR_NO_STREAM ?
	    request_fault(b, &a, head->name, fault) : 0;
	request_release(&a);
	g->known = false;
	return r;
}

/* ---- all of them ---- */

static int
group_tell(struct bus *bus, const char *stream, struct str token,
    bus_group_fn *fn, void *arg, struct fault *fault)
{
	char name[BUS_NAME_MAX + 1];
	struct bus_group *g;
	uint64_t seq;
	int r;

	if (!token_read_name(token, name))
		return 0;
	nats_group_open(&g, bus, stream, name, NULL, fault);
	r = nats_group_get(g, &seq, fault);
	nats_group_close(g);
	if (r > 0 || (r < 0 && fault->status == EX_DATAERR)) {
		fn(arg, name, r > 0 ? seq : 0, r < 0 ? fault->text : NULL);
		r = 0;
	}
	return r;
}

/* the members of {"<prefix>-groups.<stream>.<group>.at":1,…} */
static int
group_each(struct bus *bus, const char *stream, struct str subjects,
    size_t before, bus_group_fn *fn, void *arg, struct fault *fault)
{
	const char *at = subjects.p, *end = subjects.p + subjects.n, *quote;
	int r = 0;

	while (r == 0 && at < end && (at = memchr(at, '"',
	    (size_t)(end - at))) != NULL) {
		at++;
		quote = memchr(at, '"', (size_t)(end - at));
		if (quote == NULL)
			break;
		if ((size_t)(quote - at) > before + 3)
			r = group_tell(bus, stream, (struct str){ at + before,
			    (size_t)(quote - at) - before - 3 }, fn, arg,
			    fault);
		at = quote + 1;
	}
	return r;
}

static int
nats_groups(struct bus *bus, const char *stream, bus_group_fn *fn, void *arg,
    struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)bus;
	struct buf filter = { .max = 1024 };
	struct str subjects;
	char js_name[JS_NAME_MAX], body[1100];
	struct answer a;
	size_t before;
	int r;

	snprintf(js_name, sizeof js_name, "%s-groups", b->url.prefix);
	buf_printf(&filter, "%s.", js_name);
	token_put_name(&filter, str_z(stream));
	buf_putc(&filter, '.');
	before = filter.n;
	buf_puts(&filter, "*.at");
	snprintf(body, sizeof body, "{\"subjects_filter\":\"%.*s\"}",
	    (int)filter.n, filter.p);
	buf_release(&filter);
	if (request_api(b, "STREAM.INFO", js_name, body, &a, fault) < 0)
		return -1;
	if (a.error != 0) {
		r = a.error == ERROR_NO_STREAM ? 0 :
		    request_fault(b, &a, js_name, fault);
		request_release(&a);
		return r;
	}
	subjects = json_member(b, json_member(b, a.data, "state", OBJECT_RAW),
	    "subjects", OBJECT_RAW);
	r = group_each(bus, stream, subjects, before, fn, arg, fault);
	request_release(&a);
	return r;
}

static int
nats_group_lease(struct bus_group *head, const char *role,
    struct fault *fault)
{
	return lease_take((struct nats_group *)head, role, fault);
}

static int
nats_group_ask(struct bus_group *const *groups, const char *const *roles,
    unsigned n, int64_t silent, int64_t *again, struct fault *fault)
{
	return lease_ask((struct nats_group *const *)groups, roles, n, silent,
	    again, fault);
}

static int
nats_group_claim(struct bus_group *head, const char *role, int64_t silent,
    bool take, struct fault *fault)
{
	return lease_claim((struct nats_group *)head, role, silent, take,
	    fault);
}

static int
nats_group_holds(struct bus_group *head, struct fault *fault)
{
	return lease_holds((struct nats_group *)head, fault);
}

static void
nats_group_release(struct bus_group *head)
{
	lease_end((struct nats_group *)head);
}

const struct bus_group_ops nats_group_ops = {
	.open = nats_group_open, .close = nats_group_close,
	.get = nats_group_get, .put = nats_group_put,
	.sought = nats_group_sought, .lease = nats_group_lease,
	.ask = nats_group_ask, .claim = nats_group_claim,
	.holds = nats_group_holds,
	.release = nats_group_release,
	.remove = nats_group_remove, .all = nats_groups
};
