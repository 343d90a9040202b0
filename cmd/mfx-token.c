/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: what a user shows to a mfx-api instead of a password.  One comes
 * from logging in and is kept in a file for the other commands; others are
 * made for programs, allow what their scope says, and can be taken back.
 */
#include "base/diag.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/program.h"
#include "client/token_file.h"
#include "client/tokens.h"
#include "json/json.h"

#define EXPIRES_MAX (INT64_C(100) * 365 * 24 * 3600 * STAMP_SECOND)

static struct {
	const char *user, *password_file, *scope, *output;
	int64_t expires;
	bool human, token, all, dry_run;
} opt;
static struct remote_setup remote = REMOTE_DEFAULTS;

static struct user_tokens tokens;
static struct buf password, token;
static struct listing listing;
static struct fault fault;

#define USER { 0, "user", "EMAIL", "owner of the tokens (default: $MFX_USER)", \
	OPT_STRING(&opt.user) }, REMOTE_OPTIONS(remote)

static const struct opt login_options[] = {
	{ 0, "password-file", "FILE", "read the password from FILE, '-' is "
	    "stdin (default: ask)", OPT_STRING(&opt.password_file) },
	REMOTE_OPTIONS(remote),
	OPT_END
};

static const struct opt show_options[] = {
	{ 0, "token", NULL, "show the token, too", OPT_FLAG(&opt.token) },
	REMOTE_OPTIONS(remote), OPT_END
};

static const struct opt refresh_options[] = {
	REMOTE_OPTIONS(remote), OPT_END
};
static const struct opt logout_options[] = {
	{ 0, "all", NULL, "revoke all tokens of this user",
	    OPT_FLAG(&opt.all) },
	REMOTE_OPTIONS(remote), OPT_END
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
	{ 0, "dry-run", NULL, "show what would be removed, and remove nothing",
	    OPT_FLAG(&opt.dry_run) },
	OPT_END
};

/* ---- beginning and end ---- */

static void
begin(void)
{
	program_holds_secrets();
	buf_init(&token, JWT_MAX);
	buf_room(&token, JWT_MAX);
}

static int
open_session(void)
{
	begin();
	if (remote_url(&remote) == NULL)
		program_misuse("where? give --url URL or set MFX_URL");
	return session_open(&tokens.session, &remote, &fault);
}

/* those of the user, here or there */
static int
open_tokens(void)
{
	begin();
	return user_tokens_open(&tokens, &remote, opt.user, &fault);
}

static int
end(int result)
{
	int status = result < 0 ? diag_fault(&fault) : 0;
	int written = listing.out.name ? listing_finish(&listing) : 0;

	user_tokens_close(&tokens);
	secret_release(&password);
	secret_release(&token);
	return status ? status : written;
}

/* ---- the token of the other commands ---- */

static int
login(char **operands)
{
	struct str email = str_z(*operands);

	/* room for a line end, and to see that it is too long */
	buf_init(&password, PASSWORD_MAX + 3);
	return end(open_session() < 0 || secret_read(opt.password_file,
	    "password", &password, &fault) < 0 ||
	    login_begin(tokens.session, email, buf_str(&password),
	    &fault) < 0 ? -1 : 0);
}

static int
refresh(char **operands)
{
	(void)operands;
	return end(open_session() < 0 ? -1 :
	    login_refresh(tokens.session, &fault));
}

static int
logout(char **operands)
{
	(void)operands;
	return end(open_session() < 0 ? -1 :
	    login_end(tokens.session, opt.all, &fault));
}

static void
list_string(const char *name, struct str text)
{
	struct buf json;

	buf_init(&json, JSON_STRING_MAX(JWT_MAX));
	json_put_string(&json, text);
	listing_raw(&listing, name, buf_str(&json), text);
	secret_release(&json);
}

static void
list_time(const char *name, int64_t seconds)
{
	listing_time(&listing, name,
	    (struct stamp){ seconds * STAMP_SECOND }, seconds != 0);
}

/* {"url":…,"email":…,"scope":…,"expires":…} */
static int
show(char **operands)
{
	char scope[TOKEN_SCOPE_TEXT];
	int64_t expires;

	(void)operands;
	if (open_session() < 0 || session_use_token(tokens.session,
	    &fault) < 0 || account_show(tokens.session, &tokens.user,
	    NULL, &fault) < 0)
		return end(-1);
	buf_put_str(&token, session_token(tokens.session));
	listing_begin(&listing, false, NULL);
	listing_text(&listing, "url", session_url(tokens.session));
	list_string("email", str_z(tokens.user.email));
	if (token_peek(buf_str(&token), scope, &expires)) {
		list_string("scope", str_z(scope));
		list_time("expires", expires);
	}
	if (opt.token)
		list_string("token", buf_str(&token));
	listing_end(&listing);
	return end(0);
}

/* ---- those for programs ---- */

static void
list_one(void *secret, const struct lasting *t)
{
	char scope[TOKEN_SCOPE_TEXT];

	token_scope_print(t->scope, scope);
	list_string("id", t->id);
	list_string("name", t->name);
	list_string("scope", str_z(scope));
	list_time("created", t->created);
	list_time("expires", t->expires);
	if (secret != NULL)
		list_string("token", buf_str(secret));
	listing_end(&listing);
}

static void
set_lasting(struct lasting *t, char **operands)
{
	t->name = str_z(*operands);
	if (!token_scope_parse(str_z(opt.scope), &t->scope))
		program_misuse("--scope has to be some of things:read, "
		    "things:write, channels:read, "
		    "channels:write, keys:read, events:read");
	if (opt.expires > 0)
		t->expires = (stamp_now().ns + opt.expires) / STAMP_SECOND;
}

static int
create(char **operands)
{
	struct lasting t = { .expires = 0 };
	struct arena keep;
	int result;

	set_lasting(&t, operands);
	arena_init(&keep, 4096);
	result = open_tokens();
	if (result == 0)
		result = user_tokens_create(&tokens, &t, &keep, &token,
		    &fault);
	if (result == 0) {
		listing_begin(&listing, false, NULL);
		list_one(opt.output ? NULL : &token, &t);
		if (opt.output != NULL)
			result = token_file_write(opt.output,
			    buf_str(&token), tokens.session ?
			    session_url(tokens.session) : NULL, &fault);
	}
	arena_release(&keep);
	return end(result);
}

static int
list(char **operands)
{
	static const char *const heads[] = {
		"id", "name", "scope", "created", "expires", NULL
	};

	(void)operands;
	if (open_tokens() < 0)
		return end(-1);
	listing_begin(&listing, opt.human, heads);
	return end(user_tokens_each(&tokens, list_one, NULL, &fault));
}

static int
remove_tokens(char **ids)
{
	if (open_tokens() < 0)
		return end(-1);
	listing_begin(&listing, false, NULL);
	return end(user_tokens_remove(&tokens, ids,
	    opt.dry_run ? list_one : NULL, &fault));
}

static const struct verb verbs[] = {
	{ "login", "EMAIL", "log in: keep a token for other commands",
	    login_options, login },
	{ "show", NULL, "show whose token it is and what it allows",
	    show_options, show },
	{ "refresh", NULL, "renew the token for as long again",
	    refresh_options, refresh },
	{ "logout", NULL, "revoke the token, and remove its file",
	    logout_options, logout },
	{ "create", "NAME", "create a token for a program",
	    create_options, create },
	{ "list", NULL, "list the tokens of programs", list_options, list },
	{ "remove", "ID ...", "revoke tokens", remove_options, remove_tokens },
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
