/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/status/count.h"

#include <stdio.h>
#include <unistd.h>

#include "base/child.h"

int64_t
status_count(const char *whose, const char *verb)
{
	char name[32], word[32], *argv[] = { name, word, NULL };
	struct fault fault;
	struct child child;
	char bytes[4096];
	int64_t lines = 0;
	ssize_t n, i;

	snprintf(name, sizeof name, "%s", whose);
	snprintf(word, sizeof word, "%s", verb);
	if (child_start(&child, argv, CHILD_READ, &fault) < 0)
		return -1;
	while ((n = read(child.fd, bytes, sizeof bytes)) > 0)
		for (i = 0; i < n; i++)
			lines += bytes[i] == '\n';
	close(child.fd);
	/* 1: there are none */
	return child_wait(&child, name, 1, &fault) < 0 ? -1 : lines;
}
