/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_ENTRY_H
#define MFX_REGISTRY_ENTRY_H

#include <sodium.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/*
 * An entry of the registry's log (log.h) is one transaction, as one or several
 * lines of a stream that follow each other:
 *
 *	{"n":"registry","log":"6f…","node":"a","epoch":1,"entry":7,"chunk":1,
 *	 "chunks":1,"kind":"change","schema":6,"id":"09…","prev":"…","vd":"…"}
 *
 * `vd` is sealed with XChaCha20-Poly1305 under a key derived from master.key
 * (keyring.h), and with it all that stands before it: no line can be changed,
 * and none can be made by somebody without the key.  `prev` is the hash of
 * the entry before.
 */
#define ENTRY_ID_TEXT 33	/* 16 random bytes in hexadecimal */
#define ENTRY_HASH_BYTES 32
#define ENTRY_NODE_MAX 64	/* as a name on the bus */
/* of records in one line, so that it fits into a message of every bus */
#define ENTRY_CHUNK_BYTES ((size_t)180 << 10)

enum entry_kind { ENTRY_CHANGE, ENTRY_PRIMARY };

struct entry {
	char log[ENTRY_ID_TEXT];	/* which log */
	char id[ENTRY_ID_TEXT];		/* of this entry, by its writer */
	char node[ENTRY_NODE_MAX + 1];	/* who wrote it */
	enum entry_kind kind;
	int64_t epoch, entry, schema;
	int64_t chunk, chunks;		/* from 1 */
	unsigned char prev[ENTRY_HASH_BYTES];
};

/* 16 random bytes */
void entry_make_id(char id[ENTRY_ID_TEXT]);

/* appends the entry's lines; `hash` becomes the `prev` of the next */
void entry_put(struct buf *to, const struct entry *, const unsigned char *key,
    struct str records, unsigned char hash[ENTRY_HASH_BYTES]);

/*
 * Reads a line, and appends what was sealed in it to `records`: 1; 0 when the
 * line is not of this log; -1 when it says that it is, and is damaged, or not
 * sealed under this key.  `hash` becomes the line's.
 */
int entry_open(struct str line, const char *log, const unsigned char *key,
    struct entry *, struct buf *records, struct arena *scratch,
    unsigned char hash[ENTRY_HASH_BYTES]);

/* the hash of an entry, from those of its lines */
void entry_hash_add(unsigned char hash[ENTRY_HASH_BYTES],
    const unsigned char line[ENTRY_HASH_BYTES], bool first);

#endif
