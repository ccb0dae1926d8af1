#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The build matrix, as KTAP. What each test is for: docs/testing.md.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${BUILD:=$TOP/build}"
export TOP
# shellcheck source=tests/build/ktap.sh
. "$TOP/tests/build/ktap.sh"
here=$TOP/tests/build

# Cheap ones first. The later ones share the tree build/linux/matrix, which
# goes from Linux as it is through the prefixes of the series to all of it.
ktap_plan 14
ktap_group "counting of results" "$here/count.sh"
ktap_run "shell scripts are clean under shellcheck" "$here/shell.sh"
ktap_run "every file names its licence" "$here/licence.sh"
ktap_run "series is well-formed and applies without fuzz" "$here/series.sh"
ktap_run "checkpatch --strict has nothing to say" "$here/checkpatch.sh"
ktap_group "memblock works as before" "$TOP/tests/upstream/memblock.sh" \
	"$BUILD/upstream" "$BUILD/linux/stock" "$BUILD/linux/holdfast"
ktap_run "builds without the series, with the selftests of Linux" "$here/variant.sh" upstream-stock
ktap_group "each prefix of the series builds" "$here/bisect.sh"
ktap_run "sparse has nothing new to say" "$here/sparse.sh"
ktap_run "builds with the selftests of Linux" "$here/variant.sh" upstream
ktap_group "the selftests of Linux give the same results" "$here/upstream.sh"
ktap_run "builds as modules" "$here/variant.sh" modules
ktap_group "updates work with these modules" "$here/boot.sh"
ktap_run "builds with our options off" "$here/variant.sh" off
ktap_end
