/* SPDX-License-Identifier: Apache-2.0 */
/* Names, positions and URLs of a bus in JetStream. */
#include "bus/nats/subject.h"

#include <stdlib.h>

#include "bus/nats/url.h"
#include "tests/unit/unit.h"

static struct buf b = { .max = 1 << 20 };

static const char *
token(struct str text)
{
	buf_clear(&b);
	token_put(&b, text);
	buf_putc(&b, '\0');
	return b.p;
}

static const char *
subject(struct str channel, struct str subtopic)
{
	buf_clear(&b);
	subject_put(&b, channel, subtopic);
	buf_putc(&b, '\0');
	return b.p;
}

static bool
token_is_safe(const char *z)
{
	return *z != '\0' && z[strspn(z, "0123456789abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-=")] == '\0' &&
	    strlen(z) <= TOKEN_MAX;
}

static void
test_tokens(void)
{
	char text[300], first[TOKEN_MAX + 1];
	unsigned c;
	size_t n;

	CHECK(strcmp(token(STR("ab-C_9")), "ab-C_9") == 0);
	CHECK(strcmp(token(STR("")), "=") == 0);
	CHECK(strcmp(token(STR("a.b")), "a=2Eb") == 0);
	CHECK(strcmp(token(STR("=2E")), "=3D2E") == 0);
	CHECK(strcmp(token((struct str){ "\0>", 2 }), "=00=3E") == 0);
	for (c = 0; c < 256; c++) {
		text[0] = (char)c;
		CHECK(token_is_safe(token((struct str){ text, 1 })));
	}
	for (n = 1; n < sizeof text; n++) {
		memset(text, n % 2 ? 'x' : '*', n);
		CHECK(token_is_safe(token((struct str){ text, n })));
	}
	/* long ones that begin alike */
	memset(text, 'x', sizeof text);
	snprintf(first, sizeof first, "%s",
	    token((struct str){ text, sizeof text }));
	text[299] = 'y';
	CHECK(strcmp(first, token((struct str){ text, sizeof text })) != 0);
}

static void
test_names(void)
{
	char name[BUS_NAME_MAX + 1];

	buf_clear(&b);
	token_put_name(&b, STR("a.b.c-d_e"));
	CHECK(str_eq(buf_str(&b), STR("a=2Eb=2Ec-d_e")));
	CHECK(token_read_name(buf_str(&b), name));
	CHECK(strcmp(name, "a.b.c-d_e") == 0);
	CHECK(!token_read_name(STR("a=2"), name));
	CHECK(!token_read_name(STR("a=zz"), name));
	CHECK(!token_read_name(STR("=2F"), name));
	CHECK(!token_read_name(STR(""), name));
	memset(name, 'x', sizeof name);
	CHECK(!token_read_name((struct str){ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 65 }, name));
}

/* after the two numbers */
static bool
subject_is(struct str channel, struct str subtopic, const char *want)
{
	const char *at = subject(channel, subtopic);
	int i;

	for (i = 0; i < 2; i++)
		at += 1 + strspn(at + 1, "0123456789");
	return strcmp(at, want) == 0;
}

/* do the subjects of that part match ".<a>.<b>.…"? */
static bool
shard_matches(const struct bus_shard *s, unsigned a, unsigned c)
{
	char all[16], any_a[16], any_c[16];
	bool found = false;
	unsigned k;

	snprintf(all, sizeof all, ".%u.%u.>", a, c);
	snprintf(any_a, sizeof any_a, ".*.%u.>", c);
	snprintf(any_c, sizeof any_c, ".%u.*.>", a);
	for (k = 0; ; k++) {
		buf_clear(&b);
		if (!shard_put(&b, s, k))
			return found;
		buf_putc(&b, '\0');
		found |= strcmp(b.p, all) == 0 || strcmp(b.p, any_a) == 0 ||
		    strcmp(b.p, any_c) == 0 || strcmp(b.p, ".*.*.>") == 0;
	}
}

/* A part has all that its lines may have, and with a divisor nothing else. */
static void
test_shards(void)
{
	struct bus_shard s;
	unsigned slot;

	for (s.n = 1; s.n <= 250; s.n++)
		for (slot = 0; slot < 240; slot++) {
			s.i = slot % s.n + 1;
			CHECK(shard_matches(&s, slot % 16, slot % 15));
			s.i = s.i % s.n + 1;
			CHECK(s.n == 1 || 240 % s.n != 0 ||
			    !shard_matches(&s, slot % 16, slot % 15));
		}
	CHECK(shard_is_all(&(struct bus_shard){ 1, 7 }));
	CHECK(!shard_is_all(&(struct bus_shard){ 1, 9 }));
}

static void
test_subjects(void)
{
	char text[1024];
	size_t i;

	CHECK(subject_is(STR("c"), STR(""), ".c"));
	CHECK(subject_is(STR("c"), STR("a.b"), ".c.a.b"));
	CHECK(subject_is(STR("c"), STR("a."), ".c.a.="));
	CHECK(subject_is(STR("c"), STR("."), ".c.=.="));
	CHECK(subject_is(STR("*"), STR(">.x y"), ".=2A.=3E.x=20y"));
	CHECK(subject_is(STR(""), STR("$JS"), ".=.=24JS"));
	for (i = 0; i < sizeof text; i++)
		text[i] = i % 2 ? '.' : '*';
	CHECK(strlen(subject(STR("c"), (struct str){ text, sizeof text })) <=
	    SUBJECT_MAX);
	memset(text, '>', sizeof text);
	CHECK(strlen(subject(STR("c"), (struct str){ text, sizeof text })) <=
	    SUBJECT_MAX);
}

static void
test_places(void)
{
	uint64_t last = 0, at;
	unsigned i, n;

	for (n = 1; n <= MESSAGE_LINES; n += n < 4 ? 1 : 1023)
		for (i = 1; i <= n; i++) {
			at = place_of(n + 10, i, n);
			CHECK(i > 1 || at > last);
			CHECK(i == 1 || at > last);
			CHECK(i < n ? place_sequence(at) == n + 9 &&
			    place_lines(at) == i :
			    place_sequence(at) == n + 10 &&
			    place_lines(at) == 0);
			last = at;
		}
	CHECK(place_of(1, 1, 2) == 1 && place_of(1, 2, 2) == 4096);
	CHECK(place_of(SEQUENCE_MAX, 1, 1) < UINT64_C(1) << 62);
}

static int
url(struct nats_url *u, const char *text)
{
	struct fault fault = { .status = 0 };

	if (nats_url_parse(u, text, &fault) == 0)
		return 0;
	CHECK(strstr(fault.text, "secret") == NULL);
	return fault.status;
}

static void
test_urls(void)
{
	static const char *const bad[] = {
		"", "//", "//@", "//a//b", "//a/b-c", "//a b", "//a?x=1",
		"//u:secret@h?replicas=6", "//u:secret%@h", "//u:secret@h?ca=",
		"//u:secret@h/x?cert=c", "//h?tls=maybe",
		"//h?duplicates=x", "//h?max-bytes=-1", "//h?seed=%00",
	};
	struct nats_url u;
	size_t i;

	CHECK(url(&u, "//u%40x:p%3aw@h:1,i/pre9?replicas=3&storage=memory"
	    "&duplicates=5m&max-age=1d&ca=%2fca") == 0);
	CHECK(strcmp(u.user, "u@x") == 0 && strcmp(u.password, "p:w") == 0);
	CHECK(u.servers_n == 2 && strcmp(u.servers[0], "nats://h:1") == 0);
	CHECK(strcmp(u.prefix, "pre9") == 0 && u.replicas == 3 && u.memory);
	CHECK(u.duplicates == INT64_C(300000000000) && u.tls);
	CHECK(strcmp(u.ca, "/ca") == 0);
	CHECK(strcmp(u.name, "nats://h:1,i/pre9") == 0);
	nats_url_release(&u);
	CHECK(url(&u, "//h") == 0 && strcmp(u.prefix, "mfx") == 0);
	nats_url_release(&u);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK(url(&u, bad[i]) != 0);
		nats_url_release(&u);
	}
}

int
main(void)
{
	TEST("a token has no byte that a server acts on, and no two are alike")
		test_tokens();
	TEST("a name comes back from its token, and no other text does")
		test_names();
	TEST("a subject has a level for each of the subtopic's, and an end")
		test_subjects();
	TEST("a part of a stream has the subjects that it needs")
		test_shards();
	TEST("positions grow, and say which message they are in")
		test_places();
	TEST("a URL is read, or refused without its password")
		test_urls();
	buf_release(&b);
	return unit_end();
}
