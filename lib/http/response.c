/* SPDX-License-Identifier: Apache-2.0 */
#include "http/response.h"

#include <time.h>

#include "http/chars.h"

/* of RFC 9110 15, and 426, 428, 429, 431, 511 of RFC 6585 */
static const struct {
	unsigned status;
	const char *reason;
} response_reasons[] = {
	{ 100, "Continue" }, { 101, "Switching Protocols" },
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
	{ 203, "Non-Authoritative Information" }, { 204, "No Content" },
	{ 205, "Reset Content" }, { 206, "Partial Content" },
	{ 300, "Multiple Choices" }, { 301, "Moved Permanently" },
	{ 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
	{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" },
	{ 402, "Payment Required" }, { 403, "Forbidden" },
	{ 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" }, { 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
	{ 411, "Length Required" }, { 412, "Precondition Failed" },
	{ 413, "Content Too Large" }, { 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" }, { 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" }, { 426, "Upgrade Required" },
	{ 428, "Precondition Required" }, { 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *
http_reason(unsigned status)
{
	static const char *const classes[] = {
		"Informational", "Successful", "Redirection", "Client Error",
		"Server Error"
	};
	size_t i;

	for (i = 0; i < sizeof response_reasons / sizeof *response_reasons; i++)
		if (response_reasons[i].status == status)
			return response_reasons[i].reason;
	return classes[status < 100 || status > 599 ? 4 : status / 100 - 1];
}

static void
response_put_two(char *to, int n)
{
	to[0] = (char)('0' + n / 10 % 10);
	to[1] = (char)('0' + n % 10);
}

/* no printf(3): half of what an answer costs would be this line */
void
http_date_print(char to[HTTP_DATE_TEXT], struct stamp t)
{
	/* not strftime(3), whose names depend on the locale */
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t s = (time_t)(t.ns / STAMP_SECOND);
	struct tm tm;

	gmtime_r(&s, &tm);
	memcpy(to, "Sun, 00 Jan 0000 00:00:00 GMT", HTTP_DATE_TEXT);
	memcpy(to, days + 3 * tm.tm_wday, 3);
	response_put_two(to + 5, tm.tm_mday);
	memcpy(to + 8, months + 3 * tm.tm_mon, 3);
	response_put_two(to + 12, (tm.tm_year + 1900) / 100);
	response_put_two(to + 14, tm.tm_year % 100);
	response_put_two(to + 17, tm.tm_hour);
	response_put_two(to + 20, tm.tm_min);
	response_put_two(to + 23, tm.tm_sec);
}

/* RFC 9110 6.4.1, 8.6: these end with their head, and say no length, except
 * that 304 has what 200 would have */
static bool
response_is_bare(unsigned status)
{
	return status < 200 || status == 204 || status == 304;
}

static void
response_put_framing(struct buf *to, const struct http_response *a)
{
	if (response_is_bare(a->status))
		return;
	if (a->status == 205) {
		buf_puts(to, "Content-Length: 0\r\n");
	} else if (a->in_chunks) {
		buf_puts(to, "Transfer-Encoding: chunked\r\n");
	} else if (!a->chunked) {
		buf_puts(to, "Content-Length: ");
		buf_put_u64(to, a->length);
		buf_puts(to, "\r\n");
	}
}

static void
response_put_connection(struct buf *to, const struct http_response *a,
    bool says_keep)
{
	if (a->upgrade != NULL)
		buf_printf(to, "Upgrade: %s\r\nConnection: upgrade%s\r\n",
		    a->upgrade, a->close ? ", close" : "");
	else if (a->close)
		buf_puts(to, "Connection: close\r\n");
	else if (says_keep)
		buf_puts(to, "Connection: keep-alive\r\n");
}

void
http_response_begin(struct buf *to, struct http_response *a,
    const struct http1 *r, struct stamp now)
{
	char date[HTTP_DATE_TEXT];

	/* a connection that becomes another protocol stays */
	a->close = a->status != 101 && (a->close || !r->keep ||
	    (a->chunked && r->minor == 0));
	a->in_chunks = a->chunked && r->minor > 0 && a->status != 205 &&
	    !response_is_bare(a->status);
	a->has_content = !r->is_head && a->status != 205 &&
	    !response_is_bare(a->status);
	http_date_print(date, now);
	buf_puts(to, "HTTP/1.1 ");
	buf_put_u64(to, a->status);
	buf_putc(to, ' ');
	buf_puts(to, http_reason(a->status));
	buf_puts(to, "\r\nDate: ");
	buf_put(to, date, HTTP_DATE_TEXT);
	buf_puts(to, "\r\n");
	response_put_framing(to, a);
	response_put_connection(to, a, r->says_keep);
}

static bool
response_frames(struct str name)
{
	static const struct str framing[] = {
		{ "Date", 4 }, { "Content-Length", 14 },
		{ "Transfer-Encoding", 17 }, { "Connection", 10 },
		{ "Upgrade", 7 }, { "Trailer", 7 },
	};
	size_t i;

	for (i = 0; i < sizeof framing / sizeof *framing; i++)
		if (http_same(name, framing[i]))
			return true;
	return false;
}

bool
http_response_field(struct buf *to, struct str name, struct str value)
{
	if (!http_all(name, HTTP_TOKEN) || response_frames(name) ||
	    (value.n > 0 && !http_all(value, HTTP_VALUE)) ||
	    http_trim(value).n != value.n)
		return false;
	buf_put_str(to, name);
	buf_puts(to, ": ");
	buf_put_str(to, value);
	buf_puts(to, "\r\n");
	return true;
}

void
http_response_end(struct buf *to)
{
	buf_puts(to, "\r\n");
}

void
http_response_continue(struct buf *to)
{
	buf_puts(to, "HTTP/1.1 100 Continue\r\n\r\n");
}

void
http_chunk_put(struct buf *to, struct str data)
{
	if (data.n == 0)
		return;
	buf_printf(to, "%zx\r\n", data.n);
	buf_put_str(to, data);
	buf_puts(to, "\r\n");
}

void
http_chunk_end(struct buf *to)
{
	buf_puts(to, "0\r\n\r\n");
}
