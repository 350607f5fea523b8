"""Commands that take model files, also such as were not made here: judge them, time them."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.options import AsJson, LabelsOption


def evaluate(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.tflite", help="Any classifier of sound, or forecaster.", show_default=False)
    ],
    spec: Annotated[
        Path,
        typer.Option(
            "--spec", metavar="SPEC.toml", help="Settings whose data and features the model takes.", show_default=False
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="PATH", help="Folder of clips, or CSV file; the spec's own when not given."),
    ] = None,
    labels: LabelsOption = "",
    as_json: AsJson = False,
) -> None:
    """Judge a .tflite file on the test part of a folder of clips, or of a CSV file.

    Example: `workbench evaluate model.tflite --spec resources/specs/go-stop-tiny.toml --data clips --labels go,stop`
    """
    from core.datasets.clips import SYNTHETIC_MARKER
    from core.experiment.spec_file import load_spec
    from core.section import value_at
    from core.tasks.registry import TASKS
    from workbench import console
    from workbench.commands import quality_sheet

    parsed = load_spec(spec, data=data)
    order = tuple(label.strip() for label in labels.split(",") if label.strip())
    with console.progress() as narrator:
        quality = TASKS[parsed.task].judge_file(model, parsed, order, narrator)
    synthetic = (Path(value_at(parsed, parsed.data_field)) / SYNTHETIC_MARKER).is_file()
    if as_json:
        console.answer({"model": str(model), **quality_sheet.as_document(quality), "synthetic": synthetic})
    else:
        quality_sheet.show(quality, synthetic)


def benchmark(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL.tflite...", help="Files to time.", show_default=False)],
    threads: Annotated[int, typer.Option("--threads", metavar="N", min=1, max=64, help="Of the interpreter.")] = 1,
    warmup: Annotated[int, typer.Option("--warmup", metavar="N", min=0, help="Runs before the clock starts.")] = 20,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=10, help="Runs that are timed.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Time model files on this machine at batch 1: median, 90th and 99th percentile.

    Example: `workbench benchmark a.tflite b.tflite --threads 2`
    """
    from core.evaluation.latency import benchmark as time_model
    from core.evaluation.latency import device_name
    from workbench import console
    from workbench.number_format import count, milliseconds

    with console.progress() as narrator:
        timed = [(str(model), time_model(model, threads, warmup, runs, narrator)) for model in models]
    if as_json:
        entries = [{"model": model, "timing": timing.model_dump(mode="json")} for model, timing in timed]
        console.answer({"device": device_name(), "num_threads": threads, "models": entries})
        return
    headings: console.Headings = (
        ("model", "left"),
        ("median ms", "right"),
        ("p90 ms", "right"),
        ("p99 ms", "right"),
        ("runs", "right"),
    )
    rows = [
        (model, *map(milliseconds, (timing.median_ms, timing.p90_ms, timing.p99_ms)), count(timing.num_runs))
        for model, timing in timed
    ]
    console.show_table(f"Inference on {device_name()}", headings, rows)
