# SPDX-License-Identifier: GPL-2.0-only
# What a guest of Linux's own selftests reports, as lists of results: a line for
# each, PROGRAM<tab>TEST<tab>RESULT.
#
#	awk -f ../../mk/json.awk -f results.awk EVENTS >RESULTS
#
# Fails if the guest did not come to its end.

BEGIN { OFS = "\t" }

# A name may come more than once
function result(name, what)
{
	if (seen[program, name]++)
		name = name " #" seen[program, name]
	print program, name, what
}

{ sub(/\r$/, "") }

/^[{]"ev":"program"/ {
	program = value("name")
	if (value("status") != "")
		result("exit status", value("status"))
	next
}

/^[{]"ev":"done"/ { ended = value("status") == 0 }

# TAP
/^(not )?ok [0-9]+ / {
	what = /^ok/ ? "ok" : "not ok"
	sub(/^(not )?ok [0-9]+ (- )?/, "")
	if (sub(/ *# SKIP.*/, ""))
		what = "skipped"
	result($0, what)
	next
}

# memfd_test ends at its first failure; what is built into the kernel says how
# far it came
/^(memfd|memfd-hugetlb|test_kho|liveupdate test): / { result($0, "said") }

END { exit !ended }
