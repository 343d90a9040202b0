/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ca_set.h"

#include <stdlib.h>
#include <sysexits.h>

#include "api/state.h"
#include "base/file.h"
#include "base/memory.h"
#include "certs/bundle.h"
#include "certs/build.h"
#include "certs/key.h"
#include "certs/pem.h"

/* ---- which CAs there are ---- */

struct ca_set_names {
	const char *ca;			/* that issues; NULL: the first that
					 * has a key */
	char names[CA_SET_MAX][AUTHORITY_NAME_MAX + 1];
	size_t n, issuer;		/* CA_SET_MAX: it is not there */
};

/* names are noted first, as a key can't be read in the midst of a statement;
 * the one made last comes first */
static int
ca_set_note(void *arg, const struct authority *a, struct fault *fault)
{
	struct ca_set_names *all = arg;

	(void)fault;
	if (all->n == CA_SET_MAX)
		return 1;
	if (all->issuer == CA_SET_MAX && (all->ca != NULL ?
	    str_eq(a->name, str_z(all->ca)) :
	    a->box.p != NULL || a->outside.n > 0))
		all->issuer = all->n;
	snprintf(all->names[all->n++], AUTHORITY_NAME_MAX + 1, "%.*s",
	    STR_ARG(a->name));
	return 0;
}

/* with its key, where that is here; else without */
static int
ca_set_add(struct ca_set *s, struct registry *r, const char *name,
    bool issues, struct fault *fault)
{
	struct signer **to = &s->cas[s->n_cas];
	struct fault why;
	bool signs = signer_open(to, r, name, true, &why) == 0;

	if (!signs && signer_open(to, r, name, false, fault) < 0)
		return -1;
	s->n_cas++;
	if (issues && signs)
		s->issuer = *to;
	else if (issues)
		s->why = why;
	return 0;
}

/* why there is none, or one that is not in the set */
static void
ca_set_find_issuer(struct ca_set *s, struct registry *r, const char *name)
{
	if (signer_open(&s->issuer, r, name, true, &s->why) == 0)
		s->cas[s->n_cas++] = s->issuer;
	else if (s->why.status == 1)
		/* that of --ca; EX_CONFIG as without any */
		s->why.status = EX_CONFIG;
}

static int
ca_set_read(struct ca_set *s, struct registry *r, const char *ca,
    struct fault *fault)
{
	struct ca_set_names *all = memory_zero(1, sizeof *all);
	int result;
	size_t i;

	all->ca = ca;
	all->issuer = CA_SET_MAX;
	result = authority_each(r, STR_NONE, ca_set_note, all, fault);
	for (i = 0; i < all->n && result >= 0; i++)
		result = ca_set_add(s, r, all->names[i], i == all->issuer,
		    fault);
	if (result >= 0 && all->issuer == CA_SET_MAX)
		ca_set_find_issuer(s, r, ca);
	free(all);
	return result < 0 ? -1 : 0;
}

/* ---- the one that issues ---- */

static int
ca_set_put_chain(struct ca_set *s, struct fault *fault)
{
	STACK_OF(X509) *all = X509_chain_up_ref(s->issuer->above);
	int result = -1;

	if (all != NULL && X509_up_ref(s->issuer->certificate) == 1 &&
	    sk_X509_insert(all, s->issuer->certificate, 0) > 0)
		result = bundle_put_p7(&s->chain, all, fault);
	certificates_free(all);
	return result;
}

/* ---- those that answer OCSP ---- */

static int
ca_set_read_delegate(struct ca_set *s, const struct api_certs *o,
    struct fault *fault)
{
	STACK_OF(X509) *all = NULL;
	struct buf text;

	buf_init(&text, PEM_MAX);
	if (file_read(o->ocsp_cert, &text, fault) == 0)
		all = pem_read_certificates(buf_str(&text), o->ocsp_cert,
		    fault);
	buf_release(&text);
	if (all == NULL)
		return -1;
	s->delegate = sk_X509_shift(all);
	certificates_free(all);
	s->delegate_key = signer_read_key(o->ocsp_key, fault);
	return s->delegate_key != NULL ? 0 : -1;
}

/* the CA that it is of, or NULL and why it is of none */
static const struct signer *
ca_set_delegate_issuer(const struct ca_set *s, int64_t now, const char **why)
{
	size_t i;

	*why = "there is no CA";
	for (i = 0; i < s->n_cas; i++) {
		*why = responder_fault(s->delegate, s->delegate_key,
		    s->cas[i]->certificate, now);
		if (*why == NULL)
			return s->cas[i];
	}
	return NULL;
}

static int
ca_set_add_responder(struct ca_set *s, const struct signer *ca,
    bool delegate, struct fault *fault)
{
	struct responder *r = &s->responders[s->n];

	*r = (struct responder){
		.certificate = delegate ? s->delegate : ca->certificate,
		.key = delegate ? s->delegate_key : ca->key,
		.name = ca->name,
	};
	r->until = build_until(r->certificate);
	s->n++;
	return responder_set_issuer(r, ca->certificate, fault);
}

static int
ca_set_open_responders(struct ca_set *s, const struct api_certs *o,
    bool delegate, int64_t now, struct fault *fault)
{
	const struct signer *of = NULL;
	const char *why;
	size_t i;

	if (delegate && o->ocsp_cert != NULL) {
		if (ca_set_read_delegate(s, o, fault) < 0)
			return -1;
		of = ca_set_delegate_issuer(s, now, &why);
		if (of == NULL)
			return fault_set(fault, EX_CONFIG,
			    "--ocsp-cert '%s': %s", o->ocsp_cert, why);
	}
	for (i = 0; i < s->n_cas; i++)
		if ((s->cas[i] == of || s->cas[i]->key != NULL) &&
		    ca_set_add_responder(s, s->cas[i], s->cas[i] == of,
		    fault) < 0)
			return -1;
	return 0;
}

/* ---- a set ---- */

static void
ca_set_free(struct ca_set *s)
{
	while (s->n > 0)
		responder_release(&s->responders[--s->n]);
	while (s->n_cas > 0)
		signer_close(s->cas[--s->n_cas]);
	X509_free(s->delegate);
	EVP_PKEY_free(s->delegate_key);
	buf_release(&s->chain);
	free(s);
}

/* `delegate` false: without --ocsp-cert, each CA answers for itself */
static int
ca_set_make(struct api *api, bool delegate, struct ca_set **out,
    struct fault *fault)
{
	struct ca_set *s = memory_zero(1, sizeof *s);

	buf_init(&s->chain, PEM_MAX);
	s->held = 1;
	s->number = ++api->cas_made;
	if (authority_state(api->registry, &s->state, fault) < 0 ||
	    ca_set_read(s, api->registry, api->options.certs->ca, fault) < 0 ||
	    ca_set_open_responders(s, api->options.certs, delegate, api->now,
	    fault) < 0) {
		ca_set_free(s);
		return -1;
	}
	if (s->issuer != NULL && ca_set_put_chain(s, &s->why) < 0)
		s->issuer = NULL;
	*out = s;
	return 0;
}

static int
ca_set_take(struct api *api, bool delegate, struct fault *fault)
{
	struct ca_set *s;

	if (ca_set_make(api, delegate, &s, fault) < 0)
		return -1;
	ca_set_close(api);
	api->cas = s;
	api->cas_state = s->state;
	return 0;
}

int
ca_set_reload(struct api *api, struct fault *fault)
{
	return api->registry == NULL ? 0 : ca_set_take(api, true, fault);
}

static int
ca_set_check_url(const char *option, const char *url, struct fault *fault)
{
	const char *why = url != NULL ? build_url_fault(url) : NULL;

	return why == NULL ? 0 : fault_set(fault, EX_USAGE, "%s '%s': %s",
	    option, url, why);
}

int
ca_set_open(struct api *api, struct fault *fault)
{
	const struct api_certs *o = api->options.certs;

	if ((o->ocsp_cert == NULL) != (o->ocsp_key == NULL))
		return fault_set(fault, EX_USAGE,
		    "--ocsp-cert and --ocsp-key go together");
	return ca_set_check_url("--ocsp", o->ocsp, fault) < 0 ||
	    ca_set_check_url("--crl-url", o->crl_url, fault) < 0 ? -1 :
	    ca_set_reload(api, fault);
}

void
ca_set_close(struct api *api)
{
	if (api->cas != NULL)
		ca_set_put(api->cas);
	api->cas = NULL;
}

void
ca_set_check(struct api *api)
{
	struct fault fault;
	int64_t state;

	if (api->registry == NULL || authority_state(api->registry, &state,
	    &fault) < 0 || state == api->cas_state)
		return;
	if (ca_set_reload(api, &fault) == 0)
		return;
	state_complain(api, &fault);
	if (fault.status == EX_TEMPFAIL)
		return;
	/* The CAs that there were are another registry's: those of this one are
	 * taken without the certificate of --ocsp-cert, which is read again for
	 * SIGHUP alone. */
	if (ca_set_take(api, false, &fault) < 0)
		api->cas_state = state;
}

struct ca_set *
ca_set_get(struct api *api)
{
	api->cas->held++;
	return api->cas;
}

void
ca_set_put(struct ca_set *s)
{
	if (--s->held == 0)
		ca_set_free(s);
}
