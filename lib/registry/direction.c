/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/direction.h"

#include "json/json.h"

static const struct str direction_words[] = {
	[DIRECTION_PUBLISH] = STR("publish"),
	[DIRECTION_SUBSCRIBE] = STR("subscribe"),
	[DIRECTION_BOTH] = STR("both"),
};

struct str
direction_word(unsigned direction)
{
	return direction_words[direction & DIRECTION_BOTH];
}

unsigned
direction_parse(struct str word)
{
	unsigned d;

	for (d = DIRECTION_PUBLISH; d <= DIRECTION_BOTH; d++)
		if (str_eq(word, direction_words[d]))
			return d;
	return 0;
}

void
direction_put(struct buf *b, unsigned direction)
{
	if (direction == 0)
		return;
	buf_puts(b, ",\"direction\":");
	json_put_string(b, direction_word(direction));
}
