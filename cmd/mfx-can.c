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
#include "client/decision.h"
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

static int
can_answer(struct out *out)
{
	struct fault fault;
	enum decision decision = can_ask(&fault);

	if (decision == DECISION_FAULT)
		return diag_fault(&fault);
	decision_put(&out->b, decision, &asked, verb);
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
