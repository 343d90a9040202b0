/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <stdio.h>

void
nearest_start(struct nearest *near, struct str word)
{
	*near = (struct nearest){
		.word = word, .distance = (word.n + 2) / 3 + 1
	};
}

static size_t
nearest_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* letters to add, drop, change or swap to turn one into the other: the distance
 * of Damerau and Levenshtein, from the last three rows of its table */
static size_t
nearest_distance(struct str a, struct str b)
{
	size_t rows[3][NEAREST_MAX + 1], i, k;

	for (k = 0; k <= b.n; k++)
		rows[0][k] = k;
	for (i = 1; i <= a.n; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];

		row[0] = i;
		for (k = 1; k <= b.n; k++) {
			row[k] = nearest_least(above[k], row[k - 1]) + 1;
			row[k] = nearest_least(row[k], above[k - 1] +
			    (a.p[i - 1] != b.p[k - 1]));
			if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] &&
			    a.p[i - 2] == b.p[k - 1])
				row[k] = nearest_least(row[k],
				    rows[(i + 1) % 3][k - 2] + 1);
		}
	}
	return rows[a.n % 3][b.n];
}

void
nearest_try(struct nearest *near, const char *candidate)
{
	struct str c = str_z(candidate);
	size_t d;

	if (near->word.n < 2 || near->word.n > NEAREST_MAX ||
	    c.n > NEAREST_MAX)
		return;
	d = str_starts(c, near->word) ? 1 :
	    nearest_distance(near->word, c);
	if (d < near->distance) {
		near->distance = d;
		near->best = candidate;
	}
}

const char *
nearest_hint(const struct nearest *near, const char *prefix,
    char to[NEAREST_HINT])
{
	to[0] = '\0';
	if (near->best != NULL)
		snprintf(to, NEAREST_HINT, "; nearest is '%s%s'", prefix,
		    near->best);
	return to;
}
