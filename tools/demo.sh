#!/bin/sh
# Build the bundled example's schema and say what came out.
#     tools/demo.sh COMMAND FOLDER
set -eu
command=$1
folder=$2
example=examples/jamshop/db/schema
schema=$folder/schema.sql

# Milliseconds, or nothing where date knows no %N.
now() {
    nanoseconds=$(date +%s%N)
    case $nanoseconds in
        *[!0-9]*) ;;
        *) echo "$((nanoseconds / 1000000))" ;;
    esac
}

mkdir -p "$folder"
start=$(now)
result=$("$command" build "$example" -o "$schema" --json)
end=$(now)

# What the build itself reports: one scan gave the schema and the digest.
field() {
    printf '%s\n' "$result" | sed -n "s/.*\"$1\":\"\{0,1\}\([0-9a-f]*\).*/\1/p"
}
if [ -n "$start" ]; then time="$((end - start)) ms"; else time="not measured: date knows no %N"; fi

cat <<END
A small shop's PostgreSQL database, $example, as one schema:

    files    $(field files)
    bytes    $(field bytes)
    digest   $(field digest)
    time     $time
    result   $schema

Next, with your own files:

    ./confiture build path/to/your/sql -o schema.sql
END
