/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/access.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "registry/issued.h"
#include "registry/statement.h"

#define CHANGED_MS 50		/* how old an answer may be */
#define REPLACED_MS 1000

/*
 * The cache: sets of four entries, one cache line each.  What is refused
 * goes into the first entry of a set only, so that a flood of guessed keys
 * can't replace the answers for real ones.  An entry of an older generation is
 * empty: the cache is cleared by counting up.
 */
#define SETS 16384
#define WAYS 4

struct entry {
	unsigned char tag[crypto_shorthash_siphashx24_BYTES];
	uint32_t generation;
	uint8_t result;
	uint8_t directions;
	char thing[ID_TEXT];
	char pad[6];
};
_Static_assert(sizeof(struct entry) == 64, "a cache line");

struct access {
	struct registry *registry;	/* NULL: can't be opened now */
	char *home;
	struct entry *entries;
	uint32_t generation;
	unsigned turn;			/* which way is replaced next */
	int64_t changed_at, replaced_at;	/* last checked, ms */
	char thing[ID_TEXT];		/* the last answer of the registry */
	uint8_t directions;
	struct fault fault;
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
};

enum question {
	BY_KEY = 'k', BY_ID = 'i', WHO = 'w', OWNER = 'o', REVOKED = 'r'
};

static void
access_clear(struct access *a)
{
	if (++a->generation == 0) {
		memset(a->entries, 0, sizeof(struct entry) * SETS * WAYS);
		a->generation = 1;
	}
}

uint32_t
access_generation(const struct access *a)
{
	return a->generation;
}

void
access_forget(struct access *a)
{
	access_clear(a);
}

int
access_open(struct access **out, const char *home, struct fault *fault)
{
	struct access *a = memory_zero(1, sizeof *a);

	a->home = home ? memory_strdup(home) : home_path("");
	a->generation = 1;
	/* the system gives it memory as it is used */
	a->entries = memory_zero(SETS * WAYS, sizeof *a->entries);
	a->changed_at = a->replaced_at = clock_coarse_ns() / 1000000;
	if (registry_open(&a->registry, a->home, REGISTRY_READ, fault) < 0) {
		access_close(a);
		return -1;
	}
	randombytes_buf(a->secret, sizeof a->secret);
	*out = a;
	return 0;
}

void
access_close(struct access *a)
{
	if (a == NULL)
		return;
	registry_close(a->registry);
	free(a->entries);
	free(a->home);
	sodium_memzero(a->secret, sizeof a->secret);
	free(a);
}

const char *
access_refusal(enum access_result result)
{
	return result == ACCESS_OTHER_WAY ? "this thing's connection to this "
	    "channel does not go this way" :
	    "no thing with this key is connected to this channel";
}

const char *
access_fault(struct access *a)
{
	return a->fault.text;
}

/* ---- staying up to date ---- */

/* Opens what is there now, or notes why not and tries again later.  Only a
 * file that is there: an empty registry made here would hide a loss. */
static void
access_reopen(struct access *a)
{
	registry_close(a->registry);
	a->registry = NULL;
	if (registry_exists(a->home, &a->fault))
		registry_open(&a->registry, a->home, REGISTRY_READ,
		    &a->fault);
}

bool
access_refresh(struct access *a)
{
	int64_t now = clock_coarse_ns() / 1000000;
	bool changed = false;

	if (now - a->replaced_at >= REPLACED_MS) {
		a->replaced_at = now;
		if (a->registry == NULL || registry_replaced(a->registry)) {
			changed = true;
			access_reopen(a);
		}
	}
	if (now - a->changed_at >= CHANGED_MS) {
		a->changed_at = now;
		/* one that can't be asked is treated as changed */
		if (a->registry != NULL && registry_changed(a->registry))
			changed = true;
	}
	if (changed)
		access_clear(a);
	return changed;
}

bool
access_refresh_now(struct access *a)
{
	a->changed_at -= CHANGED_MS;
	return access_refresh(a);
}

/* ---- the cache ---- */

static void
access_tag(struct access *a, enum question q, struct str who,
    struct str channel, unsigned char *tag)
{
	unsigned char text[1 + THING_KEY_MAX + ID_TEXT];

	/* it depends on the question alone whether a channel follows, of
	 * ID_TEXT bytes: so no two questions are the same text */
	text[0] = (unsigned char)q;
	memcpy(text + 1, who.p, who.n);
	if (channel.n > 0)
		memcpy(text + 1 + who.n, channel.p, channel.n);
	crypto_shorthash_siphashx24(tag, text, 1 + who.n + channel.n,
	    a->secret);
	sodium_memzero(text, 1 + who.n);
}

static struct entry *
access_set(struct access *a, const unsigned char *tag)
{
	size_t i = (size_t)tag[0] | (size_t)tag[1] << 8;

	return a->entries + i % SETS * WAYS;
}

static struct entry *
access_cached(struct access *a, const unsigned char *tag)
{
	struct entry *set = access_set(a, tag);
	size_t i;

	for (i = 0; i < WAYS; i++)
		if (set[i].generation == a->generation &&
		    memcmp(set[i].tag, tag, sizeof set[i].tag) == 0)
			return &set[i];
	return NULL;
}

static void
access_remember(struct access *a, const unsigned char *tag,
    enum access_result result)
{
	struct entry *e = access_set(a, tag);

	if (result == ACCESS_YES)
		e += 1 + a->turn++ % (WAYS - 1);
	memcpy(e->tag, tag, sizeof e->tag);
	e->generation = a->generation;
	e->result = (uint8_t)result;
	e->directions = a->directions;
	memcpy(e->thing, a->thing, ID_TEXT);
}

/* ---- asking the registry ---- */

/* by enum question; each gives the thing, and which way it is connected, to a
 * channel of its owner or as a guest: NULL when it isn't */
#define ACCESS_DIRECTION(from)						\
	"(SELECT direction FROM " from " WHERE thing = things.n"	\
	" AND channel = (SELECT n FROM channels WHERE id = ?2"		\
	" AND NOT disabled))"
#define ACCESS_SQL(which)						\
	"SELECT id, coalesce(" ACCESS_DIRECTION("connections") ", "	\
	ACCESS_DIRECTION("guests") ") FROM things WHERE " which		\
	" AND NOT disabled"
static const char by_key[] = ACCESS_SQL("key_hash = ?1");
static const char by_id[] =
    ACCESS_SQL("id = ?1 AND key_hash IS NOT NULL");
static const char who_has[] =
	"SELECT id, 3 FROM things WHERE key_hash = ?1 AND NOT disabled";
static const char whose[] =
	"SELECT users.id, 3 FROM things JOIN users ON users.n = owner"
	" WHERE things.id = ?1";

static const char *
access_sql(enum question q)
{
	switch (q) {
	case BY_ID:
		return by_id;
	case WHO:
		return who_has;
	case OWNER:
		return whose;
	case BY_KEY:
	case REVOKED:
		break;
	}
	return by_key;
}

static enum access_result
access_ask(struct access *a, enum question q, struct str who,
    struct str channel)
{
	unsigned char hash[KEY_HASH_BYTES];
	sqlite3_stmt *st;
	struct str id;
	int got;

	a->directions = 0;
	if (a->registry == NULL)
		return ACCESS_ERROR;
	st = statement_get(a->registry, access_sql(q), &a->fault);
	if (q == BY_ID || q == OWNER) {
		db_bind_str(st, 1, who);
	} else {
		keyring_hash(&a->registry->keys, who, hash);
		sqlite3_bind_blob(st, 1, hash, sizeof hash, SQLITE_STATIC);
	}
	if (q == BY_KEY || q == BY_ID)
		db_bind_str(st, 2, channel);
	got = statement_step(a->registry, st, &a->fault);
	if (got <= 0)
		return got < 0 ? ACCESS_ERROR : ACCESS_NO_KEY;
	id = db_column(st, 0);
	if (id.n == ID_TEXT)
		memcpy(a->thing, id.p, ID_TEXT);
	a->directions = (uint8_t)(sqlite3_column_int(st, 1) & DIRECTION_BOTH);
	db_reset(st);
	return a->directions != 0 ? ACCESS_YES : ACCESS_NOT_CONNECTED;
}

/* a->directions are then those of the answer */
static enum access_result
access_decide(struct access *a, enum question q, struct str who,
    struct str channel, struct str *thing)
{
	unsigned char tag[crypto_shorthash_siphashx24_BYTES];
	enum access_result result;
	struct entry *e;

	*thing = STR_NONE;
	a->directions = 0;
	if (who.n == 0 || who.n > THING_KEY_MAX)
		return ACCESS_NO_KEY;
	access_tag(a, q, who, channel, tag);
	if ((e = access_cached(a, tag)) != NULL) {
		result = e->result;
		a->directions = e->directions;
		*thing = (struct str){ e->thing, ID_TEXT };
	} else {
		result = access_ask(a, q, who, channel);
		if (result == ACCESS_ERROR)
			return result;
		access_remember(a, tag, result);
		*thing = (struct str){ a->thing, ID_TEXT };
	}
	if (result == ACCESS_NO_KEY)
		*thing = STR_NONE;
	return result;
}

enum access_result
access_identify(struct access *a, struct str key, struct str *thing)
{
	return access_decide(a, WHO, key, STR_NONE, thing);
}

/* of an answer about a channel, for one who wants to use it so */
static enum access_result
access_allows(const struct access *a, enum access_result result, unsigned use)
{
	return result == ACCESS_YES && (a->directions & use) != use ?
	    ACCESS_OTHER_WAY : result;
}

struct str
access_owner(struct access *a, struct str thing)
{
	struct str owner = STR_NONE;

	if (uuid_valid(thing))
		access_decide(a, OWNER, thing, STR_NONE, &owner);
	return owner;
}

enum access_result
access_check(struct access *a, struct str key, struct str channel,
    unsigned use, struct str *thing)
{
	enum access_result result;

	if (uuid_valid(channel))
		return access_allows(a, access_decide(a, BY_KEY, key, channel,
		    thing), use);
	result = access_decide(a, WHO, key, STR_NONE, thing);
	return result == ACCESS_YES ? ACCESS_NOT_CONNECTED : result;
}

static enum access_result
access_decide_id(struct access *a, struct str thing, struct str channel)
{
	struct str same;

	a->directions = 0;
	if (!uuid_valid(thing))
		return ACCESS_NO_KEY;
	if (!uuid_valid(channel))
		channel = STR("00000000-0000-0000-0000-000000000000");
	return access_decide(a, BY_ID, thing, channel, &same);
}

enum access_result
access_check_id(struct access *a, struct str thing, struct str channel,
    unsigned use)
{
	return access_allows(a, access_decide_id(a, thing, channel), use);
}

enum access_result
access_directions(struct access *a, struct str thing, struct str channel,
    unsigned *directions)
{
	enum access_result result = access_decide_id(a, thing, channel);

	*directions = result == ACCESS_YES ? a->directions : 0;
	return result;
}

enum access_result
access_check_certificate(struct access *a,
    const unsigned char fingerprint[32])
{
	struct str which = { (const char *)fingerprint, FINGERPRINT_BYTES };
	unsigned char tag[crypto_shorthash_siphashx24_BYTES];
	enum access_result result;
	struct entry *e;
	int got;

	access_tag(a, REVOKED, which, STR_NONE, tag);
	if ((e = access_cached(a, tag)) != NULL)
		return e->result;
	if (a->registry == NULL)
		return ACCESS_ERROR;
	got = issued_is_revoked(a->registry, which, &a->fault);
	if (got < 0)
		return ACCESS_ERROR;
	result = got > 0 ? ACCESS_NO_KEY : ACCESS_YES;
	access_remember(a, tag, result);
	return result;
}

bool
access_prove(struct access *a, struct str key, struct access_proof *proof)
{
	if (a->registry == NULL)
		return false;
	keyring_hash(&a->registry->keys, key, proof->hash);
	return true;
}

enum access_result
access_holds(struct access *a, struct str thing,
    const struct access_proof *proof)
{
	sqlite3_stmt *st;
	int got;

	if (a->registry == NULL)
		return ACCESS_ERROR;
	st = statement_get(a->registry, "SELECT 1 FROM things WHERE id = ?1"
	    " AND key_hash = ?2 AND NOT disabled", &a->fault);
	db_bind_str(st, 1, thing);
	sqlite3_bind_blob(st, 2, proof->hash, sizeof proof->hash,
	    SQLITE_STATIC);
	got = statement_found(a->registry, st, &a->fault);
	return got > 0 ? ACCESS_YES : got < 0 ? ACCESS_ERROR : ACCESS_NO_KEY;
}

enum access_result
access_key(struct access *a, struct str thing, char *key, size_t *n)
{
	struct buf b = { .p = key, .cap = THING_KEY_MAX, .max = THING_KEY_MAX };
	enum access_result result = ACCESS_NO_KEY;
	sqlite3_stmt *st;
	struct str box;
	int got;

	*n = 0;
	if (!uuid_valid(thing))
		return ACCESS_NO_KEY;
	if (a->registry == NULL)
		return ACCESS_ERROR;
	st = statement_get(a->registry, "SELECT key_box FROM things"
	    " WHERE id = ?1 AND key_box IS NOT NULL AND NOT disabled",
	    &a->fault);
	db_bind_str(st, 1, thing);
	got = statement_step(a->registry, st, &a->fault);
	if (got <= 0)
		return got < 0 ? ACCESS_ERROR : ACCESS_NO_KEY;
	box = db_column(st, 0);
	if (keyring_unseal(&a->registry->keys, box.p, box.n, &b)) {
		*n = b.n;
		result = ACCESS_YES;
	}
	db_reset(st);
	return result;
}
