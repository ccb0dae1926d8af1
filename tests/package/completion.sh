#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Completion in bash: every verb, every option of every verb, and no other.
set -eu
: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
# shellcheck source=tests/package/common.sh
. "$TOP/tests/package/common.sh"
# shellcheck source=userspace/completion/holdfast
. "$TOP/userspace/completion/holdfast"
bad=0

# complete_line WORD...: what the last word can become, one a line
complete_line()
{
	COMP_WORDS=(holdfast "$@")
	COMP_CWORD=$#
	_holdfast
	((!${#COMPREPLY[@]})) || printf '%s\n' "${COMPREPLY[@]}" | sort
}

# expect WHAT GOT WANT
expect()
{
	[ "$2" != "$3" ] || return 0
	printf '%s: "%s" instead of "%s"\n' "$1" "${2//$'\n'/ }" "${3//$'\n'/ }"
	bad=1
}

expect "verbs" "$(complete_line '')" "$({ verbs; printf '%s\n' help --help --version; } | sort)"
expect "sta" "$(complete_line sta)" status
for verb in $(verbs); do
	expect "$verb" "$(complete_line "$verb" --)" "$(options "$verb")"
done
expect "half an option" "$(complete_line preserve --ti)" --timeout
expect "help" "$(complete_line help ver)" verify
expect "a file" "$(complete_line kexec --load "$TOP/mk/de")" "$TOP/mk/deps.sh"
expect "a number" "$(complete_line preserve --timeout '')" ""
expect "a process" "$(complete_line preserve --pid $$)" $$
expect "a driver" "$(complete_line restore -- "$TOP/mk/de")" "$TOP/mk/deps.sh"

# Clients come from the command; what is no name is not for the shell to expand.
holdfast()
{
	# shellcheck disable=SC2016
	printf '%s\n' "client user state" "nic0 0:0 ready - - 1" '$(touch${IFS}/tmp/x) 0:0 new - - 1' "$*"
}
expect "clients" "$(complete_line finish '')" "$(printf '%s\n' --all nic0 clients | sort)"
expect "clients of a daemon" "$(complete_line finish --daemon /x n)" nic0

# The control: an option that completion does not know is found.
_holdfast_options() { echo --json; }
if [ "$(complete_line preserve --)" = "$(options preserve)" ]; then
	echo "a missing option was not noticed"
	bad=1
fi
exit $bad
