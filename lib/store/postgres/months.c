/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/months.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

static int
months_of(int64_t ns)
{
	time_t s = (time_t)(ns / CLOCK_SECOND - (ns % CLOCK_SECOND < 0));
	struct tm tm;

	return gmtime_r(&s, &tm) == NULL ? 0 :
	    (tm.tm_year + 1900) * 12 + tm.tm_mon;
}

/* days since 1970 of the first of a month, in the Gregorian calendar */
static int64_t
months_day(int month)
{
	/* of a year that begins in March, so that its leap day is the last */
	int64_t year = (month - 2) / 12, m = (month - 2) % 12;

	return year * 365 + year / 4 - year / 100 + year / 400 +
	    (153 * m + 2) / 5 - 719468;
}

static int64_t
months_start(int month)
{
	return months_day(month) * 86400 * CLOCK_SECOND;
}

enum store_result
months_open(struct months *m, struct link *link, struct fault *fault)
{
	PGresult *result;
	enum store_result r = link_run(link, "SELECT relkind = 'p'"
	    " FROM pg_class WHERE oid = 'readings'::regclass", NULL, &result,
	    fault);

	*m = (struct months){ .partitioned = r == STORE_DONE &&
	    PQntuples(result) == 1 && PQgetvalue(result, 0, 0)[0] == 't' };
	PQclear(result);
	return r;
}

/*
 * It needs a lock for a moment that a long query may hold up, and can't be
 * made when the common one has readings of that month: then they stay there.
 */
static enum store_result
months_make(int month, struct link *link, struct fault *fault)
{
	char sql[256];
	enum store_result r;

	snprintf(sql, sizeof sql, "BEGIN; SET LOCAL lock_timeout = 1000;"
	    "CREATE TABLE IF NOT EXISTS readings_%04d_%02d PARTITION OF"
	    " readings FOR VALUES FROM (%" PRId64 ") TO (%" PRId64 "); COMMIT",
	    month / 12, month % 12 + 1, months_start(month),
	    months_start(month + 1));
	r = link_run(link, sql, NULL, NULL, fault);
	if (r != STORE_DONE && !link_lost(link))
		r = link_run(link, "ROLLBACK", NULL, NULL, fault);
	return r;
}

enum store_result
months_need(struct months *m, struct link *link, struct stamp t,
    struct fault *fault)
{
	int month, i, now;

	if (!m->partitioned || (t.ns >= m->from && t.ns < m->to))
		return STORE_DONE;
	now = months_of(stamp_now().ns);
	if (m->first != now - (MONTHS_MAX - 2)) {
		memset(m->known, 0, sizeof m->known);
		m->first = now - (MONTHS_MAX - 2);
	}
	month = months_of(t.ns);
	i = month - m->first;
	if (i < 0 || i >= MONTHS_MAX)
		return STORE_DONE;
	m->from = months_start(month);
	m->to = months_start(month + 1);
	if (m->known[i])
		return STORE_DONE;
	m->known[i] = true;
	return months_make(month, link, fault);
}
