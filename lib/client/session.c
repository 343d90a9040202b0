/* SPDX-License-Identifier: Apache-2.0 */
#include "client/session.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/select.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/os.h"
#include "base/signal.h"
#include "base/utf8.h"
#include "client/token_file.h"
#include "registry/jwt.h"
#include "registry/metadata.h"

#define CONNECT_MS 10000L
#define ANSWER_MAX ((size_t)1 << 20)
#define HEADERS_MAX ((size_t)64 << 10)
#define POLL_FDS 16
#define POLL_MS 1000
#define DETAIL_MAX 300
/* of session_send: two passwords, each byte escaped, and metadata */
#define SEND_MAX (((size_t)64 << 10) + METADATA_BYTES_MAX)
#define SCRATCH_MAX ((size_t)256 << 20)

/* ---- the URL ---- */

/* scheme://host[:port], in one form for all ways to write it, and nothing
 * else: a password would be in argv */
static bool
session_take_url_parts(struct session *s, CURLU *u, bool *loopback)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *whole = NULL, *c;
	bool valid;
	struct buf b;

	valid = s->curl.url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    s->curl.url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    s->curl.url_get(u, CURLUPART_URL, &whole,
	    CURLU_NO_DEFAULT_PORT) == CURLUE_OK &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	if (valid) {
		buf_init(&b, 4096);
		buf_printf(&b, "%s://%s", scheme, host);
		if (s->curl.url_get(u, CURLUPART_PORT, &port,
		    CURLU_NO_DEFAULT_PORT) == CURLUE_OK)
			buf_printf(&b, ":%s", port);
		buf_putc(&b, '/');
		valid = !b.full && str_eq(buf_str(&b), str_z(whole));
		buf_release(&b);
	}
	if (valid) {
		for (c = whole; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c |= 0x20;
		s->url = memory_strdup(whole);
		s->url[strlen(whole) - 1] = '\0';
		s->plain = strcmp(scheme, "http") == 0;
		*loopback = address_is_loopback(str_z(host));
	}
	s->curl.free(scheme);
	s->curl.free(host);
	s->curl.free(port);
	s->curl.free(whole);
	return valid;
}

static int
session_take_url(struct session *s, const char *text, struct fault *fault)
{
	bool valid, loopback = false;
	CURLU *u;

	if (str_starts(str_z(text), STR("unix:"))) {
		s->url = memory_strdup(text);
		s->socket = s->url + 5;
		s->plain = true;
		return 0;
	}
	u = s->curl.url();
	valid = u != NULL &&
	    s->curl.url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    session_take_url_parts(s, u, &loopback);
	s->curl.url_cleanup(u);
	if (!valid)
		return fault_set(fault, EX_USAGE, "--url must be "
		    "https://host[:port] or unix:/path");
	if (s->plain && !loopback && !s->setup->sealed)
		return fault_set(fault, EX_USAGE, "%s: http:// is only for "
		    "this machine, as the token would go in clear; use "
		    "https://", s->url);
	return 0;
}

/* ---- beginning and end ---- */

int
session_open(struct session **out, const struct remote_setup *setup,
    struct fault *fault)
{
	struct session *s = memory_zero(1, sizeof *s);
	const char *cacert = setup_value(setup->cacert, "MFX_CACERT");

	s->setup = setup;
	buf_init(&s->token, TOKEN_FILE_MAX);
	buf_room(&s->token, TOKEN_FILE_MAX);
	buf_init(&s->body, ANSWER_MAX);
	arena_init(&s->scratch, SCRATCH_MAX);
	if (curl_load(&s->curl, fault) < 0) {
		session_close(s);
		return -1;
	}
	s->easy = s->curl.easy_init();
	s->multi = s->curl.multi_init();
	if (s->easy == NULL || s->multi == NULL)
		fault_set(fault, EX_OSERR, "libcurl won't start");
	else if (cacert != NULL && access(cacert, R_OK) < 0)
		fault_input(fault, cacert);
	else if (session_take_url(s, remote_url(setup), fault) == 0) {
		*out = s;
		return 0;
	}
	session_close(s);
	return -1;
}

/* no token may stay in memory that is freed */
static void
session_drop_headers(struct session *s)
{
	struct curl_slist *h;

	for (h = s->headers; h != NULL; h = h->next)
		os_wipe(h->data, strlen(h->data));
	if (s->headers != NULL)
		s->curl.slist_free_all(s->headers);
	s->headers = NULL;
}

void
session_close(struct session *s)
{
	if (s == NULL)
		return;
	if (s->easy != NULL)
		s->curl.easy_cleanup(s->easy);
	if (s->multi != NULL)
		s->curl.multi_cleanup(s->multi);
	session_drop_headers(s);
	secret_release(&s->token);
	secret_release(&s->body);
	arena_release(&s->scratch);
	free(s->url);
	free(s);
}

int
session_use_token(struct session *s, struct fault *fault)
{
	return s->token.n > 0 ? 0 :
	    token_file_read(s->setup, s->url, &s->token, fault);
}

void
session_encode(struct buf *b, struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c == '-' || c == '_')
			buf_putc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

void
session_put_parameter(struct buf *b, const char *name, struct str value)
{
	if (value.p == NULL)
		return;
	buf_printf(b, "&%s=", name);
	session_encode(b, value);
}

int
session_unexpected(const struct session *s, const char *expected,
    struct fault *fault)
{
	return fault_set(fault, EX_UNAVAILABLE, "%s: not an answer of "
	    "mfx-api: expected %s", s->url, expected);
}

int
session_read(struct session *s, struct str json, struct object_field *f,
    size_t n, struct fault *fault)
{
	arena_reset(&s->scratch);
	return object_read(json, f, n, &s->scratch) == NULL ? 0 :
	    session_unexpected(s, "a JSON object", fault);
}

/* ---- a request ---- */

static void
session_take_seq(struct session *s, struct str line)
{
	static const char name[] = "Mfx-Seq: ";
	size_t end = sizeof name - 1;

	if (line.n < end || strncasecmp(line.p, name, end) != 0)
		return;
	line = str_from(line, end);
	for (end = 0; end < line.n && line.p[end] > ' '; end++)
		;
	line.n = end;
	if (!object_number(line, &s->seq))
		s->seq = -1;
}

static size_t
session_take_header(char *bytes, size_t one, size_t n, void *arg)
{
	struct session *s = arg;

	s->header_bytes += one * n;
	session_take_seq(s, (struct str){ bytes, one * n });
	return s->header_bytes > HEADERS_MAX ? 0 : one * n;
}

static void
session_add_header(struct session *s, const char *name, struct str value)
{
	struct buf b;

	buf_init(&b, value.n + 128);
	buf_room(&b, b.max);
	buf_printf(&b, "%s: ", name);
	buf_put_str(&b, value);
	buf_putc(&b, '\0');
	s->headers = s->curl.slist_append(s->headers, b.p);
	secret_release(&b);
}

static void
session_set_headers(struct session *s, const struct ask *ask)
{
	struct buf b;

	session_drop_headers(s);
	if (ask->body.p != NULL)
		session_add_header(s, "Content-Type", ask->type ?
		    str_z(ask->type) : STR("application/json"));
	if (!ask->anonymous) {
		buf_init(&b, JWT_MAX + 16);
		buf_room(&b, b.max);
		buf_puts(&b, "Bearer ");
		buf_put_str(&b, buf_str(&s->token));
		session_add_header(s, "Authorization", buf_str(&b));
		secret_release(&b);
	}
	if (ask->key.p != NULL)
		session_add_header(s, "Authorization", ask->key);
	s->curl.easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
}

static void
session_set_connection(struct session *s)
{
	const char *cacert = setup_value(s->setup->cacert, "MFX_CACERT");
	CURL *e = s->easy;
	long ms = (long)(s->setup->timeout / 1000000);

	s->curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	s->curl.easy_setopt(e, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	s->curl.easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    ms < CONNECT_MS ? ms : CONNECT_MS);
	s->curl.easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	if (cacert != NULL) {
		s->curl.easy_setopt(e, CURLOPT_CAINFO, cacert);
		s->curl.easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (s->socket != NULL)
		s->curl.easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, s->socket);
	/* no proxy is asked for what is on this machine */
	if (s->plain)
		s->curl.easy_setopt(e, CURLOPT_PROXY, "");
}

static void
session_prepare(struct session *s, const struct ask *ask)
{
	CURL *e = s->easy;
	struct buf url;

	s->curl.easy_reset(e);
	session_set_connection(s);
	session_set_headers(s, ask);
	buf_init(&url, 1 << 20);
	buf_printf(&url, "%s%s", s->socket ? "http://localhost" : s->url,
	    ask->path);
	buf_putc(&url, '\0');
	s->curl.easy_setopt(e, CURLOPT_URL, url.p);
	buf_release(&url);
	s->curl.easy_setopt(e, CURLOPT_USERAGENT, "mfx/" MFX_VERSION);
	s->curl.easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
	s->curl.easy_setopt(e, CURLOPT_HEADERFUNCTION, session_take_header);
	s->curl.easy_setopt(e, CURLOPT_HEADERDATA, s);
	s->curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, curl_to_buf);
	s->curl.easy_setopt(e, CURLOPT_WRITEDATA, &s->body);
	if (ask->body.p != NULL) {
		s->curl.easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)ask->body.n);
		s->curl.easy_setopt(e, CURLOPT_POSTFIELDS, ask->body.p);
	}
	if (ask->method != NULL)
		s->curl.easy_setopt(e, CURLOPT_CUSTOMREQUEST, ask->method);
	/* over an old connection libcurl might send it twice */
	if (ask->change)
		s->curl.easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	s->error[0] = '\0';
	s->status = 0;
	s->item = s->header_bytes = 0;
	s->seq = -1;
	buf_clear(&s->body);
	s->body.max = ask->limit > ANSWER_MAX ? ask->limit : ANSWER_MAX;
}

/* ---- waiting ---- */

/* grows with every byte sent or received */
static curl_off_t
session_bytes_moved(struct session *s)
{
	curl_off_t up = 0, down = 0;

	s->curl.easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	s->curl.easy_getinfo(s->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	return up + down + (curl_off_t)s->header_bytes;
}

/* not libcurl's own wait, which no signal of ours would end */
static void
session_wait(struct session *s, int64_t left)
{
	struct pollfd fds[POLL_FDS];
	fd_set in, out, other;
	long ms = -1;
	int fd, last = -1;
	nfds_t n = 0;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&other);
	s->curl.multi_fdset(s->multi, &in, &out, &other, &last);
	s->curl.multi_timeout(s->multi, &ms);
	for (fd = 0; fd <= last && n < POLL_FDS; fd++) {
		short events = (short)((FD_ISSET(fd, &in) ? POLLIN : 0) |
		    (FD_ISSET(fd, &out) ? POLLOUT : 0));

		if (events != 0)
			fds[n++] = (struct pollfd){ fd, events, 0 };
	}
	if (ms < 0 || ms > POLL_MS)
		ms = POLL_MS;
	if (n == 0 && ms > 10)
		ms = 10;
	if (ms > left / 1000000 + 1)
		ms = left / 1000000 + 1;
	signal_poll(fds, n, (int)ms);
}

static CURLcode
session_result(struct session *s)
{
	CURLMsg *message;
	int left;

	while ((message = s->curl.multi_info_read(s->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			return message->data.result;
	return CURLE_FAILED_INIT;
}

static bool
session_is_good(const struct session *s)
{
	return s->status >= 200 && s->status <= 299;
}

static int
session_give(struct session *s)
{
	const struct ask *ask = s->ask;

	s->curl.easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &s->status);
	return ask->take != NULL && session_is_good(s) ?
	    ask->take(ask->arg, &s->body) : 0;
}

enum end { ANSWERED, ENOUGH, STOPPED, SILENT };

static enum end
session_perform(struct session *s, CURLcode *code, int *taken)
{
	int64_t since = clock_ns(), now;
	curl_off_t before = -1, is;
	int running;

	for (;;) {
		s->curl.multi_perform(s->multi, &running);
		if ((*taken = session_give(s)) != 0)
			return ENOUGH;
		if (running == 0) {
			*code = session_result(s);
			return ANSWERED;
		}
		now = clock_ns();
		if ((is = session_bytes_moved(s)) != before)
			since = now;
		before = is;
		if (now - since >= s->setup->timeout)
			return SILENT;
		if (signal_stop())
			return STOPPED;
		session_wait(s, s->setup->timeout - (now - since));
	}
}

/* ---- the outcome ---- */

/* a change without an answer may have been made */
static const char *
session_doubt(struct session *s)
{
	long sent = 0;

	s->curl.easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &sent);
	return s->ask->change && sent > 0 ? "; it may have been done" : "";
}

static int
session_unanswered(struct session *s, CURLcode code, struct fault *fault)
{
	const char *why = *s->error ? s->error : s->curl.easy_strerror(code);
	int status;

	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		status = EX_TEMPFAIL;
		break;
	case CURLE_OUT_OF_MEMORY:
		status = EX_OSERR;
		break;
	case CURLE_SSL_CACERT_BADFILE:
		status = EX_CONFIG;
		break;
	case CURLE_WRITE_ERROR:
		why = "the answer is too large";
		status = EX_UNAVAILABLE;
		break;
	default:
		status = EX_UNAVAILABLE;
	}
	return fault_set(fault, status, "%s: %.*s%s", s->url, DETAIL_MAX / 2,
	    why, session_doubt(s));
}

static int
session_fault_status(long http)
{
	switch (http) {
	case 404:
		return 1;
	case 401: case 403:
		return EX_NOPERM;
	case 400: case 409: case 412: case 413: case 414: case 415:
	case 422: case 431:
		return EX_DATAERR;
	case 408: case 429:
		return EX_TEMPFAIL;
	default:
		return http >= 500 ? EX_TEMPFAIL : EX_UNAVAILABLE;
	}
}

/* The server's problem document, RFC 9457.  A fault of the request is told in
 * the server's words alone, as the registry of this machine would. */
static int
session_refused(struct session *s, struct fault *fault)
{
	struct object_field f[] = {
		{ .name = "detail", .type = OBJECT_TEXT },
		{ .name = "item", .type = OBJECT_NUMBER },
	};
	int status = session_fault_status(s->status);
	int64_t item = 0;

	if (s->body.n > ANSWER_MAX ||
	    session_read(s, buf_str(&s->body), f, 2, fault) < 0)
		f[0].value = f[1].value = STR_NONE;
	if (object_number(f[1].value, &item) && item > 0)
		s->item = (size_t)item;
	if (f[0].value.n > DETAIL_MAX)
		f[0].value.n = DETAIL_MAX;
	if (f[0].value.n == 0)
		return fault_set(fault, status == 1 ? EX_UNAVAILABLE : status,
		    "%s: answered with %ld%s", s->url, s->status,
		    s->status == 502 || s->status == 504 ?
		    session_doubt(s) : "");
	if (status == 1 || status == EX_DATAERR)
		return fault_set(fault, status, "%.*s", STR_ARG(f[0].value));
	return fault_set(fault, status, "%s: %.*s", s->url,
	    STR_ARG(f[0].value));
}

static int
session_ask_once(struct session *s, const struct ask *ask, struct fault *fault)
{
	CURLcode code = CURLE_FAILED_INIT;
	int taken = 0;
	enum end end;

	s->ask = ask;
	session_prepare(s, ask);
	if (s->curl.multi_add_handle(s->multi, s->easy) != CURLM_OK)
		return fault_set(fault, EX_OSERR, "libcurl won't start");
	end = session_perform(s, &code, &taken);
	if (end == STOPPED)
		fault_set(fault, EX_TEMPFAIL, "stopped%s", session_doubt(s));
	else if (end == SILENT)
		fault_set(fault, EX_TEMPFAIL, "%s: no answer in time%s",
		    s->url, session_doubt(s));
	else if (end == ANSWERED && code != CURLE_OK)
		session_unanswered(s, code, fault);
	s->curl.multi_remove_handle(s->multi, s->easy);
	if (end == ENOUGH)
		return taken;
	if (end != ANSWERED || code != CURLE_OK)
		return -1;
	return session_is_good(s) ? 0 : session_refused(s, fault);
}

int
session_ask(struct session *s, const struct ask *ask, struct fault *fault)
{
	static const struct ask self = { .path = "/users" };
	struct fault other, kept;
	size_t item;
	int result;

	if (!ask->anonymous && session_use_token(s, fault) < 0)
		return -1;
	result = session_ask_once(s, ask, fault);
	if (result >= 0 || fault->status != EX_NOPERM || ask->anonymous)
		return result;
	/* does the token not allow this, or nothing any more? */
	kept = *fault;
	item = s->item;
	if (session_ask_once(s, &self, &other) < 0 && other.status == EX_NOPERM)
		fault_set(fault, EX_NOPERM, "%.*s; 'mfx-token login' gets "
		    "another", DETAIL_MAX, kept.text);
	s->item = item;
	return -1;
}

static int
session_put_field(struct buf *b, const struct object_field *f,
    struct fault *fault)
{
	if (f->type == OBJECT_TEXT && !utf8_valid(f->value))
		return fault_set(fault, EX_DATAERR,
		    "the %s is not valid UTF-8", f->name);
	if (f->type != OBJECT_TEXT && f->value.p == NULL)
		return 0;
	buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", f->name);
	if (f->type == OBJECT_TEXT)
		json_put_string(b, f->value);
	else
		buf_put_str(b, f->value);
	return 0;
}

int
session_send(struct session *s, struct ask *ask, const struct object_field *f,
    size_t n, struct fault *fault)
{
	struct buf body;
	size_t i;
	int result = 0;

	buf_init(&body, SEND_MAX);
	/* secrets are not copied while it grows */
	buf_room(&body, SEND_MAX);
	buf_putc(&body, '{');
	for (i = 0; i < n && result == 0; i++)
		result = session_put_field(&body, &f[i], fault);
	buf_putc(&body, '}');
	ask->body = buf_str(&body);
	if (result == 0)
		result = session_ask(s, ask, fault);
	secret_release(&body);
	return result;
}
