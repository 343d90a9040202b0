/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/owners.h"

#include <inttypes.h>
#include <sodium.h>
#include <sysexits.h>
#include <time.h>

#include "base/memory.h"
#include "base/number.h"
#include "mqtt/connect.h"
#include "mqtt/journal.h"

#define HEAD "mfx-mqtt-sessions 1 "
#define HASH_TEXT (OWNER_HASH * 2)
/* hash, thing, "+4294967295" or "@" and a time, blanks and newline */
#define LINE_TEXT (HASH_TEXT + 1 + ID_TEXT + 1 + 22 + 1)
/* lines that say nothing new any more before the file is rewritten */
#define SPARE_LINES 1000
#define THINGS 4096	/* lists of client ids by their things */
#define PORTION 1024	/* lists of the table */
#define FILE_MAX ((size_t)(2 * OWNERS_MAX + 2 * SPARE_LINES) * LINE_TEXT)

struct owners {
	struct journal file;
	struct hash_table table;	/* by client id */
	size_t noted;
	struct owner *things[THINGS];	/* lists by a hash of the thing */
	void (*release)(struct owner *);
	unsigned char salt[crypto_shorthash_siphashx24_KEYBYTES];
};

static void
owners_hash_of(const struct owners *o, const char *client_id,
    unsigned char hash[OWNER_HASH])
{
	crypto_shorthash_siphashx24(hash, (const unsigned char *)client_id,
	    strlen(client_id), o->salt);
}

/* ---- the table ---- */

static uint64_t
owners_first_half(const unsigned char *hash)
{
	uint64_t h;

	memcpy(&h, hash, sizeof h);
	return h;
}

static struct owner *
owners_look_up(const struct owners *o, const unsigned char *hash)
{
	struct hash_node *node = hash_first(&o->table, owners_first_half(hash));

	while (node != NULL && memcmp(((struct owner *)node)->client, hash,
	    OWNER_HASH) != 0)
		node = hash_next(node);
	return (struct owner *)node;
}

/* ---- of one thing ---- */

static void
owners_sibling_leave(struct owner *w)
{
	if (w->sibling_at == NULL)
		return;
	*w->sibling_at = w->sibling;
	if (w->sibling != NULL)
		w->sibling->sibling_at = w->sibling_at;
	w->sibling_at = NULL;
}

static size_t
owners_thing_list(const struct owners *o, const char *thing)
{
	unsigned char hash[OWNER_HASH];

	owners_hash_of(o, thing, hash);
	return owners_first_half(hash) % THINGS;
}

/* It is this thing's now. */
static void
owners_give(struct owners *o, struct owner *w, const char *thing)
{
	struct owner **at = &o->things[owners_thing_list(o, thing)];

	owners_sibling_leave(w);
	memcpy(w->thing, thing, ID_TEXT);
	w->sibling = *at;
	if (*at != NULL)
		(*at)->sibling_at = &w->sibling;
	w->sibling_at = at;
	*at = w;
}

size_t
owners_count(const struct owners *o, const char *thing, int64_t since)
{
	const struct owner *w = o->things[owners_thing_list(o, thing)];
	size_t n = 0;

	for (; w != NULL; w = w->sibling)
		n += (w->connection != NULL || w->left >= since) &&
		    strcmp(w->thing, thing) == 0;
	return n;
}

static uint64_t
owners_filter_hash(const struct owners *o, const char *filter)
{
	unsigned char hash[OWNER_HASH];

	owners_hash_of(o, filter, hash);
	return owners_first_half(hash);
}

bool
owner_subscribe(struct owners *o, struct owner *w, const char *filter,
    size_t most)
{
	uint64_t h = owners_filter_hash(o, filter);
	size_t i;

	for (i = 0; i < w->n_filters; i++)
		if (w->filters[i] == h)
			return true;
	if (w->n_filters >= most)
		return false;
	w->filters = memory_resize(w->filters, (i + 1) * sizeof h);
	w->filters[w->n_filters++] = h;
	return true;
}

void
owner_unsubscribe(struct owners *o, struct owner *w, const char *filter)
{
	uint64_t h = owners_filter_hash(o, filter);
	size_t i;

	for (i = 0; i < w->n_filters; i++)
		if (w->filters[i] == h) {
			w->filters[i] = w->filters[--w->n_filters];
			return;
		}
}

void
owner_clean(struct owner *w)
{
	free(w->filters);
	w->filters = NULL;
	w->n_filters = 0;
}

/* One that is there, or a new one; NULL when there are too many. */
static struct owner *
owners_get(struct owners *o, const unsigned char *hash)
{
	struct owner *w = owners_look_up(o, hash);
	size_t size = o->table.size;

	if (w != NULL || o->table.n >= OWNERS_MAX)
		return w;
	hash_table_reserve(&o->table);
	/* what is being rewritten goes by lists of the table */
	if (o->table.size != size && o->file.next >= 0)
		journal_rewrite(&o->file);
	w = memory_zero(1, sizeof *w);
	memcpy(w->client, hash, OWNER_HASH);
	hash_table_add(&o->table, &w->node, owners_first_half(hash));
	return w;
}

static void
owners_forget(struct owners *o, struct owner *w)
{
	hash_table_remove(&o->table, &w->node);
	o->noted -= w->noted;
	if (o->release != NULL)
		o->release(w);
	owners_sibling_leave(w);
	owner_clean(w);
	free(w);
}

struct owner *
owners_find(struct owners *o, const char *client_id)
{
	unsigned char hash[OWNER_HASH];

	owners_hash_of(o, client_id, hash);
	return owners_look_up(o, hash);
}

/* ---- the file ---- */

static void
owners_put_line(struct buf *b, const struct owner *w, bool stored)
{
	char hash[HASH_TEXT + 1];

	sodium_bin2hex(hash, sizeof hash, w->client, OWNER_HASH);
	buf_printf(b, "%s %s ", hash, w->thing);
	if (!stored)
		buf_puts(b, "none\n");
	else if (w->until != OWNER_NEVER)
		buf_printf(b, "@%" PRId64 "\n", w->until);
	else if (w->expiry == CONNECT_FOR_EVER)
		buf_puts(b, "never\n");
	else
		buf_printf(b, "+%" PRIu32 "\n", w->expiry);
}

static void
owners_put_head(struct buf *b, const struct owners *o)
{
	char salt[2 * sizeof o->salt + 1];

	sodium_bin2hex(salt, sizeof salt, o->salt, sizeof o->salt);
	buf_puts(b, HEAD);
	buf_puts(b, salt);
	buf_putc(b, '\n');
}

/* A portion of what is true now. */
static bool
owners_put(void *arg, size_t *cursor, struct buf *to)
{
	struct owners *o = arg;
	const struct hash_node *node;
	size_t end = *cursor + PORTION;

	for (; *cursor < o->table.size && *cursor < end; ++*cursor)
		for (node = o->table.lists[*cursor]; node != NULL;
		    node = node->next)
			if (((const struct owner *)node)->noted)
				owners_put_line(to, (const struct owner *)node,
				    true);
	return *cursor < o->table.size;
}

bool
owners_step(struct owners *o)
{
	if (o->file.next < 0) {
		if (o->file.lines <= 2 * o->noted + SPARE_LINES)
			return false;
		journal_rewrite(&o->file);
	}
	return journal_step(&o->file, owners_put, o);
}

/* Whole or not at all; `stored`: is it in the file after this? */
static int
owners_note(struct owners *o, struct owner *w, bool stored, struct fault *fault)
{
	struct buf b;
	int r;

	buf_init(&b, LINE_TEXT + 1);
	owners_put_line(&b, w, stored);
	r = journal_append(&o->file, buf_str(&b), fault);
	buf_release(&b);
	if (r < 0)
		return -1;
	o->noted += (size_t)stored - (size_t)w->noted;
	w->noted = stored;
	return 0;
}

/* ---- reading it ---- */

static bool
owners_take_word(struct str *line, struct str *word)
{
	const char *blank = line->n ? memchr(line->p, ' ', line->n) : NULL;

	*word = *line;
	if (blank == NULL) {
		*line = STR_NONE;
		return word->n > 0;
	}
	word->n = (size_t)(blank - line->p);
	*line = str_from(*line, word->n + 1);
	return word->n > 0;
}

static bool
owners_take_hex(struct str word, unsigned char *to, size_t n)
{
	size_t got;

	return word.n == 2 * n && sodium_hex2bin(to, n, word.p, word.n, NULL,
	    &got, NULL) == 0 && got == n;
}

/* "@…" and "+…"; false when it is neither */
static bool
owners_take_when(struct str word, int64_t now, struct owner *w)
{
	char text[24];
	int64_t number;

	w->until = OWNER_NEVER;
	w->expiry = CONNECT_FOR_EVER;
	if (str_eq(word, STR("never")))
		return true;
	if (word.n < 2 || word.n > sizeof text)
		return false;
	memcpy(text, word.p + 1, word.n - 1);
	text[word.n - 1] = '\0';
	if (!number_parse(text, 0, INT64_MAX / 2, &number))
		return false;
	/* its broker has ended: the time runs from now */
	w->until = *word.p == '+' ? now + number : number;
	return *word.p == '@' || *word.p == '+';
}

static bool
owners_take_line(struct owners *o, struct str line, int64_t now)
{
	unsigned char hash[OWNER_HASH];
	struct str client, thing, when;
	char name[ID_TEXT + 1];
	struct owner *w;

	if (!owners_take_word(&line, &client) ||
	    !owners_take_word(&line, &thing) ||
	    !owners_take_word(&line, &when) || line.n > 0 ||
	    !owners_take_hex(client, hash, sizeof hash) || !uuid_valid(thing) ||
	    (w = owners_get(o, hash)) == NULL)
		return false;
	if (str_eq(when, STR("none"))) {
		owners_forget(o, w);
		return true;
	}
	memcpy(name, thing.p, ID_TEXT);
	name[ID_TEXT] = '\0';
	owners_give(o, w, name);
	w->left = now;
	o->noted += !w->noted;
	w->noted = true;
	return owners_take_when(when, now, w);
}

static int
owners_take_file(struct owners *o, struct str text, struct fault *fault)
{
	int64_t now = time(NULL);
	struct str line;

	if (!str_take_line(&text, &line) || !str_starts(line, STR(HEAD)) ||
	    !owners_take_hex(str_from(line, sizeof HEAD - 1), o->salt,
	    sizeof o->salt))
		return fault_set(fault, EX_CONFIG,
		    "%s: not a file of sessions", o->file.path);
	while (str_take_line(&text, &line))
		if (!owners_take_line(o, line, now))
			return fault_set(fault, EX_CONFIG,
			    "%s: '%.*s' can't be read", o->file.path,
			    STR_ARG(line));
	owners_expire(o, now);
	return 0;
}

static int
owners_read_file(struct owners *o, const char *path, struct fault *fault)
{
	struct buf b, head;
	int r;

	buf_init(&b, FILE_MAX);
	r = journal_open(&o->file, path, &b, fault);
	if (r == 0 && b.n == 0)
		randombytes_buf(o->salt, sizeof o->salt);
	else if (r == 0)
		r = owners_take_file(o, buf_str(&b), fault);
	buf_release(&b);
	buf_init(&head, LINE_TEXT);
	owners_put_head(&head, o);
	journal_head(&o->file, buf_str(&head));
	buf_release(&head);
	return r;
}

int
owners_open(struct owners **out, const char *path,
    void (*release)(struct owner *), struct fault *fault)
{
	struct owners *o = memory_zero(1, sizeof *o);

	o->file.fd = o->file.next = -1;
	o->release = release;
	hash_table_init(&o->table, 256);
	if (owners_read_file(o, path, fault) < 0) {
		owners_close(o);
		return -1;
	}
	/* times that ran from the start are noted as such */
	if (o->noted > 0)
		journal_rewrite(&o->file);
	*out = o;
	return 0;
}

void
owners_close(struct owners *o)
{
	struct hash_node *node;

	if (o == NULL)
		return;
	while ((node = hash_table_after(&o->table, NULL)) != NULL)
		owners_forget(o, (struct owner *)node);
	journal_close(&o->file);
	hash_table_release(&o->table);
	free(o);
}

/* ---- connections ---- */

struct owner *
owners_connect(struct owners *o, const char *client_id, const char *thing,
    uint32_t expiry, struct fault *fault)
{
	unsigned char hash[OWNER_HASH];
	struct owner *w;
	bool same;

	owners_hash_of(o, client_id, hash);
	if ((w = owners_get(o, hash)) == NULL) {
		fault_set(fault, EX_TEMPFAIL, "%d client ids are known",
		    OWNERS_MAX);
		return NULL;
	}
	same = w->noted && w->until == OWNER_NEVER && w->expiry == expiry &&
	    strcmp(w->thing, thing) == 0;
	if (strcmp(w->thing, thing) != 0)
		owners_give(o, w, thing);
	w->until = OWNER_NEVER;
	w->expiry = expiry;
	/* a stored one that is resumed for the last time is still stored */
	if (!same && (expiry > 0 || w->noted) && owners_note(o, w, true, fault)
	    < 0) {
		if (!w->noted && w->connection == NULL)
			owners_forget(o, w);
		return NULL;
	}
	return w;
}

void
owners_disconnect(struct owners *o, struct owner *w, int64_t now)
{
	struct fault fault;

	w->connection = NULL;
	w->left = now;
	if (w->expiry == CONNECT_FOR_EVER)
		return;
	if (w->expiry > 0) {
		w->until = now + w->expiry;
		owners_note(o, w, true, &fault);
		return;
	}
	if (w->noted)
		owners_note(o, w, false, &fault);
	owners_forget(o, w);
}

void
owners_expire(struct owners *o, int64_t now)
{
	struct hash_node *node = hash_table_after(&o->table, NULL), *next;
	struct owner *w;

	for (; node != NULL; node = next) {
		next = hash_table_after(&o->table, node);
		w = (struct owner *)node;
		if (w->until < now && w->connection == NULL)
			owners_forget(o, w);
	}
}
