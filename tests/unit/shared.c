/* SPDX-License-Identifier: Apache-2.0 */
/* What users share costs what it is, however much others have: the steps of
 * SQLite's machine are counted. */
#include <stdlib.h>

#include "registry/grant.h"
#include "registry/page.h"
#include "registry/share.h"
#include "registry/statement.h"
#include "tests/unit/unit.h"

#define STEPS 10
/* connections of somebody else, and grants of one user */
#define MANY "20000"
#define GRANTS "1999"

static char top[] = "/tmp/mfx-shared.XXXXXX";
static struct registry *r;
static struct user ann, bob, eve;
static struct fault fault;
static long steps;

/* of thing and channel n; ids begin with t or c: a and d, as they are hex */
#define ID(letter) "printf('" letter "%07x-0000-4000-8000-000000000000', i)"
#define COUNT(n) "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL" \
	" SELECT i + 1 FROM k WHERE i < " n ")"

/* ann has channel 1 with things 1 to GRANTS on it, eve the rest on channel 2;
 * bob is let see all of ann's */
static const char rows[] =
"INSERT INTO channels(n, id, owner, name, metadata) " COUNT("2")
"	SELECT i, " ID("d") ", i * 2 - 1, '', '{}' FROM k;"
"INSERT INTO things(n, id, owner, name, metadata) " COUNT(MANY)
"	SELECT i, " ID("a") ", iif(i <= " GRANTS ", 1, 3), '', '{}' FROM k;"
"INSERT INTO connections(channel, thing, owner, direction) " COUNT(MANY)
"	SELECT iif(i <= " GRANTS ", 1, 2), i, iif(i <= " GRANTS ", 1, 3), 3"
"	FROM k;"
"INSERT INTO grants(id, owner, thing, email, level, grantee, created) "
	COUNT(GRANTS)
"	SELECT " ID("e") ", 1, i, 'bob@example.com', 3, 2, 0 FROM k;"
"INSERT INTO grants(id, owner, channel, email, level, grantee, created)"
"	VALUES('f', 1, 1, 'bob@example.com', 3, 2, 0);";
#define THING "a0000001-0000-4000-8000-000000000000"
#define CHANNEL "d0000001-0000-4000-8000-000000000000"

static int
count(void *arg)
{
	(void)arg;
	steps += STEPS;
	return 0;
}

static bool
make_user(const char *email, struct user *user)
{
	return user_create(r, str_z(email), "no hash", STR_NONE, user,
	    &fault) == 0;
}

static void
make(void)
{
	CHECK(mkdtemp(top) != NULL);
	CHECK(registry_open(&r, top, REGISTRY_MAKE, &fault) == 0);
	CHECK(registry_begin(r, &fault) == 0);
	CHECK(make_user("ann@example.com", &ann) &&
	    make_user("bob@example.com", &bob) &&
	    make_user("eve@example.com", &eve));
	CHECK(ann.rowid == 1 && bob.rowid == 2 && eve.rowid == 3);
	CHECK(db_exec(r->db.sql, rows, &fault) == 0);
	CHECK(registry_commit(r, &fault) == 0);
	sqlite3_progress_handler(r->db.sql, STEPS, count, NULL);
}

static int
see(void *arg, const struct item *item, struct fault *f)
{
	(void)f;
	++*(int *)arg;
	return item->level == GRANT_MANAGE ? 0 : -1;
}

/* a page of what is shared and connected to it: how many are on it */
static int
page(enum item_kind kind, const char *to)
{
	struct page p = { .registry = r, .kind = kind, .owner = bob,
	    .shared = true, .connected = str_z(to), .limit = 10 };
	int got, n = 0;

	steps = 0;
	while ((got = page_step(&p, &fault)) > 0)
		;
	while (got == 0 && (got = page_give(&p, see, &n, &fault)) > 0)
		got = 0;
	page_end(&p);
	return got < 0 ? -1 : n;
}

static long
steps_of_level(void)
{
	struct user owner;

	steps = 0;
	CHECK(grant_allows(r, GRANT_THING, &bob, STR(THING), GRANT_MANAGE,
	    &owner, &fault) == 1);
	CHECK(grant_allows(r, GRANT_CHANNEL, &bob, STR(CHANNEL), GRANT_MANAGE,
	    &owner, &fault) == 1);
	return steps;
}

static long
steps_of_end(void)
{
	steps = 0;
	CHECK(share_connected(r, &bob, STR(CHANNEL), STR(THING), &fault) == 1);
	return steps;
}

static void
clean_up(void)
{
	char command[64];

	registry_close(r);
	snprintf(command, sizeof command, "rm -rf %s", top);
	CHECK(system(command) == 0);
}

int
main(void)
{
	make();
	TEST("a level is looked up, however much one user was granted") {
		CHECK(steps_of_level() < 1000);
		CHECK(steps_of_end() < 1000);
	}
	TEST("things of a channel: connections of others are not read") {
		CHECK(page(ITEM_THING, CHANNEL) == 10);
		CHECK(steps < 2000000);
	}
	TEST("channels of a thing: the same") {
		CHECK(page(ITEM_CHANNEL, THING) == 1);
		CHECK(steps < 20000);
	}
	clean_up();
	return unit_end();
}
