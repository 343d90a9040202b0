/* SPDX-License-Identifier: Apache-2.0 */
#include "http/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/number.h"
#include "base/utf8.h"
#include "http/chars.h"

#define PORT_MAX 65535

static const char target_malformed[] = "the request target is malformed";
static const char target_encoding[] =
    "the request target is not correctly percent-encoded";
static const char target_text[] =
    "the request target has controls, or is not UTF-8";

/* ---- host and port ---- */

static bool
target_is_ipv6(struct str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool
target_is_future(struct str s)
{
	size_t i = 1;

	if (s.n < 4 || (s.p[0] | 0x20) != 'v')
		return false;
	while (i < s.n && http_is(s.p[i], HTTP_HEX))
		i++;
	if (i == 1 || i + 1 >= s.n || s.p[i++] != '.')
		return false;
	for (; i < s.n; i++)
		if (s.p[i] != ':' && !http_is(s.p[i], HTTP_HOST))
			return false;
	return true;
}

static bool
target_is_name(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (http_is(s.p[i], HTTP_HOST))
			continue;
		if (s.p[i] != '%' || s.n - i < 3 || http_hex(s.p[i + 1]) < 0 ||
		    http_hex(s.p[i + 2]) < 0)
			return false;
		i += 2;
	}
	return true;
}

bool
http_authority_valid(struct str s)
{
	struct str host = s, port;
	const char *end;
	uint64_t number;

	if (s.n == 0)
		return true;
	if (s.p[0] == '[') {
		end = memchr(s.p, ']', s.n);
		if (end == NULL)
			return false;
		host.n = (size_t)(end - s.p) + 1;
	} else {
		end = memchr(s.p, ':', s.n);
		host.n = end ? (size_t)(end - s.p) : s.n;
	}
	port = str_from(s, host.n);
	if (port.n > 1 && (port.p[0] != ':' ||
	    !number_digits(str_from(port, 1), PORT_MAX, &number)))
		return false;
	if (port.n > 0 && (port.p[0] != ':' || host.n == 0))
		return false;
	if (host.n == 0 || host.p[0] != '[')
		return target_is_name(host);
	host = (struct str){ host.p + 1, host.n - 2 };
	return target_is_ipv6(host) || target_is_future(host);
}

/* ---- the normal form ---- */

/* Writes one byte of the decoded text: as it is, or as a triplet. */
static char *
target_put(char *to, unsigned char byte, bool plain)
{
	static const char digits[] = "0123456789ABCDEF";

	if (plain) {
		*to++ = (char)byte;
	} else {
		*to++ = '%';
		*to++ = digits[byte >> 4];
		*to++ = digits[byte & 15];
	}
	return to;
}

/* In place: what is written is never longer than what was read. */
static const char *
target_normalize(char *p, size_t *n, unsigned kind)
{
	struct utf8_stream text = { 0 };
	size_t i;
	char *to = p;

	for (i = 0; i < *n; i++) {
		unsigned char byte = (unsigned char)p[i];
		bool plain = byte != '%';

		/* as nearly all of it is */
		if (plain && text.left == 0 && byte > ' ' && byte < 0x7f &&
		    http_is((char)byte, kind)) {
			*to++ = (char)byte;
			continue;
		}
		if (!plain) {
			int high = *n - i < 3 ? -1 : http_hex(p[i + 1]);
			int low = high < 0 ? -1 : http_hex(p[i + 2]);

			if (low < 0)
				return target_encoding;
			byte = (unsigned char)(high << 4 | low);
			i += 2;
		} else if (!http_is((char)byte, kind)) {
			return target_malformed;
		}
		switch (utf8_stream_put(&text, byte)) {
		case UTF8_INVALID:
			return target_text;
		case UTF8_MORE:
			break;
		case UTF8_WHOLE:
			/* a parameter may ask for what has a tab in it */
			if (text.c == 0 || (kind != HTTP_QUERY &&
			    utf8_is_control(text.c)))
				return target_text;
			break;
		}
		to = target_put(to, byte, plain ||
		    http_is((char)byte, HTTP_UNRESERVED));
	}
	*n = (size_t)(to - p);
	return text.left > 0 ? target_text : NULL;
}

/* is one of the segments "." or ".."?  They are plain by now. */
static bool
target_climbs(struct str path)
{
	while (path.n > 0) {
		const char *slash = memchr(path.p + 1, '/', path.n - 1);
		struct str segment = { path.p + 1, slash ?
		    (size_t)(slash - path.p) - 1 : path.n - 1 };

		if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
		path = str_from(path, segment.n + 1);
	}
	return false;
}

static const char *
target_read_path(struct http_target *t, char *p, size_t n)
{
	char *mark = n > 0 ? memchr(p, '?', n) : NULL;
	size_t path_n = mark ? (size_t)(mark - p) : n, query_n;
	const char *why = target_normalize(p, &path_n, HTTP_PATH);

	if (why != NULL)
		return why;
	t->path = (struct str){ p, path_n };
	if (target_climbs(t->path))
		return "the request target has a segment . or ..";
	if (mark == NULL)
		return NULL;
	query_n = n - (size_t)(mark - p) - 1;
	why = target_normalize(mark + 1, &query_n, HTTP_QUERY);
	t->query = (struct str){ mark + 1, query_n };
	return why;
}

/* ---- the forms ---- */

static bool
target_has_scheme(struct str s, struct str scheme)
{
	return s.n >= scheme.n &&
	    http_same((struct str){ s.p, scheme.n }, scheme);
}

static const char *
target_read_absolute(struct http_target *t, char *p, size_t n, bool options)
{
	struct str s = { p, n };
	size_t at, end;
	const char *why;

	t->https = target_has_scheme(s, STR("https://"));
	if (!t->https && !target_has_scheme(s, STR("http://")))
		return target_malformed;
	at = t->https ? 8 : 7;
	for (end = at; end < n && p[end] != '/' && p[end] != '?'; end++)
		;
	t->authority = (struct str){ p + at, end - at };
	if (end == at || !http_authority_valid(t->authority))
		return "the host of the request target is not valid";
	why = target_read_path(t, p + end, n - end);
	if (t->path.n == 0)
		t->path = options && t->query.p == NULL ? STR("*") : STR("/");
	return why;
}

const char *
http_target_read(struct http_target *t, char *p, size_t n, bool options)
{
	*t = (struct http_target){ .https = false };
	if (n > 0 && p[0] == '/')
		return target_read_path(t, p, n);
	if (options && n == 1 && p[0] == '*') {
		t->path = (struct str){ p, 1 };
		return NULL;
	}
	return target_read_absolute(t, p, n, options);
}
