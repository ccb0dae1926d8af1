# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Shared by the scripts of the kernel pipeline. Sourced after TOP is set.

# shellcheck source=mk/lib.sh
. "$TOP/mk/lib.sh"

# The series the patches are for, and the version they are tested with.
# shellcheck disable=SC2034 # for those that source this
KSRC=7.3
# shellcheck disable=SC2034
KTESTED=7.3.4
LINUX=$BUILD/linux

# What is handed down by make is not meant for kbuild.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES O
export ARCH=x86
export KBUILD_BUILD_USER=holdfast KBUILD_BUILD_HOST=build KBUILD_BUILD_VERSION=1

# tree_version TREE: print e.g. 7.3.4
tree_version()
{
	awk '/^VERSION *=/ { v = $3 } /^PATCHLEVEL *=/ { p = $3 } /^SUBLEVEL *=/ { s = $3 }
		/^NAME *=/ { exit } END { print v "." p "." s }' "$1/Makefile"
}

# one_at_a_time: wait until no other make works on the kernel trees.
one_at_a_time()
{
	mkdir -p "$LINUX"
	exec 9>"$LINUX/.lock"
	flock -n 9 && return
	say "waiting for another build in $LINUX"
	flock 9
}

# copy_modules TREE DIR: they lie side by side in DIR; each names those it needs
# in its .modinfo section.
copy_modules()
{
	rm -rf "$2"
	mkdir -p "$2"
	sed 's/\.o$/.ko/' "$1/modules.order" | while read -r module; do
		cp "$1/$module" "$2/"
	done
}

# kmake TREE ARG...: kbuild in TREE.
kmake()
{
	ktree=$1
	shift
	KBUILD_BUILD_TIMESTAMP=$(date -u -r "$ktree/README") \
		make --no-print-directory -C "$ktree" "$@" 9>&-
}

# kmake_logged LOG TREE ARG...: the same, with a line of progress now and then,
# and the end of the log when it fails.
kmake_logged()
{
	klog=$1
	shift
	mkdir -p "$(dirname "$klog")"
	kbegin=$(date +%s)
	: > "$klog.status"
	{
		kstatus=0
		kmake "$@" 2>&1 || kstatus=$?
		echo "$kstatus" > "$klog.status"
	} | tee "$klog" | awk -v prog="$(basename "$0" .sh)" '
		/^  [A-Z]/ && ++n % 250 == 0 { printf "%s: ... %d steps, at %s\n", prog, n, $NF; fflush() }
		/warning: |error: / { print; fflush() }'
	if [ "$(cat "$klog.status")" != 0 ]; then
		tail -n 25 "$klog" >&2
		die "make $* failed, see $klog"
	fi
	# shellcheck disable=SC2034 # for the caller
	kseconds=$(($(date +%s) - kbegin))
}
