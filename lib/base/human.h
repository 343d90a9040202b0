/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_HUMAN_H
#define MFX_BASE_HUMAN_H

/* Sizes and ages as people read them, of at most 8 characters.  All return
 * `to` or a constant. */
#define HUMAN_MAX 32

/* bytes, in steps of 1024: "812 B", "4.2 MiB"; below 0 is 0 */
const char *human_size(char to[HUMAN_MAX], double bytes);
/* "12.3k", in steps of 1000, or for bytes 1024; "-" below 0, for what is not
 * known; at most 5 characters */
const char *human_number(char to[HUMAN_MAX], double n, double step);
/* seconds: "350 ms", "12 s", "3m 20s", "5h 2m", "17d 4h", "812 d" */
const char *human_age(char to[HUMAN_MAX], double seconds);
/* the same in one unit, where there is little room: "90s", "5m", "17d" */
const char *human_age_short(char to[HUMAN_MAX], double seconds);

#endif
