/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cassandra/replication.h"

#include <inttypes.h>
#include <sysexits.h>

#include "base/number.h"

#define REPLICATION_MAX 100
#define REPLICATION_NAME_MAX 48
#define REPLICATION_NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789._-"

static int
replication_wrong(const char *text, struct fault *fault)
{
	return fault_set(fault, EX_USAGE, "--replication '%.80s': not a number "
	    "of copies from 1 to %d, or DATACENTER:N,DATACENTER:N", text,
	    REPLICATION_MAX);
}

static bool
replication_put_one(struct buf *to, struct str name, struct str number)
{
	uint64_t n;

	if (!number_digits(number, REPLICATION_MAX, &n) || n == 0)
		return false;
	buf_printf(to, ", '%.*s': %" PRIu64, STR_ARG(name), n);
	return true;
}

int
replication_put(struct buf *to, const char *text, struct fault *fault)
{
	const char *at = text;
	size_t n, name;

	buf_puts(to, "{'class': 'NetworkTopologyStrategy'");
	if (strchr(text, ':') == NULL) {
		if (!replication_put_one(to, STR("replication_factor"),
		    str_z(text)))
			return replication_wrong(text, fault);
		buf_putc(to, '}');
		return 0;
	}
	for (;;) {
		n = strcspn(at, ",");
		name = strspn(at, REPLICATION_NAME);
		if (name == 0 || name > REPLICATION_NAME_MAX || name >= n ||
		    at[name] != ':' || !replication_put_one(to,
		    (struct str){ at, name },
		    (struct str){ at + name + 1, n - name - 1 }))
			return replication_wrong(text, fault);
		if (at[n] == '\0')
			break;
		at += n + 1;
	}
	buf_putc(to, '}');
	return to->full ? replication_wrong(text, fault) : 0;
}
