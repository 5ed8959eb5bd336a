# SPDX-License-Identifier: GPL-2.0-only
#
# members.awk: reads a header, prints MEMBER(name) for each member of the structure that
# -v struct=NAME says, in order. Preprocessor lines in between are kept.

$0 ~ "^struct " struct " \\{" {
	inside = 1
	next
}

inside && /^}/ {
	inside = 0
}

!inside {
	next
}

comment && !/\*\// {
	next
}

comment {
	sub(/^.*\*\//, "")
	comment = 0
}

{
	gsub(/\/\*([^*]|\*[^\/])*\*\//, "")
	comment = sub(/\/\*.*/, "")
}

/^#/ {
	print
	next
}

{
	declaration = declaration " " $0
}

/;/ {
	name = declaration
	if (match(name, /\( *\* *[a-z_0-9]+ *\)/)) {
		name = substr(name, RSTART, RLENGTH)
		gsub(/[() *]/, "", name)
	} else {
		sub(/ *;.*/, "", name)
		sub(/.*[ \t*]/, "", name)
	}
	print "MEMBER(" name ")"
	declaration = ""
	members++
}

END {
	if (!members) {
		print "members.awk: found no struct " struct "; has its header moved?" > "/dev/stderr"
		exit 1
	}
}
