/* SPDX-License-Identifier: Apache-2.0 */
#include "client/device.h"

#include <sysexits.h>

#include "client/session.h"
#include "registry/bootstrap_secure.h"

/* each byte of an external id may be three */
#define PATH_BYTES_MAX 4096

static int
device_ask(struct session *s, const char *where, struct str external_id,
    struct str key, struct fault *fault)
{
	struct ask ask = { .anonymous = true, .key = key };
	struct buf path;
	int result;

	buf_init(&path, PATH_BYTES_MAX);
	buf_puts(&path, where);
	session_encode(&path, external_id);
	buf_putc(&path, '\0');
	ask.path = path.p;
	result = path.full ? fault_set(fault, EX_USAGE,
	    "the external id is too long") : session_ask(s, &ask, fault);
	buf_release(&path);
	return result < 0 ? -1 : 0;
}

static int
device_fetch_sealed(struct session *s, struct str external_id,
    struct str external_key, struct buf *json, struct fault *fault)
{
	char text[SECURE_TEXT];
	struct secure secure;
	int result;

	secure_begin(&secure);
	secure_derive(&secure, external_id, external_key);
	secure_print(&secure, text);
	result = device_ask(s, "/things/bootstrap/secure/", external_id,
	    str_z(text), fault);
	if (result == 0 && !secure_open(&secure, buf_str(&s->body), json))
		result = session_unexpected(s, "an answer that is sealed with "
		    "the key of this device", fault);
	secure_wipe(&secure);
	return result;
}

int
device_fetch(const struct remote_setup *setup, struct str external_id,
    struct str external_key, struct buf *json, struct fault *fault)
{
	struct session *s = NULL;
	int result;

	if (session_open(&s, setup, fault) < 0)
		return -1;
	if (setup->sealed) {
		result = device_fetch_sealed(s, external_id, external_key,
		    json, fault);
	} else {
		result = device_ask(s, "/things/bootstrap/", external_id,
		    external_key, fault);
		if (result == 0)
			buf_put_str(json, buf_str(&s->body));
	}
	session_close(s);
	return result;
}
