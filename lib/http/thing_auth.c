/* SPDX-License-Identifier: Apache-2.0 */
#include "http/thing_auth.h"

#include <string.h>
#include <strings.h>

#include "http/chars.h"
#include "registry/principal.h"

static bool
thing_auth_take_scheme(struct str *s, struct str scheme)
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

	if (thing_auth_take_scheme(&s, STR("Thing")) ||
	    thing_auth_take_scheme(&s, STR("Bearer")))
		s = http_trim(s);
	return s;
}

enum access_result
thing_auth_prove(struct access *a, struct str key,
    const struct certificate *peer, struct str channel, unsigned use,
    bool need_certificate, char thing[THING_AUTH_MAX], const char **why)
{
	struct principal p;
	enum access_result result;

	thing[0] = '\0';
	if (need_certificate &&
	    (peer == NULL || peer->kind == CERTIFICATE_NONE)) {
		*why = "no certificate";
		return ACCESS_NO_KEY;
	}
	result = principal_prove(a, key, peer, &channel, use, &p);
	*why = p.why;
	memcpy(thing, p.thing, sizeof p.thing);
	return result;
}

enum access_result
thing_auth_check(struct access *a, struct http_request *r, struct str channel,
    unsigned use, bool need_certificate, const char **why)
{
	return thing_auth_prove(a,
	    authorization_key(http_header(r, "Authorization")),
	    http_certificate(r), channel, use, need_certificate, r->principal,
	    why);
}

enum access_result
thing_auth_identify(struct access *a, struct str key,
    const struct certificate *peer, char thing[THING_AUTH_MAX],
    const char **why)
{
	struct principal p;
	enum access_result result = principal_prove(a, key, peer, NULL,
	    ACCESS_ANY_WAY, &p);

	*why = p.why;
	memcpy(thing, p.thing, sizeof p.thing);
	return result;
}
