/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what Cassandra sends.  The first byte says how they are read:
 * as frames of version 4, as segments of version 5, or as a frame whose body
 * is taken apart; the second one where they are cut.  Cut or not, the same
 * frames come.  Frames that were taken are sent as segments and taken again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "cql/frame.h"
#include "cql/message.h"
#include "cql/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
read_rows(struct body b)
{
	struct cql_call call;
	struct str cells[CQL_COLUMNS_MAX], item;
	int32_t left = -1;
	int i;

	cql_call_init(&call);
	if (message_rows(b, &call) == 0)
		while (cql_row(&call, cells, CQL_COLUMNS_MAX) > 0)
			for (i = 0; i < call.columns; i++) {
				cql_get_integer(cells[i]);
				cql_get_double(cells[i]);
				left = -1;
				while (cql_get_element(&cells[i], &left,
				    &item))
					must(item.n <= b.left.n);
			}
	cql_call_release(&call);
}

static void
read_body(const struct frame *f)
{
	struct body b = message_body(f), at = b;
	struct cql_statement s = { 0 };
	struct fault fault;
	struct str id;
	char type[16];

	message_has_version(b, 5);
	message_error(b, "node", &fault, type, &id);
	must(strlen(type) < sizeof type);
	if (message_kind(&at) < 0)
		return;
	read_rows(at);
	if (message_prepared(at, f->version, &s) == 0)
		must(s.id_n > 0 && s.bound <= CQL_COLUMNS_MAX &&
		    (s.key_n == 0 || s.key[s.key_n - 1] < s.bound));
}

static void
feed(struct frames *f, struct str s)
{
	size_t n;
	char *p;

	while (s.n > 0) {
		p = frames_room(f, &n);
		n = n < s.n ? n : s.n;
		memcpy(p, s.p, n);
		frames_added(f, n);
		s = str_from(s, n);
	}
}

/* what came, as bytes; the state at the end */
static int
read_frames(struct str in, bool segments, size_t cut, struct buf *seen)
{
	struct frames f;
	struct frame frame;
	int i, r = 0;

	frames_init(&f);
	f.segments = segments;
	for (i = 0; i < 2 && r == 0; i++) {
		feed(&f, i == 0 ? (struct str){ in.p, cut } :
		    (struct str){ in.p != NULL ? in.p + cut : NULL,
		    in.n - cut });
		while ((r = frames_take(&f, &frame)) > 0) {
			buf_putc(seen, (char)frame.opcode);
			body_put_short(seen, (uint16_t)frame.stream);
			body_put_bytes(seen, frame.body);
			read_body(&frame);
		}
	}
	frames_release(&f);
	return r;
}

/* frames that have come, as segments */
static void
send_again(struct str in)
{
	struct frames f;
	struct frames_out out;
	struct frame frame;
	struct buf once, again;

	buf_init(&once, 1 << 24);
	buf_init(&again, 1 << 24);
	frames_init(&f);
	frames_out_init(&out);
	out.segments = true;
	feed(&f, in);
	while (frames_take(&f, &frame) > 0) {
		must(frames_put(&out, 0x85, frame.opcode, frame.stream,
		    &frame.body, 1));
		buf_putc(&once, (char)frame.opcode);
		body_put_short(&once, (uint16_t)frame.stream);
		body_put_bytes(&once, frame.body);
	}
	must(read_frames(frames_pending(&out), true, 0, &again) == 0);
	must(str_eq(buf_str(&once), buf_str(&again)));
	frames_release(&f);
	frames_out_release(&out);
	buf_release(&once);
	buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data + 2, n - 2 };
	struct buf whole, cut;
	struct frame frame;
	bool segments;

	if (n < 3 || n > 1 << 20)
		return 0;
	segments = data[0] == 1;
	if (data[0] > 1) {
		frame = (struct frame){ .version = 4 + data[0] % 2,
		    .flags = data[1], .body = in };
		read_body(&frame);
		return 0;
	}
	buf_init(&whole, 1 << 24);
	buf_init(&cut, 1 << 24);
	must(read_frames(in, segments, 0, &whole) ==
	    read_frames(in, segments, data[1] % in.n, &cut));
	must(str_eq(buf_str(&whole), buf_str(&cut)));
	buf_release(&whole);
	buf_release(&cut);
	if (!segments)
		send_again(in);
	return 0;
}
