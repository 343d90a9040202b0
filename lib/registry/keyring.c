/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/out.h"

#define MASTER_BYTES crypto_kdf_KEYBYTES

/* what is derived from the master key; a number is never used again for
 * another purpose */
enum {
	SUBKEY_SEAL = 1, SUBKEY_FIND = 2, SUBKEY_TOKEN = 3, SUBKEY_MARK = 4,
	SUBKEY_LOG = 5, SUBKEY_AUTHORITY = 6
};

static const char context[crypto_kdf_CONTEXTBYTES + 1] = "mfx-keys";

static int
keyring_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

static int
keyring_write(const char *temp)
{
	unsigned char master[MASTER_BYTES];
	int fd, r;

	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	crypto_kdf_keygen(master);
	r = file_own_as_parent(temp, fd);
	if (r == 0)
		r = write_all(fd, master, sizeof master);
	sodium_memzero(master, sizeof master);
	if (r == 0)
		r = fsync(fd);
	if (close(fd) < 0)
		r = -1;
	return r;
}

/* link(2) gives the name to one complete file, and never takes it from
 * another.  A leftover of a killed process goes too: it may be the key. */
static int
keyring_make(const char *home, const char *path, struct fault *fault)
{
	char temp[PATH_MAX];
	int r = 0;

	if ((size_t)snprintf(temp, sizeof temp, "%s.new", path) >=
	    sizeof temp)
		return fault_set(fault, EX_CONFIG, "%s: path too long", path);
	unlink(temp);
	if (access(path, F_OK) == 0)
		return 0;
	if (keyring_write(temp) < 0 ||
	    (link(temp, path) < 0 && errno != EEXIST))
		r = fault_errno(fault, 0, "%s", path);
	unlink(temp);
	if (r == 0 && keyring_sync_dir(home) < 0)
		r = fault_errno(fault, 0, "%s", home);
	return r;
}

static int
keyring_read(int fd, const char *path, unsigned char master[MASTER_BYTES],
    struct fault *fault)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size != MASTER_BYTES)
		return fault_set(fault, EX_CONFIG,
		    "%s: not a master key: it must be %d bytes", path,
		    MASTER_BYTES);
	if (st.st_mode & 077)
		return fault_set(fault, EX_CONFIG,
		    "%s: others may read it (mode %03o): chmod 600 it", path,
		    (unsigned)st.st_mode & 0777);
	if (read(fd, master, MASTER_BYTES) != MASTER_BYTES)
		return fault_errno(fault, 0, "%s", path);
	return 0;
}

static void
keyring_derive(struct keyring *k, const unsigned char master[MASTER_BYTES])
{
	crypto_kdf_derive_from_key(k->seal, sizeof k->seal, SUBKEY_SEAL,
	    context, master);
	crypto_kdf_derive_from_key(k->find, sizeof k->find, SUBKEY_FIND,
	    context, master);
	crypto_kdf_derive_from_key(k->token, sizeof k->token, SUBKEY_TOKEN,
	    context, master);
	crypto_kdf_derive_from_key(k->mark, sizeof k->mark, SUBKEY_MARK,
	    context, master);
	crypto_kdf_derive_from_key(k->log, sizeof k->log, SUBKEY_LOG,
	    context, master);
	crypto_kdf_derive_from_key(k->authority, sizeof k->authority,
	    SUBKEY_AUTHORITY, context, master);
}

int
keyring_load(struct keyring *k, const char *home, bool make,
    struct fault *fault)
{
	unsigned char master[MASTER_BYTES];
	char path[PATH_MAX];
	int fd, r;

	if (sodium_init() < 0)
		return fault_set(fault, EX_SOFTWARE, "libsodium won't start");
	if ((size_t)snprintf(path, sizeof path, "%s/master.key", home) >=
	    sizeof path)
		return fault_set(fault, EX_CONFIG, "%s: path too long", home);
	if (make && keyring_make(home, path, fault) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_errno(fault, errno == ENOENT ? EX_CONFIG : 0,
		    "%s", path);
	r = keyring_read(fd, path, master, fault);
	close(fd);
	if (r == 0)
		keyring_derive(k, master);
	sodium_memzero(master, sizeof master);
	return r;
}

void
keyring_wipe(struct keyring *k)
{
	sodium_memzero(k, sizeof *k);
}

void
keyring_hash(const struct keyring *k, struct str key,
    unsigned char hash[KEY_HASH_BYTES])
{
	crypto_generichash(hash, KEY_HASH_BYTES,
	    (const unsigned char *)key.p, key.n, k->find, sizeof k->find);
}

static void
keyring_box(const unsigned char *secret, struct str key, unsigned char *box)
{
	randombytes_buf(box, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES,
	    (const unsigned char *)key.p, key.n, box, secret);
}

static bool
keyring_unbox(const unsigned char *secret, const void *box, size_t n,
    struct buf *key)
{
	const unsigned char *nonce = box;
	char *room;

	if (n < KEY_SEAL_BYTES || n > KEY_BOX_MAX ||
	    (room = buf_room(key, n - KEY_SEAL_BYTES)) == NULL)
		return false;
	if (crypto_secretbox_open_easy((unsigned char *)room,
	    nonce + crypto_secretbox_NONCEBYTES,
	    n - crypto_secretbox_NONCEBYTES, nonce, secret) != 0)
		return false;
	key->n += n - KEY_SEAL_BYTES;
	return true;
}

void
keyring_seal(const struct keyring *k, struct str key, unsigned char *box)
{
	keyring_box(k->seal, key, box);
}

bool
keyring_unseal(const struct keyring *k, const void *box, size_t n,
    struct buf *key)
{
	return keyring_unbox(k->seal, box, n, key);
}

void
keyring_seal_authority(const struct keyring *k, struct str key,
    unsigned char *box)
{
	keyring_box(k->authority, key, box);
}

bool
keyring_unseal_authority(const struct keyring *k, const void *box, size_t n,
    struct buf *key)
{
	return keyring_unbox(k->authority, box, n, key);
}
