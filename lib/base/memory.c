/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static bool (*memory_call)(void *);
static void *memory_arg;

void
memory_on_failure(bool (*call)(void *), void *arg)
{
	memory_call = call;
	memory_arg = arg;
}

/* Returns when it is worth another try. */
static void
memory_failed(void)
{
	static const char text[] = "mfx: out of memory\n";

	if (memory_call != NULL && memory_call(memory_arg))
		return;
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		_exit(EX_OSERR);
	_exit(EX_OSERR);
}

void *
memory_get(size_t n)
{
	void *p;

	while ((p = malloc(n ? n : 1)) == NULL)
		memory_failed();
	return p;
}

void *
memory_zero(size_t count, size_t size)
{
	void *p;

	while ((p = calloc(count ? count : 1, size ? size : 1)) == NULL)
		memory_failed();
	return p;
}

void *
memory_resize(void *old, size_t n)
{
	void *p;

	while ((p = realloc(old, n ? n : 1)) == NULL)
		memory_failed();
	return p;
}

char *
memory_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(memory_get(n), s, n);
}
