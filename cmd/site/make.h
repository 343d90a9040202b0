/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_MAKE_H
#define MFX_CMD_SITE_MAKE_H

#include "cmd/site/kind.h"

/* how changes of each kind are made: site_make of kind.h */
site_make make_users, make_user_updates, make_user_removals;
site_make make_items, make_item_updates, make_item_removals;
site_make make_connections, make_disconnections;
site_make make_configs, make_config_updates, make_config_removals;
site_make make_groups, make_group_updates, make_group_removals;
site_make make_places, make_place_removals;
site_make make_grants, make_grant_removals;

/* make keys for things that are created without one */
extern bool make_new_keys;

#endif
