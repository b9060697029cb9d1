#!/bin/sh
# A stand-in for a part of Pulumi, put here by the toolchain/setup.js of a project (its README says more).
#
# The language host may have started this plugin ahead: then there is a folder for this engine, with a
# file that can be taken once, and soon a second file with the port. Whatever is amiss: start it here.
here=${0%/*}
name=${0##*/}
for engine; do :; done
ahead=$here/@AHEAD@/${engine##*:}
if mv "$ahead/$name.coming" "$ahead/$name.taken" 2> /dev/null; then
  read -r host < "$ahead/host"
  tries=0
  while [ $tries -lt 500 ] && [ -e "$ahead/$name.taken" ] && kill -0 "$host" 2> /dev/null; do
    if [ -s "$ahead/$name" ]; then
      cat "$ahead/$name"
      # The engine ends its plugins with a signal, or by being gone, which ends our input.
      exec cat > /dev/null
    fi
    tries=$((tries + 1))
    sleep 0.02
  done
fi
exec node "$here/stand-ins/$name.js" "$@"
