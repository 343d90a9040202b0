/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users, who own things and channels.  A password comes from a file, from stdin
 * or from the terminal, never from the command line, and only its argon2id hash
 * is kept.  With --url an mfx-api does the work, and shows only the user whose
 * password or token is given.
 */
#include <stdlib.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/program.h"
#include "client/client.h"
#include "cmd/users/grants.h"
#include "registry/metadata.h"

static struct {
	const char *password_file, *old_file, *metadata;
	bool human, all, dry_run;
} opt;
static struct remote_setup setup = REMOTE_DEFAULTS;

static struct client client;
static struct buf password, old, metadata;
static struct fault fault;

#define PASSWORD { 0, "password-file", "FILE", "read the password from FILE; " \
	"'-' is stdin (default: ask)", OPT_STRING(&opt.password_file) }

#define METADATA(text)							\
	{ 0, "metadata", "JSON", text, OPT_STRING(&opt.metadata) }

static const struct opt create_options[] = {
	PASSWORD, METADATA("JSON object"), REMOTE_OPTIONS(setup), OPT_END
};

static const struct opt verify_options[] = {
	PASSWORD, REMOTE_OPTIONS(setup), OPT_END
};

static const struct opt update_options[] = {
	PASSWORD,
	METADATA("new metadata, replacing all of the old"),
	{ 0, "old-password-file", "FILE", "with --url: read the old password "
	    "from FILE (default: ask)", OPT_STRING(&opt.old_file) },
	REMOTE_OPTIONS(setup),
	OPT_END
};

static const struct opt list_options[] = {
	REMOTE_OPTIONS(setup),
	OPT_ROW_HUMAN(&opt.human),
	OPT_END
};

static const struct opt remove_options[] = {
	REMOTE_OPTIONS(setup),
	{ 0, "all", NULL, "also remove all things and channels of the user",
	    OPT_FLAG(&opt.all) },
	OPT_ROW_DRY_RUN(&opt.dry_run),
	OPT_END
};

/* ends a verb; `result` 0: done, 1: no, -1: a fault */
static int
users_end(int result)
{
	client_close(&client);
	secret_release(&password);
	secret_release(&old);
	buf_release(&metadata);
	return result < 0 ? diag_fault(&fault) : result;
}

static int
users_open_client(enum client_access access)
{
	return client_open(&client, &setup, access, &fault);
}

static int
users_open_as(const char *email)
{
	return users_open_client(CLIENT_WRITE) < 0 ? -1 :
	    client.backend->act_as(&client, email, &fault);
}

static int
users_read_password(const char *file, const char *what, struct buf *to)
{
	/* room for a line end, and to see that it is too long */
	buf_init(to, PASSWORD_MAX + 3);
	return secret_read(file, what, to, &fault);
}

/* checks --metadata and puts it into `metadata`, compact */
static int
users_read_metadata(void)
{
	struct arena arena;
	struct str compact;
	const char *why;

	/* what fits in an argument, twice */
	arena_init(&arena, (size_t)1 << 20);
	buf_init(&metadata, METADATA_BYTES_MAX);
	why = metadata_take(str_z(opt.metadata), &arena, &compact);
	if (why == NULL)
		buf_put_str(&metadata, compact);
	arena_release(&arena);
	return why == NULL ? 0 :
	    fault_set(&fault, EX_DATAERR, "--metadata: %s", why);
}

static int
users_verb_create(char **operands)
{
	struct str email = str_z(*operands);

	/* before a password is asked for */
	if (email_check(email, &fault) < 0 || (opt.metadata != NULL &&
	    users_read_metadata() < 0) ||
	    users_open_client(CLIENT_LATER) < 0 ||
	    users_read_password(opt.password_file, "password", &password) < 0)
		return users_end(-1);
	return users_end(client.backend->user_create(&client, email,
	    buf_str(&password), buf_str(&metadata), &fault));
}

static int
users_verb_verify(char **operands)
{
	struct str email = str_z(*operands);
	int result;

	if (users_open_client(CLIENT_READ) < 0 ||
	    users_read_password(opt.password_file, "password", &password) < 0)
		return users_end(-1);
	result = client.backend->user_verify(&client, email,
	    buf_str(&password), &fault);
	return users_end(result < 0 ? -1 : !result);
}

static int
users_update_metadata(const char *email)
{
	if (opt.password_file != NULL || opt.old_file != NULL)
		program_misuse("give --password-file or --metadata, not both");
	if (users_read_metadata() < 0 || users_open_as(email) < 0)
		return users_end(-1);
	return users_end(client.backend->user_set_metadata(&client,
	    buf_str(&metadata), &fault));
}

static int
users_verb_update(char **operands)
{
	const char *email = *operands;

	if (opt.metadata != NULL)
		return users_update_metadata(email);
	if (users_open_as(email) < 0)
		return users_end(-1);
	if (opt.old_file != NULL && !client.backend->old_password)
		program_misuse("--old-password-file needs --url");
	if ((client.backend->old_password &&
	    users_read_password(opt.old_file, "old password", &old) < 0) ||
	    users_read_password(opt.password_file, "password", &password) < 0)
		return users_end(-1);
	return users_end(client.backend->user_set_password(&client,
	    buf_str(&old), buf_str(&password), &fault));
}

static int
users_verb_remove(char **operands)
{
	struct client_removal r = { .all = opt.all, .dry_run = opt.dry_run };
	struct listing l;
	int result, written;

	if (users_open_as(*operands) < 0 ||
	    client.backend->user_remove(&client, &r, &fault) < 0)
		return users_end(-1);
	if (!opt.dry_run)
		return users_end(0);
	listing_begin(&l, false, NULL);
	listing_text(&l, "id", client.user.id);
	listing_text(&l, "email", client.user.email);
	listing_number(&l, "things", r.things);
	listing_number(&l, "channels", r.channels);
	listing_end(&l);
	written = listing_finish(&l);
	result = users_end(0);
	return result ? result : written;
}

/* ---- list ---- */

static int
users_list_one(void *arg, const struct user *user, struct str json)
{
	struct listing *l = arg;

	/* a valid address has nothing that JSON would escape */
	listing_text(l, "id", user->id);
	listing_text(l, "email", user->email);
	listing_time(l, "created", user->created, true);
	listing_raw(l, "metadata", json, json);
	listing_end(l);
	return l->out.err != 0;
}

static int
users_verb_list(char **operands)
{
	static const char *const heads[] = { "id", "email", "created",
	    "metadata", NULL };
	struct listing l;
	int result, written;

	(void)operands;
	listing_begin(&l, opt.human, heads);
	result = users_open_client(CLIENT_READ);
	if (result == 0)
		result = client.backend->user_each(&client, users_list_one,
		    &l, &fault);
	written = listing_finish(&l);
	result = users_end(result);
	return result ? result : written;
}

static const struct verb verbs[] = {
	{ "create", "EMAIL", "create a user", create_options,
	    users_verb_create },
	{ "verify", "EMAIL",
	    "check a password: exit 0 if it is right, 1 if not",
	    verify_options, users_verb_verify },
	{ "list", NULL, "list all users", list_options, users_verb_list },
	{ "update", "EMAIL", "set a new password or new metadata",
	    update_options, users_verb_update },
	{ "remove", "EMAIL", "remove a user", remove_options,
	    users_verb_remove },
	USERS_GRANT_VERBS,
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
