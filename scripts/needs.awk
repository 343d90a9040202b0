# SPDX-License-Identifier: Apache-2.0
# Reads cmd/programs and says what can be built with the libraries `have`,
# as variables for config.mk; with `say` it tells a person what is left out.
#
#	awk -v have='sqlite sodium' [-v say=1] -f scripts/needs.awk cmd/programs

/^#/ || NF == 0 { next }

/^library / {
	name = $2
	sub(/:$/, "", name)
	library[++libraries] = name
	packages[name] = $7
	if (sub(/^[^;]*; */, ""))
		less[name] = $0
	next
}

{
	if (!sub(/:[ \t]*$/, ": ") && !/: /)
		fail("a row without a colon: " $0)
	n = split(substr($0, 1, index($0, ":") - 1), names)
	for (i = 1; i <= n; i++) {
		row[++rows] = names[i]
		needs[rows] = substr($0, index($0, ":") + 1)
	}
}

function fail(why) {
	print "cmd/programs: " why | "cat >&2"
	failed = 1
	exit 1
}

# Follows one need of a row: uses[] gets the libraries that are there,
# lacks[] those without which it can't be built, spares[] the others.
function follow(what,    optional) {
	optional = sub(/\?$/, "", what)
	if (what ~ /^lib\//)
		follow_prefixes(what)
	else if (!(what in packages))
		fail("no library named " what)
	else if (what in there)
		uses[what]
	else if (optional)
		spares[what]
	else
		lacks[what]
}

function follow_row(r,    i, n, list) {
	n = split(needs[r], list)
	for (i = 1; i <= n; i++)
		follow(list[i])
}

function follow_prefixes(what,    r, found) {
	if (what in seen)
		return
	seen[what]
	for (r = 1; r <= rows; r++)
		if (row[r] ~ /^lib\// && index(what, row[r]) == 1) {
			found = 1
			follow_row(r)
		}
	if (!found)
		fail("no row for " what)
}

function is_source(name) {
	return name ~ /^lib\//
}

# what row r lacks or links, kept for what is printed at the end
function judge_row(r,    l, lib, lacking) {
	split("", uses)
	split("", lacks)
	split("", spares)
	split("", seen)
	follow_row(r)
	for (l = 1; l <= libraries; l++) {
		lib = library[l]
		if (lib in uses)
			link[r] = link[r] " $(" toupper(lib) "_LIBS)"
		if (lib in lacks)
			lacking = 1
		if (is_source(row[r]))
			continue
		if (lib in lacks)
			without[lib] = without[lib] " " row[r]
		if (lib in spares)
			spared[lib]
	}
	if (is_source(row[r]))
		sources = sources (lacking ? " " row[r] "%" : "")
	else if (lacking)
		left = left " " row[r]
	else
		programs = programs " " row[r]
}

function say_left_out(    l, lib, what) {
	for (l = 1; l <= libraries; l++) {
		lib = library[l]
		what = without[lib]
		if (lib in spared)
			what = what " " less[lib]
		gsub(/,/, ", ", packages[lib])
		if (what != "")
			print "without " lib " (" packages[lib] "): no" what
	}
}

function print_variables(    r, l) {
	print "PROGRAMS =" programs
	print "LEFT_OUT =" left
	print "LEFT_OUT_SOURCES =" sources
	for (r = 1; r <= rows; r++)
		if (!is_source(row[r]) && r in link)
			print "libs." row[r] " =" link[r]
	for (l = 1; l <= libraries; l++)
		all = all " $(" toupper(library[l]) "_LIBS)"
	print "ALL_LIBS =" all
}

END {
	if (failed)
		exit 1
	n = split(have, list)
	for (i = 1; i <= n; i++)
		there[list[i]]
	for (r = 1; r <= rows; r++)
		judge_row(r)
	if (say)
		say_left_out()
	else
		print_variables()
}
