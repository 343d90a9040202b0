/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a line that adds or changes the configuration of a device, or
 * as the text of its label.  Beside what the sanitizers see: what was taken
 * keeps its limits, and a label gives the id and key that it was made of.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "registry/bootstrap_change.h"
#include "registry/claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool condition)
{
	if (!condition)
		abort();
}

static void
check(const struct bootstrap_change *c)
{
	size_t i;

	must(c->external_id.n <= EXTERNAL_ID_MAX);
	must(!(c->given & BOOTSTRAP_EXTERNAL_ID) ||
	    bootstrap_id_fault(c->external_id) == NULL);
	must(!(c->given & BOOTSTRAP_EXTERNAL_KEY) ||
	    change_key_fault(c->external_key) == NULL);
	must(change_name_fault(c->name) == NULL);
	must(c->content.n <= BOOTSTRAP_CONTENT_MAX && utf8_valid(c->content));
	must(c->client_cert.n <= BOOTSTRAP_PEM_MAX);
	must(c->ca_cert.n <= BOOTSTRAP_PEM_MAX);
	must(c->client_key.n <= BOOTSTRAP_CLIENT_KEY_MAX);
	must(c->n_channels <= BOOTSTRAP_CHANNELS_MAX);
	for (i = 0; i < c->n_channels; i++)
		must(c->channels[i].p != NULL);
}

/* these bytes, every one of them encoded, as the id and key of a label */
static void
check_claim(const uint8_t *data, size_t n)
{
	struct arena arena;
	struct claim claim;
	struct buf b;
	size_t i, turn;

	if (n == 0 || n > 200 || memchr(data, '\0', n) != NULL)
		return;
	buf_init(&b, 4096);
	for (turn = 0; turn < 2; turn++) {
		buf_puts(&b, turn ? "&key=" : "mfx:claim?id=");
		for (i = 0; i < n; i++)
			buf_printf(&b, "%%%02X", data[i]);
	}
	arena_init(&arena, 8192);
	must(claim_parse(buf_str(&b), &claim, &arena) == NULL);
	must(claim.id.n == n && memcmp(claim.id.p, data, n) == 0);
	must(str_eq(claim.id, claim.key) && claim.name.p == NULL);
	arena_release(&arena);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str line = { (const char *)data, n };
	struct bootstrap_changes s;

	bootstrap_changes_init(&s);
	for (s.verb = BOOTSTRAP_ADD; s.verb <= BOOTSTRAP_REMOVE; s.verb++)
		if (bootstrap_parse(&s, line) == NULL)
			check(&s.v[s.n - 1]);
	bootstrap_changes_release(&s);
	check_claim(data, n);
	return 0;
}
