/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/block_transfer.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "coap/format.h"
#include "coap/internal.h"

static void
block_transfer_hash(crypto_generichash_state *h, struct str s)
{
	crypto_generichash_update(h, (const unsigned char *)&s.n, sizeof s.n);
	if (s.n > 0)
		crypto_generichash_update(h, (const unsigned char *)s.p, s.n);
}

uint64_t
block_transfer_key(const struct coap_request *q, const char *thing)
{
	crypto_generichash_state h;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	uint64_t key;

	crypto_generichash_init(&h, NULL, 0, sizeof hash);
	block_transfer_hash(&h, str_z(thing));
	block_transfer_hash(&h, q->channel);
	block_transfer_hash(&h, buf_str(&q->path));
	block_transfer_hash(&h, q->from);
	block_transfer_hash(&h, buf_str(&q->tags));
	crypto_generichash_update(&h, (const unsigned char *)&q->accept,
	    sizeof q->accept);
	crypto_generichash_final(&h, hash, sizeof hash);
	memcpy(&key, hash, sizeof key);
	return key;
}

/* ---- the list of a thing, oldest first ---- */

static void
block_transfer_append(struct block_transfer *t)
{
	struct usage *s = t->usage;

	t->older = s->newest;
	t->newer = NULL;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = t;
	s->newest = t;
}

static void
block_transfer_remove(struct block_transfer *t)
{
	struct usage *s = t->usage;

	*(t->older != NULL ? &t->older->newer : &s->oldest) = t->newer;
	*(t->newer != NULL ? &t->newer->older : &s->newest) = t->older;
}

/* ---- one ---- */

struct block_transfer *
block_transfer_find(const struct coap_session *p, uint64_t key, bool upload)
{
	struct block_transfer *t;

	for (t = p->transfers; t != NULL; t = t->next)
		if (t->key == key && t->upload == upload)
			break;
	if (t == NULL)
		return NULL;
	t->used = p->server->now;
	block_transfer_remove(t);
	block_transfer_append(t);
	return t;
}

struct block_transfer *
block_transfer_new(struct coap_server *server, struct coap_session *p,
    const char *thing, uint64_t key, bool upload, size_t max)
{
	struct block_transfer *t;

	block_transfer_free(block_transfer_find(p, key, upload));
	t = memory_zero(1, sizeof *t);
	t->session = p;
	t->usage = usage_get(&server->usages, 't', str_z(thing));
	t->usage->key = budget_key(server->o.budget, str_z(thing));
	if (t->usage->transfers == TRANSFERS_PER_THING)
		block_transfer_free(t->usage->oldest);
	t->usage->transfers++;
	buf_init(&t->b, max);
	t->key = key;
	t->upload = upload;
	t->format = FORMAT_NONE;
	t->used = server->now;
	t->next = p->transfers;
	p->transfers = t;
	block_transfer_append(t);
	session_hold(p);
	return t;
}

void
block_transfer_free(struct block_transfer *t)
{
	struct coap_server *server;
	struct block_transfer **p;

	if (t == NULL)
		return;
	server = t->session->server;
	for (p = &t->session->transfers; *p != t; p = &(*p)->next)
		;
	*p = t->next;
	block_transfer_remove(t);
	t->usage->transfers--;
	t->usage->bytes -= t->counted;
	budget_free(server->o.budget, t->counted);
	budget_drop(server->o.budget, t->usage->key, t->counted);
	server->transfer_bytes -= t->counted;
	usage_put(&server->usages, t->usage);
	session_release(t->session);
	if (t->secret)
		secret_release(&t->b);
	buf_release(&t->b);
	free(t);
}

/* Others go until what there is is within the limits; false when this one
 * would have to. */
static bool
block_transfer_make_room(struct block_transfer *t)
{
	struct coap_server *server = t->session->server;
	struct block_transfer *oldest;

	while (t->usage->bytes > TRANSFER_BYTES / 8 ||
	    server->transfer_bytes > TRANSFER_BYTES) {
		oldest = t->usage->bytes > TRANSFER_BYTES / 8 ?
		    t->usage->oldest : usages_largest(&server->usages)->oldest;
		if (oldest == t)
			return false;
		block_transfer_free(oldest);
	}
	return true;
}

/* Its thing gives up its older ones for it. */
static bool
block_transfer_keep(struct block_transfer *t, size_t n)
{
	struct budget *b = t->session->server->o.budget;

	while (!budget_keep(b, t->usage->key, n)) {
		if (t->usage->oldest == t)
			return false;
		block_transfer_free(t->usage->oldest);
	}
	budget_hold(b, n);
	return true;
}

bool
block_transfer_put(struct block_transfer *t, struct str bytes)
{
	struct coap_server *server = t->session->server;
	size_t more;

	buf_put_str(&t->b, bytes);
	more = t->b.cap - t->counted;
	if (more > 0 && !block_transfer_keep(t, more))
		return false;
	t->counted += more;
	t->usage->bytes += more;
	server->transfer_bytes += more;
	return block_transfer_make_room(t);
}

void
block_transfers_end(struct coap_session *p)
{
	while (p->transfers != NULL)
		block_transfer_free(p->transfers);
}

void
block_transfers_sweep(struct coap_session *p, int64_t since)
{
	struct block_transfer *t, *next;

	for (t = p->transfers; t != NULL; t = next) {
		next = t->next;
		if (t->used < since)
			block_transfer_free(t);
	}
}
