/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as Mainflux writes them to a stream of Redis.  The position is a key
 * beside the stream and moves in the transaction that adds the entries.  Both
 * keys are watched before they are read, so that of two writers only one can
 * succeed after the same position.  A transaction of Redis goes on after a
 * command of it has failed: so the position is moved by a script that checks
 * that all entries are there.
 *
 * While the server works on a transaction, the entries of the next one are sent
 * after it; so both ends have something to do.  What depends on how the first
 * one ended, the script and EXEC, is held back until its answer is there.
 */
#include "cmd/events/target.h"
#if defined HAVE_HIREDIS && defined HAVE_OPENSSL

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/backoff.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/signal.h"
#include "cmd/events/entry.h"
#include "redis/redis.h"

#define PASSWORD_MAX 1024
#define STREAM_NAME_MAX 512
/* what one transaction holds, unless one event is larger */
#define ENTRIES_MAX 1024
#define ENTRIES_BYTES ((size_t)1 << 20)
/* for the decoded fields of one event */
#define ARENA_ROOM ((size_t)8 << 20)
/* after so many bytes of entries, what there is is sent */
#define SEND_BYTES ((size_t)32 << 10)

#define SCRIPT \
	"if redis.call('XLEN',KEYS[1])~=tonumber(ARGV[1]) then return 0 end " \
	"redis.call('SET',KEYS[2],ARGV[2]) return 1"

struct redis_target {
	struct target head;
	const struct target_setup *setup;
	struct redis_url url;
	struct redis redis;
	char key[STREAM_NAME_MAX + 16];	/* of the position */
	struct arena arena;
	/* as the server has it, and it is watched */
	int64_t length;
	struct position at;
	/* what is to be added next: MULTI and entries without EXEC, of which
	 * some were sent */
	bool begun;
	size_t bytes;
	int64_t n;
	struct position to;
	/* a transaction was sent whole: what it makes of them */
	bool sent;
	int64_t sent_n;
	struct position sent_to;
	struct backoff pause;	/* ms */
	bool away;		/* which has been said */
};

/* ---- what a result means ---- */

/* what has no EXEC the server forgets */
static void
redis_target_hang_up(struct redis_target *t)
{
	redis_close(&t->redis);
	t->sent = t->begun = false;
}

static enum target_result
redis_target_judge(struct redis_target *t, enum redis_result result,
    struct fault *fault)
{
	if (result == REDIS_DONE)
		return TARGET_DONE;
	redis_target_hang_up(t);
	if (signal_stop())
		return TARGET_STOPPED;
	if (result == REDIS_FAILED)
		return TARGET_FAILED;
	if (!t->away)
		diag_warning("%s; trying again until it works", fault->text);
	t->away = true;
	signal_poll(NULL, 0, (int)backoff_next(&t->pause));
	return TARGET_AGAIN;
}

static void
redis_target_is_back(struct redis_target *t)
{
	if (t->away)
		diag_warning("%s: it takes events again", t->url.name);
	t->away = false;
	backoff_reset(&t->pause);
}

/* ---- the position ---- */

static bool
redis_target_read_position(const struct reply *reply, struct position *at)
{
	struct str text = str_z(reply->text), seq, time;

	*at = (struct position){ .known = reply->type != REDIS_REPLY_NIL };
	if (!at->known)
		return true;
	if (reply->type != REDIS_REPLY_STRING || reply->cut)
		return false;
	seq = (struct str){ text.p, strspn(text.p, "0123456789") };
	time = str_from(text, seq.n + (seq.n < text.n));
	if (!number_digits(seq, INT64_MAX, &at->seq) ||
	    (seq.n < text.n && text.p[seq.n] != ' ') ||
	    time.n >= STAMP_TEXT || strspn(time.p, "0123456789.") != time.n)
		return false;
	memcpy(at->time, time.p, time.n + 1);
	return true;
}

static void
redis_target_ask(struct redis_target *t)
{
	struct buf *b = redis_out(&t->redis);
	struct str stream = str_z(t->setup->stream), key = str_z(t->key);

	redis_put(b, 3, (struct str[]){ STR("WATCH"), stream, key });
	redis_put(b, 2, (struct str[]){ STR("XLEN"), stream });
	redis_put(b, 2, (struct str[]){ STR("GET"), key });
}

static enum redis_result
redis_target_told(struct redis_target *t, struct fault *fault)
{
	enum redis_result result;
	struct reply *reply;

	if ((result = redis_expect(&t->redis, &reply, fault)) != REDIS_DONE ||
	    (result = redis_expect(&t->redis, &reply, fault)) != REDIS_DONE)
		return result;
	if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0 ||
	    reply->integer > INT64_MAX / 2)
		return redis_strange(&t->redis, fault);
	t->length = reply->integer;
	if ((result = redis_expect(&t->redis, &reply, fault)) != REDIS_DONE)
		return result;
	if (redis_target_read_position(reply, &t->at))
		return REDIS_DONE;
	fault_set(fault, EX_DATAERR, "%s: '%s' is not a position of "
	    "mfx-events", t->url.name, t->key);
	return REDIS_FAILED;
}

/* for the next transaction */
static void
redis_target_prepare(struct redis_target *t)
{
	t->begun = false;
	t->bytes = 0;
	t->n = 0;
	t->to = (struct position){ .known = false };
}

static enum target_result
redis_target_start(struct target *head, struct position *at,
    struct fault *fault)
{
	struct redis_target *t = (struct redis_target *)head;
	enum redis_result result = REDIS_DONE;

	if (t->sent || t->begun)
		redis_target_hang_up(t);
	redis_target_prepare(t);
	if (!redis_is_open(&t->redis))
		result = redis_open(&t->redis, fault);
	if (result == REDIS_DONE) {
		redis_target_ask(t);
		result = redis_target_told(t, fault);
	}
	if (result != REDIS_DONE)
		return redis_target_judge(t, result, fault);
	if (!t->at.known && t->length > 0 && !t->setup->begins) {
		fault_set(fault, EX_CONFIG, "%s: the stream '%s' has entries, "
		    "but not the position of mfx-events: say where to begin "
		    "with --from", t->url.name, t->setup->stream);
		return TARGET_FAILED;
	}
	if (t->at.known && t->at.seq > 0 && t->length == 0)
		diag_info("%s: the stream '%s' is empty; going on after "
		    "%" PRIu64, t->url.name, t->setup->stream, t->at.seq);
	*at = t->at;
	return TARGET_DONE;
}

/* ---- transactions ---- */

static void
redis_target_put_move(struct redis_target *t, struct buf *b)
{
	char length[24], to[24 + STAMP_TEXT];

	snprintf(length, sizeof length, "%" PRId64, t->length + t->n);
	snprintf(to, sizeof to, "%" PRIu64 "%s%s", t->to.seq,
	    t->to.time[0] != '\0' ? " " : "", t->to.time);
	redis_put(b, 7, (struct str[]){ STR("EVAL"), STR(SCRIPT), STR("2"),
	    str_z(t->setup->stream), str_z(t->key), str_z(length),
	    str_z(to) });
}

static void
redis_target_put_trim(struct redis_target *t, struct buf *b)
{
	char text[24];

	if (t->setup->maxlen == 0)
		return;
	snprintf(text, sizeof text, "%" PRId64, t->setup->maxlen);
	redis_put(b, 5, (struct str[]){ STR("XTRIM"), str_z(t->setup->stream),
	    STR("MAXLEN"), STR("~"), str_z(text) });
}

/* Takes the answers to MULTI and what is queued up to EXEC; *why becomes the
 * first error among them. */
static enum redis_result
redis_target_queued(struct redis_target *t, char why[REPLY_TEXT],
    struct reply **reply, struct fault *fault)
{
	int64_t n = 3 + t->sent_n + (t->setup->maxlen != 0);
	enum redis_result result;

	why[0] = '\0';
	while (n-- > 0) {
		result = redis_take(&t->redis, reply, fault);
		if (result != REDIS_DONE)
			return result;
		if ((*reply)->type == REDIS_REPLY_ERROR && why[0] == '\0')
			memcpy(why, (*reply)->text, REPLY_TEXT);
	}
	return REDIS_DONE;
}

/* Is what was sent in the stream? */
static enum target_result
redis_target_finish(struct redis_target *t, struct fault *fault)
{
	char why[REPLY_TEXT];
	enum redis_result result;
	struct reply *reply;

	if (!t->sent)
		return TARGET_DONE;
	result = redis_target_queued(t, why, &reply, fault);
	if (result == REDIS_DONE && why[0] != '\0')
		result = redis_judge(&t->redis, why, fault);
	if (result != REDIS_DONE)
		return redis_target_judge(t, result, fault);
	/* nil: another writer was faster; start() finds how far that is */
	if (reply->type == REDIS_REPLY_NIL)
		return TARGET_AGAIN;
	if (reply->type != REDIS_REPLY_ARRAY || reply->error[0] != '\0' ||
	    !reply->counted || reply->first != 1) {
		fault_set(fault, EX_DATAERR, "%s: the stream '%s' did not "
		    "take all entries%s%s", t->url.name, t->setup->stream,
		    reply->error[0] != '\0' ? ": " : "", reply->error);
		return TARGET_FAILED;
	}
	redis_target_is_back(t);
	result = redis_target_told(t, fault);
	if (result != REDIS_DONE)
		return redis_target_judge(t, result, fault);
	t->sent = false;
	if (t->at.known && t->at.seq == t->sent_to.seq &&
	    strcmp(t->at.time, t->sent_to.time) == 0)
		return TARGET_DONE;
	return TARGET_AGAIN;
}

/* The keys are watched since before this: either they were read last, or that
 * was sent with the EXEC before. */
static void
redis_target_begin(struct redis_target *t)
{
	if (!t->begun)
		redis_put(redis_out(&t->redis), 1,
		    (struct str[]){ STR("MULTI") });
	t->begun = true;
}

/* the whole transaction, once the one before it is in the stream */
static enum target_result
redis_target_send(struct redis_target *t, struct fault *fault)
{
	enum target_result r = redis_target_finish(t, fault);
	struct buf *b = redis_out(&t->redis);

	if (r != TARGET_DONE)
		return r;
	redis_target_begin(t);
	redis_target_put_move(t, b);
	redis_target_put_trim(t, b);
	redis_put(b, 1, (struct str[]){ STR("EXEC") });
	redis_target_ask(t);
	t->sent = true;
	t->sent_n = t->n;
	t->sent_to = t->to;
	redis_target_prepare(t);
	return redis_target_judge(t, redis_send(&t->redis, fault), fault);
}

/* ---- the target ---- */

/* the one that writes such a stream */
static enum entry_service
redis_service(const struct target_setup *setup)
{
	return setup->all ? ENTRY_ALL :
	    strcmp(setup->stream, "mainflux.bootstrap") == 0 ?
	    ENTRY_BOOTSTRAP : ENTRY_THINGS;
}

/* one entry; -1: it is too large, or not an event */
static int
redis_target_add(struct redis_target *t, struct str members)
{
	struct buf *b = redis_out(&t->redis);
	struct str words[ENTRY_WORDS];
	size_t before;
	int n;

	words[0] = STR("XADD");
	words[1] = str_z(t->setup->stream);
	words[2] = STR("*");
	arena_reset(&t->arena);
	n = entry_words(members, redis_service(t->setup), words + 3,
	    ENTRY_WORDS - 3, &t->arena);
	if (n <= 0)
		return n;
	redis_target_begin(t);
	before = b->n;
	redis_put(b, n + 3, words);
	t->bytes += b->n - before;
	t->n++;
	return b->full ? -1 : 0;
}

static enum target_result
redis_target_put(struct target *head, const struct event_line *e,
    struct fault *fault)
{
	struct redis_target *t = (struct redis_target *)head;
	size_t before = t->bytes;

	if (redis_target_add(t, e->rest) < 0) {
		fault_set(fault, EX_DATAERR, "event %" PRIu64 " is not an "
		    "object of a few members", e->seq);
		return TARGET_FAILED;
	}
	t->to.known = true;
	t->to.seq = e->seq;
	memcpy(t->to.time, e->time.p, e->time.n);
	t->to.time[e->time.n] = '\0';
	if (t->n >= ENTRIES_MAX || t->bytes >= ENTRIES_BYTES)
		return redis_target_send(t, fault);
	return before / SEND_BYTES == t->bytes / SEND_BYTES ? TARGET_DONE :
	    redis_target_judge(t, redis_send(&t->redis, fault), fault);
}

/* Idle: is the server still there, with what it had? */
static enum target_result
redis_target_settle(struct target *head, const struct position *at,
    struct fault *fault)
{
	struct redis_target *t = (struct redis_target *)head;
	enum target_result r = TARGET_DONE;

	if (!t->at.known && !t->sent && !t->to.known && at->seq > 0)
		t->to = *at;
	if (t->to.known)
		r = redis_target_send(t, fault);
	else if (!t->sent)
		return redis_target_judge(t, redis_check(&t->redis, fault),
		    fault);
	return r == TARGET_DONE ? redis_target_finish(t, fault) : r;
}

static void
redis_target_end(struct target *head)
{
	struct redis_target *t = (struct redis_target *)head;

	redis_release(&t->redis);
	redis_url_release(&t->url);
	arena_release(&t->arena);
	free(t);
}

static int
redis_target_password(struct redis_target *t, struct fault *fault)
{
	const char *environment = getenv("REDISCLI_AUTH");
	struct buf password;
	int r = 0;

	if (t->setup->password_file == NULL) {
		if (t->url.password == NULL && environment != NULL &&
		    *environment != '\0')
			redis_url_set_password(&t->url, environment);
		return 0;
	}
	buf_init(&password, PASSWORD_MAX);
	r = secret_read(t->setup->password_file, "password", &password, fault);
	buf_putc(&password, '\0');
	if (r == 0 && password.full)
		r = fault_set(fault, EX_USAGE, "%s: not a password",
		    t->setup->password_file);
	if (r == 0)
		redis_url_set_password(&t->url, password.p);
	secret_release(&password);
	return r;
}

/* In a cluster the two keys are on one server: the part in braces is what is
 * hashed. */
static void
redis_target_name(struct redis_target *t)
{
	const char *stream = t->setup->stream;

	snprintf(t->key, sizeof t->key, strchr(stream, '{') == NULL ?
	    "{%s}:mfx-events" : "%s:mfx-events", stream);
}

struct target *
target_redis(const struct target_setup *setup, struct fault *fault)
{
	struct redis_target *t = memory_zero(1, sizeof *t);

	t->head = (struct target){
		redis_target_start, redis_target_put, redis_target_settle,
		redis_target_end
	};
	t->setup = setup;
	t->pause = (struct backoff){ .first = 50, .last = 2000 };
	arena_init(&t->arena, ARENA_ROOM);
	redis_init(&t->redis, &t->url, setup->timeout / 1000000);
	if (strlen(setup->stream) == 0 ||
	    strlen(setup->stream) > STREAM_NAME_MAX) {
		fault_set(fault, EX_USAGE, "--stream: a name of 1 to %d bytes",
		    STREAM_NAME_MAX);
		redis_target_end(&t->head);
		return NULL;
	}
	if (redis_url_parse(&t->url, setup->redis, fault) < 0 ||
	    redis_target_password(t, fault) < 0) {
		redis_target_end(&t->head);
		return NULL;
	}
	redis_target_name(t);
	return &t->head;
}

#else

#include <sysexits.h>

struct target *
target_redis(const struct target_setup *setup, struct fault *fault)
{
	(void)setup;
	fault_set(fault, EX_UNAVAILABLE, "--redis needs hiredis and OpenSSL, "
	    "which this build is without");
	return NULL;
}
#endif
