/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/memory.h"
#include "coap/internal.h"
#include "coap/repeat.h"
#include "net/tls.h"
#include "registry/keyring.h"

#define HISTORY_MAX ((size_t)256 * 1024)

static void
server_log_nothing(coap_log_t level, const char *message)
{
	(void)level;
	(void)message;
}

int
station_open(struct station **out, const struct station_options *o,
    struct fault *fault)
{
	struct station *st = memory_zero(1, sizeof *st);

	coap_startup();
	coap_set_log_handler(server_log_nothing);
	coap_set_log_level(LOG_EMERG);
	coap_dtls_set_log_level(LOG_EMERG);
	st->o = *o;
	st->repeats = repeat_works();
	st->now = st->swept = station_clock();
	st->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	st->psk = sodium_malloc(THING_KEY_MAX);
	randombytes_buf(&st->etag, sizeof st->etag);
	subscriptions_init(&st->subscriptions);
	exchanges_init(&st->exchanges);
	shares_init(&st->shares);
	asked_init(&st->asked);
	pack_init(&st->pack);
	notes_init(&st->notes);
	buf_init(&st->text, HISTORY_MAX);
	buf_init(&st->bytes, HISTORY_MAX);
	buf_init(&st->subtopic, SUBTOPIC_MAX);
	if (st->epoll_fd < 0 || st->psk == NULL) {
		fault_errno(fault, EX_OSERR, "epoll");
		station_close(st);
		return -1;
	}
	*out = st;
	return 0;
}

void
station_close(struct station *st)
{
	int i;

	if (st == NULL)
		return;
	while (st->peers != NULL)
		peer_free(st->peers);
	doors_close(st);
	for (i = 0; i < STATION_KINDS; i++)
		coap_free_context(st->contexts[i]);
	subscriptions_release(&st->subscriptions);
	exchanges_release(&st->exchanges);
	shares_release(&st->shares);
	asked_release(&st->asked);
	pack_release(&st->pack);
	notes_release(&st->notes);
	buf_release(&st->text);
	buf_release(&st->bytes);
	buf_release(&st->subtopic);
	sodium_free(st->psk);
	tls_close(st->tls);
	if (st->epoll_fd >= 0)
		close(st->epoll_fd);
	free(st);
}

/* ---- turns ---- */

int
station_fd(const struct station *st)
{
	return st->epoll_fd;
}

int
station_timeout(const struct station *st)
{
	if (st->recalls != NULL || st->closing || st->ending)
		return 0;
	return st->impatient ? 50 : 1000;
}

static void
server_ask_again(struct station *st)
{
	struct peer *p;

	if (!st->impatient)
		return;
	st->impatient = false;
	for (p = st->peers; p != NULL; p = p->next)
		if (p->observers != NULL)
			peer_ask(p, false);
}

/* libcoap looks at its sessions: it sends again what is due, and frees what was
 * closed. */
static void
server_look(struct station *st)
{
	coap_tick_t now;
	int i;

	coap_ticks(&now);
	for (i = 0; i < STATION_KINDS; i++)
		if (st->contexts[i] != NULL)
			coap_io_prepare_epoll(st->contexts[i], now);
}

/* What sessions that have ended had, and then these themselves, which libcoap
 * keeps as long as something of ours refers to them. */
static void
server_end_due(struct station *st)
{
	if (!st->closing && !st->ending)
		return;
	peers_close_due(st);
	peers_end(st);
	server_look(st);
}

void
station_run(struct station *st)
{
	st->now = station_clock();
	server_ask_again(st);
	doors_serve(st);
	observers_go_on(st);
	recalls_go_on(st);
	if (st->now - st->swept >= STAMP_SECOND) {
		st->swept = st->now;
		peers_sweep(st);
		/* it sets no timer for what comes due while it looks (4.3.1) */
		server_look(st);
	}
	if (st->n_waiting == 0)
		peers_close_released(st);
	server_end_due(st);
	if (st->psk_key.length > 0) {
		sodium_memzero(st->psk, THING_KEY_MAX);
		st->psk_key.length = 0;
	}
}

void
station_review(struct station *st)
{
	static const struct reply gone = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the key of this session is no longer valid"
	};
	struct peer *p, *next;

	for (p = st->peers; p != NULL; p = next) {
		next = p->next;
		if (peer_still_valid(p)) {
			observers_review(p);
			continue;
		}
		observers_end(p, &gone);
		peer_close(p);
	}
	server_end_due(st);
}

int
station_reload(struct station *st, struct fault *fault)
{
	static const struct reply revoked = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the certificate of this session has been revoked"
	};
	struct peer *p, *next;

	if (st->tls == NULL)
		return 0;
	if (tls_reload(st->tls, fault) < 0)
		return -1;
	for (p = st->peers; p != NULL; p = next) {
		next = p->next;
		if (peer_certificate_valid(p))
			continue;
		observers_end(p, &revoked);
		peer_close(p);
	}
	server_end_due(st);
	return 0;
}

void
station_stop(struct station *st)
{
	static const struct reply stops = {
		.code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		.why = "the service stops; observe again"
	};
	struct peer *p;

	st->stopping = true;
	for (p = st->peers; p != NULL; p = p->next)
		observers_end(p, &stops);
}

bool
station_idle(const struct station *st)
{
	return st->n_waiting == 0;
}

const struct station_counts *
station_counts(const struct station *st)
{
	return &st->counts;
}
