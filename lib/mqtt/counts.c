/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/counts.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/file.h"

#define COUNTS_MAX 16384
#define PREFIX "mqtt_broker_"

static void
counts_head(struct buf *b, const char *name, const char *type,
    const char *help)
{
	buf_printf(b, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name,
	    help, name, type);
}

static void
counts_put(struct buf *b, const char *name, const char *help, uint64_t n)
{
	counts_head(b, name, "counter", help);
	buf_printf(b, PREFIX "%s %" PRIu64 "\n", name, n);
}

static void
counts_put_reasons(struct buf *b, const char *name, const char *help,
    const char *const *words, const uint64_t *n, int reasons)
{
	int i;

	counts_head(b, name, "counter", help);
	for (i = 0; i < reasons; i++)
		buf_printf(b, PREFIX "%s{reason=\"%s\"} %" PRIu64 "\n", name,
		    words[i], n[i]);
}

static void
counts_put_refused(struct buf *b, const struct counts *c)
{
	static const char *const client[CLIENT_REASONS] = {
		"key", "certificate", "user_name", "client_id", "sessions",
		"registry"
	};
	static const char *const message[MESSAGE_REASONS] = {
		"topic", "channel", "size", "bus"
	};

	counts_put_reasons(b, "clients_refused_total",
	    "Clients that were refused.", client, c->client, CLIENT_REASONS);
	counts_put_reasons(b, "messages_refused_total",
	    "Messages that were refused.", message, c->message,
	    MESSAGE_REASONS);
	counts_put(b, "subscriptions_refused_total",
	    "Subscriptions that were refused.", c->filters);
}

static void
counts_put_all(struct buf *b, const struct counts *c)
{
	counts_head(b, "clients", "gauge", "Clients connected.");
	buf_printf(b, PREFIX "clients %" PRIu64 "\n", c->clients);
	counts_put(b, "messages_total", "Messages put on the bus.",
	    c->published);
	counts_put(b, "wills_total", "Wills put on the bus.", c->wills);
	counts_put(b, "repeated_total",
	    "Duplicate messages of QoS 2.", c->repeated);
	counts_put(b, "lost_total",
	    "Messages of QoS 0 lost when the bus could not be written.",
	    c->lost);
	counts_put(b, "delivered_total",
	    "Messages given to sessions of subscribers.", c->delivered);
	counts_put(b, "withheld_total",
	    "Messages withheld from subscribers without access.",
	    c->withheld);
	counts_put(b, "not_retained_total",
	    "Messages delivered but not retained.", c->not_retained);
	counts_put_refused(b, c);
}

int
counts_write(const char *path, const struct counts *c, struct fault *fault)
{
	struct buf b;
	int r;

	buf_init(&b, COUNTS_MAX);
	counts_put_all(&b, c);
	r = file_replace(path, buf_str(&b), 0644, false, fault);
	buf_release(&b);
	return r;
}
