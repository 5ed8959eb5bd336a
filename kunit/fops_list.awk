# SPDX-License-Identifier: GPL-2.0-only
#
# fops_list.awk: reads <linux/fs.h>, prints MEMBER(name) for each member of struct
# file_operations, in order. Preprocessor lines in between are kept.

/^struct file_operations \{/ {
	inside = 1
	next
}

inside && /^}/ {
	inside = 0
}

!inside {
	next
}

/^#/ {
	print
	next
}

{
	gsub(/\/\*([^*]|\*[^\/])*\*\//, "")
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
		print "fops_list.awk: found no struct file_operations; has <linux/fs.h> moved it?" \
			> "/dev/stderr"
		exit 1
	}
}
