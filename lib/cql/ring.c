/* SPDX-License-Identifier: Apache-2.0 */
#include "cql/ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"

void
ring_release(struct ring *r)
{
	free(r->hosts);
	free(r->tokens);
	*r = (struct ring){ 0 };
}

int
ring_add_host(struct ring *r, struct str datacenter, struct str rack,
    void *node)
{
	struct ring_host *h;

	if (r->hosts_n == RING_HOSTS_MAX)
		return -1;
	if (r->hosts == NULL)
		r->hosts = memory_zero(RING_HOSTS_MAX, sizeof *r->hosts);
	h = &r->hosts[r->hosts_n];
	snprintf(h->datacenter, sizeof h->datacenter, "%.*s",
	    STR_ARG(datacenter));
	snprintf(h->rack, sizeof h->rack, "%.*s", STR_ARG(rack));
	h->node = node;
	return r->hosts_n++;
}

static bool
ring_token_parse(struct str s, int64_t *token)
{
	char text[24];

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return number_parse(text, INT64_MIN, INT64_MAX, token);
}

bool
ring_add_token(struct ring *r, int host, struct str text)
{
	int64_t token;

	if (r->tokens_n == RING_TOKENS_MAX || !ring_token_parse(text, &token))
		return false;
	if (r->tokens_n == r->tokens_cap) {
		r->tokens_cap = r->tokens_cap ? 2 * r->tokens_cap : 256;
		r->tokens = memory_resize(r->tokens,
		    r->tokens_cap * sizeof *r->tokens);
	}
	r->tokens[r->tokens_n++] = (struct ring_token){ token, host };
	return true;
}

static int
ring_compare(const void *a, const void *b)
{
	const struct ring_token *x = a, *y = b;

	return (x->token > y->token) - (x->token < y->token);
}

void
ring_sort(struct ring *r)
{
	if (r->tokens_n > 0)
		qsort(r->tokens, r->tokens_n, sizeof *r->tokens, ring_compare);
}

static bool
ring_ends_with(struct str s, const char *end)
{
	size_t n = strlen(end);

	return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

void
ring_replication_add(struct ring_replication *p, struct str key,
    struct str value, const char *datacenter)
{
	uint64_t factor = 0;
	size_t n = 0;

	if (str_eq(key, STR("class"))) {
		if (ring_ends_with(value, "NetworkTopologyStrategy"))
			p->kind = RING_NETWORK;
		else if (ring_ends_with(value, "SimpleStrategy"))
			p->kind = RING_SIMPLE;
		return;
	}
	/* "3", or "3/1" with transient replicas */
	while (n < value.n && value.p[n] != '/')
		n++;
	if ((str_eq(key, STR("replication_factor")) ||
	    str_eq(key, str_z(datacenter))) &&
	    number_digits((struct str){ value.p, n }, 1000, &factor))
		p->factor = (int)factor;
}

/* the first token that is not smaller, or the first of all */
static size_t
ring_find(const struct ring *r, int64_t token)
{
	size_t low = 0, high = r->tokens_n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (r->tokens[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->tokens_n ? low : 0;
}

/* what there is of a data center, and what was chosen so far */
struct ring_choice {
	const struct ring *ring;
	int *hosts, n, wanted;
	int repeats;		/* how many more may share a rack */
};

static bool
ring_chosen(const struct ring_choice *c, int host, bool rack)
{
	const struct ring_host *all = c->ring->hosts;
	int i;

	for (i = 0; i < c->n; i++)
		if (rack ? strcmp(all[c->hosts[i]].rack,
		    all[host].rack) == 0 : c->hosts[i] == host)
			return true;
	return false;
}

void
ring_measure(const struct ring *r, struct ring_replication *p,
    const char *datacenter)
{
	int i, j;

	p->hosts = p->kind == RING_SIMPLE ? r->hosts_n : 0;
	p->racks = 0;
	for (i = 0; i < r->hosts_n && p->kind == RING_NETWORK; i++) {
		if (strcmp(r->hosts[i].datacenter, datacenter) != 0)
			continue;
		p->hosts++;
		for (j = 0; j < i; j++)
			if (strcmp(r->hosts[j].datacenter, datacenter) == 0 &&
			    strcmp(r->hosts[j].rack, r->hosts[i].rack) == 0)
				break;
		p->racks += j == i;
	}
}

static void
ring_consider(struct ring_choice *c, int host, const char *datacenter)
{
	if (ring_chosen(c, host, false))
		return;
	if (datacenter != NULL) {
		if (strcmp(c->ring->hosts[host].datacenter, datacenter) != 0)
			return;
		if (ring_chosen(c, host, true) && c->repeats-- <= 0)
			return;
	}
	c->hosts[c->n++] = host;
}

int
ring_replicas(const struct ring *r, int64_t token,
    const struct ring_replication *p, const char *datacenter,
    int hosts[RING_REPLICAS_MAX])
{
	struct ring_choice c = { .ring = r, .hosts = hosts,
	    .repeats = p->factor - p->racks };
	size_t i, at;

	if (r->tokens_n == 0 || p->kind == RING_UNKNOWN)
		return 0;
	c.wanted = p->factor < p->hosts ? p->factor : p->hosts;
	if (c.wanted > RING_REPLICAS_MAX)
		c.wanted = RING_REPLICAS_MAX;
	at = ring_find(r, token);
	for (i = 0; i < r->tokens_n && c.n < c.wanted; i++)
		ring_consider(&c, r->tokens[(at + i) % r->tokens_n].host,
		    p->kind == RING_NETWORK ? datacenter : NULL);
	return c.n;
}
