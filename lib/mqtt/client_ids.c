/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/client_ids.h"

#include <inttypes.h>
#include <sodium.h>
#include <sysexits.h>
#include <time.h>

#include "base/memory.h"
#include "base/number.h"
#include "mqtt/connect.h"
#include "mqtt/journal.h"

#define HEAD "mfx-mqtt-sessions 1 "
#define HASH_TEXT (CLIENT_ID_HASH * 2)
/* hash, thing, "+4294967295" or "@" and a time, blanks and newline */
#define LINE_TEXT (HASH_TEXT + 1 + ID_TEXT + 1 + 22 + 1)
/* lines that say nothing new any more before the file is rewritten */
#define SPARE_LINES 1000
#define THINGS 4096	/* lists of client ids by their things */
#define PORTION 1024	/* lists of the table */
#define FILE_MAX ((size_t)(2 * CLIENT_IDS_MAX + 2 * SPARE_LINES) * LINE_TEXT)

struct client_ids {
	struct journal file;
	struct hash_table table;	/* by client id */
	size_t noted;
	struct client_id *things[THINGS]; /* lists by a hash of the thing */
	void (*release)(struct client_id *);
	unsigned char salt[crypto_shorthash_siphashx24_KEYBYTES];
};

static void
client_ids_hash_of(const struct client_ids *o, const char *client_id,
    unsigned char hash[CLIENT_ID_HASH])
{
	crypto_shorthash_siphashx24(hash, (const unsigned char *)client_id,
	    strlen(client_id), o->salt);
}

/* ---- the table ---- */

static uint64_t
client_ids_first_half(const unsigned char *hash)
{
	uint64_t h;

	memcpy(&h, hash, sizeof h);
	return h;
}

static struct client_id *
client_ids_look_up(const struct client_ids *o, const unsigned char *hash)
{
	struct hash_node *node = hash_first(&o->table,
	    client_ids_first_half(hash));

	while (node != NULL && memcmp(((struct client_id *)node)->client, hash,
	    CLIENT_ID_HASH) != 0)
		node = hash_next(node);
	return (struct client_id *)node;
}

/* ---- of one thing ---- */

static void
client_ids_sibling_leave(struct client_id *w)
{
	if (w->sibling_at == NULL)
		return;
	*w->sibling_at = w->sibling;
	if (w->sibling != NULL)
		w->sibling->sibling_at = w->sibling_at;
	w->sibling_at = NULL;
}

static size_t
client_ids_thing_list(const struct client_ids *o, const char *thing)
{
	unsigned char hash[CLIENT_ID_HASH];

	client_ids_hash_of(o, thing, hash);
	return client_ids_first_half(hash) % THINGS;
}

/* It is this thing's now. */
static void
client_ids_give(struct client_ids *o, struct client_id *w, const char *thing)
{
	struct client_id **at = &o->things[client_ids_thing_list(o, thing)];

	client_ids_sibling_leave(w);
	memcpy(w->thing, thing, ID_TEXT);
	w->sibling = *at;
	if (*at != NULL)
		(*at)->sibling_at = &w->sibling;
	w->sibling_at = at;
	*at = w;
}

size_t
client_ids_count(const struct client_ids *o, const char *thing, int64_t since)
{
	const struct client_id *w = o->things[client_ids_thing_list(o, thing)];
	size_t n = 0;

	for (; w != NULL; w = w->sibling)
		n += (w->connection != NULL || w->left >= since) &&
		    strcmp(w->thing, thing) == 0;
	return n;
}

static uint64_t
client_ids_filter_hash(const struct client_ids *o, const char *filter)
{
	unsigned char hash[CLIENT_ID_HASH];

	client_ids_hash_of(o, filter, hash);
	return client_ids_first_half(hash);
}

bool
client_id_subscribe(struct client_ids *o, struct client_id *w,
    const char *filter, size_t most)
{
	uint64_t h = client_ids_filter_hash(o, filter);
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
client_id_unsubscribe(struct client_ids *o, struct client_id *w,
    const char *filter)
{
	uint64_t h = client_ids_filter_hash(o, filter);
	size_t i;

	for (i = 0; i < w->n_filters; i++)
		if (w->filters[i] == h) {
			w->filters[i] = w->filters[--w->n_filters];
			return;
		}
}

void
client_id_clean(struct client_id *w)
{
	free(w->filters);
	w->filters = NULL;
	w->n_filters = 0;
}

/* One that is there, or a new one; NULL when there are too many. */
static struct client_id *
client_ids_get(struct client_ids *o, const unsigned char *hash)
{
	struct client_id *w = client_ids_look_up(o, hash);
	size_t size = o->table.size;

	if (w != NULL || o->table.n >= CLIENT_IDS_MAX)
		return w;
	hash_table_reserve(&o->table);
	/* what is being rewritten goes by lists of the table */
	if (o->table.size != size && o->file.next >= 0)
		journal_rewrite(&o->file);
	w = memory_zero(1, sizeof *w);
	memcpy(w->client, hash, CLIENT_ID_HASH);
	hash_table_add(&o->table, &w->node, client_ids_first_half(hash));
	return w;
}

static void
client_ids_forget(struct client_ids *o, struct client_id *w)
{
	hash_table_remove(&o->table, &w->node);
	o->noted -= w->noted;
	if (o->release != NULL)
		o->release(w);
	client_ids_sibling_leave(w);
	client_id_clean(w);
	free(w);
}

struct client_id *
client_ids_find(struct client_ids *o, const char *client_id)
{
	unsigned char hash[CLIENT_ID_HASH];

	client_ids_hash_of(o, client_id, hash);
	return client_ids_look_up(o, hash);
}

/* ---- the file ---- */

static void
client_ids_put_line(struct buf *b, const struct client_id *w, bool stored)
{
	char hash[HASH_TEXT + 1];

	sodium_bin2hex(hash, sizeof hash, w->client, CLIENT_ID_HASH);
	buf_printf(b, "%s %s ", hash, w->thing);
	if (!stored)
		buf_puts(b, "none\n");
	else if (w->until != CLIENT_ID_NEVER)
		buf_printf(b, "@%" PRId64 "\n", w->until);
	else if (w->expiry == CONNECT_FOR_EVER)
		buf_puts(b, "never\n");
	else
		buf_printf(b, "+%" PRIu32 "\n", w->expiry);
}

static void
client_ids_put_head(struct buf *b, const struct client_ids *o)
{
	char salt[2 * sizeof o->salt + 1];

	sodium_bin2hex(salt, sizeof salt, o->salt, sizeof o->salt);
	buf_puts(b, HEAD);
	buf_puts(b, salt);
	buf_putc(b, '\n');
}

/* A portion of what is true now. */
static bool
client_ids_put(void *arg, size_t *cursor, struct buf *to)
{
	struct client_ids *o = arg;
	const struct hash_node *node;
	size_t end = *cursor + PORTION;

	for (; *cursor < o->table.size && *cursor < end; ++*cursor)
		for (node = o->table.lists[*cursor]; node != NULL;
		    node = node->next)
			if (((const struct client_id *)node)->noted)
				client_ids_put_line(to,
				    (const struct client_id *)node, true);
	return *cursor < o->table.size;
}

bool
client_ids_step(struct client_ids *o)
{
	if (o->file.next < 0) {
		if (o->file.lines <= 2 * o->noted + SPARE_LINES)
			return false;
		journal_rewrite(&o->file);
	}
	return journal_step(&o->file, client_ids_put, o);
}

/* Whole or not at all; `stored`: is it in the file after this? */
static int
client_ids_note(struct client_ids *o, struct client_id *w, bool stored,
    struct fault *fault)
{
	struct buf b;
	int r;

	buf_init(&b, LINE_TEXT + 1);
	client_ids_put_line(&b, w, stored);
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
client_ids_take_word(struct str *line, struct str *word)
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
client_ids_take_hex(struct str word, unsigned char *to, size_t n)
{
	size_t got;

	return word.n == 2 * n && sodium_hex2bin(to, n, word.p, word.n, NULL,
	    &got, NULL) == 0 && got == n;
}

/* "@…" and "+…"; false when it is neither */
static bool
client_ids_take_when(struct str word, int64_t now, struct client_id *w)
{
	char text[24];
	int64_t number;

	w->until = CLIENT_ID_NEVER;
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
client_ids_take_line(struct client_ids *o, struct str line, int64_t now)
{
	unsigned char hash[CLIENT_ID_HASH];
	struct str client, thing, when;
	char name[ID_TEXT + 1];
	struct client_id *w;

	if (!client_ids_take_word(&line, &client) ||
	    !client_ids_take_word(&line, &thing) || !client_ids_take_word(&line,
	    &when) || line.n > 0 || !client_ids_take_hex(client, hash,
	    sizeof hash) || !uuid_valid(thing) || (w = client_ids_get(o,
	    hash)) == NULL)
		return false;
	if (str_eq(when, STR("none"))) {
		client_ids_forget(o, w);
		return true;
	}
	memcpy(name, thing.p, ID_TEXT);
	name[ID_TEXT] = '\0';
	client_ids_give(o, w, name);
	w->left = now;
	o->noted += !w->noted;
	w->noted = true;
	return client_ids_take_when(when, now, w);
}

static int
client_ids_take_file(struct client_ids *o, struct str text, struct fault *fault)
{
	int64_t now = time(NULL);
	struct str line;

	if (!str_take_line(&text, &line) || !str_starts(line, STR(HEAD)) ||
	    !client_ids_take_hex(str_from(line, sizeof HEAD - 1), o->salt,
	    sizeof o->salt))
		return fault_set(fault, EX_CONFIG,
		    "%s: not a file of sessions", o->file.path);
	while (str_take_line(&text, &line))
		if (!client_ids_take_line(o, line, now))
			return fault_set(fault, EX_CONFIG,
			    "%s: '%.*s' can't be read", o->file.path,
			    STR_ARG(line));
	client_ids_expire(o, now);
	return 0;
}

static int
client_ids_read_file(struct client_ids *o, const char *path,
    struct fault *fault)
{
	struct buf b, head;
	int r;

	buf_init(&b, FILE_MAX);
	r = journal_open(&o->file, path, &b, fault);
	if (r == 0 && b.n == 0)
		randombytes_buf(o->salt, sizeof o->salt);
	else if (r == 0)
		r = client_ids_take_file(o, buf_str(&b), fault);
	buf_release(&b);
	buf_init(&head, LINE_TEXT);
	client_ids_put_head(&head, o);
	journal_head(&o->file, buf_str(&head));
	buf_release(&head);
	return r;
}

int
client_ids_open(struct client_ids **out, const char *path,
    void (*release)(struct client_id *), struct fault *fault)
{
	struct client_ids *o = memory_zero(1, sizeof *o);

	o->file.fd = o->file.next = -1;
	o->release = release;
	hash_table_init(&o->table, 256);
	if (client_ids_read_file(o, path, fault) < 0) {
		client_ids_close(o);
		return -1;
	}
	/* times that ran from the start are noted as such */
	if (o->noted > 0)
		journal_rewrite(&o->file);
	*out = o;
	return 0;
}

void
client_ids_close(struct client_ids *o)
{
	struct hash_node *node;

	if (o == NULL)
		return;
	while ((node = hash_table_after(&o->table, NULL)) != NULL)
		client_ids_forget(o, (struct client_id *)node);
	journal_close(&o->file);
	hash_table_release(&o->table);
	free(o);
}

/* ---- connections ---- */

struct client_id *
client_ids_connect(struct client_ids *o, const char *client_id,
    const char *thing, uint32_t expiry, struct fault *fault)
{
	unsigned char hash[CLIENT_ID_HASH];
	struct client_id *w;
	bool same;

	client_ids_hash_of(o, client_id, hash);
	if ((w = client_ids_get(o, hash)) == NULL) {
		fault_set(fault, EX_TEMPFAIL, "%d client ids are known",
		    CLIENT_IDS_MAX);
		return NULL;
	}
	same = w->noted && w->until == CLIENT_ID_NEVER && w->expiry == expiry &&
	    strcmp(w->thing, thing) == 0;
	if (strcmp(w->thing, thing) != 0)
		client_ids_give(o, w, thing);
	w->until = CLIENT_ID_NEVER;
	w->expiry = expiry;
	/* a stored one that is resumed for the last time is still stored */
	if (!same && (expiry > 0 || w->noted) && client_ids_note(o, w, true,
	    fault) < 0) {
		if (!w->noted && w->connection == NULL)
			client_ids_forget(o, w);
		return NULL;
	}
	return w;
}

void
client_ids_disconnect(struct client_ids *o, struct client_id *w, int64_t now)
{
	struct fault fault;

	w->connection = NULL;
	w->left = now;
	if (w->expiry == CONNECT_FOR_EVER)
		return;
	if (w->expiry > 0) {
		w->until = now + w->expiry;
		client_ids_note(o, w, true, &fault);
		return;
	}
	if (w->noted)
		client_ids_note(o, w, false, &fault);
	client_ids_forget(o, w);
}

void
client_ids_expire(struct client_ids *o, int64_t now)
{
	struct hash_node *node = hash_table_after(&o->table, NULL), *next;
	struct client_id *w;

	for (; node != NULL; node = next) {
		next = hash_table_after(&o->table, node);
		w = (struct client_id *)node;
		if (w->until < now && w->connection == NULL)
			client_ids_forget(o, w);
	}
}
