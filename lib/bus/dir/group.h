/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BUS_DIR_GROUP_H
#define MFX_BUS_DIR_GROUP_H

#include "bus/dir/stream.h"

/* A group of the bus, shared by group.c and source.c. */
struct dir_group {
	struct bus_group head;
	struct stream groups;	/* fd: the directory of groups, or -1 */
	/* not NULL for what comes from another bus: it is kept in this stream,
	 * in "origins" beside "groups", under the other one's name too */
	const char *target;
	char file[2 * BUS_NAME_MAX + 2];
	int lease;		/* the file that is locked, or -1 */
};

/* the name of the group's file or, of those that belong to it, of `what` */
#define GROUP_FILE (2 * BUS_NAME_MAX + 18)
void group_file(char to[GROUP_FILE], const struct dir_group *,
    const char *what);
/* replaces it (file.h); the stream is created if it is missing */
int group_replace(struct dir_group *, const char *what, struct str bytes,
    struct fault *);

#endif
