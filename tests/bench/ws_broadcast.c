/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ws_broadcast PORT: the bare libwebsockets broadcaster that mfx-adapt-ws is
 * measured beside: what one client sends goes to all, from a ring of
 * messages, one lws_write each time a client is writeable, as in the
 * library's own examples.  The loop is libev's, too.
 */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#define RING 1024
#define MESSAGE_MAX 4096

static struct {
	size_t n;
	unsigned char bytes[LWS_PRE + MESSAGE_MAX];
} ring[RING];
static uint64_t head;

struct client {
	struct client *next, **at;
	struct lws *wsi;
	uint64_t tail;
};
static struct client *clients;

static int
callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t n)
{
	struct client *c = user;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		c->wsi = wsi;
		c->tail = head;
		c->next = clients;
		c->at = &clients;
		if (c->next != NULL)
			c->next->at = &c->next;
		clients = c;
		return 0;
	case LWS_CALLBACK_CLOSED:
		*c->at = c->next;
		if (c->next != NULL)
			c->next->at = c->at;
		return 0;
	case LWS_CALLBACK_RECEIVE:
		if (n > MESSAGE_MAX)
			return -1;
		ring[head % RING].n = n;
		memcpy(ring[head % RING].bytes + LWS_PRE, in, n);
		head++;
		for (c = clients; c != NULL; c = c->next)
			lws_callback_on_writable(c->wsi);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		if (c->tail == head)
			return 0;
		if (lws_write(wsi, ring[c->tail % RING].bytes + LWS_PRE,
		    ring[c->tail % RING].n, LWS_WRITE_TEXT) < 0)
			return -1;
		if (++c->tail != head)
			lws_callback_on_writable(wsi);
		return 0;
	default:
		return 0;
	}
}

int
main(int argc, char **argv)
{
	static const struct lws_protocols protocols[] = {
		{ "b", callback, sizeof(struct client), 4096, 0, NULL, 0 },
		{ NULL, NULL, 0, 0, 0, NULL, 0 }
	};
	struct lws_context_creation_info info = {
		.protocols = protocols, .gid = -1, .uid = -1,
		.options = LWS_SERVER_OPTION_LIBEV |
		    LWS_SERVER_OPTION_VALIDATE_UTF8,
	};
	struct lws_context *context;

	if (argc != 2)
		return 64;
	info.port = (int)strtol(argv[1], NULL, 10);
	lws_set_log_level(0, NULL);
	context = lws_create_context(&info);
	if (context == NULL)
		return 69;
	return lws_service(context, 0) < 0;
}
