/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/jwt.h"

#include <sodium.h>

#include "base/base64.h"
#include "json/object.h"

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

static bool
jwt_number(const struct object_field *f, int64_t *to)
{
	*to = -1;
	return f->value.p == NULL || object_number(f->value, to);
}

bool
jwt_read(struct str json, struct jwt_claims *c, struct arena *arena)
{
	struct object_field f[] = {
		{ .name = "exp", .type = OBJECT_NUMBER },
		{ .name = "iat", .type = OBJECT_NUMBER },
		{ .name = "auth_time", .type = OBJECT_NUMBER },
		{ .name = "ver", .type = OBJECT_NUMBER },
		{ .name = "iss", .type = OBJECT_TEXT },
		{ .name = "sub", .type = OBJECT_TEXT },
		{ .name = "uid", .type = OBJECT_TEXT },
		{ .name = "jti", .type = OBJECT_TEXT },
		{ .name = "scope", .type = OBJECT_TEXT },
	};

	if (object_read(json, f, sizeof f / sizeof *f, arena) != NULL)
		return false;
	*c = (struct jwt_claims){
		.iss = f[4].value, .sub = f[5].value, .uid = f[6].value,
		.jti = f[7].value, .scope = f[8].value,
	};
	return jwt_number(&f[0], &c->exp) && jwt_number(&f[1], &c->iat) &&
	    jwt_number(&f[2], &c->auth_time) && jwt_number(&f[3], &c->ver);
}
