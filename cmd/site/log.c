/* SPDX-License-Identifier: Apache-2.0 */
/* log: who changed what when, as the events of the registry say. */
#include "cmd/site/log.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/number.h"
#include "base/signal.h"
#include "cmd/site/history.h"
#include "cmd/site/row.h"
#include "cmd/site/verbs.h"
#include "json/json.h"

/* a record of the largest event, each byte of which may be escaped */
#define LOG_RECORD_MAX (8 * EVENT_MAX)

struct site_log {
	struct out out;
	struct arena scratch;
	const char *user;
	struct stamp since;
	bool timed;
	int64_t count;
};

static void
log_put_word(struct buf *b, struct str word, bool quoted)
{
	if (word.p == NULL)
		return;
	buf_putc(b, ' ');
	if (quoted)
		json_put_string(b, word);
	else
		buf_put_str(b, word);
}

static void
log_put_text(struct buf *b, const struct event_record *record,
    const struct event_fields *e)
{
	char time[STAMP_TEXT];

	buf_put_u64(b, record->seq);
	log_put_word(b, (struct str){ time, stamp_print_utc(time,
	    (struct stamp){ record->time.ns / STAMP_SECOND * STAMP_SECOND })
	    }, false);
	log_put_word(b, record->user.n > 0 ? record->user : STR("-"), false);
	log_put_word(b, record->operation, false);
	log_put_word(b, e->email.p != NULL ? e->email : e->id, false);
	log_put_word(b, e->channel, false);
	log_put_word(b, e->thing, false);
	log_put_word(b, e->group, false);
	log_put_word(b, e->direction, false);
	log_put_word(b, e->level, false);
	log_put_word(b, e->name, true);
	log_put_word(b, e->parent, false);
	log_put_word(b, e->description, true);
	log_put_word(b, e->metadata, false);
	log_put_word(b, e->tags, false);
	log_put_word(b, e->status, false);
	buf_putc(b, '\n');
}

static void
log_put_member(struct buf *b, const char *name, struct str value, bool text)
{
	if (value.p == NULL)
		return;
	buf_printf(b, ",\"%s\":", name);
	if (text)
		json_put_string(b, value);
	else
		buf_put_str(b, value);
}

static void
log_put_json(struct buf *b, const struct event_record *record,
    const struct event_fields *e)
{
	char time[STAMP_TEXT];

	buf_puts(b, "{\"seq\":");
	buf_put_u64(b, record->seq);
	buf_puts(b, ",\"time\":");
	buf_put(b, time, stamp_print(time, record->time));
	log_put_member(b, "user", record->user, true);
	log_put_member(b, "operation", record->operation, true);
	log_put_member(b, "id", e->id, true);
	log_put_member(b, "email", e->email, true);
	log_put_member(b, "channel", e->channel, true);
	log_put_member(b, "thing", e->thing, true);
	log_put_member(b, "group", e->group, true);
	log_put_member(b, "direction", e->direction, true);
	log_put_member(b, "level", e->level, true);
	log_put_member(b, "name", e->name, true);
	log_put_member(b, "parent", e->parent, true);
	log_put_member(b, "description", e->description, true);
	log_put_member(b, "metadata", e->metadata, false);
	log_put_member(b, "tags", e->tags, false);
	log_put_member(b, "status", e->status, true);
	buf_puts(b, "}\n");
}

int
log_put(struct buf *b, const struct event_record *record, bool json,
    struct arena *scratch, struct fault *fault)
{
	struct event_fields e;

	arena_reset(scratch);
	if (!history_read(record, &e, scratch))
		return fault_set(fault, EX_IOERR, "event %llu is damaged",
		    (unsigned long long)record->seq);
	(json ? log_put_json : log_put_text)(b, record, &e);
	return 0;
}

static int
log_give(void *arg, const struct event_record *record, struct fault *fault)
{
	struct site_log *l = arg;

	if (signal_stop())
		return 1;
	if ((l->timed && record->time.ns < l->since.ns) ||
	    (l->user != NULL && !email_same(record->user, str_z(l->user))))
		return 0;
	if (log_put(&l->out.b, record, site_opt.json, &l->scratch, fault) < 0)
		return -1;
	if (out_end(&l->out) < 0)
		return 1;
	return l->count > 0 && --l->count == 0;
}

/* plain digits are a seq; seconds since 1970 begin with '@' */
static uint64_t
log_start(struct site_log *l, const char *where)
{
	int64_t n = 0;

	if (where == NULL || strcmp(where, "start") == 0 ||
	    (*where != '-' && number_parse(where, 0, INT64_MAX, &n)))
		return (uint64_t)n;
	if (!stamp_parse(str_z(where), stamp_now(), &l->since))
		program_misuse("--from '%s': not start, a seq, -1h or "
		    "2026-01-31T00:00:00Z", where);
	l->timed = true;
	return 0;
}

int
site_verb_log(char **operands)
{
	static struct client client;
	struct site_log l = { .user = site_opt.user, .count = site_opt.count };
	uint64_t seq = log_start(&l, site_opt.from);
	struct fault fault;
	int status = 0;

	out_init(&l.out, STDOUT_FILENO, "<stdout>", LOG_RECORD_MAX);
	arena_init(&l.scratch, LOG_RECORD_MAX);
	client.out = &l.out;
	if (client_open(&client, &site_setup, CLIENT_READ, &fault) < 0 ||
	    client.backend->history(&client, seq, str_z(operands[0]),
	    log_give, &l, &fault) < 0)
		status = diag_fault(&fault);
	client_close(&client);
	status = out_finish(&l.out, status);
	out_release(&l.out);
	arena_release(&l.scratch);
	return status;
}
