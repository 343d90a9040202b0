/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_BOOTSTRAP_H
#define MFX_CLIENT_BOOTSTRAP_H

#include "registry/bootstrap.h"
#include "registry/bootstrap_unknown.h"

/* What commands are shown of configurations of devices, by both backends of
 * client.h. */
struct bootstrap_shown {
	struct str thing, external_id, name;
	bool active;
	size_t channels;
	struct str line;	/* all of it: bootstrap_change.h */
};

struct bootstrap_view {
	bool keys;		/* show them */
	/* returns 0, 1 to get no more, or -1 */
	int (*show)(void *arg, const struct bootstrap_shown *,
	    struct fault *);
	void *arg;
};

struct client;

int local_bootstrap_find(struct client *, const struct bootstrap_view *,
    struct str thing, struct fault *);
int local_bootstrap_list(struct client *, const struct bootstrap_view *,
    const struct bootstrap_query *, struct fault *);
int local_bootstrap_change(struct client *, struct bootstrap_changes *,
    struct buf *answer, struct fault *);
int local_bootstrap_unknown(struct client *,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *);

int remote_bootstrap_find(struct client *, const struct bootstrap_view *,
    struct str thing, struct fault *);
int remote_bootstrap_list(struct client *, const struct bootstrap_view *,
    const struct bootstrap_query *, struct fault *);
int remote_bootstrap_change(struct client *, struct bootstrap_changes *,
    struct buf *answer, struct fault *);
int remote_bootstrap_unknown(struct client *,
    int (*each)(void *, const struct bootstrap_unknown *), void *arg,
    struct fault *);

#endif
