/* SPDX-License-Identifier: Apache-2.0 */
#include "store/influx/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "json/object.h"
#include "store/influx/layout.h"

#define WIRE_SECRET_MAX 4096
#define WIRE_URL_MAX 8192
/* between two looks whether to go on */
#define WIRE_SLICE_MS 100
/* what is kept of the answer to a request that failed */
#define WIRE_ERROR_MAX ((size_t)16 << 10)
#define WIRE_PAUSE_MAX 60
/* rows of a chunk of an answer */
#define WIRE_CHUNK "1000"

static const char *wire_username, *wire_password_file, *wire_token_file;
static const char *wire_cacert;
static int64_t wire_timeout = 60 * CLOCK_SECOND;
static enum { WIRE_GZIP_AUTO, WIRE_GZIP_ON, WIRE_GZIP_OFF } wire_gzip;

#define WIRE_OPTIONS							\
	LAYOUT_OPTION,							\
	{ 0, "username", "NAME", "the user, if the URL does not name one", \
	    OPT_STRING(&wire_username) },				\
	{ 0, "password-file", "FILE", "read the password from FILE",	\
	    OPT_STRING(&wire_password_file) },				\
	{ 0, "token-file", "FILE", "read a token from FILE, for InfluxDB 2", \
	    OPT_STRING(&wire_token_file) },				\
	{ 0, "cacert", "FILE", "CA file used to verify the server's "	\
	    "certificate", OPT_STRING(&wire_cacert) },			\
	{ 0, "timeout", "DURATION", "give up on a server that is silent " \
	    "this long (default: 1m)",					\
	    OPT_TIMEOUT(&wire_timeout, CLOCK_SECOND, 86400 * CLOCK_SECOND) }

const struct opt influx_options[] = { WIRE_OPTIONS, OPT_END };

const struct opt influx_write_options[] = {
	WIRE_OPTIONS,
	{ 0, "gzip", "auto|on|off", "compress what is sent; auto: unless the "
	    "server is on this machine", OPT_ENUM(&wire_gzip) },
	OPT_END
};

/* ---- the place ---- */

/* What can't be parsed must not be shown: it may hold a password. */
static int
wire_misplaced(struct fault *fault)
{
	return fault_set(fault, EX_USAGE, "not the URL of a database of "
	    "InfluxDB: http://HOST:8086/DATABASE");
}

static char *
wire_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	copy = memory_strdup(text);
	curl_free(text);
	return copy;
}

/* The value of a parameter of the query, still encoded, or NULL. */
static char *
wire_parameter(const char *query, const char *name)
{
	size_t n = strlen(name), end;
	char *value;

	for (; query != NULL && *query != '\0'; query += end) {
		query += *query == '&';
		end = strcspn(query, "&");
		if (strncmp(query, name, n) != 0 || query[n] != '=')
			continue;
		value = memory_get(end - n);
		snprintf(value, end - n, "%s", query + n + 1);
		return value;
	}
	return NULL;
}

static void
wire_put_urls(struct wire *l, const char *base, const char *database,
    const char *query)
{
	static const char *const what[WIRE_WHATS] = {
		[WIRE_QUERY] = "query?epoch=ns&chunked=true&chunk_size="
		    WIRE_CHUNK "&db=",
		[WIRE_ORDER] = "query?db=",
	};
	char *org = wire_parameter(query, "org");
	char *rp = wire_parameter(query, "rp");
	struct buf b;
	int i;

	buf_init(&b, WIRE_URL_MAX);
	l->v2 = org != NULL;
	for (i = 0; i < WIRE_WHATS; i++) {
		buf_clear(&b);
		buf_puts(&b, base);
		if (i != WIRE_WRITE)
			buf_puts(&b, what[i]);
		else if (l->v2)
			buf_printf(&b, "api/v2/write?precision=ns&org=%s"
			    "&bucket=", org);
		else
			buf_puts(&b, "write?precision=ns&db=");
		buf_puts(&b, database);
		if (rp != NULL && !(i == WIRE_WRITE && l->v2))
			buf_printf(&b, "&rp=%s", rp);
		buf_putc(&b, '\0');
		l->urls[i] = b.full ? NULL : memory_strdup(b.p);
	}
	buf_release(&b);
	free(org);
	free(rp);
}

/* The last part of the path is the database, what is before it where the
 * server is: SCHEME://HOST:PORT/PREFIX/DATABASE. */
static int
wire_take_path(struct wire *l, CURLU *url, struct fault *fault)
{
	char *path = wire_part(url, CURLUPART_PATH, 0);
	char *query = wire_part(url, CURLUPART_QUERY, 0);
	char *last = path != NULL ? strrchr(path, '/') : NULL, *base;
	int n = 0;

	if (last == NULL || last[1] == '\0') {
		free(path);
		free(query);
		return wire_misplaced(fault);
	}
	base = curl_easy_unescape(NULL, last + 1, 0, &n);
	l->database = memory_strdup(base != NULL ? base : "");
	curl_free(base);
	last[0] = '\0';
	curl_url_set(url, CURLUPART_QUERY, NULL, 0);
	curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	curl_url_set(url, CURLUPART_PATH, path, 0);
	base = wire_part(url, CURLUPART_URL, 0);
	if (base != NULL) {
		/* that of an empty path ends with a slash */
		n = (int)strlen(base);
		if (n > 0 && base[n - 1] != '/') {
			base = memory_resize(base, (size_t)n + 2);
			memcpy(base + n, "/", 2);
		}
		wire_put_urls(l, base, last + 1, query);
	}
	free(base);
	free(path);
	free(query);
	return l->urls[WIRE_WRITE] != NULL && l->urls[WIRE_QUERY] != NULL ?
	    0 : wire_misplaced(fault);
}

static void
wire_name(struct wire *l, CURLU *url)
{
	char *host = wire_part(url, CURLUPART_HOST, 0);
	char *port = wire_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);

	/* on this machine, to compress costs more than the bytes do */
	l->gzip = wire_gzip == WIRE_GZIP_ON || (wire_gzip == WIRE_GZIP_AUTO &&
	    !(host != NULL && address_is_loopback(str_z(host))));
	snprintf(l->name, sizeof l->name, "%s:%s/%s", host ? host : "",
	    port ? port : "", l->database);
	free(host);
	free(port);
}

static int
wire_take_place(struct wire *l, const char *place, struct fault *fault)
{
	CURLU *url = curl_url();
	int r = -1;

	if ((strncmp(place, "http://", 7) != 0 &&
	    strncmp(place, "https://", 8) != 0) ||
	    curl_url_set(url, CURLUPART_URL, place, 0) != CURLUE_OK) {
		curl_url_cleanup(url);
		return wire_misplaced(fault);
	}
	l->user = wire_part(url, CURLUPART_USER, CURLU_URLDECODE);
	l->password = wire_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
	curl_url_set(url, CURLUPART_USER, NULL, 0);
	curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
	r = wire_take_path(l, url, fault);
	if (r == 0)
		wire_name(l, url);
	curl_url_cleanup(url);
	return r;
}

/* ---- who we are ---- */

static int
wire_read_secret(const char *path, const char *what, char **to,
    struct fault *fault)
{
	struct buf b;
	int r;

	if (path == NULL)
		return 0;
	buf_init(&b, WIRE_SECRET_MAX);
	r = secret_read(path, what, &b, fault);
	if (r == 0) {
		buf_putc(&b, '\0');
		free(*to);
		*to = memory_strdup(b.p);
	}
	secret_release(&b);
	return r;
}

static void
wire_add_header(struct wire *l, int what, const char *line)
{
	struct curl_slist *list = curl_slist_append(l->headers[what], line);

	if (list != NULL)
		l->headers[what] = list;
}

static int
wire_identify(struct wire *l, struct fault *fault)
{
	const char *given = getenv("INFLUX_TOKEN");
	char *token = given != NULL && *given != '\0' ?
	    memory_strdup(given) : NULL, *line;
	size_t n;
	int i, r;

	if (wire_username != NULL) {
		free(l->user);
		l->user = memory_strdup(wire_username);
	}
	if (l->password == NULL && l->user != NULL &&
	    (given = getenv("INFLUX_PASSWORD")) != NULL)
		l->password = memory_strdup(given);
	r = wire_read_secret(wire_password_file, "password", &l->password,
	    fault);
	if (r == 0)
		r = wire_read_secret(wire_token_file, "token", &token, fault);
	for (i = 0; i < WIRE_WHATS; i++)
		wire_add_header(l, i, "Expect:");
	if (l->gzip)
		wire_add_header(l, WIRE_WRITE, "Content-Encoding: gzip");
	wire_add_header(l, WIRE_WRITE, "Content-Type: text/plain; "
	    "charset=utf-8");
	if (token != NULL && l->user == NULL) {
		n = strlen(token) + sizeof "Authorization: Token ";
		line = memory_get(n);
		snprintf(line, n, "Authorization: Token %s", token);
		for (i = 0; i < WIRE_WHATS; i++)
			wire_add_header(l, i, line);
		memset(line, 0, n);
		free(line);
	}
	free(token);
	return r;
}

enum store_result
wire_open(struct wire *l, const char *place, const struct store_watch *watch,
    struct fault *fault)
{
	*l = (struct wire){ .watch = watch };
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (l->multi = curl_multi_init()) == NULL) {
		fault_set(fault, EX_OSERR, "libcurl won't start");
		return STORE_FAILED;
	}
	if (wire_take_place(l, place, fault) < 0 ||
	    wire_identify(l, fault) < 0) {
		wire_close(l);
		return STORE_FAILED;
	}
	return STORE_DONE;
}

void
wire_close(struct wire *l)
{
	int i;

	curl_multi_cleanup(l->multi);
	for (i = 0; i < WIRE_WHATS; i++) {
		free(l->urls[i]);
		curl_slist_free_all(l->headers[i]);
	}
	free(l->user);
	free(l->password);
	free(l->database);
	*l = (struct wire){ 0 };
}

/* ---- a request ---- */

void
wire_call_init(struct wire_call *c)
{
	*c = (struct wire_call){ 0 };
	buf_init(&c->answer, WIRE_ANSWER_MAX);
}

void
wire_call_release(struct wire *l, struct wire_call *c)
{
	wire_cancel(l, c);
	curl_easy_cleanup(c->easy);
	buf_release(&c->answer);
	*c = (struct wire_call){ 0 };
}

static size_t
wire_on_answer(char *bytes, size_t one, size_t n, void *arg)
{
	struct wire_call *c = arg;

	(void)one;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
	if (c->status >= 300 && c->answer.n + n > WIRE_ERROR_MAX)
		return n;
	c->wire->woken = true;
	buf_put(&c->answer, bytes, n);
	return c->answer.full ? 0 : n;
}

static size_t
wire_on_header(char *bytes, size_t one, size_t n, void *arg)
{
	static const char name[] = "Retry-After:";
	struct wire_call *c = arg;
	struct str line = { bytes, n };
	uint64_t seconds;

	(void)one;
	if (n < sizeof name || curl_strnequal(bytes, name, sizeof name - 1) ==
	    0)
		return n;
	line = str_from(line, sizeof name - 1);
	while (line.n > 0 && line.p[0] == ' ')
		line = str_from(line, 1);
	while (line.n > 0 && (unsigned char)line.p[line.n - 1] <= ' ')
		line.n--;
	if (number_digits(line, WIRE_PAUSE_MAX, &seconds))
		c->pause = (int64_t)seconds * 1000;
	return n;
}

static int
wire_on_progress(void *arg, curl_off_t all, curl_off_t came, curl_off_t out,
    curl_off_t went)
{
	struct wire_call *c = arg;

	(void)all;
	(void)out;
	if (came + went != c->bytes)
		c->wire->moved = clock_ms();
	c->bytes = came + went;
	return 0;
}

static void
wire_set_up(const struct wire *l, struct wire_call *c)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "mfx");
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, wire_on_answer);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, wire_on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, wire_on_progress);
	curl_easy_setopt(e, CURLOPT_XFERINFODATA, c);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* a name that is asked for is not waited for at the end */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
	if (l->user != NULL)
		curl_easy_setopt(e, CURLOPT_USERNAME, l->user);
	if (l->password != NULL && l->user != NULL)
		curl_easy_setopt(e, CURLOPT_PASSWORD, l->password);
	if (wire_cacert != NULL)
		curl_easy_setopt(e, CURLOPT_CAINFO, wire_cacert);
}

void
wire_cancel(struct wire *l, struct wire_call *c)
{
	if (c->begun)
		curl_multi_remove_handle(l->multi, c->easy);
	c->begun = false;
}

enum store_result
wire_start(struct wire *l, struct wire_call *c, enum wire_what what,
    struct str body, struct fault *fault)
{
	wire_cancel(l, c);
	c->wire = l;
	if (c->easy == NULL) {
		c->easy = curl_easy_init();
		if (c->easy != NULL)
			wire_set_up(l, c);
	}
	c->ended = false;
	c->status = 0;
	c->pause = 0;
	c->bytes = 0;
	c->error[0] = '\0';
	buf_clear(&c->answer);
	if (c->easy == NULL || curl_easy_setopt(c->easy, CURLOPT_URL,
	    l->urls[what]) != CURLE_OK) {
		fault_set(fault, EX_OSERR, "out of memory");
		return STORE_FAILED;
	}
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, l->headers[what]);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)body.n);
	/* without a text it would be read from stdin */
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS,
	    body.n > 0 ? body.p : "");
	l->moved = clock_ms();
	curl_multi_add_handle(l->multi, c->easy);
	c->begun = true;
	return STORE_DONE;
}

static void
wire_collect(struct wire *l)
{
	struct wire_call *c;
	CURLMsg *m;
	char *arg;
	int left;

	while ((m = curl_multi_info_read(l->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &arg);
		c = (struct wire_call *)(void *)arg;
		c->code = m->data.result;
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE,
		    &c->status);
		wire_cancel(l, c);
		c->ended = l->woken = true;
	}
}

void
wire_rest(struct wire *l)
{
	l->moved = clock_ms();
}

void
wire_push(struct wire *l)
{
	int running;

	curl_multi_perform(l->multi, &running);
	wire_collect(l);
}

enum store_result
wire_turn(struct wire *l, struct fault *fault)
{

	if (store_stopped(l->watch)) {
		fault_set(fault, EX_TEMPFAIL, "%s: stopped", l->name);
		return STORE_LATER;
	}
	l->woken = false;
	wire_push(l);
	if (l->woken)
		return STORE_DONE;
	curl_multi_poll(l->multi, NULL, 0, WIRE_SLICE_MS, NULL);
	if (clock_ms() - l->moved >= wire_timeout / 1000000) {
		fault_set(fault, EX_UNAVAILABLE, "%s: no answer within %d s",
		    l->name, (int)(wire_timeout / CLOCK_SECOND));
		return STORE_LATER;
	}
	return STORE_DONE;
}

/* ---- what came of it ---- */

static enum store_result
wire_judge_code(const struct wire *l, const struct wire_call *c,
    struct fault *fault)
{
	const char *text = c->error[0] != '\0' ? c->error :
	    curl_easy_strerror(c->code);

	switch (c->code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_UNSUPPORTED_PROTOCOL:
		fault_set(fault, EX_CONFIG, "%s: %s", l->name, text);
		return STORE_FAILED;
	case CURLE_WRITE_ERROR:
		fault_set(fault, EX_DATAERR, "%s: a row of the answer is too "
		    "long", l->name);
		return STORE_FAILED;
	case CURLE_SSL_CONNECT_ERROR:
		/* the words of OpenSSL and of GnuTLS */
		if (strstr(text, "wrong version number") == NULL &&
		    strstr(text, "unexpected TLS packet") == NULL &&
		    strstr(text, "packet with illegal") == NULL)
			break;
		fault_set(fault, EX_CONFIG, "%s: %s: the server does not speak "
		    "TLS here; http:// is without", l->name, text);
		return STORE_FAILED;
	default:
		break;
	}
	fault_set(fault, EX_UNAVAILABLE, "%s: %s", l->name, text);
	return STORE_LATER;
}

/* the server's own words: {"error":…}, of 2.x {"message":…}, or a line */
static void
wire_say(const struct wire *l, const struct wire_call *c, int status,
    struct fault *fault)
{
	struct object_field fields[] = {
		{ .name = "error" }, { .name = "message" }
	};
	struct str text = buf_str(&c->answer);
	struct arena arena;

	arena_init(&arena, WIRE_ERROR_MAX);
	if (object_read(text, fields, 2, &arena) == NULL) {
		if (fields[0].value.p != NULL)
			text = fields[0].value;
		else if (fields[1].value.p != NULL)
			text = fields[1].value;
	}
	if (text.n > 300)
		text.n = 300;
	while (text.n > 0 && strchr("\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	if (text.n > 0)
		fault_set(fault, status, "%s: %.*s", l->name, (int)text.n,
		    text.p);
	else
		fault_set(fault, status, "%s: status %ld of HTTP", l->name,
		    c->status);
	arena_release(&arena);
}

/* A proxy, or a server that wants TLS, knows nothing of points: its 400 is no
 * JSON, and to set them aside for it would lose them. */
bool
wire_blames_data(const struct wire_call *c)
{
	bool json = c->answer.n > 0 && c->answer.p[0] == '{';

	return c->code == CURLE_OK && (c->status == 413 ||
	    (json && (c->status == 400 || c->status == 422)));
}

bool
wire_lacks_database(const struct wire_call *c)
{
	return c->code == CURLE_OK && c->status == 404;
}

enum store_result
wire_judge(const struct wire *l, const struct wire_call *c,
    struct fault *fault)
{
	if (c->code != CURLE_OK)
		return wire_judge_code(l, c, fault);
	if (c->status >= 200 && c->status < 300)
		return STORE_DONE;
	if (c->status == 401 || c->status == 403) {
		wire_say(l, c, EX_NOPERM, fault);
	} else if (wire_blames_data(c)) {
		wire_say(l, c, EX_DATAERR, fault);
	} else if (c->status == 429 || c->status >= 500) {
		wire_say(l, c, EX_TEMPFAIL, fault);
		return STORE_LATER;
	} else {
		wire_say(l, c, EX_CONFIG, fault);
	}
	return STORE_FAILED;
}

enum store_result
wire_run(struct wire *l, struct wire_call *c, enum wire_what what,
    struct str body, struct fault *fault)
{
	enum store_result r = wire_start(l, c, what, body, fault);

	while (r == STORE_DONE && !c->ended)
		r = wire_turn(l, fault);
	wire_cancel(l, c);
	return r == STORE_DONE ? wire_judge(l, c, fault) : r;
}

void
wire_put_statement(struct buf *to, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	buf_puts(to, "q=");
	for (i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9')) {
			buf_putc(to, (char)c);
		} else {
			buf_putc(to, '%');
			buf_putc(to, digits[c >> 4]);
			buf_putc(to, digits[c & 15]);
		}
	}
}
