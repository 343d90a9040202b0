/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations for devices that are still in their box: a device shows its
 * external id and key, and is told which thing it is.  Users see and change
 * only their own.  A change that was answered is on disk.
 */
#include "cmd/bootstrap/bootstrap.h"
#include "cmd/bootstrap/fetch.h"
#include "cmd/bootstrap/show.h"

#define STRING(member) OPT_STRING(&bootstrap_opt.member)
#define FLAG(member) OPT_FLAG(&bootstrap_opt.member)
#define HUMAN OPT_ROW_HUMAN(&bootstrap_opt.human)
#define KEYS { 0, "keys", NULL, "show keys, too", FLAG(keys) }
#define USER								\
	{ 0, "user", "EMAIL", "owner (default: $MFX_USER)",		\
	    STRING(user) },						\
	REMOTE_OPTIONS(bootstrap_setup)
#define INPUT								\
	{ 'f', "file", "FILE", "read NDJSON or labels from FILE, '-' is " \
	    "stdin: all or nothing", STRING(file) }
#define VALUES								\
	{ 0, "name", "NAME", "its name", STRING(name) },		\
	{ 0, "key-file", "FILE", "read the external key from FILE, '-' is " \
	    "stdin", STRING(key_file) },				\
	{ 0, "channel", "CHANNEL", "connect it to this channel when it is " \
	    "active; may be repeated",					\
	    OPT_LIST(&bootstrap_opt.channels) },			\
	{ 0, "content", "FILE", "give it what is in FILE",		\
	    STRING(content) },						\
	{ 0, "client-cert", "FILE", "give it the certificate in FILE",	\
	    STRING(client_cert) },					\
	{ 0, "client-key", "FILE", "give it the private key in FILE",	\
	    STRING(client_key) },					\
	{ 0, "ca-cert", "FILE", "give it the CA certificates in FILE",	\
	    STRING(ca_cert) }

static const struct opt add_options[] = {
	USER, VALUES,
	{ 0, "thing", "THING", "for this thing (default: a new one)",
	    STRING(thing) },
	{ 0, "active", NULL, "connect it to its channels now",
	    FLAG(active) },
	INPUT, OPT_END
};
static const struct opt update_options[] = {
	USER, VALUES,
	{ 0, "external-id", "ID", "another device: its external id",
	    STRING(external_id) },
	{ 0, "no-channels", NULL, "take all channels from it",
	    FLAG(no_channels) },
	INPUT, OPT_END
};
static const struct opt list_options[] = {
	USER,
	{ 0, "name", "TEXT", "only those with TEXT in their name",
	    STRING(name) },
	{ 0, "external-id", "ID", "only the one of this device",
	    STRING(external_id) },
	{ 0, "state", "inactive|active", "only those in this state",
	    OPT_ENUM_FROM(&bootstrap_opt.state, 1) },
	KEYS, HUMAN, OPT_END
};
static const struct opt get_options[] = {
	USER, KEYS, HUMAN, OPT_END
};
static const struct opt remove_options[] = {
	USER,
	{ 0, "if-exists", NULL, "do not fail for one that does not exist",
	    FLAG(if_exists) },
	INPUT, OPT_END
};
static const struct opt state_options[] = { USER, OPT_END };
static const struct opt unknown_options[] = {
	REMOTE_OPTIONS(bootstrap_setup), HUMAN, OPT_END
};

static const struct verb verbs[] = {
	{ "add", "ID\n-f FILE", "add the configuration of a device",
	    add_options, bootstrap_verb_add },
	{ "list", NULL, "list configurations", list_options, show_verb_list },
	{ "get", "THING ...", "show configurations by thing",
	    get_options, show_verb_get },
	{ "update", "THING ...\n-f FILE", "change what is given",
	    update_options, bootstrap_verb_update },
	{ "remove", "THING ...\n-f FILE", "remove configurations; things stay",
	    remove_options, bootstrap_verb_remove },
	{ "state", "active|inactive THING ...", "connect things to their "
	    "channels, or disconnect them", state_options,
	    bootstrap_verb_state },
	{ "unknown", NULL, "list devices that asked and were not let in",
	    unknown_options, show_verb_unknown },
	{ "fetch", "URL", "as a device: get its configuration",
	    fetch_options, fetch_verb },
	VERB_END
};

static const struct program program = {
	.name = "mfx-bootstrap",
	.summary = "configure devices that are still in their box",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
