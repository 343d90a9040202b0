/* SPDX-License-Identifier: Apache-2.0 */
#include "api/group_json.h"

#include <inttypes.h>

#include "base/stamp.h"
#include "json/json.h"

static void
group_json_put_text(struct buf *b, const char *name, struct str text)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, text);
}

static void
group_json_put_time(struct buf *b, const char *name, int64_t ns)
{
	char text[STAMP_TEXT];
	struct stamp t = { ns };

	group_json_put_text(b, name,
	    (struct str){ text, stamp_print_utc(text, t) });
}

void
group_json_put(struct buf *b, const struct user *owner,
    const struct group *group)
{
	buf_puts(b, "{\"id\":");
	json_put_string(b, group->id);
	group_json_put_text(b, "name", group->name);
	if (group->owner.p == NULL) {
		group_json_put_text(b, "owner_id", str_z(owner->id));
	} else {
		group_json_put_text(b, "owner", group->owner);
		group_json_put_text(b, "shared",
		    grant_level_word(group->level));
	}
	if (group->parent.p != NULL)
		group_json_put_text(b, "parent_id", group->parent);
	if (group->description.n > 0)
		group_json_put_text(b, "description", group->description);
	if (group->metadata.n > 2) {
		buf_puts(b, ",\"metadata\":");
		buf_put_str(b, group->metadata);
	}
	buf_printf(b, ",\"level\":%u", group_level(group));
	group_json_put_text(b, "path", group->path);
	group_json_put_time(b, "created_at", group->created);
	group_json_put_time(b, "updated_at", group->updated);
	buf_printf(b, ",\"things\":%" PRIu64 ",\"channels\":%" PRIu64 "}",
	    group->things, group->channels);
}
