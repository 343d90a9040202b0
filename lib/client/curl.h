/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_CLIENT_CURL_H
#define MFX_CLIENT_CURL_H

#include <curl/curl.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * libcurl, loaded when it is needed.  It brings thirty other libraries
 * along, and a command that does its work on this machine is to start
 * without them: that takes 3 ms, and 11 with.
 */
#define CURL_FUNCTIONS(each)						\
	each(global_init) each(easy_init) each(easy_cleanup)		\
	each(easy_reset) each(easy_setopt) each(easy_getinfo)		\
	each(easy_perform) each(easy_strerror)				\
	each(multi_init) each(multi_cleanup)				\
	each(multi_add_handle) each(multi_remove_handle)		\
	each(multi_perform) each(multi_fdset) each(multi_timeout)	\
	each(multi_info_read) each(slist_append) each(slist_free_all)	\
	each(url) each(url_cleanup) each(url_get) each(url_set)		\
	each(free)

/* named as there, without their curl_ */
struct curl_functions {
#define CURL_MEMBER(name) __typeof__(&curl_##name) name;
	CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* EX_UNAVAILABLE: it is not installed */
int curl_load(struct curl_functions *, struct fault *);

/* for CURLOPT_WRITEFUNCTION, with a struct buf as CURLOPT_WRITEDATA: the
 * transfer fails when it is full */
size_t curl_to_buf(char *bytes, size_t one, size_t n, void *buf);

#endif
