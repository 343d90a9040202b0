/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/bootstrap_limit.h"

#include "base/stamp.h"

#define MINUTE (60 * STAMP_SECOND)
#define HOUR (60 * MINUTE)
/* as for passwords: an address may be that of many */
#define NETWORK_FACTOR 10
/* what is counted, by rate_limit's kind; a network, or a network and an
 * external id, or an external id */
#define FAILING 'D'
#define FAILING_HERE 'd'
#define TELLING 't'
#define REMEMBERING 'u'
/* events of one device, and of all that are nobody's, as nothing removes
 * them; and what is written down of those */
static const struct rate bootstrap_events = { 60, HOUR };
static const struct rate bootstrap_memory = { 3000, MINUTE };

static struct str
bootstrap_attempt_network(const struct bootstrap_attempt *a)
{
	return (struct str){ a->name, a->network };
}

static struct str
bootstrap_attempt_name(const struct bootstrap_attempt *a)
{
	return (struct str){ a->name, a->n };
}

void
bootstrap_attempt_init(struct bootstrap_attempt *a, struct rate_limit *limits,
    struct str network, struct str external_id, unsigned attempts,
    int64_t now)
{
	*a = (struct bootstrap_attempt){
		.limits = limits, .now = now, .network = network.n,
		.here = { attempts, MINUTE },
		.all = { attempts * NETWORK_FACTOR, MINUTE }
	};
	if (external_id.n > EXTERNAL_ID_MAX)
		external_id.n = EXTERNAL_ID_MAX;
	memcpy(a->name, network.p, network.n);
	memcpy(a->name + network.n, external_id.p, external_id.n);
	a->n = network.n + external_id.n;
}

unsigned
bootstrap_attempt_take(struct bootstrap_attempt *a)
{
	unsigned wait = rate_limit_take(a->limits, FAILING,
	    bootstrap_attempt_network(a), a->all, a->now);

	if (wait > 0)
		return wait;
	wait = rate_limit_take(a->limits, FAILING_HERE,
	    bootstrap_attempt_name(a), a->here, a->now);
	if (wait > 0)
		rate_limit_give_back(a->limits, FAILING,
		    bootstrap_attempt_network(a), a->all, a->now);
	return wait;
}

void
bootstrap_attempt_give_back(struct bootstrap_attempt *a)
{
	rate_limit_give_back(a->limits, FAILING, bootstrap_attempt_network(a),
	    a->all, a->now);
	rate_limit_give_back(a->limits, FAILING_HERE,
	    bootstrap_attempt_name(a), a->here, a->now);
}

bool
bootstrap_may_tell(struct rate_limit *limits, const char *owner,
    struct str external_id, int64_t now)
{
	return rate_limit_take(limits, TELLING, *owner != '\0' ? external_id :
	    STR(""), bootstrap_events, now) == 0;
}

bool
bootstrap_may_remember(struct rate_limit *limits, int64_t now)
{
	return rate_limit_take(limits, REMEMBERING, STR(""), bootstrap_memory,
	    now) == 0;
}
