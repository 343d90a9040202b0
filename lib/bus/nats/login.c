/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are, for the server.  The library looks into files of keys only when
 * the server asks for a signature, and then one that is malformed would seem to
 * be a server that is away: so they are looked at here first.
 */
#include <sysexits.h>

#include "base/file.h"
#include "bus/nats/driver.h"

/* with the names of its parts, of a file of credentials */
#define SECRET_MAX 16384

/* a file as text, which the caller releases */
static natsStatus
login_read(const char *path, const char *what, struct buf *secret,
    struct fault *fault)
{
	buf_init(secret, SECRET_MAX + 1);
	if (secret_read(path, what, secret, fault) < 0)
		return NATS_INVALID_ARG;
	buf_putc(secret, '\0');
	if (secret->full || strlen(secret->p) + 1 != secret->n) {
		fault_set(fault, EX_CONFIG, "%s: not a %s", path, what);
		return NATS_INVALID_ARG;
	}
	return NATS_OK;
}

static natsStatus
login_password(const struct nats_url *u, natsOptions *o, struct fault *fault)
{
	struct buf secret;
	natsStatus s;

	if (u->password_file == NULL)
		return natsOptions_SetUserInfo(o, u->user,
		    u->password ? u->password : "");
	s = login_read(u->password_file, "password", &secret, fault);
	if (s == NATS_OK)
		s = natsOptions_SetUserInfo(o, u->user, secret.p);
	secret_release(&secret);
	return s;
}

static natsStatus
login_token(const struct nats_url *u, natsOptions *o, struct fault *fault)
{
	struct buf secret;
	natsStatus s = login_read(u->token_file, "token", &secret, fault);

	if (s == NATS_OK)
		s = natsOptions_SetToken(o, secret.p);
	secret_release(&secret);
	return s;
}

static bool
login_is_seed(const char *text)
{
	unsigned char *signature = NULL;
	int n;
	natsStatus s = nats_Sign(text, "x", &signature, &n);

	free(signature);
	return s == NATS_OK;
}

static natsStatus
login_nkey(const struct nats_url *u, natsOptions *o, struct fault *fault)
{
	struct buf secret;
	natsStatus s = login_read(u->seed, "seed", &secret, fault);

	if (s == NATS_OK && !login_is_seed(secret.p)) {
		fault_set(fault, EX_CONFIG, "%s: not a seed of an nkey, such "
		    "as 'SU...'", u->seed);
		s = NATS_INVALID_ARG;
	}
	secret_release(&secret);
	return s == NATS_OK ? natsOptions_SetNKeyFromSeed(o, u->nkey, u->seed) :
	    s;
}

/* Cuts out the line after the one that has this head: NULL when there is
 * none. */
static char *
login_part(char *text, const char *head)
{
	char *at = strstr(text, head);

	if (at == NULL || (at = strchr(at, '\n')) == NULL)
		return NULL;
	at += strspn(at, "\r\n ");
	at[strcspn(at, "\r\n ")] = '\0';
	return at;
}

/* three parts of base64url, with dots between */
static bool
login_is_jwt(const char *text)
{
	int dots = 0;

	for (; *text != '\0'; text++) {
		dots += *text == '.';
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789-_.", *text) == NULL)
			return false;
	}
	return dots == 2;
}

static natsStatus
login_credentials(const struct nats_url *u, natsOptions *o,
    struct fault *fault)
{
	struct buf secret;
	natsStatus s = login_read(u->credentials, "file of credentials",
	    &secret, fault);
	/* from the last part on, as each is cut out of the text */
	char *seed = s != NATS_OK ? NULL :
	    login_part(secret.p, "-----BEGIN USER NKEY SEED-----");
	char *jwt = s != NATS_OK ? NULL :
	    login_part(secret.p, "-----BEGIN NATS USER JWT-----");

	if (s == NATS_OK && (jwt == NULL || !login_is_jwt(jwt) ||
	    seed == NULL || !login_is_seed(seed))) {
		fault_set(fault, EX_CONFIG, "%s: not a file of credentials: "
		    "it has a user's JWT and the seed of an nkey, as "
		    "'nsc generate creds' writes it", u->credentials);
		s = NATS_INVALID_ARG;
	}
	secret_release(&secret);
	return s == NATS_OK ? natsOptions_SetUserCredentialsFromFiles(o,
	    u->credentials, NULL) : s;
}

natsStatus
login_set(const struct nats_url *u, natsOptions *o, struct fault *fault)
{
	natsStatus s = NATS_OK;

	if (u->user != NULL)
		s = login_password(u, o, fault);
	if (s == NATS_OK && u->token_file != NULL)
		s = login_token(u, o, fault);
	if (s == NATS_OK && u->nkey != NULL)
		s = login_nkey(u, o, fault);
	if (s == NATS_OK && u->credentials != NULL)
		s = login_credentials(u, o, fault);
	return s;
}
