# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # variables come from lib.sh
#
# Memory of every kind that nobody takes: finish gives it back.
# shellcheck source=tests/vm/guest/scenarios/pages-lib.sh disable=SC1091
. /hf/scenarios/pages-lib.sh

kernel_2() {
	given_back pages drop
}
