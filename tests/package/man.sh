#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each man page passes mandoc's lint. Control: one with a fault does not.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"

if ! command -v mandoc >/dev/null; then
	echo "mandoc is not installed"
	exit 4
fi
cd "$TOP/userspace/man"
mandoc -T lint -W warning ./*.[1-8]
if printf '.Dd November 23, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Bogus\n' |
	mandoc -T lint -W warning >/dev/null; then
	echo "a macro that does not exist was not noticed"
	exit 1
fi
