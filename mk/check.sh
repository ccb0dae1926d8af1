#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Run suites (`make suite-NAME` for each NAME given), keep their logs in
# build/check/NAME.log, and count. The last line is "N passed, N failed".
set -eu
: "${TOP:=$(cd "$(dirname "$0")/.." && pwd)}"
. "$TOP/mk/lib.sh"

logs=$BUILD/check
mkdir -p "$logs"
: > "$logs/table"
: > "$logs/failures"
passed=0 failed=0 skipped=0

for suite in "$@"; do
	log=$logs/$suite.log
	printf '# suite %s\n' "$suite"
	start=$(date +%s)
	{
		status=0
		"${MAKE:-make}" --no-print-directory -C "$TOP" "suite-$suite" 2>&1 </dev/null || status=$?
		echo "$status" > "$logs/$suite.status"
	} | tee "$log"
	seconds=$(($(date +%s) - start))
	awk -v status="$(cat "$logs/$suite.status")" -f "$TOP/mk/ktap.awk" "$log" > "$logs/$suite.count"
	read -r p f s < "$logs/$suite.count"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-8s %6d %6d %7d %5d:%02d\n' "$suite" "$p" "$f" "$s" \
		$((seconds / 60)) $((seconds % 60)) >> "$logs/table"
	if [ "$f" -gt 0 ]; then
		sed -n "2,\$s/^/  $suite: /p" "$logs/$suite.count" >> "$logs/failures"
		printf '  %s: log in %s\n' "$suite" "$log" >> "$logs/failures"
	fi
done

printf '\nsuite    passed failed skipped   time\n'
cat "$logs/table"
if [ -s "$logs/failures" ]; then
	printf '\nFailed:\n'
	cat "$logs/failures"
fi
printf '\n%d passed, %d failed' "$passed" "$failed"
[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
printf '\n'
[ "$failed" = 0 ] && [ "$passed" != 0 ]
