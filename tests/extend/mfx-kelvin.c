/* SPDX-License-Identifier: Apache-2.0 */
/* Degrees Celsius become kelvins.  It reads what mfx-normalize writes. */
#include "base/filter.h"
#include "base/program.h"
#include "json/number.h"
#include "line/mark.h"
#include "line/records.h"

static const struct opt options[] = { OPT_END };
static const struct program program = {
	.name = "mfx-kelvin",
	.summary = "convert temperatures from Celsius to kelvins",
	.operands = "[FILE ...]",
	.options = options,
};

static struct filter f;
static struct mark mark;
static struct pack pack;
static struct arena sums;

static const char *
kelvin_convert(struct record *r)
{
	if (r->kind != VALUE_NUMBER || !str_eq(r->unit, STR("Cel")))
		return NULL;
	r->unit = STR("K");
	r->value = number_sum(&sums, r->value, STR("273.15"));
	return r->value.p == NULL ? "out of range" : NULL;
}

static const char *
kelvin_line(struct str line)
{
	struct route route;
	const char *why = pack_parse_line(&pack, line, (struct stamp){ 0 },
	    &route);
	size_t i;

	arena_reset(&sums);
	for (i = 0; why == NULL && i < pack.n; i++)
		why = kelvin_convert(&pack.records[i]);
	if (why != NULL)
		return why;
	mark_before(&mark, &route);
	return pack_put_lines(&f.out.b, &route, &pack) ? NULL : "too long";
}

int
main(int argc, char **argv)
{
	int i = program_start(&program, argc, argv);
	const char *why;
	struct str line;

	if (filter_init(&f, argv + i, NULL, NULL) < 0)
		return filter_finish(&f);
	pack_init(&pack);
	arena_init(&sums, PACK_OUT_MAX);
	mark_init(&mark, &f.out);
	while (filter_next(&f, &line)) {
		pack.at = 0;
		if ((why = kelvin_line(line)) != NULL) {
			out_cancel(&f.out);
			mark_refuse(&mark, &f, line, why, pack.at + 1);
		}
		out_end(&f.out);
	}
	arena_release(&sums);
	pack_release(&pack);
	return filter_finish(&f);
}
