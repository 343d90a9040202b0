/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a token, and as the claims of one that we signed ourselves.
 * What is taken was signed by us: so only what jwt_put makes is.
 */
#include <stdint.h>
#include <stdlib.h>

#include "registry/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const unsigned char key[JWT_KEY_BYTES] = "a key for this target only";

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* texts stand in the input or in the arena, numbers are whole */
static void
check_claims(struct str json, struct arena *arena)
{
	struct jwt_claims c;

	arena_reset(arena);
	if (!jwt_read(json, &c, arena))
		return;
	must(c.exp >= -1 && c.iat >= -1 && c.auth_time >= -1 && c.ver >= -1);
	must(c.jti.n <= json.n && c.sub.n <= json.n && c.iss.n <= json.n &&
	    c.uid.n <= json.n && c.scope.n <= json.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = { (const char *)data, n };
	struct buf token, claims;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	buf_init(&token, 2 * JWT_MAX);
	buf_init(&claims, 2 * JWT_MAX);
	/* nobody guesses a signature */
	must(!jwt_open(&claims, text, key));
	must(claims.n == 0);
	check_claims(text, &arena);
	jwt_put(&token, text, key);
	if (!token.full && token.n <= JWT_MAX) {
		must(jwt_open(&claims, buf_str(&token), key));
		must(str_eq(buf_str(&claims), text));
		buf_clear(&claims);
		/* one bit of it changed, anywhere */
		token.p[n % token.n] ^= 1 << (n & 3);
		must(!jwt_open(&claims, buf_str(&token), key));
	}
	buf_release(&token);
	buf_release(&claims);
	arena_release(&arena);
	return 0;
}
