/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_LOG_READ_H
#define MFX_REGISTRY_LOG_READ_H

#include "registry/log_state.h"
#include "registry/statement.h"

/* How the log is read, for log.c. */
struct log {
	struct log_state s;
	struct bus *bus;
	struct bus_writer *writer;
	struct bus_reader *reader;
	uint64_t at;		/* how far the stream was taken */
	/* is the last entry that this registry has in the stream?  Since when
	 * (ms) that is known */
	bool sound;
	int64_t seen_at;
	bool reader_new;	/* it was opened, and its end not looked at */
	/* where the stream ended before the lock of writers was taken, and
	 * when (ms) that was asked */
	uint64_t end;
	int64_t asked;
	int64_t silent;		/* since when (ms) the bus gives no answer; 0 */
	/* an entry of which not all lines have come */
	struct {
		struct entry e;
		unsigned char hash[ENTRY_HASH_BYTES];
		uint64_t after;		/* the place before its first line */
		bool open;
	} part;
	struct buf records, chunk, lines;
	struct arena scratch;
	/* of this process, in a transaction that is not yet committed */
	char mine[ENTRY_ID_TEXT];
	bool appending, seen;
	bool dirty;		/* taken, and not yet in the file */
	bool more;		/* than was pulled last */
	int applied;
	size_t bytes;
};

/* that of the handle, made when it is needed */
struct log *log_get(struct registry *);
void log_free(struct log *);
/* the stream is read again from where the registry is */
void log_close_reader(struct log *);

/* the row of registry.db: 1, 0, -1; what was read of the stream is kept if the
 * file is as far */
int log_load(struct registry *, struct fault *);
bool log_is_primary(const struct log_state *);
int log_exec(struct registry *, const char *sql, struct fault *);
/* immediate: a change that begins by reading can't fail halfway because
 * another one came in between */
int log_transaction(struct registry *, struct fault *);
/* what was taken from the stream is kept */
int log_keep(struct registry *, struct fault *);

int log_connect_bus(struct registry *, struct fault *);
/* and opens the stream, before the last entry */
int log_connect(struct registry *, struct fault *);
/* Is what this registry has still in the stream?  That it was pruned is no
 * fault: then nothing says so. */
int log_check_sound(struct log *, struct fault *);
/* what the stream has now, or the first part of it: how many runs of lines */
int log_pull(struct registry *, struct fault *);
/* how long what is known to be in the stream is waited for */
#define LOG_READ_MS 5000
/* is there something up to `end` that was not taken?  Waits for it until then,
 * of clock_ms. */
int log_pull_to(struct registry *, uint64_t end, int64_t until,
    struct fault *);

#endif
