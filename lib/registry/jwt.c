/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/jwt.h"

#include <sodium.h>

#include "base/base64.h"
#include "base/number.h"
#include "json/json.h"

_Static_assert(JWT_KEY_BYTES == crypto_auth_hmacsha256_KEYBYTES, "HS256");

/* {"alg":"HS256","typ":"JWT"} and the dot after it */
#define HEADER STR("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.")
#define SIGNATURE_TEXT 43	/* of 32 bytes */

static void
jwt_sign(struct str text, const unsigned char *key, char to[SIGNATURE_TEXT])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char room[BASE64_MAX(sizeof mac)];

	crypto_auth_hmacsha256(mac, (const unsigned char *)text.p, text.n,
	    key);
	base64_write(room, (struct str){ (const char *)mac, sizeof mac });
	memcpy(to, room, SIGNATURE_TEXT);
}

void
jwt_put(struct buf *to, struct str claims,
    const unsigned char key[JWT_KEY_BYTES])
{
	char signature[SIGNATURE_TEXT];
	size_t start = to->n;

	buf_put_str(to, HEADER);
	base64_put(to, claims);
	if (to->full)
		return;
	jwt_sign(str_from(buf_str(to), start), key, signature);
	buf_putc(to, '.');
	buf_put(to, signature, sizeof signature);
}

/* what was signed; p NULL: it has not that form */
static struct str
jwt_signed_part(struct str token)
{
	struct str text = { token.p, token.n - SIGNATURE_TEXT - 1 };

	if (token.n > JWT_MAX || !str_starts(token, HEADER) ||
	    token.n < HEADER.n + 1 + SIGNATURE_TEXT ||
	    text.p[text.n] != '.')
		return STR_NONE;
	return text;
}

bool
jwt_open(struct buf *claims, struct str token,
    const unsigned char key[JWT_KEY_BYTES])
{
	struct str text = jwt_signed_part(token);
	char want[SIGNATURE_TEXT];

	if (text.p == NULL)
		return false;
	jwt_sign(text, key, want);
	return sodium_memcmp(want, text.p + text.n + 1, sizeof want) == 0 &&
	    jwt_peek(claims, token);
}

bool
jwt_peek(struct buf *claims, struct str token)
{
	struct str payload = jwt_signed_part(token);
	char *room;
	long n;

	if (payload.p == NULL)
		return false;
	payload = str_from(payload, HEADER.n);
	room = buf_room(claims, payload.n / 4 * 3 + 3);
	if (room == NULL || (n = base64_decode(room, payload)) < 0)
		return false;
	claims->n += (size_t)n;
	return true;
}

/* ---- claims ---- */

static int64_t *
jwt_number(struct jwt_claims *c, struct str name)
{
	if (str_eq(name, STR("exp")))
		return &c->exp;
	if (str_eq(name, STR("iat")))
		return &c->iat;
	if (str_eq(name, STR("auth_time")))
		return &c->auth_time;
	return str_eq(name, STR("ver")) ? &c->ver : NULL;
}

static struct str *
jwt_text(struct jwt_claims *c, struct str name)
{
	if (str_eq(name, STR("iss")))
		return &c->iss;
	if (str_eq(name, STR("sub")))
		return &c->sub;
	if (str_eq(name, STR("uid")))
		return &c->uid;
	if (str_eq(name, STR("jti")))
		return &c->jti;
	return str_eq(name, STR("scope")) ? &c->scope : NULL;
}

/* a whole number from 0, of at most 15 digits */
#define NUMBER_MAX UINT64_C(999999999999999)

static const char *
jwt_parse_number(struct scan *j, const char *p, int64_t *to)
{
	struct str digits;
	uint64_t n;

	p = scan_space(j, p);
	if (p == j->end || *p < '0' || *p > '9' ||
	    (p = scan_number(j, p, &digits)) == NULL ||
	    !number_digits(digits, NUMBER_MAX, &n))
		return NULL;
	*to = (int64_t)n;
	return p;
}

static const char *
jwt_parse_claim(struct scan *j, const char *p, struct jwt_claims *c)
{
	struct str name, *text;
	int64_t *number;

	if ((p = scan_take(j, p, '"')) == NULL ||
	    (p = scan_string(j, p, &name)) == NULL ||
	    (p = scan_take(j, p, ':')) == NULL)
		return NULL;
	if ((number = jwt_number(c, name)) != NULL)
		return jwt_parse_number(j, p, number);
	if ((text = jwt_text(c, name)) == NULL)
		return scan_skip(j, p);
	return (p = scan_take(j, p, '"')) == NULL ? NULL :
	    scan_string(j, p, text);
}

bool
jwt_read(struct str json, struct jwt_claims *c, struct arena *arena)
{
	struct scan j = { .end = json.p + json.n, .arena = arena };
	const char *p = scan_take(&j, json.p, '{'), *q;

	*c = (struct jwt_claims){
		.exp = -1, .iat = -1, .auth_time = -1, .ver = -1
	};
	do {
		if (p == NULL || (q = jwt_parse_claim(&j, p, c)) == NULL)
			return false;
	} while ((p = scan_take(&j, q, ',')) != NULL);
	return (q = scan_take(&j, q, '}')) != NULL &&
	    scan_end(&j, q) != NULL;
}
