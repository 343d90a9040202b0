/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "base/file.h"
#include "mqtt/connect.h"
#include "mqtt/client_ids.h"
#include "mqtt/qos2_dedup.h"
#include "mqtt/refusal_log.h"

#include "unit.h"

#define BYTES(lit) ((struct str){ (lit), sizeof(lit) - 1 })
#define THING "0f5b4ed0-1f3d-4d7e-9a64-6a2b7a3a0f11"
#define OTHER "0f5b4ed0-1f3d-4d7e-9a64-6a2b7a3a0f22"

static void
test_connect(void)
{
	struct connect c;
	struct property p;
	uint32_t expiry = 7;

	CHECK(connect_parse(BYTES("\0\4MQTT\4\2\0\74\0\1a"), &c));
	CHECK(c.version == 4 && c.clean && !c.will && c.expiry == 0);
	CHECK(connect_parse(BYTES("\0\6MQIsdp\3\0\0\74\0\1a"), &c));
	CHECK(c.version == 3 && !c.clean && c.expiry == CONNECT_FOR_EVER);
	CHECK(!connect_parse(BYTES("\0\4MQTT\6\2\0\74\0\1a"), &c));
	CHECK(!connect_parse(BYTES("\0\4MQTT\4\2\0"), &c));
	/* a session of 258 s, a will that waits 5 s, of type "t" */
	CHECK(connect_parse(BYTES("\0\4MQTT\5\6\0\74\5\21\0\0\1\2\0\1a"
	    "\11\30\0\0\0\5\3\0\1t\0\1x\0\0"), &c));
	CHECK(c.version == 5 && c.will && c.expiry == 258);
	CHECK(c.will_delay == 5 && c.will_properties.n == 9);
	CHECK(property_next(&c.will_properties, &p) && p.id == 0x18);
	CHECK(property_next(&c.will_properties, &p) &&
	    p.id == PROPERTY_CONTENT_TYPE && str_eq(p.value, STR("t")));
	CHECK(!property_next(&c.will_properties, &p));
	CHECK(c.will_properties.n == 0);
	/* properties that end too soon, or are not known */
	CHECK(!connect_parse(BYTES("\0\4MQTT\5\2\0\74\4\21\0\0\1\0\1a"), &c));
	CHECK(!connect_parse(BYTES("\0\4MQTT\5\2\0\74\1\177\0\1a"), &c));
	CHECK(!connect_parse(BYTES("\0\4MQTT\5\2\0\74\377\377\377\377"), &c));
	disconnect_parse(BYTES("\0\5\21\0\0\0\11"), &expiry);
	CHECK(expiry == 9);
	disconnect_parse(BYTES("\0\5\21\0"), &expiry);
	disconnect_parse(BYTES(""), &expiry);
	CHECK(expiry == 9);
}

static void
test_refusal_log(void)
{
	struct refusal_log *t = refusal_log_open(3);
	bool last;
	int i, told = 0;

	CHECK(refusal_log_wants(t, "10.0.0.1", "a", 1000, &last) && !last);
	CHECK(refusal_log_wants(t, "::ffff:10.0.0.1", "a", 1000, &last));
	CHECK(!last);
	CHECK(refusal_log_wants(t, "10.0.0.1", "a", 1000, &last) && last);
	CHECK(!refusal_log_wants(t, "10.0.0.1", "a", 1000, &last));
	CHECK(!refusal_log_wants(t, "::ffff:10.0.0.1", "a", 20999, &last));
	/* others are told of, at that address too */
	CHECK(refusal_log_wants(t, "10.0.0.2", "a", 1000, &last));
	CHECK(refusal_log_wants(t, "10.0.0.1", "", 1000, &last));
	/* one comes back after a third of a minute */
	CHECK(refusal_log_wants(t, "10.0.0.1", "a", 21000, &last) && last);
	/* neighbours in a /64 */
	for (i = 0; i < 3; i++)
		refusal_log_wants(t, "2001:db8::1", "", 0, &last);
	CHECK(!refusal_log_wants(t, "2001:db8::4", "", 0, &last));
	CHECK(refusal_log_wants(t, "2001:db8:0:1::4", "", 0, &last));
	/* all names of an address together */
	for (i = 0; i < 100; i++)
		told += refusal_log_wants(t, "10.0.0.3",
		    (char[]){ (char)('0' + i), 0 }, 0, &last);
	CHECK(told == 30);
	refusal_log_close(t);
	t = refusal_log_open(0);
	CHECK(refusal_log_wants(t, "10.0.0.1", "", 0, &last) && !last);
	refusal_log_close(t);
}

static void
test_resent(void)
{
	struct str topic = STR("t"), one = STR("one"), two = STR("two");
	struct qos2_dedup *r = NULL;
	uint16_t i;

	CHECK(!qos2_dedup_has(r, 1, topic, one));
	qos2_dedup_add(&r, 1, topic, one);
	CHECK(qos2_dedup_has(r, 1, topic, one));
	CHECK(!qos2_dedup_has(r, 2, topic, one));
	CHECK(!qos2_dedup_has(r, 1, topic, two));
	CHECK(!qos2_dedup_has(r, 1, STR("to"), STR("ne")));
	qos2_dedup_add(&r, 1, topic, two);
	CHECK(qos2_dedup_has(r, 1, topic, two) && !qos2_dedup_has(r, 1, topic,
	    one));
	for (i = 2; i < 2 + QOS2_DEDUP_MAX; i++)
		qos2_dedup_add(&r, i, topic, one);
	CHECK(!qos2_dedup_has(r, 1, topic, two));
	CHECK(qos2_dedup_has(r, 2, topic, one));
	free(r);
}

static struct client_ids *
reopened(struct client_ids *o, const char *path)
{
	struct fault fault;

	client_ids_close(o);
	o = NULL;
	CHECK(client_ids_open(&o, path, NULL, &fault) == 0);
	while (client_ids_step(o))
		continue;
	return o;
}

static bool
is_owned(struct client_ids *o, const char *id, const char *thing)
{
	const struct client_id *w = client_ids_find(o, id);

	return w != NULL && strcmp(w->thing, thing) == 0;
}

static struct client_id *
arrive(struct client_ids *o, const char *id, const char *thing, uint32_t expiry)
{
	struct fault fault;
	struct client_id *w = client_ids_connect(o, id, thing, expiry, &fault);

	CHECK(w != NULL);
	w->connection = o;
	return w;
}

static void
test_owners(void)
{
	char dir[] = "/tmp/mfx-unit-XXXXXX", path[64], id[16];
	struct client_ids *o = NULL;
	struct fault fault;
	struct client_id *w;
	int i, fd;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/sessions", dir);
	o = reopened(o, path);
	arrive(o, "stored", THING, CONNECT_FOR_EVER);
	arrive(o, "some time", THING, 3600);
	client_ids_disconnect(o, arrive(o, "passing", THING, 0), 100);
	CHECK(client_ids_find(o, "passing") == NULL);
	client_ids_disconnect(o, arrive(o, "over", THING, 5), 100);
	CHECK(is_owned(o, "over", THING));
	client_ids_expire(o, 105);
	CHECK(is_owned(o, "over", THING));
	client_ids_expire(o, 106);
	CHECK(client_ids_find(o, "over") == NULL);
	/* what was connected when we were killed is stored still */
	o = reopened(o, path);
	CHECK(is_owned(o, "stored", THING));
	CHECK(is_owned(o, "some time", THING));
	CHECK(client_ids_find(o, "passing") == NULL);
	CHECK(client_ids_find(o, "over") == NULL);
	/* another process can't have it */
	CHECK(client_ids_open(&(struct client_ids *){ NULL }, path, NULL,
	    &fault) < 0);
	/* ended, and taken by another */
	w = arrive(o, "stored", THING, 0);
	client_ids_disconnect(o, w, 100);
	CHECK(client_ids_find(o, "stored") == NULL);
	arrive(o, "stored", OTHER, CONNECT_FOR_EVER);
	o = reopened(o, path);
	CHECK(is_owned(o, "stored", OTHER));
	/* a torn line at the end */
	client_ids_close(o);
	o = NULL;
	fd = open(path, O_WRONLY | O_APPEND);
	CHECK(fd >= 0 && write(fd, "0123", 4) == 4);
	close(fd);
	o = reopened(o, path);
	CHECK(is_owned(o, "stored", OTHER));
	/* the file stays small however often they come and go */
	for (i = 0; i < 20000; i++) {
		snprintf(id, sizeof id, "d%d", i % 50);
		w = arrive(o, id, THING, 10);
		client_ids_disconnect(o, w, 1000000000000 + i);
	}
	o = reopened(o, path);
	CHECK(is_owned(o, "d0", THING) && is_owned(o, "d49", THING));
	CHECK(is_owned(o, "stored", OTHER));
	client_ids_close(o);
	fd = open(path, O_RDWR);
	CHECK(fd >= 0 && lseek(fd, 0, SEEK_END) < 10000);
	/* what is no such file is not taken for one, and not written over */
	CHECK(ftruncate(fd, 0) == 0 && write(fd, "hello\n", 6) == 6);
	close(fd);
	o = NULL;
	CHECK(client_ids_open(&o, path, NULL, &fault) < 0);
	unlink(path);
	rmdir(dir);
}

int
main(void)
{
	CHECK(sodium_init() >= 0);
	TEST("CONNECT and DISCONNECT of MQTT 3.1, 3.1.1 and 5")
		test_connect();
	TEST("refused connections are logged up to a rate for each address")
		test_refusal_log();
	TEST("a message sent again is known by its id and text")
		test_resent();
	TEST("a client id belongs to its thing, after a restart too")
		test_owners();
	return unit_end();
}
