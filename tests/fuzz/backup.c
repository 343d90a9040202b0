/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a backup in a tar, and as a manifest.  A manifest that is read
 * is, written and read again, the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backup/receive.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
try_manifest(struct str text)
{
	struct manifest m, again;
	struct buf one, two;
	struct fault fault;
	size_t i;

	manifest_init(&m);
	manifest_init(&again);
	buf_init(&one, 1 << 22);
	buf_init(&two, 1 << 22);
	if (manifest_read(&m, text, "input", &fault) == 0) {
		for (i = 0; i < m.n; i++) {
			must(m.files[i]->size <= MEMBER_SIZE_MAX);
			must(member_name_valid(str_z(m.files[i]->name)));
			must(manifest_find(&m, str_z(m.files[i]->name)) ==
			    m.files[i]);
		}
		manifest_put(&m, &one);
		must(one.full || manifest_read(&again, buf_str(&one), "again",
		    &fault) == 0);
		manifest_put(&again, &two);
		must(one.full || str_eq(buf_str(&one), buf_str(&two)));
	}
	buf_release(&one);
	buf_release(&two);
	manifest_release(&m);
	manifest_release(&again);
}

static void
try_tar(const uint8_t *data, size_t n)
{
	static int fd = -1;
	char path[32];
	struct receive r = { .from = path, .dir = -1 };
	struct fault fault;

	if (fd < 0)
		must((fd = memfd_create("backup", 0)) >= 0);
	must(ftruncate(fd, 0) == 0);
	must(pwrite(fd, data, n, 0) == (ssize_t)n);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	/* what is taken is complete */
	if (receive_backup(&r, &fault) == 0)
		must(r.manifest.id[0] != '\0');
	manifest_release(&r.manifest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	try_manifest((struct str){ (const char *)data, n });
	try_tar(data, n);
	return 0;
}
