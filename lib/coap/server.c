/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "coap/internal.h"
#include "coap/epoll_batch.h"
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
coap_server_open(struct coap_server **out, const struct coap_server_options *o,
    struct fault *fault)
{
	struct coap_server *sv = memory_zero(1, sizeof *sv);

	coap_startup();
	coap_set_log_handler(server_log_nothing);
	coap_set_log_level(LOG_EMERG);
	coap_dtls_set_log_level(LOG_EMERG);
	sv->o = *o;
	sv->batches = epoll_batch_works();
	sv->now = sv->swept = clock_ns();
	sv->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	sv->psk = sodium_malloc(THING_KEY_MAX);
	randombytes_buf(&sv->etag, sizeof sv->etag);
	subscriptions_init(&sv->subscriptions);
	dedup_init(&sv->dedup);
	usages_init(&sv->usages);
	coap_request_init(&sv->request);
	pack_init(&sv->pack);
	encodings_init(&sv->encodings);
	buf_init(&sv->text, HISTORY_MAX);
	buf_init(&sv->bytes, HISTORY_MAX);
	buf_init(&sv->subtopic, SUBTOPIC_MAX);
	if (sv->epoll_fd < 0 || sv->psk == NULL) {
		fault_errno(fault, EX_OSERR, "epoll");
		coap_server_close(sv);
		return -1;
	}
	if (o->bootstrap_attempts > 0 &&
	    coap_bootstrap_open(&sv->bootstrap, fault) < 0) {
		coap_server_close(sv);
		return -1;
	}
	*out = sv;
	return 0;
}

void
coap_server_close(struct coap_server *sv)
{
	int i;

	if (sv == NULL)
		return;
	while (sv->sessions != NULL)
		session_free(sv->sessions);
	listeners_close(sv);
	for (i = 0; i < COAP_SECURITIES; i++)
		coap_free_context(sv->contexts[i]);
	subscriptions_release(&sv->subscriptions);
	dedup_release(&sv->dedup);
	usages_release(&sv->usages);
	coap_request_release(&sv->request);
	pack_release(&sv->pack);
	encodings_release(&sv->encodings);
	buf_release(&sv->text);
	buf_release(&sv->bytes);
	buf_release(&sv->subtopic);
	coap_bootstrap_close(sv->bootstrap);
	sodium_free(sv->psk);
	tls_close(sv->tls);
	if (sv->epoll_fd >= 0)
		close(sv->epoll_fd);
	free(sv);
}

/* ---- turns ---- */

int
coap_server_fd(const struct coap_server *sv)
{
	return sv->epoll_fd;
}

int
coap_server_timeout(const struct coap_server *sv)
{
	if (sv->history_requests != NULL || sv->closing || sv->ending)
		return 0;
	return sv->ping_due ? 50 : 1000;
}

static void
server_ping_due(struct coap_server *sv)
{
	struct coap_session *p;

	if (!sv->ping_due)
		return;
	sv->ping_due = false;
	for (p = sv->sessions; p != NULL; p = p->next)
		if (p->observers != NULL)
			session_ping(p, false);
}

/* libcoap looks at its sessions: it sends again what is due, and frees what was
 * closed. */
static void
server_prepare(struct coap_server *sv)
{
	coap_tick_t now;
	int i;

	coap_ticks(&now);
	for (i = 0; i < COAP_SECURITIES; i++)
		if (sv->contexts[i] != NULL)
			coap_io_prepare_epoll(sv->contexts[i], now);
}

/* What sessions that have ended had, and then these themselves, which libcoap
 * keeps as long as something of ours refers to them. */
static void
server_end_due(struct coap_server *sv)
{
	if (!sv->closing && !sv->ending)
		return;
	sessions_disconnect_due(sv);
	sessions_end(sv);
	server_prepare(sv);
}

void
coap_server_run(struct coap_server *sv)
{
	sv->now = clock_ns();
	server_ping_due(sv);
	listeners_serve(sv);
	connections_unblocked(sv);
	observers_go_on(sv);
	history_requests_step(sv);
	if (sv->now - sv->swept >= STAMP_SECOND) {
		sv->swept = sv->now;
		sessions_sweep(sv);
		/* it sets no timer for what comes due while it looks (4.3.1) */
		server_prepare(sv);
	}
	if (sv->n_pending == 0)
		sessions_disconnect_released(sv);
	server_end_due(sv);
	if (sv->psk_key.length > 0) {
		sodium_memzero(sv->psk, THING_KEY_MAX);
		sv->psk_key.length = 0;
	}
}

void
coap_server_review(struct coap_server *sv)
{
	static const struct response gone = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the key of this session is no longer valid"
	};
	struct coap_session *p, *next;

	for (p = sv->sessions; p != NULL; p = next) {
		next = p->next;
		if (session_still_valid(p)) {
			observers_review(p);
			continue;
		}
		observers_end(p, &gone);
		session_disconnect(p);
	}
	server_end_due(sv);
}

int
coap_server_reload(struct coap_server *sv, struct fault *fault)
{
	static const struct response revoked = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the certificate of this session has been revoked"
	};
	struct coap_session *p, *next;

	if (sv->tls == NULL)
		return 0;
	if (tls_reload(sv->tls, fault) < 0)
		return -1;
	for (p = sv->sessions; p != NULL; p = next) {
		next = p->next;
		if (session_certificate_valid(p))
			continue;
		observers_end(p, &revoked);
		session_disconnect(p);
	}
	server_end_due(sv);
	return 0;
}

void
coap_server_stop(struct coap_server *sv)
{
	static const struct response stops = {
		.code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		.why = "the service stops; observe again"
	};
	struct coap_session *p;

	sv->stopping = true;
	for (p = sv->sessions; p != NULL; p = p->next)
		observers_end(p, &stops);
}

bool
coap_server_idle(const struct coap_server *sv)
{
	return sv->n_pending == 0;
}

const struct coap_counts *
coap_server_counts(const struct coap_server *sv)
{
	return &sv->counts;
}
