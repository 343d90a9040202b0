/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/nats/subject.h"

#include "base/hash.h"

static const char hex[] = "0123456789ABCDEF";

/* beyond this a token is cut */
#define TOKEN_KEPT 64
#define TOKEN_LEVELS 16
#define SLOTS_MAX 32

static bool
token_is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

static size_t
token_length(struct str text)
{
	size_t i, n = text.n == 0;

	for (i = 0; i < text.n; i++)
		n += token_is_plain((unsigned char)text.p[i]) ? 1 : 3;
	return n;
}

/* as much of it as `max` bytes hold */
static void
token_put_part(struct buf *b, struct str text, size_t max)
{
	size_t i, end = b->n + max;

	for (i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool plain = token_is_plain(c);

		if (b->n + (plain ? 1 : 3) > end)
			return;
		if (plain) {
			buf_putc(b, (char)c);
			continue;
		}
		buf_putc(b, '=');
		buf_putc(b, hex[c >> 4]);
		buf_putc(b, hex[c & 15]);
	}
}

static void
token_put_hash(struct buf *b, struct str text)
{
	buf_printf(b, "=h%016llx",
	    (unsigned long long)hash_add(HASH_START, text));
}

void
token_put_name(struct buf *b, struct str name)
{
	if (name.n == 0)
		buf_putc(b, '=');
	token_put_part(b, name, 3 * name.n);
}

void
token_put(struct buf *b, struct str text)
{
	if (token_length(text) <= TOKEN_MAX) {
		token_put_name(b, text);
		return;
	}
	token_put_part(b, text, TOKEN_KEPT);
	token_put_hash(b, text);
}

static int
token_digit(char c)
{
	const char *at = c != '\0' ? strchr(hex, c) : NULL;

	return at ? (int)(at - hex) : -1;
}

bool
token_read_name(struct str token, char name[BUS_NAME_MAX + 1])
{
	size_t i, n = 0;

	for (i = 0; i < token.n; i++) {
		int c = (unsigned char)token.p[i];

		if (c == '=') {
			if (token.n - i < 3 ||
			    token_digit(token.p[i + 1]) < 0 ||
			    token_digit(token.p[i + 2]) < 0)
				return false;
			c = token_digit(token.p[i + 1]) << 4 |
			    token_digit(token.p[i + 2]);
			i += 2;
		}
		if (n == BUS_NAME_MAX)
			return false;
		name[n++] = (char)c;
	}
	name[n] = '\0';
	return bus_name_valid((struct str){ name, n });
}

/* ---- shards ---- */

/* the greatest common divisor */
static unsigned
shard_common(uint64_t n, unsigned m)
{
	unsigned rest = (unsigned)(n % m);

	return rest == 0 ? m : shard_common(m, rest);
}

bool
shard_is_all(const struct bus_shard *s)
{
	return s->n == 0 || shard_common(s->n, SLOT_A * SLOT_B) == 1;
}

/* the kth number that has the shard's rest modulo `common` */
static void
shard_put_slot(struct buf *b, const struct bus_shard *s, unsigned common,
    unsigned k)
{
	if (common == 1)
		buf_puts(b, ".*");
	else
		buf_printf(b, ".%u", (unsigned)((s->i - 1) % common) +
		    k * common);
}

bool
shard_put(struct buf *b, const struct bus_shard *s, unsigned k)
{
	unsigned a = shard_common(s->n, SLOT_A), c = shard_common(s->n, SLOT_B);
	unsigned as = a == 1 ? 1 : SLOT_A / a, cs = c == 1 ? 1 : SLOT_B / c;

	if (k >= as * cs)
		return false;
	shard_put_slot(b, s, a, k % as);
	shard_put_slot(b, s, c, k / as);
	buf_puts(b, ".>");
	return true;
}

/* ---- subjects ---- */

static void
subject_slots(char to[SLOTS_MAX], struct str channel)
{
	uint64_t hash = hash_fold(channel);

	snprintf(to, SLOTS_MAX, ".%u.%u.", (unsigned)(hash % SLOT_A),
	    (unsigned)(hash % SLOT_B));
}

bool
subject_is_of(const char *subject, struct str channel)
{
	char slots[SLOTS_MAX];

	subject_slots(slots, channel);
	return strncmp(subject, slots, strlen(slots)) == 0;
}

void
subject_put(struct buf *b, struct str channel, struct str subtopic)
{
	char slots[SLOTS_MAX];
	size_t start = b->n;
	int levels;

	subject_slots(slots, channel);
	buf_puts(b, slots);
	token_put(b, channel);
	for (levels = 0; subtopic.n > 0; levels++) {
		const char *dot = memchr(subtopic.p, '.', subtopic.n);
		size_t n = dot ? (size_t)(dot - subtopic.p) : subtopic.n;

		buf_putc(b, '.');
		if (levels == TOKEN_LEVELS ||
		    b->n - start + 2 * TOKEN_MAX > SUBJECT_MAX) {
			token_put_hash(b, subtopic);
			return;
		}
		token_put(b, (struct str){ subtopic.p, n });
		/* "a." is another subtopic than "a" */
		if (dot != NULL && n + 1 == subtopic.n) {
			buf_puts(b, ".=");
			return;
		}
		subtopic = str_from(subtopic, n + (dot != NULL));
	}
}
