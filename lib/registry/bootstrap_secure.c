/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bootstrap_secure.h"

#include <sodium.h>

#include "base/base64.h"

#define NONCE crypto_aead_chacha20poly1305_ietf_NPUBBYTES
/* a salt, or a proof, as text */
#define PART_TEXT 43

void
secure_begin(struct secure *s)
{
	randombytes_buf(s->salt, sizeof s->salt);
}

/* of one block, which is as long as a key: RFC 5869 2.3 */
static void
secure_expand(unsigned char key[SECURE_KEY], const unsigned char *prk,
    struct str info, struct str external_id)
{
	static const unsigned char one = 1;
	crypto_auth_hmacsha256_state h;

	crypto_auth_hmacsha256_init(&h, prk, crypto_auth_hmacsha256_BYTES);
	/* with the NUL at its end */
	crypto_auth_hmacsha256_update(&h, (const unsigned char *)info.p,
	    info.n + 1);
	if (external_id.n > 0)
		crypto_auth_hmacsha256_update(&h,
		    (const unsigned char *)external_id.p, external_id.n);
	crypto_auth_hmacsha256_update(&h, &one, 1);
	crypto_auth_hmacsha256_final(&h, key);
}

void
secure_derive(struct secure *s, struct str external_id,
    struct str external_key)
{
	unsigned char prk[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state h;

	crypto_auth_hmacsha256_init(&h, s->salt, sizeof s->salt);
	if (external_key.n > 0)
		crypto_auth_hmacsha256_update(&h,
		    (const unsigned char *)external_key.p, external_key.n);
	crypto_auth_hmacsha256_final(&h, prk);
	secure_expand(s->proof, prk, STR("mfx-bootstrap-1 request"),
	    external_id);
	secure_expand(s->answer, prk, STR("mfx-bootstrap-1 answer"),
	    external_id);
	sodium_memzero(prk, sizeof prk);
	sodium_memzero(&h, sizeof h);
}

void
secure_wipe(struct secure *s)
{
	sodium_memzero(s, sizeof *s);
}

void
secure_print(const struct secure *s, char to[SECURE_TEXT])
{
	char *at = base64_write(to, (struct str){ (const char *)s->salt,
	    sizeof s->salt });

	*at++ = '.';
	at = base64_write(at, (struct str){ (const char *)s->proof,
	    sizeof s->proof });
	*at = '\0';
}

static bool
secure_take(struct str text, unsigned char to[SECURE_KEY])
{
	char bytes[PART_TEXT / 4 * 3 + 3];

	if (!base64_is_url(text) ||
	    base64_decode(bytes, text) != SECURE_KEY)
		return false;
	memcpy(to, bytes, SECURE_KEY);
	return true;
}

bool
secure_parse(struct secure *s, struct str text)
{
	return text.n == 2 * PART_TEXT + 1 && text.p[PART_TEXT] == '.' &&
	    secure_take((struct str){ text.p, PART_TEXT }, s->salt) &&
	    secure_take(str_from(text, PART_TEXT + 1), s->proof);
}

bool
secure_proven(const struct secure *s, const unsigned char proof[SECURE_KEY])
{
	return sodium_memcmp(s->proof, proof, SECURE_KEY) == 0;
}

void
secure_seal(const struct secure *s, struct str text, struct buf *to)
{
	unsigned char *room = (unsigned char *)buf_room(to,
	    SECURE_ADDED + text.n);
	unsigned long long n;

	if (room == NULL)
		return;
	randombytes_buf(room, NONCE);
	crypto_aead_chacha20poly1305_ietf_encrypt(room + NONCE, &n,
	    (const unsigned char *)text.p, text.n, NULL, 0, NULL, room,
	    s->answer);
	to->n += NONCE + (size_t)n;
}

bool
secure_open(const struct secure *s, struct str sealed, struct buf *to)
{
	const unsigned char *p = (const unsigned char *)sealed.p;
	unsigned long long n;
	char *room;

	if (sealed.n < SECURE_ADDED ||
	    (room = buf_room(to, sealed.n)) == NULL ||
	    crypto_aead_chacha20poly1305_ietf_decrypt((unsigned char *)room,
	    &n, NULL, p + NONCE, sealed.n - NONCE, NULL, 0, p,
	    s->answer) != 0)
		return false;
	to->n += (size_t)n;
	return true;
}
