/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users: who owns things and channels.  A password comes from a file, from
 * stdin or from the terminal, never from the command line, and only its
 * argon2id hash is kept.  With --url it is done at a mfx-api, which knows
 * only of the user whose password or token is shown.
 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/program.h"
#include "client/account.h"
#include "client/removal.h"
#include "client/token_file.h"
#include "client/user_local.h"
#include "registry/metadata.h"

static struct {
	const char *password_file, *old_file, *metadata;
	bool human, all, dry_run;
} opt;
static struct remote_setup remote = REMOTE_DEFAULTS;

static struct registry *registry;
static struct session *session;		/* with --url, instead */
static struct buf password, old, token, metadata;
static struct fault fault;

#define PASSWORD { 0, "password-file", "FILE", "read the password from FILE; " \
	"'-' is stdin (default: ask)", OPT_STRING(&opt.password_file) }

#define METADATA(text)							\
	{ 0, "metadata", "JSON", text, OPT_STRING(&opt.metadata) }

static const struct opt create_options[] = {
	PASSWORD, METADATA("JSON object"), REMOTE_OPTIONS(remote), OPT_END
};

static const struct opt verify_options[] = {
	PASSWORD, REMOTE_OPTIONS(remote), OPT_END
};

static const struct opt update_options[] = {
	PASSWORD,
	METADATA("new metadata, replacing all of the old"),
	{ 0, "old-password-file", "FILE", "with --url: read the old password "
	    "from FILE (default: ask)", OPT_STRING(&opt.old_file) },
	REMOTE_OPTIONS(remote),
	OPT_END
};

static const struct opt list_options[] = {
	REMOTE_OPTIONS(remote),
	OPT_ROW_HUMAN(&opt.human),
	OPT_END
};

static const struct opt remove_options[] = {
	REMOTE_OPTIONS(remote),
	{ 0, "all", NULL, "also remove all things and channels of the user",
	    OPT_FLAG(&opt.all) },
	{ 0, "dry-run", NULL, "show what would be removed, and remove nothing",
	    OPT_FLAG(&opt.dry_run) },
	OPT_END
};

static bool
is_there(void)
{
	return remote_url(&remote) != NULL;
}

static int
open_registry(void)
{
	return is_there() ? session_open(&session, &remote, &fault) :
	    registry_open(&registry, NULL, REGISTRY_WRITE, &fault);
}

/* ends a verb: 0 done, 1 no, -1 a fault */
static int
end(int result)
{
	if (registry != NULL)
		registry_rollback(registry);
	registry_close(registry);
	session_close(session);
	secret_release(&password);
	secret_release(&old);
	secret_release(&token);
	buf_release(&metadata);
	return result < 0 ? diag_fault(&fault) : result;
}

static int
read_password(const char *file, const char *what, struct buf *to)
{
	/* room for a line end, and to see that it is too long */
	buf_init(to, PASSWORD_MAX + 3);
	return secret_read(file, what, to, &fault);
}

/* the registry, and a password for it */
static int
open_with_password(void)
{
	return open_registry() < 0 ? -1 :
	    read_password(opt.password_file, "password", &password);
}

/* with the token of this user */
static int
open_as(struct str email)
{
	return open_registry() < 0 ||
	    session_use_token(session, &fault) < 0 ||
	    account_is(session, email, &fault) < 0 ? -1 : 0;
}

static int
create(char **operands)
{
	struct str email = str_z(*operands);

	/* before a password is asked for */
	if (email_check(email, &fault) < 0 || (opt.metadata != NULL &&
	    metadata_option(opt.metadata, &metadata, &fault) < 0) ||
	    (is_there() && open_registry() < 0) ||
	    read_password(opt.password_file, "password", &password) < 0)
		return end(-1);
	return end(is_there() ? account_create(session, email,
	    buf_str(&password), buf_str(&metadata), &fault) :
	    user_create_here(&registry, email, buf_str(&password),
	    buf_str(&metadata), &fault));
}

static int
verify(char **operands)
{
	struct str email = str_z(*operands);
	int result;

	if (open_with_password() < 0)
		return end(-1);
	buf_init(&token, JWT_MAX);
	result = is_there() ? account_login(session, email,
	    buf_str(&password), &token, &fault) :
	    user_verify(registry, email, buf_str(&password), &fault);
	return end(result < 0 ? -1 : !result);
}

/* All tokens end with the old password; the one in the file is replaced. */
static int
update_there(struct str email)
{
	char *path = token_file_path(&remote);
	int result;

	if (strcmp(path, "-") == 0)
		program_misuse("the token file has to be one that can be "
		    "rewritten");
	buf_init(&token, JWT_MAX);
	if (open_as(email) < 0 ||
	    read_password(opt.old_file, "old password", &old) < 0 ||
	    read_password(opt.password_file, "password", &password) < 0 ||
	    account_set_password(session, buf_str(&old), buf_str(&password),
	    &token, &fault) < 0)
		result = -1;
	else
		result = token_file_write(path, buf_str(&token),
		    session_url(session), &fault);
	free(path);
	return end(result);
}

static int
update_metadata(struct str email)
{
	if (opt.password_file != NULL || opt.old_file != NULL)
		program_misuse("give either a new password or --metadata, not "
		    "both");
	if (metadata_option(opt.metadata, &metadata, &fault) < 0 ||
	    (is_there() ? open_as(email) : open_registry()) < 0)
		return end(-1);
	return end(is_there() ? account_set_metadata(session,
	    buf_str(&metadata), &fault) : user_set_metadata_here(registry,
	    email, buf_str(&metadata), &fault));
}

static int
update(char **operands)
{
	struct str email = str_z(*operands);

	if (opt.metadata != NULL)
		return update_metadata(email);
	if (is_there())
		return update_there(email);
	if (opt.old_file != NULL)
		program_misuse("--old-password-file needs --url");
	return end(open_with_password() < 0 ? -1 : user_set_password_here(
	    registry, email, buf_str(&password), &fault));
}

static int
remove_user(char **operands)
{
	struct str email = str_z(*operands);
	struct removal r = { .all = opt.all, .dry_run = opt.dry_run };
	struct listing l;
	int result, written;

	if (is_there() ? open_as(email) < 0 || remove_there(session, &r,
	    &fault) < 0 : open_registry() < 0 || remove_here(registry, email,
	    &r, &fault) < 0)
		return end(-1);
	if (!opt.dry_run)
		return end(0);
	listing_begin(&l, false, NULL);
	listing_text(&l, "id", r.user.id);
	listing_text(&l, "email", r.user.email);
	listing_number(&l, "things", r.things);
	listing_number(&l, "channels", r.channels);
	listing_end(&l);
	written = listing_finish(&l);
	result = end(0);
	return result ? result : written;
}

/* ---- list ---- */

static int
show(void *arg, const struct user *user, struct str noted)
{
	struct listing *l = arg;

	/* no valid address has anything that JSON would escape */
	listing_text(l, "id", user->id);
	listing_text(l, "email", user->email);
	listing_time(l, "created", user->created, true);
	listing_raw(l, "metadata", noted, noted);
	listing_end(l);
	return l->out.err != 0;
}

/* whoever's token it is */
static int
show_self(struct listing *l)
{
	struct user user;

	buf_init(&metadata, METADATA_BYTES_MAX);
	return session_use_token(session, &fault) < 0 ||
	    account_show(session, &user, &metadata, &fault) < 0 ? -1 :
	    show(l, &user, buf_str(&metadata));
}

static int
list(char **operands)
{
	static const char *const heads[] = { "id", "email", "created",
	    "metadata", NULL };
	struct listing l;
	int result, written;

	(void)operands;
	listing_begin(&l, opt.human, heads);
	if ((result = open_registry()) == 0)
		result = is_there() ? show_self(&l) :
		    user_each(registry, show, &l, &fault);
	written = listing_finish(&l);
	result = end(result < 0 ? -1 : 0);
	return result ? result : written;
}

static const struct verb verbs[] = {
	{ "create", "EMAIL", "create a user", create_options, create },
	{ "verify", "EMAIL",
	    "check a password: exit 0 if it is right, 1 if not",
	    verify_options, verify },
	{ "list", NULL, "list all users", list_options, list },
	{ "update", "EMAIL", "set a new password or new metadata",
	    update_options, update },
	{ "remove", "EMAIL", "remove a user", remove_options, remove_user },
	VERB_END
};

static const struct program program = {
	.name = "mfx-users",
	.summary = "manage users, who own things and channels",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	program_holds_secrets();
	return program_verb(&program, argc, argv);
}
