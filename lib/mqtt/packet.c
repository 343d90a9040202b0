/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/packet.h"

#include <malloc.h>

/* struct mosquitto__packet of mosquitto 2.0 */
struct reading {
	const uint8_t *payload;
	void *next;
	uint32_t remaining_mult;
	uint32_t remaining_length;
	uint32_t packet_length;
	uint32_t to_process;	/* bytes that have not come yet */
	uint32_t pos;		/* of the bytes, how many are looked at */
	uint16_t mid;
	uint8_t command;
	int8_t remaining_count;
};

/* protocol name, version, flags, keep alive, length of the client id */
#define CONNECT_MIN 12

static void
packet_read_at(const struct mosquitto *client, size_t at, struct reading *r)
{
	memcpy(r, (const char *)(const void *)client + at, sizeof *r);
}

/* all of it has come and has been looked at */
static bool
packet_is_whole(const struct reading *r)
{
	return r->payload != NULL && r->next == NULL && r->to_process == 0 &&
	    r->remaining_length > 0 && r->pos == r->remaining_length;
}

/* The numbers are asked first: what is not a pointer is not followed. */
static bool
packet_is_connect(const struct reading *r)
{
	return packet_is_whole(r) && r->command == PACKET_CONNECT << 4 &&
	    r->remaining_length >= CONNECT_MIN &&
	    (memcmp(r->payload, "\0\4MQTT", 6) == 0 ||
	    memcmp(r->payload, "\0\6MQIsdp", 8) == 0);
}

bool
packet_find(struct packet_place *place, const struct mosquitto *client)
{
	/* the broker has it from calloc(3); the size is only asked for */
	union { const struct mosquitto *client; void *memory; } u = { client };
	size_t at, size = malloc_usable_size(u.memory);
	struct reading r;

	for (at = sizeof(void *); at + sizeof r <= size;
	    at += sizeof(void *)) {
		packet_read_at(client, at, &r);
		if (packet_is_connect(&r)) {
			place->at = at;
			return true;
		}
	}
	return false;
}

bool
packet_current(const struct packet_place *place,
    const struct mosquitto *client, struct packet *p)
{
	struct reading r;

	if (place->at == 0)
		return false;
	packet_read_at(client, place->at, &r);
	if (!packet_is_whole(&r))
		return false;
	p->type = (enum packet_type)(r.command >> 4);
	p->flags = r.command & 0x0f;
	p->body = (struct str){ (const char *)r.payload, r.remaining_length };
	return true;
}

bool
packet_id(const struct packet *p, uint16_t *id)
{
	const unsigned char *b = (const unsigned char *)p->body.p;
	size_t topic;

	if (p->body.n < 2)
		return false;
	topic = (size_t)b[0] << 8 | b[1];
	if (p->body.n < topic + 4)
		return false;
	*id = (uint16_t)(b[topic + 2] << 8 | b[topic + 3]);
	return true;
}
