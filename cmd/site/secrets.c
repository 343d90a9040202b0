/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/site/secrets.h"

#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "cmd/site/kind.h"
#include "json/json.h"

#define SECRETS_BOX (crypto_box_SEALBYTES + SECRETS_KEY)
#define SECRETS_NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SECRETS_TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
/* two keys, each byte of which may be escaped */
#define SECRETS_PLAIN (2 * JSON_STRING_MAX(THING_KEY_MAX) + 64)
#define SECRETS_SEALED (SECRETS_NONCE + SECRETS_PLAIN + SECRETS_TAG)
_Static_assert(SECRETS_PLAIN <= SECRETS_ROOM, "fits");
/* length of so many bytes in base64url */
#define SECRETS_TEXT(n) (((n) * 4 + 2) / 3)

_Static_assert(crypto_box_PUBLICKEYBYTES == SECRETS_KEY &&
    crypto_box_SECRETKEYBYTES == SECRETS_KEY &&
    crypto_aead_xchacha20poly1305_ietf_KEYBYTES == SECRETS_KEY,
    "libsodium's");

static struct str
secrets_bytes(const unsigned char *p, size_t n)
{
	return (struct str){ (const char *)p, n };
}

void
secrets_end(struct secrets *s)
{
	sodium_memzero(s, sizeof *s);
}

/* ---- files of keys ---- */

static int
secrets_write(const char *path, const unsigned char *key, unsigned mode,
    struct fault *fault)
{
	char text[BASE64_MAX(SECRETS_KEY) + 1], *end;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int result = 0;

	if (fd < 0)
		return fault_errno(fault, EX_CANTCREAT, "%s", path);
	end = base64_write(text, secrets_bytes(key, SECRETS_KEY));
	*end++ = '\n';
	if (write_all(fd, text, (size_t)(end - text)) < 0 || fsync(fd) < 0)
		result = fault_errno(fault, 0, "%s", path);
	close(fd);
	sodium_memzero(text, sizeof text);
	if (result < 0)
		unlink(path);
	return result;
}

int
secrets_make_pair(const char *path, struct fault *fault)
{
	unsigned char public[SECRETS_KEY], private[SECRETS_KEY];
	char name[PATH_MAX];
	int result;

	if ((size_t)snprintf(name, sizeof name, "%s.pub", path) >=
	    sizeof name)
		return fault_set(fault, EX_CANTCREAT, "%s: path too long",
		    path);
	if (sodium_init() < 0)
		return fault_set(fault, EX_OSERR, "libsodium has no random "
		    "numbers");
	crypto_box_keypair(public, private);
	result = secrets_write(path, private, 0600, fault);
	sodium_memzero(private, sizeof private);
	if (result == 0 && (result = secrets_write(name, public, 0644,
	    fault)) < 0)
		unlink(path);
	return result;
}

static int
secrets_read(const char *path, const char *what,
    unsigned char key[SECRETS_KEY], struct fault *fault)
{
	char bytes[2 * SECRETS_KEY];
	struct buf text;
	int result;
	long n = -1;

	if (sodium_init() < 0)
		return fault_set(fault, EX_OSERR, "libsodium has no random "
		    "numbers");
	buf_init(&text, 2 * SECRETS_KEY);
	result = secret_read(path, what, &text, fault);
	if (result == 0 && text.n <= BASE64_MAX(SECRETS_KEY))
		n = base64_decode(bytes, buf_str(&text));
	if (n == SECRETS_KEY)
		memcpy(key, bytes, SECRETS_KEY);
	else if (result == 0)
		result = fault_set(fault, EX_DATAERR, "%s: not a %s of "
		    "'mfx-site keygen'", path, what);
	sodium_memzero(bytes, sizeof bytes);
	secret_release(&text);
	return result;
}

/* ---- sealing ---- */

/* `n` bytes that follow from the root, a purpose and these texts */
static void
secrets_derive(const struct secrets *s, const char *purpose, struct str a,
    struct str b, unsigned char *to, size_t n)
{
	crypto_generichash_state h;
	uint64_t size = a.n;

	crypto_generichash_init(&h, s->root, sizeof s->root, n);
	crypto_generichash_update(&h, (const unsigned char *)purpose,
	    strlen(purpose) + 1);
	crypto_generichash_update(&h, s->recipient, sizeof s->recipient);
	crypto_generichash_update(&h, (const unsigned char *)&size,
	    sizeof size);
	if (a.n > 0)
		crypto_generichash_update(&h, (const unsigned char *)a.p, a.n);
	if (b.n > 0)
		crypto_generichash_update(&h, (const unsigned char *)b.p, b.n);
	crypto_generichash_final(&h, to, n);
	sodium_memzero(&h, sizeof h);
}

int
secrets_begin_seal(struct secrets *s, const char *path,
    const struct keyring *keys, struct fault *fault)
{
	*s = (struct secrets){ .ready = false };
	if (secrets_read(path, "public key", s->recipient, fault) < 0)
		return -1;
	/* no thing's key has a NUL in it */
	if (keys != NULL)
		keyring_hash(keys, STR("\0mfx-site secrets"), s->root);
	else
		randombytes_buf(s->root, sizeof s->root);
	secrets_derive(s, "content", STR_NONE, STR_NONE, s->content,
	    sizeof s->content);
	s->ready = true;
	return 0;
}

/* crypto_box_seal, with an ephemeral key that is derived */
static int
secrets_box(const struct secrets *s, unsigned char box[SECRETS_BOX])
{
	unsigned char seed[crypto_box_SEEDBYTES], private[SECRETS_KEY];
	unsigned char nonce[crypto_box_NONCEBYTES];
	crypto_generichash_state h;
	int result;

	secrets_derive(s, "ephemeral", STR_NONE, STR_NONE, seed, sizeof seed);
	crypto_box_seed_keypair(box, private, seed);
	crypto_generichash_init(&h, NULL, 0, sizeof nonce);
	crypto_generichash_update(&h, box, SECRETS_KEY);
	crypto_generichash_update(&h, s->recipient, SECRETS_KEY);
	crypto_generichash_final(&h, nonce, sizeof nonce);
	result = crypto_box_easy(box + SECRETS_KEY, s->content, SECRETS_KEY,
	    nonce, s->recipient, private);
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(private, sizeof private);
	return result;
}

void
secrets_put_head(struct secrets *s, struct buf *b)
{
	unsigned char box[SECRETS_BOX];

	/* a public key that no secret can be shared with */
	if (secrets_box(s, box) != 0) {
		s->ready = false;
		return;
	}
	buf_puts(b, "{\"kind\":\"secrets\",\"for\":\"");
	base64_put(b, secrets_bytes(s->recipient, SECRETS_KEY));
	buf_puts(b, "\",\"sealed\":\"");
	base64_put(b, secrets_bytes(box, sizeof box));
	buf_puts(b, "\"}\n");
}

/* "thing:<id>" */
static struct str
secrets_of(const struct site_row *row, char to[128])
{
	int n = snprintf(to, 128, "%s:%.*s", row->kind->name,
	    STR_ARG(row->v[row->given & SITE_BIT(SITE_ID) ? SITE_ID :
	    SITE_THING]));

	return (struct str){ to, n < 128 ? (size_t)n : 0 };
}

void
secrets_put(struct secrets *s, const struct site_row *row, struct buf *b)
{
	unsigned char sealed[SECRETS_SEALED];
	unsigned long long n;
	struct buf plain;
	struct str of;
	char text[128];

	buf_init(&plain, SECRETS_PLAIN);
	/* a growing buffer would leave copies */
	buf_room(&plain, SECRETS_PLAIN);
	buf_putc(&plain, '{');
	row_put_members(&plain, row, SITE_SECRETS);
	buf_putc(&plain, '}');
	if (plain.n > 2) {
		of = secrets_of(row, text);
		secrets_derive(s, "nonce", of, buf_str(&plain), sealed,
		    SECRETS_NONCE);
		crypto_aead_xchacha20poly1305_ietf_encrypt(
		    sealed + SECRETS_NONCE, &n,
		    (const unsigned char *)plain.p, plain.n,
		    (const unsigned char *)of.p, of.n, NULL, sealed,
		    s->content);
		buf_puts(b, ",\"sealed\":\"");
		base64_put(b, secrets_bytes(sealed,
		    SECRETS_NONCE + (size_t)n));
		buf_putc(b, '"');
	}
	secret_release(&plain);
}

/* ---- opening ---- */

int
secrets_load(struct secrets *s, const char *path, struct fault *fault)
{
	*s = (struct secrets){ .ready = false };
	if (secrets_read(path, "private key", s->private, fault) < 0)
		return -1;
	crypto_scalarmult_base(s->recipient, s->private);
	return 0;
}

const char *
secrets_begin_open(struct secrets *s, struct str recipient, struct str sealed)
{
	char key[BASE64_MAX(SECRETS_KEY)], box[SECRETS_BOX + 3];

	if (recipient.n > BASE64_MAX(SECRETS_KEY) ||
	    sealed.n > SECRETS_TEXT(SECRETS_BOX) ||
	    base64_decode(key, recipient) != SECRETS_KEY ||
	    base64_decode(box, sealed) != (long)SECRETS_BOX)
		return "not a line of secrets";
	if (sodium_memcmp(key, s->recipient, SECRETS_KEY) != 0)
		return "the secrets are sealed for another key than that of "
		    "--key";
	if (crypto_box_seal_open(s->content, (const unsigned char *)box,
	    SECRETS_BOX, s->recipient, s->private) != 0)
		return "the secrets can't be opened: damaged";
	s->ready = true;
	return NULL;
}

static const char *
secrets_take(struct secrets *s, const struct site_row *row,
    struct str sealed, struct buf *plain)
{
	const unsigned char *bytes = (const unsigned char *)sealed.p;
	char text[128];
	struct str of = secrets_of(row, text);
	unsigned long long n;

	if (sealed.n < SECRETS_NONCE + SECRETS_TAG ||
	    buf_room(plain, sealed.n) == NULL)
		return "a secret is damaged";
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
	    (unsigned char *)plain->p, &n, NULL, bytes + SECRETS_NONCE,
	    sealed.n - SECRETS_NONCE, (const unsigned char *)of.p, of.n,
	    bytes, s->content) != 0)
		return "a secret is damaged, or of another object";
	plain->n = (size_t)n;
	return NULL;
}

const char *
secrets_open(struct secrets *s, const struct site_row *row,
    struct str sealed, struct buf *plain)
{
	char bytes[SECRETS_SEALED + 3];
	long n;

	if (!s->ready)
		return "no line of secrets before this one";
	if (!(row->kind->may & SITE_SECRETS) || row->given & SITE_SECRETS)
		return "a secret that this kind does not have, or a second one";
	if (sealed.n > SECRETS_TEXT(SECRETS_SEALED) ||
	    (n = base64_decode(bytes, sealed)) < 0)
		return "a secret is damaged";
	return secrets_take(s, row, (struct str){ bytes, (size_t)n }, plain);
}
