/* SPDX-License-Identifier: Apache-2.0 */
#include "mqtt/refusal_log.h"

#include <stdlib.h>

#include "base/address.h"
#include "base/memory.h"
#include "base/stamp.h"
#include "net/rate_limit.h"

#define SETS 1024
#define NAMES 10		/* of an address, that have all of theirs */
#define KEY_MAX 256
/* what is counted: an address alone, or followed by a name */
#define OF_ADDRESS 'a'
#define OF_NAME 'n'

struct refusal_log {
	struct rate_limit *counts;
	struct rate of_name, of_address;
};

struct refusal_log *
refusal_log_open(unsigned limit)
{
	struct refusal_log *l = memory_zero(1, sizeof *l);

	l->of_name = (struct rate){ limit, 60 * STAMP_SECOND };
	l->of_address = (struct rate){ limit * NAMES, 60 * STAMP_SECOND };
	l->counts = rate_limit_open(SETS);
	return l;
}

void
refusal_log_close(struct refusal_log *l)
{
	if (l == NULL)
		return;
	rate_limit_close(l->counts);
	free(l);
}

/* the address, then the name as far as there is room; their length, and that
 * of the address */
static size_t
refusal_log_key(const char *address, const char *name, char to[KEY_MAX],
    size_t *address_n)
{
	unsigned char network[16];
	struct address a;
	size_t n = strnlen(name, KEY_MAX - 64);

	if (address_parse(&a, str_z(address))) {
		*address_n = address_network(&a, network);
		memcpy(to, network, *address_n);
	} else {
		*address_n = strnlen(address, 64);
		memcpy(to, address, *address_n);
	}
	memcpy(to + *address_n, name, n);
	return *address_n + n;
}

static bool
refusal_log_take(struct refusal_log *l, char kind, struct str name,
    struct rate rate, int64_t now, bool *last)
{
	if (rate_limit_take(l->counts, kind, name, rate, now) > 0)
		return false;
	*last |= rate_limit_spent(l->counts, kind, name, rate, now);
	return true;
}

bool
refusal_log_wants(struct refusal_log *l, const char *address,
    const char *name, int64_t now, bool *last)
{
	char key[KEY_MAX];
	size_t address_n, n;

	*last = false;
	if (l->of_name.n == 0)
		return true;
	n = refusal_log_key(address, name, key, &address_n);
	now *= STAMP_SECOND / 1000;
	return refusal_log_take(l, OF_NAME, (struct str){ key, n },
	    l->of_name, now, last) &&
	    refusal_log_take(l, OF_ADDRESS, (struct str){ key, address_n },
	    l->of_address, now, last);
}
