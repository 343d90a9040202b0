/* SPDX-License-Identifier: Apache-2.0 */
#include "http/caller.h"

#include <string.h>
#include <strings.h>

#include "http/chars.h"
#include "net/certificate.h"

static bool
caller_take_scheme(struct str *s, struct str scheme)
{
	if (s->n <= scheme.n || strncasecmp(s->p, scheme.p, scheme.n) != 0 ||
	    s->p[scheme.n] != ' ')
		return false;
	*s = str_from(*s, scheme.n + 1);
	return true;
}

struct str
authorization_key(struct str header)
{
	struct str s = http_trim(header);

	if (caller_take_scheme(&s, STR("Thing")) ||
	    caller_take_scheme(&s, STR("Bearer")))
		s = http_trim(s);
	return s;
}

static enum access_result
caller_by_key(struct access *a, struct str key, struct str channel,
    char *caller)
{
	struct str thing = STR_NONE;
	enum access_result result = access_check(a, key, channel, &thing);

	if (result != ACCESS_YES)
		return result;
	if (thing.n >= CALLER_MAX)
		return ACCESS_ERROR;
	memcpy(caller, thing.p, thing.n);
	caller[thing.n] = '\0';
	return ACCESS_YES;
}

static enum access_result
caller_by_id(struct access *a, struct str id, struct str channel, char *caller)
{
	enum access_result result = access_check_id(a, id, channel);

	if (result == ACCESS_YES) {
		memcpy(caller, id.p, id.n);
		caller[id.n] = '\0';
	}
	return result;
}

/* The key of a certificate is compared as such, its thing by the id. */
static enum access_result
caller_by_both(struct access *a, struct str key, const struct certificate *peer,
    struct str channel, char *caller, const char **why)
{
	struct str named = str_z(peer->text);
	enum access_result result;

	*why = "key and certificate are not of the same thing";
	if (peer->kind == CERTIFICATE_KEY && !str_eq(key, named))
		return ACCESS_NO_KEY;
	result = caller_by_key(a, key, channel, caller);
	if (result == ACCESS_YES && peer->kind == CERTIFICATE_THING &&
	    !str_eq(str_z(caller), named))
		return ACCESS_NO_KEY;
	return result;
}

static enum access_result
caller_decide(struct access *a, struct str key, const struct certificate *peer,
    struct str channel, bool need_certificate, char *caller,
    const char **why)
{
	static const struct certificate nobody = { .kind = CERTIFICATE_NONE };

	if (peer == NULL)
		peer = &nobody;
	if (peer->kind == CERTIFICATE_REFUSED) {
		*why = peer->why;
		return ACCESS_NO_KEY;
	}
	if (peer->kind == CERTIFICATE_NONE && need_certificate)
		*why = "no certificate";
	else if (peer->kind == CERTIFICATE_NONE && key.n == 0)
		*why = "no key";
	if (*why != NULL)
		return ACCESS_NO_KEY;
	if (peer->kind == CERTIFICATE_NONE)
		return caller_by_key(a, key, channel, caller);
	if (key.n > 0)
		return caller_by_both(a, key, peer, channel, caller, why);
	return peer->kind == CERTIFICATE_THING ?
	    caller_by_id(a, str_z(peer->text), channel, caller) :
	    caller_by_key(a, str_z(peer->text), channel, caller);
}

enum access_result
caller_prove(struct access *a, struct str key, const struct certificate *peer,
    struct str channel, bool need_certificate, char caller[CALLER_MAX],
    const char **why)
{
	enum access_result result;

	*why = NULL;
	caller[0] = '\0';
	result = caller_decide(a, key, peer, channel, need_certificate, caller,
	    why);
	if (result == ACCESS_YES)
		return result;
	caller[0] = '\0';
	if (result == ACCESS_ERROR)
		*why = access_fault(a);
	else if (result == ACCESS_NOT_CONNECTED)
		*why = "not connected";
	else if (*why == NULL)
		*why = "unknown key";
	return result;
}

enum access_result
caller_check(struct access *a, struct http_request *r, struct str channel,
    bool need_certificate, const char **why)
{
	return caller_prove(a,
	    authorization_key(http_header(r, "Authorization")),
	    http_certificate(r), channel, need_certificate, r->caller, why);
}
