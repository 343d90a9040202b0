/* SPDX-License-Identifier: Apache-2.0 */
#include "base/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/opt.h"

#define BACKLOG 1024
#define SYSTEMD_FIRST 3

static int
open_unix(const char *path, struct fault *fault)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, r;

	if (strlen(path) >= sizeof sun.sun_path)
		return fault_set(fault, EX_USAGE, "%s: path too long", path);
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fault_errno(fault, EX_OSERR, "socket");
	/* a leftover that nobody listens on may go, a live one may not */
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0 &&
	    errno == ECONNREFUSED)
		unlink(path);
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&sun, sizeof sun);
	umask(mask);
	if (r < 0 || listen(fd, BACKLOG) < 0) {
		fault_errno(fault, EX_IOERR, "%s", path);
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_address(const struct addrinfo *ai)
{
	int on = 1, fd;

	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, ai->ai_protocol);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Splits "host:port", "[v6]:port", ":port" in place. */
static char *
split_port(char *host, char **port)
{
	char *colon = strrchr(host, ':');

	if (colon == NULL)
		return NULL;
	*colon = '\0';
	*port = colon + 1;
	if (host[0] == '[' && colon > host && colon[-1] == ']') {
		colon[-1] = '\0';
		host++;
	}
	return host;
}

int
listen_open(const char *address, struct fault *fault)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE
	}, *list;
	char text[256], *host, *port;
	int fd, r;

	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(address + 5, fault);
	snprintf(text, sizeof text, "%s", address);
	host = split_port(text, &port);
	if (host == NULL || strlen(address) >= sizeof text)
		return fault_set(fault, EX_USAGE,
		    "'%s' is no ADDR:PORT or unix:PATH", address);
	r = getaddrinfo(*host ? host : NULL, port, &hints, &list);
	if (r != 0)
		return fault_set(fault, EX_USAGE, "%s: %s", address,
		    gai_strerror(r));
	fd = open_address(list);
	freeaddrinfo(list);
	if (fd < 0)
		return fault_errno(fault, EX_UNAVAILABLE, "%s", address);
	return fd;
}

static bool
is_socket(int fd, bool *listening)
{
	int value = 0;
	socklen_t n = sizeof value;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	*listening = getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &n)
	    == 0 && value != 0;
	return true;
}

static void
adopt(int fd)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int
listen_inherited(int *fds, int max, int *connected)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int64_t mine, n, i;
	bool listening;
	int found = 0;

	*connected = -1;
	if (pid != NULL && count != NULL &&
	    number_parse(pid, 1, INT32_MAX, &mine) && mine == getpid() &&
	    number_parse(count, 1, 1024, &n))
		for (i = 0; i < n && found < max; i++) {
			int fd = SYSTEMD_FIRST + (int)i;

			if (!is_socket(fd, &listening) || !listening)
				continue;
			adopt(fd);
			fds[found++] = fd;
		}
	if (found == 0 && is_socket(STDIN_FILENO, &listening)) {
		adopt(STDIN_FILENO);
		if (listening)
			fds[found++] = STDIN_FILENO;
		else
			*connected = STDIN_FILENO;
	}
	return found;
}

/* The i-th of the names in $LISTEN_FDNAMES, which ':' divides. */
static void
take_fd_name(char to[32], int64_t i)
{
	const char *names = getenv("LISTEN_FDNAMES");
	size_t n;

	to[0] = '\0';
	while (names != NULL && i-- > 0) {
		names = strchr(names, ':');
		names += names != NULL;
	}
	if (names == NULL || (n = strcspn(names, ":")) >= 32)
		return;
	memcpy(to, names, n);
	to[n] = '\0';
}

static bool
take_socket(struct listen_socket *s, int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof s->fd, peer_n = sizeof peer;
	bool listening;
	int type = 0;

	if (!is_socket(fd, &listening) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0)
		return false;
	s->fd = fd;
	s->datagram = type == SOCK_DGRAM;
	if (s->datagram ? getpeername(fd, (struct sockaddr *)&peer, &peer_n)
	    == 0 : !listening)
		return false;
	adopt(fd);
	return true;
}

int
listen_inherited_any(struct listen_socket *s, int max)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int64_t mine, n, i;
	int found = 0;

	if (pid != NULL && count != NULL &&
	    number_parse(pid, 1, INT32_MAX, &mine) && mine == getpid() &&
	    number_parse(count, 1, 1024, &n))
		for (i = 0; i < n && found < max; i++)
			if (take_socket(&s[found], SYSTEMD_FIRST + (int)i))
				take_fd_name(s[found++].name, i);
	if (found == 0 && max > 0 && take_socket(&s[0], STDIN_FILENO))
		s[found++].name[0] = '\0';
	return found;
}

/* With `any`, of all addresses: the one that takes both kinds. */
static const struct addrinfo *
pick(const struct addrinfo *list, bool any)
{
	const struct addrinfo *ai;

	for (ai = list; any && ai != NULL; ai = ai->ai_next)
		if (ai->ai_family == AF_INET6 && access("/proc/net/if_inet6",
		    F_OK) == 0)
			return ai;
	return list;
}

int
listen_resolve(const char *address, struct sockaddr_storage *to,
    unsigned *size, struct fault *fault)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE
	}, *list;
	const struct addrinfo *ai;
	char text[256], *host, *port;
	int r;

	snprintf(text, sizeof text, "%s", address);
	host = split_port(text, &port);
	if (host == NULL || strlen(address) >= sizeof text)
		return fault_set(fault, EX_USAGE, "'%s' is no ADDR:PORT",
		    address);
	r = getaddrinfo(*host ? host : NULL, port, &hints, &list);
	if (r != 0)
		return fault_set(fault, EX_USAGE, "%s: %s", address,
		    gai_strerror(r));
	ai = pick(list, *host == '\0');
	*size = ai->ai_addrlen;
	memcpy(to, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

const char *
listen_print(int fd, char *to)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	char host[64], port[16];

	if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0 ||
	    getnameinfo((struct sockaddr *)&ss, n, host, sizeof host, port,
	    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(to, LISTEN_TEXT, "socket");
	else if (ss.ss_family == AF_UNIX)
		snprintf(to, LISTEN_TEXT, "unix:%.100s",
		    ((struct sockaddr_un *)&ss)->sun_path);
	else
		snprintf(to, LISTEN_TEXT, ss.ss_family == AF_INET6 ?
		    "[%s]:%s" : "%s:%s", host, port);
	return to;
}
