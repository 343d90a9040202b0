/* SPDX-License-Identifier: Apache-2.0 */
/* lib/cql without a server: numbers that Cassandra's other clients compute
 * too, frames that are cut anywhere, and answers that lie. */
#include <stdlib.h>

#include "cql/crc.h"
#include "cql/frame.h"
#include "cql/message.h"
#include "cql/murmur3.h"
#include "cql/ring.h"

#include "unit.h"

/* ---- tokens ---- */

static bool
token_is(const char *bytes, size_t n, int64_t token)
{
	return murmur3_token((struct str){ bytes, n }) == token;
}

static void
test_tokens(void)
{
	char all[256];
	int i;

	for (i = 0; i < 256; i++)
		all[i] = (char)i;
	TEST("tokens are those that Cassandra computes") {
		CHECK(token_is("", 0, 0));
		CHECK(token_is("a", 1, INT64_C(-8839064797231613815)));
		CHECK(token_is("123", 3, INT64_C(-7468325962851647638)));
		CHECK(token_is("hello, world", 12,
		    INT64_C(3760413751763713166)));
		CHECK(token_is(all, 256, INT64_C(2060892794568774329)));
	}
	TEST("bytes above 127 at the end are signed, as Java has them") {
		CHECK(token_is("\xff", 1, INT64_C(-4442228696663692417)));
		CHECK(token_is("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
		    "\x80\x80\x80\x80", 15, INT64_C(-5979218241483680930)));
		CHECK(token_is(all + 128, 17, INT64_C(-3616694464407856223)));
	}
}

/* ---- the ring ---- */

#define HOSTS 8

static void
make_ring(struct ring *r)
{
	static const char *const tokens[] = { "-513", "213", "114", "-733",
	    "-243", "875", "236", "-30", "281", "189", "-866", "240", "-974",
	    "861", "715", "-40" };
	char rack[4] = "r0";
	int i;

	*r = (struct ring){ 0 };
	for (i = 0; i < HOSTS; i++) {
		rack[1] = (char)('0' + i % 3);
		ring_add_host(r, i < 6 ? STR("dc1") : STR("dc2"),
		    str_z(rack), NULL);
	}
	for (i = 0; i < 2 * HOSTS; i++)
		ring_add_token(r, i % HOSTS, str_z(tokens[i]));
	ring_sort(r);
}

/* are they the hosts of these digits, in this order? */
static bool
replicas_are(const struct ring *r, const struct ring_replication *p,
    int64_t token, const char *digits)
{
	int hosts[RING_REPLICAS_MAX];
	int n = ring_replicas(r, token, p, "dc1", hosts), i;

	for (i = 0; i < n; i++)
		if (digits[i] != '0' + hosts[i])
			return false;
	return digits[n] == '\0';
}

static void
replicate(struct ring_replication *p, const struct ring *r,
    const char *class, const char *key, const char *factor)
{
	*p = (struct ring_replication){ 0 };
	ring_replication_add(p, STR("class"), str_z(class), "dc1");
	ring_replication_add(p, STR("dc2"), STR("7"), "dc1");
	ring_replication_add(p, str_z(key), str_z(factor), "dc1");
	ring_measure(r, p, "dc1");
}

#define NETWORK "org.apache.cassandra.locator.NetworkTopologyStrategy"

static void
test_ring(void)
{
	static const struct {
		int64_t token;
		const char *simple, *network;
	} known[] = {
		{ -974, "423", "423" }, { -866, "230", "234" },
		{ -733, "304", "342" }, { -513, "047", "042" },
		{ -243, "472", "423" }, { -40, "721", "213" },
		{ 114, "216", "213" }, { 189, "163", "135" },
		{ 236, "630", "354" }, { 240, "306", "354" },
		{ 281, "065", "054" }, { 715, "654", "543" },
		{ 875, "542", "543" },
	};
	struct ring_replication simple, network, other;
	struct ring r;
	size_t i;

	make_ring(&r);
	replicate(&simple, &r, "org.apache.cassandra.locator.SimpleStrategy",
	    "replication_factor", "3");
	replicate(&network, &r, NETWORK, "dc1", "3");
	TEST("the replicas are those that Python's driver finds") {
		for (i = 0; i < sizeof known / sizeof known[0]; i++) {
			CHECK(replicas_are(&r, &simple, known[i].token,
			    known[i].simple));
			CHECK(replicas_are(&r, &network, known[i].token,
			    known[i].network));
		}
	}
	TEST("a token has the next one's, the last one the first one's") {
		CHECK(replicas_are(&r, &simple, -973, "230"));
		CHECK(replicas_are(&r, &simple, 876, "423"));
		CHECK(replicas_are(&r, &simple, INT64_MIN, "423"));
	}
	TEST("more replicas than racks share racks, but each rack has one") {
		replicate(&other, &r, NETWORK, "dc1", "4");
		CHECK(replicas_are(&r, &other, -974, "4230"));
	}
	TEST("more replicas than nodes are all nodes") {
		int hosts[RING_REPLICAS_MAX];

		replicate(&other, &r, NETWORK, "dc1", "7/2");
		CHECK(ring_replicas(&r, 5, &other, "dc1", hosts) == 6);
	}
	TEST("what is not known has no replicas") {
		replicate(&other, &r, "LocalStrategy", "dc1", "3");
		CHECK(replicas_are(&r, &other, 5, ""));
		replicate(&other, &r, NETWORK, "dc3", "3");
		CHECK(replicas_are(&r, &other, 5, ""));
		CHECK(!ring_add_token(&r, 0, STR("12x")));
		CHECK(!ring_add_token(&r, 0, STR("9223372036854775808")));
	}
	ring_release(&r);
}

/* ---- frames ---- */

static void
test_checksums(void)
{
	TEST("checksums are those of Python's driver") {
		CHECK(crc_header(0, 3) == 0x7de777);
		CHECK(crc_header(0x1ffff, 3) == 0xfe9138);
		CHECK(crc_header(0x2000c, 3) == 0x9f67d7);
		CHECK(crc_payload(STR("")) == 0x44777ed3);
		CHECK(crc_payload(STR("123456789")) == 0xe2a261a7);
	}
}

/* what was sent, as an answer: the bit that says so is set in each frame */
static void
make_frames(struct buf *bytes, bool segments, const size_t *sizes, int n)
{
	struct frames_out out;
	struct str body, pending;
	char *text;
	int i;

	frames_out_init(&out);
	out.segments = segments;
	for (i = 0; i < n; i++) {
		text = malloc(sizes[i] + 1);
		if (text == NULL)
			abort();
		memset(text, 'a' + i, sizes[i]);
		body = (struct str){ text, sizes[i] };
		CHECK(frames_put(&out, 0x80 | 5, FRAME_RESULT, (int16_t)i,
		    &body, 1));
		free(text);
	}
	pending = frames_pending(&out);
	buf_put_str(bytes, pending);
	frames_out_release(&out);
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

/* takes frames as make_frames made them; how many, or -1 */
static int
take_all(struct frames *f, const size_t *sizes, int from)
{
	struct frame frame;
	size_t i;
	int r;

	while ((r = frames_take(f, &frame)) > 0) {
		if (frame.stream != from || frame.version != 5 ||
		    frame.opcode != FRAME_RESULT ||
		    frame.body.n != sizes[from])
			return -1;
		for (i = 0; i < frame.body.n; i++)
			if (frame.body.p[i] != 'a' + from)
				return -1;
		from++;
	}
	return r < 0 ? -1 : from;
}

/* in pieces of `step` bytes, or once in two pieces of which the first has
 * `cut` */
static int
read_frames(struct str bytes, bool segments, size_t cut, size_t step,
    const size_t *sizes)
{
	struct frames f;
	struct str piece;
	int n = 0;

	frames_init(&f);
	f.segments = segments;
	while (bytes.n > 0 && n >= 0) {
		piece = (struct str){ bytes.p, cut > 0 ? cut : step };
		cut = 0;
		if (piece.n > bytes.n)
			piece.n = bytes.n;
		feed(&f, piece);
		n = take_all(&f, sizes, n);
		bytes = str_from(bytes, piece.n);
	}
	frames_release(&f);
	return n;
}

static void
test_frames(void)
{
	static const size_t sizes[] = { 0, 1, 300, 65535, 20, 131071,
	    300000, 5 }, small[] = { 7, 0, 30 };
	struct buf b;
	size_t cut;
	int segments;

	buf_init(&b, 1 << 20);
	for (segments = 0; segments < 2; segments++) {
		buf_clear(&b);
		make_frames(&b, segments, small, 3);
		TEST("frames that are cut anywhere are the same") {
			for (cut = 1; cut < b.n; cut++)
				CHECK(read_frames(buf_str(&b), segments, cut,
				    b.n, small) == 3);
			CHECK(read_frames(buf_str(&b), segments, 0, 1,
			    small) == 3);
		}
		buf_clear(&b);
		make_frames(&b, segments, sizes, 8);
		TEST("frames larger than a segment are put together") {
			CHECK(read_frames(buf_str(&b), segments, 0, b.n,
			    sizes) == 8);
			CHECK(read_frames(buf_str(&b), segments, 0, 1000,
			    sizes) == 8);
			CHECK(read_frames(buf_str(&b), segments, 0, 131071,
			    sizes) == 8);
		}
	}
	buf_release(&b);
}

/* "a frame as Python's driver makes it, in a segment" */
static const char python_segment[] =
    "\x0d\x00\x02\xcf\x07\xf7\x85\x00\x00\x07\x08\x00\x00\x00\x04\x00\x00\x00"
    "\x01Y3\xab\xf0";

static int
take_segment(const char *bytes, size_t n, struct frame *frame)
{
	struct frames f;
	int r;

	frames_init(&f);
	f.segments = true;
	feed(&f, (struct str){ bytes, n });
	r = frames_take(&f, frame);
	frames_release(&f);
	return r;
}

static void
test_segments(void)
{
	char bytes[sizeof python_segment - 1];
	struct frame frame;
	size_t i;
	int bit;

	memcpy(bytes, python_segment, sizeof bytes);
	TEST("a segment that Python's driver made is read") {
		CHECK(take_segment(bytes, sizeof bytes, &frame) == 1);
		CHECK(frame.version == 5 && frame.stream == 7 &&
		    frame.opcode == FRAME_RESULT && frame.body.n == 4);
	}
	TEST("every bit of it counts") {
		for (i = 0; i < sizeof bytes; i++)
			for (bit = 0; bit < 8; bit++) {
				bytes[i] ^= (char)(1 << bit);
				CHECK(take_segment(bytes, sizeof bytes,
				    &frame) == -1);
				bytes[i] ^= (char)(1 << bit);
			}
	}
}

static void
test_lies(void)
{
	static const char *const lies[] = {
		"\x05\x00\x00\x00\x08\x00\x00\x00\x00",	/* a request */
		"\x85\x00\x00\x00\x08\x04\x00\x00\x01",	/* over 64 MiB */
		"\x85\x00\x00\x00\x08\xff\xff\xff\xff",
		"\xff\x00\x00\x00\x08\x00\x00\x00\x00",	/* version 127 */
	};
	struct frames f;
	struct frame frame;
	size_t i;

	TEST("a header that can't be is refused, and nothing follows it") {
		for (i = 0; i < sizeof lies / sizeof lies[0]; i++) {
			frames_init(&f);
			feed(&f, (struct str){ lies[i], FRAME_HEADER });
			CHECK(frames_take(&f, &frame) == -1 && f.why != NULL);
			CHECK(frames_take(&f, &frame) == -1);
			CHECK(f.large == (i == 1 || i == 2));
			frames_release(&f);
		}
	}
	TEST("a frame that is too large is not sent") {
		struct frames_out out;
		struct str piece = { python_segment, CQL_FRAME_MAX + 1 };

		frames_out_init(&out);
		CHECK(!frames_put(&out, 5, FRAME_QUERY, 0, &piece, 1));
		CHECK(frames_pending(&out).n == 0);
		frames_out_release(&out);
	}
}

/* ---- messages ---- */

static struct body
body_of(const struct buf *b)
{
	return (struct body){ .left = buf_str(b) };
}

static void
put_rows(struct buf *b, int32_t columns, int32_t rows)
{
	buf_clear(b);
	body_put_int(b, 1);	/* one table */
	body_put_int(b, columns);
	body_put_string(b, STR("k"));
	body_put_string(b, STR("t"));
	body_put_string(b, STR("a"));
	body_put_short(b, CQL_TYPE_LIST);
	body_put_short(b, CQL_TYPE_INT);
	body_put_int(b, rows);
	body_put_bytes(b, STR("value"));
}

static void
test_rows(void)
{
	struct cql_call call;
	struct str cell;
	struct buf b;
	size_t n;

	buf_init(&b, 4096);
	cql_call_init(&call);
	put_rows(&b, 1, 1);
	TEST("rows are read") {
		CHECK(message_rows(body_of(&b), &call) == 0);
		CHECK(call.rows == 1 && call.columns == 1 &&
		    call.types[0] == CQL_TYPE_LIST);
		CHECK(cql_row(&call, &cell, 1) == 1 &&
		    str_eq(cell, STR("value")));
		CHECK(cql_row(&call, &cell, 1) == 0);
	}
	TEST("rows that are cut off are refused, or break when they are read") {
		for (n = 0; n < b.n; n++) {
			struct body part = { .left = { b.p, n } };

			CHECK(message_rows(part, &call) < 0 ||
			    cql_row(&call, &cell, 1) == -1);
		}
	}
	TEST("numbers of rows and columns that can't be are refused") {
		put_rows(&b, 1, 1000000000);
		CHECK(message_rows(body_of(&b), &call) < 0);
		put_rows(&b, 1, -1);
		CHECK(message_rows(body_of(&b), &call) < 0);
		put_rows(&b, CQL_COLUMNS_MAX + 1, 1);
		CHECK(message_rows(body_of(&b), &call) < 0);
		put_rows(&b, 0, 1000000000);
		CHECK(message_rows(body_of(&b), &call) < 0);
	}
	TEST("a type in a type in a type has an end") {
		int i;

		buf_clear(&b);
		body_put_int(&b, 1);
		body_put_int(&b, 1);
		for (i = 0; i < 3; i++)
			body_put_string(&b, STR("x"));
		for (i = 0; i < 1000; i++)
			body_put_short(&b, CQL_TYPE_LIST);
		CHECK(message_rows(body_of(&b), &call) < 0);
	}
	cql_call_release(&call);
	buf_release(&b);
}

static enum cql_error
error_of(int32_t code, const char *text, struct fault *fault)
{
	struct buf b;
	struct str id;
	char type[16];
	enum cql_error e;

	buf_init(&b, 4096);
	body_put_int(&b, code);
	body_put_string(&b, str_z(text));
	if (code == 0x1100) {
		body_put_short(&b, CQL_QUORUM);
		body_put_int(&b, 1);
		body_put_int(&b, 2);
		body_put_string(&b, STR("UNLOGGED_BATCH_OF_MANY"));
	}
	e = message_error(body_of(&b), "node", fault, type, &id);
	CHECK(code != 0x1100 || strcmp(type, "UNLOGGED_BATCH_") == 0);
	buf_release(&b);
	return e;
}

static void
test_errors(void)
{
	struct fault fault;

	TEST("errors are told apart by what may be done about them") {
		CHECK(error_of(0x1000, "", &fault) == CQL_UNAVAILABLE);
		CHECK(error_of(0x1001, "", &fault) == CQL_OVERLOADED);
		CHECK(error_of(0x1100, "", &fault) == CQL_WRITE_TIMEOUT);
		CHECK(error_of(0x1200, "", &fault) == CQL_READ_TIMEOUT);
		CHECK(error_of(0x2200, "", &fault) == CQL_INVALID);
		CHECK(error_of(0x2100, "", &fault) == CQL_DENIED);
		CHECK(error_of(0x0100, "", &fault) == CQL_CREDENTIALS);
		CHECK(error_of(0x7777, "", &fault) == CQL_PROTOCOL);
		CHECK(cql_later(CQL_AWAY) && cql_later(CQL_SERVER));
		CHECK(!cql_later(CQL_OK) && !cql_later(CQL_INVALID));
	}
	TEST("a node that can't read its users does not refuse ours") {
		CHECK(error_of(0x0100, "Unable to perform authentication: "
		    "Cannot achieve consistency level QUORUM", &fault) ==
		    CQL_UNAVAILABLE);
	}
	TEST("a server's text can't act on a terminal") {
		error_of(0x2200, "a\x1b[31m\nb", &fault);
		CHECK(strcmp(fault.text, "node: a?[31m?b") == 0);
	}
}

static void
test_keys(void)
{
	struct cql_statement s = { .bound = 3, .key_n = 2, .key = { 2, 0 } };
	struct cql_call call;
	struct buf key;

	buf_init(&key, 1024);
	cql_call_init(&call);
	cql_begin(&call, &s);
	cql_bind_text(&call, STR("first"));
	cql_bind_null(&call);
	cql_bind_smallint(&call, 0x0102);
	TEST("a key of several columns is put together as Cassandra does") {
		CHECK(message_key(&call, &key));
		CHECK(str_eq(buf_str(&key), STR("\0\2\1\2\0\0\5first\0")));
	}
	s.key_n = 1;
	TEST("a key of one column is that column, in a batch too") {
		CHECK(message_key(&call, &key));
		CHECK(str_eq(buf_str(&key), STR("\1\2")));
		cql_begin_batch(&call);
		cql_add(&call, &s);
		cql_bind_text(&call, STR("x"));
		cql_bind_null(&call);
		cql_bind_text(&call, STR("key"));
		CHECK(message_key(&call, &key));
		CHECK(str_eq(buf_str(&key), STR("key")));
	}
	s.key[0] = 1;
	TEST("a key that is null has no token") {
		CHECK(!message_key(&call, &key));
	}
	cql_call_release(&call);
	buf_release(&key);
}

static void
test_values(void)
{
	TEST("numbers of a length that their type does not have are 0") {
		CHECK(cql_get_integer(STR("\xff\xfe")) == -2);
		CHECK(cql_get_integer(STR("")) == 0);
		CHECK(cql_get_integer(STR("123456789")) == 0);
		CHECK(cql_get_double(STR("1234567")) == 0);
	}
}

int
main(void)
{
	test_tokens();
	test_ring();
	test_checksums();
	test_frames();
	test_segments();
	test_lies();
	test_rows();
	test_errors();
	test_keys();
	test_values();
	return unit_end();
}
