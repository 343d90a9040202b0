/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_REGISTRY_SCHEMA_H
#define MFX_REGISTRY_SCHEMA_H

/*
 * The tables of registry.db.  PRAGMA user_version is the number of these steps
 * that a file has been through.  A new table is a new step at the end; a step
 * that was released is never changed.
 */
#define SCHEMA_APPLICATION_ID 0x6d667801	/* "mfx", 1 */
#define SCHEMA_VERSION 14

extern const char *const schema_steps[SCHEMA_VERSION];

#endif
