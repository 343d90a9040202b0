/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/retained.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "mqtt/journal.h"
#include "registry/uuid.h"

#define HEAD "mfx-mqtt-retained 1 "
#define HASH 16
#define LINE_TEXT (2 * HASH + 1 + ID_TEXT + 1 + 20 + 1)
#define SPARE_LINES 1000
#define FILE_MAX ((size_t)(2 * RETAINED_MAX + 2 * SPARE_LINES) * LINE_TEXT)
#define SIZE_MIN 256
#define PORTION 1024	/* lists of the table */

/* a thing that has left something */
struct holder {
	struct hash_node node;
	char thing[ID_TEXT + 1];
	int64_t messages, bytes;
};

struct kept {
	struct hash_node node;
	unsigned char topic[HASH];
	int64_t bytes;
	struct holder *holder;
};

struct retained {
	struct journal file;
	struct hash_table holders, topics;
	unsigned char salt[crypto_shorthash_siphashx24_KEYBYTES];
};

/* ---- the tables ---- */

static void
retained_hash(const struct retained *r, const char *text,
    unsigned char hash[HASH])
{
	crypto_shorthash_siphashx24(hash, (const unsigned char *)text,
	    strlen(text), r->salt);
}

static uint64_t
retained_first_half(const unsigned char *hash)
{
	uint64_t h;

	memcpy(&h, hash, sizeof h);
	return h;
}

static struct holder *
holder_find(const struct retained *r, const char *thing)
{
	unsigned char hash[HASH];
	struct hash_node *node;

	retained_hash(r, thing, hash);
	node = hash_first(&r->holders, retained_first_half(hash));
	while (node != NULL &&
	    strcmp(((struct holder *)node)->thing, thing) != 0)
		node = hash_next(node);
	return (struct holder *)node;
}

static struct holder *
holder_get(struct retained *r, const char *thing)
{
	struct holder *h = holder_find(r, thing);
	unsigned char hash[HASH];

	if (h != NULL)
		return h;
	hash_table_reserve(&r->holders);
	h = memory_zero(1, sizeof *h);
	memcpy(h->thing, thing, ID_TEXT);
	retained_hash(r, thing, hash);
	hash_table_add(&r->holders, &h->node, retained_first_half(hash));
	return h;
}

static struct kept *
kept_find(const struct retained *r, const unsigned char *topic)
{
	struct hash_node *node = hash_first(&r->topics,
	    retained_first_half(topic));

	while (node != NULL &&
	    memcmp(((struct kept *)node)->topic, topic, HASH) != 0)
		node = hash_next(node);
	return (struct kept *)node;
}

static void
retained_forget(struct retained *r, struct kept *k)
{
	struct holder *h = k->holder;

	h->messages--;
	h->bytes -= k->bytes;
	if (h->messages == 0) {
		hash_table_remove(&r->holders, &h->node);
		free(h);
	}
	hash_table_remove(&r->topics, &k->node);
	free(k);
}

static void
retained_add(struct retained *r, const unsigned char *topic,
    const char *thing, int64_t bytes)
{
	struct kept *k = kept_find(r, topic);
	size_t size = r->topics.size;

	if (k != NULL)
		retained_forget(r, k);
	hash_table_reserve(&r->topics);
	/* what is being rewritten goes by lists of the table */
	if (r->topics.size != size && r->file.next >= 0)
		journal_rewrite(&r->file);
	k = memory_zero(1, sizeof *k);
	memcpy(k->topic, topic, HASH);
	k->bytes = bytes;
	k->holder = holder_get(r, thing);
	k->holder->messages++;
	k->holder->bytes += bytes;
	hash_table_add(&r->topics, &k->node, retained_first_half(topic));
}

/* ---- the file ---- */

static void
retained_put_line(struct buf *b, const unsigned char *topic, const char *thing,
    int64_t bytes)
{
	char hash[2 * HASH + 1];

	sodium_bin2hex(hash, sizeof hash, topic, HASH);
	buf_printf(b, "%s %s %" PRId64 "\n", hash, thing, bytes);
}

/* What can't be noted now counts until the broker ends. */
static void
retained_note(struct retained *r, const unsigned char *topic,
    const char *thing, int64_t bytes)
{
	struct fault ignored;
	struct buf b;

	buf_init(&b, LINE_TEXT + 1);
	retained_put_line(&b, topic, thing, bytes);
	journal_append(&r->file, buf_str(&b), &ignored);
	buf_release(&b);
}

static bool
retained_portion(void *arg, size_t *cursor, struct buf *to)
{
	struct retained *r = arg;
	size_t end = *cursor + PORTION;
	const struct hash_node *node;
	const struct kept *k;

	for (; *cursor < r->topics.size && *cursor < end; ++*cursor)
		for (node = r->topics.lists[*cursor]; node != NULL;
		    node = node->next) {
			k = (const struct kept *)node;
			retained_put_line(to, k->topic, k->holder->thing,
			    k->bytes);
		}
	return *cursor < r->topics.size;
}

bool
retained_step(struct retained *r)
{
	if (r->file.next < 0) {
		if (r->file.lines <= 2 * r->topics.n + SPARE_LINES)
			return false;
		journal_rewrite(&r->file);
	}
	return journal_step(&r->file, retained_portion, r);
}

static bool
retained_take_hex(struct str text, unsigned char *to, size_t n)
{
	size_t got;

	return text.n == 2 * n && sodium_hex2bin(to, n, text.p, text.n, NULL,
	    &got, NULL) == 0 && got == n;
}

static bool
retained_take_line(struct retained *r, struct str line)
{
	const size_t at = 2 * HASH + 1, end = at + ID_TEXT;
	unsigned char topic[HASH];
	char thing[ID_TEXT + 1], number[24];
	struct kept *k;
	int64_t bytes;

	if (line.n <= end + 1 || line.n - end > sizeof number ||
	    line.p[at - 1] != ' ' || line.p[end] != ' ' ||
	    !retained_take_hex((struct str){ line.p, 2 * HASH }, topic, HASH) ||
	    !uuid_valid((struct str){ line.p + at, ID_TEXT }))
		return false;
	memcpy(thing, line.p + at, ID_TEXT);
	thing[ID_TEXT] = '\0';
	memcpy(number, line.p + end + 1, line.n - end - 1);
	number[line.n - end - 1] = '\0';
	if (!number_parse(number, 0, INT64_C(1) << 40, &bytes))
		return false;
	if (bytes > 0 && r->topics.n < RETAINED_MAX)
		retained_add(r, topic, thing, bytes);
	else if (bytes == 0 && (k = kept_find(r, topic)) != NULL)
		retained_forget(r, k);
	return true;
}

static int
retained_take_file(struct retained *r, struct str text, struct fault *fault)
{
	struct str line;

	if (!str_take_line(&text, &line) || !str_starts(line, STR(HEAD)) ||
	    !retained_take_hex(str_from(line, sizeof HEAD - 1), r->salt,
	    sizeof r->salt))
		return fault_set(fault, EX_CONFIG,
		    "%s: not a file of retained messages", r->file.path);
	while (str_take_line(&text, &line))
		if (!retained_take_line(r, line))
			return fault_set(fault, EX_CONFIG,
			    "%s: '%.*s' can't be read", r->file.path,
			    STR_ARG(line));
	return 0;
}

static void
retained_set_head(struct retained *r)
{
	char salt[2 * sizeof r->salt + 1];
	struct buf b;

	sodium_bin2hex(salt, sizeof salt, r->salt, sizeof r->salt);
	buf_init(&b, LINE_TEXT);
	buf_printf(&b, "%s%s\n", HEAD, salt);
	journal_head(&r->file, buf_str(&b));
	buf_release(&b);
}

int
retained_open(struct retained **out, const char *path, struct fault *fault)
{
	struct retained *r = memory_zero(1, sizeof *r);
	struct buf b;
	int got;

	r->file.fd = r->file.next = -1;
	hash_table_init(&r->holders, SIZE_MIN);
	hash_table_init(&r->topics, SIZE_MIN);
	buf_init(&b, FILE_MAX);
	got = journal_open(&r->file, path, &b, fault);
	if (got == 0 && b.n == 0)
		randombytes_buf(r->salt, sizeof r->salt);
	else if (got == 0)
		got = retained_take_file(r, buf_str(&b), fault);
	buf_release(&b);
	retained_set_head(r);
	if (got < 0) {
		retained_close(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
retained_close(struct retained *r)
{
	struct hash_node *node;

	if (r == NULL)
		return;
	while ((node = hash_table_after(&r->topics, NULL)) != NULL)
		retained_forget(r, (struct kept *)node);
	journal_close(&r->file);
	hash_table_release(&r->topics);
	hash_table_release(&r->holders);
	free(r);
}

/* ---- messages ---- */

bool
retained_put(struct retained *r, const struct retained_limits *limits,
    const char *topic, const char *thing, size_t payload)
{
	int64_t bytes = (int64_t)(payload + strlen(topic) + RETAINED_EACH);
	int64_t messages = 1, sum = bytes;
	const struct holder *h = holder_find(r, thing);
	unsigned char hash[HASH];
	const struct kept *k;

	retained_hash(r, topic, hash);
	k = kept_find(r, hash);
	if (h != NULL) {
		messages += h->messages - (k != NULL && k->holder == h);
		sum += h->bytes - (k != NULL && k->holder == h ? k->bytes : 0);
	}
	if ((k == NULL && r->topics.n >= RETAINED_MAX) ||
	    (limits->messages > 0 && messages > limits->messages) ||
	    (limits->bytes > 0 && sum > limits->bytes))
		return false;
	if (k != NULL && k->holder == h && k->bytes == bytes)
		return true;
	retained_add(r, hash, thing, bytes);
	retained_note(r, hash, thing, bytes);
	return true;
}

void
retained_clear(struct retained *r, const char *topic)
{
	unsigned char hash[HASH];
	struct kept *k;

	retained_hash(r, topic, hash);
	if ((k = kept_find(r, hash)) == NULL)
		return;
	retained_note(r, hash, k->holder->thing, 0);
	retained_forget(r, k);
}
