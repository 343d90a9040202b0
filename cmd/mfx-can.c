/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this thing use that channel?  Asks what an adapter asks, through the
 * same code, and says why.  Who may read the registry may ask about all of
 * it.
 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/out.h"
#include "base/program.h"
#include "registry/access.h"
#include "registry/item.h"

static const char *key_file;

static const struct opt options[] = {
	{ 0, "key-file", "FILE", "ask for whoever has this key",
	    OPT_STRING, &key_file, 0, 0 },
	OPT_END
};

static const struct program program = {
	.name = "mfx-can",
	.summary = "say whether a thing may use a channel, and why",
	.synopsis = "THING publish|subscribe CHANNEL\n"
	    "--key-file FILE publish|subscribe CHANNEL",
	.options = options,
};

static struct {
	struct str thing, channel;
	const char *verb;
} asked;

static enum access_result
ask_by_key(struct access *a, struct fault *fault)
{
	enum access_result result = ACCESS_ERROR;
	struct buf key;
	struct str thing;
	static char id[ID_TEXT];

	buf_init(&key, THING_KEY_MAX + 3);
	if (secret_read(key_file, "key", &key, fault) == 0) {
		result = access_check(a, buf_str(&key), asked.channel,
		    &thing);
		if (thing.n == ID_TEXT) {
			memcpy(id, thing.p, ID_TEXT);
			asked.thing = (struct str){ id, ID_TEXT };
		}
		if (result == ACCESS_ERROR)
			fault_set(fault, EX_TEMPFAIL, "%s", access_fault(a));
	}
	secret_release(&key);
	return result;
}

static enum access_result
ask(struct fault *fault)
{
	enum access_result result;
	struct access *a;

	if (access_open(&a, NULL, fault) < 0)
		return ACCESS_ERROR;
	if (key_file != NULL) {
		result = ask_by_key(a, fault);
	} else {
		result = access_check_id(a, asked.thing, asked.channel);
		if (result == ACCESS_ERROR)
			fault_set(fault, EX_TEMPFAIL, "%s", access_fault(a));
	}
	access_close(a);
	return result;
}

/* the reason behind a no; -1 when it can't be found out */
static int
explain(struct buf *b, enum access_result result, struct fault *fault)
{
	struct registry *r;
	int thing, channel;

	if (registry_open(&r, NULL, REGISTRY_READ, fault) < 0)
		return -1;
	thing = item_exists(r, ITEM_THING, asked.thing, fault);
	channel = item_exists(r, ITEM_CHANNEL, asked.channel, fault);
	registry_close(r);
	if (thing < 0 || channel < 0)
		return -1;
	if (result == ACCESS_NO_KEY && key_file != NULL)
		buf_puts(b, "no: nobody has this key\n");
	else if (thing == 0)
		buf_printf(b, "no: there is no thing %.*s\n",
		    STR_ARG(asked.thing));
	else if (result == ACCESS_NO_KEY)
		buf_printf(b, "no: the key of thing %.*s was taken away\n",
		    STR_ARG(asked.thing));
	else if (channel == 0)
		buf_printf(b, "no: there is no channel %.*s\n",
		    STR_ARG(asked.channel));
	else
		buf_printf(b, "no: thing %.*s is not connected to channel "
		    "%.*s\n", STR_ARG(asked.thing), STR_ARG(asked.channel));
	return 0;
}

static int
answer(struct out *out)
{
	struct fault fault;
	enum access_result result = ask(&fault);

	if (result == ACCESS_ERROR)
		return diag_fault(&fault);
	if (result == ACCESS_YES)
		buf_printf(&out->b, "yes: thing %.*s is connected to channel "
		    "%.*s, and may %s\n", STR_ARG(asked.thing),
		    STR_ARG(asked.channel), asked.verb);
	else if (explain(&out->b, result, &fault) < 0)
		return diag_fault(&fault);
	out_end(out);
	if (out_flush(out) < 0) {
		diag_error("%s: %s", out->name, strerror(out->err));
		return EX_IOERR;
	}
	return result != ACCESS_YES;
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv), status;
	int want = key_file != NULL ? 2 : 3;
	struct out out;

	if (argc - i != want)
		program_misuse(&program, key_file ? "what, and a channel" :
		    "a thing, what, and a channel");
	program_holds_secrets();
	if (key_file == NULL)
		asked.thing = str_z(argv[i++]);
	asked.verb = argv[i];
	asked.channel = str_z(argv[i + 1]);
	if (strcmp(asked.verb, "publish") != 0 &&
	    strcmp(asked.verb, "subscribe") != 0)
		program_misuse(&program, "'%s': publish or subscribe",
		    asked.verb);
	out_init(&out, STDOUT_FILENO, "<stdout>", 4096);
	status = answer(&out);
	out_release(&out);
	return status;
}
