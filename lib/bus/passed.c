/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/passed.h"

#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/diag_about.h"
#include "base/os.h"
#include "base/stamp.h"

#define WARNINGS_MAX 10
#define PAUSE (60 * STAMP_SECOND)

void
passed_over(struct passed *p, const char *stream, char between, uint64_t at,
    const char *why)
{
	int64_t now = clock_coarse_ns();

	p->n++;
	if (p->n <= WARNINGS_MAX) {
		diag_about(&(struct diag_about){
			.stream = between == '@' ? str_z(stream) : STR_NONE,
			.seq = between == '@' ? at : 0
		});
		diag_warning("%s%c%llu: passed over: %s", stream, between,
		    (unsigned long long)at, why);
		p->next = now + PAUSE;
	} else if (now >= p->next) {
		diag_warning("%s: %llu lines passed over", stream,
		    (unsigned long long)p->n);
		p->next = now + PAUSE;
	}
}

const char *
passed_reason(struct str line)
{
	static const char label[] = "\"channel\"";

	if (!str_starts(line, STR("{\"")) && !str_starts(line, STR("[{\"")))
		return "not a message";
	if (os_find(line.p, line.n, label, sizeof label - 1) != NULL)
		return "its labels are not in their order; mfx-pub puts them "
		    "so";
	return NULL;
}

void
passed_line(struct passed *p, const char *stream, uint64_t at,
    struct str line)
{
	const char *why = passed_reason(line);

	if (why != NULL)
		passed_over(p, stream, '@', at, why);
}
