/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer of mfx-normalize: libsimdjson parses each line of a file into
 * its DOM, and the DOM is printed minified.  Input as our programs take
 * it: 64 KiB reads, a line at a time; output in as large pieces.
 */
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <simdjson.h>
#include <sstream>
#include <string>
#include <unistd.h>

namespace {

const size_t chunk = 64 * 1024;

void
write_out(std::string &out)
{
	for (size_t at = 0; at < out.size();) {
		ssize_t n = write(1, out.data() + at, out.size() - at);

		if (n < 0)
			_exit(74);
		at += static_cast<size_t>(n);
	}
	out.clear();
}

void
convert(simdjson::dom::parser &parser, const char *p, size_t n,
    std::string &out)
{
	simdjson::dom::element doc;

	/* the padding that simdjson wants is after every line here */
	if (parser.parse(p, n, false).get(doc) != simdjson::SUCCESS)
		_exit(65);
	out += simdjson::minify(doc);
	out += '\n';
	if (out.size() >= chunk)
		write_out(out);
}

}

int
main(int argc, char **argv)
{
	static char buf[4 * 1024 * 1024 + simdjson::SIMDJSON_PADDING];
	simdjson::dom::parser parser;
	std::string out;
	size_t held = 0;
	ssize_t n;
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : 0;

	while ((n = read(fd, buf + held, chunk)) > 0) {
		char *p = buf, *end = buf + held + n, *nl;

		while ((nl = static_cast<char *>(memchr(p, '\n',
		    static_cast<size_t>(end - p)))) != nullptr) {
			convert(parser, p, static_cast<size_t>(nl - p), out);
			p = nl + 1;
		}
		held = static_cast<size_t>(end - p);
		memmove(buf, p, held);
	}
	write_out(out);
	return n < 0 ? 74 : 0;
}
