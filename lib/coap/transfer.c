/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/transfer.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"
#include "coap/format.h"
#include "coap/internal.h"

static void
transfer_hash(crypto_generichash_state *h, struct str s)
{
	crypto_generichash_update(h, (const unsigned char *)&s.n, sizeof s.n);
	if (s.n > 0)
		crypto_generichash_update(h, (const unsigned char *)s.p, s.n);
}

uint64_t
transfer_about(const struct coap_request *q, const char *thing)
{
	crypto_generichash_state h;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	uint64_t about;

	crypto_generichash_init(&h, NULL, 0, sizeof hash);
	transfer_hash(&h, str_z(thing));
	transfer_hash(&h, q->channel);
	transfer_hash(&h, buf_str(&q->path));
	transfer_hash(&h, q->from);
	transfer_hash(&h, buf_str(&q->tags));
	crypto_generichash_update(&h, (const unsigned char *)&q->accept,
	    sizeof q->accept);
	crypto_generichash_final(&h, hash, sizeof hash);
	memcpy(&about, hash, sizeof about);
	return about;
}

/* ---- the list of a thing, oldest first ---- */

static void
transfer_append(struct transfer *t)
{
	struct share *s = t->share;

	t->older = s->newest;
	t->newer = NULL;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = t;
	s->newest = t;
}

static void
transfer_remove(struct transfer *t)
{
	struct share *s = t->share;

	*(t->older != NULL ? &t->older->newer : &s->oldest) = t->newer;
	*(t->newer != NULL ? &t->newer->older : &s->newest) = t->older;
}

/* ---- one ---- */

struct transfer *
transfer_find(const struct coap_session *p, uint64_t about, bool upload)
{
	struct transfer *t;

	for (t = p->transfers; t != NULL; t = t->next)
		if (t->about == about && t->upload == upload)
			break;
	if (t == NULL)
		return NULL;
	t->used = p->server->now;
	transfer_remove(t);
	transfer_append(t);
	return t;
}

struct transfer *
transfer_new(struct coap_server *sv, struct coap_session *p, const char *thing,
    uint64_t about, bool upload, size_t max)
{
	struct transfer *t;

	transfer_free(transfer_find(p, about, upload));
	t = memory_zero(1, sizeof *t);
	t->session = p;
	t->share = share_get(&sv->shares, 't', str_z(thing));
	t->share->key = budget_key(sv->o.budget, str_z(thing));
	if (t->share->transfers == TRANSFERS_OF_ONE)
		transfer_free(t->share->oldest);
	t->share->transfers++;
	buf_init(&t->b, max);
	t->about = about;
	t->upload = upload;
	t->format = FORMAT_NONE;
	t->used = sv->now;
	t->next = p->transfers;
	p->transfers = t;
	transfer_append(t);
	session_hold(p);
	return t;
}

void
transfer_free(struct transfer *t)
{
	struct coap_server *sv;
	struct transfer **p;

	if (t == NULL)
		return;
	sv = t->session->server;
	for (p = &t->session->transfers; *p != t; p = &(*p)->next)
		;
	*p = t->next;
	transfer_remove(t);
	t->share->transfers--;
	t->share->bytes -= t->counted;
	budget_free(sv->o.budget, t->counted);
	budget_drop(sv->o.budget, t->share->key, t->counted);
	sv->transfer_bytes -= t->counted;
	share_put(&sv->shares, t->share);
	session_release(t->session);
	buf_release(&t->b);
	free(t);
}

/* Others go until what there is is within the limits; false when this one
 * would have to. */
static bool
transfer_make_room(struct transfer *t)
{
	struct coap_server *sv = t->session->server;
	struct transfer *oldest;

	while (t->share->bytes > TRANSFER_BYTES / 8 ||
	    sv->transfer_bytes > TRANSFER_BYTES) {
		oldest = t->share->bytes > TRANSFER_BYTES / 8 ?
		    t->share->oldest : shares_greediest(&sv->shares)->oldest;
		if (oldest == t)
			return false;
		transfer_free(oldest);
	}
	return true;
}

/* Its thing gives up its older ones for it. */
static bool
transfer_keep(struct transfer *t, size_t n)
{
	struct budget *b = t->session->server->o.budget;

	while (!budget_keep(b, t->share->key, n)) {
		if (t->share->oldest == t)
			return false;
		transfer_free(t->share->oldest);
	}
	budget_hold(b, n);
	return true;
}

bool
transfer_put(struct transfer *t, struct str bytes)
{
	struct coap_server *sv = t->session->server;
	size_t more;

	buf_put_str(&t->b, bytes);
	more = t->b.cap - t->counted;
	if (more > 0 && !transfer_keep(t, more))
		return false;
	t->counted += more;
	t->share->bytes += more;
	sv->transfer_bytes += more;
	return transfer_make_room(t);
}

void
transfers_end(struct coap_session *p)
{
	while (p->transfers != NULL)
		transfer_free(p->transfers);
}

void
transfers_sweep(struct coap_session *p, int64_t since)
{
	struct transfer *t, *next;

	for (t = p->transfers; t != NULL; t = next) {
		next = t->next;
		if (t->used < since)
			transfer_free(t);
	}
}
