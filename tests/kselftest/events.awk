# SPDX-License-Identifier: GPL-2.0-only
# What the guest of the selftests says, as one KTAP document: a block of subtests
# for each program, and a test that the kernel had nothing to complain about.
#
#	awk -v programs="A B C" -v console=FILE -f ../../mk/json.awk -f events.awk
#
# A program that did not come to its end, or was never started, has failed.

BEGIN {
	n = split(programs, program, " ")
	print "KTAP version 1\n1.." n + 1
	fflush()
	bad = 0
}

function result(name, ok, why)
{
	printf "%sok %d %s%s\n", ok ? "" : "not ", ++number, name, why == "" ? "" : " # " why
	if (!ok)
		bad = 1
	fflush()
}

{ sub(/\r$/, "") }

/^[{]"ev":"program"/ {
	if (value("status") == "") {
		running = value("name")
	} else {
		# 4 is: all of its tests were skipped
		result(running, value("status") == 0 || value("status") == 4, "")
		running = ""
	}
	next
}

/^[{]"ev":"(failed|timeout)"/ {
	print "# guest: " $0
}

/^[{]/ { next }

{
	print "  " $0
	fflush()
}

END {
	if (running != "")
		result(running, 0, "the guest ended in it")
	while (number < n)
		result(program[number + 1], 0, "never started")

	splat = "WARNING: |BUG: |kernel BUG at|Oops|Kernel panic|general protection fault|Call Trace:|INFO: (possible|trying|task|rcu)|RCU usage|lock state|lock balance|recursive locking|circular locking|memory leaks|unreferenced object|UBSAN:|KASAN:|KFENCE:|refcount_t:|corruption|Bad page|bad page|while atomic|TIMEOUT|FAILED"
	while ((getline line < console) > 0) {
		lines++
		last[lines % 20] = line
		# Of poison_page(), whose test looks for what came of it
		sub(/due to hardware memory corruption/, "", line)
		if (line ~ splat && complaints++ < 50)
			print "# console: " line
	}
	if (bad)
		for (i = 1; i <= 20; i++)
			if (((lines + i) % 20) in last)
				print "# console, at the end: " last[(lines + i) % 20]
	result("kernel log", lines > 0 && !complaints, "")
	exit bad
}
