/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/setup.h"

#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/listen.h"

#define SOCKETS_MAX 16
/* files of our own, beside sessions */
#define FILES 64
/* what one thing or one address may have anyway */
#define AT_LEAST 64

static int
setup_check(const struct coap_setup *s, struct fault *fault)
{
	if ((s->cert == NULL) != (s->key == NULL))
		return fault_set(fault, EX_USAGE,
		    "--tls-cert and --tls-key go together");
	if (s->cert == NULL && (s->ca != NULL ||
	    s->listen[COAP_CERTIFICATES].n > 0))
		return fault_set(fault, EX_USAGE,
		    "--listen-tls and --tls-ca need --tls-cert");
	if (s->crl != NULL && s->ca == NULL)
		return fault_set(fault, EX_USAGE, "--tls-crl needs --tls-ca");
	return 0;
}

/* How many sessions the limit on open files allows. */
static unsigned
setup_room(unsigned want)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return want;
	if (r.rlim_cur < want + FILES) {
		r.rlim_cur = r.rlim_max < want + FILES ? r.rlim_max :
		    want + FILES;
		setrlimit(RLIMIT_NOFILE, &r);
		getrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur >= want + FILES)
		return want;
	return r.rlim_cur > FILES ? (unsigned)r.rlim_cur - FILES : 1;
}

static enum coap_security
setup_security_named(const char *name)
{
	return strcmp(name, "psk") == 0 ? COAP_PSK :
	    strcmp(name, "tls") == 0 ? COAP_CERTIFICATES : COAP_NOSEC;
}

static int
setup_open_inherited(struct coap_setup *s, struct coap_server *server,
    struct fault *fault)
{
	struct listen_socket sockets[SOCKETS_MAX];
	int n = listen_inherited_any(sockets, SOCKETS_MAX), i;
	enum coap_security kind;

	for (i = 0; i < n; i++) {
		kind = setup_security_named(sockets[i].name);
		if (kind == COAP_CERTIFICATES && s->cert == NULL)
			return fault_set(fault, EX_USAGE,
			    "an inherited socket for TLS needs --tls-cert");
		s->served_stdin |= sockets[i].fd == STDIN_FILENO;
		if (coap_server_adopt(server, kind, sockets[i].fd,
		    sockets[i].datagram, fault) < 0)
			return -1;
	}
	return n > 0 ? 0 : coap_server_listen(server, COAP_NOSEC, s->address,
	    fault);
}

static int
setup_open_sockets(struct coap_setup *s, struct coap_server *server,
    struct fault *fault)
{
	int kind, i, n = 0;

	for (kind = 0; kind < COAP_SECURITIES; kind++)
		for (i = 0; i < s->listen[kind].n; i++, n++)
			if (coap_server_listen(server, (enum coap_security)kind,
			    s->listen[kind].v[i], fault) < 0)
				return -1;
	return n > 0 ? 0 : setup_open_inherited(s, server, fault);
}

/* What one may have of what there is in all, unless that is said. */
static unsigned
setup_part(int64_t given, unsigned all, unsigned divisor)
{
	unsigned n = all / divisor;

	if (given > 0)
		return (unsigned)given;
	return n > AT_LEAST ? n : AT_LEAST;
}

int
coap_setup_open(struct coap_setup *s, struct coap_server_options *o,
    struct coap_server **out, struct fault *fault)
{
	if (setup_check(s, fault) < 0)
		return -1;
	o->max_body = (size_t)s->max_body;
	o->timeout = s->timeout;
	o->max_sessions = setup_room((unsigned)s->max_sessions);
	o->max_per_address = setup_part(s->max_per_address, o->max_sessions, 4);
	o->max_observers = (unsigned)s->max_observers;
	o->max_observers_per_thing = setup_part(s->max_observers_per_thing,
	    o->max_observers, 16);
	o->max_observers_per_address = setup_part(s->max_observers_per_address,
	    o->max_observers, 4);
	o->retries = (unsigned)s->retries;
	o->ping = s->ping;
	o->bootstrap_attempts = s->bootstrap ? (unsigned)s->attempts : 0;
	o->cert = s->cert;
	o->key = s->key;
	o->ca = s->ca;
	o->crl = s->crl;
	if (coap_server_open(out, o, fault) < 0)
		return -1;
	if (setup_open_sockets(s, *out, fault) == 0)
		return 0;
	coap_server_close(*out);
	*out = NULL;
	return -1;
}
