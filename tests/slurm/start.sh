#!/usr/bin/env bash
# A private, real SLURM on this machine: munge, slurmctld and two slurmd with two CPUs and a fake GPU each.
#   tests/slurm/start.sh FOLDER; . FOLDER/env.sh; sinfo; tests/slurm/stop.sh FOLDER
# Config, keys, sockets, state, logs and process ids are in FOLDER: no systemd, nothing in /etc. Run as root.
set -euo pipefail
DIR=$(realpath -m "${1:?usage: start.sh FOLDER}")
PORT=${PORT:-16800}
HOST=$(hostname -s)

wait_for() { # SECONDS WHAT COMMAND...
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      echo "start.sh: gave up waiting for $what" >&2
      tail -n 15 "$DIR"/log/*.log >&2 || true
      exit 1
    fi
    sleep 0.1
  done
}

umask 022
mkdir -p "$DIR"/{etc,run,log,state,spool/n1,spool/n2,dev,bin}
# Devices like /dev/null: for any other file SLURM leaves CUDA_VISIBLE_DEVICES empty.
[ -c "$DIR/dev/gpu0" ] || mknod -m 666 "$DIR/dev/gpu0" c 1 3

[ -s "$DIR/etc/munge.key" ] || head -c 1024 /dev/urandom > "$DIR/etc/munge.key"
chmod 400 "$DIR/etc/munge.key"
munged --key-file="$DIR/etc/munge.key" --socket="$DIR/run/munge.sock" --pid-file="$DIR/run/munged.pid" \
  --log-file="$DIR/log/munged.log" --seed-file="$DIR/state/munge.seed" --num-threads=2
wait_for 10 munged bash -c "munge -n -S '$DIR/run/munge.sock' | unmunge -S '$DIR/run/munge.sock'"

# KillWait is 30 s and SlurmdTimeout 300 s by default; partition urgent preempts jobs of main.
cat > "$DIR/etc/slurm.conf" << CONF
ClusterName=test
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$PORT
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/run/munge.sock
CredType=cred/munge
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
SlurmctldPidFile=$DIR/run/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd.%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
EnforcePartLimits=ALL
MinJobAge=300
KillWait=30
CompleteWait=0
InactiveLimit=0
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
MessageTimeout=10
SlurmdParameters=config_overrides
JobRequeue=1
GresTypes=gpu
NodeName=n[1-2] NodeHostname=$HOST NodeAddr=127.0.0.1 Port=[$((PORT + 1))-$((PORT + 2))] CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=10000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefMemPerCPU=500 PriorityTier=1 State=UP
PartitionName=urgent Nodes=ALL MaxTime=INFINITE DefMemPerCPU=500 PriorityTier=10 PreemptMode=OFF State=UP
CONF
echo "NodeName=n[1-2] Name=gpu File=$DIR/dev/gpu0" > "$DIR/etc/gres.conf"
# The plugin's executor inside a job removes SLURM_CONF from the environment of srun.
printf '#!/bin/sh\nSLURM_CONF="%s" exec /usr/bin/srun "$@"\n' "$DIR/etc/slurm.conf" > "$DIR/bin/srun"
chmod 755 "$DIR/bin/srun"
printf 'export SLURM_CONF="%s"\nexport PATH="%s:$PATH"\n' "$DIR/etc/slurm.conf" "$DIR/bin" > "$DIR/env.sh"
. "$DIR/env.sh"

slurmctld
slurmd -N n1
slurmd -N n2
wait_for 20 slurmctld scontrol ping
# sinfo may show the "idle" of before a restart: a job on each node is the honest sign
wait_for 60 "a job on each node" timeout 5 srun -Q --immediate=3 -p urgent -N 2 --ntasks-per-node=1 true
