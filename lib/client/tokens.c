/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tokens.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "client/token_file.h"

int
user_tokens_open(struct user_tokens *t, const struct remote_setup *setup,
    const char *email, struct fault *fault)
{
	*t = (struct user_tokens){ .session = NULL };
	if (remote_url(setup) == NULL && email == NULL)
		email = getenv("MFX_USER");
	if (remote_url(setup) == NULL && (email == NULL || *email == '\0'))
		return fault_set(fault, EX_USAGE,
		    "which user? give --user EMAIL or set MFX_USER");
	if (remote_url(setup) == NULL)
		return registry_open(&t->registry, NULL, REGISTRY_WRITE,
		    fault) < 0 ? -1 : user_find(t->registry, str_z(email),
		    &t->user, fault);
	if (session_open(&t->session, setup, fault) < 0 ||
	    session_use_token(t->session, fault) < 0)
		return -1;
	return email == NULL ? 0 :
	    account_is(t->session, str_z(email), fault);
}

void
user_tokens_close(struct user_tokens *t)
{
	if (t->registry != NULL)
		registry_rollback(t->registry);
	registry_close(t->registry);
	session_close(t->session);
}

int
user_tokens_create(struct user_tokens *t, struct lasting *l, struct arena *keep,
    struct buf *token, struct fault *fault)
{
	char id[ID_TEXT + 1];

	if (l->name.n > TOKEN_NAME_MAX)
		return fault_set(fault, EX_DATAERR,
		    "the name is longer than 256 bytes");
	if (t->session != NULL)
		return account_lasting_create(t->session, l, keep, token,
		    fault);
	uuid_make(id);
	l->id = arena_str(keep, str_z(id));
	l->created = stamp_now().ns / STAMP_SECOND;
	if (registry_begin(t->registry, fault) < 0 ||
	    lasting_create(t->registry, &t->user, l, token, fault) < 0)
		return -1;
	return registry_commit(t->registry, fault);
}

int
user_tokens_each(struct user_tokens *t,
    void (*each)(void *, const struct lasting *), void *arg,
    struct fault *fault)
{
	if (t->session != NULL)
		return account_lasting_each(t->session, each, arg, fault);
	return lasting_each(t->registry, &t->user, STR_NONE, each, arg,
	    fault) < 0 ? -1 : 0;
}

/* one of them, looked for among all */
struct wanted {
	struct str id;
	void (*each)(void *, const struct lasting *);
	bool found;
};

static void
look_at(void *arg, const struct lasting *l)
{
	struct wanted *w = arg;

	if (!str_eq(l->id, w->id))
		return;
	w->found = true;
	if (w->each != NULL)
		w->each(NULL, l);
}

static int
find_all(struct user_tokens *t, char **ids,
    void (*each)(void *, const struct lasting *), struct fault *fault)
{
	for (; *ids != NULL; ids++) {
		struct wanted w = { .id = str_z(*ids), .each = each };

		if (user_tokens_each(t, look_at, &w, fault) < 0)
			return -1;
		if (!w.found)
			return fault_set(fault, 1, "no token '%s'", *ids);
	}
	return 0;
}

int
user_tokens_remove(struct user_tokens *t, char **ids,
    void (*each)(void *, const struct lasting *), struct fault *fault)
{
	if (t->session == NULL && registry_begin(t->registry, fault) < 0)
		return -1;
	/* there they go one by one */
	if (find_all(t, ids, NULL, fault) < 0)
		return -1;
	if (each != NULL)
		return find_all(t, ids, each, fault);
	for (; *ids != NULL; ids++)
		if ((t->session != NULL ? account_lasting_remove(t->session,
		    str_z(*ids), fault) : lasting_remove(t->registry,
		    &t->user, str_z(*ids), fault)) < 0)
			return -1;
	return t->session != NULL ? 0 : registry_commit(t->registry, fault);
}

/* ---- the one of the other commands ---- */

static int
keep(struct session *s, struct buf *token, struct fault *fault)
{
	char *path = token_file_path(session_setup(s));
	int result = token_file_write(path, buf_str(token), session_url(s),
	    fault);

	free(path);
	secret_release(token);
	return result;
}

int
login_begin(struct session *s, struct str email, struct str password,
    struct fault *fault)
{
	struct buf token;
	int got;

	buf_init(&token, JWT_MAX);
	buf_room(&token, JWT_MAX);
	got = account_login(s, email, password, &token, fault);
	if (got > 0)
		return keep(s, &token, fault);
	secret_release(&token);
	return got < 0 ? -1 : fault_set(fault, EX_NOPERM, "%s: no user has "
	    "this address and this password", session_url(s));
}

int
login_refresh(struct session *s, struct fault *fault)
{
	struct buf token;

	buf_init(&token, JWT_MAX);
	buf_room(&token, JWT_MAX);
	if (session_use_token(s, fault) == 0 &&
	    account_refresh(s, &token, fault) == 0)
		return keep(s, &token, fault);
	secret_release(&token);
	return -1;
}

int
login_end(struct session *s, bool all, struct fault *fault)
{
	char *path;
	int result = 0;

	if (session_use_token(s, fault) < 0 ||
	    (account_logout(s, all, fault) < 0 &&
	    (all || fault->status != EX_NOPERM)))
		return -1;
	path = token_file_path(session_setup(s));
	if (unlink(path) < 0)
		result = fault_errno(fault, 0, "%s", path);
	free(path);
	return result;
}

bool
token_peek(struct str token, char scope[TOKEN_SCOPE_TEXT], int64_t *expires)
{
	struct jwt_claims claims;
	struct arena arena;
	struct buf json;
	bool ours;

	arena_init(&arena, 2 * JWT_MAX);
	buf_init(&json, JWT_MAX);
	ours = jwt_peek(&json, token) &&
	    jwt_read(buf_str(&json), &claims, &arena);
	if (ours) {
		*expires = claims.exp > 0 ? claims.exp : 0;
		snprintf(scope, TOKEN_SCOPE_TEXT, "%.*s", STR_ARG(
		    claims.scope.p ? claims.scope : STR("all")));
	}
	buf_release(&json);
	arena_release(&arena);
	return ours;
}
