/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_MQTT_CERTIFICATE_H
#define MFX_MQTT_CERTIFICATE_H

/*
 * Whom a client certificate names: a thing, by a subject alternative name
 * `urn:uuid:<id>`, or else by its key as the common name, as Mainflux had
 * it.  One that names two things names none.  That it is signed by whom we
 * trust has been seen by the broker.
 */
#define CERTIFICATE_TEXT 256

enum certificate_kind {
	CERTIFICATE_NONE,	/* there is none */
	CERTIFICATE_THING,	/* text is its id */
	CERTIFICATE_KEY,	/* text is its key: to be wiped */
	CERTIFICATE_REFUSED,	/* why */
};

struct certificate {
	enum certificate_kind kind;
	const char *why;
	char text[CERTIFICATE_TEXT];
};

/* `x509` is OpenSSL's X509, or NULL; it is not freed */
void certificate_read(struct certificate *, void *x509);

#endif
