"""Studies as CSV, and published systems beside what was measured."""

import csv
import io

import pytest

from core.errors import WorkbenchError
from core.experiment.published import RESULTS_BEGIN, RESULTS_END, published_systems, renew_results, systems_table
from core.experiment.report import to_csv
from core.experiment.store import Study
from core.results import Classification, Footprint, LabelScore, Latency, Timing, TrialResult
from core.spec import Dataset, KeywordSpottingSpec


def timing(median_ms: float) -> Timing:
    return Timing(median_ms=median_ms, p90_ms=median_ms, p99_ms=2 * median_ms, num_runs=10, warmup_runs=1)


def measured(right: int, total_ms: float, *, synthetic: bool = False, contended: bool = False) -> TrialResult:
    scores = tuple(LabelScore(label=label, num_clips=100, precision=0.9, recall=0.9) for label in ("go", "stop"))
    return TrialResult(
        quality=Classification(labels=("go", "stop"), confusion=((right, 100 - right), (0, 100)), per_label=scores),
        footprint=Footprint(
            tflite_bytes=8192,
            zip_bytes=4608,
            full_tflite_bytes=9000,
            params=12_345,
            nonzero_params=12_000,
            macs=70_000,
            peak_ram_bytes=20_000,
        ),
        latencies=(
            Latency(
                device="here",
                num_threads=1,
                feature=timing(0.123),
                inference=timing(0.5),
                total=timing(total_ms),
                reference_trial="",
                contended=contended,
            ),
        ),
        validation_accuracy=0.93,
        training_seconds=3.5,
        num_training_clips=100,
        synthetic=synthetic,
    )


@pytest.fixture
def study(tmp_path) -> Study:
    made = Study.create(tmp_path / "study", "go | stop")
    for title, result in (
        ("Baseline", measured(90, 0.64)),
        ("DSC", measured(96, 0.3214, synthetic=True, contended=True)),
        ("C, two layers", None),
    ):
        name = made.add(KeywordSpottingSpec(name=title, dataset=Dataset(folder="/somewhere/my clips")))
        if result is not None:
            (made.folder_of(name) / "result.json").write_text(result.model_dump_json())
    made.refresh()
    return made


def cells(table: str) -> list[list[str]]:
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_csv_keeps_plain_units_and_every_trial(study):
    rows = list(csv.DictReader(io.StringIO(to_csv(study, study.summaries()))))
    assert [row["letter"] for row in rows] == ["A", "B", "C"]
    assert float(rows[0]["accuracy"]) == 0.95
    assert (rows[0]["zip_bytes"], rows[0]["total_ms"], rows[0]["contended"]) == ("4608", "0.64", "False")
    assert (rows[2]["state"], rows[2]["accuracy"], rows[2]["total_ms"]) == ("queued", "", "")


def test_no_cell_of_the_csv_is_a_formula_or_hides_anything(study):
    study.add(KeywordSpottingSpec(name='=HYPERLINK("x")\x1b[0m', dataset=Dataset(folder="/clips")))
    study.refresh()
    rows = list(csv.DictReader(io.StringIO(to_csv(study, study.summaries()))))
    assert rows[-1]["title"] == r"'=HYPERLINK(\"x\")\x1b[0m".replace(r"\"", '"')
    assert float(rows[0]["accuracy"]) == 0.95


def test_published_systems_stand_beside_what_was_measured(study, tmp_path):
    again = Study.create(tmp_path / "later")
    name = again.add(KeywordSpottingSpec(name="Baseline", dataset=Dataset(folder="/clips/mini")))
    (again.folder_of(name) / "result.json").write_text(measured(100, 0.9).model_dump_json())
    again.refresh()
    rows = {row[0]: row for row in cells(systems_table([study, again])) if row[0] not in ("system", "---")}
    # Those that forecast have a table of their own, after the others.
    in_order = sorted(published_systems(), key=lambda system: system.task == "forecasting")
    assert list(rows) == [system.system for system in in_order]
    assert rows["B-A"][2:6] == ["97.5 %", "100.0 % ± 0.9", "4295", "4.50"]
    assert rows["B-A"][-1] == "mini, 200 test clips"
    assert rows["B-B"][7] == "0.321 ms‡"
    assert "‡ timed while other trials ran" in systems_table([study])
    assert "synthetic" in rows["B-B"][-1]
    assert rows["C"][6] == "38.3 % saved"
    assert rows["C"][-1] == "not run yet"


def test_a_page_keeps_all_but_its_results(study, tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"# Title\n\n{RESULTS_BEGIN}\nold table\n{RESULTS_END}\n\nend\n", encoding="utf-8")
    renew_results(page, [study])
    text = page.read_text(encoding="utf-8")
    assert text == f"# Title\n\n{RESULTS_BEGIN}\n{systems_table([study])}{RESULTS_END}\n\nend\n"


def test_a_page_without_a_place_for_results_is_named(study, tmp_path):
    page = tmp_path / "README.md"
    page.write_text("# Title\n", encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"README\.md: has no place for results"):
        renew_results(page, [study])
