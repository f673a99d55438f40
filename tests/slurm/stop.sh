#!/usr/bin/env bash
# Stop what start.sh FOLDER started, jobs first, by the process ids in FOLDER.
set -uo pipefail
DIR=$(realpath -m "${1:?usage: stop.sh FOLDER}")
export SLURM_CONF="$DIR/etc/slurm.conf"

pid() { # FILE NAME: the process of that name, never one that took a stale id
  local found
  found=$(cat "$1" 2> /dev/null) && [ "$(cat "/proc/${found:-x}/comm" 2> /dev/null)" = "$2" ] && echo "$found"
}
gone() { # ID: ended, or a zombie
  case "$(sed 's/.*) //' "/proc/$1/stat" 2> /dev/null)" in '' | Z*) return 0 ;; esac
  return 1
}
stop() { # SECONDS NAME FILE...: SIGTERM to all, then SIGKILL to what is left
  local end=$((SECONDS + $1)) name=$2 file found
  local -a all=()
  shift 2
  for file in "$@"; do found=$(pid "$file" "$name") && all+=("$found") && kill -TERM "$found"; done
  for found in ${all[@]+"${all[@]}"}; do
    until gone "$found" || [ $SECONDS -ge $end ]; do sleep 0.05; done
    gone "$found" || kill -KILL "$found"
  done
  rm -f "$@"
}

# slurmstepd and its job outlive slurmd
if pid "$DIR/run/slurmctld.pid" slurmctld > /dev/null; then
  timeout 5 scancel --full -s KILL -t RUNNING,SUSPENDED -u "$(id -un)" 2> /dev/null
  timeout 5 scancel -u "$(id -un)" 2> /dev/null
  for _ in $(seq 100); do
    [ -z "$(timeout 2 squeue -h -t R,CG,S 2> /dev/null)" ] && break
    sleep 0.1
  done
fi
stop 2 slurmctld "$DIR/run/slurmctld.pid" &
stop 2 slurmd "$DIR"/run/slurmd.*.pid &
wait
stop 5 munged "$DIR/run/munged.pid"
exit 0
