/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CMD_BOOTSTRAP_SHOW_H
#define MFX_CMD_BOOTSTRAP_SHOW_H

/* the verbs of mfx-bootstrap that show something and change nothing */
int show_verb_list(char **operands);
int show_verb_get(char **things);
int show_verb_unknown(char **operands);

#endif
