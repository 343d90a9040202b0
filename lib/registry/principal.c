/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/principal.h"

#include <string.h>

static enum access_result
principal_refuse(struct principal *p, bool certificate, const char *why)
{
	p->certificate = certificate;
	p->why = why;
	return ACCESS_NO_KEY;
}

static enum access_result
principal_is(struct principal *p, struct str thing)
{
	if (thing.n != ID_TEXT)
		return ACCESS_ERROR;
	memcpy(p->thing, thing.p, ID_TEXT);
	p->thing[ID_TEXT] = '\0';
	return ACCESS_YES;
}

static enum access_result
principal_by_key(struct access *a, struct str key, const struct str *channel,
    unsigned use, struct principal *p)
{
	struct str thing = STR_NONE;
	enum access_result result = channel == NULL ?
	    access_identify(a, key, &thing) :
	    access_check(a, key, *channel, use, &thing);

	p->by_key = true;
	if (result == ACCESS_NO_KEY)
		return principal_refuse(p, false, "unknown key");
	return result == ACCESS_YES ? principal_is(p, thing) : result;
}

static enum access_result
principal_by_id(struct access *a, struct str id, const struct str *channel,
    unsigned use, struct principal *p)
{
	enum access_result result = access_check_id(a, id,
	    channel == NULL ? STR("") : *channel, use);

	if (result == ACCESS_NO_KEY)
		return principal_refuse(p, true,
		    "no thing has the handshake's id");
	if (result == ACCESS_NOT_CONNECTED && channel == NULL)
		result = ACCESS_YES;
	return result == ACCESS_YES ? principal_is(p, id) : result;
}

/* The key of a certificate is compared as such, its thing by the id. */
static enum access_result
principal_by_both(struct access *a, struct str key,
    const struct certificate *c, const struct str *channel, unsigned use,
    struct principal *p)
{
	static const char why[] =
	    "key and handshake are not of the same thing";
	struct str named = str_z(c->text);
	enum access_result result;

	if (c->kind == CERTIFICATE_KEY && !str_eq(key, named))
		return principal_refuse(p, true, why);
	result = principal_by_key(a, key, channel, use, p);
	if (result == ACCESS_YES && c->kind == CERTIFICATE_THING &&
	    !str_eq(str_z(p->thing), named))
		return principal_refuse(p, true, why);
	return result;
}

enum access_result
principal_certificate(struct access *a, const struct certificate_id *id)
{
	return id->known ? access_check_certificate(a, id->hash) : ACCESS_YES;
}

static enum access_result
principal_decide(struct access *a, struct str key,
    const struct certificate *c, const struct str *channel, unsigned use,
    struct principal *p)
{
	enum access_result result;

	if (c == NULL || c->kind == CERTIFICATE_NONE)
		return key.n == 0 ? principal_refuse(p, false, "no key") :
		    principal_by_key(a, key, channel, use, p);
	if (c->kind == CERTIFICATE_REFUSED)
		return principal_refuse(p, true, c->why);
	result = principal_certificate(a, &c->id);
	if (result != ACCESS_YES)
		return result == ACCESS_ERROR ? result :
		    principal_refuse(p, true, "the certificate is revoked");
	if (key.n > 0)
		return principal_by_both(a, key, c, channel, use, p);
	return c->kind == CERTIFICATE_THING ?
	    principal_by_id(a, str_z(c->text), channel, use, p) :
	    principal_by_key(a, str_z(c->text), channel, use, p);
}

enum access_result
principal_prove(struct access *a, struct str key,
    const struct certificate *c, const struct str *channel, unsigned use,
    struct principal *p)
{
	enum access_result result;

	*p = (struct principal){ .why = NULL };
	result = principal_decide(a, key, c, channel, use, p);
	if (result == ACCESS_YES)
		return result;
	p->thing[0] = '\0';
	if (result == ACCESS_ERROR)
		p->why = access_fault(a);
	else if (result == ACCESS_NOT_CONNECTED)
		p->why = "not connected";
	else if (result == ACCESS_OTHER_WAY)
		p->why = use & DIRECTION_PUBLISH ?
		    "not connected for publishing" :
		    "not connected for subscribing";
	return result;
}
