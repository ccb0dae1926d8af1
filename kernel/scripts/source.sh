#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Put an untouched Linux 7.3 at build/linux/stock: a copy of KDIR, or Debian's
# linux-source-7.3, downloaded (never installed) with apt.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"
# shellcheck source=mk/apt.sh
. "$TOP/mk/apt.sh"

package=linux-source-$KSRC
stock=$LINUX/stock
dl=$BUILD/dl
# Where Debian keeps it or may come to keep it, nearest first.
suites='trixie-backports forky sid'

cure="get a Linux $KSRC source tree and run make with KDIR=/path/to/it"

# best_deb: the downloaded package to use, if there is one.
best_deb()
{
	set -- "$dl/${package}_$KTESTED"*.deb
	if [ ! -f "$1" ]; then
		set -- "$dl/${package}_"*.deb
		# shellcheck disable=SC2012 # names are of our making
		[ ! -f "$1" ] || set -- "$(ls -v "$@" | tail -n 1)"
	fi
	[ ! -f "$1" ] || printf '%s\n' "$1"
}

# best_version APT...: version that apt-cache (called as given) would take.
best_version()
{
	"$@" madison "$package" 2>/dev/null | awk '{ print $3 }' | sort -V > "$dl/versions"
	grep "^${KTESTED}[-+~]" "$dl/versions" | tail -n 1 > "$dl/version"
	[ -s "$dl/version" ] || tail -n 1 "$dl/versions" > "$dl/version"
	cat "$dl/version"
	rm -f "$dl/versions" "$dl/version"
}

download()
{
	command -v apt-get >/dev/null || die "no apt here: $cure"
	mkdir -p "$dl"
	version=$(best_version apt-cache)
	if [ -n "$version" ]; then
		say "downloading $package $version"
		(cd "$dl" && apt-get -q -o APT::Sandbox::User=root download "$package=$version") ||
			die "cannot download $package: $cure"
		return
	fi
	apt_is_debian || die "$package is not known to apt, and this is no Debian: $cure"
	for suite in $suites; do
		say "reading the package list of $suite"
		apt_private "$suite" "$suite" || continue
		version=$(best_version apt_with "$suite" apt-cache)
		[ -n "$version" ] || continue
		say "downloading $package $version of $suite"
		if (cd "$dl" && apt_with "$suite" apt-get -q download "$package=$version"); then
			return
		fi
	done
	die "none of these has $package: $suites. $cure"
}

unpack()
{
	say "unpacking $(basename "$1")"
	dpkg-deb --fsys-tarfile "$1" |
		tar -xO "./usr/src/$package.tar.xz" |
		tar -xJ --strip-components=1 -C "$stock.new"
}

# copy_kdir: the user's tree without its objects and history.
copy_kdir()
{
	say "copying $KDIR"
	tar -c -C "$KDIR" --exclude-vcs --exclude='*.o' --exclude='*.a' --exclude='.*.cmd' \
		--exclude=./vmlinux\* . | tar -x -C "$stock.new"
	make --no-print-directory -s -C "$stock.new" mrproper
}

check_version()
{
	version=$(tree_version "$1")
	case $version in
	"$KSRC".*) ;;
	*) die "$1 is Linux $version; the series is for $KSRC: $cure" ;;
	esac
}

one_at_a_time
if [ -n "$KDIR" ]; then
	KDIR=$(cd "$KDIR" && pwd) || die "cannot enter KDIR"
	[ -d "$KDIR/kernel/liveupdate" ] || die "KDIR=$KDIR is not a Linux $KSRC source tree"
	check_version "$KDIR"
	wanted="KDIR $KDIR"
else
	wanted=
fi
if [ -d "$stock" ]; then
	have=$(cat "$LINUX/source")
	if [ -z "$wanted" ] || [ "$have" = "$wanted" ]; then
		exit 0
	fi
	say "was built from $have: starting over"
fi

# A tree takes 2 GB, and the tests want four.
free=$(df -Pk "$LINUX" | awk 'END { print int($4 / 1024 / 1024) }')
[ "$free" -ge 5 ] || die "$free GB free in $BUILD; the demo needs 5, make check 10"

rm -rf "$stock" "$stock.new"
mkdir -p "$stock.new"
if [ -n "$KDIR" ]; then
	copy_kdir
else
	[ -n "$(best_deb)" ] || download
	deb=$(best_deb)
	wanted=$(basename "$deb" .deb)
	unpack "$deb"
fi

check_version "$stock.new"
[ "$version" = "$KTESTED" ] ||
	say "note: this is $version, tested is $KTESTED; it is used if the series applies cleanly"
# Everything derived from another source goes with it.
rm -rf "$LINUX/holdfast" "$LINUX/debug" "$LINUX/matrix" "$BUILD/kernel"
printf '%s\n' "$wanted" > "$LINUX/source"
mv "$stock.new" "$stock"
say "Linux $version ($wanted) in $stock"
