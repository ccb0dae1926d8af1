#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # backticks are Markdown's
#
# docs/status.md lists each member that daemon and command write, or else
# docs/agent.md does, for events; and each state that docs/status.md speaks of, and
# member in a table of it, is one that is written.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$TOP"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# A key is a constant wherever JSON is written; the log and the record of intent
# are nobody's interface.
cat userspace/daemon/*.c userspace/agent/*.c userspace/cli/*.c | tr '\n' ' ' > "$tmp/sources"
grep -ohE '(hf|kernel)_json(_[a-z0-9]+)?\(&?j,[[:space:]]*"[a-z_]+"' "$tmp/sources" |
	sed 's/.*"\(.*\)"/\1/' | grep -vx written_by | sort -u > "$tmp/written"
grep -ohE '`[a-z_]+`' docs/status.md docs/agent.md | tr -d '`' | sort -u > "$tmp/documented"
# Members of the tables: the first column, or the second one behind an array
awk -F'|' '/^\| `state` \| what/ { skip = 1 } /^$/ { skip = 0 }
	/^\| (`|any|all)/ && !skip { print $2 } /^\|[^|]*\| `/ && NF > 5 { print $3 }' docs/status.md |
	grep -oE '`[a-z_]+`' | tr -d '`' | sort -u > "$tmp/tables"
# Verbs are words of these tables, too.
sed -n 's/.*{ "\([a-z]*\)", cmd_.*/\1/p' userspace/cli/main.c | sort > "$tmp/verbs"

bad=0
only()
{
	[ -s "$tmp/$2" ] || { echo "$2: no word at all"; bad=1; }
	comm -23 "$tmp/$2" "$tmp/$3" > "$tmp/only"
	[ ! -s "$tmp/only" ] || { echo "$1: $(tr '\n' ' ' < "$tmp/only")"; bad=1; }
}

sort -u -o "$tmp/known" "$tmp/written" "$tmp/verbs"
only "written and not documented" written documented
only "documented and not written" tables known
# The control: what is missing is found.
grep -vx "$(head -n 1 "$tmp/written")" "$tmp/documented" > "$tmp/short"
if (only "" written short; exit "$bad") >/dev/null; then
	echo "a missing member was not noticed"
	bad=1
fi
exit $bad
