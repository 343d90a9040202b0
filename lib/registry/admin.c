/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/admin.h"

#include <errno.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/signal.h"
#include "base/table.h"
#include "senml/json.h"

/* the answers to one bulk, held until it is committed */
#define ANSWER_MAX ((size_t)1 << 30)
#define SCRATCH_MAX ((size_t)16 << 20)

/* ---- beginning and end ---- */

static int
open_registry(struct admin *a)
{
	if (a->user == NULL)
		a->user = getenv("MFX_USER");
	if (a->user == NULL || *a->user == '\0')
		program_misuse(a->program,
		    "whose? give --user EMAIL or set MFX_USER");
	program_holds_secrets();
	specs_init(&a->specs);
	arena_init(&a->scratch, SCRATCH_MAX);
	out_init(&a->out, STDOUT_FILENO, "<stdout>", ANSWER_MAX);
	if (registry_open(&a->registry, NULL, REGISTRY_WRITE,
	    &a->fault) < 0)
		return -1;
	return user_find(a->registry, str_z(a->user), &a->owner, &a->fault);
}

static int
end(struct admin *a, int result)
{
	int status = result < 0 ? diag_fault(&a->fault) : result;

	registry_close(a->registry);
	if (result < 0)
		out_cancel(&a->out);
	if (out_flush(&a->out) < 0) {
		diag_error("%s: %s", a->out.name, strerror(a->out.err));
		status = EX_IOERR;
	}
	/* keys have been in it */
	if (a->out.b.p != NULL)
		sodium_memzero(a->out.b.p, a->out.b.cap);
	out_release(&a->out);
	specs_release(&a->specs);
	arena_release(&a->scratch);
	return status;
}

/* ---- what is to be done ---- */

static int
refused(struct admin *a, const char *why)
{
	return why == NULL ? 0 :
	    fault_set(&a->fault, EX_DATAERR, "%s", why);
}

static int
set_key(struct admin *a, struct spec *spec)
{
	struct buf key;
	int result;

	if (a->new_key)
		return refused(a, spec_make_key(&a->specs, spec));
	if (a->no_key)
		spec->given |= SPEC_KEY;
	if (a->key_file == NULL)
		return 0;
	/* room for a line end, and to see that it is too long */
	buf_init(&key, THING_KEY_MAX + 3);
	result = secret_read(a->key_file, "key", &key, &a->fault);
	if (result == 0)
		result = refused(a, spec_set_key(&a->specs, spec,
		    buf_str(&key)));
	secret_release(&key);
	return result;
}

static int
from_options(struct admin *a, struct spec *spec)
{
	if (a->name != NULL && refused(a,
	    spec_set_name(&a->specs, spec, str_z(a->name))) < 0)
		return -1;
	if (a->metadata != NULL && refused(a,
	    spec_set_metadata(&a->specs, spec, str_z(a->metadata))) < 0)
		return -1;
	return set_key(a, spec);
}

/* CHANNEL THING… */
static int
from_pairs(struct admin *a, char **operands)
{
	const char *channel = *operands++;

	if (channel == NULL || *operands == NULL)
		program_misuse(a->program, "a channel and things, or -f FILE");
	for (; *operands != NULL; operands++) {
		struct spec *spec = specs_add(&a->specs);

		spec->channel = str_z(channel);
		spec->thing = str_z(*operands);
	}
	return 0;
}

static int
from_ids(struct admin *a, char **operands)
{
	if (*operands == NULL)
		program_misuse(a->program, "an id, or -f FILE");
	for (; *operands != NULL; operands++) {
		struct spec *spec = specs_add(&a->specs);

		spec_set_id(&a->specs, spec, str_z(*operands));
		if (from_options(a, spec) < 0)
			return -1;
	}
	return 0;
}

static int
take_input(struct admin *a, char **operands, unsigned may, unsigned must)
{
	if (a->file != NULL) {
		if (*operands != NULL || a->name || a->metadata ||
		    a->key_file || a->new_key || a->no_key)
			program_misuse(a->program,
			    "-f FILE takes all from the file: no operands, "
			    "and no options that say the same");
		return specs_read(&a->specs, a->file, may, must, &a->fault);
	}
	if (must & SPEC_CHANNEL)
		return from_pairs(a, operands);
	if (must & SPEC_ID)
		return from_ids(a, operands);
	if (*operands != NULL)
		program_misuse(a->program, "unexpected '%s'", *operands);
	return from_options(a, specs_add(&a->specs));
}

/* ---- doing it ---- */

static int
change_all(struct admin *a, admin_change *change)
{
	size_t i;

	if (registry_begin(a->registry, &a->fault) < 0)
		return -1;
	for (i = 0; i < a->specs.n; i++)
		if (change(a, &a->specs.v[i]) < 0) {
			specs_fault(&a->specs, &a->specs.v[i], &a->fault);
			registry_rollback(a->registry);
			return -1;
		}
	if (a->out.b.full) {
		registry_rollback(a->registry);
		return fault_set(&a->fault, EX_DATAERR,
		    "too much for one transaction; nothing was done");
	}
	if (registry_commit(a->registry, &a->fault) < 0) {
		registry_rollback(a->registry);
		return -1;
	}
	out_end(&a->out);
	return 0;
}

int
admin_run(struct admin *a, char **operands, unsigned may, unsigned must,
    admin_change *change)
{
	int result = open_registry(a);

	if (result == 0)
		result = take_input(a, operands, may, must);
	if (result == 0)
		result = change_all(a, change);
	return end(a, result);
}

void
item_put(struct buf *b, const struct item *item, unsigned shown,
    struct str key)
{
	buf_puts(b, "{\"id\":");
	json_put_string(b, item->id);
	if (shown & SPEC_NAME) {
		buf_puts(b, ",\"name\":");
		json_put_string(b, item->name);
	}
	if (shown & SPEC_METADATA) {
		buf_puts(b, ",\"metadata\":");
		buf_put_str(b, item->metadata);
	}
	if (shown & SPEC_KEY) {
		buf_puts(b, ",\"key\":");
		if (key.p == NULL)
			buf_puts(b, "null");
		else
			json_put_string(b, key);
	}
	buf_puts(b, "}\n");
}

int
admin_create(struct admin *a, struct spec *spec)
{
	bool thing = a->kind == ITEM_THING;
	struct item item;

	if (!(spec->given & SPEC_ID) &&
	    refused(a, spec_make_id(&a->specs, spec)) < 0)
		return -1;
	if (thing && !(spec->given & SPEC_KEY) &&
	    refused(a, spec_make_key(&a->specs, spec)) < 0)
		return -1;
	if (item_create(a->registry, a->kind, &a->owner, spec,
	    &a->fault) < 0)
		return -1;
	item = (struct item){ .id = spec->id, .name = spec->name };
	item_put(&a->out.b, &item, SPEC_NAME | (thing ? SPEC_KEY : 0),
	    spec->key);
	return 0;
}

int
admin_update(struct admin *a, struct spec *spec)
{
	struct item item = { .id = spec->id };

	if (!(spec->given & ~(unsigned)SPEC_ID))
		return fault_set(&a->fault, EX_DATAERR,
		    "nothing to change is given");
	if (item_update(a->registry, a->kind, &a->owner, spec,
	    &a->fault) < 0)
		return -1;
	if (spec->given & SPEC_KEY)
		item_put(&a->out.b, &item, SPEC_KEY, spec->key);
	return 0;
}

int
admin_remove(struct admin *a, struct spec *spec)
{
	int result = item_remove(a->registry, a->kind, &a->owner, spec->id,
	    &a->fault);

	return result < 0 && a->fault.status == 1 && a->if_exists ? 0 :
	    result;
}

int
admin_connect(struct admin *a, struct spec *spec)
{
	return item_connect(a->registry, &a->owner, true, spec->channel,
	    spec->thing, &a->fault);
}

int
admin_disconnect(struct admin *a, struct spec *spec)
{
	return item_connect(a->registry, &a->owner, false, spec->channel,
	    spec->thing, &a->fault);
}

/* ---- listing ---- */

struct listing {
	struct admin *admin;
	struct items items;
	struct table table;
	struct buf key;
	unsigned shown;
};

/* the key of an item; p NULL when it has none */
static int
unseal(struct listing *l, const struct item *item, struct str *key)
{
	const struct keyring *keys = registry_keyring(l->admin->registry);

	*key = STR_NONE;
	buf_clear(&l->key);
	if (!(l->shown & SPEC_KEY) || item->box.p == NULL)
		return 0;
	if (!keyring_unseal(keys, item->box.p, item->box.n, &l->key))
		return fault_set(&l->admin->fault, EX_IOERR,
		    "the key of %.*s is damaged", STR_ARG(item->id));
	*key = buf_str(&l->key);
	return 0;
}

static int
show(struct listing *l, const struct item *item)
{
	struct admin *a = l->admin;
	struct str key;

	if (unseal(l, item, &key) < 0)
		return -1;
	if (a->human) {
		table_cell(&l->table, item->id, false);
		table_cell(&l->table, item->name, false);
		table_cell(&l->table, item->metadata, false);
		if (l->shown & SPEC_KEY)
			table_cell(&l->table, key, false);
	} else {
		item_put(&a->out.b, item, l->shown, key);
	}
	if (signal_stop())
		return fault_set(&a->fault, EX_TEMPFAIL, "stopped");
	/* a failed write ends it; end() says so */
	return out_end(&a->out) < 0 ? 1 : 0;
}

/* number shown, or -1 */
static int
show_found(struct listing *l)
{
	struct fault *fault = &l->admin->fault;
	struct item item;
	int got, n = 0;

	if (items_find(&l->items, fault) < 0)
		return -1;
	while ((got = items_next(&l->items, &item, fault)) > 0) {
		n = 1;
		if ((got = show(l, &item)) != 0)
			break;
	}
	items_end(&l->items);
	return got < 0 ? -1 : n;
}

static int
show_each(struct listing *l, char **ids)
{
	int got, status = 0;

	for (; *ids != NULL; ids++) {
		l->items.id = str_z(*ids);
		if ((got = show_found(l)) < 0)
			return -1;
		if (got == 0) {
			diag_error("no %s '%s'", l->admin->kind == ITEM_THING
			    ? "thing" : "channel", *ids);
			status = 1;
		}
	}
	return status;
}

static int
set_filters(struct listing *l, char **ids)
{
	struct admin *a = l->admin;

	if (*ids != NULL && (a->name || a->metadata || a->connected))
		program_misuse(a->program, "either ids or filters");
	if (a->name != NULL && !glob_valid(str_z(a->name)))
		program_misuse(a->program, "--name: a '[' without its ']'");
	l->items = (struct items){
		.registry = a->registry, .kind = a->kind,
		.owner = &a->owner, .glob = str_z(a->name),
		.connected = str_z(a->connected), .scratch = &a->scratch,
	};
	if (a->metadata != NULL) {
		struct spec *spec = specs_add(&a->specs);

		if (refused(a, spec_set_metadata(&a->specs, spec,
		    str_z(a->metadata))) < 0)
			return -1;
		l->items.metadata = spec->metadata;
	}
	return 0;
}

static void
begin_table(struct listing *l)
{
	table_init(&l->table, &l->admin->out, 60);
	table_column(&l->table, "id");
	table_column(&l->table, "name");
	table_column(&l->table, "metadata");
	if (l->shown & SPEC_KEY)
		table_column(&l->table, "key");
}

static int
list(struct admin *a, char **ids, unsigned shown)
{
	struct listing l = { .admin = a, .shown = shown };
	int result = open_registry(a);

	buf_init(&l.key, KEY_BOX_MAX);
	if (a->human)
		begin_table(&l);
	if (result == 0)
		result = set_filters(&l, ids);
	if (result == 0)
		result = *ids != NULL ? show_each(&l, ids) : show_found(&l);
	if (result > 0 && *ids == NULL)
		result = 0;
	result = end(a, result);
	if (a->human)
		table_release(&l.table);
	secret_release(&l.key);
	return result;
}

int
admin_list(struct admin *a, char **ids)
{
	return list(a, ids, SPEC_NAME | SPEC_METADATA |
	    (a->keys ? SPEC_KEY : 0));
}

int
admin_show_keys(struct admin *a, char **ids)
{
	if (*ids == NULL)
		program_misuse(a->program, "an id is missing");
	return list(a, ids, SPEC_KEY);
}
