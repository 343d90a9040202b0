/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/entry.h"

#include <inttypes.h>

#include "base/base64.h"
#include "base/os.h"
#include "json/object.h"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEAL_BYTES (NONCE_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)
/* of the text before the sealed value */
#define HEAD_MAX 640

static const char *const entry_kinds[] = { "change", "primary" };
static const char entry_start[] = "{\"n\":\"registry\",\"log\":\"";
static const char entry_value[] = ",\"vd\":\"";

void
entry_make_id(char id[ENTRY_ID_TEXT])
{
	unsigned char bytes[(ENTRY_ID_TEXT - 1) / 2];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(id, ENTRY_ID_TEXT, bytes, sizeof bytes);
}

static void
entry_hash_line(unsigned char hash[ENTRY_HASH_BYTES], struct str head,
    struct str sealed)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, ENTRY_HASH_BYTES);
	crypto_generichash_update(&state, (const unsigned char *)head.p,
	    head.n);
	crypto_generichash_update(&state, (const unsigned char *)sealed.p,
	    sealed.n);
	crypto_generichash_final(&state, hash, ENTRY_HASH_BYTES);
}

void
entry_hash_add(unsigned char hash[ENTRY_HASH_BYTES],
    const unsigned char line[ENTRY_HASH_BYTES], bool first)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, ENTRY_HASH_BYTES);
	if (!first)
		crypto_generichash_update(&state, hash, ENTRY_HASH_BYTES);
	crypto_generichash_update(&state, line, ENTRY_HASH_BYTES);
	crypto_generichash_final(&state, hash, ENTRY_HASH_BYTES);
}

/* ---- writing ---- */

static void
entry_put_head(struct buf *to, const struct entry *e)
{
	buf_printf(to, "%s%s\",\"node\":\"%s\",\"epoch\":%" PRId64
	    ",\"entry\":%" PRId64 ",\"chunk\":%" PRId64 ",\"chunks\":%" PRId64
	    ",\"kind\":\"%s\",\"schema\":%" PRId64 ",\"id\":\"%s\",\"prev\":\"",
	    entry_start, e->log, e->node, e->epoch, e->entry, e->chunk,
	    e->chunks, entry_kinds[e->kind], e->schema, e->id);
	base64_put(to, (struct str){ (const char *)e->prev, sizeof e->prev });
	buf_printf(to, "\"%s", entry_value);
}

static void
entry_put_line(struct buf *to, const struct entry *e, const unsigned char *key,
    struct str records, struct buf *sealed,
    unsigned char hash[ENTRY_HASH_BYTES])
{
	size_t start = to->n;
	unsigned char *room;
	unsigned long long n;
	struct str head;

	entry_put_head(to, e);
	buf_clear(sealed);
	room = (unsigned char *)buf_room(sealed, SEAL_BYTES + records.n);
	if (to->full || room == NULL)
		return;
	head = (struct str){ to->p + start, to->n - start };
	randombytes_buf(room, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(room + NONCE_BYTES, &n,
	    (const unsigned char *)records.p, records.n,
	    (const unsigned char *)head.p, head.n, NULL, room, key);
	sealed->n = NONCE_BYTES + (size_t)n;
	entry_hash_line(hash, head, buf_str(sealed));
	base64_put(to, buf_str(sealed));
	buf_puts(to, "\"}\n");
}

void
entry_put(struct buf *to, const struct entry *entry, const unsigned char *key,
    struct str records, unsigned char hash[ENTRY_HASH_BYTES])
{
	unsigned char line[ENTRY_HASH_BYTES] = { 0 };
	struct entry e = *entry;
	struct buf sealed;
	size_t n;

	buf_init(&sealed, SEAL_BYTES + ENTRY_CHUNK_BYTES);
	e.chunks = 1 + (int64_t)(records.n > 0 ?
	    (records.n - 1) / ENTRY_CHUNK_BYTES : 0);
	for (e.chunk = 1; e.chunk <= e.chunks; e.chunk++) {
		n = records.n < ENTRY_CHUNK_BYTES ? records.n :
		    ENTRY_CHUNK_BYTES;
		entry_put_line(to, &e, key, (struct str){ records.p, n },
		    &sealed, line);
		entry_hash_add(hash, line, e.chunk == 1);
		records = str_from(records, n);
	}
	buf_release(&sealed);
}

/* ---- reading ---- */

enum { LOG, NODE, EPOCH, ENTRY, CHUNK, CHUNKS, KIND, SCHEMA, ID, PREV, FIELDS };

static bool
entry_copy(char *to, size_t size, struct str s)
{
	if (s.n == 0 || s.n >= size)
		return false;
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return true;
}

static bool
entry_take_kind(struct entry *e, struct str word)
{
	e->kind = str_eq(word, str_z(entry_kinds[ENTRY_PRIMARY])) ?
	    ENTRY_PRIMARY : ENTRY_CHANGE;
	return str_eq(word, str_z(entry_kinds[e->kind]));
}

static bool
entry_take_prev(struct entry *e, struct str text)
{
	char bytes[ENTRY_HASH_BYTES + 8];

	if (text.n != (ENTRY_HASH_BYTES * 4 + 2) / 3 ||
	    base64_decode(bytes, text) != ENTRY_HASH_BYTES)
		return false;
	memcpy(e->prev, bytes, ENTRY_HASH_BYTES);
	return true;
}

/* `head` is all before the sealed value */
static bool
entry_read_head(struct entry *e, struct str head, struct arena *scratch)
{
	struct object_field f[FIELDS + 2] = {
		[LOG] = { .name = "log" }, [NODE] = { .name = "node" },
		[EPOCH] = { .name = "epoch", .type = OBJECT_NUMBER },
		[ENTRY] = { .name = "entry", .type = OBJECT_NUMBER },
		[CHUNK] = { .name = "chunk", .type = OBJECT_NUMBER },
		[CHUNKS] = { .name = "chunks", .type = OBJECT_NUMBER },
		[KIND] = { .name = "kind" },
		[SCHEMA] = { .name = "schema", .type = OBJECT_NUMBER },
		[ID] = { .name = "id" }, [PREV] = { .name = "prev" },
		[FIELDS] = { .name = "n" }, [FIELDS + 1] = { .name = "vd" },
	};
	char text[HEAD_MAX + 2];

	memcpy(text, head.p, head.n);
	memcpy(text + head.n, "\"}", 2);
	return object_read_strict((struct str){ text, head.n + 2 }, f,
	    sizeof f / sizeof *f, scratch) == NULL &&
	    entry_copy(e->log, sizeof e->log, f[LOG].value) &&
	    entry_copy(e->node, sizeof e->node, f[NODE].value) &&
	    entry_copy(e->id, sizeof e->id, f[ID].value) &&
	    object_number(f[EPOCH].value, &e->epoch) &&
	    object_number(f[ENTRY].value, &e->entry) &&
	    object_number(f[CHUNK].value, &e->chunk) &&
	    object_number(f[CHUNKS].value, &e->chunks) &&
	    object_number(f[SCHEMA].value, &e->schema) &&
	    entry_take_kind(e, f[KIND].value) &&
	    entry_take_prev(e, f[PREV].value) &&
	    e->chunk >= 1 && e->chunk <= e->chunks;
}

/* where the sealed value begins, or 0 */
static size_t
entry_find_value(struct str line)
{
	size_t n = line.n < HEAD_MAX ? line.n : HEAD_MAX;
	const char *at = os_find(line.p, n, entry_value,
	    sizeof entry_value - 1);

	return at == NULL ? 0 :
	    (size_t)(at - line.p) + sizeof entry_value - 1;
}

static bool
entry_unseal(struct str head, struct str text, const unsigned char *key,
    struct buf *records, struct arena *scratch,
    unsigned char hash[ENTRY_HASH_BYTES])
{
	char *sealed = arena_alloc(scratch, text.n / 4 * 3 + 3), *room;
	unsigned long long got;
	long n;

	if (sealed == NULL || (n = base64_decode(sealed, text)) <
	    (long)SEAL_BYTES || (room = buf_room(records, (size_t)n)) == NULL)
		return false;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)room,
	    &got, NULL, (const unsigned char *)sealed + NONCE_BYTES,
	    (unsigned long long)n - NONCE_BYTES,
	    (const unsigned char *)head.p, head.n,
	    (const unsigned char *)sealed, key) != 0)
		return false;
	records->n += (size_t)got;
	entry_hash_line(hash, head, (struct str){ sealed, (size_t)n });
	return true;
}

int
entry_open(struct str line, const char *log, const unsigned char *key,
    struct entry *e, struct buf *records, struct arena *scratch,
    unsigned char hash[ENTRY_HASH_BYTES])
{
	size_t start = sizeof entry_start - 1, id = strlen(log), at;
	struct str head;
	bool good;

	if (line.n < start + id || memcmp(line.p, entry_start, start) != 0 ||
	    memcmp(line.p + start, log, id) != 0)
		return 0;
	at = entry_find_value(line);
	if (at == 0 || line.n < at + 2 ||
	    memcmp(line.p + line.n - 2, "\"}", 2) != 0)
		return -1;
	head = (struct str){ line.p, at };
	good = entry_read_head(e, head, scratch) && entry_unseal(head,
	    (struct str){ line.p + at, line.n - at - 2 }, key, records,
	    scratch, hash);
	arena_reset(scratch);
	return good ? 1 : -1;
}
