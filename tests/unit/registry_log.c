/* SPDX-License-Identifier: Apache-2.0 */
/* A promotion that fails halfway, with entries applied and not committed,
 * leaves the registry as it was, and keeps nobody out. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "registry/checksum.h"
#include "registry/log.h"
#include "registry/statement.h"
#include "registry/user.h"
#include "tests/unit/unit.h"

static char top[] = "/tmp/mfx-log.XXXXXX";
static struct registry *primary, *replica;
static struct fault fault;

static const char *
at(const char *name)
{
	static char paths[2][128];
	static int i;

	i = !i;
	snprintf(paths[i], sizeof paths[i], "%s/%s", top, name);
	return paths[i];
}

static bool
make_user(const char *email)
{
	struct user user;

	if (registry_begin(primary, &fault) < 0)
		return false;
	if (user_create(primary, str_z(email), "no hash", STR_NONE, &user,
	    &fault) == 0 && registry_commit(primary, &fault) == 0)
		return true;
	registry_rollback(primary);
	return false;
}

static bool
has_user(struct registry *r, const char *email)
{
	struct user user;

	return user_find(r, str_z(email), &user, &fault) == 0;
}

static bool
begin_log(void)
{
	return registry_begin(primary, &fault) == 0 &&
	    log_start(primary, at("bus"), "registry", "a", &fault) == 0 &&
	    registry_commit(primary, &fault) == 0;
}

static void
copy_key(void)
{
	char key[64];
	int from = open(at("a/master.key"), O_RDONLY);
	int to = open(at("b/master.key"), O_WRONLY | O_CREAT | O_EXCL, 0600);
	ssize_t n = read(from, key, sizeof key);

	CHECK(n > 0 && write(to, key, (size_t)n) == n);
	close(from);
	close(to);
}

static void
make(void)
{
	CHECK(mkdtemp(top) != NULL && mkdir(at("a"), 0700) == 0 &&
	    mkdir(at("b"), 0700) == 0);
	CHECK(registry_open(&primary, at("a"), REGISTRY_MAKE, &fault) == 0);
	CHECK(make_user("ann@example.com") && begin_log());
	CHECK(checksum_snapshot(primary, at("b/registry.db"), &fault) == 0);
	copy_key();
	CHECK(registry_open(&replica, at("b"), REGISTRY_WRITE, &fault) == 0);
	CHECK(log_set_node(replica, "b", &fault) == 0);
}

/* a line of this log that is no entry; gives where the stream ended */
static off_t
damage(void)
{
	struct log_state s;
	struct stat st;
	int fd = open(at("bus/registry/00000000000000000000.ndjson"),
	    O_WRONLY | O_APPEND);

	CHECK(log_state_get(primary, &s, &fault) == 1);
	CHECK(fstat(fd, &st) == 0);
	CHECK(dprintf(fd, "{\"n\":\"registry\",\"log\":\"%s\"}\n", s.id) > 0);
	close(fd);
	return st.st_size;
}

static bool
is_primary(struct registry *r)
{
	struct log_state s;

	return log_state_get(r, &s, &fault) == 1 &&
	    strcmp(s.primary, s.node) == 0;
}

/* could another process make a change now? */
static bool
is_free(void)
{
	struct registry *other = NULL;
	bool can;

	if (registry_open(&other, at("b"), REGISTRY_WRITE, &fault) < 0)
		return false;
	registry_patience(other, 0);
	can = log_set_node(other, "c", &fault) == 0;
	registry_close(other);
	return can;
}

static void
clean_up(void)
{
	char command[64];

	registry_close(primary);
	registry_close(replica);
	snprintf(command, sizeof command, "rm -rf %s", top);
	CHECK(system(command) == 0);
}

int
main(void)
{
	off_t end;

	make();
	CHECK(make_user("bob@example.com"));
	end = damage();
	TEST("a promotion that fails leaves no transaction and no change") {
		CHECK(log_promote(replica, &fault) == -1);
		CHECK(fault.status == EX_DATAERR);
		CHECK(sqlite3_get_autocommit(replica->db.sql) != 0);
		CHECK(is_free());
		CHECK(!is_primary(replica));
		CHECK(!has_user(replica, "bob@example.com"));
	}
	TEST("the same handle takes over once the log is mended") {
		CHECK(truncate(at("bus/registry/00000000000000000000.ndjson"),
		    end) == 0);
		CHECK(log_promote(replica, &fault) == 0);
		CHECK(is_primary(replica) && is_free());
		CHECK(has_user(replica, "bob@example.com"));
		CHECK(!make_user("eve@example.com"));
		CHECK(fault.status == EX_UNAVAILABLE);
	}
	clean_up();
	return unit_end();
}
