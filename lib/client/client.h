/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_CLIENT_H
#define MFX_CLIENT_CLIENT_H

#include "base/out.h"
#include "client/bootstrap.h"
#include "client/grants.h"
#include "client/setup.h"
#include "registry/event.h"
#include "registry/group.h"
#include "registry/issued.h"
#include "registry/changes.h"
#include "registry/page.h"
#include "registry/token.h"

/*
 * What identity commands do their work through: the registry of this
 * machine, or a mfx-api(1) when --url or $MFX_URL names one.  A command does
 * not know which.
 *
 *	struct client client = { .out = &out };
 *	if (client_open(&client, &setup, CLIENT_READ, &fault) < 0 ||
 *	    client.backend->act_as(&client, email, &fault) < 0 ||
 *	    client.backend->list(&client, &query, &fault) < 0)
 *		status = diag_fault(&fault);
 *	client_close(&client);
 *
 * Functions return 0, or -1 and a fault, unless something else is said.  Its
 * status is 1 when there is no such user, item or token; otherwise see
 * registry/registry.h.
 */
struct client {
	const struct client_backend *backend;
	const struct remote_setup *setup;
	const char *url;	/* of a mfx-api; NULL: this machine */
	struct out *out;	/* NULL, or flushed before a server is waited
				 * for */
	struct user user;	/* of act_as */
	bool begun;		/* between begin and end */
	/* the backend's own */
	struct registry *registry;
	struct session *session;
};

/* how a registry of this machine is opened */
enum client_access {
	CLIENT_READ,
	CLIENT_WRITE,
	CLIENT_MAKE,		/* and made, if there is none */
	CLIENT_LATER,		/* by the function itself: decide and
				 * user_create */
};

int client_open(struct client *, const struct remote_setup *,
    enum client_access, struct fault *);
/* after a failed open too */
void client_close(struct client *);

/* ---- what is passed to the backends ---- */

struct client_query {
	enum item_kind kind;
	bool keys;			/* of things: show them */
	/* returns 0, 1 to get no more, or -1; a key with p NULL: it has none,
	 * or it is not shown */
	int (*show)(void *arg, const struct item *, struct str key,
	    struct fault *);
	void *arg;
	/* only those of a list that ...; p NULL: any */
	struct str glob, metadata;	/* ... have such a name, contain this */
	struct str tags;		/* ... have all of these (tags.h) */
	struct str connected;		/* ... are connected to this one */
	struct str group;		/* ... are in this group, or */
	bool recursive;			/* beneath it */
	bool shared;			/* ... others share: page.h */
	enum page_status status;
	enum page_order order;
	bool desc;
};

/* May this thing use that channel so, and if not, why?  Asks what an adapter
 * asks, through the same code (access.h). */
enum decision {
	DECISION_FAULT = -1,
	DECISION_YES,
	DECISION_NOBODY,	/* no thing has this key, or the thing is
				 * disabled */
	DECISION_NO_THING,
	DECISION_NO_KEY,	/* it was revoked */
	DECISION_THING_DISABLED,
	DECISION_NO_CHANNEL,
	DECISION_CHANNEL_DISABLED,
	DECISION_NOT_CONNECTED,
	DECISION_PUBLISH_ONLY,	/* it is connected, but only for this */
	DECISION_SUBSCRIBE_ONLY,
};

struct question {
	struct str key;		/* p NULL: the thing is given */
	struct str thing;	/* filled in when a key is given and known */
	struct str channel;
	unsigned use;		/* DIRECTION_PUBLISH or DIRECTION_SUBSCRIBE */
	char id[ID_TEXT];	/* what `thing` borrows then */
	char grant[ID_TEXT + 1];	/* by which a guest is connected; "":
					 * by none that is known */
};

struct client_events {
	enum { EVENTS_AFTER, EVENTS_SINCE, EVENTS_FROM_END } from;
	uint64_t seq;		/* EVENTS_AFTER: this one; then the last one
				 * that was written */
	struct stamp since;
	bool follow;		/* wait for further events */
	int64_t count;		/* end after this many; 0: no limit */
	int64_t ready_fd;	/* told once, when it has begun; or -1 */
	/* of a backend */
	bool begun, broken;
};

struct client_removal {
	bool all;		/* with all things and channels */
	bool dry_run;		/* only say how many: */
	uint64_t things, channels;
};

/* A user as another registry had it; p NULL: not given. */
struct client_user {
	struct str id;		/* not given: a new one */
	struct str email, metadata;
	struct str hash;	/* of the password: password_hash of user.h;
				 * not given: nobody can log in */
};

struct client_login {
	struct str token;
	bool known;		/* it says its scope and its end */
	char scope[TOKEN_SCOPE_TEXT];	/* "all" for a session */
	int64_t expires;	/* seconds since 1970; 0: never */
};

/* A certificate that is to be issued to a thing of the user, or renewed. */
struct client_cert {
	struct str thing;
	const char *renews;	/* a serial: as that one, in place of `thing`;
				 * with its key, unless key_type says that it
				 * is a new one; or NULL */
	bool replace;		/* and that one is revoked */
	const char *key_type;	/* of a new key, as mfx-api has it; NULL: ec */
	int64_t key_bits;	/* 0: as it likes */
	int64_t valid;		/* seconds; 0: as it likes */
	struct str csr;		/* a request in PEM; empty: a new key */
};

/* What was issued.  The buffers are the caller's, who has initialized them;
 * `key` is secret. */
struct client_issued {
	char serial[SERIAL_TEXT + 1];
	int64_t expires;		/* seconds since 1970 */
	struct buf certificate;	/* and those between it and the root; PEM */
	struct buf key;		/* PEM; empty: none was made */
};

/* ---- the backends ---- */

struct client_backend {
	int (*open)(struct client *, enum client_access, struct fault *);
	void (*close)(struct client *);

	/*
	 * Whose things, channels and tokens the functions are about.  Here
	 * this is a user of the registry, by default $MFX_USER.  A mfx-api
	 * knows the user by the token; another email is EX_NOPERM.
	 */
	int (*act_as)(struct client *, const char *email, struct fault *);

	/* shows one, which may be another's that is shared, or all that the
	 * query selects */
	int (*find)(struct client *, const struct client_query *,
	    struct str id, struct fault *);
	int (*list)(struct client *, const struct client_query *,
	    struct fault *);
	/* Makes all changes or none, and appends the answer (changes.h).  A
	 * fault is about v[at], if that is one. */
	int (*change)(struct client *, struct changes *, struct buf *answer,
	    struct fault *);

	/*
	 * Whoever has a key may ask a mfx-api about it, but only the owner of
	 * the thing, who has a token, is told why not; for others each reason
	 * is that the two are not connected.  By a thing's id only its owner
	 * may ask.
	 */
	enum decision (*decide)(struct client *, struct question *,
	    struct fault *);

	/* Writes events to client->out, as lines in order, none twice.  1:
	 * the connection was lost, as the fault says; call it again to go on
	 * after the last one. */
	int (*events)(struct client *, struct client_events *,
	    struct fault *);

	/* Calls `each` for all connections of the user, in order of the
	 * channel's and then the thing's id.  It returns 0, or -1. */
	int (*connections)(struct client *, int (*each)(void *,
	    const struct item_pair *, struct fault *), void *arg,
	    struct fault *);

	/* the same for the guest connections (share.h) that the user has by
	 * grants of others */
	int (*guests)(struct client *, int (*each)(void *,
	    const struct item_pair *, struct fault *), void *arg,
	    struct fault *);

	/*
	 * Shows one group, or all that the query selects (group.h).  What
	 * does not exist is a fault here; `change` changes groups, too.
	 * `places` calls `each` for every place of a thing or channel in a
	 * group, as group_each_place does for the one kind and the other.
	 */
	int (*group_find)(struct client *, struct str id,
	    int (*show)(void *, const struct group *, struct fault *),
	    void *arg, struct fault *);
	int (*group_list)(struct client *, const struct group_query *,
	    int (*show)(void *, const struct group *, struct fault *),
	    void *arg, struct fault *);
	int (*places)(struct client *, enum item_kind, int (*each)(void *,
	    const struct group_place *, struct fault *), void *arg,
	    struct fault *);

	/* Calls `each` for the certificates that our CAs have issued for
	 * things of the user, in order of their end, as issued_each (issued.h)
	 * does. */
	int (*certificates)(struct client *, int (*each)(void *,
	    const struct issued *, struct fault *), void *arg,
	    struct fault *);

	/*
	 * At a mfx-api, as lib/certs does it here, where these are NULL: issues
	 * one; revokes those of a serial or a thing; shows those, or with NULL
	 * all of the user's things in order of their end.  Fault 1 when it is
	 * not there.
	 */
	int (*cert_issue)(struct client *, const struct client_cert *,
	    struct client_issued *, struct fault *);
	int (*cert_revoke)(struct client *, const char *which,
	    const char *reason, struct fault *);
	int (*cert_each)(struct client *, const char *which,
	    int (*each)(void *, const struct issued *, struct fault *),
	    void *arg, struct fault *);

	/*
	 * With `transactions`, what comes between these two is one
	 * transaction: all of it is made by `end`, or none without `keep`.
	 * With CLIENT_READ it only reads, as of one moment.  Without
	 * `transactions`, as at a mfx-api, each function is one of its own,
	 * and `end` takes nothing back.
	 */
	bool transactions;
	int (*begin)(struct client *, enum client_access, struct fault *);
	int (*end)(struct client *, bool keep, struct fault *);

	/* Calls `each` for the changes that were made after the event `seq`
	 * and whose fields contain this text, as event_each (event.h) does;
	 * at a mfx-api for those of the token's user. */
	int (*history)(struct client *, uint64_t seq, struct str about,
	    int (*each)(void *, const struct event_record *, struct fault *),
	    void *arg, struct fault *);

	/* ---- users; metadata is compact, p NULL: none ---- */

	/* Creates a user with an id and the hash of a password, between begin
	 * and end; and sets this hash for the user of act_as.  EX_NOPERM at a
	 * mfx-api, which is of one user and shows no hash. */
	int (*user_restore)(struct client *, const struct client_user *,
	    struct fault *);
	int (*user_set_hash)(struct client *, struct str hash,
	    struct fault *);
	/* appends the hash, "" when there is none to show */
	int (*user_hash)(struct client *, struct buf *, struct fault *);

	int (*user_create)(struct client *, struct str email,
	    struct str password, struct str metadata, struct fault *);
	/* 1, 0 when that is not the password, -1 */
	int (*user_verify)(struct client *, struct str email,
	    struct str password, struct fault *);
	/* all users; at a mfx-api the token's */
	int (*user_each)(struct client *, int (*each)(void *,
	    const struct user *, struct str metadata), void *arg,
	    struct fault *);
	/* the rest is about the user of act_as */
	bool old_password;	/* user_set_password needs the old one */
	int (*user_set_password)(struct client *, struct str old,
	    struct str password, struct fault *);
	int (*user_set_metadata)(struct client *, struct str,
	    struct fault *);
	/* a dry run is refused as the removal would be */
	int (*user_remove)(struct client *, struct client_removal *,
	    struct fault *);

	/* ---- lasting tokens (token.h) of the user of act_as ---- */

	/* `l` gives name, scope and expires, and gets the rest, which `keep`
	 * holds; appends the token itself */
	int (*token_create)(struct client *, struct lasting *l,
	    struct arena *keep, struct buf *token, struct fault *);
	/* all of them, or, if its p is not NULL, the one with this id */
	int (*token_each)(struct client *, struct str id,
	    void (*each)(void *, const struct lasting *), void *arg,
	    struct fault *);
	/* all of these, or none when one of them does not exist */
	int (*token_remove)(struct client *, char **ids, struct fault *);

	/* ---- configurations of devices, of the user of act_as ---- */

	int (*bootstrap_find)(struct client *, const struct bootstrap_view *,
	    struct str thing, struct fault *);
	int (*bootstrap_list)(struct client *, const struct bootstrap_view *,
	    const struct bootstrap_query *, struct fault *);
	/* as `change`; what `answer` gets: bootstrap_make of bootstrap.h */
	int (*bootstrap_change)(struct client *, struct bootstrap_changes *,
	    struct buf *answer, struct fault *);
	/* for an administrator: of all users */
	int (*bootstrap_unknown)(struct client *,
	    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
	    struct fault *);

	/* ---- grants (grant.h) that the user of act_as gives or gets ---- */

	int (*grant_make)(struct client *, const struct grant *,
	    char id[ID_TEXT + 1], struct fault *);
	int (*grant_accept)(struct client *, struct str id, struct fault *);
	int (*grant_end)(struct client *, struct str id, struct fault *);
	/* calls `each`, which returns 0, for all or for one */
	int (*grant_each)(struct client *, enum grant_side,
	    int (*each)(void *, const struct grant *, struct fault *),
	    void *arg, struct fault *);
	int (*grant_find)(struct client *, struct str id,
	    int (*each)(void *, const struct grant *, struct fault *),
	    void *arg, struct fault *);

	/*
	 * ---- the token that other commands use, in its file; NULL where
	 * none is needed ----
	 *
	 * login, refresh and logout get one for a password (EX_NOPERM: that
	 * is not the password), prolong it, or revoke it and remove the file.
	 * Logging out with one that has ended is fine; but not with `all`,
	 * which ends all tokens of the user.
	 */
	int (*login)(struct client *, struct str email, struct str password,
	    struct fault *);
	int (*refresh)(struct client *, struct fault *);
	int (*logout)(struct client *, bool all, struct fault *);
	/* fills in the user, too; borrowed until the next call */
	int (*login_show)(struct client *, struct client_login *,
	    struct fault *);
};

extern const struct client_backend client_local, client_remote;

/* calls `each`, which may be NULL, for these tokens, if all of them exist */
int client_show_tokens(struct client *, char **ids,
    void (*each)(void *, const struct lasting *), struct fault *);

#endif
