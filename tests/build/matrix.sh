# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The tree that the build matrix works in. Sourced after TOP is set.

# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

tree=$LINUX/matrix
# shellcheck disable=SC2034 # for those that source this
config=$TOP/kernel/config
scripts=$TOP/kernel/scripts

exec 8>"$LINUX/.lock.matrix"
flock 8
"$scripts/derive.sh" matrix

# configure [--known] [FRAGMENT]: the test kernel's options as modules, and that
# fragment's on top. All variants are modular: going from built-in to modules
# compiles most of the kernel again.
configure()
{
	known=
	[ "${1:-}" != --known ] || { known=$1; shift; }
	"$scripts/configure.sh" ${known:+"$known"} matrix "$config/base.config" "$config/holdfast.config" \
		"$config/kunit.config" "$TOP/tests/build/modules.config" ${1:+"$1"}
}

# our_sources: the .c files that the series adds or changes, one a line.
our_sources()
{
	grep '\.c$' "$tree/.holdfast-laid"
}

# compile LOG TARGET...: build in the tree, a warning is as bad as an error.
compile()
{
	clog=$1
	shift
	if ! kmake "$tree" -j"$JOBS" "$@" > "$clog" 2>&1; then
		grep -nE 'error|undefined|Error' "$clog" | head -n 20
		tail -n 20 "$clog"
		return 1
	fi
	if grep -nE 'warning: |WARNING: ' "$clog"; then
		return 1
	fi
}
