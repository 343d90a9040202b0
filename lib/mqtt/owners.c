/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/opt.h"
#include "base/out.h"
#include "bus/bus.h"
#include "mqtt/connect.h"

#define HEAD "mfx-mqtt-sessions 1 "
#define HASH_TEXT (OWNER_HASH * 2)
/* hash, thing, "+4294967295" or "@" and a time, blanks and newline */
#define LINE_TEXT (HASH_TEXT + 1 + ID_TEXT + 1 + 22 + 1)
/* lines that say nothing new any more before the file is written anew */
#define SPARE_LINES 1000
#define FILE_MAX ((size_t)(2 * OWNERS_MAX + 2 * SPARE_LINES) * LINE_TEXT)

struct owners {
	char *path;
	int fd;
	uint64_t size;		/* of the file: whole lines */
	size_t lines;		/* in it */
	struct owner **buckets;
	size_t n, cap;		/* cap is a power of two */
	size_t noted;
	void (*release)(struct owner *);
	unsigned char salt[crypto_shorthash_siphashx24_KEYBYTES];
};

static void
hash_of(const struct owners *o, const char *client_id,
    unsigned char hash[OWNER_HASH])
{
	crypto_shorthash_siphashx24(hash, (const unsigned char *)client_id,
	    strlen(client_id), o->salt);
}

/* ---- the table ---- */

static struct owner **
bucket_of(const struct owners *o, const unsigned char *hash)
{
	size_t i;

	memcpy(&i, hash, sizeof i);
	return &o->buckets[i & (o->cap - 1)];
}

static struct owner **
place_of(const struct owners *o, const unsigned char *hash)
{
	struct owner **at = bucket_of(o, hash);

	while (*at != NULL && memcmp((*at)->client, hash, OWNER_HASH) != 0)
		at = &(*at)->next;
	return at;
}

static void
grow(struct owners *o)
{
	struct owner **old = o->buckets, *w, *next, **to;
	size_t i, cap = o->cap, more = cap ? cap * 2 : 256;

	/* without memory it stays as it was */
	o->buckets = memory_zero(more, sizeof *o->buckets);
	o->cap = more;
	for (i = 0; i < cap; i++)
		for (w = old[i]; w != NULL; w = next) {
			next = w->next;
			to = bucket_of(o, w->client);
			w->next = *to;
			*to = w;
		}
	free(old);
}

/* One that is there, or a new one; NULL when there are too many. */
static struct owner *
get(struct owners *o, const unsigned char *hash)
{
	struct owner *w = *place_of(o, hash), **to;

	if (w != NULL || o->n >= OWNERS_MAX)
		return w;
	if (o->n >= o->cap)
		grow(o);
	w = memory_zero(1, sizeof *w);
	memcpy(w->client, hash, OWNER_HASH);
	to = bucket_of(o, hash);
	w->next = *to;
	*to = w;
	o->n++;
	return w;
}

static void
forget(struct owners *o, struct owner *w)
{
	*place_of(o, w->client) = w->next;
	o->n--;
	o->noted -= w->noted;
	if (o->release != NULL)
		o->release(w);
	free(w);
}

struct owner *
owners_find(struct owners *o, const char *client_id)
{
	unsigned char hash[OWNER_HASH];

	hash_of(o, client_id, hash);
	return *place_of(o, hash);
}

/* ---- the file ---- */

static void
put_line(struct buf *b, const struct owner *w, bool stored)
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
put_head(struct buf *b, const struct owners *o)
{
	char salt[2 * sizeof o->salt + 1];

	sodium_bin2hex(salt, sizeof salt, o->salt, sizeof o->salt);
	buf_puts(b, HEAD);
	buf_puts(b, salt);
	buf_putc(b, '\n');
}

/* Opens what is at the path, for us alone. */
static int
open_file(struct owners *o, struct fault *fault)
{
	int fd = open(o->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return fault_errno(fault, 0, "%s", o->path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return fault_set(fault, EX_TEMPFAIL,
		    "%s: another broker has this file", o->path);
	}
	o->fd = fd;
	return 0;
}

/* Writes the file anew, with what is true now.  When that fails the old one
 * goes on, or none can be written to. */
static int
compact(struct owners *o, struct fault *fault)
{
	size_t i, lines = 1;
	struct owner *w;
	struct buf b;
	int r;

	buf_init(&b, FILE_MAX);
	put_head(&b, o);
	for (i = 0; i < o->cap; i++)
		for (w = o->buckets[i]; w != NULL; w = w->next)
			if (w->noted) {
				put_line(&b, w, true);
				lines++;
			}
	r = file_replace(o->path, buf_str(&b), 0600, false, fault);
	if (r == 0) {
		o->size = b.n;
		o->lines = lines;
		close(o->fd);
		o->fd = -1;
		r = open_file(o, fault);
	}
	buf_release(&b);
	return r;
}

/* Whole or not at all; `stored`: is it in the file after this? */
static int
note(struct owners *o, struct owner *w, bool stored, struct fault *fault)
{
	struct buf b;
	ssize_t n;

	buf_init(&b, LINE_TEXT + 1);
	put_line(&b, w, stored);
	n = pwrite(o->fd, b.p, b.n, (off_t)o->size);
	if (n != (ssize_t)b.n) {
		if (n >= 0)
			errno = ENOSPC;
		fault_errno(fault, 0, "%s", o->path);
		/* what is behind the size is written over by the next one */
		buf_release(&b);
		return -1;
	}
	o->size += b.n;
	o->lines++;
	buf_release(&b);
	o->noted += (size_t)stored - (size_t)w->noted;
	w->noted = stored;
	return 0;
}

/* ---- reading it ---- */

static bool
take_word(struct str *line, struct str *word)
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
take_hex(struct str word, unsigned char *to, size_t n)
{
	size_t got;

	return word.n == 2 * n && sodium_hex2bin(to, n, word.p, word.n, NULL,
	    &got, NULL) == 0 && got == n;
}

/* "@…" and "+…"; false when it is none */
static bool
take_when(struct str word, int64_t now, struct owner *w)
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
take_line(struct owners *o, struct str line, int64_t now)
{
	unsigned char hash[OWNER_HASH];
	struct str client, thing, when;
	struct owner *w;

	if (!take_word(&line, &client) || !take_word(&line, &thing) ||
	    !take_word(&line, &when) || line.n > 0 ||
	    !take_hex(client, hash, sizeof hash) || !uuid_valid(thing) ||
	    (w = get(o, hash)) == NULL)
		return false;
	if (str_eq(when, STR("none"))) {
		forget(o, w);
		return true;
	}
	memcpy(w->thing, thing.p, ID_TEXT);
	o->noted += !w->noted;
	w->noted = true;
	return take_when(when, now, w);
}

static int
take_file(struct owners *o, struct str text, struct fault *fault)
{
	int64_t now = time(NULL);
	struct str line;

	if (!bus_line_next(&text, &line) || !str_starts(line, STR(HEAD)) ||
	    !take_hex(str_from(line, sizeof HEAD - 1), o->salt,
	    sizeof o->salt))
		return fault_set(fault, EX_CONFIG,
		    "%s: not a file of sessions", o->path);
	while (bus_line_next(&text, &line))
		if (!take_line(o, line, now))
			return fault_set(fault, EX_CONFIG,
			    "%s: '%.*s' can't be read", o->path,
			    STR_ARG(line));
	owners_expire(o, now);
	return 0;
}

static int
read_file(struct owners *o, struct fault *fault)
{
	struct buf b;
	int r;

	buf_init(&b, FILE_MAX);
	r = file_read(o->path, &b, fault);
	if (r == 0 && b.n == 0)
		randombytes_buf(o->salt, sizeof o->salt);
	else if (r == 0)
		r = take_file(o, buf_str(&b), fault);
	buf_release(&b);
	return r;
}

int
owners_open(struct owners **out, const char *path,
    void (*release)(struct owner *), struct fault *fault)
{
	struct owners *o = memory_zero(1, sizeof *o);

	o->path = memory_strdup(path);
	o->fd = -1;
	o->release = release;
	grow(o);
	if (open_file(o, fault) < 0 || read_file(o, fault) < 0 ||
	    compact(o, fault) < 0) {
		owners_close(o);
		return -1;
	}
	*out = o;
	return 0;
}

void
owners_close(struct owners *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < o->cap; i++)
		while (o->buckets[i] != NULL)
			forget(o, o->buckets[i]);
	if (o->fd >= 0)
		close(o->fd);
	free(o->buckets);
	free(o->path);
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

	hash_of(o, client_id, hash);
	if ((w = get(o, hash)) == NULL) {
		fault_set(fault, EX_TEMPFAIL, "%d client ids are known",
		    OWNERS_MAX);
		return NULL;
	}
	same = w->noted && w->until == OWNER_NEVER && w->expiry == expiry &&
	    strcmp(w->thing, thing) == 0;
	memcpy(w->thing, thing, ID_TEXT);
	w->until = OWNER_NEVER;
	w->expiry = expiry;
	/* a stored one that is resumed for the last time is still stored */
	if (!same && (expiry > 0 || w->noted) && note(o, w, true, fault) < 0) {
		if (!w->noted && w->connection == NULL)
			forget(o, w);
		return NULL;
	}
	if (o->lines > 2 * o->noted + SPARE_LINES)
		compact(o, fault);
	return w;
}

void
owners_disconnect(struct owners *o, struct owner *w, int64_t now)
{
	struct fault fault;

	w->connection = NULL;
	if (w->expiry == CONNECT_FOR_EVER)
		return;
	if (w->expiry > 0) {
		w->until = now + w->expiry;
		note(o, w, true, &fault);
		return;
	}
	if (w->noted)
		note(o, w, false, &fault);
	forget(o, w);
}

void
owners_expire(struct owners *o, int64_t now)
{
	struct owner *w, *next;
	size_t i;

	for (i = 0; i < o->cap; i++)
		for (w = o->buckets[i]; w != NULL; w = next) {
			next = w->next;
			if (w->until < now && w->connection == NULL)
				forget(o, w);
		}
}
