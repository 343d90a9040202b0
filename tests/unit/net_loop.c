/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/acceptor.h"
#include "net/sock.h"

#include "tests/unit/unit.h"

static struct loop *loop;
static struct loop_watch watches[2];
static int called[2], woken, turned, order;

/* whoever comes first ends the other, too */
static void
end_both(struct loop_watch *w, unsigned events)
{
	(void)events;
	called[w - watches]++;
	loop_unwatch(watches);
	loop_unwatch(watches + 1);
}

static void
count(struct loop_watch *w, unsigned events)
{
	if (events & LOOP_READ)
		called[w - watches]++;
	turned = 0;
	order = woken ? 1 : -1;
}

static void
wake(struct loop_hook *hook, int64_t now)
{
	(void)hook;
	woken = now > 0;
}

static void
turn(struct loop_hook *hook, int64_t now)
{
	(void)hook;
	(void)now;
	turned = 1;
}

static void
pair(int fds[2])
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
}

static void
test_watches(void)
{
	int fds[2], file;

	pair(fds);
	called[0] = called[1] = 0;
	TEST("a watch that another one ends in this turn is not called") {
		int other[2];

		pair(other);
		CHECK(write(fds[1], "x", 1) == 1 &&
		    write(other[1], "x", 1) == 1);
		loop_watch(loop, watches, fds[0], LOOP_READ, end_both);
		loop_watch(loop, watches + 1, other[0], LOOP_READ, end_both);
		loop_turn(loop, 1000);
		CHECK(called[0] + called[1] == 1);
		close(other[0]);
		close(other[1]);
	}
	TEST("wake comes before the events of a turn, turn after them") {
		struct loop_hook hook;

		loop_hook(loop, &hook, wake, turn);
		loop_watch(loop, watches, fds[0], LOOP_READ, count);
		loop_turn(loop, 1000);
		CHECK(order == 1 && turned == 1);
		loop_unhook(&hook);
		loop_unwatch(watches);
	}
	TEST("what can't be polled is always ready") {
		called[0] = 0;
		file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		loop_watch(loop, watches, file, LOOP_READ, count);
		loop_turn(loop, 1000);
		CHECK(called[0] == 1);
		loop_unwatch(watches);
		close(file);
	}
	TEST("after loop_hurry a turn does not wait") {
		int64_t before = clock_ns();

		loop_hurry(loop);
		loop_turn(loop, 60000);
		CHECK(clock_ns() - before < 30 * CLOCK_SECOND);
	}
	close(fds[0]);
	close(fds[1]);
}

static unsigned became;

static void
ready(struct sock *s, unsigned events)
{
	(void)s;
	became = events;
}

static void
test_socks(void)
{
	struct sock s, moved;
	char text[8];
	int fds[2];

	pair(fds);
	CHECK(sock_open(&s, loop, fds[0], NULL, ready) == 0);
	TEST("a sock tells nothing, bytes, and the end apart") {
		struct iovec v[2] = { { (char[]){ 'a' }, 1 },
		    { (char[]){ 'b' }, 1 } };

		CHECK(sock_read(&s, text, sizeof text) == SOCK_LATER);
		CHECK(sock_write(&s, v, 2) == 2);
		CHECK(read(fds[1], text, sizeof text) == 2 &&
		    memcmp(text, "ab", 2) == 0);
		CHECK(write(fds[1], "xyz", 3) == 3);
		CHECK(sock_read(&s, text, sizeof text) == 3);
		CHECK(!sock_gone(&s));
	}
	TEST("it calls for what is wanted, moved to another struct too") {
		became = 0;
		sock_want(&s, LOOP_WRITE);
		loop_turn(loop, 1000);
		CHECK(became == LOOP_WRITE);
		sock_move(&moved, &s, ready);
		became = 0;
		CHECK(write(fds[1], "x", 1) == 1);
		sock_want(&moved, LOOP_READ);
		loop_turn(loop, 1000);
		CHECK(became == LOOP_READ && s.fd == -1);
		sock_close(&s, false);
	}
	TEST("the end of the other side is 0, and what is sent then fails") {
		struct iovec v = { (char[]){ 'a' }, 1 };

		close(fds[1]);
		CHECK(sock_gone(&moved));
		CHECK(sock_read(&moved, text, sizeof text) == 1);
		CHECK(sock_read(&moved, text, sizeof text) == 0);
		CHECK(sock_write(&moved, &v, 1) == SOCK_BROKEN);
	}
	sock_close(&moved, false);
}

static void
test_counts(void)
{
	struct acceptor_options o = { .max = 10, .max_per_address = 2 };
	struct peer_address peers[3] = { 0 };
	struct address one, same, other;
	struct acceptor a;

	CHECK(address_parse(&one, STR("2001:db8::1")) &&
	    address_parse(&same, STR("2001:db8::2")) &&
	    address_parse(&other, STR("192.0.2.1")));
	acceptor_init(&a, loop, &o);
	a.connections = 3;
	TEST("connections are counted by address, a /64 of IPv6 is one") {
		CHECK(acceptor_count_for(&a, peers, &one));
		CHECK(acceptor_count_for(&a, peers + 1, &same));
		CHECK(!acceptor_count_for(&a, peers + 2, &one));
		CHECK(acceptor_count_for(&a, peers + 2, &other));
	}
	TEST("a place is free again when its connection has left") {
		acceptor_leave(&a, peers);
		CHECK(acceptor_count_for(&a, peers, &one));
		CHECK(!acceptor_count_for(&a, peers + 2, &same));
	}
	acceptor_leave(&a, peers);
	acceptor_leave(&a, peers + 1);
	TEST("addresses without a connection are forgotten") {
		CHECK(a.counts.n == 0);
	}
	acceptor_release(&a);
}

int
main(void)
{
	struct fault fault;

	if (loop_open(&loop, &fault) < 0)
		return 1;
	test_watches();
	test_socks();
	test_counts();
	loop_close(loop);
	return unit_end();
}
