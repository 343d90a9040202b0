# SPDX-License-Identifier: Apache-2.0
# What stands in streams of several buses: `load bus`.

# numbers_of FIRST LAST: lines of three channels
numbers_of() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "{\"channel\":\"c%d\",\"n\":\"n\",\"v\":%d}\n",
			    i % 3, i
	}'
}

bare() {
	sed -E 's/"seq":[0-9]+,//'
}

# all_of BUS STREAM
all_of() {
	MFX_BUS=$1 mfx-sub --no-follow --from start "$2" | bare
}

# has BUS STREAM LINES
has() {
	(($(all_of "$1" "$2" | wc -l) == $3))
}
