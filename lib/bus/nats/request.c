/* SPDX-License-Identifier: Apache-2.0 */
#include <sysexits.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/number.h"
#include "bus/nats/driver.h"

/* ---- JSON ---- */

struct str
json_member(struct nats_bus *b, struct str object, const char *name,
    enum object_type type)
{
	struct object_field f = { .name = name, .type = type };

	arena_reset(&b->arena);
	return object_read(object, &f, 1, &b->arena) == NULL && f.value.p ?
	    f.value : STR_NONE;
}

uint64_t
json_count(struct nats_bus *b, struct str object, const char *name)
{
	uint64_t n = 0;

	number_digits(json_member(b, object, name, OBJECT_NUMBER),
	    UINT64_MAX, &n);
	return n;
}

/* ---- publishing ---- */

int
request_status(struct nats_bus *b, natsStatus s, struct fault *fault)
{
	return s == NATS_OK ? 0 : !hub_is_up(b) ? hub_away(b, fault) :
	    fault_set(fault, EX_TEMPFAIL, "%s: %s", b->head.name,
	    natsStatus_GetText(s));
}

int
request_publish(struct nats_bus *b, natsMsg *msg, struct fault *fault)
{
	natsStatus s;
	sigset_t old;

	hub_hush(&old);
	s = natsConnection_PublishMsg(b->nc, msg);
	hub_unhush(&old);
	return request_status(b, s, fault);
}

/* ---- answers ---- */

void
request_release(struct answer *a)
{
	natsMsg_Destroy(a->msg);
	a->msg = NULL;
}

void
request_judge(struct nats_bus *b, struct answer *a)
{
	struct str error = json_member(b, a->data, "error", OBJECT_RAW), why;

	if (error.n == 0)
		return;
	a->error = (unsigned)json_count(b, error, "err_code");
	if (a->error == 0)
		a->error = 1;
	why = json_member(b, error, "description", OBJECT_TEXT);
	snprintf(a->why, sizeof a->why, "%.*s", (int)(why.n < sizeof a->why ?
	    why.n : sizeof a->why - 1), why.p);
	escape_clean(a->why);
}

int
request_fault(struct nats_bus *b, const struct answer *a, const char *what,
    struct fault *fault)
{
	return fault_set(fault, EX_TEMPFAIL, "%s: %s: %s", b->head.name, what,
	    a->why);
}

bool
request_is_answer(struct nats_bus *b, natsMsg *msg, uint64_t number)
{
	const char *subject = natsMsg_GetSubject(msg);
	size_t n = strlen(b->answers->subject);
	uint64_t is;

	return strncmp(subject, b->answers->subject, n) == 0 &&
	    subject[n] == '.' && number_digits(str_z(subject + n + 1),
	    UINT64_MAX, &is) && is == number;
}

int
request_silent(struct nats_bus *b, struct fault *fault)
{
	if (b->silent == 0)
		b->silent = clock_ms();
	return fault_set(fault, EX_TEMPFAIL, "%s: no answer; try again later",
	    b->head.name);
}

static int
request_await(struct nats_bus *b, uint64_t number, int64_t until,
    struct answer *a, struct fault *fault)
{
	unsigned connected = b->connected;
	natsMsg *msg;

	do {
		while ((msg = inbound_next(b->answers)) != NULL) {
			if (!request_is_answer(b, msg, number)) {
				natsMsg_Destroy(msg);
				continue;
			}
			a->msg = msg;
			a->nobody = natsMsg_IsNoResponders(msg);
			a->data = (struct str){ natsMsg_GetData(msg),
			    (size_t)natsMsg_GetDataLength(msg) };
			b->silent = 0;
			return 0;
		}
		/* what was asked before is lost */
		if (!hub_is_up(b) || connected != b->connected)
			return hub_away(b, fault);
	} while (inbound_wait(b->answers, until) > 0 || clock_ms() < until);
	return request_silent(b, fault);
}

int
request_message(struct nats_bus *b, natsMsg *msg, uint64_t number, int64_t ms,
    struct answer *a, struct fault *fault)
{
	*a = (struct answer){ .msg = NULL };
	return request_publish(b, msg, fault) < 0 ? -1 :
	    request_await(b, number, clock_ms() + ms, a, fault);
}

void
request_reply(struct nats_bus *b, char to[ASK_REPLY], uint64_t *number)
{
	*number = ++b->asked;
	snprintf(to, ASK_REPLY, "%s.%llu", b->answers->subject,
	    (unsigned long long)*number);
}

int
request(struct nats_bus *b, const char *subject, struct str body, int64_t ms,
    struct answer *a, struct fault *fault)
{
	char reply[ASK_REPLY];
	uint64_t number;
	natsMsg *msg;
	int r;

	*a = (struct answer){ .msg = NULL };
	if (hub_open(b, fault) < 0)
		return -1;
	request_reply(b, reply, &number);
	if (natsMsg_Create(&msg, subject, reply, body.p, (int)body.n) !=
	    NATS_OK)
		return fault_set(fault, EX_SOFTWARE, "%s: bad request",
		    b->head.name);
	r = request_message(b, msg, number, ms, a, fault);
	natsMsg_Destroy(msg);
	return r;
}

int64_t
request_patience(const struct nats_bus *b)
{
	return b->head.patience > 0 ? b->head.patience : b->url.timeout;
}

int
request_api(struct nats_bus *b, const char *verb, const char *stream,
    const char *body, struct answer *a, struct fault *fault)
{
	char subject[64 + 2 * JS_NAME_MAX];

	snprintf(subject, sizeof subject, "$JS.API.%s.%s", verb, stream);
	if (request(b, subject, str_z(body), request_patience(b), a,
	    fault) < 0)
		return -1;
	if (a->nobody) {
		request_release(a);
		return fault_set(fault, EX_TEMPFAIL, "%s: no JetStream there; "
		    "is it enabled?", b->head.name);
	}
	request_judge(b, a);
	return 0;
}
