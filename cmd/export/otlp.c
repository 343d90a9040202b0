/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/export/otlp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "client/curl.h"
#include "json/json.h"

#define OTLP_TIMEOUT 10000L	/* ms */
#define OTLP_ANSWER_MAX 65536
#define OTLP_BOUNDS_MAX 64

/* ---- as JSON ---- */

static void
otlp_put_attribute(struct buf *b, struct str key, struct str value)
{
	buf_puts(b, "{\"key\":");
	json_put_string(b, key);
	buf_puts(b, ",\"value\":{\"stringValue\":");
	json_put_string(b, value);
	buf_puts(b, "}}");
}

/* Takes key="value" off; the value without its escapes. */
static bool
otlp_take_label(struct str *labels, struct str *key, struct buf *value)
{
	const char *p = labels->p, *end = p + labels->n;
	const char *is = memchr(p, '=', labels->n);

	buf_clear(value);
	if (is == NULL || end - is < 3)
		return false;
	*key = (struct str){ p, (size_t)(is - p) };
	for (p = is + 2; p < end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		buf_putc(value, *p);
	}
	p += p < end;
	p += p < end;	/* the comma */
	*labels = (struct str){ p, (size_t)(end - p) };
	return true;
}

/* all but `le` */
static void
otlp_put_attributes(struct buf *b, struct str labels)
{
	struct buf value;
	struct str key;
	bool any = false;

	buf_init(&value, 4096);
	buf_puts(b, "\"attributes\":[");
	while (labels.n > 0 && otlp_take_label(&labels, &key, &value)) {
		if (str_eq(key, STR("le")))
			continue;
		if (any)
			buf_putc(b, ',');
		any = true;
		otlp_put_attribute(b, key, buf_str(&value));
	}
	buf_putc(b, ']');
	buf_release(&value);
}

static void
otlp_put_time(struct buf *b, struct stamp now)
{
	buf_printf(b, ",\"timeUnixNano\":\"%" PRId64 "\"", now.ns);
}

static void
otlp_put_number(struct buf *b, const struct family *m, struct stamp now)
{
	const struct family_sample *s;

	for (s = m->first; s != NULL; s = s->next) {
		buf_putc(b, '{');
		otlp_put_attributes(b, s->labels);
		otlp_put_time(b, now);
		if (strchr(s->value, '.') != NULL)
			buf_printf(b, ",\"asDouble\":%s}", s->value);
		else
			buf_printf(b, ",\"asInt\":\"%s\"}", s->value);
		if (s->next != NULL)
			buf_putc(b, ',');
	}
}

/* the bound in le="…", which is the last label */
static const char *
otlp_bound(const struct family_sample *s)
{
	const char *at = s->labels.p + s->labels.n;

	while (at > s->labels.p && strncmp(at, "le=\"", 4) != 0)
		at--;
	return at + 4;
}

/* One point: from its buckets, which are cumulative, to its count. */
static const struct family_sample *
otlp_put_buckets(struct buf *b, const struct family_sample *s)
{
	uint64_t n, before = 0;
	const struct family_sample *first = s;

	buf_puts(b, ",\"bucketCounts\":[");
	for (; s != NULL && strcmp(s->suffix, "_bucket") == 0; s = s->next) {
		n = strtoull(s->value, NULL, 10);
		buf_printf(b, "%s\"%" PRIu64 "\"", s == first ? "" : ",",
		    n - before);
		before = n;
	}
	buf_puts(b, "],\"explicitBounds\":[");
	for (s = first; s->next != NULL &&
	    strcmp(s->next->suffix, "_bucket") == 0; s = s->next)
		buf_printf(b, "%s%.*s", s == first ? "" : ",",
		    (int)strcspn(otlp_bound(s), "\""), otlp_bound(s));
	buf_putc(b, ']');
	return s->next;
}

static void
otlp_put_histogram(struct buf *b, const struct family *m, struct stamp now)
{
	const struct family_sample *s = m->first;
	bool any = false;

	while (s != NULL && strcmp(s->suffix, "_bucket") == 0) {
		buf_puts(b, any ? ",{" : "{");
		any = true;
		otlp_put_attributes(b, s->labels);
		otlp_put_time(b, now);
		s = otlp_put_buckets(b, s);
		if (s != NULL && strcmp(s->suffix, "_sum") == 0) {
			buf_printf(b, ",\"sum\":%s", s->value);
			s = s->next;
		}
		if (s != NULL && strcmp(s->suffix, "_count") == 0) {
			buf_printf(b, ",\"count\":\"%s\"", s->value);
			s = s->next;
		}
		buf_putc(b, '}');
	}
}

static void
otlp_put_family(struct buf *b, const struct family *m, struct stamp now)
{
	buf_puts(b, "{\"name\":");
	json_put_string(b, str_z(m->kind.name));
	buf_puts(b, ",\"description\":");
	json_put_string(b, str_z(m->kind.help));
	switch (m->kind.type) {
	case FAMILY_COUNTER:
		buf_puts(b, ",\"sum\":{\"aggregationTemporality\":2,"
		    "\"isMonotonic\":true,\"dataPoints\":[");
		otlp_put_number(b, m, now);
		break;
	case FAMILY_GAUGE:
		buf_puts(b, ",\"gauge\":{\"dataPoints\":[");
		otlp_put_number(b, m, now);
		break;
	case FAMILY_HISTOGRAM:
		buf_puts(b, ",\"histogram\":{\"aggregationTemporality\":2,"
		    "\"dataPoints\":[");
		otlp_put_histogram(b, m, now);
		break;
	}
	buf_puts(b, "]}}");
}

void
otlp_put(const struct families *f, struct buf *b, struct stamp now)
{
	const struct family *m;

	buf_puts(b, "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[");
	otlp_put_attribute(b, STR("service.name"), STR("mfx"));
	buf_puts(b, "]},\"scopeMetrics\":[{\"scope\":{\"name\":\"mfx-export\","
	    "\"version\":\"" MFX_VERSION "\"},\"metrics\":[");
	for (m = f->first; m != NULL; m = m->next) {
		otlp_put_family(b, m, now);
		if (m->next != NULL)
			buf_putc(b, ',');
	}
	buf_puts(b, "]}]}]}\n");
}

/* ---- to a collector ---- */

/* the type of the body, and the lines of `headers` */
static struct curl_slist *
otlp_headers(const struct curl_functions *curl, struct str headers)
{
	struct curl_slist *list = curl->slist_append(NULL,
	    "Content-Type: application/json");
	char text[4096];
	struct str line;

	while (str_take_line(&headers, &line)) {
		snprintf(text, sizeof text, "%.*s", STR_ARG(line));
		list = curl->slist_append(list, text);
	}
	return list;
}

static int
otlp_result(const struct curl_functions *curl, CURL *handle, CURLcode code,
    const char *url, struct fault *fault)
{
	long status = 0;

	if (code != CURLE_OK)
		return fault_set(fault, EX_TEMPFAIL, "%.*s: %s",
		    (int)strcspn(url, "?@"), url, curl->easy_strerror(code));
	curl->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 == 2)
		return 0;
	return fault_set(fault, status == 429 || (status >= 502 &&
	    status <= 504) ? EX_TEMPFAIL : EX_UNAVAILABLE,
	    "%.*s: answered %ld", (int)strcspn(url, "?@"), url, status);
}

int
otlp_post(const char *url, struct str headers, struct str body,
    struct fault *fault)
{
	static struct curl_functions curl;
	struct curl_slist *list;
	struct buf answer;
	CURL *handle;
	int r;

	if (curl.easy_init == NULL && curl_load(&curl, fault) < 0)
		return -1;
	if ((handle = curl.easy_init()) == NULL)
		return fault_set(fault, EX_OSERR, "libcurl won't start");
	buf_init(&answer, OTLP_ANSWER_MAX);
	list = otlp_headers(&curl, headers);
	curl.easy_setopt(handle, CURLOPT_URL, url);
	curl.easy_setopt(handle, CURLOPT_HTTPHEADER, list);
	curl.easy_setopt(handle, CURLOPT_POSTFIELDS, body.p);
	curl.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)body.n);
	curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, curl_to_buf);
	curl.easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
	curl.easy_setopt(handle, CURLOPT_TIMEOUT_MS, OTLP_TIMEOUT);
	curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	r = otlp_result(&curl, handle, curl.easy_perform(handle), url, fault);
	curl.slist_free_all(list);
	curl.easy_cleanup(handle);
	buf_release(&answer);
	return r;
}
