"""Commands that take model files, also such as were not made here: judge them, time them."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.options import AsJson, LabelsOption, SettingsOption

MeansOption = Annotated[
    str, typer.Option(metavar="A,B", help="Of each column, for a forecaster that wants standardized values.")
]


def _numbers(text: str, name: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        option = "--" + name.replace("_", "-")
        raise typer.BadParameter(f"must look like 9.5,76, is {text!r}", param_hint=option) from None


def evaluate(
    arguments: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL_OR_TRIAL",
            help="Any .tflite classifier of sound, or forecaster; or a trial (DIR TRIAL, or its own folder).",
            show_default=False,
        ),
    ],
    spec: Annotated[
        Path | None,
        typer.Option(
            "--spec",
            metavar="SPEC.toml",
            help="Settings whose data and features the model takes; a trial's own when not given.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="PATH", help="Folder of clips, or CSV file; the spec's own when not given."),
    ] = None,
    settings: SettingsOption = None,
    labels: LabelsOption = "",
    every: Annotated[bool, typer.Option("--all", help="Judge on all clips, not on the test part alone.")] = False,
    input_mean: MeansOption = "",
    input_deviation: MeansOption = "",
    output_mean: MeansOption = "",
    output_deviation: MeansOption = "",
    as_json: AsJson = False,
) -> None:
    """Judge a .tflite file, or a trial's, on the test part of a folder of clips or of a CSV file.

    With a trial and `--data` it is judged on other data than its own, a forecaster on all windows of another table.
    Forecasters that want standardized values take the means and deviations here, or from `[standardization]` in the
    spec.

    Example: `workbench evaluate model.tflite --spec resources/specs/go-stop-tiny.toml --data clips --labels go,stop`
    """
    from core.datasets.clips import SYNTHETIC_MARKER
    from core.experiment.file_judgement import choose_file, judge_file
    from core.experiment.typed_lists import texts_of
    from core.section import value_at
    from workbench import console
    from workbench.commands import quality_sheet
    from workbench.commands.model_argument import take_target

    target, rest = take_target(arguments)
    if rest:
        raise typer.BadParameter("name one model; several are several commands")
    given = {"input_mean": input_mean, "input_deviation": input_deviation,
             "output_mean": output_mean, "output_deviation": output_deviation}  # fmt: skip
    scaling = {name: _numbers(text, name) for name, text in given.items() if text}
    chosen = choose_file(target, spec, data, settings or [], scaling)
    with console.progress() as narrator:
        judged = judge_file(chosen, texts_of(labels), "all" if every else "test", narrator)
    synthetic = (Path(value_at(chosen.spec, chosen.spec.data_field)) / SYNTHETIC_MARKER).is_file()
    if as_json:
        console.answer({"model": str(chosen.model), **quality_sheet.judged_document(judged), "synthetic": synthetic})
    else:
        quality_sheet.show_judged(judged, synthetic)


def benchmark(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL.tflite...", help="Files to time.", show_default=False)],
    threads: Annotated[int, typer.Option("--threads", metavar="N", min=1, max=64, help="Of the interpreter.")] = 1,
    warmup: Annotated[int, typer.Option("--warmup", metavar="N", min=0, help="Runs before the clock starts.")] = 20,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=10, help="Runs that are timed.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Time model files on this machine with all their inputs and outputs: median, 90th and 99th percentile.

    Example: `workbench benchmark a.tflite b.tflite --threads 2`
    """
    from core.evaluation.latency import benchmark as time_model
    from core.evaluation.latency import device_name
    from workbench import console
    from workbench.model_words import STATES, sides
    from workbench.number_format import count, milliseconds

    with console.progress() as narrator:
        timed = [(str(model), time_model(model, threads, warmup, runs, narrator)) for model in models]
    if as_json:
        entries = [
            {
                "model": model,
                "timing": found.timing.model_dump(mode="json"),
                "takes": found.takes,
                "gives": found.gives,
                "state": found.state,
            }
            for model, found in timed
        ]
        console.answer({"device": device_name(), "num_threads": threads, "models": entries})
        return
    headings: console.Headings = (
        ("model", "left"),
        ("median ms", "right"),
        ("p90 ms", "right"),
        ("p99 ms", "right"),
        ("runs", "right"),
        ("takes", "left"),
        ("gives", "left"),
    )
    rows = [
        (
            model,
            *map(milliseconds, (found.timing.median_ms, found.timing.p90_ms, found.timing.p99_ms)),
            count(found.timing.num_runs),
            *(", ".join(map(sides, shapes)) for shapes in (found.takes, found.gives)),
        )
        for model, found in timed
    ]
    console.show_table(f"Inference on {device_name()}", headings, rows)
    for model, found in timed:
        if found.state != "none":
            console.note(f"{model}: {STATES[found.state]}")
