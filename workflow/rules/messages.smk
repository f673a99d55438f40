# What a run says at its end, and of a target that nothing makes.
import atexit


def in_folder(files):
    """Files with the working folder, if that is not where the command was given."""
    folder = workflow.overwrite_workdir or ""
    return [os.path.normpath(os.path.join(folder, file)) for file in files]


def asked_for():
    return in_folder(file for job in workflow.dag.targetjobs for file in job.output or job.input)


# at the very end, after what Snakemake says
onsuccess:
    atexit.register(print, targets.made(asked_for()), file=sys.stderr)


onerror:
    for job in workflow.scheduler.failed:
        print(
            f"failed: {job.rule.name} ({', '.join(job.output)}), see {', '.join(in_folder(job.log))}",
            file=sys.stderr,
        )


if caution := cautions.learning_rates(config, workflow.config_settings.overwrite_config):
    logger.warning(f"config: {caution}")


def nothing_of_that_name(wildcards):
    by_name = [rule.name for rule in workflow.rules if not rule.output]
    known = targets.names(config, ARTIFACTS, by_name)
    raise WorkflowError(targets.unknown(config, wildcards.asked, known))
