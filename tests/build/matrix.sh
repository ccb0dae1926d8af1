# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The tree that the build matrix works in. Sourced after TOP is set.

# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

tree=$LINUX/matrix
# shellcheck disable=SC2034 # for those that source this
config=$TOP/kernel/config
scripts=$TOP/kernel/scripts
# shellcheck disable=SC2034
upstream=$TOP/tests/build/upstream.config

exec 8>"$LINUX/.lock.matrix"
flock 8
"$scripts/derive.sh" matrix

# configure [--known] [FRAGMENT]: the test kernel's options as modules, and that
# fragment's on top. All variants are modular: going from built-in to modules
# compiles most of the kernel again. The same fragments and the same menus make
# the same configuration, so then there is nothing to do.
configure()
{
	known=
	[ "${1:-}" != --known ] || { known=$1; shift; }
	set -- "$config/base.config" "$config/holdfast.config" "$config/kunit.config" \
		"$TOP/tests/build/modules.config" ${1:+"$1"}
	asked=$({
		printf '%s\n' "$known"
		cat "$@"
		(cd "$tree" && grep 'Kconfig[^/]*$' .holdfast-laid | xargs -r cat)
	} | sha256sum)
	[ "$asked" != "$(cat "$tree/.holdfast-configured" 2>/dev/null)" ] || return 0
	rm -f "$tree/.holdfast-configured"
	"$scripts/configure.sh" ${known:+"$known"} matrix "$@" &&
	printf '%s\n' "$asked" > "$tree/.holdfast-configured"
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
