# SPDX-License-Identifier: GPL-2.0-only
# Compare two lists of results.awk; print KTAP. A test whose result is another
# one, or that is in one list only, has failed.
#
#	awk -f compare.awk STOCK HOLDFAST

BEGIN { FS = "\t" }

{ key = $1 ": " $2 }
!(key in known) { known[key] = ++n; name[n] = key }
NR == FNR { stock[key] = $3; next }
{ holdfast[key] = $3 }

END {
	print "KTAP version 1\n1.." n
	for (i = 1; i <= n; i++) {
		key = name[i]
		theirs = key in stock ? stock[key] : "nothing"
		ours = key in holdfast ? holdfast[key] : "nothing"
		gsub(/#/, "no.", name[i])
		same = theirs == ours
		bad += !same
		printf "%sok %d %s # %s on stock, %s here\n", same ? "" : "not ", i, name[i], theirs, ours
	}
	exit bad || !n
}
