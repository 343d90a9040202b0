/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that lines in JetStream cost with libnats: a message each, with
 * as many on their way as the window says, and their consumer.
 *
 *	nats_bare publish URL SUBJECT FILE WINDOW
 *	nats_bare follow URL STREAM COUNT
 *
 * The subject of a line is SUBJECT and its channel, as ours.
 */
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define FETCH 2000

static void
bare_check(natsStatus s, const char *what)
{
	if (s == NATS_OK)
		return;
	fprintf(stderr, "nats_bare: %s: %s\n", what, natsStatus_GetText(s));
	exit(1);
}

static int64_t
bare_number(const char *text)
{
	int64_t n;

	if (!number_parse(text, 1, 1000000000, &n))
		bare_check(NATS_INVALID_ARG, text);
	return n;
}

static void
bare_error(jsCtx *js, jsPubAckErr *error, void *arg)
{
	(void)js;
	(void)arg;
	bare_check(error->Err, error->ErrText);
}

/* what stands between the first quotes after "channel": */
static void
bare_subject(char *to, size_t size, const char *prefix, const char *line)
{
	const char *at = strstr(line, "\"channel\":\"");
	int n = 0;

	if (at != NULL) {
		at += strlen("\"channel\":\"");
		n = (int)strcspn(at, "\"");
	}
	snprintf(to, size, "%s.%.*s", prefix, n, at != NULL ? at : "");
}

static void
bare_publish(natsConnection *nc, char **argv)
{
	char subject[256], *line = NULL;
	FILE *f = fopen(argv[1], "r");
	size_t room = 0;
	jsOptions o;
	jsCtx *js;
	ssize_t n;

	bare_check(f != NULL ? NATS_OK : NATS_NOT_FOUND, argv[1]);
	jsOptions_Init(&o);
	o.PublishAsync.MaxPending = bare_number(argv[2]);
	o.PublishAsync.StallWait = 60000;
	o.PublishAsync.ErrHandler = bare_error;
	bare_check(natsConnection_JetStream(&js, nc, &o), "JetStream");
	while ((n = getline(&line, &room, f)) > 0) {
		bare_subject(subject, sizeof subject, argv[0], line);
		bare_check(js_PublishAsync(js, subject, line, (int)n, NULL),
		    "publish");
	}
	bare_check(js_PublishAsyncComplete(js, NULL), "complete");
	free(line);
	fclose(f);
	jsCtx_Destroy(js);
}

/* Prints as well, as ours does. */
static void
bare_follow(natsConnection *nc, char **argv)
{
	int64_t left = bare_number(argv[1]);
	natsSubscription *sub;
	natsMsgList list;
	jsSubOptions o;
	jsErrCode code;
	jsCtx *js;
	int i;

	jsSubOptions_Init(&o);
	o.Stream = argv[0];
	o.Config.AckPolicy = js_AckNone;
	bare_check(natsConnection_JetStream(&js, nc, NULL), "JetStream");
	bare_check(js_PullSubscribe(&sub, js, ">", NULL, NULL, &o, &code),
	    "subscribe");
	while (left > 0) {
		bare_check(natsSubscription_Fetch(&list, sub, FETCH, 30000,
		    &code), "fetch");
		for (i = 0; i < list.Count; i++)
			fwrite(natsMsg_GetData(list.Msgs[i]), 1,
			    (size_t)natsMsg_GetDataLength(list.Msgs[i]),
			    stdout);
		left -= list.Count;
		natsMsgList_Destroy(&list);
	}
	natsSubscription_Destroy(sub);
	jsCtx_Destroy(js);
}

int
main(int argc, char **argv)
{
	bool follows = argc == 5 && strcmp(argv[1], "follow") == 0;
	natsConnection *nc;

	if (!follows && (argc != 6 || strcmp(argv[1], "publish") != 0))
		bare_check(NATS_INVALID_ARG, "usage");
	bare_check(natsConnection_ConnectTo(&nc, argv[2]), argv[2]);
	if (follows)
		bare_follow(nc, argv + 3);
	else
		bare_publish(nc, argv + 3);
	natsConnection_Destroy(nc);
	nats_Close();
	return fflush(stdout) == 0 ? 0 : 1;
}
