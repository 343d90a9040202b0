/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_USERS_GRANTS_H
#define MFX_CMD_USERS_GRANTS_H

#include "base/program.h"

/* mfx-users grant, grants, revoke, accept and decline: rows of its table of
 * verbs. */
extern const struct opt grants_grant_options[], grants_list_options[],
    grants_change_options[];

int grants_verb_grant(char **operands);
int grants_verb_list(char **operands);
int grants_verb_accept(char **operands);
int grants_verb_end(char **operands);

#define USERS_GRANT_VERBS						\
	{ "grant", "EMAIL view|use|manage", "share things, channels " \
	    "and groups of them with another user", grants_grant_options, \
	    grants_verb_grant },					\
	{ "grants", NULL, "list what a user shares with others, and they " \
	    "with the user", grants_list_options, grants_verb_list },	\
	{ "revoke", "GRANT ...", "take back what was shared",		\
	    grants_change_options, grants_verb_end },			\
	{ "accept", "GRANT ...", "accept what another user shares",	\
	    grants_change_options, grants_verb_accept },		\
	{ "decline", "GRANT ...", "refuse what another user shares, or " \
	    "give it up", grants_change_options, grants_verb_end }

#endif
