#!/bin/sh
# A PostgreSQL of its own for tests and benches, in a fresh folder, reached by a Unix socket only.
# Prints the folder when it is ready, runs until standard input ends, and leaves nothing behind.
# Arguments go to the server, such as: -c fsync=off
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
dir=$(mktemp -d /tmp/menwei-postgres.XXXXXX)
# The server refuses to run as root.
as() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd "$dir" && exec setpriv --reuid=postgres --regid=postgres --init-groups "$@")
    else
        "$@"
    fi
}
end() {
    as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap end EXIT
trap : INT TERM
if [ "$(id -u)" -eq 0 ]; then chown postgres: "$dir"; fi
as "$bin/initdb" -D "$dir/data" -U menwei -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log"
as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/server.log" \
    -o "-k $dir -c listen_addresses= $*" start >/dev/null </dev/null
echo "$dir"
cat >/dev/null || true
