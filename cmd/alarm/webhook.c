/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alarm/deliver.h"

#include <stdio.h>
#include <sysexits.h>

#ifdef HAVE_CURL

#include <sodium.h>

#include "base/file.h"
#include "base/stamp.h"
#include "client/curl.h"

#define TIMEOUT 20L		/* seconds for all of it … */
#define TIMEOUT_CONNECT 10L	/* … and to connect */
#define SECRET_MAX 4096

static struct curl_functions curl;
static bool webhook_ready;

int
webhook_init(struct fault *fault)
{
	if (webhook_ready)
		return 0;
	if (sodium_init() < 0)
		return fault_set(fault, EX_OSERR, "libsodium won't start");
	if (curl_load(&curl, fault) < 0)
		return -1;
	webhook_ready = true;
	return 0;
}

/* what it answers is of no interest */
static size_t
webhook_ignore(char *bytes, size_t one, size_t n, void *arg)
{
	(void)bytes;
	(void)arg;
	return one * n;
}

static int
webhook_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c,
    curl_off_t d)
{
	struct delivery *delivery = arg;

	(void)a, (void)b, (void)c, (void)d;
	return delivery->stop(delivery->arg);
}

/* HMAC-SHA256 of "TIME.BODY", in hexadecimal */
static void
webhook_sign(struct str secret, long long now, struct str body,
    char hex[2 * crypto_auth_hmacsha256_BYTES + 1])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char when[32];
	int n = snprintf(when, sizeof when, "%lld.", now);

	crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret.p,
	    secret.n);
	crypto_auth_hmacsha256_update(&state, (unsigned char *)when,
	    (unsigned long long)n);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.p,
	    body.n);
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2hex(hex, 2 * sizeof mac + 1, mac, sizeof mac);
}

/* the file is read each time, so a secret can be changed */
static int
webhook_put_signature(struct delivery *d, struct str body, struct buf *to)
{
	long long now = stamp_now().ns / STAMP_SECOND;
	char hex[2 * crypto_auth_hmacsha256_BYTES + 1];
	struct fault fault;
	struct buf secret;
	int r;

	buf_init(&secret, SECRET_MAX);
	r = secret_read(d->target->secret.p, "secret", &secret, &fault);
	if (r < 0) {
		snprintf(d->why, sizeof d->why, "%.150s", fault.text);
	} else {
		webhook_sign(buf_str(&secret), now, body, hex);
		buf_printf(to, "X-Mfx-Signature: t=%lld,v1=%s", now, hex);
		buf_putc(to, '\0');
	}
	secret_release(&secret);
	return r;
}

static enum delivered
webhook_judge(struct delivery *d, CURL *handle, CURLcode code)
{
	long status = 0;

	if (code != CURLE_OK) {
		snprintf(d->why, sizeof d->why, "%s",
		    curl.easy_strerror(code));
		return code == CURLE_UNSUPPORTED_PROTOCOL ||
		    code == CURLE_URL_MALFORMAT ? DELIVER_NEVER :
		    DELIVER_AGAIN;
	}
	curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return DELIVERED;
	snprintf(d->why, sizeof d->why, "it answers %ld", status);
	/* what a client did wrong it does wrong again */
	return status >= 400 && status < 500 && status != 408 &&
	    status != 425 && status != 429 && status != 401 && status != 403 &&
	    status != 404 ? DELIVER_NEVER : DELIVER_AGAIN;
}

static enum delivered
webhook_post(struct delivery *d, struct str body, struct curl_slist *headers)
{
	CURL *h = curl.easy_init();
	enum delivered r;

	if (h == NULL) {
		snprintf(d->why, sizeof d->why, "libcurl won't start");
		return DELIVER_AGAIN;
	}
	curl.easy_setopt(h, CURLOPT_URL, d->target->to.p);
	curl.easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl.easy_setopt(h, CURLOPT_POST, 1L);
	curl.easy_setopt(h, CURLOPT_POSTFIELDS, body.p);
	curl.easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)body.n);
	curl.easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl.easy_setopt(h, CURLOPT_USERAGENT, "mfx-alarm/" MFX_VERSION);
	curl.easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl.easy_setopt(h, CURLOPT_TIMEOUT, TIMEOUT);
	curl.easy_setopt(h, CURLOPT_CONNECTTIMEOUT, TIMEOUT_CONNECT);
	curl.easy_setopt(h, CURLOPT_WRITEFUNCTION, webhook_ignore);
	curl.easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl.easy_setopt(h, CURLOPT_XFERINFOFUNCTION, webhook_progress);
	curl.easy_setopt(h, CURLOPT_XFERINFODATA, d);
	r = webhook_judge(d, h, curl.easy_perform(h));
	curl.easy_cleanup(h);
	return r;
}

enum delivered
webhook_deliver(struct delivery *d)
{
	struct str body = d->line;
	struct curl_slist *headers;
	enum delivered r = DELIVER_AGAIN;
	struct buf id, signature;

	buf_init(&id, 1024);
	buf_init(&signature, 1024);
	buf_puts(&id, "X-Mfx-Id: ");
	notice_put_id(&id, d->line);
	buf_putc(&id, '\0');
	headers = curl.slist_append(NULL, "Content-Type: application/json");
	headers = curl.slist_append(headers, id.p);
	if (d->target->secret.p == NULL ||
	    webhook_put_signature(d, body, &signature) == 0) {
		if (signature.n > 0)
			headers = curl.slist_append(headers, signature.p);
		r = webhook_post(d, body, headers);
	}
	curl.slist_free_all(headers);
	buf_release(&id);
	buf_release(&signature);
	return r;
}

#else

int
webhook_init(struct fault *fault)
{
	return fault_set(fault, EX_CONFIG, "webhook: this mfx-alarm was built "
	    "without libcurl");
}

enum delivered
webhook_deliver(struct delivery *d)
{
	snprintf(d->why, sizeof d->why, "built without libcurl");
	return DELIVER_AGAIN;
}

#endif
