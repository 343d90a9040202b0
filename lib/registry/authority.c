/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/authority.h"

#include <sysexits.h>

#include "registry/event.h"
#include "registry/statement.h"

static void
authority_bind_key(struct registry *r, sqlite3_stmt *st, int at,
    struct str key, unsigned char box[KEY_BOX_MAX])
{
	if (key.p == NULL)
		return;
	keyring_seal_authority(&r->keys, key, box);
	sqlite3_bind_blob64(st, at, box, key.n + KEY_SEAL_BYTES,
	    SQLITE_STATIC);
}

int
authority_create(struct registry *r, const struct authority *a,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "INSERT INTO authorities"
	    "(name, certificate, above, key_box, outside)"
	    " VALUES(?1, ?2, ?3, ?4, ?5)", fault);
	unsigned char box[KEY_BOX_MAX];

	if (a->key.n > THING_KEY_MAX)
		return fault_set(fault, EX_DATAERR,
		    "the private key of the CA is too long");
	db_bind_str(st, 1, a->name);
	sqlite3_bind_blob64(st, 2, a->certificate.p, a->certificate.n,
	    SQLITE_STATIC);
	sqlite3_bind_blob64(st, 3, a->above.p ? a->above.p : "", a->above.n,
	    SQLITE_STATIC);
	authority_bind_key(r, st, 4, a->key, box);
	db_bind_str(st, 5, a->outside.p ? a->outside : STR(""));
	if (statement_run(r, st, fault) >= 0)
		return 0;
	return fault->status != EX_DATAERR ? -1 : fault_set(fault, EX_DATAERR,
	    "a CA named '%.*s' exists already", STR_ARG(a->name));
}

static void
authority_fill(struct authority *a, sqlite3_stmt *st)
{
	*a = (struct authority){
		.row = sqlite3_column_int64(st, 0),
		.name = db_column(st, 1),
		.certificate = db_column(st, 2),
		.above = db_column(st, 3),
		.box = db_column(st, 4),
		.outside = db_column(st, 5),
	};
}

int
authority_each(struct registry *r, struct str name,
    int (*each)(void *, const struct authority *, struct fault *), void *arg,
    struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "SELECT n, name, certificate,"
	    " above, key_box, outside FROM authorities"
	    " WHERE ?1 = '' OR name = ?1 ORDER BY n DESC", fault);
	struct authority a;
	int got;

	db_bind_str(st, 1, name.p ? name : STR(""));
	while ((got = statement_step(r, st, fault)) > 0) {
		authority_fill(&a, st);
		if ((got = each(arg, &a, fault)) != 0)
			break;
	}
	db_reset(st);
	return got;
}

int
authority_unseal(const struct registry *r, const struct authority *a,
    struct buf *key, struct fault *fault)
{
	if (keyring_unseal_authority(&r->keys, a->box.p, a->box.n, key))
		return 0;
	return fault_set(fault, EX_CONFIG, "the private key of the CA '%.*s' "
	    "was not sealed under this master key", STR_ARG(a->name));
}

int
authority_next_list(struct registry *r, const struct authority *a,
    int64_t *number, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "UPDATE authorities"
	    " SET crl = crl + 1 WHERE n = ?1 RETURNING crl", fault);
	int got;

	sqlite3_bind_int64(st, 1, a->row);
	if ((got = statement_step(r, st, fault)) > 0)
		*number = sqlite3_column_int64(st, 0);
	db_reset(st);
	return got > 0 ? 0 : got < 0 ? -1 : fault_set(fault, 1, "no CA '%.*s'",
	    STR_ARG(a->name));
}

int
authority_tell(struct registry *r, const struct authority *a,
    const char *serial, int64_t expires, int64_t now, struct fault *fault)
{
	sqlite3_stmt *st = statement_get(r, "UPDATE authorities SET told = ?2"
	    " WHERE n = ?1 AND told = 0", fault);
	char text[STAMP_TEXT];
	int changed;

	sqlite3_bind_int64(st, 1, a->row);
	sqlite3_bind_int64(st, 2, now);
	if ((changed = statement_run(r, st, fault)) <= 0)
		return changed;
	event_begin(r, "");
	event_text(r, "id", str_z(serial));
	event_text(r, "name", a->name);
	event_json(r, "expires", (struct str){ text, stamp_print(text,
	    (struct stamp){ expires * STAMP_SECOND }) });
	return event_append(r, "certificate.expiring", fault) < 0 ? -1 : 1;
}

int
authority_state(struct registry *r, int64_t *state, struct fault *fault)
{
	/* what a set of them is made of is never changed in a row */
	sqlite3_stmt *st = statement_get(r, "SELECT coalesce(max(n), 0)"
	    " FROM authorities", fault);
	int got = statement_step(r, st, fault);

	*state = got > 0 ? sqlite3_column_int64(st, 0) : 0;
	db_reset(st);
	return got < 0 ? -1 : 0;
}
