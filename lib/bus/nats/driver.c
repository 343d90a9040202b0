/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/nats/driver.h"

#include "base/memory.h"

/* answers: an entry of a stream with many groups or subjects */
#define ARENA_MAX ((size_t)64 << 20)

const struct bus_host *nats_host;

void
nats_bus_release(struct nats_bus *b)
{
	if (atomic_fetch_sub(&b->users, 1) != 1)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static void
nats_bus_close(struct bus *head)
{
	struct nats_bus *b = (struct nats_bus *)head;

	hub_close(b);
	arena_release(&b->arena);
	nats_url_release(&b->url);
	nats_bus_release(b);
}

/* no connection yet: a bus may be opened before it is there */
static int
nats_bus_open(struct bus **out, const char *rest, struct fault *fault)
{
	struct nats_bus *b = memory_zero(1, sizeof *b);

	b->users = 1;
	pthread_mutex_init(&b->lock, NULL);
	arena_init(&b->arena, ARENA_MAX);
	if (nats_url_parse(&b->url, rest ? rest : "", fault) < 0) {
		nats_bus_close(&b->head);
		return -1;
	}
	b->head.name = b->url.name;
	*out = &b->head;
	return 0;
}

/* Every wait looks whether the hub is up. */
static void
nats_bus_abandon(struct bus *head)
{
	struct nats_bus *b = (struct nats_bus *)head;

	b->abandoned = true;
	hub_wake(b);
}

static const struct bus_driver nats_driver = {
	.scheme = "nats", .unit = "messages", .unit_bits = MESSAGE_BITS,
	.waits = true,
	.writer = &nats_writer_ops, .reader = &nats_reader_ops,
	.group = &nats_group_ops, .source = &nats_source_ops,
	.open = nats_bus_open, .close = nats_bus_close,
	.abandon = nats_bus_abandon,
	.exists = nats_exists, .streams = nats_streams,
	.find = nats_find, .stat = nats_stat, .lag = nats_lag,
	.prune = nats_prune, .verify = nats_verify
};

__attribute__((visibility("default")))
const struct bus_driver *
mfx_bus_driver(const struct bus_host *host)
{
	nats_host = host;
	return strcmp(host->version, MFX_VERSION) == 0 ? &nats_driver : NULL;
}
