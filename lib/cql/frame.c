/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/frame.h"

#include "cql/body.h"
#include "cql/cql.h"
#include "cql/crc.h"

/* a read(2) */
#define FRAMES_READ ((size_t)64 << 10)
#define FRAMES_IN_MAX (CQL_FRAME_MAX + 4 * FRAMES_READ)
#define FRAMES_OUT_MAX (2 * CQL_FRAME_MAX)
/* kept between two frames */
#define FRAMES_KEEP ((size_t)1 << 20)

#define SEGMENT_HEADER 6
#define SEGMENT_TRAILER 4
#define SEGMENT_WHOLE (1 << 17)	/* self-contained */

/* ---- in ---- */

void
frames_init(struct frames *f)
{
	*f = (struct frames){ 0 };
	buf_init(&f->in, FRAMES_IN_MAX);
	buf_init(&f->whole, CQL_FRAME_MAX + FRAME_HEADER);
}

void
frames_release(struct frames *f)
{
	buf_release(&f->in);
	buf_release(&f->whole);
}

/* What was taken makes room: for nothing when all was, else by moving the
 * rest, once it is the smaller part. */
static void
frames_compact(struct frames *f)
{
	size_t left = f->in.n - f->at;

	if (f->at == 0 || (left > 0 && left > f->at))
		return;
	if (left > 0)
		memmove(f->in.p, f->in.p + f->at, left);
	if (f->payload_end > 0)
		f->payload_end -= f->at;
	f->in.n = left;
	f->at = 0;
	if (left == 0 && f->in.cap > FRAMES_KEEP)
		buf_release(&f->in);
}

char *
frames_room(struct frames *f, size_t *n)
{
	char *p;

	frames_compact(f);
	p = buf_room(&f->in, FRAMES_READ);
	*n = p != NULL ? FRAMES_READ : 0;
	return p;
}

void
frames_added(struct frames *f, size_t n)
{
	f->in.n += n;
}

static int
frames_break(struct frames *f, const char *why)
{
	f->why = why;
	return -1;
}

/* 1 and its length when there is a whole frame at the beginning */
static int
frames_parse(struct frames *f, struct str in, struct frame *frame, size_t *n)
{
	struct body b = { .left = in };
	uint32_t length;

	if (in.n < FRAME_HEADER)
		return 0;
	*frame = (struct frame){ .version = body_byte(&b) };
	if ((frame->version & 0x80) == 0)
		return frames_break(f, "something that is not an answer of "
		    "CQL");
	frame->version &= 0x7f;
	if (frame->version < 1 || frame->version > 6)
		return frames_break(f, "an answer in an unknown version of "
		    "CQL");
	frame->flags = body_byte(&b);
	frame->stream = (int16_t)body_short(&b);
	frame->opcode = body_byte(&b);
	length = (uint32_t)body_int(&b);
	if (length > CQL_FRAME_MAX) {
		f->large = true;
		return frames_break(f, "an answer of more than 64 MiB");
	}
	if (b.left.n < length)
		return 0;
	frame->body = body_take(&b, length);
	*n = FRAME_HEADER + length;
	return 1;
}

/* those of the segment that is being read */
static int
frames_inside(struct frames *f, struct frame *frame)
{
	size_t n = 0;
	int r = frames_parse(f, (struct str){ f->in.p + f->at,
	    f->payload_end - f->at }, frame, &n);

	if (r == 0)
		return frames_break(f, "a self-contained segment with a part "
		    "of a frame");
	f->at += n;
	return r;
}

static uint32_t
frames_number(const char *p, int bytes)
{
	uint32_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | (unsigned char)p[bytes];
	return v;
}

/* A part of a frame was added: is that all of it? */
static int
frames_join(struct frames *f, struct str part, struct frame *frame)
{
	size_t n = 0;
	int r;

	buf_put_str(&f->whole, part);
	if (f->whole.full)
		return frames_break(f, "more segments than their frame has");
	r = frames_parse(f, buf_str(&f->whole), frame, &n);
	if (r > 0 && n != f->whole.n)
		return frames_break(f, "more segments than their frame has");
	f->given = r > 0;
	return r;
}

/* The next segment, if it is there: 1 when it was opened, or when it is the
 * last part of a frame. */
static int
frames_segment(struct frames *f, struct frame *frame)
{
	struct str in = { NULL, f->in.n - f->at }, payload;
	uint32_t header;
	size_t n;

	if (in.n < SEGMENT_HEADER)
		return 0;
	in.p = f->in.p + f->at;
	header = frames_number(in.p, 3);
	if (crc_header(header, 3) != frames_number(in.p + 3, 3))
		return frames_break(f, "a wrong checksum of a header");
	n = header & FRAME_SEGMENT_MAX;
	if (in.n < SEGMENT_HEADER + n + SEGMENT_TRAILER)
		return 0;
	payload = (struct str){ in.p + SEGMENT_HEADER, n };
	if (crc_payload(payload) != frames_number(payload.p + n, 4))
		return frames_break(f, "a wrong checksum of a payload");
	if (header & SEGMENT_WHOLE) {
		if (f->whole.n > 0)
			return frames_break(f, "fewer segments than their "
			    "frame has");
		f->at += SEGMENT_HEADER;
		f->payload_end = f->at + n;
		return 1;
	}
	f->at += SEGMENT_HEADER + n + SEGMENT_TRAILER;
	return frames_join(f, payload, frame) < 0 ? -1 : 1;
}

static int
frames_take_segments(struct frames *f, struct frame *frame)
{
	int r;

	for (;;) {
		if (f->given) {
			buf_clear(&f->whole);
			if (f->whole.cap > FRAMES_KEEP)
				buf_release(&f->whole);
			f->given = false;
		}
		if (f->payload_end > 0 && f->at == f->payload_end) {
			f->at += SEGMENT_TRAILER;
			f->payload_end = 0;
		}
		if (f->payload_end > 0)
			return frames_inside(f, frame);
		r = frames_segment(f, frame);
		if (r <= 0 || f->given)
			return r;
	}
}

int
frames_take(struct frames *f, struct frame *frame)
{
	size_t n = 0;
	int r;

	if (f->why != NULL)
		return -1;
	if (f->segments)
		return frames_take_segments(f, frame);
	if (f->in.n == f->at)
		return 0;
	r = frames_parse(f, (struct str){ f->in.p + f->at,
	    f->in.n - f->at }, frame, &n);
	f->at += n;
	return r;
}

/* ---- out ---- */

void
frames_out_init(struct frames_out *o)
{
	*o = (struct frames_out){ 0 };
	buf_init(&o->out, FRAMES_OUT_MAX);
}

void
frames_out_release(struct frames_out *o)
{
	buf_release(&o->out);
}

static void
frames_put_number(char *p, uint32_t v, int bytes)
{
	for (; bytes-- > 0; v >>= 8)
		*p++ = (char)(v & 0xff);
}

/* fills in the header, and appends the checksum */
static void
frames_close_segment(struct frames_out *o, bool whole)
{
	char *p = o->out.p + o->segment, crc[SEGMENT_TRAILER];
	size_t n = o->out.n - o->segment - SEGMENT_HEADER;
	uint32_t header = (uint32_t)n | (whole ? SEGMENT_WHOLE : 0);

	frames_put_number(p, header, 3);
	frames_put_number(p + 3, crc_header(header, 3), 3);
	frames_put_number(crc, crc_payload((struct str){
	    p + SEGMENT_HEADER, n }), SEGMENT_TRAILER);
	buf_put(&o->out, crc, sizeof crc);
	o->open = false;
}

static void
frames_open_segment(struct frames_out *o)
{
	o->segment = o->out.n;
	buf_put(&o->out, "\0\0\0\0\0", SEGMENT_HEADER);
	o->open = true;
}

/* bytes of a frame that is larger than a segment */
static void
frames_spread(struct frames_out *o, struct str s)
{
	size_t room;

	while (s.n > 0) {
		room = FRAME_SEGMENT_MAX + SEGMENT_HEADER -
		    (o->out.n - o->segment);
		if (room == 0) {
			frames_close_segment(o, false);
			frames_open_segment(o);
			continue;
		}
		room = room < s.n ? room : s.n;
		buf_put(&o->out, s.p, room);
		s = str_from(s, room);
	}
}

static void
frames_header(char header[FRAME_HEADER], uint8_t version, uint8_t opcode,
    int16_t stream, size_t n)
{
	header[0] = (char)version;
	header[1] = 0;
	header[2] = (char)((uint16_t)stream >> 8);
	header[3] = (char)(stream & 0xff);
	header[4] = (char)opcode;
	header[5] = (char)(n >> 24 & 0xff);
	header[6] = (char)(n >> 16 & 0xff);
	header[7] = (char)(n >> 8 & 0xff);
	header[8] = (char)(n & 0xff);
}

bool
frames_put(struct frames_out *o, uint8_t version, uint8_t opcode,
    int16_t stream, const struct str *pieces, int n)
{
	char header[FRAME_HEADER];
	size_t size = 0, all;
	bool whole;
	int i;

	for (i = 0; i < n; i++)
		size += pieces[i].n;
	all = FRAME_HEADER + size;
	/* with the headers of its segments */
	if (size > CQL_FRAME_MAX ||
	    o->out.n > FRAMES_OUT_MAX - all - all / 1024 - 64)
		return false;
	whole = all <= FRAME_SEGMENT_MAX;
	if (o->open && (!whole || o->out.n - o->segment + all >
	    FRAME_SEGMENT_MAX + SEGMENT_HEADER))
		frames_close_segment(o, true);
	if (o->segments && !o->open)
		frames_open_segment(o);
	frames_header(header, version, opcode, stream, size);
	if (whole || !o->segments) {
		buf_put(&o->out, header, sizeof header);
		for (i = 0; i < n; i++)
			buf_put_str(&o->out, pieces[i]);
		return true;
	}
	frames_spread(o, (struct str){ header, sizeof header });
	for (i = 0; i < n; i++)
		frames_spread(o, pieces[i]);
	frames_close_segment(o, false);
	return true;
}

struct str
frames_pending(struct frames_out *o)
{
	if (o->open)
		frames_close_segment(o, true);
	if (o->out.n == o->sent)
		return STR_NONE;
	return (struct str){ o->out.p + o->sent, o->out.n - o->sent };
}

void
frames_sent(struct frames_out *o, size_t n)
{
	o->sent += n;
	if (o->sent == o->out.n) {
		buf_clear(&o->out);
		o->sent = 0;
		if (o->out.cap > FRAMES_KEEP)
			buf_release(&o->out);
	} else if (o->sent > FRAMES_KEEP && !o->open) {
		memmove(o->out.p, o->out.p + o->sent, o->out.n - o->sent);
		o->out.n -= o->sent;
		o->sent = 0;
	}
}
