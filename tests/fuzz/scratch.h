/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_FUZZ_SCRATCH_H
#define MFX_FUZZ_SCRATCH_H

/* A registry for a target, which is in no directory. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "registry/registry.h"

static void
must(bool condition)
{
	if (!condition)
		abort();
}

/* `fill` is called in its first transaction */
static void
scratch_open(struct registry **to, void (*fill)(void))
{
	char home[] = "/tmp/fuzz-registry-XXXXXX", path[64];
	const char *const files[] = {
		"registry.db", "registry.db-wal", "registry.db-shm",
		"master.key"
	};
	struct fault fault;
	size_t i;

	must(mkdtemp(home) != NULL);
	must(registry_open(to, home, REGISTRY_MAKE, &fault) == 0);
	must(registry_begin(*to, &fault) == 0);
	fill();
	must(registry_commit(*to, &fault) == 0);
	/* it stays open, and leaves nothing behind */
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", home, files[i]);
		unlink(path);
	}
	rmdir(home);
}

#endif
