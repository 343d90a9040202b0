/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_SOURCE_H
#define MFX_CMD_SITE_SOURCE_H

#include "base/arena.h"
#include "cmd/site/kind.h"

/* What there is, in the registry of this machine or at a mfx-api. */
struct site_user {
	struct hash_node node;		/* by its email address */
	struct site_row row;		/* what is there, or what the file
					 * will make */
	bool there;
	bool named;			/* the file is about this user */
};

struct site_source {
	struct client *client;
	bool secrets;			/* rows have keys and hashes */
	struct site_user **users;	/* those that are there, in order of
					 * their addresses */
	size_t n, cap;
	struct hash_table by_email;
	uint64_t seed;
	struct arena keep;
	struct site_user *acting;	/* as whom the client acts */
};

/* Reads which users there are; with `only`, an email address, there is no
 * other, and a fault when there is no such user. */
int source_open(struct site_source *, struct client *, const char *only,
    bool secrets, struct fault *);
void source_close(struct site_source *);

/* NULL: there is no such user */
struct site_user *source_user(const struct site_source *, struct str email);
/* one that is not there yet */
struct site_user *source_add_user(struct site_source *,
    const struct site_row *);

/* the client acts as this user from here on */
int source_act_as(struct site_source *, struct site_user *, struct fault *);

/* all rows of all users that are there, or of those that are named */
int source_each(struct site_source *, const struct site_kind *, bool named,
    const struct site_give *, struct fault *);

int source_each_user(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_channel(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_thing(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_certificate(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_config(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_group(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_place(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_grant(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_guest(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);
int source_each_connection(struct site_source *, struct site_user *,
    const struct site_give *, struct fault *);

#endif
