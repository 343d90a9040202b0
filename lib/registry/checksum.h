/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_CHECKSUM_H
#define MFX_REGISTRY_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

struct registry;

/*
 * Do two registries have the same rows?  The checksum of a table is over all
 * its rows in order of its key, as of one moment for all tables.  "log" has
 * the entry up to which the registry has its log; what is of one machine alone
 * (its name, the master key's mark) does not count.
 */
#define CHECKSUM_TABLES 32
#define CHECKSUM_TEXT 44

struct checksum {
	int n;
	struct checksum_table {
		char name[32];
		uint64_t rows;
		char text[CHECKSUM_TEXT];
	} tables[CHECKSUM_TABLES];
};

int checksum_registry(struct registry *, struct checksum *, struct fault *);

/* false, and a fault that says in what they differ */
bool checksum_compare(const struct checksum *, const struct checksum *,
    struct fault *);

/* Writes a copy for another machine, as of one moment: a new file, 0600, that
 * is complete or not there.  It has no name yet, so it is a replica. */
int checksum_snapshot(struct registry *, const char *path, struct fault *);

#endif
