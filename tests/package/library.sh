#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The library as a driver author finds it after make install: the header is C and
# C++ by itself, the shared library has its functions and nothing else, and
# pkg-config tells how to link either kind.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/package/common.sh
. "$TOP/tests/package/common.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

env -u MAKEFLAGS -u MFLAGS make -s -C "$TOP/userspace" install-lib \
	O="$BUILD/userspace" KHDR="$KHDR" DESTDIR="$tmp/root" PREFIX=/usr >"$tmp/log" 2>&1 || {
	tail -n 20 "$tmp/log"
	exit 1
}
cd "$tmp"
header=root/usr/include/holdfast.h
lib=root/usr/lib

# Functions by the header's account, and by that of the shared library
sed -n 's/^[a-z].*[ *]\(holdfast_[a-z_]*\)(.*/\1/p' "$header" | sort > want
nm -D --defined-only "$lib/libholdfast.so" | awk '$2 == "T" { print $3 }' | sort > got
sed -i 's/@@HOLDFAST_1\.0$//' got
if ! diff want got > changes; then
	sed -n 's/^< /in the header only: /p; s/^> /in the library only: /p' changes
	exit 1
fi
[ -s want ]
# A symbol without a version would be one of the map's gaps.
nm -D --defined-only "$lib/libholdfast.so" | awk '$2 == "T" && $3 !~ /@@HOLDFAST_/ { print "no version: " $3; bad = 1 } END { exit bad }'

# What is not the library's must not leak into programs that link it.
nm "$lib/libholdfast.a" 2>/dev/null |
	awk 'NF == 3 && $2 ~ /^[TDBR]$/ && $3 !~ /^(holdfast|hf)_/ { print "global name: " $3; bad = 1 } END { exit bad }'

cat > main.c <<'END'
#include <holdfast.h>

int main(void)
{
	struct holdfast *hf;

	return holdfast_open(&hf, "", "/") < 0 && *holdfast_error() &&
	       *holdfast_version() ? 0 : 1;
}
END
cp main.c main.cc
export PKG_CONFIG_PATH="$PWD/$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$PWD/root"
cflags=$(pkg-config --cflags holdfast)
libs=$(pkg-config --libs holdfast)
static=$(pkg-config --static --libs holdfast)
[ "$(pkg-config --modversion holdfast)" = "$(sed -n 's/^Version: //p' "$lib/pkgconfig/holdfast.pc")" ]

# build COMPILER LANGUAGE-OPTIONS...: shared and static, and run both
build()
{
	command -v "$1" >/dev/null || { echo "no $1 here: left out"; return; }
	echo "$*"
	# shellcheck disable=SC2086 # they are several words
	"$@" -Wall -Wextra -Werror -pedantic $cflags -o shared $libs
	# shellcheck disable=SC2086
	"$@" -Wall -Wextra -Werror -pedantic $cflags -static -o static $static
	LD_LIBRARY_PATH="$PWD/$lib" ./shared
	./static
}
build gcc -std=c99 main.c -Wl,--no-as-needed
build g++ -std=c++11 main.cc -Wl,--no-as-needed
build clang -std=c11 main.c -Wl,--no-as-needed
build clang++ -std=c++17 main.cc -Wl,--no-as-needed
