"""Where label, speaker and part of a clip come from, in the ways in which people's folders say it."""

from pathlib import Path

import numpy as np
import pytest

from core.datasets.check import check_folder
from core.datasets.clips import all_labels, find_clips, known_labels, label_names
from core.datasets.layout import list_clips
from core.datasets.split import split_clips
from core.errors import DataError, SpecError
from core.events import ignore
from core.spec import Dataset, Split, identity, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting
from tests.clip_folders import edge_impulse, labelled, parts, write


def test_plain_folders_are_labels(tmp_path: Path) -> None:
    write(tmp_path, "go/1.wav", "stop/1.wav", "_unknown_/1.wav", "_background_noise_/hum.wav")
    found = list_clips(tmp_path)
    assert (found.layout, found.labels, found.is_plain) == ("folders", ("go", "stop"), True)
    assert labelled(found) == {"go": 1, "stop": 1, "_unknown_": 1}
    assert found.noises == ("_background_noise_/hum.wav",)
    assert found.sentence == "Each folder is a label."


@pytest.mark.parametrize("name", ["__MACOSX", "@eaDir", ".hidden", "lost+found"])
def test_folders_of_the_system_are_never_labels(tmp_path: Path, name: str) -> None:
    write(tmp_path, "go/1.wav", "stop/1.wav", f"{name}/go/1.wav", f"go/{name}/2.wav", f"{name}/3.wav", "go/._1.wav")
    assert labelled(list_clips(tmp_path)) == {"go": 1, "stop": 1}
    assert check_folder(tmp_path).num_clips == 2


def test_folders_without_sound_are_no_labels_and_are_said(tmp_path: Path) -> None:
    write(tmp_path, "go/1.wav", "stop/1.wav")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "readme.txt").write_text("no sound")
    found = list_clips(tmp_path)
    assert found.labels == label_names(tmp_path) == ("go", "stop")
    assert found.sentence == "Each folder is a label. Left out, for they hold no clips: docs."
    assert check_folder(tmp_path).findings[0].files == ("docs",)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "dev", "testing"), ("train", "validation", "TEST")],
)
def test_folders_named_after_parts_above_labels_are_a_split(
    tmp_path: Path, train: str, validation: str, test: str
) -> None:
    write(
        tmp_path,
        *(f"{part}/{word}/{n}.wav" for part in (train, validation, test) for word in ("go", "stop") for n in "12"),
    )
    found = list_clips(tmp_path)
    assert (found.layout, found.labels) == ("part_folders", ("go", "stop"))
    assert parts(found) == {(word, part): 2 for word in found.labels for part in ("train", "validation", "test")}
    within = f"within {train} (training), {validation} (validation) and {test} (test)"
    assert found.sentence.startswith(f"The labels are the folders {within}: the parts of the data set.")
    clips = find_clips(Dataset(folder=str(tmp_path)))
    dealt = split_clips(clips, Split())
    assert {clips.clips[row].path.parents[1].name for row in dealt.test} == {test}
    assert clips.guessed == found.sentence
    assert find_clips(Dataset(folder=str(tmp_path), layout="part_folders")).guessed == ""


def test_folders_named_after_parts_below_labels_are_a_split_too(tmp_path: Path) -> None:
    write(tmp_path, *(f"{word}/{part}/{n}.wav" for part in ("train", "test") for word in ("go", "stop") for n in "12"))
    found = list_clips(tmp_path)
    assert parts(found) == {(word, part): 2 for word in ("go", "stop") for part in ("train", "test")}


def test_words_that_are_named_like_a_part_stay_words(tmp_path: Path) -> None:
    write(tmp_path, "go/1.wav", "stop/1.wav", "test/1.wav")
    assert list_clips(tmp_path).labels == ("go", "stop", "test")


def test_kaggles_folders_are_found_and_its_nameless_test_clips_left_out(tmp_path: Path) -> None:
    write(tmp_path, "train/audio/_background_noise_/hum.wav", *(f"test/audio/clip_{n:06x}.wav" for n in range(4)))
    speakers = [f"{number:08x}" for number in range(4)]
    write(tmp_path, *(f"train/audio/{word}/{speaker}_nohash_0.wav" for word in ("go", "stop") for speaker in speakers))
    (tmp_path / "train" / "validation_list.txt").write_text("go/00000000_nohash_0.wav\nstop/00000000_nohash_0.wav\n")
    (tmp_path / "train" / "testing_list.txt").write_text("go/00000001_nohash_0.wav\nstop/00000001_nohash_0.wav\n")
    found = list_clips(tmp_path)
    assert (found.layout, labelled(found)) == ("folders", {"go": 4, "stop": 4})
    assert found.sentence == (
        "The labels are the folders in train/audio. Left out, for the clips there have no labels: test."
    )
    assert found.noises == ("train/audio/_background_noise_/hum.wav",)
    clips = find_clips(Dataset(folder=str(tmp_path)))
    dealt = split_clips(clips, Split(rule="lists"))
    assert {clips.clips[row].speaker for row in dealt.test} == {"00000001"}
    assert {clips.clips[row].speaker for row in dealt.validation} == {"00000000"}


def test_a_folder_one_level_too_deep_is_used(tmp_path: Path) -> None:
    write(tmp_path, "my clips/go/1.wav", "my clips/stop/1.wav")
    (tmp_path / "models").mkdir()
    found = list_clips(tmp_path)
    assert (found.labels, found.sentence) == (("go", "stop"), "The labels are the folders in my clips.")
    assert known_labels(tmp_path) == all_labels(Dataset(folder=str(tmp_path))) == ("go", "stop")


def test_folders_in_folders_that_could_both_be_labels_are_not_guessed(tmp_path: Path) -> None:
    write(tmp_path, *(f"{person}/{word}/1.wav" for person in ("ada", "bob") for word in ("go", "stop")))
    with pytest.raises(DataError, match="which of them are labels cannot be seen; choose the folder"):
        find_clips(Dataset(folder=str(tmp_path), labels=("go", "stop")))
    assert list_clips(tmp_path, "folders").labels == ("go", "stop")
    assert len(find_clips(Dataset(folder=str(tmp_path), layout="folders")).clips) == 4


def test_the_export_of_edge_impulse_is_two_words_and_not_its_two_parts(tmp_path: Path) -> None:
    edge_impulse(tmp_path)
    found = list_clips(tmp_path)
    assert (found.layout, found.labels) == ("edge_impulse", ("go", "stop"))
    assert parts(found) == {("go", "train"): 6, ("stop", "train"): 6, ("go", "test"): 3, ("stop", "test"): 3}
    data = KeywordSpotting().prepare(parse_spec({"dataset": {"folder": str(tmp_path)}}), ignore)
    assert data.labels == ("go", "stop")
    assert np.bincount(data.test.targets).tolist() == [3, 3]
    assert data.warnings[0] == (
        "How the folder is laid out was recognised, not given. An export of Edge Impulse: labels and parts are those "
        "of info.labels."
    )
    given = parse_spec({"dataset": {"folder": str(tmp_path), "layout": "edge_impulse"}})
    assert KeywordSpotting().prepare(given, ignore).warnings == data.warnings[1:]


def test_the_same_without_its_list_is_read_from_names_and_folders(tmp_path: Path) -> None:
    edge_impulse(tmp_path)
    (tmp_path / "info.labels").unlink()
    found = list_clips(tmp_path)
    assert found.layout == "file_names"
    assert parts(found) == {("go", "train"): 6, ("stop", "train"): 6, ("go", "test"): 3, ("stop", "test"): 3}


def test_folders_named_after_parts_alone_are_not_taken_for_words(tmp_path: Path) -> None:
    write(tmp_path, *(f"{part}/{n}.wav" for part in ("training", "testing") for n in range(4)))
    with pytest.raises(DataError, match=r"\(testing, training\) are named after parts.*dataset\.layout = folders"):
        find_clips(Dataset(folder=str(tmp_path)))
    assert find_clips(Dataset(folder=str(tmp_path), layout="folders")).labels == ("testing", "training")


def test_a_damaged_list_of_edge_impulse_is_named(tmp_path: Path) -> None:
    edge_impulse(tmp_path)
    for content in ("{", "[]", '{"files": 3}', '{"version": 1}', "[" * 100_000):
        (tmp_path / "info.labels").write_text(content)
        with pytest.raises(DataError, match=r"info\.labels: cannot be read as an Edge Impulse list"):
            list_clips(tmp_path)


def test_names_of_spoken_digits_carry_label_and_speaker(tmp_path: Path) -> None:
    people = ("george", "jackson", "theo", "yweweler")
    write(tmp_path, *(f"recordings/{d}_{who}_{n}.wav" for d in range(10) for who in people for n in (0, 12)))
    found = list_clips(tmp_path)
    assert (found.layout, found.labels) == ("file_names", tuple("0123456789"))
    assert {clip.speaker for clip in found.clips} == set(people)
    assert found.sentence == "The label is in the file's name: 0_george_0.wav is 0, spoken by george."


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["go.12ab.wav", "go.3f00.wav", "stop.12ab.wav", "stop.9c1d.wav"], {"go": 2, "stop": 2}),
        (["go_01.wav", "go_02.wav", "stop_01.wav", "stop_2.wav"], {"go": 2, "stop": 2}),
        (["go (1).wav", "go (2).wav", "stop (1).wav", "stop (2).wav"], {"go": 2, "stop": 2}),
        (["go1.wav", "go2.wav", "stop1.wav", "stop2.wav"], {"go": 2, "stop": 2}),
        (["turn_on_1.wav", "turn_on_2.wav", "turn_off_1.wav", "turn_off_2.wav"], {"turn_on": 2, "turn_off": 2}),
        (["cat_0487ba9b_nohash_0.wav", "cat_0487ba9c_nohash_0.wav", "dog_0487ba9b_nohash_0.wav", "dog_1_nohash_1.wav"],
         {"cat": 2, "dog": 2}),
    ],
)  # fmt: skip
def test_the_label_is_what_stands_before_the_counters(tmp_path: Path, names: list[str], labels: dict[str, int]) -> None:
    write(tmp_path, *names)
    assert labelled(list_clips(tmp_path)) == labels


@pytest.mark.parametrize(
    "names",
    [
        [f"{n}.wav" for n in range(12)],
        ["0487ba9b_nohash_0.wav", "0487ba9b_nohash_1.wav", "1487ba9b_nohash_0.wav", "1487ba9b_nohash_1.wav"],
        [f"2026112{day}-1005_{take}.wav" for day in range(3) for take in range(4)],
        ["noise.wav", "speech.wav"],
    ],
)
def test_names_without_labels_are_refused_with_what_to_do(tmp_path: Path, names: list[str]) -> None:
    write(tmp_path, *names)
    with pytest.raises(DataError, match=r"has 0 labels, at least two are needed; .*\(dataset\.layout\)"):
        find_clips(Dataset(folder=str(tmp_path)))


def test_folders_of_speakers_with_the_label_in_the_name_are_recognised(tmp_path: Path) -> None:
    write(tmp_path, *(f"{who:02}/{d}_{who:02}_{n}.wav" for who in range(1, 5) for d in range(3) for n in range(2)))
    found = list_clips(tmp_path)
    assert (found.layout, found.labels) == ("file_names", ("0", "1", "2"))
    assert {clip.speaker for clip in found.clips} == {"01", "02", "03", "04"}
    assert "The folders are speakers" in found.sentence


def common_voice(folder: Path) -> Path:
    head = "client_id\tpath\tsentence\tup_votes\n"
    for part, people in (("train", "abcd"), ("dev", "e"), ("test", "fg")):
        rows = ""
        for person in people:
            for word in ("yes", "no"):
                name = f"common_voice_en_{part}{person}{word}"
                write(folder, f"clips/{name}.wav")
                # The lists name what was downloaded; it was converted since.
                rows += f'{person * 64}\t{name}.mp3\t{word}\t"2\n'
        (folder / f"{part}.tsv").write_text(head + rows)
    write(folder, "clips/common_voice_en_bad.wav")
    (folder / "invalidated.tsv").write_text(head + "z\tcommon_voice_en_bad.mp3\tyes\t0\n")
    return folder


def test_common_voice_is_read_from_its_tables(tmp_path: Path) -> None:
    common_voice(tmp_path)
    found = list_clips(tmp_path)
    assert (found.layout, found.labels) == ("table", ("no", "yes"))
    assert parts(found)["yes", "train"] == 4 and parts(found)["no", "validation"] == 1
    assert {clip.speaker for clip in found.clips if clip.part == "test"} == {"f" * 64, "g" * 64}
    assert found.sentence == (
        "The clips are described by dev.tsv, test.tsv, train.tsv: label in sentence, speaker in client_id, one "
        "table for each part. 1 clips that dev.tsv, test.tsv, train.tsv does not name are left out."
    )
    clips = find_clips(Dataset(folder=str(tmp_path)))
    dealt = split_clips(clips, Split())
    assert {clips.clips[row].part for row in dealt.test} == {"test"}


def test_spoken_words_are_read_from_their_table(tmp_path: Path) -> None:
    head = "SET,LINK,WORD,VALID,SPEAKER,GENDER\n"
    rows = ""
    for number, part in enumerate(("TRAIN", "TRAIN", "DEV", "TEST")):
        for word in ("aachen", "berlin"):
            link = f"{word}/common_voice_{number}.opus"
            write(tmp_path, f"clips/{link.replace('.opus', '.wav')}")
            rows += f"{part},{link},{word},{number != 1},speaker {number},NAN\n"
    (tmp_path / "de_splits.csv").write_text(head + rows)
    (tmp_path / "de_train.csv").write_text("LINK,WORD,VALID,SPEAKER,GENDER\n")
    found = list_clips(tmp_path)
    assert found.layout == "table"
    assert parts(found) == {(word, part): 1 for word in found.labels for part in ("train", "validation", "test")}
    assert "speaker 1" not in {clip.speaker for clip in found.clips}
    assert found.sentence.startswith(
        "The clips are described by de_splits.csv: label in WORD, speaker in SPEAKER, part in SET."
    )


def test_a_table_in_a_folder_of_its_own_is_found(tmp_path: Path) -> None:
    # As ESC-50 and UrbanSound8K have it, whose folders are folds and no labels.
    rows = "slice_file_name,fsID,fold,classID,class\n"
    for number in range(12):
        word = ("dog_bark", "siren")[number % 2]
        write(tmp_path, f"audio/fold{number % 3 + 1}/{number}-0-0.wav")
        rows += f"{number}-0-0.wav,{number},{number % 3 + 1},0,{word}\n"
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "sounds.csv").write_text(rows)
    found = list_clips(tmp_path)
    assert (found.layout, labelled(found)) == ("table", {"dog_bark": 6, "siren": 6})
    assert found.sentence == "The clips are described by sounds.csv: label in class."


def test_a_table_for_something_else_beside_label_folders_is_no_layout(tmp_path: Path) -> None:
    write(tmp_path, *(f"{word}/{n}.wav" for word in ("go", "stop") for n in range(20)))
    (tmp_path / "best.csv").write_text("file,label\ngo/1.wav,go\nstop/2.wav,stop\n")
    (tmp_path / "times.csv").write_text("time_s,label\n1.5,go\n")
    (tmp_path / "odd.csv").write_bytes(b'"\xff\x00' * 50)
    assert list_clips(tmp_path).layout == "folders"


def test_a_table_names_nothing_outside_its_folder(tmp_path: Path) -> None:
    write(tmp_path, "outside.wav", "set/clips/a.wav", "set/clips/b.wav")
    (tmp_path / "set" / "list.csv").write_text("file,label\n../outside.wav,go\na.wav,go\nb.wav,stop\n")
    assert {clip.name for clip in list_clips(tmp_path / "set").clips} == {"clips/a.wav", "clips/b.wav"}


def test_a_layout_that_is_not_there_says_what_it_needs(tmp_path: Path) -> None:
    write(tmp_path, "go/1.wav", "stop/1.wav")
    for layout, needs in (
        ("part_folders", "folders train, validation or test"),
        ("file_names", "clips in one folder"),
        ("table", "CSV or TSV file"),
        ("edge_impulse", "file info.labels"),
    ):
        with pytest.raises(DataError, match=f"has no {needs}.*choose another layout"):
            list_clips(tmp_path, layout)  # type: ignore[arg-type]


def test_a_chosen_layout_overrules_what_is_recognised(tmp_path: Path) -> None:
    edge_impulse(tmp_path)
    assert list_clips(tmp_path, "folders").labels == ("testing", "training")
    found = find_clips(Dataset(folder=str(tmp_path), layout="folders"))
    assert (found.labels, found.guessed) == (("testing", "training"), "")


@pytest.mark.parametrize("name", ["12_nohash_0.wav", "cat_12_nohash_0.wav"])
def test_a_number_before_nohash_is_a_speaker(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"go/{name}", "stop/7_nohash_1.wav")
    assert {clip.speaker for clip in list_clips(tmp_path).clips} == {"12", "7"}


def test_spoken_digits_in_folders_carry_speakers(tmp_path: Path) -> None:
    write(tmp_path, *(f"{d}/{d}_{who}_{n}.wav" for d in (0, 1) for who in ("george", "theo", "lucas") for n in (0, 1)))
    assert {clip.speaker for clip in list_clips(tmp_path).clips} == {"george", "theo", "lucas"}


def test_a_word_that_all_names_share_is_no_speaker(tmp_path: Path) -> None:
    write(tmp_path, *(f"{word}/{word}_take_{n}.wav" for word in ("go", "stop") for n in range(4)))
    assert {clip.speaker for clip in list_clips(tmp_path).clips} == {""}


def test_a_pattern_finds_the_speaker(tmp_path: Path) -> None:
    write(tmp_path, *(f"{word}/take-{who}-{n}.wav" for word in ("go", "stop") for who in ("ada", "bob") for n in "12"))
    pattern = "^take-([a-z]+)-"
    assert {clip.speaker for clip in find_clips(Dataset(folder=str(tmp_path)), pattern).clips} == {"ada", "bob"}
    assert check_folder(tmp_path, ignore, "automatic", pattern).num_speakers == 2
    assert check_folder(tmp_path).num_speakers == 0


@pytest.mark.parametrize(
    ("pattern", "fault"), [("(", "is not a regular expression"), ("a", "must have one group"), ("(a)(b)", "has 2")]
)
def test_a_pattern_that_finds_no_speaker_is_refused(pattern: str, fault: str) -> None:
    with pytest.raises(SpecError, match=rf"split\.speaker_pattern: .*{fault}"):
        parse_spec({"dataset": {"folder": "clips"}, "split": {"speaker_pattern": pattern}})


def test_layout_and_pattern_leave_the_identity_of_earlier_trials_alone() -> None:
    plain = parse_spec({"dataset": {"folder": "clips"}})
    said = parse_spec({"dataset": {"folder": "clips", "layout": "automatic"}, "split": {"speaker_pattern": ""}})
    assert identity(plain) == identity(said)
    for change in (
        {"dataset": {"folder": "clips", "layout": "folders"}},
        {"dataset": {"folder": "clips"}, "split": {"speaker_pattern": "(a)"}},
    ):
        assert identity(parse_spec(change)) != identity(plain)


def test_a_voice_is_one_under_labels_joined_to_its_name(tmp_path: Path) -> None:
    write(tmp_path, *(f"{word}.{speaker}_nohash_0.wav" for word in ("go", "turn_on") for speaker in ("0487ba9b", "7")))
    assert {clip.speaker for clip in list_clips(tmp_path).clips} == {"0487ba9b", "7"}
    write(tmp_path, *(f"set/{word}/{word}-{speaker}_nohash_0.wav" for word in ("go", "up") for speaker in ("ab", "cd")))
    assert {clip.speaker for clip in list_clips(tmp_path / "set").clips} == {"ab", "cd"}


def test_clips_that_lie_elsewhere_than_the_others_are_named_as_left_out(tmp_path: Path) -> None:
    write(tmp_path, "go/1.wav", "go/more/2.wav", "stop/1.wav", "test/go/1.wav", "loose.wav")
    found = list_clips(tmp_path)
    assert [clip.name for clip in found.clips] == ["go/1.wav", "stop/1.wav"]
    assert found.sentence == (
        "Each folder is a label. Left out, for the clips there lie deeper than the others: go/more, test/go. Left out, "
        "for they lie beside the folders of labels: loose.wav."
    )
    assert (found.labels, found.empty, found.is_plain) == (("go", "stop"), (), False)


def test_a_clip_with_rows_of_several_labels_is_said_to_have_them(tmp_path: Path) -> None:
    write(tmp_path, *(f"clips/{number}.wav" for number in range(4)))
    (tmp_path / "all.csv").write_text("path,label\n0.wav,go\n1.wav,go\n2.wav,stop\n3.wav,stop\n0.wav,stop\n1.wav,go\n")
    found = list_clips(tmp_path)
    assert [clip.label for clip in found.clips] == ["go", "go", "stop", "stop"]
    assert found.sentence.endswith(" Clips whose rows give several labels: 1; the first is taken.")
