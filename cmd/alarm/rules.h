/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_RULES_H
#define MFX_CMD_ALARM_RULES_H

#include "base/arena.h"
#include "line/match.h"

/*
 * The rules of mfx-alarm, as in the file that mfx-alarm(1) describes.
 *
 *	rules_init(&rules);
 *	if (rules_parse(&rules, text, tell, arg) > 0)
 *		... has told of each mistake
 *	rules_release(&rules);
 */
#define RULES_MAX 1000
#define RULES_TARGETS_MAX 16
#define RULES_TEXT_MAX ((size_t)1 << 20)	/* bytes of the file */
#define RULES_NAME_MAX 64
#define RULES_WORD_MAX 4000	/* an event with some is a line */
#define RULES_FLAPS_MAX 1000

#define RULES_SERIES 100000		/* of a rule, unless it says another */
#define RULES_SERIES_MAX 10000000

enum rule_kind {
	RULE_VALUE,		/* a value compares so */
	RULE_RATE,		/* the change from one value to the next does */
	RULE_SILENT,		/* nothing has come for a while */
};

/* what a rule asks of the site itself, probe.h */
enum probe_kind {
	PROBE_NONE, PROBE_LAG, PROBE_DISK, PROBE_CERTIFICATE, PROBE_COUNTER,
	PROBE_KINDS
};

enum rule_severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

/* what makes a series of its own: bits of 1 << enum match_label */
#define RULE_BY_ALL (1u << MATCH_CHANNEL | 1u << MATCH_PUBLISHER |	\
    1u << MATCH_SUBTOPIC | 1u << MATCH_NAME)

/* Durations are in nanoseconds, 0 where the rule has none. */
struct rule {
	struct str name;
	struct str source;	/* the statement as it is in the file: two
				 * that are equal mean the same */
	struct match match;
	enum rule_kind kind;
	enum probe_kind probe;
	struct str probe_path;	/* of DISK; a NUL follows */
	struct str program, counter;	/* of COUNTER: a glob, and a name; NUL
				 * follows */
	struct comparison raise;	/* not of SILENT */
	struct comparison clear;
	bool has_clear;		/* else: when `raise` does not hold */
	int64_t per;		/* RATE: the change in this time counts */
	int64_t silent;		/* SILENT */
	int64_t hold;		/* raised after it held so long */
	int64_t clear_hold;
	unsigned by;
	enum rule_severity severity;
	size_t series;		/* at most */
	int flaps;		/* so many in flap_within are too many; 0: any
				 * number is fine */
	int64_t flap_within;
	struct str says;	/* the rule's `text` */
	struct str condition;	/* as it was written, for people */
	uint32_t targets;	/* bits: who is notified */
};

enum target_kind { TARGET_MAIL, TARGET_WEBHOOK, TARGET_COMMAND };

struct target {
	struct str name;
	enum target_kind kind;
	struct str to;		/* addresses, a URL, or a path: NUL follows */
	struct str secret;	/* WEBHOOK: a file, or p NULL */
};

struct rules {
	struct rule **v;
	size_t n;
	struct target targets[RULES_TARGETS_MAX];
	size_t n_targets;
	struct arena arena;	/* their texts */
};

/* a mistake and its place; `what` has no control characters */
typedef void rules_tell_fn(void *arg, unsigned line, unsigned column,
    const char *what);

void rules_init(struct rules *);
void rules_release(struct rules *);

/* Reads a file of at most RULES_TEXT_MAX bytes, which is copied.  The number of
 * mistakes, of which each statement has at most one. */
unsigned rules_parse(struct rules *, struct str text, rules_tell_fn *,
    void *arg);

const char *severity_name(enum rule_severity);

#endif
