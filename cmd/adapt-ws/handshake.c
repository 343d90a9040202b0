/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/adapt-ws/handshake.h"

static void
handshake_note(struct adapter *a, const struct subscribers *all,
    const struct http_request *r, unsigned status)
{
	struct address client;

	a->service.answers[status]++;
	if (status == 503)
		adapter_registry_down(a, "%s", all->fault.text);
	else if (status == 403 || status == 429)
		adapter_refused(a, http_client(r, &client) ? &client : NULL,
		    r->path, all->fault.text, &(struct diag_about){
			.thing = str_z(r->principal), .status = status
		});
	else
		adapter_registry_up(a);
}

unsigned
handshake(struct adapter *a, struct subscribers *all, struct http_request *r,
    bool upgrade, void **owner, const char **why)
{
	struct subscriber *u = NULL;
	unsigned status;

	if (!upgrade && a->admin_address == NULL &&
	    request_reads(r, "/version")) {
		*why = "{\"service\":\"websocket\",\"version\":\""
		    MFX_VERSION "\"}";
		return 200;
	}
	status = subscribers_admit(all, r, &u, why);
	if (status == 101 && !upgrade) {
		subscribers_close(all, u);
		*why = "a WebSocket is opened here";
		status = 426;
	}
	handshake_note(a, all, r, status);
	*owner = status == 101 ? u : NULL;
	return status;
}
