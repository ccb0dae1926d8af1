#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sparse on the files that the series adds or changes. What it says of the
# same files of Linux without the series is not ours.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/build/matrix.sh
. "$TOP/tests/build/matrix.sh"

# sparse_in TREE LIST: complaints about the files in LIST, without line numbers
# (ours shift those of the files they change).
sparse_in()
{
	# shellcheck disable=SC2046 # a list of objects
	kmake "$1" -j"$JOBS" C=2 CHECK="$sparse" $(sed 's/\.c$/.o/' "$2") > "$2.log" 2>&1 || {
		tail -n 30 "$2.log" >&2
		return 1
	}
	# Two things every driver gets, of old: MODULE_INFO() of 7.3, which is also
	# in module_param(), is beyond sparse 0.6.4, and PCI_D0 and its like compare
	# by "<" only so.
	awk -v tree="$1" '
		!/^[^ :]+:[0-9]+:[0-9]+: (warning|error): / { next }
		/restricted pci_power_t degrades to integer/ { next }
		/error: bad constant expression/ {
			split($0, place, ":")
			line = "sed -n " place[2] "p " tree "/" place[1]
			text = ""
			line | getline text
			close(line)
			if (text ~ /^(MODULE_|module_param\()/)
				next
		}
		{ sub(/:[0-9]+:[0-9]+:/, ":"); print }' "$2.log" | sort -u
}

# The last release of sparse does not know this word, and 7.3 asks for it.
sparse='sparse -D__typeof_unqual__=__typeof__'

our_sources > "$LINUX/matrix.ours"
: > "$LINUX/matrix.theirs"
while read -r file; do
	[ ! -f "$LINUX/stock/${file%.c}.o" ] || printf '%s\n' "$file" >> "$LINUX/matrix.theirs"
done < "$LINUX/matrix.ours"

while read -r file; do
	[ -f "$tree/${file%.c}.o" ] || die "nothing builds $file, which the series changes: modules.config should"
done < "$LINUX/matrix.ours"

sparse_in "$tree" "$LINUX/matrix.ours" > "$LINUX/matrix.sparse"
: > "$LINUX/stock.sparse"
if [ -s "$LINUX/matrix.theirs" ]; then
	one_at_a_time
	sparse_in "$LINUX/stock" "$LINUX/matrix.theirs" > "$LINUX/stock.sparse"
fi
grep -q '^  CHECK' "$LINUX/matrix.ours.log" || die "sparse was not run, see $LINUX/matrix.ours.log"
new=$(comm -23 "$LINUX/matrix.sparse" "$LINUX/stock.sparse")
[ -z "$new" ] || {
	printf '%s\n' "$new"
	exit 1
}
