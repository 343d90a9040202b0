/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opt.h"

#include <string.h>

#include "base/program.h"
#include "tests/unit/unit.h"

static struct {
	bool follow;
	const char *from;
} opt;

static const struct opt options[] = {
	{ 'f', "follow", NULL, "wait for more", OPT_FLAG, &opt.follow, 0, 0 },
	{ 'x', "from", "WHERE", "start there", OPT_STRING, &opt.from, 0, 0 },
	OPT_END
};

static const struct program program = {
	.name = "test", .options = options
};
static const struct program wrapper = {
	.name = "test", .options = options, .options_first = true
};

/* the operands that are left of `line`, words between blanks, joined */
static const char *
operands(const struct program *p, const char *line)
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
	for (i = opt_parse(p, NULL, argc, argv); argv[i] != NULL; i++) {
		size_t n = strlen(joined);

		snprintf(joined + n, sizeof joined - n, "%s,", argv[i]);
	}
	return joined;
}

int
main(void)
{
	CHECK(strcmp(operands(&program, "p --from a -f b c"), "b,c,") == 0);
	CHECK(opt.follow && strcmp(opt.from, "a") == 0);
	CHECK(strcmp(operands(&program, "p b --from a c -f"), "b,c,") == 0);
	CHECK(opt.follow && strcmp(opt.from, "a") == 0);
	CHECK(strcmp(operands(&program, "p b c d -fxa -"), "b,c,d,-,") == 0);
	CHECK(opt.follow && strcmp(opt.from, "a") == 0);
	CHECK(strcmp(operands(&program, "p b -f -- --from a"),
	    "b,--from,a,") == 0);
	CHECK(opt.follow && opt.from == NULL);
	CHECK(strcmp(operands(&program, "p"), "") == 0);
	CHECK(strcmp(operands(&wrapper, "p -f b --from a"),
	    "b,--from,a,") == 0);
	CHECK(opt.follow && opt.from == NULL);
	return unit_end();
}
