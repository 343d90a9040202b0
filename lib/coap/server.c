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
	struct coap_server *server = memory_zero(1, sizeof *server);

	coap_startup();
	coap_set_log_handler(server_log_nothing);
	coap_set_log_level(LOG_EMERG);
	coap_dtls_set_log_level(LOG_EMERG);
	server->o = *o;
	server->batches = epoll_batch_works();
	server->now = server->swept = clock_ns();
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->psk = sodium_malloc(THING_KEY_MAX);
	randombytes_buf(&server->etag, sizeof server->etag);
	subscriptions_init(&server->subscriptions);
	dedup_init(&server->dedup);
	usages_init(&server->usages);
	coap_request_init(&server->request);
	pack_init(&server->pack);
	encodings_init(&server->encodings);
	buf_init(&server->text, HISTORY_MAX);
	buf_init(&server->bytes, HISTORY_MAX);
	buf_init(&server->subtopic, SUBTOPIC_MAX);
	if (server->epoll_fd < 0 || server->psk == NULL) {
		fault_errno(fault, EX_OSERR, "epoll");
		coap_server_close(server);
		return -1;
	}
	if (o->bootstrap_attempts > 0 &&
	    coap_bootstrap_open(&server->bootstrap, fault) < 0) {
		coap_server_close(server);
		return -1;
	}
	*out = server;
	return 0;
}

void
coap_server_close(struct coap_server *server)
{
	int i;

	if (server == NULL)
		return;
	while (server->sessions != NULL)
		session_free(server->sessions);
	listeners_close(server);
	for (i = 0; i < COAP_SECURITIES; i++)
		coap_free_context(server->contexts[i]);
	subscriptions_release(&server->subscriptions);
	dedup_release(&server->dedup);
	usages_release(&server->usages);
	coap_request_release(&server->request);
	pack_release(&server->pack);
	encodings_release(&server->encodings);
	buf_release(&server->text);
	buf_release(&server->bytes);
	buf_release(&server->subtopic);
	coap_bootstrap_close(server->bootstrap);
	sodium_free(server->psk);
	tls_close(server->tls);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	free(server);
}

/* ---- turns ---- */

int
coap_server_fd(const struct coap_server *server)
{
	return server->epoll_fd;
}

int
coap_server_timeout(const struct coap_server *server)
{
	if (server->history_requests != NULL || server->closing ||
	    server->ending)
		return 0;
	return server->ping_due ? 50 : 1000;
}

static void
server_ping_due(struct coap_server *server)
{
	struct coap_session *p;

	if (!server->ping_due)
		return;
	server->ping_due = false;
	for (p = server->sessions; p != NULL; p = p->next)
		if (p->observers != NULL)
			session_ping(p, false);
}

/* libcoap looks at its sessions: it sends again what is due, and frees what was
 * closed. */
static void
server_prepare(struct coap_server *server)
{
	coap_tick_t now;
	int i;

	coap_ticks(&now);
	for (i = 0; i < COAP_SECURITIES; i++)
		if (server->contexts[i] != NULL)
			coap_io_prepare_epoll(server->contexts[i], now);
}

/* What sessions that have ended had, and then these themselves, which libcoap
 * keeps as long as something of ours refers to them. */
static void
server_end_due(struct coap_server *server)
{
	if (!server->closing && !server->ending)
		return;
	sessions_disconnect_due(server);
	sessions_end(server);
	server_prepare(server);
}

void
coap_server_run(struct coap_server *server)
{
	server->now = clock_ns();
	server_ping_due(server);
	listeners_serve(server);
	connections_unblocked(server);
	observers_go_on(server);
	history_requests_step(server);
	if (server->now - server->swept >= STAMP_SECOND) {
		server->swept = server->now;
		sessions_sweep(server);
		/* it sets no timer for what comes due while it looks (4.3.1) */
		server_prepare(server);
	}
	if (server->n_pending == 0)
		sessions_disconnect_released(server);
	server_end_due(server);
	if (server->psk_key.length > 0) {
		sodium_memzero(server->psk, THING_KEY_MAX);
		server->psk_key.length = 0;
	}
}

void
coap_server_review(struct coap_server *server)
{
	static const struct response gone = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the key of this session is no longer valid"
	};
	struct coap_session *p, *next;

	for (p = server->sessions; p != NULL; p = next) {
		next = p->next;
		if (session_still_valid(p)) {
			observers_review(p);
			continue;
		}
		observers_end(p, &gone);
		session_disconnect(p);
	}
	server_end_due(server);
}

int
coap_server_reload(struct coap_server *server, struct fault *fault)
{
	static const struct response revoked = {
		.code = COAP_RESPONSE_CODE_UNAUTHORIZED,
		.why = "the certificate of this session has been revoked"
	};
	struct coap_session *p, *next;

	if (server->tls == NULL)
		return 0;
	if (tls_reload(server->tls, fault) < 0)
		return -1;
	for (p = server->sessions; p != NULL; p = next) {
		next = p->next;
		if (session_certificate_valid(p))
			continue;
		observers_end(p, &revoked);
		session_disconnect(p);
	}
	server_end_due(server);
	return 0;
}

void
coap_server_stop(struct coap_server *server)
{
	static const struct response stops = {
		.code = COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE,
		.why = "the service stops; observe again"
	};
	struct coap_session *p;

	server->stopping = true;
	for (p = server->sessions; p != NULL; p = p->next)
		observers_end(p, &stops);
}

bool
coap_server_idle(const struct coap_server *server)
{
	return server->n_pending == 0;
}

const struct coap_counts *
coap_server_counts(const struct coap_server *server)
{
	return &server->counts;
}
