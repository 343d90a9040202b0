/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule of --map, a newline, and a topic of a broker that is not ours.
 * What comes out of a rule that is one holds: ids are ids, the subtopic has
 * nothing wild, and the same again gives the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "line/topic.h"
#include "mqtt/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
property(void *arg, struct str name, struct str *value)
{
	struct str *topic = arg;

	if (name.n > 1)
		*value = str_eq(name, STR("topic")) ? *topic : STR("value");
}

static void
check(const struct route *r)
{
	if (!channel_id_valid(r->channel) || !channel_id_valid(r->protocol))
		abort();
	if (r->publisher.n > 0 && !channel_id_valid(r->publisher))
		abort();
	if (r->subtopic.n > SUBTOPIC_MAX || !utf8_valid(r->subtopic) ||
	    !subscription_is_plain(r->subtopic))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct mqtt_map map;
	const uint8_t *end = n > 0 ? memchr(data, '\n', n) : NULL;
	size_t rule = end ? (size_t)(end - data) : n;
	struct str topic = { (const char *)data + rule, n - rule };
	struct route first = { .has_seq = false }, again = first;
	struct buf to, to_again;
	char *z = malloc(rule + 1);

	if (z == NULL)
		abort();
	if (rule > 0)
		memcpy(z, data, rule);
	z[rule] = '\0';
	if (topic.n > 0)
		topic = str_from(topic, 1);
	map.n = 0;
	buf_init(&to, 1 << 16);
	buf_init(&to_again, 1 << 16);
	if (mqtt_map_add(&map, z) == NULL && mqtt_map_apply(&map, topic,
	    property, &topic, &to, &first) == NULL) {
		check(&first);
		if (mqtt_map_apply(&map, topic, property, &topic, &to_again,
		    &again) != NULL || !str_eq(buf_str(&to),
		    buf_str(&to_again)))
			abort();
	}
	buf_release(&to);
	buf_release(&to_again);
	free(z);
	return 0;
}
