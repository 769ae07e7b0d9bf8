"""Installing peers: a virtual environment of their own in the folder of the benchmark."""

import json
import subprocess
import sys
from pathlib import Path


def installed(folder: Path, *packages: str) -> Path:
    """Return the folder of programs of an environment that holds these packages."""
    environment = folder / "peers-venv"
    if not (environment / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    missing = [name for name in packages if name not in versions(environment / "bin")]
    if missing:
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "-qqq", *missing]
        subprocess.run(pip, check=True)
    return environment / "bin"


def versions(programs: Path) -> dict[str, str]:
    listed = subprocess.run(
        [str(programs / "python"), "-m", "pip", "list", "--format", "json"], capture_output=True, check=True
    )
    return {row["name"]: row["version"] for row in json.loads(listed.stdout)}
