/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <sysexits.h>

#include "base/file.h"
#include "base/utf8.h"
#include "json/object.h"
#include "registry/keyring.h"

#define SCRATCH_MAX ((size_t)4 << 20)
/* a key with each byte escaped, and its name */
#define BODY_MAX ((size_t)64 << 10)
#define PATH_MAX_BYTES ((size_t)1 << 20)

static const struct {
	const char *word;
	enum decision decision;
} reasons[] = {
	{ "no_thing", DECISION_NO_THING },
	{ "no_key", DECISION_NO_KEY },
	{ "thing_disabled", DECISION_THING_DISABLED },
	{ "no_channel", DECISION_NO_CHANNEL },
	{ "channel_disabled", DECISION_CHANNEL_DISABLED },
	{ "not_connected", DECISION_NOT_CONNECTED },
};

/* a member of the answer; the text is in the arena */
static int
read_text(struct session *s, const char *name, struct str *text,
    struct arena *arena, struct fault *fault)
{
	struct object_field f = { .name = name, .type = OBJECT_TEXT };

	if (object_read(session_body(s), &f, 1, arena) != NULL)
		return session_strange(s, "no JSON object", fault);
	*text = f.value;
	return 0;
}

static enum decision
decision_of(struct session *s, struct str reason, struct fault *fault)
{
	size_t i;

	if (reason.p == NULL)
		return DECISION_YES;
	for (i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (str_eq(reason, str_z(reasons[i].word)))
			return reasons[i].decision;
	session_strange(s, "no reason", fault);
	return DECISION_FAULT;
}

/* as the owner of the thing */
static enum decision
ask_by_id(struct session *s, const struct question *q, struct fault *fault)
{
	enum decision decision = DECISION_FAULT;
	struct ask ask = { .path = NULL };
	struct arena arena;
	struct str reason = STR_NONE;
	struct buf path;

	if (!uuid_valid(q->thing))
		return DECISION_NO_THING;
	arena_init(&arena, SCRATCH_MAX);
	buf_init(&path, PATH_MAX_BYTES);
	buf_printf(&path, "/things/%.*s/access?channel=", STR_ARG(q->thing));
	session_encode(&path, q->channel);
	buf_putc(&path, '\0');
	ask.path = path.p;
	if (session_ask(s, &ask, fault) == 0 &&
	    read_text(s, "reason", &reason, &arena, fault) == 0)
		decision = decision_of(s, reason, fault);
	buf_release(&path);
	arena_release(&arena);
	return decision;
}

/* POST, with a key as the body: 1, 0 when that is a no, -1 */
static int
show_key(struct session *s, const char *path, struct str key,
    struct fault *fault)
{
	struct ask ask = { .method = "POST", .path = path };
	struct buf body;
	int result;

	buf_init(&body, BODY_MAX);
	buf_room(&body, body.max);
	buf_puts(&body, "{\"token\":");
	json_put_string(&body, key);
	buf_putc(&body, '}');
	ask.body = buf_str(&body);
	result = session_ask(s, &ask, fault);
	secret_release(&body);
	if (result < 0)
		return fault->status == EX_NOPERM ? 0 : -1;
	return 1;
}

static int
identify(struct session *s, struct question *q, struct fault *fault)
{
	int got = show_key(s, "/identify", q->key, fault);
	struct arena arena;
	struct str id = STR_NONE;

	if (got <= 0)
		return got;
	arena_init(&arena, SCRATCH_MAX);
	if (read_text(s, "id", &id, &arena, fault) < 0) {
		got = -1;
	} else if (!uuid_valid(id)) {
		got = session_strange(s, "no id", fault);
	} else {
		memcpy(q->id, id.p, ID_TEXT);
		q->thing = (struct str){ q->id, ID_TEXT };
	}
	arena_release(&arena);
	return got;
}

/* why the one with this key may not, if we are its owner */
static enum decision
reason_of(struct session *s, const struct question *q)
{
	enum decision decision = DECISION_FAULT;
	struct fault fault;

	if (session_use_token(s, &fault) == 0)
		decision = ask_by_id(s, q, &fault);
	return decision == DECISION_NO_CHANNEL ? decision :
	    DECISION_NOT_CONNECTED;
}

static enum decision
ask_by_key(struct session *s, struct question *q, struct fault *fault)
{
	char path[ID_TEXT + 32];
	int got;

	/* a key of another form nobody has */
	if (q->key.n == 0 || q->key.n > THING_KEY_MAX || !utf8_valid(q->key))
		return DECISION_NOBODY;
	if ((got = identify(s, q, fault)) <= 0)
		return got < 0 ? DECISION_FAULT : DECISION_NOBODY;
	if (!uuid_valid(q->channel))
		return DECISION_NO_CHANNEL;
	snprintf(path, sizeof path, "/channels/%.*s/access",
	    STR_ARG(q->channel));
	if ((got = show_key(s, path, q->key, fault)) < 0)
		return DECISION_FAULT;
	return got > 0 ? DECISION_YES : reason_of(s, q);
}

static enum decision
remote_decide(struct client *client, struct question *q, struct fault *fault)
{
	struct session *s = client->session;

	if (q->key.p != NULL)
		return ask_by_key(s, q, fault);
	return session_use_token(s, fault) < 0 ? DECISION_FAULT :
	    ask_by_id(s, q, fault);
}

static int
remote_open(struct client *client, const struct remote_setup *setup,
    struct fault *fault)
{
	return session_open(&client->session, setup, fault);
}

static void
remote_close(struct client *client)
{
	session_close(client->session);
}

const struct client_backend client_remote = {
	remote_open, remote_decide, remote_close
};
