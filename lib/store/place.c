/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/run.h"

const struct opt *
store_options(struct opt to[STORE_OPTIONS_MAX], const struct opt *frame,
    const struct opt *own)
{
	static const struct opt end = OPT_END;
	size_t n = 0;

	for (; frame->name != NULL && n < STORE_OPTIONS_MAX - 1; frame++)
		to[n++] = *frame;
	for (; own != NULL && own->name != NULL && n < STORE_OPTIONS_MAX - 1;
	    own++)
		to[n++] = *own;
	to[n] = end;
	return to;
}

/* What a place may show of itself: a file, or which kind of store it is. */
static void
store_count_place(const struct store_driver *store, const char *place)
{
	char text[256];

	snprintf(text, sizeof text, "%s:%s", store->name,
	    strcmp(store->operand, "FILE") == 0 && place ? place : "");
	run_place(text);
}

int
store_program_start(struct store_program *p, const struct store_driver *store,
    const char *what, int argc, char **argv)
{
	const char *place = getenv("MFX_STORE");
	bool has = place != NULL && *place != '\0';
	int i;

	snprintf(p->name, sizeof p->name, "mfx-%s-%s", what, store->name);
	snprintf(p->operands, sizeof p->operands, has ? "[%s]" : "%s",
	    store->operand);
	p->program.name = p->name;
	p->program.operands = p->operands;
	i = program_start(&p->program, argc, argv);
	p->place = argv[i] != NULL ? argv[i] : place;
	store_count_place(store, p->place);
	return i;
}
