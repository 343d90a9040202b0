/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_SCHEMA_H
#define MFX_REGISTRY_SCHEMA_H

/*
 * The tables of registry.db.  PRAGMA user_version says how many of these
 * steps a file has been through; a new table is a new step at the end, and
 * a step that was released is never changed.
 */
#define SCHEMA_APPLICATION_ID 0x6d667801	/* "mfx", 1 */
#define SCHEMA_VERSION 5

extern const char *const schema_steps[SCHEMA_VERSION];

#endif
