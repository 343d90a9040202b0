/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader keeps only its position.  It asks a consumer of the server, which
 * nobody else uses and which is made again whenever something was lost, for the
 * messages after it: first for those that there are now and, when there are
 * none and somebody waits, for those that will come.
 */
#include <sysexits.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "bus/nats/driver.h"

/* what is asked for at once */
#define ASK_MESSAGES 2000
#define ASK_BYTES ((size_t)8 << 20)
#define ASK_LATER_MS 10000
#define ASK_SOON_MS 200
/* Of a part: for as long its position may stay behind while lines of others
 * come, and how often the server is asked about that while its own come. */
#define ASK_PART_MS 2000
#define PASS_MS 1000
/* The server answers within that time, unless the node that had the consumer
 * is gone.  It is looked at when the inbox says that it is idle, which counts
 * from the last message, a little before the question: so the silence that is
 * too long is the shorter one, or it would be noticed by the next time only. */
#define SILENCE_MS 11500
#define IDLE_MS 13000
/* what a read returns at once, but for one message that is larger */
#define RUN_BYTES ((size_t)512 * 1024)
#define RUN_MAX ((size_t)256 << 20)

enum asked { ASKED_NOTHING, ASKED_NOW, ASKED_SOON, ASKED_LATER };

struct nats_reader {
	struct bus_reader head;
	struct nats_bus *bus;
	char js_name[JS_NAME_MAX];
	char consumer[64];	/* "": there is none */
	struct inbound *inbox;	/* of this connection */
	natsSubscription *advice;	/* the stream was made */
	unsigned connected;	/* the connection of the inbox */
	enum asked asked;
	unsigned owed;		/* messages */
	bool single;		/* the next one is large: ask for it alone */
	unsigned made;		/* consumers */
	bool part;		/* it gives messages of the shard only */
	int64_t passed;		/* ms: when all others were passed over */
	uint64_t missing;	/* the end, when nothing came up to it … */
	uint64_t barren;	/* … and when nothing did soon */
	int64_t heard;		/* ms */
	natsMsg *held;		/* taken, but not yet returned */
	struct buf run;
	uint64_t *seqs;
	size_t seqs_n, seqs_cap;
};

/* ---- the consumer ---- */

static void
reader_forget(struct nats_reader *r)
{
	natsMsg_Destroy(r->held);
	r->held = NULL;
	if (r->inbox != NULL)
		inbound_clear(r->inbox);
	hub_unsubscribe(r->bus, r->advice);
	r->advice = NULL;
	r->consumer[0] = '\0';
	r->asked = ASKED_NOTHING;
	r->owed = 0;
}

static void
reader_leave(struct nats_reader *r)
{
	char subject[64 + 2 * JS_NAME_MAX];
	natsMsg *msg;
	struct fault ignored;

	if (r->consumer[0] != '\0' && hub_is_up(r->bus)) {
		snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DELETE."
		    "%s.%s", r->js_name, r->consumer);
		/* it would end by itself, later */
		if (natsMsg_Create(&msg, subject, NULL, "", 0) == NATS_OK) {
			request_publish(r->bus, msg, &ignored);
			natsMsg_Destroy(msg);
		}
	}
	reader_forget(r);
}

/* what was pruned before it was read */
static void
reader_set_gone(struct nats_reader *r, uint64_t first)
{
	if (r->head.pos == 0 || first <= place_sequence(r->head.pos) + 1)
		return;
	if (r->head.gone_from == r->head.gone_to)
		r->head.gone_from = r->head.pos;
	r->head.gone_to = (first - 1) << MESSAGE_BITS;
}

/* Can the server tell the part from the others?  0, -1. */
static int
reader_see_part(struct nats_reader *r, struct fault *fault)
{
	struct nats_state s = { .slots = false };

	if (shard_is_all(&r->head.shard))
		return 0;
	if (stream_state(r->bus, r->js_name, &s, fault) < 0)
		return -1;
	r->part = s.slots;
	if (r->part)
		reader_set_gone(r, s.first);
	return 0;
}

/* 1, 0 when there is no such stream, -1 */
static int
reader_create(struct nats_reader *r, uint64_t from, uint64_t *pending,
    struct fault *fault)
{
	struct buf body = { .max = 64 * 1024 };
	struct answer a;
	char at[2 * JS_NAME_MAX];
	int got;

	if (reader_see_part(r, fault) < 0)
		return -1;
	snprintf(r->consumer, sizeof r->consumer, "%.40s-%u",
	    strrchr(r->inbox->subject, '.') + 1, ++r->made);
	snprintf(at, sizeof at, "%s.%s", r->js_name, r->consumer);
	buf_printf(&body, "{\"stream_name\":\"%s\",\"config\":{\"name\":\"%s\","
	    "\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":%llu,"
	    "\"ack_policy\":\"none\",\"replay_policy\":\"instant\","
	    "\"mem_storage\":true,\"num_replicas\":1,"
	    "\"inactive_threshold\":120000000000,\"filter_subjects\":[",
	    r->js_name, r->consumer, (unsigned long long)place_sequence(from) +
	    1);
	if (r->part) {
		shard_filter(&body, r->bus, r->head.stream, &r->head.shard);
	} else {
		buf_putc(&body, '"');
		stream_subject(&body, r->bus, r->head.stream);
		buf_puts(&body, ".>\"");
	}
	buf_puts(&body, "]}}");
	buf_putc(&body, '\0');
	got = request_api(r->bus, "CONSUMER.CREATE", at, body.p, &a, fault);
	buf_release(&body);
	if (got < 0 || a.error != 0)
		r->consumer[0] = '\0';
	if (got < 0)
		return -1;
	*pending = json_count(r->bus, a.data, "num_pending");
	got = a.error == ERROR_NO_STREAM ? 0 : a.error != 0 ?
	    request_fault(r->bus, &a, r->head.stream, fault) : 1;
	request_release(&a);
	return got;
}

static int
reader_advise(struct nats_reader *r, struct fault *fault)
{
	char subject[64 + JS_NAME_MAX];
	natsStatus s;
	sigset_t old;

	if (r->advice != NULL)
		return 0;
	snprintf(subject, sizeof subject,
	    "$JS.EVENT.ADVISORY.STREAM.CREATED.%s", r->js_name);
	if ((r->advice = inbound_add(r->inbox, subject, fault)) == NULL)
		return -1;
	hub_hush(&old);
	s = natsConnection_FlushTimeout(r->bus->nc, r->bus->url.timeout);
	hub_unhush(&old);
	return s == NATS_OK ? 0 : hub_away(r->bus, fault);
}

/* the inbox is on the connection that there is */
static int
reader_connect(struct nats_reader *r, struct fault *fault)
{
	struct nats_bus *b = r->bus;

	if (hub_open(b, fault) < 0)
		return -1;
	if (r->connected != b->connected ||
	    clock_ms() - r->heard > SILENCE_MS) {
		reader_leave(r);
		if (inbound_renew(r->inbox, IDLE_MS, fault) < 0)
			return -1;
		r->connected = b->connected;
		r->heard = clock_ms();
	}
	return 0;
}

/* There is a consumer for what follows the position: 1, 0, -1. */
static int
reader_reach(struct nats_reader *r, struct fault *fault)
{
	uint64_t pending;
	int there;

	if (reader_connect(r, fault) < 0 || lease_check(r->bus, fault) < 0)
		return -1;
	if (r->consumer[0] != '\0')
		return 1;
	there = reader_create(r, r->head.pos, &pending, fault);
	if (there == 0 && r->head.watch >= 0) {
		if (reader_advise(r, fault) < 0)
			return -1;
		/* it may have been made before that */
		there = reader_create(r, r->head.pos, &pending, fault);
	}
	return there;
}

/* ---- asking ---- */

static int
reader_ask(struct nats_reader *r, enum asked what, struct fault *fault)
{
	char subject[64 + 2 * JS_NAME_MAX], reply[96], body[128];
	natsMsg *msg;
	int n, got;

	r->owed = r->single ? 1 : ASK_MESSAGES;
	snprintf(subject, sizeof subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s",
	    r->js_name, r->consumer);
	snprintf(reply, sizeof reply, "%s.1", r->inbox->subject);
	n = snprintf(body, sizeof body, "{\"batch\":%u", r->owed);
	if (!r->single)
		n += snprintf(body + n, sizeof body - (size_t)n,
		    ",\"max_bytes\":%zu", ASK_BYTES);
	if (what == ASKED_NOW)
		n += snprintf(body + n, sizeof body - (size_t)n,
		    ",\"no_wait\":true}");
	else
		n += snprintf(body + n, sizeof body - (size_t)n,
		    ",\"expires\":%d000000}", what == ASKED_SOON ?
		    ASK_SOON_MS : r->part ? ASK_PART_MS : ASK_LATER_MS);
	if (natsMsg_Create(&msg, subject, reply, body, n) != NATS_OK)
		return fault_set(fault, EX_SOFTWARE, "bad request");
	got = request_publish(r->bus, msg, fault);
	natsMsg_Destroy(msg);
	r->asked = what;
	r->heard = clock_ms();
	return got;
}

/* the sequence in "$JS.ACK.….<sequence>.<n>.<time>.<pending>", with two more
 * tokens before and one after in its longer form; 0: none.  *ns: the time */
static uint64_t
reader_sequence(natsMsg *msg, int64_t *ns)
{
	const char *reply = natsMsg_GetReply(msg), *token[16];
	size_t n = 0;
	uint64_t sequence, time;

	if (reply == NULL || strncmp(reply, "$JS.ACK.", 8) != 0)
		return 0;
	for (; reply != NULL && n < 16; n++) {
		token[n] = reply;
		if ((reply = strchr(reply, '.')) != NULL)
			reply++;
	}
	n = n == 9 ? 5 : n >= 11 ? 7 : 0;
	if (n == 0 || !number_digits((struct str){ token[n],
	    strcspn(token[n], ".") }, SEQUENCE_MAX, &sequence) ||
	    !number_digits((struct str){ token[n + 2],
	    strcspn(token[n + 2], ".") }, INT64_MAX, &time))
		return 0;
	*ns = (int64_t)time;
	return sequence;
}

/* A message that says something about what was asked: 1 when the consumer is
 * of no use any more. */
static int
reader_status(struct nats_reader *r, natsMsg *msg)
{
	const char *status = NULL, *why = NULL;
	unsigned owed = r->owed;

	if (natsMsgHeader_Get(msg, "Status", &status) != NATS_OK)
		return 0;	/* the stream was made */
	natsMsgHeader_Get(msg, "Description", &why);
	r->asked = ASKED_NOTHING;
	r->owed = 0;
	if (strcmp(status, "404") == 0 || strcmp(status, "408") == 0) {
		r->single = false;
		return 0;
	}
	/* the next message alone is over ASK_BYTES */
	if (strcmp(status, "409") == 0 && why != NULL &&
	    (strstr(why, "MaxBytes") != NULL || strstr(why, "Batch") != NULL)) {
		r->single = owed == ASK_MESSAGES;
		return 0;
	}
	return 1;
}

/* ---- lines ---- */

static void
reader_add_seq(struct nats_reader *r, uint64_t seq)
{
	if (r->seqs_n == r->seqs_cap) {
		r->seqs_cap = r->seqs_cap ? 2 * r->seqs_cap : 1024;
		r->seqs = memory_resize(r->seqs,
		    r->seqs_cap * sizeof(*r->seqs));
	}
	r->seqs[r->seqs_n++] = seq;
}

static unsigned
reader_count(struct str text)
{
	struct str line;
	unsigned n = 0;

	while (str_take_line(&text, &line))
		n++;
	return n;
}

/* What lay between our position and this message?  What a source has marked
 * precedes the second message of its batch, and was no line. */
static void
reader_note_gone(struct nats_reader *r, natsMsg *msg, uint64_t sequence)
{
	const char *number;

	/* of a part others lie between */
	if (r->part || (sequence == place_sequence(r->head.pos) + 2 &&
	    natsMsgHeader_Get(msg, "Nats-Batch-Sequence", &number) ==
	    NATS_OK && strcmp(number, "2") == 0))
		return;
	reader_set_gone(r, sequence);
}

/* Adds the lines of a message that have not been seen. */
static void
reader_add(struct nats_reader *r, natsMsg *msg, uint64_t sequence)
{
	struct str text = { natsMsg_GetData(msg),
	    (size_t)natsMsg_GetDataLength(msg) }, line;
	unsigned i, n = reader_count(text), seen = 0;

	reader_note_gone(r, msg, sequence);
	if (place_sequence(r->head.pos) + 1 == sequence)
		seen = place_lines(r->head.pos);
	for (i = 1; str_take_line(&text, &line) && n <= MESSAGE_LINES; i++) {
		if (i <= seen)
			continue;
		buf_put(&r->run, line.p, line.n + 1);
		reader_add_seq(r, place_of(sequence, i, n));
	}
	r->head.pos = sequence << MESSAGE_BITS;
}

/* A message that no writer of ours made is passed over. */
static const char *
reader_refuses(natsMsg *msg)
{
	struct str text = { natsMsg_GetData(msg),
	    (size_t)natsMsg_GetDataLength(msg) }, line;
	unsigned n = 0;

	if (text.n == 0 || text.p[text.n - 1] != '\n')
		return "does not end a line";
	while (str_take_line(&text, &line)) {
		if (line.n > (size_t)1 << 20)
			return "has a line over 1 MiB";
		if (++n > MESSAGE_LINES)
			return "has too many lines";
	}
	return NULL;
}

/* 1 when lines were added, 0, -1 and EX_DATAERR */
static int
reader_take(struct nats_reader *r, natsMsg *msg, struct fault *fault)
{
	int64_t ns;
	uint64_t sequence = reader_sequence(msg, &ns);
	const char *why;

	if (sequence == 0) {
		if (reader_status(r, msg))
			reader_leave(r);
		return 0;
	}
	if (r->owed > 0 && --r->owed == 0)
		r->asked = ASKED_NOTHING;
	r->single = false;
	if (sequence <= place_sequence(r->head.pos))
		return 0;
	if ((why = reader_refuses(msg)) != NULL) {
		r->head.pos = sequence << MESSAGE_BITS;
		return fault_set(fault, EX_DATAERR, "%s: message %llu %s",
		    r->head.stream, (unsigned long long)sequence, why);
	}
	reader_add(r, msg, sequence);
	return 1;
}

/* What has come already: 1, 0, -1. */
static int
reader_collect(struct nats_reader *r, struct fault *fault)
{
	natsMsg *msg;
	int got = 0;

	while (got >= 0 && r->run.n < RUN_BYTES) {
		msg = r->held ? r->held : inbound_next(r->inbox);
		r->held = NULL;
		if (msg == NULL)
			break;
		r->heard = clock_coarse_ns() / 1000000;
		/* the lines before it are returned first */
		if (r->run.n > 0 && reader_refuses(msg) != NULL &&
		    natsMsg_GetDataLength(msg) > 0) {
			r->held = msg;
			break;
		}
		got = reader_take(r, msg, fault);
		natsMsg_Destroy(msg);
	}
	return r->run.n > 0 ? 1 : got < 0 ? -1 : 0;
}

/* ---- the driver's ---- */

/* Waits for the answer to what was asked: 1 when something came, -1. */
static int
reader_await(struct nats_reader *r, struct fault *fault)
{
	int64_t until = clock_ms() + request_patience(r->bus);

	while (!inbound_wait(r->inbox, until) && clock_ms() < until &&
	    hub_is_up(r->bus))
		continue;
	if (hub_is_up(r->bus) && clock_ms() < until)
		return 1;
	reader_leave(r);
	return !hub_is_up(r->bus) ? hub_away(r->bus, fault) :
	    fault_set(fault, EX_TEMPFAIL, "%s: no answer; try again later",
	    r->bus->head.name);
}

/* The same of a part: others are passed over when none of it follows. */
static int
reader_pass(struct nats_reader *r, const struct nats_state *s,
    enum asked last, struct fault *fault)
{
	int64_t now = clock_ms();
	int follows;

	reader_set_gone(r, s->first);
	if (r->head.watch >= 0 && now - r->passed < PASS_MS)
		return 1;
	follows = shard_follows(r->bus, r->js_name, r->head.stream,
	    &r->head.shard, place_sequence(r->head.pos), fault);
	if (follows == 0)
		r->head.pos = s->last << MESSAGE_BITS;
	r->passed = now;
	return follows < 0 ? -1 : follows == 0 || last == ASKED_SOON;
}

/*
 * The server says that there is no more: is that so?  Its consumers learn of a
 * message some time after the writer does.  1, 0 when one has to come soon, -1.
 */
static int
reader_at_end(struct nats_reader *r, enum asked last, struct fault *fault)
{
	struct nats_state s = { .last = 0 };

	if (stream_state(r->bus, r->js_name, &s, fault) < 0)
		return -1;
	if (r->part && s.last > place_sequence(r->head.pos))
		return reader_pass(r, &s, last, fault);
	/* what was removed at the end does not come */
	if (last == ASKED_SOON)
		r->barren = r->missing;
	r->missing = s.last;
	return s.last <= place_sequence(r->head.pos) || s.last <= r->barren;
}

/* Asks for what there is, as the last question was answered with nothing: 1,
 * 0 when there is nothing, -1. */
static int
reader_ask_more(struct nats_reader *r, enum asked *last, struct fault *fault)
{
	int end;

	if (*last == ASKED_NOTHING || r->single) {
		*last = ASKED_NOW;
		return reader_ask(r, ASKED_NOW, fault) < 0 ? -1 : 1;
	}
	end = reader_at_end(r, *last, fault);
	if (end != 0)
		return end < 0 ? -1 : 0;
	*last = ASKED_SOON;
	return reader_ask(r, ASKED_SOON, fault) < 0 ? -1 : 1;
}

/* 1 lines, 0 when there are none now, -1 */
static int
reader_read(struct nats_reader *r, struct fault *fault)
{
	enum asked last = ASKED_NOTHING;
	int got;

	for (;;) {
		if ((got = reader_reach(r, fault)) <= 0)
			return got;
		inbound_empty_pipe(r->inbox);
		if ((got = reader_collect(r, fault)) != 0)
			return got;
		if (r->consumer[0] == '\0')
			continue;
		if (r->asked == ASKED_LATER)
			return 0;
		if (r->asked != ASKED_NOTHING) {
			if (reader_await(r, fault) < 0)
				return -1;
			continue;
		}
		if ((got = reader_ask_more(r, &last, fault)) < 0)
			return -1;
		if (got == 0)
			return r->head.watch < 0 ? 0 :
			    reader_ask(r, ASKED_LATER, fault);
	}
}

static int
nats_read(struct bus_reader *head, struct bus_lines *run, struct fault *fault)
{
	struct nats_reader *r = (struct nats_reader *)head;
	uint64_t from = head->pos;
	int got;

	buf_clear(&r->run);
	r->seqs_n = 0;
	got = reader_read(r, fault);
	*run = (struct bus_lines){ .rest = buf_str(&r->run), .seq = from,
	    .seqs = r->seqs };
	/* the server goes on while these are used */
	if (got > 0 && r->asked == ASKED_NOTHING && r->consumer[0] != '\0') {
		struct fault ignored;

		reader_ask(r, ASKED_NOW, &ignored);
	}
	return got;
}

static void
nats_reader_close(struct bus_reader *head)
{
	struct nats_reader *r = (struct nats_reader *)head;

	reader_leave(r);
	inbound_close(r->inbox);
	buf_release(&r->run);
	free(r->seqs);
	free(r);
}

static int
nats_reader_open(struct bus_reader **out, struct bus *bus, const char *stream,
    uint64_t from, struct fault *fault)
{
	struct nats_bus *b = (struct nats_bus *)bus;
	struct nats_reader *r = memory_zero(1, sizeof *r);

	*r = (struct nats_reader){
		.head = { .bus = bus, .pos = from, .watch = -1 }, .bus = b
	};
	memcpy(r->head.stream, stream, strlen(stream));
	stream_js_name(r->js_name, b, stream);
	buf_init(&r->run, RUN_MAX);
	if ((from == UINT64_MAX && nats_find(bus, stream, &bus_where_end,
	    &r->head.pos, fault) < 0) ||
	    (r->inbox = inbound_open(b, IDLE_MS, fault)) == NULL) {
		nats_reader_close(&r->head);
		return -1;
	}
	/* the first read connects it, if it is not */
	r->connected = natsSubscription_IsValid(r->inbox->sub) ?
	    b->connected : 0;
	r->heard = clock_ms();
	*out = &r->head;
	return 0;
}

/* The pipe of the inbox, which also tells when a stream that is not there yet
 * is made; while the bus is away that is seen later. */
static int
nats_watch(struct bus_reader *head)
{
	struct nats_reader *r = (struct nats_reader *)head;
	struct fault ignored;

	if (r->consumer[0] == '\0' && reader_connect(r, &ignored) == 0)
		reader_advise(r, &ignored);
	return r->inbox->fds[0];
}

static int
nats_woken(struct bus_reader *head)
{
	inbound_empty_pipe(((struct nats_reader *)head)->inbox);
	return 0;
}

const struct bus_reader_ops nats_reader_ops = {
	.open = nats_reader_open, .close = nats_reader_close,
	.read = nats_read, .watch = nats_watch, .woken = nats_woken
};

/* ---- for admin.c ---- */

int
reader_pending(struct bus *bus, const char *stream, uint64_t from,
    uint64_t *pending, struct fault *fault)
{
	struct bus_reader *head;
	struct nats_reader *r;
	int there;

	*pending = 0;
	if (nats_reader_open(&head, bus, stream, from, fault) < 0)
		return -1;
	r = (struct nats_reader *)head;
	there = reader_connect(r, fault) < 0 ? -1 :
	    reader_create(r, from, pending, fault);
	nats_reader_close(head);
	return there < 0 ? -1 : 0;
}

/* The next message with lines: 1; 0 when there is none now, -1. */
static int
reader_next(struct nats_reader *r, natsMsg **msg, uint64_t *sequence,
    int64_t *ns, struct fault *fault)
{
	enum asked last = ASKED_NOTHING;
	int got;

	for (;;) {
		if ((got = reader_reach(r, fault)) <= 0)
			return got;
		while ((*msg = inbound_next(r->inbox)) != NULL) {
			r->heard = clock_ms();
			*sequence = reader_sequence(*msg, ns);
			if (*sequence > place_sequence(r->head.pos)) {
				if (r->owed > 0 && --r->owed == 0)
					r->asked = ASKED_NOTHING;
				r->head.pos = *sequence << MESSAGE_BITS;
				return 1;
			}
			if (*sequence == 0 && reader_status(r, *msg))
				r->consumer[0] = '\0';
			natsMsg_Destroy(*msg);
		}
		if (r->consumer[0] == '\0')
			continue;
		if (r->asked != ASKED_NOTHING)
			got = reader_await(r, fault);
		else
			got = reader_ask_more(r, &last, fault);
		if (got <= 0)
			return got;
	}
}

/* as the server's file store counts it */
static uint64_t
reader_size(natsMsg *msg)
{
	uint64_t size = 30 + strlen(natsMsg_GetSubject(msg)) +
	    (uint64_t)natsMsg_GetDataLength(msg);
	const char **keys = NULL, *value;
	int i, n = 0;

	if (natsMsgHeader_Keys(msg, &keys, &n) != NATS_OK)
		return size;
	size += 4 + strlen("NATS/1.0\r\n\r\n");
	for (i = 0; i < n; i++)
		if (natsMsgHeader_Get(msg, keys[i], &value) == NATS_OK)
			size += strlen(keys[i]) + strlen(value) +
			    strlen(": \r\n");
	free((void *)keys);
	return size;
}

int
reader_each(struct bus *bus, const char *stream, uint64_t from,
    nats_message_fn *fn, void *arg, struct fault *fault)
{
	struct bus_reader *head;
	struct nats_seen seen;
	natsMsg *msg;
	int got, r = 0;

	if (nats_reader_open(&head, bus, stream, from, fault) < 0)
		return -1;
	while (r == 0 && (got = reader_next((struct nats_reader *)head, &msg,
	    &seen.sequence, &seen.ns, fault)) != 0) {
		if (got < 0) {
			r = -1;
			break;
		}
		seen.msg = msg;
		seen.size = reader_size(msg);
		seen.subject = natsMsg_GetSubject(msg);
		seen.lines = (struct str){ natsMsg_GetData(msg),
		    (size_t)natsMsg_GetDataLength(msg) };
		r = fn(arg, &seen, fault);
		natsMsg_Destroy(msg);
	}
	nats_reader_close(head);
	return r < 0 ? -1 : 0;
}
