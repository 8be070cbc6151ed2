# Runs one PostgreSQL cluster in directory $1 with the binaries in $2 and keeps
# it no longer than its own standard input is open. The rest of the arguments
# are settings for the server. Each command is answered with one line.
dir=$1 bin=$2 pid=
shift 2

while read -r command; do
	case $command in
	initdb)
		"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >>"$dir/log" 2>&1
		echo "$?"
		;;
	start)
		"$bin/postgres" -D "$dir/data" "$@" >>"$dir/log" 2>&1 </dev/null &
		pid=$!
		echo "$pid"
		;;
	running)
		kill -0 "$pid" 2>/dev/null && echo yes || echo no
		;;
	kill)
		{ kill -KILL "$pid"; wait "$pid"; } 2>>"$dir/log"
		echo killed
		;;
	esac
done

if test -n "$pid"; then
	{ kill -QUIT "$pid"; wait "$pid"; } 2>>"$dir/log"
fi
rm -rf "$dir"
