/* SPDX-License-Identifier: Apache-2.0 */
#include "api/auth.h"

#include <sodium.h>
#include <stdlib.h>
#include <sysexits.h>

#include "api/answer.h"
#include "api/request_ctx.h"
#include "api/state.h"
#include "base/memory.h"
#include "http/thing_auth.h"

/*
 * Tokens that were good, so that not every request has to ask the registry
 * and to check a signature; forgotten when the registry changes.  It holds
 * no tokens, only hashes of them under a key of this process.
 */
#define KEPT 1024

struct auth_kept {
	unsigned char tag[crypto_shorthash_siphashx24_BYTES];
	uint64_t generation;
	struct principal principal;
};

struct token_cache {
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	uint64_t generation;
	struct principal other;		/* of one that is not kept */
	struct auth_kept kept[KEPT];
};

struct token_cache *
token_cache_open(void)
{
	struct token_cache *k = memory_zero(1, sizeof *k);

	k->generation = 1;
	randombytes_buf(k->secret, sizeof k->secret);
	return k;
}

void
token_cache_close(struct token_cache *k)
{
	free(k);
}

void
token_cache_forget(struct token_cache *k)
{
	k->generation++;
}

static int
auth_check(struct api *api, struct str token, struct principal *principal,
    struct fault *fault)
{
	if (api->registry == NULL)
		return fault_set(fault, EX_TEMPFAIL,
		    "%s: no registry can be read there", api->home);
	return token_check(api->registry, token, api->now, principal, fault);
}

int
auth_principal(struct api *api, struct str token, struct principal *principal)
{
	struct fault fault;

	return auth_check(api, token, principal, &fault);
}

/* 1 and *principal, 0, or -1 */
static int
auth_identify(struct api *api, struct str token,
    const struct principal **principal, struct fault *fault)
{
	struct token_cache *k = api->tokens;
	unsigned char tag[sizeof k->kept->tag];
	struct auth_kept *kept;
	int got;

	crypto_shorthash_siphashx24(tag, (const unsigned char *)token.p,
	    token.n, k->secret);
	kept = &k->kept[(tag[0] | tag[1] << 8) % KEPT];
	if (kept->generation == k->generation && memcmp(kept->tag, tag,
	    sizeof tag) == 0 && (kept->principal.expires == 0 ||
	    kept->principal.expires > api->now)) {
		*principal = &kept->principal;
		return 1;
	}
	if ((got = auth_check(api, token, &k->other, fault)) <= 0)
		return got;
	memcpy(kept->tag, tag, sizeof tag);
	kept->generation = k->generation;
	kept->principal = k->other;
	*principal = &kept->principal;
	return 1;
}

static struct str
auth_token(const struct request_ctx *c)
{
	return authorization_key(http_header(c->request, "Authorization"));
}

bool
auth_shows_token(struct request_ctx *c)
{
	if (c->route->flags & API_OPEN || auth_token(c).n > 0)
		return true;
	http_problem(c->request, 403, "missing token");
	return false;
}

bool
auth_admit(struct request_ctx *c)
{
	struct fault fault;
	int got;

	if (c->route->flags & API_OPEN || c->principal != NULL)
		return true;
	if (!auth_shows_token(c))
		return false;
	got = auth_identify(c->api, auth_token(c), &c->principal, &fault);
	if (got < 0) {
		answer_unable(c->api, c->request, &fault);
	} else if (got == 0) {
		http_problem(c->request, 403,
		    "this token is not valid, or has expired");
	} else if (c->route->scope & ~c->principal->scope) {
		c->principal = NULL;
		http_problem(c->request, 403,
		    "this token does not allow that");
	} else {
		memcpy(c->request->principal, c->principal->user.id,
		    ID_TEXT + 1);
		return true;
	}
	return false;
}

const struct principal *
auth_user(struct request_ctx *c, unsigned more)
{
	if (!auth_admit(c))
		return NULL;
	if (more & ~c->principal->scope)
		http_problem(c->request, 403,
		    "this token does not allow that");
	else if (c->route->flags & API_STATE || ctx_holds(c, true, NULL))
		return c->principal;
	return NULL;
}
