/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of mfx-bus that change something: prune, seek, forget. */
#include "cmd/bus/verbs.h"

#include "base/diag.h"

static int
change_prune_stream(void *arg, const char *stream, struct fault *fault)
{
	struct bus_prune p = {
		.keep_bytes = bus_opt.keep_bytes,
		.past_groups = bus_opt.past_groups,
		.dry_run = bus_opt.dry_run
	};

	(void)arg;
	if (bus_opt.keep_age > 0)
		p.older.ns = stamp_now().ns - bus_opt.keep_age;
	if (bus_prune(bus, stream, &p, fault) < 0)
		return -1;
	if (p.held > 0)
		diag_warning("%s: %llu segments are kept for group '%s'",
		    stream, (unsigned long long)p.held, p.group);
	listing_text(&bus_listing, "stream", stream);
	listing_number(&bus_listing, "segments", p.segments);
	listing_number(&bus_listing, "bytes", p.bytes);
	listing_number(&bus_listing, "first", p.first);
	listing_end(&bus_listing);
	return 0;
}

int
bus_verb_prune(char **operands)
{
	if (bus_opt.keep_bytes < 0 && bus_opt.keep_age == 0)
		program_misuse("give --keep-bytes, --keep-age or both");
	listing_begin(&bus_listing, false, NULL);
	return bus_for_streams(operands, change_prune_stream);
}

static int
change_open_group(struct bus_group **g, const char *operand,
    struct fault *fault)
{
	char stream[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];

	return bus_group_parse(operand, stream, group, fault) < 0 ? -1 :
	    bus_group_open(g, bus, stream, group, fault);
}

static void
change_list_moved(const struct bus_group *g, uint64_t seq)
{
	listing_text(&bus_listing, "stream", bus_group_stream(g));
	listing_text(&bus_listing, "group", bus_group_name(g));
	listing_number(&bus_listing, "seq", seq);
	listing_end(&bus_listing);
}

int
bus_verb_seek(char **operands)
{
	enum bus_seek how = (bus_opt.create ? BUS_SEEK_CREATE : 0) |
	    (bus_opt.dry_run ? BUS_SEEK_DRY_RUN : 0);
	struct bus_where where;
	struct bus_group *group;
	struct fault fault;
	uint64_t seq;

	if (!bus_where_parse(operands[1], &where))
		program_misuse("'%s': not " BUS_WHERE_FORMS, operands[1]);
	if (bus_open(&bus, NULL, &fault) < 0 ||
	    change_open_group(&group, operands[0], &fault) < 0)
		return diag_fault(&fault);
	if (bus_group_seek(group, &where, how, &seq, &fault) < 0) {
		diag_error("%s%s", fault.text, fault.status == BUS_NO_GROUP ?
		    "; --create makes it" : "");
		bus_group_close(group);
		return fault.status;
	}
	listing_begin(&bus_listing, false, NULL);
	if (bus_opt.dry_run)
		change_list_moved(group, seq);
	bus_group_close(group);
	return listing_finish(&bus_listing);
}

/* Forgets all of them; a dry run only checks that each of them can be
 * forgotten. */
static void
change_forget_all(char **operands, bool dry_run)
{
	struct bus_group *group;
	struct fault fault;
	uint64_t seq;

	for (; *operands != NULL; operands++) {
		group = NULL;
		if (change_open_group(&group, *operands, &fault) < 0 ||
		    bus_group_forget(group, dry_run, &fault) < 0)
			bus_status = diag_fault(&fault);
		else if (dry_run && bus_opt.dry_run &&
		    bus_group_get(group, &seq, &fault) >= 0)
			change_list_moved(group, seq);
		bus_group_close(group);
	}
}

int
bus_verb_forget(char **operands)
{
	struct fault fault;
	int written;

	if (bus_open(&bus, NULL, &fault) < 0)
		return diag_fault(&fault);
	listing_begin(&bus_listing, false, NULL);
	change_forget_all(operands, true);
	if (bus_status == 0 && !bus_opt.dry_run)
		change_forget_all(operands, false);
	written = listing_finish(&bus_listing);
	return written ? written : bus_status;
}
