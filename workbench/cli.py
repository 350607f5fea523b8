"""The command line: every action of the window as a command. `__main__` decides between the two.

Exit status: 0 done, 1 failed, 2 bad usage or an invalid spec, 130 cancelled.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from workbench.commands import data, device, forecasting, models, quickstart, recording, spotting, studies, training
from workbench.commands.options import wants_json

FAILED, BAD_SPEC, CANCELLED = 1, 2, 130


class Commands(TyperGroup):
    """Turns the errors of all commands into sentences and exit statuses, in one place."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        from core.errors import SpecError, TrialCancelled, WorkbenchError, told_by_system

        try:
            return super().invoke(ctx)
        except SpecError as error:
            problems = [{"path": problem.path, "message": problem.message} for problem in error.problems]
            _end(ctx, error, BAD_SPEC, {"error": str(error), "problems": problems})
        except WorkbenchError as error:
            _end(ctx, error, FAILED, {"error": str(error)})
        except OSError as error:
            # A reader that has seen enough, such as `head`, is no failure of ours.
            if isinstance(error, BrokenPipeError):
                raise
            told = told_by_system(error)
            _end(ctx, told, FAILED, {"error": str(told)})
        except (TrialCancelled, KeyboardInterrupt):
            _end(ctx, None, CANCELLED, {"error": "cancelled"})


def _end(context: typer.Context, error: Exception | None, status: int, document: dict[str, Any]) -> None:
    from workbench import console

    if error is None:
        console.say("Cancelled.")
    else:
        console.complain(error)
    if wants_json(context):
        console.answer(document)
    raise typer.Exit(status)


app = typer.Typer(
    name="workbench",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


@app.callback()
def workbench() -> None:
    """Make a neural network small enough, fast enough and good enough at once.

    Without a command the window opens. Every command takes --json and writes progress to stderr.

    Exit status: 0 done, 1 failed, 2 bad usage or an invalid spec, 130 cancelled.
    """


app.command()(quickstart.quickstart)
app.command()(training.train)
app.command()(training.sweep)
app.command()(training.search)
app.command()(training.resume)
app.command()(training.finalize)
app.command()(training.remeasure)
app.command()(studies.trials)
app.command()(studies.show)
app.command()(studies.constrain)
app.command()(studies.pareto)
app.command()(studies.export)
app.command()(studies.report)
app.command()(models.evaluate)
app.command()(models.benchmark)
app.command()(forecasting.forecast)
app.command()(spotting.classify)
app.command()(spotting.detect)
app.command()(spotting.listen)
app.command()(recording.record)
app.command()(data.synthesize)
app.add_typer(data.app, name="data")
app.add_typer(device.app, name="device")
