/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/codec.h"

#include <strings.h>

#define CODEC_ROW(name) &codec_##name,

const struct senml_codec *const codecs[] = {
	CODECS(CODEC_ROW, CODEC_ROW) &codec_sensmlx, NULL
};

const struct senml_codec *
codec_find(struct str s)
{
	const struct senml_codec *const *c;
	size_t n = 0;

	while (n < s.n && s.p[n] != ';' && s.p[n] != ' ')
		n++;
	/* a coding (gzip) hides what is inside */
	if (n < s.n && memchr(s.p, '@', s.n) != NULL)
		return NULL;
	for (c = codecs; *c != NULL; c++)
		if ((s.n > 0 && str_eq(s, (*c)->number)) ||
		    (n == (*c)->type.n &&
		    strncasecmp(s.p, (*c)->type.p, n) == 0))
			return *c;
	return NULL;
}
