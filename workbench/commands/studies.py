"""Commands that look into a study: its trials, one of them, the front, and files to take away."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.options import AsJson, StudyArgument, TrialArgument


class XAxis(StrEnum):
    """What accuracy is drawn over."""

    SIZE = "size"
    LATENCY = "latency"


class ExportFormat(StrEnum):
    """Forms a model leaves the study in."""

    TFLITE = "tflite"
    ZIP = "zip"
    KERAS = "keras"
    C_ARRAY = "c-array"


def trials(
    study: StudyArgument,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV to stdout.")] = False,
) -> None:
    """List the trials of a study with everything measured of them.

    Example: `workbench trials studies/mine --csv > mine.csv`
    """
    from core.experiment.report import to_csv
    from core.experiment.store import Study
    from workbench import console
    from workbench.commands import trial_table

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other; give one of them")
    opened = Study.open(study)
    summaries = opened.summaries()
    if as_json:
        console.answer(trial_table.as_document(opened, summaries))
    elif as_csv:
        console.answer_text(to_csv(opened, summaries))
    elif summaries:
        trial_table.show(opened, summaries)
    else:
        console.say(f"{opened.name} has no trials yet; `workbench train` adds one.")


def show(study: StudyArgument, trial: TrialArgument, as_json: AsJson = False) -> None:
    """Show one trial: figures, labels and confusion matrix or errors by horizon and hour, what it changes, its files.

    Example: `workbench show studies/mine B`
    """
    from core.experiment.store import Study
    from workbench import console
    from workbench.commands import trial_sheet

    opened = Study.open(study)
    name = opened.find(trial)
    if as_json:
        console.answer(trial_sheet.as_document(opened, name))
    else:
        trial_sheet.show(opened, name)


def constrain(
    study: StudyArgument,
    accuracy_min: Annotated[
        float | None, typer.Option("--accuracy-min", metavar="PART", min=0, max=1, help="Least accuracy, such as 0.9.")
    ] = None,
    zip_kb_max: Annotated[
        float | None, typer.Option("--zip-kb-max", metavar="KB", min=0, help="Largest zipped size; kB of 1024 bytes.")
    ] = None,
    total_ms_max: Annotated[
        float | None, typer.Option("--total-ms-max", metavar="MS", min=0, help="Longest total latency.")
    ] = None,
    mae_max: Annotated[
        list[str] | None,
        typer.Option("--mae-max", metavar="COLUMN=ERROR", help="Largest error of a quantity, in its unit; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wanted of the trials of a study, and show which of them are that. What is not given is not asked.

    Example: `workbench constrain studies/weather --zip-kb-max 2 --mae-max "T (degC)=0.5" --mae-max "rh (%)=1.8"`
    """
    from core.errors import StudyError
    from core.experiment.constraints import Constraints
    from core.experiment.store import Study
    from workbench import console
    from workbench.commands import trial_table
    from workbench.number_format import BYTES_PER_KB

    opened = Study.open(study)
    zip_bytes_max = None if zip_kb_max is None else BYTES_PER_KB * zip_kb_max
    errors = dict(map(_column_and_error, mae_max or []))
    known = {error.name for summary in opened.summaries() for error in summary.errors}
    strangers = [column for column in errors if known and column not in known]
    if strangers:
        raise StudyError(f"no trial of {study} forecasts {strangers[0]!r}; choose among {', '.join(sorted(known))}")
    try:
        asked = Constraints(accuracy_min, None, total_ms_max, errors).with_bound("zip_bytes_max", zip_bytes_max)
    except ValueError as error:
        raise StudyError(str(error)) from error
    opened.set_constraints(asked)
    summaries = opened.summaries()
    if as_json:
        console.answer(trial_table.as_document(opened, summaries))
    else:
        trial_table.show(opened, summaries)


def _column_and_error(text: str) -> tuple[str, float]:
    column, _, error = text.rpartition("=")
    try:
        most = float(error)
    except ValueError:
        most = -1
    if not column or most < 0:
        raise typer.BadParameter(f"must look like 'T (degC)=0.5', is {text!r}", param_hint="--mae-max")
    return column, most


def pareto(
    study: StudyArgument,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Picture to write: .png or .svg.", show_default=False)
    ],
    x: Annotated[XAxis, typer.Option("--x", help="What lies across: zipped size or total latency.")] = XAxis.SIZE,
    y: Annotated[
        str,
        typer.Option(
            "--y", metavar="COLUMN", help="Quantity whose error is drawn, of a study of forecasts; the first if none."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Draw accuracy, or an error of forecasts, over size or latency, with the front of trials that no other beats.

    Example: `workbench pareto studies/mine --x latency --out front.svg`
    """
    from core.experiment.store import Study
    from workbench import console
    from workbench.commands import pareto_picture

    if out.suffix.lower() not in (".png", ".svg"):
        raise typer.BadParameter(f"must end in .png or .svg, is {out.name!r}", param_hint="--out")
    opened = Study.open(study)
    document = pareto_picture.draw(opened, x.value, out, y)
    if as_json:
        console.answer(document)
    else:
        on_front = [point["letter"] for point in document["trials"] if point["on_front"]]
        console.note(f"On the front: {', '.join(on_front)}")
        console.note(f"Written: {document['out']}")
        for column in document["other_quantities"]:
            console.note(f'Not on it: the error of {column}; --y "{column}" draws that.')


def export(
    study: StudyArgument,
    trial: TrialArgument,
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.TFLITE,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="PATH", help="File, or folder to write into; here when not given.", show_default=False
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a finished trial's model for use elsewhere, with its preprocessing beside it.

    Example: `workbench export studies/mine B --format c-array --out firmware/`
    """
    from core.experiment.export import export_trial
    from core.experiment.store import Study
    from workbench import console

    opened = Study.open(study)
    name = opened.find(trial)
    written = [str(path.resolve()) for path in export_trial(opened, name, form.value, out or Path.cwd())]
    if as_json:
        console.answer({"trial": name, "format": form.value, "files": written})
    for path in [] if as_json else written:
        console.note(f"Written: {path}")


def report(
    studies: Annotated[list[Path], typer.Argument(metavar="DIR…", help="Folders of studies.", show_default=False)],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="PAGE.md", help="Page whose results section is renewed.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set published systems beside the trials that repeat them here, as Markdown tables.

    On a page, systems that none of the studies repeats keep the row they have.

    Example: `workbench report studies/* --into README.md`
    """
    from core.experiment.published import renew_results, systems_table
    from core.experiment.store import Study
    from workbench import console

    opened = [Study.open(folder) for folder in studies]
    if into is not None:
        renew_results(into, opened)
    if as_json:
        console.answer({"table": systems_table(opened), "into": str(into.resolve()) if into else None})
    elif into is None:
        console.answer_text(systems_table(opened))
    else:
        console.note(f"Written: {into}")
