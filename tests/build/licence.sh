#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each source file has an SPDX line within its first three, naming a licence
# whose text is in LICENSES/.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
cd "$TOP"

bad=0
sources=$(find . -path ./build -prune -o -path ./.git -prune -o -type f \( -name '*.[chS]' -o -name '*.sh' -o -name '*.mk' \
	-o -name '*.awk' -o -name Makefile -o -name Kbuild -o -name '*.config' \) -print)
while read -r file; do
	line=$(head -n 3 "$file" | grep -m 1 'SPDX-License-Identifier: ' || :)
	case $line in
	*GPL-2.0*|*LGPL-2.1*) ;;
	*) printf '%s: "%s"\n' "$file" "$line"; bad=1 ;;
	esac
done <<EOF
$sources
EOF
exit "$bad"
