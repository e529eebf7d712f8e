"""Fetch the front-end files we ship and record what they are.

Run by a developer when a version changes, never at start-up or in a build::

    .venv/bin/python tools/vendor.py

Each file comes out of the package that npm serves under that name and version. ``static/vendor/VENDOR.json`` says
where every file came from and its SHA-256; ``tests/house/test_vendor.py`` compares.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str
    #: Path in the package → path under ``static/``.
    files: dict[str, str]


PACKAGES = [
    Package(
        "bootstrap",
        "5.3.9",
        "MIT",
        {
            "dist/css/bootstrap.min.css": "vendor/bootstrap-5.3.9.min.css",
            "dist/js/bootstrap.bundle.min.js": "vendor/bootstrap-5.3.9.bundle.min.js",
            "LICENSE": "vendor/bootstrap-5.3.9.LICENSE.txt",
        },
    ),
    Package(
        "chart.js",
        "4.6.1",
        "MIT",
        {
            "dist/chart.umd.min.js": "vendor/chart-4.6.1.min.js",
            "LICENSE.md": "vendor/chart-4.6.1.LICENSE.txt",
        },
    ),
    Package(
        "htmx.org",
        "2.0.11",
        "0BSD",
        {
            "dist/htmx.min.js": "vendor/htmx-2.0.11.min.js",
            "LICENSE": "vendor/htmx-2.0.11.LICENSE.txt",
        },
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "vendor/inter-5.3.0-latin.woff2",
            "LICENSE": "vendor/inter-5.3.0.LICENSE.txt",
        },
    ),
    Package("@tabler/icons", "3.51.0", "MIT", {"LICENSE": "vendor/tabler-icons-3.51.0.LICENSE.txt"}),
]

#: The icons of the sprite ``static/admin/icons.svg``, cut from @tabler/icons (outline).
ICONS = """
adjustments-horizontal alert-circle alert-triangle archive arrow-back-up arrow-down-right arrow-right arrow-up-right
ban bell bell-ringing building-store calendar chart-bar check checks chevron-down chevron-left chevron-right
chevron-up circle-check circle-dashed circle-x clock code coins copy device-floppy device-mobile dots-vertical
download external-link eye eye-off filter flask help-circle history hourglass inbox info-circle key
layout-dashboard link list-check lock logout mail menu-2 message minus moon package pencil player-pause player-play
player-stop plug-connected plus refresh search selector send settings shield-check shopping-cart sun tag template
ticket trash upload user user-plus users webhook world x
""".split()
SPRITE = "admin/icons.svg"


def fetch(package: Package, folder: Path) -> tarfile.TarFile:
    """Download the package with npm and open it."""
    done = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return tarfile.open(folder / done.stdout.split()[-1])


def read(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise FileNotFoundError(path)
    return member.read()


def symbol(name: str, svg: str) -> str:
    """One icon of the sprite: the drawing without its frame; colour and stroke come from ``.nx-icon``."""
    inner = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    inner = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", inner.strip(), flags=re.DOTALL)
    inner = re.sub(r"\s*\n\s*", "", inner).replace(" />", "/>")
    inner = inner.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none"/>', "")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>'


def main() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    record = []
    kept = {VENDOR / "VENDOR.json"}

    def keep(package: Package, source: str, target: str, content: bytes) -> None:
        path = STATIC / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        kept.add(path)
        record.append(
            {
                "name": package.name,
                "version": package.version,
                "licence": package.licence,
                "source": source,
                "file": target,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )

    with tempfile.TemporaryDirectory() as temporary:
        for package in PACKAGES:
            with fetch(package, Path(temporary)) as archive:
                for source, target in package.files.items():
                    keep(package, source, target, read(archive, source))
                if package.name == "@tabler/icons":
                    symbols = [symbol(n, read(archive, f"icons/outline/{n}.svg").decode()) for n in sorted(ICONS)]
                    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
                    keep(package, "icons/outline/*.svg", SPRITE, sprite.encode())

    for path in VENDOR.iterdir():
        if path not in kept:
            path.unlink()
            print(f"removed {path.name}")
    (VENDOR / "VENDOR.json").write_text(json.dumps(record, indent=2) + "\n")
    for entry in record:
        print(f"{entry['name']:28} {entry['version']:8} {entry['file']}")


if __name__ == "__main__":
    main()
