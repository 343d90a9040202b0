/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole site: as text that can be compared, kept in git and applied again,
 * and as a backup.
 * Each verb is a row of the table; its code is in cmd/site.
 */
#include "cmd/site/backup.h"
#include "cmd/site/verbs.h"

struct site_options site_opt;
struct remote_setup site_setup = REMOTE_DEFAULTS;

#define TYPE								\
	{ 't', "type", "text|json", "form of the output (default: text)", \
	    OPT_ENUM(&site_opt.json) }

#define PLAN								\
	{ 0, "user", "EMAIL", "owner of what has none in FILE; nothing of " \
	    "other users (default: $MFX_USER, and other users)",	\
	    OPT_STRING(&site_opt.user) },				\
	{ 0, "csv", SITE_CSV_KINDS, "FILE is CSV of these (default: NDJSON, " \
	    "as of export)", OPT_CHOICE(&site_opt.csv) },		\
	{ 0, "prune", NULL, "remove what FILE does not have",		\
	    OPT_FLAG(&site_opt.prune) },				\
	{ 0, "key", "FILE", "private key of keygen that opens sealed "	\
	    "secrets", OPT_STRING(&site_opt.key) },			\
	TYPE, REMOTE_OPTIONS(site_setup)

static const struct opt export_options[] = {
	{ 0, "user", "EMAIL", "only this user and what is theirs (default: "
	    "all users)", OPT_STRING(&site_opt.user) },
	{ 0, "secrets", "sealed", "add keys and hashes of passwords, sealed "
	    "--for somebody", OPT_CHOICE(&site_opt.secrets) },
	{ 0, "for", "FILE", "public key of keygen for which secrets are "
	    "sealed", OPT_STRING(&site_opt.recipient) },
	REMOTE_OPTIONS(site_setup), OPT_END
};
static const struct opt plan_options[] = { PLAN, OPT_END };
static const struct opt apply_options[] = {
	PLAN,
	{ 0, "new-keys", "FILE", "make keys for new things without one, and "
	    "write them to FILE", OPT_STRING(&site_opt.new_keys) },
	OPT_END
};
static const struct opt log_options[] = {
	{ 0, "user", "EMAIL", "only changes of what this user has (default: "
	    "all users)", OPT_STRING(&site_opt.user) },
	{ 0, "from", "WHERE", "begin at start, after a seq, or at a time "
	    "(default: start)", OPT_STRING(&site_opt.from) },
	{ 'n', "count", "N", "stop after N changes",
	    OPT_INT(&site_opt.count, 1, INT64_MAX) },
	TYPE, REMOTE_OPTIONS(site_setup), OPT_END
};
static const struct opt undo_options[] = {
	OPT_ROW_DRY_RUN(&site_opt.dry_run),
	TYPE, REMOTE_OPTIONS(site_setup), OPT_END
};

static const struct verb verbs[] = {
	{ "export", NULL, "print users, what they have and what they share, "
	    "one object a line", export_options, site_verb_export },
	{ "plan", "FILE", "show what would be done to be as in FILE: exit 0 "
	    "if nothing, 2 if something", plan_options, site_verb_plan },
	{ "apply", "FILE", "make the site as it is in FILE, in one "
	    "transaction", apply_options, site_verb_apply },
	{ "log", "[ID]", "show who changed what when, all or of a thing or "
	    "channel", log_options, site_verb_log },
	{ "undo", "SEQ ...", "make the opposite of changes, all or none",
	    undo_options, site_verb_undo },
	{ "keygen", "FILE", "make a private key, and its public key in "
	    "FILE.pub, for sealed secrets", NULL, site_verb_keygen },
	{ "backup", "TO", "copy the site while everything runs: into a "
	    "directory of backups, FILE.tar or '-'", backup_options,
	    backup_verb_backup },
	{ "verify", "BACKUP [BASE ...]", "check that a backup is whole and as "
	    "it was made", backup_verify_options, backup_verb_verify },
	{ "list", "BACKUP", "show the backups of a directory, or what is in "
	    "one of them", backup_list_options, backup_verb_list },
	{ "restore", "BACKUP [BASE ...]", "make a site from a backup: all of "
	    "it or nothing", backup_restore_options, backup_verb_restore },
	VERB_END
};

static const struct program program = {
	.name = "mfx-site",
	.summary = "keep a whole site as text, and back it up",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	program_holds_secrets();
	return program_verb(&program, argc, argv);
}
