/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MFX_API_API_H
#define MFX_API_API_H

#include "api/options.h"
#include "http/request.h"
#include "http/server.h"

/*
 * The REST service.  The program has the sockets and the loop:
 *
 *	api_open(&api, &options, &fault);
 *	... http_options.handle = api_handle, .on_headers = api_on_headers,
 *	    .on_answer = api_on_answer, .on_complete = api_on_complete,
 *	    .arg = api
 *	... the loop watches api_fd(api)
 *	while (!stop) {
 *		loop_turn(loop, api_pause(api));
 *			calls api_turn(api) when it wakes
 *		api_rest(api);
 *	}
 *	api_stop(api);			streams end; the same turns, until idle
 *	api_finish(api);		answers all that is left
 *	http_close(h);
 *	api_close(api);
 *
 * Four kinds of work: what can be answered from a look into the registry
 * is done in the loop, through a handle of its own that can't write; changes
 * go through the registry writer; passwords to a pool of threads; searches,
 * long lists and messages are jobs.
 */
struct api;
int api_open(struct api **, const struct api_options *, struct fault *);
void api_close(struct api *);

/* http_options' callbacks; arg: the api */
void api_handle(struct http_request *, void *api);
void api_on_headers(struct http_request *, void *api);
void api_on_answer(struct http_request *, void *api);
void api_on_complete(const struct http_request *, void *api);
/* the same for an administrator's server: /health, /metrics, /version */
void api_administer(struct http_request *, void *api);
/* the same for a server of OCSP alone */
void api_answer_ocsp(struct http_request *, void *api);
/* Reads files again that were given as options: for SIGHUP. */
int api_reload(struct api *, struct fault *);
/*
 * May the client be served, by its certificate?  Not with one that is not
 * valid, or that the registry has as revoked, or of a thing that has no access,
 * beside a good token, too; `need`: nor without any.  Else it is answered 403:
 * false.
 */
bool api_admits(struct api *, struct http_request *, bool need);
/* whose connections are counted, and ended when their certificates are no good
 * any more */
void api_count_connections(struct api *, struct http *);

int api_fd(const struct api *);
int api_pause(const struct api *);
void api_turn(struct api *);
void api_rest(struct api *);
void api_stop(struct api *);
void api_finish(struct api *);

#endif
