/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/sanitize.h"

enum { CON, NON, ACK, RST };		/* types */
#define METHODS 7			/* GET to iPATCH */
#define TOKEN_MAX 8
#define PAYLOAD 0xff
#define HEAD_MAX 8192			/* token and options of a stream */

/* signalling codes (RFC 8323 5) */
enum { CSM = 0xe1, PING, PONG, RELEASE, ABORT };

/* Lengths as in RFC 7252 5.10, 7959, 8768, 9175, 7967; an empty Uri-Query
 * says nothing, and libcoap does not take it. */
static const struct known {
	uint16_t number, min, max;
	bool again;			/* repeatable */
} known[] = {
	{ 1, 0, 8, true },		/* If-Match */
	{ 3, 1, 255, false },		/* Uri-Host */
	{ 4, 1, 8, true },		/* ETag */
	{ 5, 0, 0, false },		/* If-None-Match */
	{ 6, 0, 3, false },		/* Observe */
	{ 7, 0, 2, false },		/* Uri-Port */
	{ 11, 0, 255, true },		/* Uri-Path */
	{ 12, 0, 2, false },		/* Content-Format */
	{ 15, 0, 255, true },		/* Uri-Query */
	{ 16, 1, 1, false },		/* Hop-Limit */
	{ 17, 0, 2, false },		/* Accept */
	{ 23, 0, 3, false },		/* Block2 */
	{ 27, 0, 3, false },		/* Block1 */
	{ 28, 0, 4, false },		/* Size2 */
	{ 35, 1, 1034, false },		/* Proxy-Uri */
	{ 39, 1, 255, false },		/* Proxy-Scheme */
	{ 60, 0, 4, false },		/* Size1 */
	{ 258, 0, 1, false },		/* No-Response */
	{ 292, 0, 8, true },		/* Request-Tag */
};

/* those of one signalling message */
static const struct known settings[] = {
	{ 2, 0, 4, false },		/* Max-Message-Size */
	{ 4, 0, 0, false },		/* Block-wise-Transfer */
};
static const struct known custody[] = { { 2, 0, 0, false } };
static const struct known release[] = {
	{ 2, 1, 255, true },		/* Alternative-Address */
	{ 4, 0, 3, false },		/* Hold-Off */
};

struct option {
	unsigned number;
	struct str value;
};

/* A message in its parts, and what is to be done about it. */
struct message {
	uint8_t code;
	struct str token, options;
	struct str rest;		/* the payload and its marker */
	struct directive directive;
	bool rewrite;			/* some option is to be left out */
	bool datagram;
};

/* ---- options ---- */

/* a nibble and the bytes that extend it; -1: not whole, -2: reserved */
static int
sanitize_extended(unsigned nibble, struct str *s)
{
	unsigned n = nibble == 13 ? 1 : nibble == 14 ? 2 : 0;
	const unsigned char *p = (const unsigned char *)s->p;

	if (nibble == 15)
		return -2;
	if (s->n < n)
		return -1;
	*s = str_from(*s, n);
	return n == 0 ? (int)nibble : n == 1 ? 13 + p[0] :
	    269 + (p[0] << 8 | p[1]);
}

/* 1 and the next option; 0 at the end or the payload; -1 when it is not
 * whole; -2 when it is malformed */
static int
sanitize_next(struct str *s, struct option *o)
{
	unsigned char first;
	int delta, length;

	if (s->n == 0 || (unsigned char)*s->p == PAYLOAD)
		return 0;
	first = (unsigned char)*s->p;
	*s = str_from(*s, 1);
	if ((delta = sanitize_extended(first >> 4, s)) < 0)
		return delta;
	if ((length = sanitize_extended(first & 15, s)) < 0)
		return length;
	o->number += (unsigned)delta;
	if (o->number > UINT16_MAX)
		return -2;
	if (s->n < (size_t)length)
		return -1;
	o->value = (struct str){ s->p, (size_t)length };
	*s = str_from(*s, (size_t)length);
	return 1;
}

static void
sanitize_put_extended(struct buf *b, unsigned v)
{
	if (v >= 269) {
		buf_putc(b, (char)((v - 269) >> 8));
		buf_putc(b, (char)(v - 269));
	} else if (v >= 13) {
		buf_putc(b, (char)(v - 13));
	}
}

static void
sanitize_put_option(struct buf *b, unsigned *last, const struct option *o)
{
	unsigned delta = o->number - *last, n = (unsigned)o->value.n;

	buf_putc(b, (char)((delta < 13 ? delta : delta < 269 ? 13 : 14) << 4 |
	    (n < 13 ? n : n < 269 ? 13 : 14)));
	sanitize_put_extended(b, delta);
	sanitize_put_extended(b, n);
	buf_put_str(b, o->value);
	*last = o->number;
}

static const struct known *
sanitize_find(const struct known *table, size_t n, unsigned number)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

/* One of a bad length, or once too often, counts as unrecognized
 * (RFC 7252 5.4.3, 5.4.5). */
static bool
sanitize_recognized(const struct known *k, const struct option *o,
    unsigned last)
{
	return k != NULL && o->value.n >= k->min && o->value.n <= k->max &&
	    (k->again || o->number != last);
}

enum fate { KEEP, LEAVE_OUT, BAD };

static enum fate
sanitize_fate(const struct option *o, unsigned last)
{
	const struct known *k = sanitize_find(known,
	    sizeof known / sizeof *known, o->number);

	if (!sanitize_recognized(k, o, last))
		return o->number & 1 ? BAD : LEAVE_OUT;
	switch (o->number) {
	case 15:
		return o->value.n > 0 ? KEEP : LEAVE_OUT;
	case 16:
	case 258:
		return LEAVE_OUT;
	default:
		return KEEP;
	}
}

/* what is left out, but does say something */
static void
sanitize_note(struct message *m, const struct option *o, unsigned last)
{
	unsigned char v = o->value.n == 1 ? (unsigned char)*o->value.p : 0;

	if (o->number == last || o->value.n > 1)
		return;
	if (o->number == 258)
		m->directive.no_response = v;
	/* an origin server only sees that it is in its range */
	else if (o->number == 16 && o->value.n == 1 && v == 0 &&
	    m->directive.action == DIRECTIVE_SERVE)
		m->directive.action = DIRECTIVE_BAD_HOPS;
}

/* Block1 or Block2 of SZX 7, which is BERT in streams */
static bool
sanitize_reserved_block(const struct option *o)
{
	return (o->number == 23 || o->number == 27) && o->value.n > 0 &&
	    (o->value.p[o->value.n - 1] & 7) == 7;
}

static void
sanitize_take_option(struct message *m, const struct option *o, unsigned last)
{
	switch (sanitize_fate(o, last)) {
	case BAD:
		m->directive.action = DIRECTIVE_BAD_OPTION;
		m->directive.argument = (uint16_t)o->number;
		break;
	case LEAVE_OUT:
		m->rewrite = true;
		sanitize_note(m, o, last);
		break;
	case KEEP:
		if (m->datagram && sanitize_reserved_block(o) &&
		    m->directive.action == DIRECTIVE_SERVE)
			m->directive.action = DIRECTIVE_BAD_BLOCK;
		break;
	}
}

/* Options and payload, of all that follows a token: 0, or as sanitize_next. */
static int
sanitize_split(struct message *m, struct str s)
{
	struct option o = { .number = 0 };
	struct str all = s;
	int r;

	while ((r = sanitize_next(&s, &o)) > 0)
		;
	m->options = (struct str){ all.p, all.n - s.n };
	m->rest = s;
	return r;
}

/* What is to be done with a request. */
static void
sanitize_judge(struct message *m)
{
	struct option o = { .number = 0 };
	unsigned last = UINT32_MAX;
	struct str s = m->options;

	for (; sanitize_next(&s, &o) > 0; last = o.number)
		sanitize_take_option(m, &o, last);
	if (m->directive.action == DIRECTIVE_SERVE && m->code > METHODS)
		m->directive.action = DIRECTIVE_BAD_METHOD;
}

/* ---- what comes out ---- */

bool
directive_read(struct directive *m, struct str value)
{
	const unsigned char *p = (const unsigned char *)value.p;

	if (value.n != 4)
		return false;
	*m = (struct directive){ p[0], p[1],
	    (uint16_t)(p[2] << 8 | p[3]) };
	return true;
}

/* The options that stay, and the directive after them; the directive alone if
 * it is what is answered. */
static void
sanitize_put_options(struct buf *out, const struct message *m)
{
	const char value[4] = { (char)m->directive.action,
	    (char)m->directive.no_response, (char)(m->directive.argument >> 8),
	    (char)m->directive.argument };
	struct option directive = { DIRECTIVE_OPTION, { value, sizeof value } };
	struct option o = { .number = 0 };
	unsigned last = UINT32_MAX, put = 0;
	struct str s = m->options;

	while (m->directive.action == DIRECTIVE_SERVE && sanitize_next(&s,
	    &o) > 0) {
		if (sanitize_fate(&o, last) == KEEP)
			sanitize_put_option(out, &put, &o);
		last = o.number;
	}
	if (m->directive.action != DIRECTIVE_SERVE ||
	    m->directive.no_response != 0)
		sanitize_put_option(out, &put, &directive);
}

static uint8_t
sanitize_code(const struct message *m)
{
	/* a GET is always taken; the directive says why */
	return m->directive.action == DIRECTIVE_SERVE ? m->code : 1;
}

/* ---- datagrams ---- */

static void
sanitize_put_header(struct buf *out, unsigned type, size_t token, uint8_t code,
    struct str mid)
{
	buf_putc(out, (char)(1 << 6 | type << 4 | token));
	buf_putc(out, (char)code);
	buf_put_str(out, mid);
}

/* One that libcoap can only answer by a Reset: its token is too long.  Only
 * what may be reset comes to that (RFC 7252 4.2, 4.3). */
static int
sanitize_reject(struct str d, unsigned type, struct buf *out, size_t *end)
{
	if (type == ACK || type == RST)
		return 0;
	sanitize_put_header(out, type, 15, 1, (struct str){ d.p + 2, 2 });
	*end = out->n;
	return 1;
}

static int
sanitize_whole(struct str d, struct buf *out, size_t *end)
{
	buf_put_str(out, d);
	*end = out->n;
	return 1;
}

static int
sanitize_put_datagram(struct str d, unsigned type, const struct message *m,
    struct buf *out, size_t *end)
{
	sanitize_put_header(out, type, m->token.n, sanitize_code(m),
	    (struct str){ d.p + 2, 2 });
	buf_put_str(out, m->token);
	sanitize_put_options(out, m);
	if (m->directive.action == DIRECTIVE_SERVE)
		buf_put_str(out, m->rest);
	*end = out->n;
	return 1;
}

/* An empty message: a ping, an acknowledgement, a Reset. */
static int
sanitize_empty(struct str d, unsigned type, struct buf *out,
    size_t ends[SANITIZE_PARTS])
{
	const struct message m = { .token = STR_NONE,
	    .directive = { .action = DIRECTIVE_RESET } };

	if (d.n > 4 || (d.p[0] & 15) != 0 || type == CON)
		return sanitize_reject(d, type, out, ends);
	if (type == ACK)
		return sanitize_whole(d, out, ends);
	if (type == NON)
		return 0;
	/* libcoap first: it takes the second for an answer to its own */
	sanitize_whole(d, out, &ends[0]);
	return 1 + sanitize_put_datagram(d, NON, &m, out, &ends[1]);
}

static int
sanitize_request(struct str d, unsigned type, struct buf *out, size_t *end)
{
	struct message m = { .code = (uint8_t)d.p[1], .datagram = true,
	    .token = { d.p + 4, (size_t)(d.p[0] & 15) } };

	if (type == ACK || type == RST)
		return 0;
	if (m.token.n > TOKEN_MAX || d.n < 4 + m.token.n ||
	    sanitize_split(&m, str_from(d, 4 + m.token.n)) != 0 ||
	    m.rest.n == 1)
		return sanitize_reject(d, type, out, end);
	sanitize_judge(&m);
	/* what is not confirmable is not told so (RFC 7252 5.4.1) */
	if (m.directive.action == DIRECTIVE_BAD_OPTION && type == NON)
		return sanitize_reject(d, type, out, end);
	if (m.directive.action == DIRECTIVE_SERVE && !m.rewrite)
		return sanitize_whole(d, out, end);
	return sanitize_put_datagram(d, type, &m, out, end);
}

int
sanitize_datagram(struct str d, struct buf *out, size_t ends[SANITIZE_PARTS])
{
	unsigned type;

	if (d.n < 4 || (unsigned char)d.p[0] >> 6 != 1)
		return 0;
	type = (unsigned char)d.p[0] >> 4 & 3;
	if (d.p[1] == 0)
		return sanitize_empty(d, type, out, ends);
	if ((unsigned char)d.p[1] >> 5 == 0)
		return sanitize_request(d, type, out, ends);
	/* answers, of which none is expected, and reserved classes */
	return sanitize_reject(d, type, out, ends);
}

/* ---- streams ---- */

void
sanitize_stream_init(struct sanitize_stream *s, size_t max)
{
	*s = (struct sanitize_stream){ .max = max };
	/* and its header, and what one read may bring after it */
	buf_init(&s->head, 4 * HEAD_MAX);
}

static void
sanitize_give(struct sanitize_stream *s, size_t *taken)
{
	if (*taken > 0)
		s->memory->give(s->owner, *taken);
	*taken = 0;
}

static bool
sanitize_take(struct sanitize_stream *s, size_t *taken, size_t n)
{
	if (s->memory == NULL || n <= *taken)
		return true;
	if (!s->memory->take(s->owner, n - *taken))
		return false;
	*taken = n;
	return true;
}

void
sanitize_stream_end(struct sanitize_stream *s)
{
	s->ended = true;
	buf_release(&s->head);
	sanitize_give(s, &s->taken_head);
	sanitize_give(s, &s->taken_body);
}

void
sanitize_stream_release(struct sanitize_stream *s)
{
	sanitize_stream_end(s);
}

bool
sanitize_stream_unfinished(const struct sanitize_stream *s)
{
	return !s->ended && (s->head.n > 0 || s->body > 0);
}

/* `n` bytes after the token, of which those in `text` are here. */
static void
sanitize_put_stream(struct buf *out, uint8_t code, struct str token,
    struct str text, size_t n)
{
	unsigned nibble = n < 13 ? (unsigned)n : n < 269 ? 13 :
	    n < 65805 ? 14 : 15;
	uint32_t more = (uint32_t)(n - (nibble == 15 ? 65805 :
	    nibble == 14 ? 269 : 13));

	buf_putc(out, (char)(nibble << 4 | token.n));
	if (nibble == 15) {
		buf_putc(out, (char)(more >> 24));
		buf_putc(out, (char)(more >> 16));
	}
	if (nibble >= 14)
		buf_putc(out, (char)(more >> 8));
	if (nibble >= 13)
		buf_putc(out, (char)more);
	buf_putc(out, (char)code);
	buf_put_str(out, token);
	buf_put_str(out, text);
}

static void
sanitize_put_message(struct buf *out, const struct message *m, size_t body)
{
	struct buf options;

	buf_init(&options, 2 * HEAD_MAX);
	sanitize_put_options(&options, m);
	if (m->directive.action != DIRECTIVE_SERVE)
		body = 0;
	sanitize_put_stream(out, sanitize_code(m), m->token, buf_str(&options),
	    options.n + body);
	buf_release(&options);
}

/* `option`: of a CSM, or 0 */
static void
sanitize_abort(struct sanitize_stream *s, unsigned option, struct buf *out)
{
	const struct message m = {
		.directive = { DIRECTIVE_ABORT, 0, (uint16_t)option }
	};

	/* libcoap says nothing before a CSM has come */
	if (!s->begun)
		sanitize_put_stream(out, CSM, STR_NONE, STR_NONE, 0);
	sanitize_put_message(out, &m, 0);
	s->ended = true;
}

/* The options of a signalling message that are known are appended.  False
 * when a critical one is not, or one has another length than it should
 * (RFC 8323 5.2, 5.6): *wrong. */
static bool
sanitize_signals(const struct message *m, const struct known *table, size_t n,
    struct buf *options, unsigned *wrong)
{
	struct option o = { .number = 0 };
	unsigned last = UINT32_MAX, put = 0;
	struct str text = m->options;
	const struct known *k;

	for (; sanitize_next(&text, &o) > 0; last = o.number) {
		k = sanitize_find(table, n, o.number);
		*wrong = o.number;
		if (k == NULL && o.number & 1)
			return false;
		if (k == NULL)
			continue;
		if (o.value.n < k->min || o.value.n > k->max)
			return false;
		if (k->again || o.number != last)
			sanitize_put_option(options, &put, &o);
	}
	return true;
}

static void
sanitize_csm(struct sanitize_stream *s, const struct message *m,
    struct buf *out)
{
	struct buf options;
	unsigned wrong;

	buf_init(&options, 64);
	if (sanitize_signals(m, settings, sizeof settings / sizeof *settings,
	    &options, &wrong)) {
		sanitize_put_stream(out, CSM, m->token, buf_str(&options),
		    options.n);
		s->begun = true;
	} else {
		sanitize_abort(s, wrong, out);
	}
	buf_release(&options);
}

/* One that the server answers. */
static void
sanitize_signal(struct sanitize_stream *s, struct message *m, struct buf *out)
{
	bool ping = m->code == PING || m->code == PONG;
	struct buf options;
	unsigned wrong;

	buf_init(&options, HEAD_MAX);
	if (!sanitize_signals(m, ping ? custody : release, ping ? 1 : 2,
	    &options, &wrong)) {
		sanitize_abort(s, 0, out);
	} else if (m->code == PONG) {
		sanitize_put_stream(out, PONG, m->token, STR_NONE, 0);
	} else {
		m->directive.action = ping ? DIRECTIVE_PING : DIRECTIVE_RELEASE;
		m->directive.argument = options.n > 0;
		sanitize_put_message(out, m, 0);
		s->ended = !ping;
	}
	buf_release(&options);
}

/* A request to be served, of which `here` bytes of the body are there: libcoap
 * takes memory for all of it at once. */
static void
sanitize_serve(struct sanitize_stream *s, struct message *m, size_t body,
    size_t here, struct buf *out)
{
	if (here < body && !sanitize_take(s, &s->taken_body,
	    m->options.n + body))
		m->directive.action = DIRECTIVE_NO_ROOM;
	s->ignored = m->directive.action != DIRECTIVE_SERVE;
	sanitize_put_message(out, m, body);
}

/* The head of a message is there, and `body` bytes follow what it has, of
 * which `here` have come. */
static void
sanitize_take_head(struct sanitize_stream *s, struct message *m, size_t body,
    size_t here, struct buf *out)
{
	s->body = body;
	s->ignored = true;
	if (m->code == CSM) {
		sanitize_csm(s, m, out);
	} else if (!s->begun) {
		sanitize_abort(s, 0, out);
	} else if (m->code == ABORT) {
		sanitize_put_stream(out, ABORT, STR_NONE, STR_NONE, 0);
		s->ended = true;
	} else if (m->code == PING || m->code == PONG || m->code == RELEASE) {
		sanitize_signal(s, m, out);
	} else if (m->code != 0 && m->code >> 5 == 0) {
		sanitize_judge(m);
		sanitize_serve(s, m, body, here, out);
	}
	/* empty, answers, and classes of which nobody knows anything */
}

/* The length of the header, or 0 when there is too little of it; *n is all
 * that follows the token. */
static size_t
sanitize_length(struct str s, size_t *n)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned nibble = s.n > 0 ? p[0] >> 4 : 0;
	size_t header = nibble < 13 ? 2 : nibble == 13 ? 3 :
	    nibble == 14 ? 4 : 6;

	if (s.n < header)
		return 0;
	*n = nibble < 13 ? nibble : nibble == 13 ? 13U + p[1] :
	    nibble == 14 ? 269U + (p[1] << 8 | p[2]) :
	    65805U + ((size_t)p[1] << 24 | p[2] << 16 | p[3] << 8 | p[4]);
	return header;
}

/* A head from the front of `s`: how long it is, or 0 when it is not whole
 * (or the connection has come to its end). */
static size_t
sanitize_head(struct sanitize_stream *s, struct str text, struct buf *out)
{
	size_t n = 0, header = sanitize_length(text, &n), token;
	struct message m = { .rewrite = false };
	struct str here;
	int r;

	if (text.n == 0 || (header == 0 && (text.p[0] & 15) <= TOKEN_MAX))
		return 0;
	token = (size_t)(text.p[0] & 15);
	if (token > TOKEN_MAX || n > s->max) {
		sanitize_abort(s, 0, out);
		return 0;
	}
	if (text.n < header + token)
		return 0;
	m.code = (uint8_t)text.p[header - 1];
	m.token = (struct str){ text.p + header, token };
	here = str_from(text, header + token);
	if (here.n > n)
		here.n = n;
	r = sanitize_split(&m, here);
	/* the payload's marker, and a byte of it, belong to the head */
	if ((r == -1 || (r == 0 && m.rest.n < 2)) && here.n < n &&
	    here.n < HEAD_MAX)
		return 0;
	if (r != 0 || (m.rest.n < 2 && n > m.options.n)) {
		sanitize_abort(s, 0, out);
		return 0;
	}
	sanitize_take_head(s, &m, n - m.options.n, here.n - m.options.n, out);
	return header + token + m.options.n;
}

/* What is left of a body. */
static size_t
sanitize_body(struct sanitize_stream *s, struct str text, struct buf *out)
{
	size_t n = s->body < text.n ? s->body : text.n;

	if (!s->ignored)
		buf_put(out, text.p, n);
	s->body -= n;
	return n;
}

/* What comes next is another message. */
static void
sanitize_message_done(struct sanitize_stream *s)
{
	s->messages++;
	s->received = 0;
	sanitize_give(s, &s->taken_body);
}

/* As much of `text` as can be done with; the rest is to come again. */
static size_t
sanitize_run(struct sanitize_stream *s, struct str text, struct buf *out)
{
	size_t done = 0, n;

	do {
		n = s->ended ? text.n - done : s->body > 0 ?
		    sanitize_body(s, str_from(text, done), out) :
		    sanitize_head(s, str_from(text, done), out);
		done += n;
		if (n > 0 && s->body == 0)
			sanitize_message_done(s);
	} while (n > 0 || (s->ended && done < text.n));
	return done;
}

/* What is kept of a head is accounted for, too. */
static void
sanitize_keep_head(struct sanitize_stream *s, struct buf *out)
{
	if (s->head.n == 0 || s->ended) {
		buf_release(&s->head);
		sanitize_give(s, &s->taken_head);
	} else if (!sanitize_take(s, &s->taken_head, s->head.cap)) {
		sanitize_abort(s, 0, out);
		sanitize_stream_end(s);
	}
}

void
sanitize_stream(struct sanitize_stream *s, struct str bytes, struct buf *out)
{
	unsigned messages = s->messages;
	size_t done;

	if (s->head.n == 0) {
		done = sanitize_run(s, bytes, out);
		buf_put_str(&s->head, str_from(bytes, done));
	} else {
		/* less than a head is kept: the rest of it comes first */
		buf_put_str(&s->head, bytes);
		done = sanitize_run(s, buf_str(&s->head), out);
		s->head.n -= done;
		memmove(s->head.p, s->head.p + done, s->head.n);
	}
	if (messages == s->messages)
		s->received += bytes.n;
	sanitize_keep_head(s, out);
}
