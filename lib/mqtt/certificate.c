/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/certificate.h"

#include <ctype.h>
#include <openssl/x509v3.h>
#include <strings.h>

#include "base/str.h"
#include "registry/uuid.h"

static const struct str urn = { "urn:uuid:", 9 };

static void
refuse(struct certificate *c, const char *why)
{
	c->kind = CERTIFICATE_REFUSED;
	c->why = why;
}

/* The id in the one spelling that we have. */
static void
take_thing(struct certificate *c, struct str id)
{
	size_t i;

	if (c->kind == CERTIFICATE_THING) {
		refuse(c, "it names more than one thing");
		return;
	}
	for (i = 0; i < id.n && i < ID_TEXT; i++)
		c->text[i] = (char)tolower((unsigned char)id.p[i]);
	c->text[i] = '\0';
	if (id.n == ID_TEXT && uuid_valid(str_z(c->text)))
		c->kind = CERTIFICATE_THING;
	else
		refuse(c, "its urn:uuid: is not a valid UUID");
}

static void
take_alternative_names(struct certificate *c, X509 *x)
{
	int critical, i;
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name,
	    &critical, NULL);

	/* -1: it has none */
	if (names == NULL && critical != -1)
		refuse(c, "its alternative names can't be read");
	for (i = 0; i < sk_GENERAL_NAME_num(names) &&
	    c->kind != CERTIFICATE_REFUSED; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *uri = name->d.uniformResourceIdentifier;
		struct str s;

		if (name->type != GEN_URI)
			continue;
		s.p = (const char *)ASN1_STRING_get0_data(uri);
		s.n = (size_t)ASN1_STRING_length(uri);
		if (s.n >= urn.n && strncasecmp(s.p, urn.p, urn.n) == 0)
			take_thing(c, str_from(s, urn.n));
	}
	GENERAL_NAMES_free(names);
}

static void
take_common_name(struct certificate *c, X509 *x)
{
	X509_NAME *subject = X509_get_subject_name(x);
	int n = X509_NAME_get_text_by_NID(subject, NID_commonName, c->text,
	    (int)sizeof c->text);

	/* a longer one was cut */
	if (n <= 0 || n >= (int)sizeof c->text - 1 ||
	    strlen(c->text) != (size_t)n)
		refuse(c, "it names no thing");
	else
		c->kind = CERTIFICATE_KEY;
}

void
certificate_read(struct certificate *c, void *x509)
{
	*c = (struct certificate){ .kind = CERTIFICATE_NONE };
	if (x509 == NULL)
		return;
	take_alternative_names(c, x509);
	if (c->kind == CERTIFICATE_NONE)
		take_common_name(c, x509);
}
