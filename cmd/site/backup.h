/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_SITE_BACKUP_H
#define MFX_CMD_SITE_BACKUP_H

#include "base/opt.h"

/* mfx-site backup, verify, list and restore: rows of its table of verbs */
extern const struct opt backup_options[], backup_verify_options[],
    backup_list_options[], backup_restore_options[];

#define BACKUP_OPERANDS "TO"

int backup_verb_backup(char **operands);
int backup_verb_verify(char **operands);
int backup_verb_list(char **operands);
int backup_verb_restore(char **operands);

#endif
