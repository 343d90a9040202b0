/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the records of a transaction, in a registry with two users and
 * a few things.  Whatever they are, they are made or refused, no row refers to
 * one that is not there, and after a rollback all is as it was.
 */
#include <stdint.h>
#include <sysexits.h>

#include "registry/capture.h"
#include "registry/checksum.h"
#include "registry/item.h"
#include "registry/names.h"
#include "registry/statement.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct registry *registry;
static struct checksum before;

static void
fill(const char *email)
{
	struct user owner;
	struct fault fault;
	struct changes changes;
	enum item_kind kind;

	must(user_create(registry, str_z(email), "", STR_NONE, &owner,
	    &fault) == 0);
	changes_init(&changes);
	for (kind = ITEM_THING; kind <= ITEM_CHANNEL; kind++) {
		struct change *change = changes_add(&changes);

		must(change_make_id(&changes, change) == NULL);
		must(change_set_name(&changes, change,
		    STR("garden")) == NULL);
		must(item_create(registry, kind, &owner, change,
		    &fault) == 0);
	}
	changes_release(&changes);
}

static void
fill_both(void)
{
	fill("ann@example.com");
	fill("bob@example.com");
}

static void
open_registry(void)
{
	struct fault fault;

	scratch_open(&registry, fill_both);
	must(capture_prepare(registry, &fault) == 0);
	must(checksum_registry(registry, &before, &fault) == 0);
}

static void
check_whole(void)
{
	struct fault fault;
	int64_t n;

	must(names_write(registry, &fault) == 0);
	must(db_number(&registry->db, "SELECT count(*) FROM"
	    " pragma_foreign_key_check", &n, &fault) == 0 && n == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* a copy of exactly that size: a byte read too far is seen */
	char *copy = malloc(n ? n : 1);
	struct fault fault;
	struct checksum after;

	if (n > 0)
		memcpy(copy, data, n);
	if (registry == NULL)
		open_registry();
	must(registry_begin(registry, &fault) == 0);
	if (capture_apply(registry, (struct str){ copy, n }, &fault) == 0)
		check_whole();
	else
		must(fault.status == EX_DATAERR);
	registry_rollback(registry);
	must(checksum_registry(registry, &after, &fault) == 0);
	must(checksum_compare(&before, &after, &fault));
	free(copy);
	return 0;
}
