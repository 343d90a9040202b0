/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision that adapters take, while another process changes the
 * registry under it.
 */
#include "registry/access.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry/page.h"
#include "tests/unit/unit.h"

static char home[64];
static struct registry *registry;
static struct user owner;
static struct fault fault;
static char thing[ID_TEXT + 1], channel[ID_TEXT + 1];

#define OLD STR("old key")
#define NEW STR("new key")

static int64_t
now_ms(void)
{
	return stamp_now().ns / 1000000;
}

/* one change, committed */
static bool
change(int (*one)(const struct change *), const struct change *wanted)
{
	if (registry_begin(registry, &fault) < 0)
		return false;
	if (one(wanted) < 0 || registry_commit(registry, &fault) < 0) {
		registry_rollback(registry);
		return false;
	}
	return true;
}

static int
make_thing(const struct change *wanted)
{
	return item_create(registry, ITEM_THING, &owner, wanted, &fault);
}

static int
make_channel(const struct change *wanted)
{
	return item_create(registry, ITEM_CHANNEL, &owner, wanted, &fault);
}

static int
update_thing(const struct change *wanted)
{
	return item_update(registry, ITEM_THING, &owner, wanted, &fault);
}

static int
connect_them(const struct change *wanted)
{
	return item_connect(registry, &owner, wanted->channel, wanted->thing,
	    wanted->direction, &fault);
}

static int
disconnect_them(const struct change *wanted)
{
	unsigned direction;

	return item_disconnect(registry, &owner, wanted->channel,
	    wanted->thing, &direction, &fault);
}

static int
remove_thing(const struct change *wanted)
{
	return item_remove(registry, ITEM_THING, &owner, wanted->id, &fault);
}

static int
make_user(const struct change *wanted)
{
	(void)wanted;
	return user_create(registry, STR("a@example.com"), "no hash", STR_NONE,
	    &owner, &fault);
}

static struct change
with_key(struct str key)
{
	return (struct change){ .given = MEMBER_ID | MEMBER_KEY,
	    .id = str_z(thing), .key = key };
}

static struct change
pair(void)
{
	return (struct change){ .channel = str_z(channel),
	    .thing = str_z(thing) };
}

/* what comes at all comes within a moment; but who knows how busy this
 * machine is */
#define MOMENT 30000

/* the answer becomes this one; as in an adapter's event loop: a refresh, a
 * question */
static bool
until(struct access *a, struct str key, enum access_result want)
{
	int64_t begin = now_ms();
	struct str who;

	do {
		access_refresh(a);
		if (access_check(a, key, str_z(channel), ACCESS_ANY_WAY,
	    &who) == want)
			return true;
	} while (now_ms() - begin < MOMENT);
	return false;
}

static void
test_answers(struct access *a)
{
	struct change p = pair();
	struct str who;

	CHECK(access_check(a, OLD, str_z(channel), ACCESS_ANY_WAY,
	    &who) ==
	    ACCESS_NOT_CONNECTED);
	CHECK(str_eq(who, str_z(thing)));
	CHECK(change(connect_them, &p));
	CHECK(until(a, OLD, ACCESS_YES));
	CHECK(access_check(a, OLD, str_z(channel), ACCESS_ANY_WAY,
	    &who) == ACCESS_YES);
	CHECK(str_eq(who, str_z(thing)));
	CHECK(access_check(a, NEW, str_z(channel), ACCESS_ANY_WAY,
	    &who) == ACCESS_NO_KEY);
	CHECK(who.n == 0);
	CHECK(access_check(a, STR_NONE, str_z(channel), ACCESS_ANY_WAY,
	    &who) ==
	    ACCESS_NO_KEY);
	CHECK(access_identify(a, OLD, &who) == ACCESS_YES);
	CHECK(str_eq(who, str_z(thing)));
	CHECK(access_identify(a, NEW, &who) == ACCESS_NO_KEY);
	CHECK(access_check_id(a, str_z(thing), str_z(channel),
	    DIRECTION_BOTH) == ACCESS_YES);
	CHECK(access_check_id(a, str_z(channel), str_z(channel),
	    DIRECTION_BOTH) == ACCESS_NO_KEY);
	CHECK(access_check_id(a, STR("x"), str_z(channel),
	    DIRECTION_BOTH) == ACCESS_NO_KEY);
}

/* a channel of any other form is one that isn't there */
static void
test_odd_channels(struct access *a)
{
	static const char long_one[5000] = "";
	const struct str odd[] = {
		STR_NONE, STR("*"), STR("x"), { long_one, sizeof long_one },
		STR("00000000-0000-0000-0000-000000000000"),
		STR("' OR 1=1 --                         "),
	};
	struct str who;
	size_t i;

	for (i = 0; i < sizeof odd / sizeof *odd; i++) {
		CHECK(access_check(a, OLD, odd[i], ACCESS_ANY_WAY, &who) ==
		    ACCESS_NOT_CONNECTED);
		CHECK(access_check(a, NEW, odd[i], ACCESS_ANY_WAY, &who) ==
		    ACCESS_NO_KEY);
		CHECK(access_check_id(a, str_z(thing), odd[i],
		    ACCESS_ANY_WAY) == ACCESS_NOT_CONNECTED);
	}
	CHECK(access_check(a, (struct str){ long_one, sizeof long_one },
	    str_z(channel), ACCESS_ANY_WAY,
	    &who) == ACCESS_NO_KEY);
}

/* each use of a connection that goes one way or both, by key and by id */
static void
test_directions(struct access *a)
{
	const unsigned uses[] = {
		ACCESS_ANY_WAY, DIRECTION_PUBLISH, DIRECTION_SUBSCRIBE,
		DIRECTION_BOTH
	};
	struct change p = pair();
	unsigned d, known;
	struct str who;
	size_t i;

	for (d = DIRECTION_PUBLISH; d <= DIRECTION_BOTH; d++) {
		p.direction = d;
		CHECK(change(connect_them, &p));
		access_forget(a);
		for (i = 0; i < sizeof uses / sizeof *uses; i++) {
			enum access_result want = (d & uses[i]) == uses[i] ?
			    ACCESS_YES : ACCESS_OTHER_WAY;

			CHECK(access_check(a, OLD, str_z(channel), uses[i],
			    &who) == want);
			CHECK(str_eq(who, str_z(thing)));
			CHECK(access_check_id(a, str_z(thing), str_z(channel),
			    uses[i]) == want);
		}
		CHECK(access_directions(a, str_z(thing), str_z(channel),
		    &known) == ACCESS_YES && known == d);
		/* without a direction it stays as it is */
		p.direction = 0;
		CHECK(change(connect_them, &p));
		access_forget(a);
		CHECK(access_directions(a, str_z(thing), str_z(channel),
		    &known) == ACCESS_YES && known == d);
	}
	CHECK(access_directions(a, str_z(thing), str_z(thing), &known) ==
	    ACCESS_NOT_CONNECTED && known == 0);
	CHECK(access_directions(a, str_z(channel), str_z(channel), &known) ==
	    ACCESS_NO_KEY && known == 0);
}

/* more guesses than the cache has room for, between two right ones */
static void
test_flood(struct access *a)
{
	struct str who;
	char key[32];
	int i, wrong = 0;

	for (i = 0; i < 100000; i++) {
		int n = snprintf(key, sizeof key, "guess %d", i);

		wrong += access_check(a, (struct str){ key, (size_t)n },
		    str_z(channel), ACCESS_ANY_WAY,
		    &who) != ACCESS_NO_KEY;
		if (i % 1000 == 0)
			wrong += access_check(a, OLD, str_z(channel),
			    ACCESS_ANY_WAY, &who) != ACCESS_YES;
	}
	CHECK(wrong == 0);
}

/* The change is another process's, as it will be. */
static bool
change_elsewhere(struct access *a, int (*one)(const struct change *),
    const struct change *wanted, struct str key, enum access_result want)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0) {
		registry = NULL;
		if (registry_open(&registry, home, REGISTRY_WRITE,
		    &fault) < 0)
			_exit(1);
		_exit(!change(one, wanted));
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0);
	return until(a, key, want);
}

static void
test_revocation(struct access *a)
{
	struct change new = with_key(NEW), none = with_key(STR_NONE),
	    old = with_key(OLD), p = pair();
	int i;

	for (i = 0; i < 5; i++) {
		CHECK(change_elsewhere(a, update_thing, &new, OLD,
		    ACCESS_NO_KEY));
		CHECK(until(a, NEW, ACCESS_YES));
		CHECK(change_elsewhere(a, update_thing, &old, NEW,
		    ACCESS_NO_KEY));
	}
	CHECK(change_elsewhere(a, update_thing, &none, OLD,
	    ACCESS_NO_KEY));
	CHECK(access_check_id(a, str_z(thing), str_z(channel),
	    DIRECTION_BOTH) == ACCESS_NO_KEY);
	CHECK(change_elsewhere(a, update_thing, &old, OLD, ACCESS_YES));
	CHECK(change_elsewhere(a, disconnect_them, &p, OLD,
	    ACCESS_NOT_CONNECTED));
	CHECK(change_elsewhere(a, connect_them, &p, OLD, ACCESS_YES));
	CHECK(change_elsewhere(a, remove_thing, &old, OLD,
	    ACCESS_NO_KEY));
	CHECK(!change(update_thing, &old) && fault.status == 1);
}

/* another registry in its place: noticed; none in its place: no answer */
static void
test_replaced(struct access *a)
{
	char path[128], away[128];
	snprintf(path, sizeof path, "%s/registry.db", home);
	snprintf(away, sizeof away, "%s/away.db", home);
	CHECK(rename(path, away) == 0);
	CHECK(until(a, OLD, ACCESS_ERROR));
	CHECK(access(path, F_OK) < 0);
	CHECK(strstr(access_fault(a), "registry.db") != NULL);
	CHECK(rename(away, path) == 0);
	CHECK(until(a, OLD, ACCESS_NO_KEY));
}

static void
fill_registry(void)
{
	struct change t = with_key(OLD), c = { .given = MEMBER_ID };

	CHECK(registry_open(&registry, home, REGISTRY_MAKE, &fault) == 0);
	CHECK(change(make_user, NULL));
	uuid_make(thing);
	uuid_make(channel);
	t.id = str_z(thing);
	c.id = str_z(channel);
	CHECK(change(make_thing, &t));
	CHECK(change(make_channel, &c));
	CHECK(!change(make_channel, &c) && fault.status == 65);
	uuid_make(thing);
	t.id = str_z(thing);
	/* the key is taken */
	CHECK(!change(make_thing, &t) && fault.status == 65);
	CHECK(strstr(fault.text, "old") == NULL);
}

static int
take_id(void *to, const struct item *item, struct fault *f)
{
	(void)f;
	snprintf(to, ID_TEXT + 1, "%.*s", STR_ARG(item->id));
	return 0;
}

/* the thing that fill_registry made before the clash */
static int
take_first(void)
{
	struct page page = {
		.registry = registry, .kind = ITEM_THING, .owner = owner,
		.limit = 1
	};
	int got;

	while ((got = page_step(&page, &fault)) > 0)
		;
	if (got == 0)
		got = page_give(&page, take_id, thing, &fault);
	page_end(&page);
	return page.found == 1 ? got : -1;
}

static void
clean_up(void)
{
	static const char *const names[] = {
		"registry.db", "registry.db-wal", "registry.db-shm",
		"master.key"
	};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", home, names[i]);
		unlink(path);
	}
	CHECK(rmdir(home) == 0);
}

int
main(void)
{
	struct access *a;

	snprintf(home, sizeof home, "/tmp/mfx-unit-XXXXXX");
	if (mkdtemp(home) == NULL)
		return 1;
	TEST("a question makes no registry")
		CHECK(access_open(&a, home, &fault) < 0);
	TEST("a key belongs to one thing, an id to one channel")
		fill_registry();
	CHECK(access_open(&a, home, &fault) == 0);
	CHECK(take_first() == 0);
	CHECK(until(a, OLD, ACCESS_NOT_CONNECTED));
	TEST("a connected thing may publish, others get the reason")
		test_answers(a);
	TEST("a channel id of another form is not connected")
		test_odd_channels(a);
	TEST("a connection that goes one way is no answer for the other")
		test_directions(a);
	TEST("a flood of wrong keys does not push out the right answer")
		test_flood(a);
	TEST("another process's change of a key counts at once")
		test_revocation(a);
	registry_close(registry);
	TEST("a registry that goes away is an error, and it may return")
		test_replaced(a);
	access_close(a);
	clean_up();
	return unit_end();
}
