/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_STORE_POSTGRES_LINK_H
#define MFX_STORE_POSTGRES_LINK_H

#include <libpq-fe.h>

#include "base/opt.h"
#include "store/watch.h"

/*
 * A connection to the server, and the one map from its errors to ours.
 * Nothing here blocks: while the server is silent, the watch is asked.
 *
 *	r = link_open(&link, place, &watch, &fault);
 *	r = link_run(&link, "SELECT …", n, params, &result, &fault);
 *	PQclear(result);
 *	link_close(&link);
 *
 * STORE_LATER: the server is away, full, starting or in recovery, or the
 * watch wants to stop.  The connection may then be gone: link_lost.
 */
struct link {
	PGconn *conn;		/* NULL: not open */
	const struct store_watch *watch;
	char name[128];		/* "host:port/database", for messages */
};

/* --password-file and --timeout, for writer and reader alike */
extern const struct opt link_options[];

enum store_result link_open(struct link *, const char *place,
    const struct store_watch *, struct fault *);
void link_close(struct link *);
/* has the server gone, or can it not be asked any more? */
bool link_lost(const struct link *);

/* for all conditions of a query, and some more: 64 globs for each of five
 * labels, 64 units, 64 comparisons */
#define LINK_PARAMS_MAX 480

/* $1, $2 and so on of a statement: texts are borrowed; any type that is not
 * an integer of 64 bits or a double is given as text */
struct link_params {
	int n;
	const char *values[LINK_PARAMS_MAX];
	int lengths[LINK_PARAMS_MAX], formats[LINK_PARAMS_MAX];
	char numbers[LINK_PARAMS_MAX][8];
};

void link_integer(struct link_params *, int64_t);
void link_real(struct link_params *, double);
void link_text(struct link_params *, struct str);

/*
 * One statement with parameters, or with NULL any number of them without.
 * The answer is binary with parameters, else text.  *result is the last one,
 * and the caller's to clear, also when it is an error; `result` may be NULL.
 */
enum store_result link_run(struct link *, const char *sql,
    const struct link_params *, PGresult **result, struct fault *);

/* the same in steps: link_answer gives one result after the other, and NULL
 * at the end; link_finish reads all that are left */
enum store_result link_send(struct link *, const char *sql,
    const struct link_params *, struct fault *);
enum store_result link_answer(struct link *, PGresult **, struct fault *);
enum store_result link_finish(struct link *, PGresult **, struct fault *);

/* sends what libpq holds */
enum store_result link_flush(struct link *, struct fault *);

/* what a result that is an error means; NULL: the connection's last one */
enum store_result link_fault(const struct link *, const PGresult *,
    struct fault *);
/* is it about the data, which other readings of a batch may not share? */
bool link_blames_data(const PGresult *);

/* a column of a binary answer; integers that are not negative, of any size,
 * and those of 64 bits */
uint64_t link_get_bits(const PGresult *, int row, int column);
double link_get_real(const PGresult *, int row, int column);
struct str link_get_text(const PGresult *, int row, int column);

#endif
