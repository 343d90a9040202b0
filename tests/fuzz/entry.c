/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a line of the registry's log, as the head of one that was
 * sealed under our key, and as the records of an entry.  Nobody makes a line
 * without the key, what entry_put has put is read back, and a byte that was
 * changed is noticed.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/base64.h"
#include "registry/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const unsigned char key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES] =
    "a key for this target only";
static const char id[] = "00112233445566778899aabbccddeeff";

static struct arena scratch;
static struct buf lines, records, all;

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static int
take(struct str line, struct entry *e, unsigned char hash[ENTRY_HASH_BYTES])
{
	buf_clear(&records);
	return entry_open(line, id, key, e, &records, &scratch, hash);
}

/* nobody without the key */
static void
check_any(struct str text)
{
	unsigned char hash[ENTRY_HASH_BYTES];
	struct entry e;

	must(take(text, &e, hash) <= 0);
	must(records.n == 0);
	buf_clear(&lines);
	buf_printf(&lines, "{\"n\":\"registry\",\"log\":\"%s", id);
	buf_put_str(&lines, text);
	must(take(buf_str(&lines), &e, hash) < 0);
	must(records.n == 0);
}

/* an honest seal of any head: what is taken of it is within its bounds */
static void
check_head(struct str text)
{
	unsigned char sealed[64] = { 0 }, hash[ENTRY_HASH_BYTES];
	unsigned long long n;
	struct entry e;

	buf_clear(&lines);
	buf_printf(&lines, "{\"n\":\"registry\",\"log\":\"%s", id);
	buf_put_str(&lines, text);
	buf_puts(&lines, ",\"vd\":\"");
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 24, &n,
	    (const unsigned char *)"records", 7,
	    (const unsigned char *)lines.p, lines.n, NULL, sealed, key);
	base64_put(&lines, (struct str){ (const char *)sealed, 24 + n });
	buf_puts(&lines, "\"}");
	if (take(buf_str(&lines), &e, hash) <= 0) {
		must(records.n == 0);
		return;
	}
	must(str_eq(buf_str(&records), STR("records")));
	must(strcmp(e.log, id) == 0 && strlen(e.node) <= ENTRY_NODE_MAX);
	must(e.chunk >= 1 && e.chunk <= e.chunks);
}

/* a line of which one bit is another: it is not taken, or it is the same
 * base64, written in another way */
static void
check_changed(struct str line, size_t at)
{
	size_t start = lines.n - line.n - 1;
	unsigned char hash[ENTRY_HASH_BYTES], other[ENTRY_HASH_BYTES];
	struct entry e;

	must(take(line, &e, hash) == 1);
	lines.p[start + at % line.n] ^= (char)(1 << at % 7);
	if (take(line, &e, other) == 1)
		must(memcmp(hash, other, sizeof hash) == 0);
}

static void
check_written(struct str text)
{
	unsigned char hash[ENTRY_HASH_BYTES], one[ENTRY_HASH_BYTES];
	unsigned char sum[ENTRY_HASH_BYTES];
	struct entry e = { .node = "a", .kind = ENTRY_CHANGE, .epoch = 1,
	    .entry = 7, .schema = 6 }, got;
	struct str rest, line = STR_NONE;
	int64_t n = 0;

	memcpy(e.log, id, sizeof id);
	entry_make_id(e.id);
	buf_clear(&lines);
	buf_clear(&all);
	entry_put(&lines, &e, key, text, hash);
	rest = buf_str(&lines);
	while (str_take_line(&rest, &line)) {
		must(take(line, &got, one) == 1);
		must(got.chunk == ++n && strcmp(got.id, e.id) == 0);
		entry_hash_add(sum, one, n == 1);
		buf_put_str(&all, buf_str(&records));
	}
	must(got.chunks == n && memcmp(sum, hash, sizeof hash) == 0);
	must(str_eq(buf_str(&all), text));
	check_changed(line, text.n > 0 ? (unsigned char)*text.p * 3u +
	    text.n : 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* a copy of exactly that size: a byte read too far is seen */
	char *copy = malloc(n ? n : 1);
	struct str text = { copy, n };

	if (n > 0)
		memcpy(copy, data, n);
	if (scratch.max == 0) {
		arena_init(&scratch, 4 << 20);
		buf_init(&lines, 8 << 20);
		buf_init(&records, 4 << 20);
		buf_init(&all, 4 << 20);
	}
	check_any(text);
	check_head(text);
	check_written(text);
	free(copy);
	return 0;
}
