/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_BASE_MEMORY_H
#define MFX_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * malloc(3) and realloc(3) that do not fail: when memory runs out the process
 * says so and ends with EX_OSERR.  Every caller states a maximum of its own
 * first, so no size from outside reaches these unchecked.  The caller frees
 * with free(3).
 */
void *memory_get(size_t n) __attribute__((returns_nonnull, malloc));
void *memory_zero(size_t count, size_t size) __attribute__((returns_nonnull));
void *memory_resize(void *, size_t n) __attribute__((returns_nonnull));
char *memory_strdup(const char *) __attribute__((returns_nonnull, malloc));

/*
 * For code that runs in another program's process and must not end it.  When an
 * allocation fails `call` is called first: it frees memory and returns true to
 * try again, does not return (longjmp(3)), or returns false to end the process.
 * For programs with one thread.
 */
void memory_on_failure(bool (*call)(void *arg), void *arg);

#endif
