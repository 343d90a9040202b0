/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/nats/lease.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/os.h"

/* a holder answers within this time, and some times what another answer has
 * just taken */
#define HOLDER_MS 250
#define HOLDER_TIMES 4

struct nats_lease {
	struct nats_lease *next;	/* of the bus */
	char subject[GROUP_SUBJECT];	/* of its entry */
	char entry[128];		/* "<id> pid <pid> on <host>" */
	char id[33];
	natsSubscription *sub;
};

static void
lease_bucket(const struct nats_bus *b, char to[JS_NAME_MAX])
{
	snprintf(to, JS_NAME_MAX, "%s-groups", b->url.prefix);
}

/* the subject that the holder answers on */
static void
lease_subject(const struct nats_bus *b, const char *id, char to[JS_NAME_MAX])
{
	snprintf(to, JS_NAME_MAX, "%s-lease.%.32s", b->url.prefix, id);
}

/* in a thread of the library */
static void
lease_answer(natsConnection *nc, natsSubscription *sub, natsMsg *msg,
    void *arg)
{
	(void)sub;
	(void)arg;
	if (natsMsg_GetReply(msg) != NULL)
		natsConnection_Publish(nc, natsMsg_GetReply(msg), "here", 4);
	natsMsg_Destroy(msg);
}

static int
lease_listen(struct nats_bus *b, struct nats_lease *l, struct fault *fault)
{
	char subject[JS_NAME_MAX];
	natsStatus s;
	sigset_t old;

	lease_subject(b, l->id, subject);
	hub_hush(&old);
	s = natsConnection_Subscribe(&l->sub, b->nc, subject, lease_answer,
	    NULL);
	if (s == NATS_OK)
		s = natsConnection_FlushTimeout(b->nc, b->url.timeout);
	hub_unhush(&old);
	return s == NATS_OK ? 0 : fault_set(fault, EX_TEMPFAIL, "%s: %s",
	    b->head.name, natsStatus_GetText(s));
}

/* A process that was killed just now may still be listed, so silence is asked
 * more than once, unless it makes no difference; after that it means a process
 * that is stopped. */
static enum holder
lease_ask_one(struct nats_bus *b, const char *subject, int tries, int64_t ms,
    struct fault *fault)
{
	struct answer a;

	while (tries-- > 0) {
		if (request(b, subject, STR("?"), ms, &a, fault) == 0) {
			request_release(&a);
			return a.nobody ? HOLDER_GONE : HOLDER_HERE;
		}
		if (!hub_is_up(b))
			return HOLDER_FAILED;
		b->silent = 0;
	}
	return HOLDER_SILENT;
}

/* does it begin with an id? */
static bool
lease_is_entry(const char *entry)
{
	return strlen(entry) >= 34 &&
	    strspn(entry, "0123456789abcdef") == 32;
}

/* Is there nobody any more who has that entry?  1, 0, -1. */
static int
lease_is_free(struct nats_bus *b, struct nats_group *g, const char *role,
    const char *entry, int64_t ms, struct fault *fault)
{
	char subject[JS_NAME_MAX], holder[96];
	enum holder state;

	if (!lease_is_entry(entry))
		return 1;
	lease_subject(b, entry, subject);
	state = lease_ask_one(b, subject, g->head.forces ? 1 : 2, ms, fault);
	if (state == HOLDER_FAILED)
		return -1;
	if (state == HOLDER_GONE ||
	    (state == HOLDER_SILENT && g->head.forces))
		return 1;
	snprintf(holder, sizeof holder, "%.90s", entry + 33);
	escape_clean(holder);
	fault_set(fault, EX_TEMPFAIL, "%s/%s: another %s has this group, %s",
	    g->head.stream, g->head.name, role, holder);
	return 0;
}

static int
lease_begin(struct nats_lease *l, const struct nats_group *g,
    const char *role, struct fault *fault)
{
	size_t n = strlen(g->subject) - strlen("at");
	char host[64] = "?";
	uint64_t id[2];

	if (!os_random(id, sizeof id))
		return fault_set(fault, EX_TEMPFAIL, "no random bytes yet");
	if (gethostname(host, sizeof host - 1) < 0)
		host[0] = '?';
	snprintf(l->id, sizeof l->id, "%016llx%016llx",
	    (unsigned long long)id[0], (unsigned long long)id[1]);
	snprintf(l->subject, sizeof l->subject, "%.*s%s", (int)n, g->subject,
	    role);
	snprintf(l->entry, sizeof l->entry, "%s pid %d on %s", l->id,
	    (int)getpid(), host);
	return 0;
}

/* 0, -1; and 1 when another was faster */
static int
lease_try(struct nats_bus *b, struct nats_group *g, struct nats_lease *l,
    const char *role, struct fault *fault)
{
	char js_name[JS_NAME_MAX];
	struct nats_message m = { .sequence = 0 };
	int64_t began = clock_ms(), ms;
	int r;

	lease_bucket(b, js_name);
	r = stream_last(b, js_name, l->subject, &m, fault);
	ms = HOLDER_MS + HOLDER_TIMES * (clock_ms() - began);
	/* it was written, and the answer was lost */
	if (r > 0 && strcmp(m.text, l->entry) == 0)
		return 0;
	if (r > 0 && !(g->silent_long && g->silent == m.sequence)) {
		r = lease_is_free(b, g, role, m.text, ms, fault);
		if (r <= 0)
			return -1;
	}
	if (r < 0)
		return -1;
	r = stream_replace(b, l->subject, m.sequence, l->entry, &m.sequence,
	    fault);
	return r < 0 ? -1 : r == 0;
}

static void
lease_release(struct nats_bus *b, struct nats_lease *l)
{
	sigset_t old;

	hub_unsubscribe(b, l->sub);
	hub_hush(&old);
	if (hub_is_up(b))
		natsConnection_FlushTimeout(b->nc, HOLDER_MS);
	hub_unhush(&old);
	free(l);
}

int
lease_take(struct nats_group *g, const char *role, struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)g->head.bus;
	struct nats_lease *l;
	int r = 1, tries;

	if (g->lease != NULL)
		return 0;
	if (hub_open(b, fault) < 0)
		return -1;
	l = memory_zero(1, sizeof *l);
	if (lease_begin(l, g, role, fault) < 0 ||
	    lease_listen(b, l, fault) < 0)
		r = -1;
	for (tries = 0; r > 0 && tries < 10; tries++)
		r = lease_try(b, g, l, role, fault);
	if (r > 0)
		r = fault_set(fault, EX_TEMPFAIL, "%s/%s: others want this "
		    "group", g->head.stream, g->head.name);
	if (r < 0) {
		lease_release(b, l);
		return -1;
	}
	if (b->leases == NULL)
		b->leases_seen = b->connected;
	l->next = b->leases;
	b->leases = l;
	g->lease = l;
	return 0;
}

void
lease_end(struct nats_group *g)
{
	struct nats_bus *b = (struct nats_bus *)g->head.bus;
	struct nats_lease **at;

	if (g->lease == NULL)
		return;
	for (at = &b->leases; *at != g->lease; at = &(*at)->next)
		continue;
	*at = g->lease->next;
	lease_release(b, g->lease);
	g->lease = NULL;
}

/* ---- of members ---- */

/* What is known of the holder without asking it?  It is asked when it is first
 * seen, and when `silent` has passed since it gave no answer. */
static int
lease_see(struct nats_bus *b, struct nats_group *g, const char *role,
    int64_t silent, struct fault *fault)
{
	int n = (int)(strlen(g->subject) - strlen("at"));
	char js_name[JS_NAME_MAX], subject[GROUP_SUBJECT];
	struct nats_look *look = &g->look;
	struct nats_message m;
	int there;

	lease_bucket(b, js_name);
	snprintf(subject, sizeof subject, "%.*s%s", n, g->subject, role);
	if ((there = stream_last(b, js_name, subject, &m, fault)) < 0)
		return -1;
	*look = (struct nats_look){
		.fresh = true, .sequence = m.sequence, .state = HOLDER_GONE
	};
	if (there == 0 || !lease_is_entry(m.text))
		return 0;
	memcpy(look->id, m.text, sizeof look->id - 1);
	look->state = g->silent != m.sequence ||
	    clock_ms() - g->silent_at >= silent ? HOLDER_ASKED :
	    g->silent_long ? HOLDER_SILENT : HOLDER_HERE;
	return 0;
}

static int
lease_question(struct nats_bus *b, struct nats_look *look,
    struct fault *fault)
{
	char subject[JS_NAME_MAX], reply[ASK_REPLY];
	natsMsg *msg;
	int r;

	lease_subject(b, look->id, subject);
	request_reply(b, reply, &look->number);
	if (natsMsg_Create(&msg, subject, reply, "?", 1) != NATS_OK)
		return fault_set(fault, EX_SOFTWARE, "%s: bad request",
		    b->head.name);
	r = request_publish(b, msg, fault);
	natsMsg_Destroy(msg);
	return r;
}

/* how many of the questions does this message answer? */
static unsigned
lease_take_answer(struct nats_bus *b, natsMsg *msg,
    struct nats_group *const *groups, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (groups[i]->look.state == HOLDER_ASKED &&
		    request_is_answer(b, msg, groups[i]->look.number)) {
			groups[i]->look.state = natsMsg_IsNoResponders(msg) ?
			    HOLDER_GONE : HOLDER_HERE;
			return 1;
		}
	return 0;
}

static int
lease_collect(struct nats_bus *b, struct nats_group *const *groups,
    unsigned n, unsigned asked, struct fault *fault)
{
	int64_t until = clock_ms() + HOLDER_MS;
	unsigned connected = b->connected;
	natsMsg *msg;

	do {
		while (asked > 0 && (msg = inbound_next(b->answers)) != NULL) {
			asked -= lease_take_answer(b, msg, groups, n);
			natsMsg_Destroy(msg);
		}
		/* what was asked before is lost */
		if (!hub_is_up(b) || connected != b->connected)
			return hub_away(b, fault);
	} while (asked > 0 && (inbound_wait(b->answers, until) > 0 ||
	    clock_ms() < until));
	return 0;
}

/* one that gave no answer is known to be silent when that is so again later */
static void
lease_judge(struct nats_group *g, int64_t now)
{
	struct nats_look *look = &g->look;

	if (look->state != HOLDER_ASKED) {
		if (look->number != 0)
			g->silent = 0;
		return;
	}
	g->silent_long = g->silent == look->sequence;
	g->silent = look->sequence;
	g->silent_at = now;
	look->state = g->silent_long ? HOLDER_SILENT : HOLDER_HERE;
}

/* the earliest of the times when one that gave no answer is asked again */
static int64_t
lease_again(struct nats_group *const *groups, unsigned n, int64_t silent)
{
	int64_t at, first = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct nats_group *g = groups[i];

		if (g->look.state != HOLDER_HERE || g->silent_long ||
		    g->silent != g->look.sequence)
			continue;
		at = g->silent_at + silent;
		if (first == 0 || at < first)
			first = at;
	}
	return first;
}

int
lease_ask(struct nats_group *const *groups, const char *const *roles,
    unsigned n, int64_t silent, int64_t *again, struct fault *fault)
{
	struct nats_bus *b;
	int64_t now = clock_ms();
	unsigned i, asked = 0;
	int r = 0;

	*again = 0;
	if (n == 0)
		return 0;
	b = (struct nats_bus *)groups[0]->head.bus;
	for (i = 0; r == 0 && i < n; i++)
		r = lease_see(b, groups[i], roles[i], silent, fault);
	for (i = 0; r == 0 && i < n; i++)
		if (groups[i]->look.state == HOLDER_ASKED) {
			r = lease_question(b, &groups[i]->look, fault);
			asked++;
		}
	if (r == 0)
		r = lease_collect(b, groups, n, asked, fault);
	for (i = 0; i < n; i++)
		if (r == 0)
			lease_judge(groups[i], now);
		else
			groups[i]->look.fresh = false;
	if (r == 0)
		*again = lease_again(groups, n, silent);
	return r;
}

int
lease_claim(struct nats_group *g, const char *role, int64_t silent, bool take,
    struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)g->head.bus;
	int64_t again;

	if (g->lease != NULL)
		return 1;
	if (!g->look.fresh &&
	    lease_ask(&g, &role, 1, silent, &again, fault) < 0)
		return -1;
	g->look.fresh = false;
	if (g->look.state == HOLDER_HERE)
		return 0;
	if (!take)
		return 1;
	/* that one may be silent: its time is over */
	g->head.forces = true;
	return lease_take(g, role, fault) == 0 ? 1 : hub_is_up(b) ? 0 : -1;
}

int
lease_holds(struct nats_group *g, struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)g->head.bus;
	char js_name[JS_NAME_MAX];
	struct nats_message m;
	int r;

	lease_bucket(b, js_name);
	r = stream_last(b, js_name, g->lease->subject, &m, fault);
	return r <= 0 ? r : strcmp(m.text, g->lease->entry) == 0;
}

int
lease_check(struct nats_bus *b, struct fault *fault)
{
	unsigned connected = b->connected;
	char js_name[JS_NAME_MAX];
	struct nats_message m;
	struct nats_lease *l;
	int there;

	if (b->leases_seen == connected)
		return 0;
	lease_bucket(b, js_name);
	for (l = b->leases; l != NULL; l = l->next) {
		there = stream_last(b, js_name, l->subject, &m, fault);
		if (there < 0)
			return -1;
		if (there == 0 || strcmp(m.text, l->entry) != 0)
			return fault_set(fault, EX_UNAVAILABLE, "%s: another "
			    "process took over while the connection was away",
			    l->subject);
	}
	b->leases_seen = connected;
	return 0;
}
