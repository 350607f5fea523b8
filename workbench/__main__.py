"""`workbench` alone opens the window; with arguments it is the command line."""

import os
import sys


def main() -> None:
    """Open the window, run a command, or, where there is no screen, do the quick start."""
    # A shell that completes a command asks by the environment, without arguments.
    is_command = len(sys.argv) > 1 or "_WORKBENCH_COMPLETE" in os.environ
    if not is_command and not has_display():
        print("No display found: doing the quick start instead of opening the window.", file=sys.stderr)  # noqa: T201
        sys.argv.append("quickstart")
        is_command = True
    if is_command:
        from workbench.cli import app

        app()
        return
    from workbench.app import run_window

    sys.exit(run_window())


def has_display() -> bool:
    """Tell whether a window can be shown; only Linux runs without a screen."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


if __name__ == "__main__":
    main()
