#!/bin/sh
# Makes the root directory ROOT a host of its own and runs COMMAND there as its first process:
#
#   unshare --mount --pid --fork --uts --ipc --cgroup sh host.sh ROOT COMMAND…
#
# with a /proc, /sys and /dev of its own, and a cgroup hierarchy in which a container engine may make children. The network
# is the caller's: one that was made for it.
set -eu
root=$1
shift
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
node() { mknod -m 666 "dev/$1" c "$2" "$3"; }
node null 1 3
node zero 1 5
node full 1 7
node random 1 8
node urandom 1 9
node tty 5 0
node fuse 10 229
mkdir dev/net dev/pts dev/shm
node net/tun 10 200
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/lock run/sshd run/old
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . run/old
umount -l /run/old
hostname homelab
ip link set lo up
# A cgroup with controllers holds either processes or children, so that its processes move into a child.
mkdir -p /sys/fs/cgroup/init
while read -r process; do
  echo "$process" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
done </sys/fs/cgroup/cgroup.procs
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
done
exec "$@"
