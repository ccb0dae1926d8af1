# SPDX-License-Identifier: GPL-2.0-only
# Counts the tests in a log of one suite: KTAP, or TAP, between other lines.
#
#   awk -v status=EXITSTATUS -f mk/ktap.awk LOG
#
# Prints "passed failed skipped", then a line for each failure and its reason.
# Leaves are counted: the line that sums up a block of subtests only counts
# when it fails and none of its subtests did. A block that ended before its
# plan was fulfilled, one without a plan, and a log without any test have failed.

function fail(n, why)
{
	failed += n
	if (nreasons < 200)
		reasons[++nreasons] = why
}

function open_block(indent)
{
	depth++
	ind[depth] = indent
	plan[depth] = -1
	seen[depth] = 0
	failed_at[depth] = failed
}

# Closes the innermost block and checks its plan.
function close_block(    d)
{
	d = depth--
	if (plan[d] < 0) {
		if (seen[d] > 0)
			fail(1, "a block of " seen[d] " tests has no plan: it ended early")
	} else if (seen[d] < plan[d]) {
		fail(plan[d] - seen[d], "ended early: " seen[d] " of " plan[d] " planned tests ran")
	} else if (seen[d] > plan[d]) {
		fail(1, "ran " seen[d] " tests but planned " plan[d])
	}
	child_failed = failed - failed_at[d]
	child_seen = seen[d] > 0 || plan[d] >= 0
}

# Makes the block at this indentation the innermost one.
function enter(indent)
{
	child_seen = 0
	while (depth && ind[depth] > indent)
		close_block()
	if (!depth || ind[depth] < indent)
		open_block(indent)
}

function indentation(    i)
{
	match($0, /^ */)
	i = RLENGTH
	return i
}

{ sub(/\r$/, "") }

/^ *(KTAP version [0-9]+|TAP version [0-9]+)$/ {
	i = indentation()
	enter(i)
	if (seen[depth] || plan[depth] >= 0) {	# the next program of this suite
		close_block()
		open_block(i)
	}
	next
}

/^ *1\.\.[0-9]+/ {
	i = indentation()
	enter(i)
	if (plan[depth] >= 0) {
		close_block()
		open_block(i)
	}
	n = $1
	sub(/^1\.\./, "", n)
	plan[depth] = n + 0
	if (n + 0 == 0) {
		skipped++
		skips++
	}
	next
}

/^ *(not )?ok( |$)/ {
	enter(indentation())
	bad = $1 == "not"
	seen[depth]++
	line = $0
	sub(/^ */, "", line)
	directive = toupper(line)
	if (child_seen) {
		if (bad && !child_failed)
			fail(1, line)
	} else if (directive ~ /# *SKIP/) {
		skipped++
	} else if (bad && directive ~ /# *(TODO|XFAIL)/) {
		skipped++
	} else if (bad) {
		fail(1, line)
	} else {
		passed++
	}
	next
}

/^ *Bail out!/ {
	fail(1, $0)
}

END {
	while (depth)
		close_block()
	if (status != 0 && !failed)
		fail(1, "exit status " status " though no test failed")
	if (!passed && !failed && !skipped)
		fail(1, "ran no test")
	print passed + 0, failed + 0, skipped + 0
	for (i = 1; i <= nreasons; i++)
		print reasons[i]
}
