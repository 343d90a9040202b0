/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter/request_log.h"

#include <inttypes.h>

#include "base/diag.h"
#include "base/diag_about.h"
#include "registry/uuid.h"

/* /channels/<id>/…: the id; else empty */
static struct str
request_log_channel(struct str path)
{
	struct str id;

	if (!str_starts(path, STR("/channels/")))
		return STR_NONE;
	id = str_from(path, sizeof "/channels/" - 1);
	id.n = id.n < ID_TEXT ? id.n : ID_TEXT;
	return uuid_valid(id) ? id : STR_NONE;
}

void
request_log(const struct http_request *r)
{
	char peer[ADDRESS_TEXT] = "";
	struct address client;

	if (!diag_shows(DIAG_INFO))
		return;
	if (http_client(r, &client))
		address_print(&client, peer);
	diag_about(&(struct diag_about){
		.thing = str_z(r->principal), .peer = str_z(peer),
		.channel = request_log_channel(r->path),
		.status = r->status, .bytes = r->received
	});
	diag_info("%.*s %.*s %u %" PRIu64 " bytes %" PRId64 " us%s%s",
	    STR_ARG(r->method), STR_ARG(r->path), r->status, r->received,
	    r->elapsed / 1000, *r->principal ? " from " : "", r->principal);
}
