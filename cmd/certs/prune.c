/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that ended long ago are forgotten. */
#include "base/diag.h"
#include "base/stamp.h"
#include "cmd/certs/certs.h"
#include "cmd/certs/show.h"

static int
prune_run(struct show *s, uint64_t *n)
{
	struct issued_query q = { .now = s->now };

	if (certs_open(!certs_opt.dry_run, &q.owner) < 0)
		return -1;
	q.authority = str_z(certs_opt.ca);
	q.expires = s->now - certs_opt.keep_age / STAMP_SECOND;
	if (certs_opt.dry_run)
		return issued_each(certs_registry, &q, show_one, s,
		    &certs_fault) < 0 ? -1 : 0;
	return registry_begin(certs_registry, &certs_fault) < 0 ||
	    issued_prune(certs_registry, &q, n, &certs_fault) < 0 ? -1 :
	    registry_commit(certs_registry, &certs_fault);
}

int
certs_verb_prune(char **operands)
{
	struct show s = { .now = certs_now() };
	int result, written;
	uint64_t n = 0;

	(void)operands;
	if (certs_opt.keep_age == 0)
		program_misuse("give --keep-age DURATION, such as 90d");
	show_begin(&s);
	result = prune_run(&s, &n);
	written = listing_finish(&s.listing);
	result = certs_end(result);
	if (result == 0 && !certs_opt.dry_run)
		diag_info("%llu certificates were removed",
		    (unsigned long long)n);
	return result ? result : written;
}
