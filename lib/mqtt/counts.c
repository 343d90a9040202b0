/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/counts.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/metrics.h"

#define PREFIX "mqtt_broker_"

static void
counts_put(struct metrics *m, const char *name, const char *help, uint64_t n)
{
	metric_put_head(m, name, "counter", help);
	metric_put(m, name, NULL, n);
}

static void
counts_put_reasons(struct metrics *m, const char *name, const char *help,
    const char *const *words, const uint64_t *n, int reasons)
{
	char label[64];
	int i;

	metric_put_head(m, name, "counter", help);
	for (i = 0; i < reasons; i++) {
		snprintf(label, sizeof label, "reason=\"%s\"", words[i]);
		metric_put(m, name, label, n[i]);
	}
}

static void
counts_put_refused(struct metrics *m, const struct counts *c)
{
	static const char *const client[CLIENT_REASONS] = {
		"key", "certificate", "user_name", "client_id", "sessions",
		"registry"
	};
	static const char *const message[MESSAGE_REASONS] = {
		"topic", "channel", "size", "bus"
	};

	counts_put_reasons(m, PREFIX "clients_refused_total",
	    "Clients that were refused.", client, c->client, CLIENT_REASONS);
	counts_put_reasons(m, PREFIX "messages_refused_total",
	    "Messages that were refused.", message, c->message,
	    MESSAGE_REASONS);
	counts_put(m, PREFIX "subscriptions_refused_total",
	    "Subscriptions that were refused.", c->filters);
}

static void
counts_put_all(struct metrics *m, const struct counts *c)
{
	metric_put_head(m, PREFIX "clients", "gauge", "Clients connected.");
	metric_put(m, PREFIX "clients", NULL, c->clients);
	counts_put(m, PREFIX "messages_total", "Messages put on the bus.",
	    c->published);
	counts_put(m, PREFIX "wills_total", "Wills put on the bus.", c->wills);
	counts_put(m, PREFIX "repeated_total",
	    "Duplicate messages of QoS 2.", c->repeated);
	counts_put(m, PREFIX "lost_total",
	    "Messages of QoS 0 lost when the bus could not be written.",
	    c->lost);
	counts_put(m, PREFIX "delivered_total",
	    "Messages given to sessions of subscribers.", c->delivered);
	counts_put(m, PREFIX "withheld_total",
	    "Messages withheld from subscribers without access.",
	    c->withheld);
	counts_put(m, PREFIX "not_retained_total",
	    "Messages delivered but not retained.", c->not_retained);
	counts_put_refused(m, c);
}

/* ---- reading it ---- */

static bool
counts_take(struct str *s, struct str what)
{
	if (s->n < what.n || memcmp(s->p, what.p, what.n) != 0)
		return false;
	*s = str_from(*s, what.n);
	return true;
}

/* How many of these bytes there are, at least one; they are taken. */
static bool
counts_take_of(struct str *s, const char *bytes)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != '\0' && strchr(bytes, s->p[n]) != NULL)
		n++;
	*s = str_from(*s, n);
	return n > 0;
}

static bool
counts_take_word(struct str *s)
{
	return counts_take_of(s, "abcdefghijklmnopqrstuvwxyz_");
}

static bool
counts_line_valid(struct str s)
{
	size_t i;

	if (counts_take(&s, STR("# HELP " PREFIX)) && counts_take_word(&s)) {
		for (i = 0; i < s.n; i++)
			if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '\\')
				return false;
		return counts_take(&s, STR(" "));
	}
	if (counts_take(&s, STR("# TYPE " PREFIX)))
		return counts_take_word(&s) && counts_take(&s, STR(" ")) &&
		    (str_eq(s, STR("counter")) || str_eq(s, STR("gauge")));
	if (!counts_take(&s, STR(PREFIX)) || !counts_take_word(&s))
		return false;
	if (counts_take(&s, STR("{reason=\"")) &&
	    (!counts_take_word(&s) || !counts_take(&s, STR("\"}"))))
		return false;
	return counts_take(&s, STR(" ")) && counts_take_of(&s, "0123456789") &&
	    s.n == 0;
}

bool
counts_valid(struct str text)
{
	const char *end;
	struct str line;

	while (text.n > 0) {
		end = memchr(text.p, '\n', text.n);
		if (end == NULL)
			return false;
		line = (struct str){ text.p, (size_t)(end - text.p) };
		if (!counts_line_valid(line))
			return false;
		text = str_from(text, line.n + 1);
	}
	return true;
}

void
counts_run(const struct counts *c)
{
	struct metrics file = { .page = NULL };

	counts_put_all(&file, c);
}

int
counts_write(const char *path, const struct counts *c, struct fault *fault)
{
	struct buf b;
	struct metrics page = { .page = &b };
	int r;

	buf_init(&b, COUNTS_MAX);
	counts_put_all(&page, c);
	r = file_replace(path, buf_str(&b), 0644, false, fault);
	buf_release(&b);
	return r;
}
