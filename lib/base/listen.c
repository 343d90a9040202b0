/* SPDX-License-Identifier: Apache-2.0 */
#include "base/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "base/os.h"

#define BACKLOG 1024
#define SYSTEMD_FIRST 3

/* "PATH,mode=660": the mode, 0600 without one, and PATH in `to`; else -1 */
static int
listen_unix_mode(const char *text, char *to, size_t size)
{
	const char *at = strstr(text, ",mode="), *digits;

	digits = at ? at + sizeof ",mode=" - 1 : "600";
	if (at == NULL)
		at = text + strlen(text);
	if ((size_t)(at - text) >= size || at == text ||
	    strlen(digits) < 3 || strlen(digits) > 4 ||
	    digits[strspn(digits, "01234567")] != '\0')
		return -1;
	memcpy(to, text, (size_t)(at - text));
	to[at - text] = '\0';
	return (int)(strtol(digits, NULL, 8) & 0777);
}

static int
listen_open_unix(const char *option, const char *text, struct fault *fault)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int mode = listen_unix_mode(text, sun.sun_path, sizeof sun.sun_path);
	int fd, r;
	mode_t mask;

	if (mode < 0)
		return fault_set(fault, EX_USAGE, "%s 'unix:%s': not "
		    "unix:PATH or unix:PATH,mode=660, with a path of at most "
		    "%zu bytes", option, text, sizeof sun.sun_path - 1);
	fd = os_socket(AF_UNIX, SOCK_STREAM, 0, true);
	if (fd < 0)
		return fault_errno(fault, EX_OSERR, "socket");
	/* remove a leftover that nobody listens on, but not a live one */
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0 &&
	    errno == ECONNREFUSED)
		unlink(sun.sun_path);
	mask = umask(~(mode_t)mode & 0777);
	r = bind(fd, (struct sockaddr *)&sun, sizeof sun);
	umask(mask);
	if (r < 0 || listen(fd, BACKLOG) < 0) {
		fault_errno(fault, EX_IOERR, "%s 'unix:%s'", option, text);
		close(fd);
		return -1;
	}
	return fd;
}

/* A socket for each kind of address: one for both would conflict with another
 * program's. */
static int
listen_open_address(const struct addrinfo *ai)
{
	int on = 1, fd, error;

	fd = os_socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol, true);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Splits "host:port", "[v6]:port", ":port" in place; NULL when it has
 * another form, or the port is not valid. */
static char *
listen_split_port(char *host, char **port)
{
	char *colon = strrchr(host, ':');
	int64_t number;

	if (colon == NULL || !number_parse(colon + 1, 0, 65535, &number) ||
	    colon[1] == '-')
		return NULL;
	*colon = '\0';
	*port = colon + 1;
	if (host[0] == '[' && colon > host && colon[-1] == ']') {
		colon[-1] = '\0';
		return host + 1;
	}
	return strchr(host, ':') == NULL ? host : NULL;
}

/* All addresses that the text stands for; whether it named none. */
static struct addrinfo *
listen_look_up(const char *option, const char *address, int type, bool *any,
    struct fault *fault)
{
	struct addrinfo hints = {
		.ai_socktype = type, .ai_flags = AI_PASSIVE
	}, *list;
	char text[256], *host, *port;
	int r;

	snprintf(text, sizeof text, "%s", address);
	host = listen_split_port(text, &port);
	if (host == NULL || strlen(address) >= sizeof text) {
		fault_set(fault, EX_USAGE, "%s '%s': not ADDR:PORT, [ADDR]:PORT"
		    " or :PORT with a port from 0 to 65535%s", option, address,
		    type == SOCK_STREAM ? ", nor unix:PATH" : "");
		return NULL;
	}
	*any = *host == '\0';
	r = getaddrinfo(*any ? NULL : host, port, &hints, &list);
	if (r == 0)
		return list;
	fault_set(fault, EX_USAGE, "%s '%s': %s", option, address,
	    gai_strerror(r));
	return NULL;
}

/* Port 0 is one free port for all of them: that of the first one. */
static void
listen_same_port(struct addrinfo *ai, int fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	/* both kinds have it in the same place */
	struct sockaddr_in *to = (struct sockaddr_in *)(void *)ai->ai_addr;

	if (to->sin_port == 0 &&
	    getsockname(fd, (struct sockaddr *)&ss, &n) == 0)
		to->sin_port = ((struct sockaddr_in *)&ss)->sin_port;
}

/* the errors of a machine without that kind of address */
static bool
listen_is_absent(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

int
listen_open(const char *option, const char *address, int *fds, int max,
    struct fault *fault)
{
	struct addrinfo *list, *ai;
	int n = 0, error = 0;
	bool any;

	if (strncmp(address, "unix:", 5) == 0) {
		fds[0] = listen_open_unix(option, address + 5, fault);
		return fds[0] < 0 ? -1 : 1;
	}
	list = listen_look_up(option, address, SOCK_STREAM, &any, fault);
	if (list == NULL)
		return -1;
	for (ai = list; ai != NULL && n < max; ai = ai->ai_next) {
		if (n > 0)
			listen_same_port(ai, fds[0]);
		if ((fds[n] = listen_open_address(ai)) >= 0)
			n++;
		else if (error == 0 || listen_is_absent(error))
			error = errno;
	}
	freeaddrinfo(list);
	/* one kind of address may be missing, but an address in use is an
	 * error */
	if (n > 0 && (error == 0 || listen_is_absent(error)))
		return n;
	while (n > 0)
		close(fds[--n]);
	errno = error;
	return fault_errno(fault, EX_UNAVAILABLE, "%s '%s'", option, address);
}

static bool
listen_is_socket(int fd, bool *listening)
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
listen_adopt(int fd)
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

			if (!listen_is_socket(fd, &listening) || !listening)
				continue;
			listen_adopt(fd);
			fds[found++] = fd;
		}
	if (found == 0 && listen_is_socket(STDIN_FILENO, &listening)) {
		listen_adopt(STDIN_FILENO);
		if (listening)
			fds[found++] = STDIN_FILENO;
		else
			*connected = STDIN_FILENO;
	}
	return found;
}

/* The i-th of the names in $LISTEN_FDNAMES, which are separated by ':'. */
static void
listen_take_fd_name(char to[32], int64_t i)
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
listen_take_socket(struct listen_socket *s, int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof s->fd, peer_n = sizeof peer;
	bool listening;
	int type = 0;

	if (!listen_is_socket(fd, &listening) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0)
		return false;
	s->fd = fd;
	s->datagram = type == SOCK_DGRAM;
	if (s->datagram ? getpeername(fd, (struct sockaddr *)&peer, &peer_n)
	    == 0 : !listening)
		return false;
	listen_adopt(fd);
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
			if (listen_take_socket(&s[found],
			    SYSTEMD_FIRST + (int)i))
				listen_take_fd_name(s[found++].name, i);
	if (found == 0 && max > 0 && listen_take_socket(&s[0], STDIN_FILENO))
		s[found++].name[0] = '\0';
	return found;
}

/* With `any`, all addresses: the one that accepts both kinds. */
static const struct addrinfo *
listen_pick(const struct addrinfo *list, bool any)
{
	const struct addrinfo *ai;

	for (ai = list; any && ai != NULL; ai = ai->ai_next)
		if (ai->ai_family == AF_INET6 && os_has_ipv6())
			return ai;
	return list;
}

int
listen_resolve(const char *option, const char *address,
    struct sockaddr_storage *to, unsigned *size, struct fault *fault)
{
	const struct addrinfo *ai;
	struct addrinfo *list;
	bool any;

	list = listen_look_up(option, address, SOCK_DGRAM, &any, fault);
	if (list == NULL)
		return -1;
	ai = listen_pick(list, any);
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
