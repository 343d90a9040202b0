/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that end soon, and an event of each, once. */
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/certs/certs.h"
#include "cmd/certs/show.h"

#define EXPIRING_DAYS 30
#define EXPIRING_CAS 1024

/* CAs that end in time; they are told of once the table is not read any more */
struct expiring {
	struct show show;
	struct issued_query query;
	struct signer *cas[EXPIRING_CAS];
	size_t n;
};

static int
expiring_note(void *arg, const struct authority *a, struct fault *fault)
{
	struct expiring *e = arg;
	struct signer *s = signer_of(a, fault);

	if (s == NULL)
		return -1;
	if (s->until > e->query.now && s->until < e->query.expires &&
	    e->n < EXPIRING_CAS)
		e->cas[e->n++] = s;
	else
		signer_close(s);
	return 0;
}

static int
expiring_is_issued(void *arg, const struct issued *c, struct fault *fault)
{
	(void)arg, (void)c, (void)fault;
	return 1;
}

/* one that another CA of the registry has issued is in the list anyway */
static int
expiring_ca(struct expiring *e, const struct signer *s)
{
	char serial[BUILD_SERIAL_TEXT + 1];
	struct issued_query q = { .which = { serial, SERIAL_TEXT } };
	struct issued row = {
		.name = str_z(s->name), .authority = str_z(s->name),
		.issued = build_from(s->certificate), .expires = s->until
	};
	int got = 0;

	build_serial(s->certificate, serial);
	row.serial = str_z(serial);
	if (row.serial.n == SERIAL_TEXT)
		got = issued_each(certs_registry, &q, expiring_is_issued, NULL,
		    &certs_fault);
	if (got != 0)
		return got < 0 ? -1 : 0;
	if (certs_opt.event && (got = authority_tell(certs_registry, &s->row,
	    serial, s->until, e->query.now, &certs_fault)) <= 0)
		return got;
	return show_one(&e->show, &row, &certs_fault);
}

/* 1 when stdout can't be written */
static int
expiring_all(struct expiring *e)
{
	size_t i;
	int r = 0;

	if (authority_each(certs_registry, STR_NONE, expiring_note, e,
	    &certs_fault) < 0)
		return -1;
	for (i = 0; i < e->n && r == 0; i++)
		r = expiring_ca(e, e->cas[i]);
	return r != 0 ? r : issued_each(certs_registry, &e->query, show_one,
	    &e->show, &certs_fault);
}

/* what is printed has its event once the status is 0 */
static int
expiring_run(struct expiring *e)
{
	int64_t within = certs_opt.expiring > 0 ?
	    certs_opt.expiring / STAMP_SECOND : EXPIRING_DAYS * 86400;
	int r;

	if (certs_open(certs_opt.event, &e->query.owner) < 0)
		return -1;
	e->show.now = e->query.now = certs_now();
	e->query.expires = e->query.now + within;
	e->query.valid = true;
	e->query.untold = certs_opt.event;
	if (certs_opt.event && registry_begin(certs_registry,
	    &certs_fault) < 0)
		return -1;
	if ((r = expiring_all(e)) != 0 || !certs_opt.event)
		return r < 0 ? -1 : 0;
	return issued_tell(certs_registry, &e->query, &certs_fault) < 0 ? -1 :
	    registry_commit(certs_registry, &certs_fault);
}

int
certs_verb_expiring(char **operands)
{
	struct expiring *e = memory_zero(1, sizeof *e);
	int result, written;

	(void)operands;
	show_begin(&e->show);
	result = expiring_run(e);
	written = listing_finish(&e->show.listing);
	result = certs_end(result);
	while (e->n > 0)
		signer_close(e->cas[--e->n]);
	free(e);
	return result ? result : written;
}
