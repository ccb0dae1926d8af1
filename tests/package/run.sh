#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a package is made of, as KTAP: manual, completion, files, compilers.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
export TOP
# shellcheck source=tests/build/ktap.sh
. "$TOP/tests/build/ktap.sh"
here=$TOP/tests/package

ktap_plan 8
ktap_run "man pages are clean under mandoc" "$here/man.sh"
ktap_run "man pages name each verb, option and function" "$here/words.sh"
ktap_run "each member of the JSON is documented" "$here/schema.sh"
ktap_run "completion knows each verb and option" "$here/completion.sh"
ktap_run "make install puts each file in its place" "$here/install.sh"
ktap_run "the boot's script says what it cannot bind" "$here/bind.sh"
ktap_run "the library has what its header says, for C and C++" "$here/library.sh"
ktap_run "userspace builds with clang" "$here/clang.sh"
ktap_end
