/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/memory.h"
#include "bus/nats/driver.h"

/* of the streams' names that one answer has */
#define NAMES_MAX 100000

void
stream_js_name(char to[JS_NAME_MAX], const struct nats_bus *b,
    const char *stream)
{
	struct buf name = { .max = JS_NAME_MAX - 1 };

	buf_puts(&name, b->url.prefix);
	buf_putc(&name, '_');
	token_put_name(&name, str_z(stream));
	memcpy(to, name.p, name.n);
	to[name.n] = '\0';
	buf_release(&name);
}

void
stream_subject(struct buf *s, const struct nats_bus *b, const char *stream)
{
	buf_puts(s, b->url.prefix);
	buf_putc(s, '.');
	token_put_name(s, str_z(stream));
}

void
stream_source_subject(struct buf *s, const struct nats_bus *b,
    const char *stream, const char *from, const char *group)
{
	buf_puts(s, b->url.prefix);
	buf_puts(s, "-source.");
	token_put_name(s, str_z(stream));
	buf_putc(s, '.');
	token_put_name(s, str_z(from));
	buf_putc(s, '.');
	token_put_name(s, str_z(group));
}

/* ---- one of them ---- */

static void
stream_read_state(struct nats_bus *b, struct str data, struct nats_state *to)
{
	struct str state = json_member(b, data, "state", OBJECT_RAW), config;

	*to = (struct nats_state){
		.messages = json_count(b, state, "messages"),
		.bytes = json_count(b, state, "bytes"),
		.first = json_count(b, state, "first_seq"),
		.last = json_count(b, state, "last_seq")
	};
	config = json_member(b, data, "config", OBJECT_RAW);
	to->replicas = json_count(b, config, "num_replicas");
	config = json_member(b, config, "metadata", OBJECT_RAW);
	to->slots = str_eq(json_member(b, config, SLOTS_KEY, OBJECT_TEXT),
	    STR(SLOTS_TEXT));
}

int
stream_state(struct nats_bus *b, const char *js_name,
    struct nats_state *state, struct fault *fault)
{
	struct answer a;
	int r = 1;

	if (request_api(b, "STREAM.INFO", js_name, "", &a, fault) < 0)
		return -1;
	if (a.error == ERROR_NO_STREAM)
		r = 0;
	else if (a.error != 0)
		r = request_fault(b, &a, js_name, fault);
	else if (state != NULL)
		stream_read_state(b, a.data, state);
	request_release(&a);
	return r;
}

int
nats_exists(struct bus *head, const char *stream, struct fault *fault)
{
	char name[JS_NAME_MAX];

	stream_js_name(name, (struct nats_bus *)head, stream);
	return stream_state((struct nats_bus *)head, name, NULL, fault);
}

/* ---- making them ---- */

/* `more` is what the kind of stream adds */
static int
stream_create(struct nats_bus *b, const char *js_name, const char *subjects,
    const char *more, struct fault *fault)
{
	struct buf body = { .max = 4096 };
	struct answer a;
	int r;

	buf_printf(&body, "{\"name\":\"%s\",\"subjects\":[%s],"
	    "\"retention\":\"limits\",\"discard\":\"new\","
	    "\"max_consumers\":-1,\"max_msgs\":-1,\"storage\":\"%s\","
	    "\"num_replicas\":%lld,%s}", js_name, subjects,
	    b->url.memory ? "memory" : "file", (long long)b->url.replicas,
	    more);
	buf_putc(&body, '\0');
	r = request_api(b, "STREAM.CREATE", js_name, body.p, &a, fault);
	buf_release(&body);
	if (r < 0)
		return -1;
	/* made by somebody else, or with other limits: that is left */
	if (a.error != 0 && a.error != ERROR_STREAM_IN_USE)
		r = request_fault(b, &a, js_name, fault);
	request_release(&a);
	return r;
}

int
stream_make(struct nats_bus *b, const char *stream, uint64_t *last,
    struct fault *fault)
{
	struct buf subjects = { .max = 2048 };
	struct nats_state state = { .last = 0 };
	char name[JS_NAME_MAX], more[320];
	int r;

	stream_js_name(name, b, stream);
	r = stream_state(b, name, &state, fault);
	if (last != NULL)
		*last = state.last;
	if (r != 0)
		return r < 0 ? -1 : 0;
	buf_putc(&subjects, '"');
	stream_subject(&subjects, b, stream);
	buf_printf(&subjects, ".>\",\"%s-source.", b->url.prefix);
	token_put_name(&subjects, str_z(stream));
	buf_puts(&subjects, ".>\"");
	buf_putc(&subjects, '\0');
	snprintf(more, sizeof more, "\"max_bytes\":%lld,\"max_age\":%lld,"
	    "\"duplicate_window\":%lld,\"allow_atomic\":true,"
	    "\"allow_batched\":true,"
	    "\"allow_rollup_hdrs\":true,\"allow_direct\":true,"
	    "\"metadata\":{\"" SLOTS_KEY "\":\"" SLOTS_TEXT "\"}",
	    b->url.max_bytes ? (long long)b->url.max_bytes : -1,
	    (long long)b->url.max_age, (long long)(b->url.max_age != 0 &&
	    b->url.max_age < b->url.duplicates ? b->url.max_age :
	    b->url.duplicates));
	r = stream_create(b, name, subjects.p, more, fault);
	buf_release(&subjects);
	return r;
}

static int
stream_make_groups(struct nats_bus *b, struct fault *fault)
{
	char name[JS_NAME_MAX], subjects[JS_NAME_MAX];

	snprintf(name, sizeof name, "%s-groups", b->url.prefix);
	snprintf(subjects, sizeof subjects, "\"%s-groups.>\"", b->url.prefix);
	return stream_create(b, name, subjects, "\"max_bytes\":-1,"
	    "\"max_msgs_per_subject\":1,\"allow_direct\":true", fault);
}

/* ---- all of them ---- */

static int
stream_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **v;
	size_t n;
};

/* the names of one page of the answer: how many it has, or -1 */
static int
stream_take_names(struct nats_bus *b, struct str data, struct names *to)
{
	struct str streams = json_member(b, data, "streams", OBJECT_TEXTS);
	char prefix[URL_PREFIX_MAX + 2], name[BUS_NAME_MAX + 1];
	struct object_array each;
	struct str element, text;
	int n = 0;

	snprintf(prefix, sizeof prefix, "%s_", b->url.prefix);
	arena_reset(&b->arena);
	object_array_init(&each, streams, &b->arena);
	while (streams.n > 0 && object_array_next(&each, &element) > 0) {
		n++;
		if (!object_text(element, &b->arena, &text) ||
		    !str_starts(text, str_z(prefix)) ||
		    !token_read_name(str_from(text, strlen(prefix)), name))
			continue;
		to->v = memory_resize(to->v, (to->n + 1) * sizeof(*to->v));
		to->v[to->n++] = memory_strdup(name);
	}
	return n;
}

static int
stream_names(struct nats_bus *b, struct names *to, struct fault *fault)
{
	char body[64];
	struct answer a;
	int n, at = 0;

	do {
		snprintf(body, sizeof body, "{\"offset\":%d}", at);
		if (request(b, "$JS.API.STREAM.NAMES", str_z(body),
		    b->url.timeout, &a, fault) < 0)
			return -1;
		request_judge(b, &a);
		n = a.nobody || a.error ? request_fault(b, &a, "streams",
		    fault) : stream_take_names(b, a.data, to);
		request_release(&a);
		at += n;
	} while (n > 0 && at < NAMES_MAX);
	return n < 0 ? -1 : 0;
}

int
nats_streams(struct bus *head, bus_stream_fn *fn, void *arg,
    struct fault *fault)
{
	struct names names = { .n = 0 };
	int r = stream_names((struct nats_bus *)head, &names, fault);
	size_t i;

	if (names.n > 0)
		qsort(names.v, names.n, sizeof(*names.v), stream_compare);
	for (i = 0; i < names.n; i++) {
		if (r == 0)
			r = fn(arg, names.v[i], fault);
		free(names.v[i]);
	}
	free(names.v);
	return r < 0 ? -1 : 0;
}

/* ---- last messages ---- */

static void
stream_read_message(struct nats_bus *b, struct str data,
    struct nats_message *m)
{
	struct str message = json_member(b, data, "message", OBJECT_RAW), text;
	long n;

	*m = (struct nats_message){ .sequence = 0 };
	m->sequence = json_count(b, message, "seq");
	text = json_member(b, message, "data", OBJECT_TEXT);
	if (text.n / 4 * 3 + 3 < sizeof m->text &&
	    (n = base64_decode(m->text, text)) >= 0)
		m->text[n] = '\0';
	else
		m->text[0] = '\0';
}

int
stream_message(struct nats_bus *b, const char *js_name, const char *body,
    struct nats_message *m, struct fault *fault)
{
	struct answer a;
	int r = 1;

	if (request_api(b, "STREAM.MSG.GET", js_name, body, &a, fault) < 0)
		return -1;
	if (a.error == ERROR_NO_STREAM || a.error == ERROR_NO_MESSAGE)
		r = 0;
	else if (a.error != 0)
		r = request_fault(b, &a, js_name, fault);
	else if (m != NULL)
		stream_read_message(b, a.data, m);
	request_release(&a);
	return r;
}

static int
stream_last_once(struct nats_bus *b, const char *js_name, const char *subject,
    struct nats_message *m, struct fault *fault)
{
	char body[1024];

	snprintf(body, sizeof body, "{\"last_by_subj\":\"%s\"}", subject);
	return stream_message(b, js_name, body, m, fault);
}

int
stream_last(struct nats_bus *b, const char *js_name, const char *subject,
    struct nats_message *m, struct fault *fault)
{
	int64_t until = clock_ms() + b->url.timeout;
	int r;

	while ((r = stream_last_once(b, js_name, subject, m, fault)) < 0 &&
	    hub_again(b, fault, until))
		continue;
	return r;
}

/* 1, 0 when `after` is not the last one, -1 */
static int
stream_replace_judge(struct nats_bus *b, struct answer *a, uint64_t *sequence,
    struct fault *fault)
{
	request_judge(b, a);
	if (a->error == ERROR_WRONG_LAST)
		return 0;
	if (a->error != 0)
		return request_fault(b, a, "groups", fault);
	*sequence = json_count(b, a->data, "seq");
	return 1;
}

/* as stream_replace; *nobody: there is no stream of groups */
static int
stream_replace_once(struct nats_bus *b, const char *subject, uint64_t after,
    const char *text, uint64_t *sequence, bool *nobody, struct fault *fault)
{
	char reply[ASK_REPLY], last[24];
	uint64_t number;
	struct answer a;
	natsMsg *msg;
	int r;

	if (hub_open(b, fault) < 0)
		return -1;
	snprintf(last, sizeof last, "%llu", (unsigned long long)after);
	request_reply(b, reply, &number);
	if (natsMsg_Create(&msg, subject, reply, text, (int)strlen(text)) !=
	    NATS_OK)
		return fault_set(fault, EX_SOFTWARE, "%s: bad request",
		    b->head.name);
	r = natsMsgHeader_Set(msg, "Nats-Expected-Last-Subject-Sequence",
	    last) != NATS_OK ? fault_set(fault, EX_OSERR, "%s: bad request",
	    b->head.name) : request_message(b, msg, number, b->url.timeout,
	    &a, fault);
	natsMsg_Destroy(msg);
	if (r < 0)
		return -1;
	*nobody = a.nobody;
	if (!a.nobody)
		r = stream_replace_judge(b, &a, sequence, fault);
	request_release(&a);
	return r;
}

int
stream_replace(struct nats_bus *b, const char *subject, uint64_t after,
    const char *text, uint64_t *sequence, struct fault *fault)
{
	int64_t until = clock_ms() + b->url.timeout;
	bool nobody;
	int r;

	do {
		nobody = false;
		r = stream_replace_once(b, subject, after, text, sequence,
		    &nobody, fault);
		if (nobody)
			r = stream_make_groups(b, fault) < 0 ? -1 :
			    fault_set(fault, EX_TEMPFAIL, "%s: nothing keeps "
			    "groups; try again later", b->head.name);
	} while (r < 0 && hub_again(b, fault, until));
	return r;
}
