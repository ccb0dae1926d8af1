# SPDX-License-Identifier: GPL-2.0-only
# The value of a key in the current line, which is an object of JSON without
# others in it, as guests write it; "" if it has none. With another -f behind.
function value(key)
{
	if (!match($0, "\"" key "\":(\"[^\"]*\"|[0-9]+)"))
		return ""
	key = substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
	gsub("\"", "", key)
	return key
}
