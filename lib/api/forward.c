/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change that comes to a replica is made by the mfx-api of the primary: the
 * request is sent there as it came, by a thread of a pool, and its answer is
 * the answer here.  One that was sent on already is not sent on again.
 */
#include "api/forward.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "api/request_ctx.h"
#include "api/state.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/os.h"
#include "client/curl.h"
#include "net/thread_pool.h"
#include "registry/log_state.h"

#define CONNECT_MS 5000L
#define ANSWER_MAX ((size_t)64 << 20)
/* what is under way when the service is stopped has this long */
#define LEFT (5 * STAMP_SECOND)
/* an answer waits that long at most for the registry here to have the change */
#define HERE (2 * STAMP_SECOND)

/* of the request, and of the answer */
static const char *const forward_asks[] = {
	"Content-Type", "Content-Encoding", "Authorization", "Accept",
	"If-Match", "If-None-Match"
};
static const char *const forward_says[] = {
	"Location", "ETag", "Retry-After", "Cache-Control", "WWW-Authenticate"
};
#define ASKS (sizeof forward_asks / sizeof *forward_asks)
#define SAYS (sizeof forward_says / sizeof *forward_says)
#define VALUE_MAX 512

struct forwards {
	struct curl_functions curl;
	atomic_llong cut;		/* to be ended by then; 0: not */
	struct forward *first;		/* answers that wait */
	size_t bytes;			/* of their bodies */
};

struct forward {
	struct task task;
	struct api *api;
	struct http_request *request;
	struct buf url;
	struct curl_slist *headers;
	/* the answer */
	CURLcode result;
	long status;
	struct buf body;
	char type[VALUE_MAX], says[SAYS][VALUE_MAX], entry[VALUE_MAX];
	/* it waits for that entry, until then */
	struct forward *next;
	uint64_t awaits;
	int64_t until;
};

/* ---- in the thread ---- */

/* its value, when it is that field */
static void
forward_take_field(struct str line, const char *name, char to[VALUE_MAX])
{
	size_t n = strlen(name);

	if (line.n <= n || line.p[n] != ':' ||
	    strncasecmp(line.p, name, n) != 0)
		return;
	line = str_from(line, n + 1);
	while (line.n > 0 && *line.p == ' ')
		line = str_from(line, 1);
	while (line.n > 0 && line.p[line.n - 1] <= ' ')
		line.n--;
	if (line.n < VALUE_MAX)
		snprintf(to, VALUE_MAX, "%.*s", STR_ARG(line));
}

static size_t
forward_take_head(char *bytes, size_t one, size_t n, void *arg)
{
	struct forward *f = arg;
	struct str line = { bytes, one * n };
	size_t i;

	forward_take_field(line, "Content-Type", f->type);
	forward_take_field(line, FORWARD_ENTRY, f->entry);
	for (i = 0; i < SAYS; i++)
		forward_take_field(line, forward_says[i], f->says[i]);
	return line.n;
}

static int
forward_stops(void *arg, curl_off_t a, curl_off_t b, curl_off_t c,
    curl_off_t d)
{
	const struct forward *f = arg;
	int64_t cut = atomic_load(&f->api->forwards->cut);

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return cut != 0 && clock_ns() >= cut;
}

static void
forward_set(struct forward *f, CURL *e)
{
	const struct curl_functions *c = &f->api->forwards->curl;
	const char *ca = getenv("MFX_CACERT");

	c->easy_setopt(e, CURLOPT_URL, f->url.p);
	c->easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	c->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	c->easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	c->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	c->easy_setopt(e, CURLOPT_PROXY, "");
	if (ca != NULL && *ca != '\0') {
		c->easy_setopt(e, CURLOPT_CAINFO, ca);
		c->easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	c->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	c->easy_setopt(e, CURLOPT_TIMEOUT_MS,
	    (long)(f->api->options.limit / 1000000));
	c->easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	c->easy_setopt(e, CURLOPT_XFERINFOFUNCTION, forward_stops);
	c->easy_setopt(e, CURLOPT_XFERINFODATA, f);
	c->easy_setopt(e, CURLOPT_HEADERFUNCTION, forward_take_head);
	c->easy_setopt(e, CURLOPT_HEADERDATA, f);
	c->easy_setopt(e, CURLOPT_WRITEFUNCTION, curl_to_buf);
	c->easy_setopt(e, CURLOPT_WRITEDATA, &f->body);
	c->easy_setopt(e, CURLOPT_HTTPHEADER, f->headers);
}

static void
forward_run(struct task *t)
{
	struct forward *f = (struct forward *)t;
	const struct curl_functions *c = &f->api->forwards->curl;
	struct str body = f->request->body;
	CURL *e = c->easy_init();
	char method[32];

	f->result = CURLE_FAILED_INIT;
	if (e == NULL)
		return;
	forward_set(f, e);
	snprintf(method, sizeof method, "%.*s", STR_ARG(f->request->method));
	c->easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
	c->easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	c->easy_setopt(e, CURLOPT_POSTFIELDS, body.n > 0 ? body.p : "");
	f->result = c->easy_perform(e);
	c->easy_getinfo(e, CURLINFO_RESPONSE_CODE, &f->status);
	c->easy_cleanup(e);
}

/* ---- in the loop ---- */

/* no token may stay in memory that is freed */
static void
forward_free(struct forward *f)
{
	struct curl_slist *h;

	for (h = f->headers; h != NULL; h = h->next)
		os_wipe(h->data, strlen(h->data));
	f->api->forwards->curl.slist_free_all(f->headers);
	buf_release(&f->url);
	secret_release(&f->body);
	free(f);
}

/* was nothing sent? */
static bool
forward_never_left(CURLcode result)
{
	return result == CURLE_FAILED_INIT ||
	    result == CURLE_COULDNT_RESOLVE_HOST ||
	    result == CURLE_COULDNT_CONNECT ||
	    result == CURLE_SSL_CONNECT_ERROR ||
	    result == CURLE_PEER_FAILED_VERIFICATION;
}

static void
forward_fail(struct forward *f)
{
	struct fault fault;

	fault_set(&fault, EX_TEMPFAIL, "--primary %s: %s",
	    f->api->options.primary,
	    f->api->forwards->curl.easy_strerror(f->result));
	state_complain(f->api, &fault);
	if (forward_never_left(f->result))
		http_problem(f->request, 503,
		    "the primary can't be reached now");
	else
		http_problem(f->request, 504, "the primary gave no answer; "
		    "the change may have been made");
}

static void
forward_answer(struct forward *f)
{
	struct http_request *r = f->request;
	size_t i;

	for (i = 0; i < SAYS; i++)
		if (*f->says[i] != '\0')
			http_set(r, forward_says[i], f->says[i]);
	http_answer_text(r, (unsigned)f->status,
	    *f->type != '\0' ? f->type : NULL, buf_str(&f->body));
	forward_free(f);
}

static void
forward_done(struct task *t)
{
	struct forward *f = (struct forward *)t;
	struct forwards *all = f->api->forwards;

	if (f->result != CURLE_OK || f->status < 200 || f->status > 599) {
		forward_fail(f);
		forward_free(f);
		return;
	}
	state_recovered(f->api);
	if (f->status >= 300 || atomic_load(&all->cut) != 0 ||
	    all->bytes + f->body.n > ANSWER_MAX ||
	    !number_digits(str_z(f->entry), INT64_MAX, &f->awaits)) {
		forward_answer(f);
		return;
	}
	f->until = clock_ns() + HERE;
	f->next = all->first;
	all->first = f;
	all->bytes += f->body.n;
}

bool
forwards_wait(const struct api *api)
{
	return api->forwards != NULL && api->forwards->first != NULL;
}

void
forwards_turn(struct api *api)
{
	struct forward **at, *f;
	struct log_state s;
	struct fault ignored;
	bool all;

	if (!forwards_wait(api))
		return;
	all = atomic_load(&api->forwards->cut) != 0 ||
	    api->registry == NULL ||
	    log_state_get(api->registry, &s, &ignored) <= 0;
	for (at = &api->forwards->first; (f = *at) != NULL;) {
		if (!all && (uint64_t)s.entry < f->awaits &&
		    api->clock < f->until) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		api->forwards->bytes -= f->body.n;
		forward_answer(f);
	}
}

/* ---- the request ---- */

static void
forward_add_header(struct forward *f, const char *name, struct str value)
{
	struct buf b;

	buf_init(&b, HTTP1_HEAD_MAX + 64);
	buf_room(&b, value.n + 64);	/* what is secret is not moved */
	buf_printf(&b, "%s: ", name);
	buf_put_str(&b, value);
	buf_putc(&b, '\0');
	f->headers = f->api->forwards->curl.slist_append(f->headers, b.p);
	secret_release(&b);
}

static void
forward_add_headers(struct forward *f)
{
	struct address from;
	char text[ADDRESS_TEXT];
	struct str value;
	size_t i;

	for (i = 0; i < ASKS; i++) {
		value = http_header(f->request, forward_asks[i]);
		if (value.n > 0)
			forward_add_header(f, forward_asks[i], value);
	}
	if (http_client(f->request, &from)) {
		address_print(&from, text);
		forward_add_header(f, "X-Forwarded-For", str_z(text));
	}
	forward_add_header(f, FORWARD_PASSED, STR("1"));
	/* libcurl would wait for leave to send */
	forward_add_header(f, "Expect", STR_NONE);
}

static bool
forward_is_change(const struct request_ctx *c)
{
	return !str_eq(c->request->method, STR("GET")) &&
	    !str_eq(c->request->method, STR("HEAD")) &&
	    !(c->route->flags & (API_READS | API_CONNECTION));
}

bool
forward_change(struct request_ctx *c)
{
	struct forward *f;

	if (c->api->forwards == NULL || !c->api->replica ||
	    !forward_is_change(c) ||
	    http_header(c->request, FORWARD_PASSED).p != NULL)
		return false;
	f = memory_zero(1, sizeof *f);
	f->task.run = forward_run;
	f->task.done = forward_done;
	f->api = c->api;
	f->request = c->request;
	buf_init(&f->body, ANSWER_MAX);
	buf_init(&f->url, HTTP1_HEAD_MAX);
	buf_printf(&f->url, "%s%.*s", c->api->options.primary,
	    STR_ARG(c->request->path));
	if (c->request->head.query.p != NULL)
		buf_printf(&f->url, "?%.*s", STR_ARG(c->request->head.query));
	buf_putc(&f->url, '\0');
	forward_add_headers(f);
	if (!pool_add(c->api->pool, POOL_FORWARDS, &f->task)) {
		http_problem(c->request, 503, "too many changes are waiting");
		forward_free(f);
	}
	return true;
}

/* ---- beginning and end ---- */

/* https://host[:port], or http:// on this machine, as tokens go there */
static int
forwards_check(const char *url, struct fault *fault)
{
	const char *host = "";

	if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else if (strncmp(url, "http://", 7) == 0 &&
	    address_is_loopback(str_z(url + 7)))
		host = url + 7;
	if (*host != '\0' && host[strspn(host, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")] == '\0')
		return 0;
	return fault_set(fault, EX_USAGE, "--primary: must be "
	    "https://host[:port], or http:// on this machine");
}

int
forwards_open(struct api *api, struct fault *fault)
{
	struct forwards *f;

	if (api->options.primary == NULL)
		return 0;
	if (forwards_check(api->options.primary, fault) < 0)
		return -1;
	f = api->forwards = memory_zero(1, sizeof *f);
	return curl_load(&f->curl, fault);
}

void
forwards_stop(struct api *api)
{
	if (api->forwards != NULL)
		atomic_store(&api->forwards->cut, clock_ns() + LEFT);
}

void
forwards_cut(struct api *api)
{
	if (api->forwards == NULL)
		return;
	atomic_store(&api->forwards->cut, 1);
	forwards_turn(api);
}

void
forwards_close(struct api *api)
{
	free(api->forwards);
}
