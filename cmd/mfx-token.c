/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens, which stand in for a user's password at a mfx-api.  Logging in gives
 * one, which is kept in a file for other commands; others are made for
 * programs, allow what their scope says, and can be revoked.
 */
#include <sysexits.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/program.h"
#include "client/client.h"
#include "client/token_file.h"
#include "json/json.h"

#define EXPIRES_MAX (INT64_C(100) * 365 * 24 * 3600 * STAMP_SECOND)

static struct {
	const char *user, *password_file, *scope, *output;
	int64_t expires;
	bool human, token, all, dry_run;
} opt;
static struct remote_setup setup = REMOTE_DEFAULTS;

static struct client client;
static struct buf password;
static struct listing listing;
static struct fault fault;

#define USER { 0, "user", "EMAIL", "owner of the tokens (default: $MFX_USER)", \
	OPT_STRING(&opt.user) }, REMOTE_OPTIONS(setup)

static const struct opt login_options[] = {
	{ 0, "password-file", "FILE", "read the password from FILE, '-' is "
	    "stdin (default: ask)", OPT_STRING(&opt.password_file) },
	REMOTE_OPTIONS(setup),
	OPT_END
};

static const struct opt show_options[] = {
	{ 0, "token", NULL, "show the token, too", OPT_FLAG(&opt.token) },
	REMOTE_OPTIONS(setup), OPT_END
};

static const struct opt refresh_options[] = {
	REMOTE_OPTIONS(setup), OPT_END
};
static const struct opt logout_options[] = {
	{ 0, "all", NULL, "revoke all tokens of this user",
	    OPT_FLAG(&opt.all) },
	REMOTE_OPTIONS(setup), OPT_END
};

static const struct opt create_options[] = {
	USER,
	{ 0, "scope", "SCOPE", "required: scopes, such as 'things:read "
	    "keys:read'",
	    OPT_STRING(&opt.scope) },
	{ 0, "expires", "DURATION", "lifetime of the token (default: no end)",
	    OPT_DURATION(&opt.expires, STAMP_SECOND, EXPIRES_MAX) },
	{ 'o', "output", "FILE", "write the token to FILE",
	    OPT_STRING(&opt.output) },
	OPT_END
};

static const struct opt list_options[] = {
	USER,
	OPT_ROW_HUMAN(&opt.human), OPT_END
};

static const struct opt remove_options[] = {
	USER,
	OPT_ROW_DRY_RUN(&opt.dry_run),
	OPT_END
};

/* ---- beginning and end ---- */

static int
token_open_client(enum client_access access)
{
	program_holds_secrets();
	return client_open(&client, &setup, access, &fault);
}

/* for the token of other commands */
static int
token_open_login(void)
{
	int result = token_open_client(CLIENT_LATER);

	if (result == 0 && client.backend->login == NULL)
		program_misuse("which server? give --url URL or set MFX_URL");
	return result;
}

/* for the tokens of programs */
static int
token_open_tokens(enum client_access access)
{
	return token_open_client(access) < 0 ? -1 :
	    client.backend->act_as(&client, opt.user, &fault);
}

static int
token_end(int result)
{
	int status = result < 0 ? diag_fault(&fault) : 0;
	int written = listing.out.name ? listing_finish(&listing) : 0;

	client_close(&client);
	secret_release(&password);
	return status ? status : written;
}

/* ---- the token of other commands ---- */

static int
token_verb_login(char **operands)
{
	struct str email = str_z(*operands);

	/* room for a line end, and to see that it is too long */
	buf_init(&password, PASSWORD_MAX + 3);
	return token_end(token_open_login() < 0 ||
	    secret_read(opt.password_file, "password", &password, &fault) < 0 ?
	    -1 : client.backend->login(&client, email, buf_str(&password),
	    &fault));
}

static int
token_verb_refresh(char **operands)
{
	(void)operands;
	return token_end(token_open_login() < 0 ? -1 :
	    client.backend->refresh(&client, &fault));
}

static int
token_verb_logout(char **operands)
{
	(void)operands;
	return token_end(token_open_login() < 0 ? -1 :
	    client.backend->logout(&client, opt.all, &fault));
}

static void
token_list_string(const char *name, struct str text)
{
	struct buf json;

	buf_init(&json, JSON_STRING_MAX(JWT_MAX));
	json_put_string(&json, text);
	listing_raw(&listing, name, buf_str(&json), text);
	secret_release(&json);
}

static void
token_list_time(const char *name, int64_t seconds)
{
	listing_time(&listing, name,
	    (struct stamp){ seconds * STAMP_SECOND }, seconds != 0);
}

/* {"url":…,"email":…,"scope":…,"expires":…} */
static int
token_verb_show(char **operands)
{
	struct client_login login;

	(void)operands;
	if (token_open_login() < 0 ||
	    client.backend->login_show(&client, &login, &fault) < 0)
		return token_end(-1);
	listing_begin(&listing, false, NULL);
	token_list_string("url", str_z(client.url));
	token_list_string("email", str_z(client.user.email));
	if (login.known) {
		token_list_string("scope", str_z(login.scope));
		token_list_time("expires", login.expires);
	}
	if (opt.token)
		token_list_string("token", login.token);
	listing_end(&listing);
	return token_end(0);
}

/* ---- the tokens of programs ---- */

static void
token_list_one(void *secret, const struct lasting *t)
{
	char scope[TOKEN_SCOPE_TEXT];

	token_scope_print(t->scope, scope);
	token_list_string("id", t->id);
	token_list_string("name", t->name);
	token_list_string("scope", str_z(scope));
	token_list_time("created", t->created);
	token_list_time("expires", t->expires);
	if (secret != NULL)
		token_list_string("token", buf_str(secret));
	listing_end(&listing);
}

static int
token_make(struct lasting *t, struct arena *keep, struct buf *token)
{
	if (t->name.n > TOKEN_NAME_MAX)
		return fault_set(&fault, EX_DATAERR, "the name is longer than "
		    "%d bytes", TOKEN_NAME_MAX);
	if (opt.expires > 0)
		t->expires = (stamp_now().ns + opt.expires) / STAMP_SECOND;
	if (token_open_tokens(CLIENT_WRITE) < 0 || client.backend->token_create(
	    &client, t, keep, token, &fault) < 0)
		return -1;
	listing_begin(&listing, false, NULL);
	token_list_one(opt.output ? NULL : token, t);
	return opt.output == NULL ? 0 : token_file_write(opt.output,
	    buf_str(token), client.url, &fault);
}

static int
token_verb_create(char **operands)
{
	struct lasting t = { .name = str_z(*operands) };
	struct arena keep;
	struct buf token;
	int result;

	if (opt.scope == NULL)
		program_misuse("missing --scope SCOPE");
	if (!token_scope_parse(str_z(opt.scope), &t.scope))
		program_misuse("--scope '%s': not one or more of things:read, "
		    "things:write, channels:read, channels:write, keys:read, "
		    "events:read", opt.scope);
	arena_init(&keep, 4096);
	buf_init(&token, JWT_MAX);
	buf_room(&token, JWT_MAX);
	result = token_make(&t, &keep, &token);
	secret_release(&token);
	arena_release(&keep);
	return token_end(result);
}

static int
token_verb_list(char **operands)
{
	static const char *const heads[] = {
		"id", "name", "scope", "created", "expires", NULL
	};

	(void)operands;
	if (token_open_tokens(CLIENT_READ) < 0)
		return token_end(-1);
	listing_begin(&listing, opt.human, heads);
	return token_end(client.backend->token_each(&client, STR_NONE,
	    token_list_one, NULL, &fault));
}

static int
token_verb_remove(char **ids)
{
	if (token_open_tokens(opt.dry_run ? CLIENT_READ : CLIENT_WRITE) < 0)
		return token_end(-1);
	listing_begin(&listing, false, NULL);
	return token_end(opt.dry_run ?
	    client_show_tokens(&client, ids, token_list_one, &fault) :
	    client.backend->token_remove(&client, ids, &fault));
}

static const struct verb verbs[] = {
	{ "login", "EMAIL", "log in: keep a token for other commands",
	    login_options, token_verb_login },
	{ "show", NULL, "show whose token it is and what it allows",
	    show_options, token_verb_show },
	{ "refresh", NULL, "get a new token with the same lifetime",
	    refresh_options, token_verb_refresh },
	{ "logout", NULL, "revoke the token, and remove its file",
	    logout_options, token_verb_logout },
	{ "create", "NAME", "create a token for a program",
	    create_options, token_verb_create },
	{ "list", NULL, "list the tokens of programs", list_options,
	    token_verb_list },
	{ "remove", "ID ...", "revoke tokens", remove_options,
	    token_verb_remove },
	VERB_END
};

static const struct program program = {
	.name = "mfx-token",
	.summary = "log in to an mfx-api, and make tokens for programs",
	.operands = PROGRAM_VERBS,
	.verbs = verbs,
};

int
main(int argc, char **argv)
{
	return program_verb(&program, argc, argv);
}
