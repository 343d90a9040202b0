/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users: who owns things and channels.  A password comes from a file, from
 * stdin or from the terminal, never from the command line, and only its
 * argon2id hash is kept.
 */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/out.h"
#include "base/program.h"
#include "base/table.h"
#include "registry/user.h"
#include "senml/json.h"

static struct {
	const char *password_file;
	bool human, all;
} opt;

static struct registry *registry;
static struct fault fault;

static const struct opt password_options[] = {
	{ 0, "password-file", "FILE", "where the password is; '-' is stdin "
	    "(else: ask)", OPT_STRING, &opt.password_file, 0, 0 },
	OPT_END
};

static const struct opt list_options[] = {
	{ 'H', "human", NULL, "a table for people",
	    OPT_FLAG, &opt.human, 0, 0 },
	OPT_END
};

static const struct opt remove_options[] = {
	{ 0, "all", NULL, "with all their things and channels",
	    OPT_FLAG, &opt.all, 0, 0 },
	OPT_END
};

static const struct program program;

static struct str
one_email(char **operands)
{
	if (operands[0] == NULL || operands[1] != NULL)
		program_misuse(&program, "one email address is needed");
	program_holds_secrets();
	return str_z(operands[0]);
}

static int
open_registry(void)
{
	return registry_open(&registry, NULL, REGISTRY_WRITE, &fault);
}

/* ends a verb: 0 done, 1 no, -1 a fault */
static int
end(int result)
{
	if (registry != NULL)
		registry_rollback(registry);
	registry_close(registry);
	return result < 0 ? diag_fault(&fault) : result;
}

static int
read_password(struct buf *password)
{
	/* room for a line end, and to see that it is too long */
	buf_init(password, PASSWORD_MAX + 3);
	return secret_read(opt.password_file, "password", password, &fault);
}

static int
read_hash(char hash[PASSWORD_HASH_TEXT])
{
	struct buf password;
	int result = read_password(&password);

	if (result == 0)
		result = password_hash(buf_str(&password), PASSWORD_MIN,
		    hash, &fault);
	secret_release(&password);
	return result;
}

static int
create(char **operands)
{
	struct str email = one_email(operands);
	char hash[PASSWORD_HASH_TEXT];
	struct user user;

	if (open_registry() < 0 || read_hash(hash) < 0 ||
	    registry_begin(registry, &fault) < 0 ||
	    user_create(registry, email, hash, &user, &fault) < 0)
		return end(-1);
	return end(registry_commit(registry, &fault));
}

static int
verify(char **operands)
{
	struct str email = one_email(operands);
	struct buf password;
	int result = open_registry();

	if (result == 0 && (result = read_password(&password)) == 0) {
		result = user_verify(registry, email, buf_str(&password),
		    &fault);
		if (result >= 0)
			result = !result;
	}
	secret_release(&password);
	return end(result);
}

static int
update(char **operands)
{
	struct str email = one_email(operands);
	char hash[PASSWORD_HASH_TEXT];
	struct user user;

	if (open_registry() < 0 || read_hash(hash) < 0 ||
	    registry_begin(registry, &fault) < 0 ||
	    user_find(registry, email, &user, &fault) < 0 ||
	    user_set_password(registry, &user, hash, &fault) < 0)
		return end(-1);
	return end(registry_commit(registry, &fault));
}

static int
remove_user(char **operands)
{
	struct str email = one_email(operands);
	struct user user;

	if (open_registry() < 0 || registry_begin(registry, &fault) < 0 ||
	    user_find(registry, email, &user, &fault) < 0 ||
	    user_remove(registry, &user, opt.all, &fault) < 0)
		return end(-1);
	return end(registry_commit(registry, &fault));
}

/* ---- list ---- */

struct listing {
	struct out out;
	struct table table;
};

static int
show(void *arg, const struct user *user)
{
	struct listing *l = arg;
	char time[STAMP_TEXT];
	struct buf *b = &l->out.b;

	if (opt.human) {
		table_cell(&l->table, str_z(user->id), false);
		table_cell(&l->table, str_z(user->email), false);
		table_cell(&l->table, (struct str){ time,
		    stamp_print_utc(time, user->created) }, false);
	} else {
		buf_puts(b, "{\"id\":");
		json_put_string(b, str_z(user->id));
		buf_puts(b, ",\"email\":");
		json_put_string(b, str_z(user->email));
		buf_puts(b, ",\"created\":");
		buf_put(b, time, stamp_print(time, user->created));
		buf_puts(b, "}\n");
	}
	return out_end(&l->out) < 0;
}

static int
list(char **operands)
{
	struct listing l;
	int result;

	if (*operands != NULL)
		program_misuse(&program, "unexpected '%s'", *operands);
	out_init(&l.out, STDOUT_FILENO, "<stdout>", OUT_CHUNK);
	table_init(&l.table, &l.out, EMAIL_MAX);
	if (opt.human) {
		table_column(&l.table, "id");
		table_column(&l.table, "email");
		table_column(&l.table, "created");
	}
	if ((result = open_registry()) == 0)
		result = user_each(registry, show, &l, &fault);
	if (out_flush(&l.out) < 0 && result >= 0)
		result = fault_set(&fault, EX_IOERR, "%s: %s", l.out.name,
		    strerror(l.out.err));
	table_release(&l.table);
	out_release(&l.out);
	return end(result);
}

static const struct verb verbs[] = {
	{ "create", "[--password-file FILE] EMAIL", "add a user",
	    password_options, create },
	{ "verify", "[--password-file FILE] EMAIL",
	    "0 when that is the password, else 1", password_options, verify },
	{ "list", "[-H]", "show all users", list_options, list },
	{ "update", "[--password-file FILE] EMAIL", "set a new password",
	    password_options, update },
	{ "remove", "[--all] EMAIL", "remove a user", remove_options,
	    remove_user },
	{ NULL, NULL, NULL, NULL, NULL },
};

static const struct program program = {
	.name = "mfx-users",
	.summary = "look after users, who own things and channels",
	.synopsis = "create|verify|list|update|remove [options] [EMAIL]",
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
