/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program, makes the resolver stall: getaddrinfo(3) for the
 * name STALL_NAME makes the file STALL_ASKED, waits until somebody opens the
 * pipe STALL_PIPE to write to it, and then finds 127.0.0.1.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
resolver_stall(const char *asked, const char *pipe)
{
	int fd = open(asked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	fd = open(pipe, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

int
getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **found)
{
	const char *name = getenv("STALL_NAME"), *asked = getenv("STALL_ASKED"),
	    *pipe = getenv("STALL_PIPE");
	int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);

	if (name != NULL && asked != NULL && pipe != NULL && node != NULL &&
	    strcmp(node, name) == 0 &&
	    (hints == NULL || (hints->ai_flags & AI_NUMERICHOST) == 0)) {
		resolver_stall(asked, pipe);
		node = "127.0.0.1";
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, found);
}
