/* SPDX-License-Identifier: Apache-2.0 */
#include "base/operand.h"

#include <string.h>

#include "base/stamp.h"
#include "tests/unit/unit.h"

static struct {
	bool follow;
	const char *from;
	enum { SMALL, LARGE } size;
	struct opt_list names;
} opt;

static const struct opt options[] = {
	{ 'f', "follow", NULL, "wait for more", OPT_FLAG(&opt.follow) },
	{ 'x', "from", "WHERE", "start there", OPT_STRING(&opt.from) },
	{ 0, "size", "small|large", "how much", OPT_ENUM(&opt.size) },
	{ 0, "name", "NAME", "of these", OPT_LIST(&opt.names) },
	OPT_END
};

static struct opt_parser program = { .own = options, .mixed = true };
static struct opt_parser wrapper = { .own = options };

/* the operands that are left of `line`, words between blanks, joined */
static const char *
operands(struct opt_parser *p, const char *line)
{
	static char words[256], joined[256];
	char *argv[32] = { NULL };
	int argc = 0, i;
	char *at;

	opt.follow = false;
	opt.from = NULL;
	snprintf(words, sizeof words, "%s", line);
	for (at = words; at != NULL; at = strchr(at, ' ')) {
		if (*at == ' ')
			*at++ = '\0';
		argv[argc++] = at;
	}
	joined[0] = '\0';
	for (i = opt_parse(p, argv); argv[i] != NULL; i++) {
		size_t n = strlen(joined);

		snprintf(joined + n, sizeof joined - n, "%s,", argv[i]);
	}
	return joined;
}

static bool
leaves(struct opt_parser *p, const char *line, const char *want)
{
	return strcmp(operands(p, line), want) == 0;
}

static bool
duration_is(const char *text, int64_t want)
{
	int64_t v;

	return duration_parse(str_z(text), &v) && v == want;
}

static bool
duration_refused(const char *text)
{
	int64_t v;

	return !duration_parse(str_z(text), &v);
}

static bool
duration_prints(int64_t ns, const char *want)
{
	char text[STAMP_TEXT];

	return duration_print(text, ns) == strlen(want) &&
	    strcmp(text, want) == 0;
}

static void
test_durations(void)
{
	CHECK(duration_is("90", 90 * STAMP_SECOND));
	CHECK(duration_is("1h30m", 5400 * STAMP_SECOND));
	CHECK(duration_is("1.5h", 5400 * STAMP_SECOND));
	CHECK(duration_is("5min", 300 * STAMP_SECOND));
	CHECK(duration_is("2w1d", 15 * 86400 * STAMP_SECOND));
	CHECK(duration_is("1s500ms", 1500000000));
	CHECK(duration_is("0", 0));
	CHECK(duration_refused("") && duration_refused("h"));
	CHECK(duration_refused("1h30") && duration_refused("30m1h"));
	CHECK(duration_refused("1h1h") && duration_refused("1m1min"));
	CHECK(duration_refused("-1h") && duration_refused("1 h"));
	CHECK(duration_refused("1x") && duration_refused("1.2.3s"));
	CHECK(duration_refused("200000w200000w"));
	CHECK(duration_refused("99999999999999999999s"));
	CHECK(duration_has_unit(STR("30d")) && duration_has_unit(STR("1h")));
	CHECK(!duration_has_unit(STR("30")) && !duration_has_unit(STR("1.5")));
	CHECK(!duration_has_unit(STR("")));
	CHECK(duration_prints(90 * STAMP_SECOND, "90s"));
	CHECK(duration_prints(3600 * STAMP_SECOND, "1h"));
	CHECK(duration_prints(7 * 86400 * STAMP_SECOND, "7d"));
	CHECK(duration_prints(1500000000, "1500ms"));
	CHECK(duration_prints(1, "1ns"));
}

static const char *
refusal(const char *option, const char *value)
{
	char name[] = "test", words[2][16];
	char *argv[] = { name, words[0], words[1], NULL };

	snprintf(words[0], sizeof words[0], "%s", option);
	snprintf(words[1], sizeof words[1], "%s", value);
	program.why[0] = '\0';
	return opt_parse(&program, argv) < 0 ? program.why : "";
}

static void
test_choices(void)
{
	opt.size = SMALL;
	CHECK(*refusal("--size", "large") == '\0' && opt.size == LARGE);
	CHECK(strcmp(refusal("--size", "larg"),
	    "--size 'larg': not one of small|large") == 0);
	CHECK(strcmp(refusal("--size", ""),
	    "--size '': not one of small|large") == 0);
	CHECK(opt.size == LARGE);
	CHECK(*refusal("--size", "small") == '\0' && opt.size == SMALL);
	CHECK(opt_choice("a|b", "a|b") == -1 && opt_choice("a|b", "b") == 1);
}

static void
test_too_many(void)
{
	int i;

	for (i = 0; i < OPT_LIST_MAX; i++)
		CHECK(*refusal("--name", "x") == '\0');
	CHECK(strcmp(refusal("--name", "y"),
	    "--name 'y': at most 64 of these") == 0);
	CHECK(opt.names.n == OPT_LIST_MAX);
}

/* the message about the operands of `line` for `forms`, or "" */
static const char *
misfit(const char *forms, const char *line)
{
	static char why[OPT_WHY];
	char words[64], *argv[8] = { words };
	int argc = 1, first;
	char *at;

	opt.from = NULL;
	snprintf(words, sizeof words, "%s", line);
	for (at = words; (at = strchr(at, ' ')) != NULL; argv[argc++] = at)
		*at++ = '\0';
	first = opt_parse(&program, argv);
	return operand_check(forms, options, argv + first, why) < 0 ? why : "";
}

static void
test_operands(void)
{
	static const char pairs[] = "CHANNEL THING ...\n--from FILE X";

	CHECK(strcmp(misfit(NULL, "p"), "") == 0);
	CHECK(strcmp(misfit(NULL, "p a"), "unexpected operand 'a'") == 0);
	CHECK(strcmp(misfit("[A]", "p"), "") == 0);
	CHECK(strcmp(misfit("[A]", "p a"), "") == 0);
	CHECK(strcmp(misfit("[A]", "p a b"), "unexpected operand 'b'") == 0);
	CHECK(strcmp(misfit("A [F ...]", "p a b c"), "") == 0);
	CHECK(strcmp(misfit("A[/B]", "p"), "missing A") == 0);
	CHECK(strcmp(misfit("A[/B]", "p "), "missing A") == 0);
	CHECK(strcmp(misfit("x|y", "p y"), "") == 0);
	CHECK(strcmp(misfit("x|y", "p z"), "'z': not one of x|y") == 0);
	CHECK(strcmp(misfit("[x|y] A", "p x a"), "") == 0);
	CHECK(strcmp(misfit("[x|y]", "p"), "") == 0);
	CHECK(strcmp(misfit(pairs, "p c t u"), "") == 0);
	CHECK(strcmp(misfit(pairs, "p c"),
	    "missing THING, or --from FILE") == 0);
	CHECK(strcmp(misfit(pairs, "p --from f"), "missing X") == 0);
	CHECK(strcmp(misfit(pairs, "p --from f x"), "") == 0);
	CHECK(strcmp(misfit(pairs, "p --from f x y"),
	    "unexpected operand 'y' with --from FILE") == 0);
	CHECK(strcmp(misfit("\n-x W", "p a"), "unexpected operand 'a'") == 0);
	CHECK(strcmp(misfit("A\nhelp B", "p"), "missing A") == 0);
}

int
main(void)
{
	TEST("operands fit the forms of their program")
		test_operands();
	TEST("one of several values, and what is said of others")
		test_choices();
	TEST("a list of values has a maximum")
		test_too_many();
	TEST("options stand before, between and after operands") {
		CHECK(leaves(&program, "p --from a -f b c", "b,c,"));
		CHECK(opt.follow && strcmp(opt.from, "a") == 0);
		CHECK(leaves(&program, "p b --from a c -f", "b,c,"));
		CHECK(opt.follow && strcmp(opt.from, "a") == 0);
		CHECK(leaves(&program, "p b c d -fxa -", "b,c,d,-,"));
		CHECK(opt.follow && strcmp(opt.from, "a") == 0);
	}
	TEST("after -- there are operands only, and none may be left") {
		CHECK(leaves(&program, "p b -f -- --from a", "b,--from,a,"));
		CHECK(opt.follow && opt.from == NULL);
		CHECK(leaves(&program, "p", ""));
	}
	TEST("of a wrapper's options none come after its first operand") {
		CHECK(leaves(&wrapper, "p -f b --from a", "b,--from,a,"));
		CHECK(opt.follow && opt.from == NULL);
	}
	TEST("a time before now is an operand")
		CHECK(leaves(&program, "p b -1h -f", "b,-1h,"));
	TEST("durations are read and printed")
		test_durations();
	return unit_end();
}
