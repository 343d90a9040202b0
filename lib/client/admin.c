/* SPDX-License-Identifier: Apache-2.0 */
#include "client/admin.h"

#include <errno.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/signal.h"

/* a Uri-Query has at most 255 bytes */
#define COAP_KEY_MAX 250

/* the answers to one bulk, held until it is committed */
#define ANSWER_MAX ((size_t)1 << 30)

/* ---- beginning and end ---- */

static int
begin(struct admin *a)
{
	program_holds_secrets();
	changes_init(&a->changes);
	out_init(&a->out, STDOUT_FILENO, "<stdout>", ANSWER_MAX);
	a->place = a->where(a);
	return a->place->open(a);
}

static int
end(struct admin *a, int result)
{
	int status = result < 0 ? diag_fault(&a->fault) : result;

	a->place->close(a);
	if (result < 0)
		out_cancel(&a->out);
	status = out_finish(&a->out, status);
	/* keys have been in it */
	if (a->out.b.p != NULL)
		sodium_memzero(a->out.b.p, a->out.b.cap);
	out_release(&a->out);
	changes_release(&a->changes);
	return status;
}

/* ---- what is to be done ---- */

static int
refused(struct admin *a, const char *option, const char *why)
{
	return why == NULL ? 0 :
	    fault_set(&a->fault, EX_DATAERR, "%s: %s", option, why);
}

static int
set_key(struct admin *a, struct change *change)
{
	struct buf key;
	int result;

	if (a->new_key)
		return refused(a, "--new",
		    change_make_key(&a->changes, change));
	if (a->no_key)
		change->given |= MEMBER_KEY;
	if (a->key_file == NULL)
		return 0;
	/* room for a line end, and to see that it is too long */
	buf_init(&key, THING_KEY_MAX + 3);
	result = secret_read(a->key_file, "key", &key, &a->fault);
	if (result == 0)
		result = refused(a, "--key-file",
		    change_set_key(&a->changes, change, buf_str(&key)));
	secret_release(&key);
	return result;
}

/* what a new one has, and what a list is asked for */
static int
admin_metadata_and_tags(struct admin *a, struct changes *changes,
    struct change *change)
{
	if (a->metadata != NULL && refused(a, "--metadata",
	    change_set_metadata(changes, change, str_z(a->metadata))) < 0)
		return -1;
	return a->tags.n == 0 ? 0 : refused(a, "--tag",
	    change_set_tag_list(changes, change, a->tags.v, a->tags.n));
}

static int
from_options(struct admin *a, struct change *change)
{
	struct changes *changes = &a->changes;

	if (a->name != NULL && refused(a, "--name",
	    change_set_name(changes, change, str_z(a->name))) < 0)
		return -1;
	if (admin_metadata_and_tags(a, changes, change) < 0)
		return -1;
	return set_key(a, change);
}

/* CHANNEL THING… */
static int
from_pairs(struct admin *a, char **operands)
{
	const char *channel = *operands++;

	for (; *operands != NULL; operands++) {
		struct change *change = changes_add(&a->changes);

		change->channel = str_z(channel);
		change->thing = str_z(*operands);
	}
	return 0;
}

static int
from_ids(struct admin *a, char **operands)
{
	for (; *operands != NULL; operands++) {
		struct change *change = changes_add(&a->changes);

		change_set_id(&a->changes, change, str_z(*operands));
		if (from_options(a, change) < 0)
			return -1;
	}
	return 0;
}

static int
take_input(struct admin *a, char **operands)
{
	unsigned may = changes_may(&a->changes);
	unsigned must = changes_must(&a->changes);

	if (a->file != NULL) {
		if (a->name || a->metadata || a->tags.n > 0 || a->key_file)
			program_misuse("-f FILE goes with none of --name, "
			    "--metadata, --tag and --key-file");
		return changes_read(&a->changes, a->file, may, must,
		    &a->fault);
	}
	if (must & MEMBER_CHANNEL)
		return from_pairs(a, operands);
	if (must & MEMBER_ID)
		return from_ids(a, operands);
	return from_options(a, changes_add(&a->changes));
}

/* "auth=" and it have to go into one option (RFC 7252 5.10); with other
 * protocols, and by PSK or certificate, it is as good as any */
static void
warn_of_keys(const struct changes *changes)
{
	size_t i, n = 0;

	for (i = 0; i < changes->n; i++)
		n += changes->v[i].key.n > COAP_KEY_MAX;
	if (n > 0)
		diag_warning("%zu %s longer than %d bytes, which can't be "
		    "shown in a CoAP ?auth=", n, n == 1 ? "key is" :
		    "keys are", COAP_KEY_MAX);
}

/* ---- doing it ---- */

static int
change_all(struct admin *a)
{
	const struct changes *changes = &a->changes;

	if (a->place->change(a) == 0) {
		out_end(&a->out);
		warn_of_keys(changes);
		return 0;
	}
	if (changes->at < changes->n)
		changes_fault(changes, &changes->v[changes->at], &a->fault);
	return -1;
}

int
admin_run(struct admin *a, char **operands, enum change_verb verb)
{
	struct changes *changes = &a->changes;
	int result;

	if (a->dry_run)
		a->shown = MEMBER_NAME | MEMBER_METADATA | MEMBER_TAGS |
		    MEMBER_STATUS;
	a->writes = true;
	result = begin(a);
	changes->verb = verb;
	changes->kind = a->kind;
	changes->if_exists = a->if_exists;
	changes->dry_run = a->dry_run;
	if (result == 0)
		result = take_input(a, operands);
	if (result == 0)
		result = change_all(a);
	return end(a, result);
}

/* ---- listing ---- */

int
admin_show(struct admin *a, const struct item *item, struct str key)
{
	if (a->human) {
		table_cell(&a->table, item->id, false);
		table_cell(&a->table, item->name, false);
		table_cell(&a->table, item->metadata, false);
		table_cell(&a->table, item->tags, false);
		table_cell(&a->table, item_status(item->disabled), false);
		if (a->shown & MEMBER_KEY)
			table_cell(&a->table, key, false);
	} else {
		item_put(&a->out.b, item, a->shown, key);
	}
	if (signal_stop())
		return fault_set(&a->fault, EX_TEMPFAIL, "stopped");
	/* a failed write ends it; end() says so */
	return out_end(&a->out) < 0 ? 1 : 0;
}

static int
show_each(struct admin *a, char **ids)
{
	struct admin_filter filter = { .id = STR_NONE };
	int status = 0;
	bool found;

	for (; *ids != NULL; ids++) {
		filter.id = str_z(*ids);
		found = false;
		if (a->place->find(a, &filter, &found) < 0)
			return -1;
		if (!found) {
			diag_error("no %s '%s'", a->kind == ITEM_THING
			    ? "thing" : "channel", *ids);
			status = 1;
		}
	}
	return status;
}

static int
show_all(struct admin *a)
{
	struct admin_filter filter = {
		.glob = str_z(a->name), .connected = str_z(a->connected),
		.status = a->status, .order = a->order, .dir = a->dir
	};
	struct changes *changes = &a->changes;
	struct change *change = changes_add(changes);
	const char *why = glob_fault(filter.glob);
	bool found;

	if (why != NULL)
		program_misuse("--name: %s", why);
	if (admin_metadata_and_tags(a, changes, change) < 0)
		return -1;
	filter.metadata = change->metadata;
	filter.tags = change->tags;
	filter.tag_list = &a->tags;
	return a->place->find(a, &filter, &found) < 0 ? -1 : 0;
}

static void
begin_table(struct admin *a)
{
	table_init(&a->table, &a->out, 60);
	table_column(&a->table, "id");
	table_column(&a->table, "name");
	table_column(&a->table, "metadata");
	table_column(&a->table, "tags");
	table_column(&a->table, "status");
	if (a->shown & MEMBER_KEY)
		table_column(&a->table, "key");
}

static int
list(struct admin *a, char **ids, unsigned shown)
{
	int result;

	if (*ids != NULL && (a->name || a->metadata || a->connected ||
	    a->tags.n > 0 || a->status || a->order || a->dir))
		program_misuse("give either IDs or filters, not both");
	a->shown = shown;
	result = begin(a);
	if (a->human)
		begin_table(a);
	if (result == 0)
		result = *ids != NULL ? show_each(a, ids) : show_all(a);
	result = end(a, result);
	if (a->human)
		table_release(&a->table);
	return result;
}

int
admin_list(struct admin *a, char **ids)
{
	return list(a, ids, MEMBER_NAME | MEMBER_METADATA | MEMBER_TAGS |
	    MEMBER_STATUS | (a->keys ? MEMBER_KEY : 0));
}

int
admin_show_keys(struct admin *a, char **ids)
{
	return list(a, ids, MEMBER_KEY);
}
