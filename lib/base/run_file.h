/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_RUN_FILE_H
#define MFX_BASE_RUN_FILE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A file of $MFX_HOME/run, mfx-run(5): what one process counts.  It is a
 * header and slots, each a value with its name.  The process that writes it
 * has it mapped, and holds an exclusive flock(2) on it for as long as it
 * lives: a file without one was left by a process that was killed.
 *
 * Order of these files: run_file < run (the writer), run_read (readers).
 *
 * All numbers have the byte order of the machine.  A field is never moved, and
 * one that is added gets another version.
 */
#define RUN_MAGIC "mfx-run"	/* with its NUL */
#define RUN_ORDER UINT32_C(0x01020304)
#define RUN_VERSION 1

#define RUN_TEXT 136		/* "STREAM/GROUP" and a NUL */

struct run_header {
	char magic[8];
	uint32_t order;		/* RUN_ORDER, as this machine writes it */
	uint32_t version;
	uint32_t header_size, slot_size;	/* bytes */
	uint32_t room;		/* slots that the file has */
	_Atomic uint32_t used;	/* of these, from the first on */
	/* odd while a text changes: then read again */
	_Atomic uint32_t changes;
	uint32_t lost;		/* values for which there was no slot */
	uint64_t pid;
	int64_t started;	/* ns since 1970 */
	/* st_dev and st_ino of stdin and stdout when they are pipes, else 0: on
	 * Linux both ends of a pipe have the same */
	uint64_t in_dev, in_ino, out_dev, out_ino;
	char program[32];	/* "mfx-sub"; texts end in a NUL */
	char release[16];	/* "0.1.0" */
	char input[RUN_TEXT];	/* STREAM[/GROUP] that it reads, or "" */
	char output[RUN_TEXT];	/* STREAM that it writes to, or "" */
	char place[104];	/* of a store, without a password, or "" */
};

enum run_kind {
	RUN_UNUSED,		/* the slot is to be passed over */
	RUN_COUNTER,		/* only grows */
	RUN_GAUGE,
	RUN_BUCKET,		/* of a histogram: how many were at most `le`
				 * and above the one before */
	RUN_SUM,		/* of a histogram: of all of them */
	RUN_TOP,		/* a counter of one of the busiest: which these
				 * are changes */
};

/* what one of a value is */
enum run_unit {
	RUN_ONE,
	RUN_NANOSECONDS,
};

struct run_slot {
	alignas(8) _Atomic uint64_t value;
	uint8_t kind, unit;
	uint8_t zero[6];
	char name[48];		/* as Prometheus has it, without "mfx_" */
	char labels[64];	/* key="value", ... or "" */
	char help[128];		/* one sentence, or "": said before */
};

_Static_assert(sizeof(struct run_header) == 512, "mfx-run(5) says 512");
_Static_assert(sizeof(struct run_slot) == 256, "mfx-run(5) says 256");

struct run_file {
	struct run_header header;
	struct run_slot slots[];
};

/* bytes of a file with so many slots */
static inline size_t
run_file_size(size_t slots)
{
	return sizeof(struct run_header) + slots * sizeof(struct run_slot);
}

#define RUN_ROOM_MAX 4096	/* slots that a reader takes */

/* Is the process that writes this open file alive?  1; 0, and then the caller
 * has a lock until it closes fd: a shared one, or an exclusive one; -1 with
 * errno. */
int run_file_alive(int fd, bool exclusive);

/* Removes the files of a directory that no process writes any more; at most
 * some hundreds at once. */
void run_file_clean(int dir);

#endif
