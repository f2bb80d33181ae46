"""A data directory made once, copied for each test: saves the second which initdb takes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from private_servers import small


@pytest.fixture(scope="session")
def made_once():
    """A data directory that was started and stopped once."""
    directory = Path(tempfile.mkdtemp(prefix="countermand-test-"))
    with small(directory):
        pass
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def made_directory(made_once, server_directory) -> Path:
    """A copy of it for one test: owners and modes as they were."""
    shutil.rmtree(server_directory)
    subprocess.run(["cp", "-a", str(made_once), str(server_directory)], check=True)
    return server_directory
