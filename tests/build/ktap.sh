# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# KTAP from shell scripts. Sourced; ktap_plan first.

ktap_number=0
ktap_failed=0

ktap_plan()
{
	printf 'KTAP version 1\n1..%d\n' "$1"
}

# ktap_run NAME COMMAND...: a test that passes if COMMAND does. What COMMAND
# prints becomes comments; with status 4 its last line is why it was skipped.
ktap_run()
{
	ktap_name=$1
	shift
	ktap_number=$((ktap_number + 1))
	ktap_log=$(mktemp)
	ktap_status=0
	ktap_start=$(date +%s)
	"$@" > "$ktap_log" 2>&1 </dev/null || ktap_status=$?
	printf '# %s: %d s\n' "$ktap_name" $(($(date +%s) - ktap_start))
	case $ktap_status in
	0) printf 'ok %d %s\n' "$ktap_number" "$ktap_name" ;;
	4) printf 'ok %d %s # SKIP %s\n' "$ktap_number" "$ktap_name" "$(tail -n 1 "$ktap_log")" ;;
	*)
		tail -n 100 "$ktap_log" | sed 's/^/# /'
		printf 'not ok %d %s\n' "$ktap_number" "$ktap_name"
		ktap_failed=1
		;;
	esac
	rm -f "$ktap_log"
}

# ktap_group NAME COMMAND...: a test whose COMMAND prints subtests in KTAP.
ktap_group()
{
	ktap_name=$1
	shift
	ktap_number=$((ktap_number + 1))
	ktap_log=$(mktemp)
	{
		ktap_status=0
		"$@" 2>&1 </dev/null || ktap_status=$?
		echo "$ktap_status" > "$ktap_log"
	} | sed -u 's/^/  /'
	if [ "$(cat "$ktap_log")" = 0 ]; then
		printf 'ok %d %s\n' "$ktap_number" "$ktap_name"
	else
		printf 'not ok %d %s\n' "$ktap_number" "$ktap_name"
		ktap_failed=1
	fi
	rm -f "$ktap_log"
}

ktap_end()
{
	exit "$ktap_failed"
}
