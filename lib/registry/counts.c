/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/counts.h"

#include "registry/statement.h"

/* users know how many things and channels they have: no million of rows is
 * counted */
int
registry_count(struct registry *r, struct registry_counts *n,
    struct fault *fault)
{
	return db_number(&r->db, "SELECT count(*) FROM users", &n->users,
	    fault) < 0 ||
	    db_number(&r->db, "SELECT ifnull(sum(things), 0) FROM users",
	    &n->things, fault) < 0 ||
	    db_number(&r->db, "SELECT ifnull(sum(channels), 0) FROM users",
	    &n->channels, fault) < 0 ||
	    db_number(&r->db, "SELECT count(*) FROM connections",
	    &n->connections, fault) < 0 ? -1 : 0;
}
