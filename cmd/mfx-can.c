/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this thing use that channel?  Asks as an adapter does, through the same
 * code, and says why.  Anyone who can read the registry may ask about all of
 * it; with --url, owners may ask about what is theirs.
 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/out.h"
#include "base/program.h"
#include "client/client.h"
#include "registry/keyring.h"

static const char *key_file;
static struct remote_setup setup = REMOTE_DEFAULTS;

static const struct opt options[] = {
	{ 0, "key-file", "FILE", "ask for the thing with the key in FILE",
	    OPT_STRING(&key_file) },
	REMOTE_OPTIONS(setup),
	OPT_END
};

static const struct program program = {
	.name = "mfx-can",
	.summary = "say whether a thing may use a channel, and why",
	.operands = "THING publish|subscribe CHANNEL\n"
	    "--key-file FILE publish|subscribe CHANNEL",
	.options = options,
};

static struct question asked;
static const char *verb;

static enum decision
can_decide(struct fault *fault)
{
	enum decision decision = DECISION_FAULT;
	struct client client = { .out = NULL };

	if (client_open(&client, &setup, CLIENT_LATER, fault) == 0)
		decision = client.backend->decide(&client, &asked, fault);
	client_close(&client);
	return decision;
}

static enum decision
can_ask(struct fault *fault)
{
	enum decision decision = DECISION_FAULT;
	struct buf key;

	if (key_file == NULL)
		return can_decide(fault);
	buf_init(&key, THING_KEY_MAX + 3);
	if (secret_read(key_file, "key", &key, fault) == 0) {
		asked.key = buf_str(&key);
		decision = can_decide(fault);
	}
	secret_release(&key);
	return decision;
}

static void
can_put(struct buf *b, enum decision decision)
{
	struct str thing = asked.thing, channel = asked.channel;

	switch (decision) {
	case DECISION_FAULT:
		break;
	case DECISION_YES:
		buf_printf(b, "yes: thing %.*s is connected to channel "
		    "%.*s, and may %s%s%s\n", STR_ARG(thing), STR_ARG(channel),
		    verb, asked.grant[0] ? ", by grant " : "", asked.grant);
		break;
	case DECISION_NOBODY:
		buf_puts(b, "no: no thing has this key, or the thing is "
		    "disabled\n");
		break;
	case DECISION_NO_THING:
		buf_printf(b, "no: there is no thing %.*s\n",
		    STR_ARG(thing));
		break;
	case DECISION_NO_KEY:
		buf_printf(b, "no: the key of thing %.*s was revoked\n",
		    STR_ARG(thing));
		break;
	case DECISION_THING_DISABLED:
		buf_printf(b, "no: thing %.*s is disabled\n",
		    STR_ARG(thing));
		break;
	case DECISION_CHANNEL_DISABLED:
		buf_printf(b, "no: channel %.*s is disabled\n",
		    STR_ARG(channel));
		break;
	case DECISION_NO_CHANNEL:
		buf_printf(b, "no: there is no channel %.*s\n",
		    STR_ARG(channel));
		break;
	case DECISION_PUBLISH_ONLY:
	case DECISION_SUBSCRIBE_ONLY:
		buf_printf(b, "no: thing %.*s is connected to channel %.*s to "
		    "%s only\n", STR_ARG(thing), STR_ARG(channel),
		    decision == DECISION_PUBLISH_ONLY ? "publish" :
		    "subscribe");
		break;
	case DECISION_NOT_CONNECTED:
		buf_printf(b, "no: thing %.*s is not connected to channel "
		    "%.*s\n", STR_ARG(thing), STR_ARG(channel));
		break;
	}
}

static int
can_answer(struct out *out)
{
	struct fault fault;
	enum decision decision = can_ask(&fault);

	if (decision == DECISION_FAULT)
		return diag_fault(&fault);
	can_put(&out->b, decision);
	out_end(out);
	return out_finish(out, decision != DECISION_YES);
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status;
	struct out out;

	program_holds_secrets();
	if (key_file == NULL)
		asked.thing = str_z(argv[i++]);
	verb = argv[i];
	asked.use = direction_parse(str_z(verb));
	asked.channel = str_z(argv[i + 1]);
	out_init(&out, STDOUT_FILENO, "<stdout>", 4096);
	status = can_answer(&out);
	out_release(&out);
	return status;
}
