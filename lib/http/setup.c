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
serve_connected(struct http *h, int fd, struct fault *fault)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (own < 0 || null < 0)
		return fault_errno(fault, EX_OSERR, "connection");
	if (same_file(fd, STDERR_FILENO))
		dup2(null, STDERR_FILENO);
	dup2(null, fd);
	close(null);
	return http_adopt(h, own, fault);
}

static int
serve_address(struct http *h, const char *address, struct fault *fault)
{
	int fd = listen_open(address, fault);

	if (fd < 0)
		return -1;
	if (http_listen(h, fd))
		return 0;
	close(fd);
	return fault_set(fault, EX_USAGE, "%s: more than %d sockets", address,
	    HTTP_LISTEN_MAX);
}

static int
open_sockets(struct http_setup *s, struct http *h, struct fault *fault)
{
	int fds[HTTP_LISTEN_MAX], n, i, connected;

	for (i = 0; i < s->listen.n; i++)
		if (serve_address(h, s->listen.v[i], fault) < 0)
			return -1;
	if (s->listen.n > 0)
		return 0;
	n = listen_inherited(fds, HTTP_LISTEN_MAX, &connected);
	for (i = 0; i < n; i++)
		http_listen(h, fds[i]);
	s->single = connected >= 0;
	if (s->single)
		return serve_connected(h, connected, fault);
	return n > 0 ? 0 : serve_address(h, s->address, fault);
}

static int
check(const struct http_setup *s, struct fault *fault)
{
	if ((s->tls_cert == NULL) != (s->tls_key == NULL))
		return fault_set(fault, EX_USAGE,
		    "--tls-cert and --tls-key go together");
	if (s->tls_ca != NULL && s->tls_cert == NULL)
		return fault_set(fault, EX_USAGE,
		    "--tls-ca is of no use without --tls-cert");
	if (s->require_cert && s->tls_ca == NULL)
		return fault_set(fault, EX_USAGE,
		    "--require-cert needs --tls-ca");
	return 0;
}

int
http_setup_open(struct http_setup *s, struct http_options *options,
    struct http **out, struct fault *fault)
{
	struct http_tls tls;
	int r;

	if (check(s, fault) < 0)
		return -1;
	options->max_body = (size_t)s->max_body;
	options->max_bodies = BODIES_MAX;
	options->timeout = s->timeout;
	options->max_connections = http_room((unsigned)s->max_connections);
	options->max_per_address = (unsigned)s->max_per_address;
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
