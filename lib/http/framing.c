/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fields of a head say about the message itself: whose it is (Host),
 * where it ends (Content-Length, Transfer-Encoding), what comes after it
 * (Connection), and what it waits for (Expect).
 */
#include "http/chars.h"
#include "http/http1.h"
#include "http/target.h"

/* RFC 9112 3.2: one, and a valid one; 1.0 may be without */
static enum http1_result
framing_host(struct http1 *r, const struct http1_limits *l)
{
	struct str host;

	if (!http1_single(r, STR("Host"), &host))
		return http1_refuse(r, 400, "there are several Host fields");
	if (host.p == NULL && r->minor > 0)
		return http1_refuse(r, 400, "the Host field is missing");
	if (!http_authority_valid(host))
		return http1_refuse(r, 400, "the Host field is not valid");
	/* RFC 9110 7.4 */
	if (r->https && !l->secure)
		return http1_refuse(r, 421, "https is asked for without TLS");
	if (r->authority.p == NULL)
		r->authority = host;
	return HTTP1_MORE;
}

/* 1*DIGIT; more than fits is the largest number */
static bool
framing_take_digits(struct str *s, uint64_t *out)
{
	size_t n = 0, zeros = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	while (zeros < n && s->p[zeros] == '0')
		zeros++;
	if (n == 0)
		return false;
	*out = 0;
	if (n - zeros > HTTP1_LENGTH_DIGITS)
		*out = UINT64_MAX;
	else
		for (; zeros < n; zeros++)
			*out = *out * 10 + (unsigned)(s->p[zeros] - '0');
	*s = str_from(*s, n);
	return true;
}

/* Several that are equal might be taken for one (RFC 9110 8.6); only an
 * attacker sends them. */
static enum http1_result
framing_length(struct http1 *r, const struct http1_limits *l)
{
	struct str value;

	if (!http1_single(r, STR("Content-Length"), &value))
		return http1_refuse(r, 400,
		    "there are several Content-Length fields");
	if (value.p == NULL)
		return HTTP1_MORE;
	r->framing = HTTP1_LENGTH;
	if (!framing_take_digits(&value, &r->length) || value.n > 0)
		return http1_refuse(r, 400,
		    "the Content-Length is not valid");
	if (r->length > l->body)
		return http1_refuse(r, 413, "the body is too long");
	return HTTP1_MORE;
}

/*
 * Why a Transfer-Encoding other than "chunked" is refused: with another
 * coding below chunked it could be read by others (501), all else has no
 * certain end (400).
 */
static enum http1_result
framing_refuse_coding(struct http1 *r)
{
	bool last = false, twice = false, bad = false;
	struct str value, coding;
	enum http_list next;
	unsigned i = 0;

	while (http1_value(r, STR("Transfer-Encoding"), &i, &value)) {
		while ((next = http_list_next(&value, HTTP_TOKEN, &coding)) ==
		    HTTP_LIST_ELEMENT) {
			twice = twice || last;
			last = http_same(coding, STR("chunked"));
		}
		bad = bad || next == HTTP_LIST_BAD;
	}
	return last && !twice && !bad ? http1_refuse(r, 501,
	    "the only transfer coding here is chunked") :
	    http1_refuse(r, 400, "the Transfer-Encoding is not valid");
}

static enum http1_result
framing_coding(struct http1 *r)
{
	struct str value, length;
	unsigned i = 0;
	bool single = http1_single(r, STR("Transfer-Encoding"), &value);

	if (value.p == NULL)
		return HTTP1_MORE;
	if (r->minor == 0)
		return http1_refuse(r, 400,
		    "HTTP/1.0 has no Transfer-Encoding");
	if (http1_value(r, STR("Content-Length"), &i, &length))
		return http1_refuse(r, 400,
		    "there are Transfer-Encoding and Content-Length");
	if (!single || !http_same(value, STR("chunked")))
		return framing_refuse_coding(r);
	r->framing = HTTP1_CHUNKED;
	return HTTP1_MORE;
}

static enum http1_result
framing_connection(struct http1 *r)
{
	bool closes = false, keeps = false;
	struct str value, option;
	enum http_list next;
	unsigned i = 0;

	while (http1_value(r, STR("Connection"), &i, &value)) {
		while ((next = http_list_next(&value, HTTP_TOKEN, &option)) ==
		    HTTP_LIST_ELEMENT) {
			closes = closes || http_same(option, STR("close"));
			keeps = keeps ||
			    http_same(option, STR("keep-alive"));
			r->upgrades = r->upgrades ||
			    http_same(option, STR("upgrade"));
		}
		if (next == HTTP_LIST_BAD)
			return http1_refuse(r, 400,
			    "the Connection field is not valid");
	}
	r->keep = !closes && (r->minor > 0 || keeps);
	r->says_keep = r->keep && r->minor == 0;
	return HTTP1_MORE;
}

/* RFC 9110 10.1.1; what HTTP/1.0 expects is not looked at */
static enum http1_result
framing_expect(struct http1 *r)
{
	struct str value;
	unsigned i = 0;

	if (r->minor == 0)
		return HTTP1_DONE;
	while (http1_value(r, STR("Expect"), &i, &value)) {
		if (!http_same(value, STR("100-continue")))
			return http1_refuse(r, 417,
			    "the only expectation here is 100-continue");
		r->expects = true;
	}
	return HTTP1_DONE;
}

enum http1_result
http1_frame(struct http1 *r, const struct http1_limits *l)
{
	if (framing_host(r, l) == HTTP1_REFUSED ||
	    framing_coding(r) == HTTP1_REFUSED ||
	    framing_length(r, l) == HTTP1_REFUSED ||
	    framing_connection(r) == HTTP1_REFUSED)
		return HTTP1_REFUSED;
	return framing_expect(r);
}
