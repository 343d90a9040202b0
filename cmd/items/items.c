/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/items/items.h"

#include <errno.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/signal.h"
#include "base/table.h"

/* a Uri-Query has at most 255 bytes */
#define COAP_KEY_MAX 250
/* the answers to one change, held until it is committed */
#define ANSWER_MAX ((size_t)1 << 30)

struct items_options items_opt;
struct remote_setup items_setup = REMOTE_DEFAULTS;

static struct client client;
static struct changes changes;
static struct out out;
static struct table table;
static struct fault fault;

const struct opt items_update_options[] = {
	ITEMS_USER,
	{ 0, "name", "NAME", "new name; '' removes it",
	    OPT_STRING(&items_opt.name) },
	{ 0, "metadata", "JSON", "new metadata, replacing all of the old",
	    OPT_STRING(&items_opt.metadata) },
	ITEMS_TAG,
	ITEMS_FILE,
	OPT_END
};

const struct opt items_file_options[] = { ITEMS_USER, ITEMS_FILE, OPT_END };

const struct opt items_remove_options[] = {
	ITEMS_USER,
	{ 0, "if-exists", NULL, "do not fail for one that does not exist",
	    OPT_FLAG(&items_opt.if_exists) },
	ITEMS_DRY_RUN,
	ITEMS_FILE,
	OPT_END
};

/* ---- beginning and end ---- */

static int
items_begin(enum client_access access)
{
	program_holds_secrets();
	changes_init(&changes);
	out_init(&out, STDOUT_FILENO, "<stdout>", ANSWER_MAX);
	client.out = &out;
	return client_open(&client, &items_setup, access, &fault) < 0 ? -1 :
	    client.backend->act_as(&client, items_opt.user, &fault);
}

static int
items_end(int result)
{
	int status = result < 0 ? diag_fault(&fault) : result;

	client_close(&client);
	if (result < 0)
		out_cancel(&out);
	status = out_finish(&out, status);
	/* it held keys */
	if (out.b.p != NULL)
		sodium_memzero(out.b.p, out.b.cap);
	out_release(&out);
	changes_release(&changes);
	return status;
}

/* ---- what is to be done ---- */

static int
items_refused(const char *option, const char *why)
{
	return why == NULL ? 0 :
	    fault_set(&fault, EX_DATAERR, "%s: %s", option, why);
}

static int
items_set_key(struct change *change)
{
	struct buf key;
	int result;

	if (items_opt.new_key)
		return items_refused("--new",
		    change_make_key(&changes, change));
	if (items_opt.no_key)
		change->given |= MEMBER_KEY;
	if (items_opt.key_file == NULL)
		return 0;
	/* room for a line end, and to see that it is too long */
	buf_init(&key, THING_KEY_MAX + 3);
	result = secret_read(items_opt.key_file, "key", &key, &fault);
	if (result == 0)
		result = items_refused("--key-file",
		    change_set_key(&changes, change, buf_str(&key)));
	secret_release(&key);
	return result;
}

/* for a new item, and for the filter of a list */
static int
items_set_metadata_and_tags(struct change *change)
{
	const struct items_options *o = &items_opt;

	if (o->metadata != NULL && items_refused("--metadata",
	    change_set_metadata(&changes, change, str_z(o->metadata))) < 0)
		return -1;
	return o->tags.n == 0 ? 0 : items_refused("--tag", change_set_tag_list(
	    &changes, change, o->tags.v, o->tags.n));
}

static int
items_set_from_options(struct change *change)
{
	if (items_opt.name != NULL && items_refused("--name", change_set_name(
	    &changes, change, str_z(items_opt.name))) < 0)
		return -1;
	return items_set_metadata_and_tags(change) < 0 ? -1 :
	    items_set_key(change);
}

/* what --publish and --subscribe ask for; 0: neither is given */
static unsigned
items_direction(void)
{
	return (items_opt.publish ? DIRECTION_PUBLISH : 0) |
	    (items_opt.subscribe ? DIRECTION_SUBSCRIBE : 0);
}

/* CHANNEL THING ... */
static int
items_take_pairs(char **operands)
{
	const char *channel = *operands++;
	unsigned direction = items_direction();

	for (; *operands != NULL; operands++) {
		struct change *change = changes_add(&changes);

		change->channel = str_z(channel);
		change->thing = str_z(*operands);
		change->direction = direction;
	}
	return 0;
}

static int
items_take_ids(char **operands)
{
	for (; *operands != NULL; operands++) {
		struct change *change = changes_add(&changes);

		change_set_id(&changes, change, str_z(*operands));
		if (items_set_from_options(change) < 0)
			return -1;
	}
	return 0;
}

static int
items_take_input(char **operands)
{
	const struct items_options *o = &items_opt;
	unsigned may = changes_may(&changes), must = changes_must(&changes);

	if (o->file != NULL) {
		if (o->name || o->metadata || o->tags.n > 0 || o->key_file)
			program_misuse("-f FILE goes with none of --name, "
			    "--metadata, --tag and --key-file");
		if (items_direction() != 0)
			program_misuse("-f FILE goes with neither --publish "
			    "nor --subscribe: each line has a direction");
		return changes_read(&changes, o->file, may, must, &fault);
	}
	if (must & MEMBER_CHANNEL)
		return items_take_pairs(operands);
	if (must & MEMBER_ID)
		return items_take_ids(operands);
	return items_set_from_options(changes_add(&changes));
}

/* ---- changes ---- */

/* "auth=" and a key must fit into one option (RFC 7252 5.10); with other
 * protocols, and by PSK or certificate, a longer key works as well */
static void
items_warn_of_long_keys(void)
{
	size_t i, n = 0;

	for (i = 0; i < changes.n; i++)
		n += changes.v[i].key.n > COAP_KEY_MAX;
	if (n > 0)
		diag_warning("%zu %s longer than %d bytes, which can't be "
		    "shown in a CoAP ?auth=", n, n == 1 ? "key is" :
		    "keys are", COAP_KEY_MAX);
}

static int
items_change_all(void)
{
	if (client.backend->change(&client, &changes, &out.b, &fault) == 0) {
		out_end(&out);
		items_warn_of_long_keys();
		return 0;
	}
	if (changes.at < changes.n)
		changes_fault(&changes, &changes.v[changes.at], &fault);
	return -1;
}

/* changes what each line of the file or, without a file, each operand names */
static int
items_change(char **operands, enum change_verb verb)
{
	int result = items_begin(CLIENT_WRITE);

	changes.verb = verb;
	changes.kind = items_kind;
	changes.if_exists = items_opt.if_exists;
	changes.dry_run = items_opt.dry_run;
	if (result == 0)
		result = items_take_input(operands);
	if (result == 0)
		result = items_change_all();
	return items_end(result);
}

int
items_verb_create(char **operands)
{
	return items_change(operands, CHANGE_CREATE);
}

int
items_verb_update(char **ids)
{
	const struct items_options *o = &items_opt;

	if (!o->file && !o->name && !o->metadata && o->tags.n == 0 &&
	    !o->key_file && !o->new_key && !o->no_key)
		program_misuse("nothing to change: give --name, --metadata, "
		    "--tag or -f FILE");
	return items_change(ids, CHANGE_UPDATE);
}

int
items_verb_enable(char **ids)
{
	return items_change(ids, CHANGE_ENABLE);
}

int
items_verb_disable(char **ids)
{
	return items_change(ids, CHANGE_DISABLE);
}

int
items_verb_remove(char **ids)
{
	return items_change(ids, CHANGE_REMOVE);
}

int
items_verb_connect(char **operands)
{
	return items_change(operands, CHANGE_CONNECT);
}

int
items_verb_disconnect(char **operands)
{
	return items_change(operands, CHANGE_DISCONNECT);
}

/* ---- lists ---- */

/* --shared; not given, it is yes */
enum { SHARED_YES = 1, SHARED_NO, SHARED_ONLY };

static int
items_show(void *arg, const struct item *item, struct str key,
    struct fault *why)
{
	const unsigned *shown = arg;

	if (*shown == MEMBER_KEY && item->owner.p != NULL)
		return fault_set(why, EX_NOPERM, "only the owner of thing "
		    "'%.*s' may see its key", STR_ARG(item->id));
	if (items_opt.human) {
		table_cell(&table, item->id, false);
		table_cell(&table, item->name, false);
		table_cell(&table, item->metadata, false);
		table_cell(&table, item->tags, false);
		table_cell(&table, item_status(item->disabled), false);
		if (items_opt.connected != NULL)
			table_cell(&table, direction_word(item->direction ?
			    item->direction : DIRECTION_BOTH), false);
		if (*shown & MEMBER_KEY)
			table_cell(&table, key, false);
		if (items_opt.shared != SHARED_NO)
			table_cell(&table, item->owner, false);
	} else {
		item_put(&out.b, item, *shown, key);
	}
	if (signal_stop())
		return fault_set(why, EX_TEMPFAIL, "stopped");
	/* a failed write ends the list; items_end() reports it */
	return out_end(&out) < 0;
}

/* the items that the operands name; 1 when one does not exist */
static int
items_show_each(const struct client_query *query, char **ids)
{
	int status = 0;

	for (; *ids != NULL; ids++) {
		if (client.backend->find(&client, query, str_z(*ids),
		    &fault) == 0)
			continue;
		if (fault.status != 1)
			return -1;
		diag_error("no %s '%s'", items_kind == ITEM_THING ? "thing" :
		    "channel", *ids);
		status = 1;
	}
	return status;
}

/* what is the user's own, and then what others share */
static int
items_show_both(struct client_query *query)
{
	int result = 0;

	if (items_opt.shared != SHARED_ONLY)
		result = client.backend->list(&client, query, &fault);
	query->shared = true;
	/* a group has what is its owner's */
	if (result == 0 && query->group.p == NULL &&
	    items_opt.shared != SHARED_NO && out.err == 0)
		result = client.backend->list(&client, query, &fault);
	return result;
}

/* all items that the filters select */
static int
items_show_all(struct client_query *query)
{
	const struct items_options *o = &items_opt;
	struct change *change = changes_add(&changes);
	const char *why = glob_fault(str_z(o->name));

	if (why != NULL)
		program_misuse("--name '%s': %s", items_opt.name, why);
	if (items_set_metadata_and_tags(change) < 0)
		return -1;
	query->glob = str_z(o->name);
	query->metadata = change->metadata;
	query->tags = change->tags;
	query->connected = str_z(o->connected);
	query->group = str_z(o->group);
	query->recursive = o->recursive;
	query->status = o->status == 0 ? PAGE_ANY : o->status == 1 ?
	    PAGE_ENABLED : PAGE_DISABLED;
	query->order = o->order == 2 ? PAGE_NAME : o->order == 3 ? PAGE_ID :
	    PAGE_CREATED;
	query->desc = o->dir == 2;
	return items_show_both(query);
}

static void
items_begin_table(bool keys)
{
	table_init(&table, &out, 60);
	table_column(&table, "id");
	table_column(&table, "name");
	table_column(&table, "metadata");
	table_column(&table, "tags");
	table_column(&table, "status");
	if (items_opt.connected != NULL)
		table_column(&table, "direction");
	if (keys)
		table_column(&table, "key");
	if (items_opt.shared != SHARED_NO)
		table_column(&table, "shared by");
}

static int
items_list(char **ids, unsigned shown)
{
	const struct items_options *o = &items_opt;
	struct client_query query = {
		.kind = items_kind, .keys = (shown & MEMBER_KEY) != 0,
		.show = items_show, .arg = &shown
	};
	int result;

	if (*ids != NULL && (o->name || o->metadata || o->connected ||
	    o->group || o->tags.n > 0 || o->status || o->order || o->dir ||
	    o->shared))
		program_misuse("give operands or filters, not both");
	if (o->shared == SHARED_ONLY && o->group != NULL)
		program_misuse("--shared only does not go with --group");
	if (o->recursive && o->group == NULL)
		program_misuse("--recursive goes with --group GROUP");
	result = items_begin(CLIENT_READ);
	if (o->human)
		items_begin_table(query.keys);
	if (result == 0)
		result = *ids != NULL ? items_show_each(&query, ids) :
		    items_show_all(&query);
	result = items_end(result);
	if (o->human)
		table_release(&table);
	return result;
}

int
items_verb_list(char **ids)
{
	return items_list(ids, MEMBER_NAME | MEMBER_METADATA | MEMBER_TAGS |
	    MEMBER_STATUS | (items_opt.keys ? MEMBER_KEY : 0));
}

int
items_verb_keys(char **ids)
{
	return items_list(ids, MEMBER_KEY);
}
