/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address.h"

#include "base/number.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#define V4_BITS 96	/* length of the prefix before an IPv4 address */

static void
address_from_v4(struct address *a, const void *four)
{
	*a = (struct address){ .bytes = { [10] = 0xff, [11] = 0xff } };
	memcpy(a->bytes + 12, four, 4);
}

static bool
address_is_v4(const struct address *a)
{
	struct address zero = { .bytes = { [10] = 0xff, [11] = 0xff } };

	return memcmp(a->bytes, zero.bytes, 12) == 0;
}

bool
address_of(struct address *a, const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof v4);
		address_from_v4(a, &v4.sin_addr);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof v6);
		memcpy(a->bytes, &v6.sin6_addr, sizeof a->bytes);
	} else {
		return false;
	}
	return true;
}

bool
address_is_loopback(struct str host)
{
	static const unsigned char v4[13] = {
		[10] = 0xff, [11] = 0xff, [12] = 127
	};
	static const unsigned char v6[16] = { [15] = 1 };
	struct str name = STR("localhost");
	struct address a;

	if (host.n >= name.n && strncasecmp(host.p, name.p, name.n) == 0)
		return host.n == name.n || host.p[name.n] == ':';
	return address_parse(&a, host) &&
	    (memcmp(a.bytes, v4, sizeof v4) == 0 ||
	    memcmp(a.bytes, v6, sizeof v6) == 0);
}

void
address_print(const struct address *a, char to[ADDRESS_TEXT])
{
	bool v4 = address_is_v4(a);

	if (inet_ntop(v4 ? AF_INET : AF_INET6, a->bytes + (v4 ? 12 : 0), to,
	    ADDRESS_TEXT) == NULL)
		to[0] = '\0';
}

size_t
address_network(const struct address *a, unsigned char to[16])
{
	bool v4 = address_is_v4(a);

	memcpy(to, a->bytes + (v4 ? 12 : 0), v4 ? 4 : 8);
	return v4 ? 4 : 8;
}

bool
address_same_network(const struct address *a, const struct address *b)
{
	unsigned char x[16], y[16];
	size_t n = address_network(a, x);

	return n == address_network(b, y) && memcmp(x, y, n) == 0;
}

/* ---- from text ---- */

static bool
address_parse_bare(struct address *a, struct str text)
{
	char z[INET6_ADDRSTRLEN + 1];
	struct in_addr v4;

	if (text.n == 0 || text.n >= sizeof z ||
	    memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	if (inet_pton(AF_INET6, z, a->bytes) == 1)
		return true;
	if (inet_pton(AF_INET, z, &v4) != 1)
		return false;
	address_from_v4(a, &v4);
	return true;
}

/* ":80", or nothing */
static bool
address_is_port(struct str text)
{
	size_t i;

	for (i = 1; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n == 0 || (*text.p == ':' && text.n > 1 && text.n <= 6);
}

bool
address_parse(struct address *a, struct str text)
{
	const char *end;
	size_t n;

	if (text.n > 0 && *text.p == '[') {
		end = memchr(text.p, ']', text.n);
		n = end ? (size_t)(end - text.p) : 0;
		return n > 0 && address_is_port(str_from(text, n + 1)) &&
		    memchr(text.p, ':', n) != NULL &&
		    address_parse_bare(a, (struct str){ text.p + 1, n - 1 });
	}
	end = text.n > 0 ? memchr(text.p, ':', text.n) : NULL;
	if (end == NULL || memchr(text.p, '.', (size_t)(end - text.p)) == NULL)
		return address_parse_bare(a, text);
	n = (size_t)(end - text.p);
	return address_is_port(str_from(text, n)) &&
	    address_parse_bare(a, (struct str){ text.p, n });
}

/* ---- proxies ---- */

const char *
proxies_add(struct proxies *p, const char *text)
{
	static const char *const wrong = "not an address, a network such as "
	    "10.0.0.0/8, or unix";
	struct str address = str_z(text);
	const char *slash = strchr(text, '/');
	struct address a;
	int64_t bits;

	if (strcmp(text, "unix") == 0) {
		p->local = true;
		return NULL;
	}
	if (slash != NULL)
		address.n = (size_t)(slash - text);
	if (!address_parse_bare(&a, address))
		return wrong;
	bits = 128;
	if (slash != NULL) {
		if (!number_parse(slash + 1, 0, address_is_v4(&a) &&
		    memchr(text, ':', address.n) == NULL ? 32 : 128, &bits))
			return wrong;
		if (memchr(text, ':', address.n) == NULL)
			bits += V4_BITS;
	}
	if (p->n == PROXIES_MAX)
		return "too many proxies";
	p->v[p->n].address = a;
	p->v[p->n++].bits = (unsigned)bits;
	return NULL;
}

static bool
address_same_bits(const struct address *a, const struct address *b,
    unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a->bytes, b->bytes, whole) == 0 && (rest == 0 ||
	    (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0);
}

bool
proxies_trust(const struct proxies *p, const struct address *peer)
{
	int i;

	if (peer == NULL)
		return p->local;
	for (i = 0; i < p->n; i++)
		if (address_same_bits(&p->v[i].address, peer, p->v[i].bits))
			return true;
	return false;
}

/* takes the last element off the list */
static struct str
address_last(struct str *list)
{
	size_t from = list->n, end = list->n;

	while (from > 0 && list->p[from - 1] != ',')
		from--;
	list->n = from > 0 ? from - 1 : 0;
	while (from < end && (list->p[from] == ' ' || list->p[from] == '\t'))
		from++;
	while (end > from && (list->p[end - 1] == ' ' ||
	    list->p[end - 1] == '\t'))
		end--;
	return (struct str){ list->p + from, end - from };
}

bool
proxies_client(const struct proxies *p, const struct address *peer,
    struct str forwarded, struct address *client)
{
	struct address next;
	struct str text;
	bool known = peer != NULL;

	if (known)
		*client = *peer;
	while (forwarded.n > 0) {
		text = address_last(&forwarded);
		/* an empty element is ignored (RFC 9110 5.6.1) */
		if (text.n == 0)
			continue;
		if (!address_parse(&next, text))
			break;
		*client = next;
		known = true;
		if (!proxies_trust(p, client))
			break;
	}
	return known;
}
