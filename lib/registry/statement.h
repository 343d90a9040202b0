/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_STATEMENT_H
#define MFX_REGISTRY_STATEMENT_H

#include <limits.h>
#include <sys/stat.h>

#include "registry/keyring.h"
#include "registry/rowset.h"
#include "registry/uuid.h"
#include "sqlite/db.h"

/*
 * The inside of a registry and its SQL, for the sources of this room: only
 * they include this.
 */
struct registry {
	struct db db;
	char *home;
	char path[PATH_MAX];
	struct keyring keys;
	struct stat file;
	int64_t version;		/* data_version seen last */
	bool (*over)(void *);		/* registry_wait */
	void *over_arg;
	bool (*stop)(void *);		/* registry_watch */
	void *stop_arg;
	struct rowset rowset;
	struct {			/* rows that were changed: capture.c */
		struct buf records;
		bool on;
		bool failed;	/* a value that no table of ours has */
	} noted;
	struct capture *capture;
	struct log *log;		/* log.c; NULL: not used yet */
	struct {			/* the current event: event.c */
		char owner[ID_TEXT + 1];
		char by[256];		/* an email address, or "" */
		struct buf fields;
	} event;
	struct {			/* changes not yet in the index of
					 * names, by kind: names.c */
		struct buf notes;
		long long upto[2], newest[2];
		bool known;		/* upto has been read */
	} names;
};

/*
 * db_statement, db_step and db_change of sqlite/db.h for the registry's
 * handle; db_bind_str and the others are used as they are.  Values are
 * bound, never put into the text.  A statement that could not be had is NULL
 * and the fault is set: binding to it does nothing (SQLite's API says so),
 * and each of the others returns -1.
 */
sqlite3_stmt *statement_get(struct registry *, const char *sql,
    struct fault *);
/* the same with ?1 a user's rowid and ?2 an id of what the user has */
sqlite3_stmt *statement_of(struct registry *, const char *sql,
    long long owner, struct str id, struct fault *);
/* 1: a row; 0: no more; -1 */
int statement_step(struct registry *, sqlite3_stmt *, struct fault *);
/* is there a row?  1, 0, or -1; the statement has ended */
int statement_found(struct registry *, sqlite3_stmt *, struct fault *);
/* for a statement without rows: the number of rows changed, or -1 */
int statement_run(struct registry *, sqlite3_stmt *, struct fault *);
/* the same, but 0 or -1 */
int statement_done(struct registry *, sqlite3_stmt *, struct fault *);

#endif
