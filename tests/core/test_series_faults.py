"""Tables that are no series, or a poor one: each through the command line, and what training makes of it."""

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.datasets.climate import read_series
from core.datasets.column_names import temperature_and_humidity
from core.errors import DataError
from tests.conftest import ROOT
from tests.series import HEADER, prepare_series, write_series
from workbench.cli import app

Lines = list[str]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    """400 good rows of ten minutes."""
    return write_series(tmp_path_factory.mktemp("series") / "good.csv", num_rows=400).read_text().splitlines()[1:]


def check(path: Path, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["data", "check", str(path), "--json"])
    assert done.exit_code == status, done.output
    return done.output


def report(path: Path) -> dict:
    return json.loads(check(path))


def but_temperature(row: str, value: str) -> str:
    time, _, damp = row.split(",")
    return f"{time},{value},{damp}"


def american(row: str) -> str:
    return datetime.fromisoformat(row[:19]).strftime("%m/%d/%Y %I:%M:%S %p") + row[19:]


def since_1970(row: str, counts_a_second: int) -> str:
    at = datetime.fromisoformat(f"{row[:19]}+00:00")
    return f"{round(at.timestamp()) * counts_a_second}{row[19:]}"


def text(header: str, lines: Lines) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


BAD: dict[str, tuple[Callable[[Lines], bytes], str]] = {
    "no numeric column": (
        lambda rows: text("date,weather", [f"{row[:19]},sunny" for row in rows]),
        "none of its columns holds numbers (date, weather); choose a file of measurements",
    ),
    "one row": (lambda rows: text(HEADER, rows[:1]), "has 1 row of 3 columns; a forecast needs a series"),
    "header only": (lambda rows: text(HEADER, []), "has 0 rows of 3 columns; a forecast needs a series"),
    "all empty": (lambda rows: text(HEADER, [f"{row[:19]},," for row in rows]), "none of its columns holds numbers"),
    "all −9999": (
        lambda rows: text(HEADER, [f"{row[:19]},-9999,-9999" for row in rows]),
        "column 'T (degC)' is missing in all 400 rows (empty or -9999); choose another column",
    ),
    "mixed times": (
        lambda rows: text(HEADER, [*rows, "05.03.2024 10:00:00,1.0,2.0"]),
        "written in several ways: first '2024-03-01 00:00:00' (ISO 8601), but '05.03.2024 10:00:00' in line 402; write",
    ),
    "mixed times far within": (
        lambda rows: text(HEADER, [*rows * 30, "05.03.2024 10:00:00,1.0,2.0", *rows * 30]),
        "but '05.03.2024 10:00:00' in line 12,002; write all of them alike",
    ),
    "a day that is none": (
        lambda rows: text(HEADER, ["2024-02-31 00:00:00,1,2", *rows]),
        "'date' begins with '2024-02-31 00:00:00'); write times such as",
    ),
    "binary": (lambda rows: b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)) * 40, "is a binary file, not text"),
    "gzip": (lambda rows: gzip.compress(text(HEADER, rows)), "is a binary file, not text; unpack it"),
    "zeros far within": (
        lambda rows: text(HEADER, rows * 20) + b"\0" * 5000 + text(HEADER, rows),
        "holds bytes of zero in line 8,002, as files do whose writer lost its power; remove them",
    ),
    "empty": (lambda rows: b"", "is empty; choose a CSV file with a row of column names and rows of measurements"),
    "blank": (lambda rows: b"\n\n  \n", "is empty"),
    "one endless line": (lambda rows: b"a" * 400_000, "its first 131,072 bytes have no end of a line"),
    "wrong delimiter": (
        lambda rows: text(HEADER, rows).replace(b",", b"^"),
        "has one column ('date^T (degC)^rh (%)'); a file with columns separated by comma, semicolon or tab is needed",
    ),
    "decimal commas between commas": (
        lambda rows: text(HEADER, [row.replace(".", ",") for row in rows]),
        "its rows have 5 cells, its header 3; where numbers have decimal commas, separate the columns by semicolons",
    ),
    "no header": (lambda rows: text(rows[0], rows), "its first line holds values, not the names of the columns"),
    "no times": (
        lambda rows: text("T (degC),rh (%)", [row[20:] for row in rows]),
        "has no column of times that can be read (there are T (degC), rh (%)); write times such as 2024-05-31 14:10",
    ),
    "one time": (lambda rows: text(HEADER, rows[:1] * 300), "has rows of 1 time only"),
    "a name twice": (lambda rows: text("date,T,T", rows), "two columns are called 'T'; give each a name of its own"),
    "a word among numbers": (
        lambda rows: text(HEADER, [*rows[:300], but_temperature(rows[300], "broken"), *rows[301:]]),
        "line 302: column 'T (degC)' holds 'broken', which is not a number; correct it, or leave the cell empty",
    ),
    "short rows": (
        lambda rows: text(HEADER, [row if number % 3 else row[:22] for number, row in enumerate(rows)]),
        "134 of its rows do not have 3 cells as the header has; the first: ",
    ),
    "units below the header": (
        lambda rows: text(HEADER, [",°C,%", *rows]),
        "column 'T (degC)' holds '°C', which is not a number",
    ),
    "a header of 300 columns": (
        lambda rows: text("date," + ",".join(f"c{number}" for number in range(300)), rows),
        "its header has 301 columns, its rows 3 at most; see that all of them are separated by the same sign",
    ),
    "an open quote": (
        lambda rows: text(HEADER, [*rows[:100], '"2024-03-09 00:00:00,1,2', *rows[100:]]),
        "a quotation mark is opened and not closed in '\"2024-03-09 00:00:00,1,2', which hides the rows after it",
    ),
    "a cell of a whole page": (
        lambda rows: text(HEADER, [*rows[:300], f"{'x' * 200_000},1,2", *rows[300:]]),
        "…' in line 302; write all of them alike",
    ),
    "UTF-16 with half characters": (
        lambda rows: text(HEADER, rows).decode().encode("utf-16") + b"\0\xd8\0\xd8",
        "holds bytes that are not text in UTF-16; save or export it again, as UTF-8",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_what_is_no_series_is_refused_with_a_sentence(rows, tmp_path, fault):
    content, sentence = BAD[fault]
    path = tmp_path / "bad.csv"
    path.write_bytes(content(rows))
    told = check(path, status=1)
    said = json.loads(told[told.index("{") :])["error"]
    assert said.startswith(f"{path}: ") and sentence in said
    with pytest.raises(DataError) as refused:
        prepare_series(path)
    assert sentence in str(refused.value)


GOOD: dict[str, tuple[Callable[[Lines], bytes], str]] = {
    "semicolons": (lambda rows: text(HEADER, rows).replace(b",", b";"), ""),
    "tabs": (lambda rows: text(HEADER, rows).replace(b",", b"\t"), ""),
    "decimal commas": (lambda rows: text(HEADER, rows).replace(b",", b";").replace(b".", b","), ""),
    "decimal commas in quotes": (
        lambda rows: text(HEADER, [",".join(f'"{cell.replace(".", ",")}"' for cell in row.split(",")) for row in rows]),
        "",
    ),
    "Excel's word about separators": (lambda rows: b"sep=;\n" + text(HEADER, rows).replace(b",", b";"), ""),
    "spaces around cells": (lambda rows: text(HEADER, rows).replace(b",", b" , "), ""),
    "an index without a name": (
        lambda rows: text(f",{HEADER}", [f"{number},{row}" for number, row in enumerate(rows)]),
        "",
    ),
    "America's days of a month, and hours": (
        lambda rows: text(HEADER, [american(row) for row in rows]),
        "",
    ),
    "America's days within twelve": (
        lambda rows: text(HEADER, [f"{row[5:7]}/{row[8:10]}/{row[:4]}{row[10:]}" for row in rows]),
        "",
    ),
    "Latin-1": (lambda rows: text(HEADER, rows).decode().replace("deg", "°").encode("latin-1"), ""),
    "a cell too many in Latin-1": (
        lambda rows: text(HEADER, [*rows[:200], f"{rows[199]},21°", *rows[200:]]).decode().encode("latin-1"),
        "1 row is cut short or without a time, and left out",
    ),
    "UTF-16": (lambda rows: text(HEADER, rows).decode().encode("utf-16"), ""),
    "line ends of a Macintosh": (lambda rows: text(HEADER, rows).replace(b"\n", b"\r"), ""),
    "spaces": (lambda rows: text(HEADER, rows).replace(b",", b", "), ""),
    "time zones": (lambda rows: text(HEADER, [row.replace(",", "+01:00,", 1) for row in rows]), ""),
    "Jena's times": (
        lambda rows: text(HEADER, [f"{row[8:10]}.{row[5:7]}.{row[:4]}{row[10:]}" for row in rows]),
        "",
    ),
    "days without zeros": (
        lambda rows: text(
            HEADER,
            [f"{row[:4]}/{int(row[5:7])}/{int(row[8:10])} {int(row[11:13])}{row[13:16]}{row[19:]}" for row in rows],
        ),
        "",
    ),
    "times said to be of UTC": (lambda rows: text(HEADER, [row.replace(",", " UTC,", 1) for row in rows]), ""),
    "times of Greenwich": (lambda rows: text(HEADER, [row.replace(",", " GMT,", 1) for row in rows]), ""),
    "a zone without a colon": (lambda rows: text(HEADER, [row.replace(",", " +0000,", 1) for row in rows]), ""),
    "German days of UTC": (
        lambda rows: text(HEADER, [f"{row[8:10]}.{row[5:7]}.{row[:4]}{row[10:19]} UTC{row[19:]}" for row in rows]),
        "",
    ),
    "nanoseconds that lose their zeros": (
        lambda rows: text(
            HEADER,
            [
                f"{row[:10]}T{row[11:19]}{'.000000001' if number % 3 else ''}Z{row[19:]}"
                for number, row in enumerate(rows)
            ],
        ),
        "",
    ),
    "single digits": (
        lambda rows: text(
            HEADER, [f"{row[:4]}-{int(row[5:7])}-{int(row[8:10])} {int(row[11:13])}{row[13:]}" for row in rows]
        ),
        "",
    ),
    "milliseconds since 1970": (lambda rows: text(HEADER, [since_1970(row, 10**3) for row in rows]), ""),
    "nanoseconds since 1970": (lambda rows: text(HEADER, [since_1970(row, 10**9) for row in rows]), ""),
    "days and times of day apart": (
        lambda rows: text("Date,Time,T (degC),rh (%)", [row.replace(" ", ",", 1) for row in rows]),
        "",
    ),
    "days with a midnight, and times of day": (
        lambda rows: text("Date,Time,T (degC),rh (%)", [row.replace(" ", " 00:00:00,", 1) for row in rows]),
        "",
    ),
    "lines above the header": (
        lambda rows: text("Station;;", [HEADER.replace(",", ";"), *(row.replace(",", ";") for row in rows)]),
        "",
    ),
    "Open-Meteo's lines above the header": (
        lambda rows: text(
            "latitude,longitude,elevation",
            ["52.52,13.41,38.0", "", HEADER, *(f"{row[:10]}T{row[11:16]}{row[19:]}" for row in rows)],
        ),
        "",
    ),
    "comments above the header": (lambda rows: b"# station 12\n# since 2019\n" + text(HEADER, rows), ""),
    "unsorted": (
        lambda rows: text(HEADER, random.Random(0).sample(rows, len(rows))),
        "rows stand after a later one; they are sorted when read",
    ),
    "repeated": (lambda rows: text(HEADER, rows + rows[:50]), "50 rows repeat an earlier time; the first of each"),
    "a row that is cut short": (
        lambda rows: text(HEADER, [*rows, "2024-03-04"]),
        "1 row is cut short or without a time, and left out",
    ),
}


@pytest.mark.parametrize("form", GOOD)
def test_a_series_is_the_same_in_whatever_form_it_comes(rows, tmp_path, form):
    expected = read_series(write_series(tmp_path / "good.csv", num_rows=400))
    content, finding = GOOD[form]
    path = tmp_path / "other.csv"
    path.write_bytes(content(rows))
    told = report(path)
    assert (told["interval_s"], told["num_missing_steps"], len(told["forecast"])) == (600, 0, 2)
    assert any(finding in each for each in told["findings"]) if finding else told["findings"] == []
    series = read_series(path)
    assert np.array_equal(series.values, expected.values)
    assert np.array_equal(series.times_s, expected.times_s - 3600 * (form == "time zones"))
    assert len(prepare_series(path).train.inputs) == 269


@pytest.mark.parametrize("gap", ["-9999", "-9999.0", "", "nan", "inf", "-", "unavailable"])
def test_missing_values_and_rows_make_gaps_that_no_window_has(rows, tmp_path, gap):
    path = tmp_path / "gaps.csv"
    lines = [but_temperature(row, gap) if number % 50 == 0 else row for number, row in enumerate(rows)]
    path.write_bytes(text(HEADER, [row for number, row in enumerate(lines) if number != 25]))
    told = report(path)
    assert told["columns"][0]["num_missing"] == 8 and told["num_missing_steps"] == 1
    assert any("T (degC) is missing in 8 rows" in each for each in told["findings"])
    data = prepare_series(path)
    assert np.isfinite(data.cut.train.inputs).all() and np.isfinite(data.cut.train.targets).all()
    assert any("have a gap and were left out" in each for each in data.warnings)


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (("p (mbar)", "T (degC)", "Tpot (K)", "Tdew (degC)", "rh (%)"), ("T (degC)", "rh (%)")),
        (("Outdoor Temperature (°C)", "Indoor Humidity [%]"), ("Outdoor Temperature (°C)", "Indoor Humidity [%]")),
        (("Luftfeuchte", "Außentemperatur"), ("Außentemperatur", "Luftfeuchte")),
        (("t2m", "RH_2m"), ("t2m", "RH_2m")),
        (("Soil temperature", "rain"), ()),
        (
            ("sensor.cpu_temperature", "sensor.garden_temperature", "sensor.garden_humidity"),
            ("sensor.garden_temperature", "sensor.garden_humidity"),
        ),
        (("garden a (°C)", "garden b (%)", "pressure (hPa)"), ("garden a (°C)", "garden b (%)")),
        (("garden a (°C)", "garden b (%)", "battery (%)"), ()),
    ],
)
def test_temperature_and_humidity_are_found_by_their_names(columns, found):
    assert temperature_and_humidity(columns) == found


def test_a_column_with_numbers_as_texts_is_named(rows, tmp_path):
    path = tmp_path / "thousands.csv"
    path.write_bytes(text(HEADER, [but_temperature(row, "about 20") for row in rows]))
    assert "T (degC) holds texts that are not numbers" in report(path)["findings"][0]


def test_what_is_no_file_of_ones_own(tmp_path, rows):
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    with zipfile.ZipFile(tmp_path / "zip.csv", "w") as packed:
        packed.writestr("good.csv", text(HEADER, rows))
    for path, sentence in (
        (tmp_path / "none.csv", "cannot be read (No such file or directory); check the path"),
        (tmp_path / "pipe.csv", "is not an ordinary file; choose a CSV file"),
        (tmp_path / "zip.csv", "is a binary file, not text; unpack it"),
    ):
        assert sentence in check(path, status=1)
    with pytest.raises(DataError, match="is a folder; choose a CSV file in it"):
        prepare_series(folder)
    assert "has no label folders" in check(folder, status=1)


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_file_that_may_not_be_read(rows, closed):
    # Below pytest's own folders another user may not look.
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "inner" / "secret.csv"
        path.parent.mkdir()
        path.write_bytes(text(HEADER, rows))
        for place in (Path(name), path.parent, path):
            place.chmod(0o755)
        (path if closed == "file" else path.parent).chmod(0)
        code = "import sys, pathlib, core.datasets.csv_form as form; form.recognise(pathlib.Path(sys.argv[1]))"
        # Root may read anything.
        drop = ["setpriv", "--clear-groups", "--reuid=65534"] if os.geteuid() == 0 else []
        tried = subprocess.run([*drop, sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True)
        path.parent.chmod(0o755)
    assert "secret.csv: cannot be read (Permission denied); correct its permissions" in tried.stderr


def test_too_few_rows_for_a_window_or_its_parts(tmp_path):
    path = write_series(tmp_path / "few.csv", num_rows=14)
    with pytest.raises(
        DataError, match=r"the train part \(10 rows of 10 min\) has no window of 12 steps .*; give it more"
    ):
        prepare_series(path)
    path = write_series(tmp_path / "enough.csv", num_rows=400)
    with pytest.raises(DataError, match="a step of 15 min does not fit; use 10 min or a multiple of it"):
        prepare_series(path, window={"step_minutes": 15})


def test_rows_of_several_stations_are_not_taken_for_one(rows, tmp_path):
    path = tmp_path / "stations.csv"
    lines = [f"{row},{station}" for row in rows for station in ("north", "south", "west")]
    path.write_bytes(text(f"{HEADER},station", lines))
    repeated, stations = report(path)["findings"]
    assert repeated.startswith("800 rows repeat") and stations.startswith("rows of several stations")
    assert any("named in column station, are mixed" in warning for warning in prepare_series(path).warnings)
    one_quantity = prepare_series(
        path, dataset={"file": str(path), "series_columns": ["station"], "value_column": "rh (%)", "targets": ["west"]}
    )
    assert one_quantity.cut.train.targets.max() > 60 and not one_quantity.warnings


def test_stations_whose_rows_take_turns_are_not_taken_for_one(rows, tmp_path):
    path = tmp_path / "turns.csv"
    path.write_bytes(text(f"{HEADER},station", [f"{row},{('north', 'south')[at % 2]}" for at, row in enumerate(rows)]))
    (found,) = report(path)["findings"]
    assert found.startswith("rows of several stations, named in column station, are mixed")


def test_an_hour_that_came_twice_is_named(rows, tmp_path):
    path = tmp_path / "autumn.csv"
    twice = rows[120:126]
    path.write_bytes(text(HEADER, [*rows[:126], *twice, *rows[126:]]))
    assert any("the clock was set back" in found for found in report(path)["findings"])
    assert any("The clock was set back" in warning for warning in prepare_series(path).warnings)
    path.write_bytes(text(HEADER, [*rows[:126], *twice[:5], *rows[126:]]))
    assert not any("the clock was set back" in found for found in report(path)["findings"])


def test_a_row_far_from_all_others_is_named(rows, tmp_path):
    path = tmp_path / "clock.csv"
    path.write_bytes(text(HEADER, ["1970-01-01 00:00:00,1,2", *rows]))
    assert "in 1 gap, from 1970-01-01 00:00 to 2024-03-01 00:00; windows over a gap" in report(path)["findings"][0]
    with pytest.raises(DataError, match="none is between 1970-01-01 00:00 and 2024-03-01 00:00; remove what stands"):
        prepare_series(path)
