"""`workbench` alone opens the window; with arguments it is the command line."""

import os
import sys


def main() -> None:
    """Open the window, run a command, or, where there is no screen, do the quick start."""
    if len(sys.argv) == 1 and not has_display():
        print("No display found: doing the quick start instead of opening the window.", file=sys.stderr)  # noqa: T201
        sys.argv.append("quickstart")
    if len(sys.argv) > 1:
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
