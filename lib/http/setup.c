/* SPDX-License-Identifier: Apache-2.0 */
#include "http/setup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/listen.h"
#include "http/tls.h"

/* bodies being received, all together */
#define BODIES_MAX ((size_t)256 << 20)
#define SHARE_LEAST 64

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/*
 * The socket that inetd connected to our fds 0, 1 and 2.  It gets a number
 * of its own, and no message may get into the answers.
 */
static int
move_connected(int fd, struct fault *fault)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (own < 0 || null < 0)
		return fault_errno(fault, EX_OSERR, "connection");
	if (same_file(fd, STDERR_FILENO))
		dup2(null, STDERR_FILENO);
	dup2(null, fd);
	close(null);
	return own;
}

static int
open_one(struct http_sockets *to, const char *address, struct fault *fault)
{
	int made;

	if (to->n == HTTP_LISTEN_MAX)
		return fault_set(fault, EX_USAGE, "--listen '%s': more than "
		    "%d sockets", address, HTTP_LISTEN_MAX);
	made = listen_open("--listen", address, to->fds + to->n,
	    HTTP_LISTEN_MAX - to->n, fault);
	if (made < 0)
		return -1;
	to->n += made;
	return 0;
}

static int
open_default(const struct http_setup *s, struct http_sockets *to,
    struct fault *fault)
{
	int i;

	if (open_one(to, s->address, fault) < 0)
		return -1;
	for (i = 0; s->also != NULL && s->also[i] != NULL; i++)
		if (open_one(to, s->also[i], fault) < 0)
			return -1;
	return 0;
}

int
http_setup_sockets(struct http_setup *s, struct http_sockets *to,
    struct fault *fault)
{
	int i, n = s->listen.n, connected;

	*to = (struct http_sockets){ .connected = -1 };
	if (n > HTTP_LISTEN_MAX)
		return fault_set(fault, EX_USAGE, "%s: more than %d sockets",
		    s->listen.v[HTTP_LISTEN_MAX], HTTP_LISTEN_MAX);
	if (n == 0) {
		to->n = listen_inherited(to->fds, HTTP_LISTEN_MAX, &connected);
		s->single = connected >= 0;
		if (s->single) {
			to->connected = move_connected(connected, fault);
			return to->connected < 0 ? -1 : 0;
		}
		return to->n > 0 ? 0 : open_default(s, to, fault);
	}
	for (i = 0; i < n; i++)
		if (open_one(to, s->listen.v[i], fault) < 0)
			return -1;
	return 0;
}

void
http_sockets_close(struct http_sockets *s)
{
	while (s->n > 0)
		close(s->fds[--s->n]);
	if (s->connected >= 0)
		close(s->connected);
	s->connected = -1;
}

static int
open_sockets(struct http_setup *s, struct http *h, struct fault *fault)
{
	struct http_sockets sockets;
	int i;

	if (http_setup_sockets(s, &sockets, fault) < 0) {
		http_sockets_close(&sockets);
		return -1;
	}
	for (i = 0; i < sockets.n; i++)
		http_listen(h, sockets.fds[i]);
	return s->single ? http_adopt(h, sockets.connected, fault) : 0;
}

static int
read_proxies(struct http_setup *s, struct fault *fault)
{
	const char *why;
	int i;

	s->proxies = (struct proxies){ .n = 0 };
	for (i = 0; i < s->trusted_proxy.n; i++) {
		why = proxies_add(&s->proxies, s->trusted_proxy.v[i]);
		if (why != NULL)
			return fault_set(fault, EX_USAGE,
			    "--trusted-proxy '%s': %s",
			    s->trusted_proxy.v[i], why);
	}
	return 0;
}

int
http_setup_check(struct http_setup *s, struct fault *fault)
{
	if ((s->tls_cert == NULL) != (s->tls_key == NULL))
		return fault_set(fault, EX_USAGE,
		    "--tls-cert and --tls-key go together");
	if (s->tls_ca != NULL && s->tls_cert == NULL)
		return fault_set(fault, EX_USAGE,
		    "--tls-ca needs --tls-cert");
	if (s->require_cert && s->tls_ca == NULL)
		return fault_set(fault, EX_USAGE,
		    "--require-cert needs --tls-ca");
	return read_proxies(s, fault);
}

/* what one address has of all connections, unless told otherwise */
static unsigned
share_of(unsigned all)
{
	return all / 4 > SHARE_LEAST ? all / 4 : SHARE_LEAST;
}

int
http_setup_open(struct http_setup *s, struct http_options *options,
    struct http **out, struct fault *fault)
{
	struct http_tls tls;
	int r;

	if (http_setup_check(s, fault) < 0)
		return -1;
	options->max_body = (size_t)s->max_body;
	options->max_bodies = BODIES_MAX;
	options->timeout = s->timeout;
	options->max_connections = http_room((unsigned)s->max_connections);
	options->max_per_address = s->max_per_address > 0 ?
	    (unsigned)s->max_per_address :
	    share_of(options->max_connections);
	options->proxies = &s->proxies;
	options->tls = NULL;
	if (s->tls_cert != NULL) {
		if (http_tls_load(&tls, s->tls_cert, s->tls_key, s->tls_ca,
		    fault) < 0)
			return -1;
		options->tls = &tls;
	}
	r = http_open(out, options, fault);
	if (options->tls != NULL)
		http_tls_release(&tls);
	options->tls = NULL;
	if (r == 0 && (r = open_sockets(s, *out, fault)) < 0) {
		http_close(*out);
		*out = NULL;
	}
	return r;
}

int
http_open_at(const char *option, const char *address,
    const struct http_options *options, struct http **out,
    struct fault *fault)
{
	int fds[LISTEN_OPEN_MAX];
	int n = listen_open(option, address, fds, LISTEN_OPEN_MAX, fault);

	if (n < 0)
		return -1;
	if (http_open(out, options, fault) < 0) {
		while (n > 0)
			close(fds[--n]);
		return -1;
	}
	while (n > 0)
		http_listen(*out, fds[--n]);
	return 0;
}
