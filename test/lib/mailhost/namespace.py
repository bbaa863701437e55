# SPDX-License-Identifier: MIT
"""What the servers of a host see in place of the machine's own files.

Some paths are fixed in the servers: /etc, with the users and every configuration, Dovecot's
module folder, and where Apache's suexec writes its log. So each server runs in a mount namespace of
its own, in which folders of DIR lie over these. The machine's files are not touched, and the mounts
go away with the last process that sees them. Servers of another release are chrooted into its root besides.

With /etc of our own, the configuration is found where a real host has it, and the lines
that the documentation gives can be used as they stand.
"""
import pathlib
import shutil
import stat

from .layout import TOP, Failure, replace

MODULES = pathlib.Path("/usr/lib/dovecot/modules")
SUEXEC_LOG = pathlib.Path("/var/log/apache2")

# What programs look up by themselves; whatever else is in /etc is nobody's business here.
FROM_ETC = ("alternatives", "debian_version", "group", "host.conf", "hosts", "ld.so.cache",
            "ld.so.conf", "ld.so.conf.d", "localtime", "mailname", "mime.types",
            "nsswitch.conf", "os-release", "passwd", "protocols", "resolv.conf", "services",
            "ssl/openssl.cnf", "timezone")

# Users that a real host would have from the package or from its admin.
USERS = ("postern", "postern-page", "vmail")

ENTER = """#!/bin/sh
# Runs a command as the servers of this host see the machine (--server), or as its admin does.
dir={dir}
hidden={hidden}
if [ "$1" = --server ]; then shift; else hidden=; fi
[ $# -gt 0 ] || {{ echo "usage: $0 COMMAND…" >&2; exit 64; }}
exec unshare --mount --propagation private -- /bin/sh -c '
	set -e
	dir=$1 hidden=$2
	shift 2
	if [ -n "$hidden" ]; then
		# Not 3: the lowest free numbers are what start_server(pass_fds=…) hands to the server.
		exec 9<"$dir"
		mount -n -t tmpfs -o mode=755 tmpfs "$hidden"
		mkdir -p "$dir"
		mount -n -c --bind /proc/self/fd/9 "$dir"
		exec 9<&-
	fi
	mount -n --bind "$dir/etc" /etc
	[ ! -d "$dir/modules" ] || mount -n --bind "$dir/modules" {modules}
	[ ! -d "$dir/suexec-log" ] || mount -n --bind "$dir/suexec-log" {suexec_log}
	exec "$@"
' enter "$dir" "$hidden" "$@"
"""

# The same for another release: inside its root, with DIR, this checkout and an admin's /tmp at the
# same paths.
ENTER_ROOT = """#!/bin/sh
# Runs a command as the servers of this host see their machine (--server), or as its admin does.
dir={dir}
root={root}
top={top}
tmp=/tmp
if [ "$1" = --server ]; then shift; tmp=; fi
[ $# -gt 0 ] || {{ echo "usage: $0 COMMAND…" >&2; exit 64; }}
exec unshare --mount --propagation private -- /bin/sh -c '
	set -e
	dir=$1 root=$2 top=$3 tmp=$4
	shift 4
	mount -n -t proc proc "$root/proc"
	mount -n --rbind /dev "$root/dev"
	mount -n -t tmpfs tmpfs "$root/run"
	if [ -n "$tmp" ]; then
		mount -n --rbind "$tmp" "$root$tmp"
	else
		mount -n -t tmpfs -o mode=1777 tmpfs "$root/tmp"
	fi
	for folder in "$dir" "$top"; do
		mkdir -p "$root$folder"
		mount -n -c --bind "$folder" "$root$folder"
	done
	mount -n --bind "$dir/etc" "$root/etc"
	[ ! -d "$dir/modules" ] || mount -n --bind "$dir/modules" "$root{modules}"
	[ ! -d "$dir/suexec-log" ] || mount -n --bind "$dir/suexec-log" "$root{suexec_log}"
	folder=$PWD
	[ -d "$root$folder" ] || folder=/
	exec chroot "$root" env -C "$folder" -- "$@"
' enter "$dir" "$root" "$top" "$tmp" "$@"
"""

POSTERN = """#!/bin/sh
# The admin's command, on the store of this host.
exec {enter} {command} "$@"
"""


def prepare(layout):
    """Makes DIR/etc, DIR/modules and the two commands that use them. Returns the ids of USERS."""
    shutil.rmtree(layout.etc, ignore_errors=True)
    _copy_etc(layout)
    ids = _add_users(layout.etc)
    _copy_modules(layout)
    if layout.root is None:
        enter = ENTER.format(dir=layout.dir, modules=MODULES, suexec_log=SUEXEC_LOG,
                             hidden=_first_closed_parent(layout.dir))
    else:
        enter = ENTER_ROOT.format(dir=layout.dir, modules=MODULES, suexec_log=SUEXEC_LOG,
                                  root=layout.root, top=TOP)
    replace(layout.enter, enter, 0o755)
    replace(layout.postern, POSTERN.format(enter=layout.enter,
                                           command=layout.stage / "usr/bin/postern"), 0o755)
    return ids


def _copy_etc(layout):
    for name in FROM_ETC:
        source, target = layout.on_release(pathlib.Path("/etc", name)), layout.etc / name
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        elif source.exists():
            shutil.copy(source, target)


def _add_users(etc):
    """Gives each of USERS a user and a group, with numbers that the machine does not use."""
    passwd, group = etc / "passwd", etc / "group"
    taken = {line.split(":")[2] for path in (passwd, group) for line in _lines(path)}
    free = (n for n in range(900, 100, -1) if str(n) not in taken)
    ids = {}
    for name in USERS:
        for path in (passwd, group):
            replace(path, "".join(line + "\n" for line in _lines(path)
                                  if not line.startswith(name + ":")))
        ids[name] = next(free)
        with passwd.open("a") as f:
            f.write(f"{name}:x:{ids[name]}:{ids[name]}::/nonexistent:/usr/sbin/nologin\n")
        with group.open("a") as f:
            f.write(f"{name}:x:{ids[name]}:\n")
    return ids


def _lines(path):
    return path.read_text().splitlines()


def _copy_modules(layout):
    """Debian's modules, with those of this build among them."""
    shutil.rmtree(layout.modules, ignore_errors=True)
    shutil.copytree(layout.on_release(MODULES), layout.modules, symlinks=True)
    staged = layout.stage / MODULES.relative_to("/")
    if staged.is_dir():
        shutil.copytree(staged, layout.modules, symlinks=True, dirs_exist_ok=True)


def _first_closed_parent(folder):
    """The servers drop root, and then have to find their files below folder. The first parent that
    others cannot pass (mkdtemp's, say) gets an empty folder over it, where they run."""
    for parent in reversed(folder.parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            if parent == pathlib.Path("/"):
                raise Failure("/ cannot be passed by others")
            return parent
    return ""
