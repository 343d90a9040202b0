/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_USERS_H
#define MFX_API_USERS_H

struct api;

/* logins that wait for the pool are refused, at the end */
void logins_end(struct api *);

#endif
