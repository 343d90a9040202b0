/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ws_setup.h"

#include "http/tls.h"

static int
serve(struct http_setup *s, struct ws *ws, struct fault *fault)
{
	struct http_sockets sockets;
	int i;

	if (http_setup_sockets(s, &sockets, fault) < 0) {
		http_sockets_close(&sockets);
		return -1;
	}
	for (i = 0; i < sockets.n; i++)
		ws_listen(ws, sockets.fds[i]);
	return s->single ? ws_adopt(ws, sockets.connected, fault) : 0;
}

int
ws_setup_open(struct http_setup *s, struct ws_options *options,
    struct ws **out, struct fault *fault)
{
	struct ws_tls_files files = {
		.cert = s->tls_cert, .key = s->tls_key, .ca = s->tls_ca
	};
	struct http_tls seen;

	if (http_setup_check(s, fault) < 0)
		return -1;
	options->max_message = (size_t)s->max_body;
	options->timeout = s->timeout;
	options->max_connections = http_room((unsigned)s->max_connections);
	options->max_per_address = (unsigned)s->max_per_address;
	options->proxies = &s->proxies;
	options->tls = NULL;
	if (s->tls_cert != NULL) {
		/* says which of them is wrong, and why, as other adapters */
		if (http_tls_load(&seen, files.cert, files.key, files.ca,
		    fault) < 0)
			return -1;
		http_tls_release(&seen);
		options->tls = &files;
	}
	if (ws_open(out, options, fault) < 0)
		return -1;
	if (serve(s, *out, fault) == 0)
		return 0;
	ws_close(*out);
	*out = NULL;
	return -1;
}

void
ws_metrics_put(struct buf *b, const struct service *s, const struct ws *ws)
{
	service_put(b, s, "connections", "gauge", "Connections open.",
	    ws_connections(ws));
	service_put(b, s, "sent_total", "counter", "Messages sent.",
	    ws_frames(ws));
	service_put(b, s, "slow_total", "counter",
	    "Clients ended because they did not read.", ws_slow(ws));
}
