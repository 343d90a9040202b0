/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/window.h"

#include "unit.h"

struct aside {
	int n;
	uint64_t last;
};

static void
note_aside(void *arg, const struct sent *s, const char *why)
{
	struct aside *a = arg;

	CHECK(why != NULL && s->line != NULL);
	a->n++;
	a->last = s->place;
}

/* all that may be sent now, with the place as mid; how many */
static int
send_all(struct window *w)
{
	struct sent *s;
	int n = 0;

	while ((s = window_next(w)) != NULL) {
		window_sent(w, s, (int)s->place);
		n++;
	}
	return n;
}

static void
add(struct window *w, uint64_t place)
{
	window_add(w, STR("{\"n\":1}"), place, true);
	window_position(w, place);
}

static void
test_order(void)
{
	struct aside a = { 0 };
	struct window w;

	window_init(&w, 3, note_aside, &a);
	add(&w, 1);
	add(&w, 2);
	CHECK(window_has_room(&w));
	add(&w, 3);
	CHECK(!window_has_room(&w) && send_all(&w) == 3 && w.on_way == 3);
	CHECK(window_acked(&w, 2) && w.seq == 0 && w.n == 3);
	CHECK(!window_acked(&w, 2) && !window_acked(&w, 9));
	CHECK(window_acked(&w, 1) && w.seq == 2 && w.n == 1);
	/* what is skipped counts when those before it are done */
	window_position(&w, 7);
	CHECK(w.seq == 2);
	CHECK(!window_down(&w, false, "") && w.on_way == 0);
	CHECK(send_all(&w) == 1 && window_acked(&w, 3) && w.seq == 7);
	window_position(&w, 9);
	CHECK(w.seq == 9 && a.n == 0);
	window_release(&w);
}

/* MQTT 5, 3.4.2.1: reasons of a PUBACK */
static void
test_refusals(void)
{
	struct aside a = { 0 };
	struct window w;

	window_init(&w, 4, note_aside, &a);
	add(&w, 1);
	add(&w, 2);
	add(&w, 3);
	CHECK(send_all(&w) == 3);
	/* while none is taken it may be the broker's fault */
	CHECK(window_refused(&w, 1, 0x87, "no", false) != NULL && a.n == 0);
	CHECK(window_refused(&w, 2, 0x97, "full", false) != NULL && a.n == 0);
	CHECK(window_first_refused(&w)->place == 1 && !window_is_stuck(&w));
	CHECK(window_refused(&w, 3, 0x90, "topic", true) == NULL && a.n == 1);
	CHECK(window_is_stuck(&w) && w.seq == 0);
	/* at the end of the input too */
	window_end(&w);
	CHECK(window_is_stuck(&w) && a.n == 1);
	/* a new connection asks again */
	window_down(&w, true, "");
	CHECK(!window_is_stuck(&w) && send_all(&w) == 2);
	CHECK(window_refused(&w, 1, 0x87, "no", false) != NULL);
	CHECK(window_acked(&w, 2) && a.n == 2 && a.last == 1);
	CHECK(w.n == 0 && w.seq == 3);
	window_release(&w);
}

/* one that ends connections: after two of them all go alone, and after three
 * more it waits for another one that is taken */
static void
test_ends(void)
{
	struct aside a = { 0 };
	struct window w;
	int i;

	window_init(&w, 8, note_aside, &a);
	for (i = 1; i <= 4; i++)
		add(&w, (uint64_t)i);
	for (i = 0; i < 2; i++) {
		CHECK(send_all(&w) == 4 && (i > 0 || window_acked(&w, 1)));
		if (i == 0)
			add(&w, 5);
		CHECK(window_down(&w, true, "cut") == (i == 1));
	}
	for (i = 0; i < 3; i++) {
		CHECK(send_all(&w) == 1 && w.on_way == 1 && w.refused == 0);
		/* one that says nothing does not count */
		window_down(&w, false, "");
		CHECK(send_all(&w) == 1);
		window_down(&w, true, "cut");
	}
	CHECK(w.refused == 1 && a.n == 0 && w.seq == 1);
	for (i = 3; i <= 5; i++) {
		CHECK(send_all(&w) == 1 && window_acked(&w, i));
		CHECK(a.n == 1 && a.last == 2 && w.seq == (uint64_t)i);
	}
	CHECK(w.n == 0);
	window_release(&w);
}

/* nothing but such ones: there is to be room for others */
static void
test_full(void)
{
	struct aside a = { 0 };
	struct window w;
	int i;

	window_init(&w, 2, note_aside, &a);
	add(&w, 1);
	add(&w, 2);
	for (i = 0; i < 8; i++) {
		CHECK(a.n == 0 && send_all(&w) > 0);
		window_down(&w, true, "cut");
	}
	CHECK(a.n == 2 && w.n == 0 && w.seq == 2 && window_has_room(&w));
	/* the last of an input that has ended */
	add(&w, 3);
	for (i = 0; i < 5; i++) {
		CHECK(send_all(&w) == 1);
		window_down(&w, true, "cut");
	}
	CHECK(a.n == 2 && window_is_stuck(&w));
	window_end(&w);
	CHECK(a.n == 3 && w.n == 0);
	window_release(&w);
}

int
main(void)
{
	TEST("the position follows what is acknowledged in order")
		test_order();
	TEST("refused messages are set aside once others are taken")
		test_refusals();
	TEST("a message that ends connections is found and set aside")
		test_ends();
	TEST("a window full of such messages makes room")
		test_full();
	return unit_end();
}
