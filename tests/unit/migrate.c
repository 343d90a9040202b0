/* SPDX-License-Identifier: Apache-2.0 */
/* A registry of before is brought up to date: what its events still tell of
 * what was removed keeps those ids from all but their owner. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/item.h"
#include "registry/schema.h"
#include "registry/statement.h"
#include "tests/unit/unit.h"

#define ID(x) "00000000-0000-7000-8000-0000000000" x
#define ANN ID("a0")
#define BOB ID("b0")
#define GONE ID("c0")		/* a user who was removed */

#define IN_USE "is in use"

static char home[] = "/tmp/mfx-migrate.XXXXXX";
static struct fault fault;

/* what version 3 would have left */
static const char old_rows[] =
"INSERT INTO users(n, id, email, password, created) VALUES"
"	(1, '" ANN "', 'ann@example.com', '', 0),"
"	(2, '" BOB "', 'bob@example.com', '', 0);"
"INSERT INTO things(owner, id, name, metadata) VALUES"
"	(1, '" ID("01") "', 'kept', '{}'), (2, '" ID("05") "', 'x', '{}');"
"INSERT INTO events(time, operation, fields, owner) VALUES"
"	(0, 'thing.create', '{\"id\":\"" ID("01") "\"}', '" ANN "'),"
"	(0, 'thing.remove', '{\"id\":\"" ID("02") "\"}', '" ANN "'),"
"	(0, 'channel.remove', '{\"id\":\"" ID("03") "\"}', '" ANN "'),"
/* whose it was is not known any more */
"	(0, 'thing.remove', '{\"id\":\"" ID("04") "\"}', ''),"
/* Ann's, then Bob's, who still has it */
"	(0, 'thing.remove', '{\"id\":\"" ID("05") "\"}', '" ANN "'),"
/* made, and not there: its removal is not told */
"	(0, 'channel.create', '{\"id\":\"" ID("06") "\"}', '" BOB "'),"
/* Ann's, then Bob's, then nobody's */
"	(0, 'thing.remove', '{\"id\":\"" ID("07") "\"}', '" ANN "'),"
"	(0, 'thing.remove', '{\"id\":\"" ID("07") "\"}', '" BOB "'),"
"	(0, 'thing.remove', '{\"id\":\"" ID("08") "\"}', '" GONE "'),"
"	(0, 'user.remove', '{\"id\":\"" GONE "\"}', '" GONE "'),"
/* events that say less than they should stop nothing */
"	(0, 'thing.remove', '{}', '" ANN "'),"
"	(0, 'thing.connect', '{\"thing_id\":\"x\"}', '" ANN "');";

static void
make_old(void)
{
	char path[64], pragma[96];
	sqlite3 *db;
	int i, fd;

	snprintf(path, sizeof path, "%s/master.key", home);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && write(fd, home, 16) == 16 &&
	    write(fd, home, 16) == 16);
	close(fd);
	snprintf(path, sizeof path, "%s/registry.db", home);
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	for (i = 0; i < 3; i++)
		CHECK(sqlite3_exec(db, schema_steps[i], NULL, NULL, NULL) ==
		    SQLITE_OK);
	CHECK(sqlite3_exec(db, old_rows, NULL, NULL, NULL) == SQLITE_OK);
	snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d;"
	    "PRAGMA user_version = 3", SCHEMA_APPLICATION_ID);
	CHECK(sqlite3_exec(db, pragma, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
	CHECK(chmod(path, 0600) == 0);
}

/* may this user have a new one with that id, or why not?  Nothing is kept of
 * it. */
static bool
may_have(struct registry *r, const char *email, enum item_kind kind,
    const char *id, const char *why)
{
	struct change change = { .given = MEMBER_ID, .id = str_z(id) };
	struct user user;
	bool made;

	CHECK(registry_begin(r, &fault) == 0);
	CHECK(user_find(r, str_z(email), &user, &fault) == 0);
	made = item_create(r, kind, &user, &change, &fault) == 0;
	if (!made) {
		CHECK(fault.status == 65);
		CHECK(strstr(fault.text, why) != NULL);
	}
	registry_rollback(r);
	return made;
}

static const struct {
	const char *id;
	bool ann, bob;
	const char *why;	/* when not; NULL: IN_USE */
} rows[] = {
	{ ID("01"), false, false, NULL },
	{ ID("02"), true, false, NULL },
	{ ID("03"), true, false, NULL },
	{ ID("04"), false, false, NULL },
	{ ID("05"), false, false, NULL },
	{ ID("06"), false, true, NULL },
	{ ID("07"), true, false, NULL },
	{ ID("08"), false, false, "was of user '" GONE "', who was removed" },
	{ GONE, false, false, "was that of a user who was removed" },
	{ ID("09"), true, true, NULL },
};

static void
test_ids(struct registry *r)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *id = rows[i].id, *why = rows[i].why != NULL ?
		    rows[i].why : IN_USE;

		CHECK(may_have(r, "ann@example.com", ITEM_THING, id, why) ==
		    rows[i].ann);
		CHECK(may_have(r, "bob@example.com", ITEM_THING, id, why) ==
		    rows[i].bob);
		/* what was a thing's is not a channel of another's either */
		CHECK(may_have(r, "bob@example.com", ITEM_CHANNEL, id, why) ==
		    rows[i].bob);
	}
	/* a user's id is not a thing of another's */
	CHECK(!may_have(r, "bob@example.com", ITEM_THING, ANN, IN_USE));
}

/* what was there before has the values that nobody has given */
static void
test_defaults(struct registry *r)
{
	struct user user;
	struct item item;
	void *found;

	CHECK(user_find(r, STR("ann@example.com"), &user, &fault) == 0);
	CHECK(item_find(r, ITEM_THING, &user, STR(ID("01")), &item, &found,
	    &fault) == 0);
	CHECK(str_eq(item.name, STR("kept")) && !item.disabled &&
	    str_eq(item.tags, STR("[]")));
	item_found_end(found);
}

/* users that were there before note nothing, and may begin to */
static void
test_metadata(struct registry *r, struct str want, struct str next)
{
	struct buf got;
	struct user user;

	buf_init(&got, METADATA_BYTES_MAX);
	CHECK(user_find(r, STR("ann@example.com"), &user, &fault) == 0);
	CHECK(user_metadata(r, &user, &got, &fault) == (want.n > 0));
	CHECK(str_eq(buf_str(&got), want));
	buf_release(&got);
	if (next.p == NULL)
		return;
	CHECK(registry_begin(r, &fault) == 0);
	CHECK(user_set_metadata(r, &user, next, &fault) == 0);
	CHECK(registry_commit(r, &fault) == 0);
}

static void
clean_up(void)
{
	static const char *const names[] = {
		"registry.db", "registry.db-wal", "registry.db-shm",
		"master.key"
	};
	char path[64];
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", home, names[i]);
		unlink(path);
	}
	rmdir(home);
}

int
main(void)
{
	struct registry *r;

	CHECK(mkdtemp(home) != NULL);
	make_old();
	CHECK(registry_open(&r, home, REGISTRY_WRITE, &fault) == 0);
	TEST("ids of what was removed are kept for their owner")
		test_ids(r);
	TEST("old rows have the default values of new columns")
		test_defaults(r);
	TEST("a user of an old registry has no metadata, and may get some")
		test_metadata(r, STR(""), STR("{\"a\":1}"));
	registry_close(r);
	CHECK(registry_open(&r, home, REGISTRY_READ, &fault) == 0);
	TEST("an upgraded registry opens again, for reading only") {
		test_defaults(r);
		test_metadata(r, STR("{\"a\":1}"), STR_NONE);
	}
	registry_close(r);
	clean_up();
	return unit_end();
}
