/* SPDX-License-Identifier: Apache-2.0 */
/* A database that can't be opened for want of descriptors is opened later; one
 * that nobody may read is not. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "sqlite/db.h"
#include "tests/unit/unit.h"

static char dir[] = "/tmp/mfx-db.XXXXXX";
static struct fault fault;

static int
make(struct db *db, int version, struct fault *f)
{
	return version == 0 ? db_exec(db->sql, "CREATE TABLE t(x)", f) : 0;
}

static const struct db_kind kind = {
	.name = "test", .application_id = 77, .version = 1, .oldest_read = 1,
	.busy_ms = 100, .pragmas = "", .write_pragmas = "", .hint = "",
	.migrate = make,
};

/* with N descriptors left */
static int
open_with(const char *path, enum db_mode mode, int n)
{
	struct rlimit old, few;
	struct db db;
	int fd = dup(0), result;

	close(fd);
	getrlimit(RLIMIT_NOFILE, &old);
	few = (struct rlimit){ (rlim_t)(fd + n), old.rlim_max };
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	if ((result = db_open(&db, path, mode, &kind, NULL, &fault)) == 0)
		db_close(&db);
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	return result;
}

int
main(void)
{
	char path[64];
	int n;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/t.db", dir);
	TEST("without descriptors a database is to be opened later") {
		CHECK(open_with(path, DB_MAKE, 20) == 0);
		for (n = 0; n < 20 && open_with(path, DB_READ, n) < 0; n++)
			CHECK(fault.status == EX_TEMPFAIL);
		CHECK(n > 1 && n < 20);
	}
	TEST("a database that nobody may read is not") {
		CHECK(chmod(path, 0) == 0);
		CHECK(geteuid() == 0 || (open_with(path, DB_READ, 20) < 0 &&
		    fault.status == EX_NOPERM));
	}
	CHECK(unlink(path) == 0);
	/* a reader may leave these two */
	snprintf(path, sizeof path, "%s/t.db-shm", dir);
	unlink(path);
	snprintf(path, sizeof path, "%s/t.db-wal", dir);
	unlink(path);
	CHECK(rmdir(dir) == 0);
	return unit_end();
}
