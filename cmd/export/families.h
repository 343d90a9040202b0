/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_EXPORT_FAMILIES_H
#define MFX_CMD_EXPORT_FAMILIES_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Values by the name of their metric: Prometheus wants those of one name
 * together, with what the name means in front.
 *
 *	families_init(&f);
 *	labels_put(&labels, "stream", "raw");
 *	families_add(&f, &kind, "", buf_str(&labels), "17");
 *	families_put_text(&f, &page, false);
 */
enum family_type { FAMILY_COUNTER, FAMILY_GAUGE, FAMILY_HISTOGRAM };

struct family_kind {
	const char *name;	/* of a counter: with _total */
	const char *help;
	enum family_type type;
};

struct family_sample {
	struct family_sample *next;
	const char *suffix;	/* "", or of a histogram "_bucket", which is
				 * cumulative, then "_sum" and "_count" */
	struct str labels;	/* key="value",… */
	const char *value;
};

struct family {
	struct family *next;
	struct family_kind kind;
	struct family_sample *first, **last;
};

/* more are not taken */
#define FAMILY_SAMPLES_MAX 200000

struct families {
	struct arena arena;
	struct family *first, **last;
	uint64_t samples, dropped;
};

void families_init(struct families *);
void families_release(struct families *);

/* all texts are copied, but `suffix` */
void families_add(struct families *, const struct family_kind *,
    const char *suffix, struct str labels, const char *value);
/* a whole number, without suffix */
void families_add_number(struct families *, const struct family_kind *,
    struct str labels, uint64_t value);
/* nanoseconds, in seconds */
void families_add_time(struct families *, const struct family_kind *,
    struct str labels, int64_t ns);

#define FAMILY_TIME 32
const char *families_time(char to[FAMILY_TIME], int64_t ns);

/* appends key="value" after what is there, escaped; an empty value is left
 * out, as it means the same */
void labels_put(struct buf *, const char *key, const char *value);

/* Prometheus' text format (0.0.4), or OpenMetrics 1.0 */
void families_put_text(const struct families *, struct buf *,
    bool openmetrics);

#endif
