/* SPDX-License-Identifier: Apache-2.0 */
#include "http/setup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/listen.h"

/* bodies being received, all together */
#define BODIES_MAX ((size_t)256 << 20)
#define SHARE_LEAST 64

static bool
setup_same_file(int a, int b)
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
setup_move_connected(int fd, struct fault *fault)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (own < 0 || null < 0)
		return fault_errno(fault, EX_OSERR, "connection");
	if (setup_same_file(fd, STDERR_FILENO))
		dup2(null, STDERR_FILENO);
	dup2(null, fd);
	close(null);
	return own;
}

static int
setup_open_one(struct http_sockets *to, const char *address,
    struct fault *fault)
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
setup_open_default(const struct http_setup *s, struct http_sockets *to,
    struct fault *fault)
{
	int i;

	if (setup_open_one(to, s->address, fault) < 0)
		return -1;
	for (i = 0; s->also != NULL && s->also[i] != NULL; i++)
		if (setup_open_one(to, s->also[i], fault) < 0)
			return -1;
	return 0;
}

static int
setup_find_sockets(struct http_setup *s, struct http_sockets *to,
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
			to->connected = setup_move_connected(connected, fault);
			return to->connected < 0 ? -1 : 0;
		}
		return to->n > 0 ? 0 : setup_open_default(s, to, fault);
	}
	for (i = 0; i < n; i++)
		if (setup_open_one(to, s->listen.v[i], fault) < 0)
			return -1;
	return 0;
}

static void
setup_close_sockets(struct http_sockets *s)
{
	while (s->n > 0)
		close(s->fds[--s->n]);
	if (s->connected >= 0)
		close(s->connected);
	s->connected = -1;
}

static int
setup_open_sockets(struct http_setup *s, struct http *h, struct fault *fault)
{
	struct http_sockets sockets;
	int i;

	if (setup_find_sockets(s, &sockets, fault) < 0) {
		setup_close_sockets(&sockets);
		return -1;
	}
	for (i = 0; i < sockets.n; i++)
		http_listen(h, sockets.fds[i]);
	return s->single ? http_adopt(h, sockets.connected, fault) : 0;
}

static int
setup_read_proxies(struct proxies *to, const struct opt_list *from,
    const char *option, struct fault *fault)
{
	const char *why;
	int i;

	*to = (struct proxies){ .n = 0 };
	for (i = 0; i < from->n; i++)
		if ((why = proxies_add(to, from->v[i])) != NULL)
			return fault_set(fault, EX_USAGE, "%s '%s': %s",
			    option, from->v[i], why);
	return 0;
}

static int
setup_read_cors(struct http_setup *s, struct fault *fault)
{
	const char *why;
	int i;

	s->cors = (struct http_cors){ &s->cors_origin, s->cors_max_age };
	for (i = 0; i < s->cors_origin.n; i++) {
		why = cors_check(s->cors_origin.v[i]);
		if (why != NULL)
			return fault_set(fault, EX_USAGE,
			    "--cors-origin '%s': %s", s->cors_origin.v[i],
			    why);
	}
	return 0;
}

static int
setup_check(struct http_setup *s, struct fault *fault)
{
	if ((s->tls_cert == NULL) != (s->tls_key == NULL))
		return fault_set(fault, EX_USAGE,
		    "--tls-cert and --tls-key go together");
	if (s->tls_ca != NULL && s->tls_cert == NULL)
		return fault_set(fault, EX_USAGE,
		    "--tls-ca needs --tls-cert");
	if (s->tls_crl != NULL && s->tls_ca == NULL)
		return fault_set(fault, EX_USAGE,
		    "--tls-crl needs --tls-ca");
	if (s->require_cert && s->tls_ca == NULL)
		return fault_set(fault, EX_USAGE,
		    "--require-cert needs --tls-ca");
	if (setup_read_cors(s, fault) < 0)
		return -1;
	return setup_read_proxies(&s->senders, &s->proxy_from, "--proxy-from",
	    fault) < 0 ? -1 : setup_read_proxies(&s->proxies,
	    &s->trusted_proxy, "--trusted-proxy", fault);
}

/* what one address has of all connections, unless told otherwise */
static unsigned
setup_share_of(unsigned all)
{
	return all / 4 > SHARE_LEAST ? all / 4 : SHARE_LEAST;
}

static int
setup_open_tls(struct http_setup *s, struct fault *fault)
{
	struct tls_files files = {
		.cert = s->tls_cert, .key = s->tls_key, .ca = s->tls_ca,
		.crl = s->tls_crl
	};

	return s->tls_cert ? tls_open(&s->tls, &files, fault) : 0;
}

int
http_setup_open(struct http_setup *s, struct loop *loop,
    struct http_options *options, struct http **out, struct fault *fault)
{
	if (setup_check(s, fault) < 0 || setup_open_tls(s, fault) < 0)
		return -1;
	options->max_body = (size_t)s->max_body;
	options->max_bodies = BODIES_MAX;
	options->timeout = s->timeout;
	options->max_connections = http_room((unsigned)s->max_connections);
	options->max_per_address = s->max_per_address > 0 ?
	    (unsigned)s->max_per_address :
	    setup_share_of(options->max_connections);
	options->proxies = &s->proxies;
	options->senders = &s->senders;
	options->tls = s->tls;
	options->cors = s->cors_origin.n > 0 ? &s->cors : NULL;
	if (http_open(out, loop, options, fault) < 0)
		return -1;
	if (setup_open_sockets(s, *out, fault) == 0)
		return 0;
	http_close(*out);
	*out = NULL;
	return -1;
}

int
http_setup_reload(void *setup, struct fault *fault)
{
	struct http_setup *s = setup;

	return s->tls ? tls_reload(s->tls, fault) : 0;
}

void
http_setup_close(struct http_setup *s)
{
	tls_close(s->tls);
	s->tls = NULL;
}

int
http_open_at(const char *option, const char *address, struct loop *loop,
    const struct http_options *options, struct http **out,
    struct fault *fault)
{
	int fds[LISTEN_OPEN_MAX];
	int n = listen_open(option, address, fds, LISTEN_OPEN_MAX, fault);

	if (n < 0)
		return -1;
	if (http_open(out, loop, options, fault) < 0) {
		while (n > 0)
			close(fds[--n]);
		return -1;
	}
	while (n > 0)
		http_listen(*out, fds[--n]);
	return 0;
}
