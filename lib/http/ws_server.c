/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/stamp.h"
#include "http/ws_server.h"

/* connections taken in one turn from one socket */
#define ACCEPT_BURST 64
/* request line and headers: a key may have 4096 bytes, a path 3 * 1024 */
#define HEADERS_MAX (16 * 1024)
#define READ_BYTES 4096
/* seconds for a handshake, and for a client that is ended to take note */
#define HANDSHAKE_TIME 20
#define ENDING_TIME 20

/* ---- sockets ---- */

static struct ws_watch *
watch_new(struct ws *s, int fd, bool listens,
    void (*call)(struct ev_loop *, struct ev_io *, int))
{
	struct ws_watch *w = s->watches;

	while (w < s->watches + WS_WATCH_MAX && w->fd >= 0)
		w++;
	if (w == s->watches + WS_WATCH_MAX)
		return NULL;
	w->fd = fd;
	w->ws = s;
	w->listens = listens;
	ev_io_init(&w->io, call, fd, EV_READ);
	ev_io_start(s->loop, &w->io);
	return w;
}

static void
watch_free(struct ws_watch *w)
{
	ev_io_stop(w->ws->loop, &w->io);
	w->fd = -1;
}

/* Hands a connection to lws; closes it when that can't be. */
static bool
adopt(struct ws *s, int fd)
{
	lws_adopt_desc_t d = {
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP |
		    LWS_ADOPT_ALLOW_SSL,
		.fd = { .sockfd = fd },
	};
	struct ws_client *c = ws_client_new(s, fd);
	struct lws *wsi;
	int on = 1;

	if (!ws_client_forwarded(c) && ws_client_crowded(c)) {
		ws_client_free(c);
		close(fd);
		return false;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	d.vh = lws_get_vhost_by_name(s->context, "default");
	d.opaque = c;
	s->adopted = c;
	wsi = lws_adopt_descriptor_vhost_via_info(&d);
	if (wsi != NULL) {
		c->wsi = wsi;
		s->adopted = NULL;
		return true;
	}
	/* lws has closed the socket, and may have ended the client already */
	if (s->adopted != NULL)
		ws_client_free(s->adopted);
	return false;
}

static void
pause_accepting(struct ws *s, bool pause)
{
	struct ws_watch *w;

	if (s->paused == pause)
		return;
	s->paused = pause;
	for (w = s->watches; w < s->watches + WS_WATCH_MAX; w++) {
		if (w->fd < 0 || !w->listens)
			continue;
		if (pause)
			ev_io_stop(s->loop, &w->io);
		else
			ev_io_start(s->loop, &w->io);
	}
}

static void
accept_some(struct ev_loop *loop, struct ev_io *io, int events)
{
	struct ws_watch *w = (struct ws_watch *)io;
	struct ws *s = w->ws;
	int fd, burst;

	(void)loop;
	(void)events;
	for (burst = 0; burst < ACCEPT_BURST; burst++) {
		if (s->connections >= s->options.max_connections) {
			pause_accepting(s, true);
			return;
		}
		fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			adopt(s, fd);
			continue;
		}
		/* out of files: until the next sweep */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			pause_accepting(s, true);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

bool
ws_listen(struct ws *s, int fd)
{
	return watch_new(s, fd, true, accept_some) != NULL;
}

int
ws_listener(const struct ws *s, int i)
{
	const struct ws_watch *w;

	for (w = s->watches; w < s->watches + WS_WATCH_MAX; w++)
		if (w->fd >= 0 && w->listens && i-- == 0)
			return w->fd;
	return -1;
}

int
ws_adopt(struct ws *s, int fd, struct fault *fault)
{
	return adopt(s, fd) ? 0 :
	    fault_set(fault, EX_TEMPFAIL, "connection can't be served");
}

static void
wake(struct ev_loop *loop, struct ev_io *io, int events)
{
	(void)loop;
	(void)io;
	(void)events;
}

bool
ws_watch(struct ws *s, int fd)
{
	return watch_new(s, fd, false, wake) != NULL;
}

void
ws_unwatch(struct ws *s, int fd)
{
	struct ws_watch *w;

	for (w = s->watches; w < s->watches + WS_WATCH_MAX; w++)
		if (w->fd == fd && !w->listens)
			watch_free(w);
}

/* ---- time ---- */

static void
timer_wake(struct ev_loop *loop, struct ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
}

/* Who is silent is asked, and who does not answer goes, as does who does
 * not take note of its end. */
static void
sweep(struct ws *s)
{
	int64_t timeout = (s->options.timeout + STAMP_SECOND - 1) /
	    STAMP_SECOND;
	struct ws_client *c, *next;

	for (c = s->first; c != NULL; c = next) {
		next = c->next;
		if (c->end != 0) {
			if (s->now - c->ending > ENDING_TIME)
				ws_client_kill(c);
		} else if (s->now - c->heard > timeout) {
			ws_client_kill(c);
		} else if (c->open && !c->pinged &&
		    s->now - c->heard >= timeout / 2) {
			c->pinged = c->ping_due = true;
			lws_callback_on_writable(c->wsi);
		}
	}
	if (!s->stopping && s->connections < s->options.max_connections)
		pause_accepting(s, false);
}

void
ws_turn(struct ws *s, int timeout)
{
	s->now = clock_ns() / STAMP_SECOND;
	if (timeout > 0) {
		ev_now_update(s->loop);
		ev_timer_set(&s->timer, timeout / 1000.0, 0.0);
		ev_timer_start(s->loop, &s->timer);
	}
	ev_run(s->loop, timeout > 0 ? EVRUN_ONCE : EVRUN_NOWAIT);
	ev_timer_stop(s->loop, &s->timer);
	if (s->now != s->swept)
		sweep(s);
	s->swept = s->now;
}

/* ---- begin and end ---- */

static int
start(struct ws *s, struct fault *fault)
{
	static const lws_retry_bo_t never = { .secs_since_valid_ping = 0 };
	static const struct lws_protocols protocols[] = {
		{ "mfx", ws_callback, 0, READ_BYTES, 0, NULL,
		    WS_OUT_BYTES },
		{ NULL, NULL, 0, 0, 0, NULL, 0 }
	};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols, .user = s, .gid = -1, .uid = -1,
		.options = LWS_SERVER_OPTION_LIBEV |
		    LWS_SERVER_OPTION_VALIDATE_UTF8,
		.max_http_header_data2 = HEADERS_MAX,
		.timeout_secs = HANDSHAKE_TIME,
		.keepalive_timeout = HANDSHAKE_TIME,
		.retry_and_idle_policy = &never,
		.server_string = "mfx", .alpn = "http/1.1",
	};
	void *loops[1] = { s->loop };

	info.foreign_loops = loops;
	if (s->options.tls != NULL)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
		    LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
	lws_set_log_level(0, NULL);
	fault->status = 0;
	s->fault = fault;
	s->context = lws_create_context(&info);
	s->fault = NULL;
	if (s->context != NULL && s->options.tls != NULL && !s->tls)
		return fault_set(fault, EX_SOFTWARE,
		    "libwebsockets has not set up TLS");
	s->options.tls = NULL;
	if (s->context != NULL)
		return 0;
	return fault->status != 0 ? -1 : fault_set(fault, EX_UNAVAILABLE,
	    "libwebsockets can't be started with libev; is its plugin "
	    "(libwebsockets-evlib-ev) there?");
}

/* A signal stays pending; that there is one ends the wait. */
static int
watch_signals(struct ws *s, struct fault *fault)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signal_fd < 0)
		return fault_errno(fault, EX_OSERR, "signalfd");
	ev_io_init(&s->signals, wake, s->signal_fd, EV_READ);
	ev_io_start(s->loop, &s->signals);
	return 0;
}

int
ws_open(struct ws **out, const struct ws_options *options,
    struct fault *fault)
{
	struct ws *s = memory_zero(1, sizeof *s);
	int i;

	s->options = *options;
	s->signal_fd = -1;
	s->now = s->swept = clock_ns() / STAMP_SECOND;
	for (i = 0; i < WS_WATCH_MAX; i++)
		s->watches[i].fd = -1;
	s->out = memory_get(WS_OUT_BYTES);
	s->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (s->loop == NULL)
		fault_set(fault, EX_OSERR, "libev can't be started");
	else if (start(s, fault) == 0 && watch_signals(s, fault) == 0) {
		ev_timer_init(&s->timer, timer_wake, 0.0, 0.0);
		*out = s;
		return 0;
	}
	ws_close(s);
	return -1;
}

static void
listeners_close(struct ws *s)
{
	struct ws_watch *w;

	for (w = s->watches; w < s->watches + WS_WATCH_MAX; w++)
		if (w->fd >= 0 && w->listens) {
			close(w->fd);
			watch_free(w);
		}
}

void
ws_close(struct ws *s)
{
	if (s == NULL)
		return;
	listeners_close(s);
	if (s->context != NULL)
		lws_context_destroy(s->context);
	if (s->signal_fd >= 0) {
		ev_io_stop(s->loop, &s->signals);
		close(s->signal_fd);
	}
	if (s->loop != NULL)
		ev_loop_destroy(s->loop);
	free(s->out);
	free(s);
}

void
ws_stop(struct ws *s)
{
	struct ws_client *c, *next;

	s->stopping = true;
	listeners_close(s);
	ev_io_stop(s->loop, &s->signals);
	for (c = s->first; c != NULL; c = next) {
		next = c->next;
		if (c->open)
			ws_end(c, WS_GOING_AWAY, "the server is stopped");
		else
			ws_client_kill(c);
	}
}

unsigned
ws_connections(const struct ws *s)
{
	return s->connections;
}

uint64_t
ws_slow(const struct ws *s)
{
	return s->slow;
}

uint64_t
ws_frames(const struct ws *s)
{
	return s->frames;
}
