#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# build.sh stock|holdfast|debug: build that kernel in build/linux/NAME and put
# bzImage, config, modules and (holdfast) user headers into build/kernel/NAME.
# Does nothing if no input changed since; FORCE=1 asks kbuild all the same.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=kernel/scripts/common.sh
. "$TOP/kernel/scripts/common.sh"

name=$1
config=$TOP/kernel/config
case $name in
stock) fragments=$config/base.config ;;
holdfast) fragments="$config/base.config $config/holdfast.config $config/kunit.config" ;;
debug) fragments="$config/base.config $config/holdfast.config $config/kunit.config $config/debug.config" ;;
*) die "no such kernel: $name" ;;
esac
tree=$LINUX/$name
out=$BUILD/kernel/$name

# A digest of all that this kernel is made of.
inputs()
{
	{
		cat "$LINUX/source"
		# shellcheck disable=SC2086 # a list of words
		sha256sum $fragments
		if [ "$name" != stock ]; then
			find "$TOP/kernel/files" "$TOP/kernel/patches" -type f -exec sha256sum {} + | sort -k 2
		fi
	} | sed "s|$TOP/||" | sha256sum | cut -c 1-32
}

[ "$(uname -m)" = x86_64 ] || die "this cut builds on x86-64 only"
"$TOP/kernel/scripts/source.sh"
one_at_a_time
if [ "$name" != stock ] && [ ! -s "$TOP/kernel/patches/series" ]; then
	die "kernel/patches/series is missing or empty"
fi
digest=$(inputs)
if [ -z "${FORCE:-}" ] && [ -f "$out/bzImage" ] && [ "$(cat "$out/inputs" 2>/dev/null)" = "$digest" ]; then
	exit 0
fi

mkdir -p "$out"
rm -f "$out/inputs"
if [ "$name" != stock ]; then
	"$TOP/kernel/scripts/derive.sh" "$name" 9>&-
	"$TOP/kernel/scripts/lay.sh" "$name" 9>&-
fi
# shellcheck disable=SC2086 # a list of words
"$TOP/kernel/scripts/configure.sh" "$name" $fragments 9>&-
say "$name: compiling Linux $(tree_version "$tree"), $JOBS jobs; log in $out/build.log"
kmake_logged "$out/build.log" "$tree" -j"$JOBS" bzImage modules
seconds=$kseconds
cp "$tree/arch/x86/boot/bzImage" "$out/bzImage.new"
cp "$tree/.config" "$out/config"
cp "$tree/System.map" "$out/System.map"
copy_modules "$tree" "$out/modules"
if [ "$name" = holdfast ]; then
	kmake "$tree" -s -j"$JOBS" headers
	mkdir -p "$out/usr/include"
	# By content: what did not change must not look new to userspace/.
	rsync -rc --delete --include='*/' --include='*.h' --exclude='*' --prune-empty-dirs \
		"$tree/usr/include/" "$out/usr/include/"
fi
mv "$out/bzImage.new" "$out/bzImage"
printf '%s\n' "$digest" > "$out/inputs"
say "$name: $out/bzImage, $(($(stat -c %s "$out/bzImage") / 1024)) KiB, $seconds s"
