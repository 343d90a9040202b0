/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"

static int
bridge_make_key(const char *path, struct fault *fault)
{
	unsigned char secret[BRIDGE_KEY_TEXT / 2];
	char text[BRIDGE_KEY_TEXT + 1];
	char *dir = home_path("mqtt");
	int r = dir_make(dir, fault);

	free(dir);
	if (r == 0 && sodium_init() < 0)
		r = fault_set(fault, EX_SOFTWARE, "libsodium won't start");
	if (r == 0) {
		randombytes_buf(secret, sizeof secret);
		sodium_bin2hex(text, sizeof text, secret, sizeof secret);
		text[BRIDGE_KEY_TEXT] = '\n';
		r = file_replace(path, (struct str){ text, sizeof text },
		    0600, false, fault);
	}
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(text, sizeof text);
	return r;
}

static int
bridge_read_key(int fd, const char *path, char to[BRIDGE_KEY_TEXT + 1],
    struct fault *fault)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_errno(fault, 0, "%s", path);
	if (st.st_mode & 077)
		return fault_set(fault, EX_CONFIG,
		    "%s: others may read it (mode %03o): chmod 600 it", path,
		    (unsigned)st.st_mode & 0777);
	if (read(fd, to, BRIDGE_KEY_TEXT + 1) != BRIDGE_KEY_TEXT + 1 ||
	    to[BRIDGE_KEY_TEXT] != '\n')
		return fault_set(fault, EX_CONFIG,
		    "%s: not a key of ours: remove it", path);
	to[BRIDGE_KEY_TEXT] = '\0';
	return 0;
}

int
bridge_key(char to[BRIDGE_KEY_TEXT + 1], bool make, struct fault *fault)
{
	char *path = home_path("mqtt/bridge.key");
	int r = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make) {
		r = bridge_make_key(path, fault);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (r == 0 && fd < 0)
		r = errno == ENOENT ? fault_set(fault, EX_TEMPFAIL,
		    "%s: not there: no broker with our plugin has started "
		    "yet", path) : fault_errno(fault, 0, "%s", path);
	if (r == 0)
		r = bridge_read_key(fd, path, to, fault);
	if (fd >= 0)
		close(fd);
	free(path);
	return r;
}
