/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_ALARM_EVENT_H
#define MFX_CMD_ALARM_EVENT_H

#include "base/buf.h"
#include "cmd/alarm/rules.h"

/*
 * What mfx-alarm says: an alarm is raised, cleared or acknowledged.  As a line
 * (mfx-alarm(1)) it is a record of SenML in canonical form: the labels of what
 * the alarm is about, the alarm's name, and what happened as its value.
 */
enum event_kind { EVENT_RAISE, EVENT_CLEAR, EVENT_ACK };

/* what an alarm is about; only the labels that its rule goes by */
struct subject {
	struct str channel, publisher, subtopic, name;
};

struct event {
	enum event_kind kind;
	struct str rule;		/* its name */
	uint64_t number;		/* of the alarm: "hot-17" */
	enum rule_severity severity;
	struct subject about;
	struct stamp time;
	struct stamp raised;		/* not of a RAISE */
	struct str condition, says;	/* of a RAISE; or empty */
	struct str value;		/* as JSON; empty: there is none */
	bool flapping;
	struct str why;			/* a CLEAR for another reason than its
					 * condition; or empty */
	struct str by;			/* who acknowledged it */
	uint32_t targets;		/* bits: who is notified */
};

/* the line with its newline */
void event_put(struct buf *, const struct event *);

/* "hot-17" */
void event_put_id(struct buf *, struct str rule, uint64_t number);
/* the reverse: false when it is not an id */
bool event_parse_id(struct str, struct str *rule, uint64_t *number);

#endif
