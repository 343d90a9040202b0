/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of $MFX_HOME/run: whatever it holds, what is taken from it has the
 * form that the header of run_read.h promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/run_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_shown(const char *z, size_t max)
{
	size_t n = strlen(z);

	if (n >= max)
		abort();
	while (n-- > 0)
		if (z[n] < ' ' || z[n] > '~')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct run_sample samples[RUN_ROOM_MAX];
	struct run_process p;
	char *copy = malloc(n ? n : 1);
	size_t i;

	memcpy(copy, data, n);
	if (run_parse(&p, copy, n, samples)) {
		if (p.n > RUN_ROOM_MAX)
			abort();
		check_shown(p.program, 32);
		check_shown(p.input, RUN_TEXT);
		check_shown(p.place, 104);
		for (i = 0; i < p.n; i++) {
			check_shown(p.samples[i].name, 48);
			check_shown(p.samples[i].labels, 64);
			check_shown(p.samples[i].help, 128);
			if (p.samples[i].kind > RUN_TOP ||
			    *p.samples[i].name == '\0' ||
			    strpbrk(p.samples[i].name, "{}\" =") != NULL)
				abort();
		}
	}
	free(copy);
	return 0;
}
