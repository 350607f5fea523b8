"""What `data check` found in a folder of clips, on a page."""

from core.datasets.check import DataReport
from core.datasets.listing import PART_WORDS
from workbench import console
from workbench.number_format import NOTHING, count, three_digits

FILES_NAMED = 10


def show(report: DataReport) -> None:
    """Draw a report on stdout; of each kind of trouble the first files are named, --json names all."""
    spoken = ", synthetic" if report.synthetic else ""
    speakers = f"{count(report.num_speakers)} speakers" if report.num_speakers else "no speakers known"
    headings: console.Headings = (
        ("label", "left"), ("clips", "right"), ("speakers", "right"),
        ("shortest s", "right"), ("median s", "right"), ("longest s", "right"),
    )  # fmt: skip
    rows = [
        (label.label, count(label.num_clips), count(label.num_speakers) if label.num_speakers else NOTHING,
         three_digits(label.min_s), three_digits(label.median_s), three_digits(label.max_s))
        for label in report.labels
    ]  # fmt: skip
    console.note(f"{report.folder}: {count(report.num_clips)} clips{spoken}, {speakers}")
    console.note(report.understood)
    if report.parts:
        console.note(
            "Parts: " + ", ".join(f"{PART_WORDS[part]} {count(clips)}" for part, clips in report.parts.items())
        )
    console.show_table("", headings, rows)
    console.note("")
    console.note(
        "Rates      " + ", ".join(f"{rate:,} Hz ({count(clips)})" for rate, clips in report.sample_rates.items())
    )
    console.note("Formats    " + ", ".join(f"{name} ({count(clips)})" for name, clips in report.formats.items()))
    console.note("Encodings  " + ", ".join(f"{kind} ({count(clips)})" for kind, clips in report.encodings.items()))
    console.note("Channels   " + ", ".join(f"{number} ({count(clips)})" for number, clips in report.channels.items()))
    console.note("" if report.findings else "Nothing wrong was found.")
    for finding in report.findings:
        number = f"{count(len(finding.files))}, " if finding.files and finding.kind != "unread" else ""
        console.note(f"{finding.kind.replace('_', ' ').capitalize()}: {number}{finding.meaning}")
        for file in finding.files[:FILES_NAMED]:
            console.note(f"    {file}")
        if len(finding.files) > FILES_NAMED:
            console.note(f"    and {count(len(finding.files) - FILES_NAMED)} more; --json names all")
