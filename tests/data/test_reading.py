"""Reading tables: kinds decided by every value, and every way a file can be wrong, refused by line."""

import gzip
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import numpy as np
import pytest

from chainrule.data import Table, read_table, write_table
from chainrule.errors import ArgumentError, MissingExtraError, TableError


@pytest.fixture
def file(tmp_path):
    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def epoch(*parts):
    return datetime(*parts, tzinfo=UTC).timestamp()


def single(path, **options):
    """Kind and values of column x."""
    column = read_table(path, **options)["x"]
    return column.kind, column.values.tolist()


def test_kinds_follow_all_values_not_the_first_ones(file):
    path = file("x,y\n" + "1,2020-01-01\n" * 30_000 + "one,soon\n")
    table = read_table(path)
    assert [column.kind for column in table.columns] == ["category", "category"]
    assert table.rows == 30_001
    assert "30000 of" not in table.notes[0]
    assert "all but 1 of 30001 values are numbers, the first exception is 'one'" in table.notes[0]
    assert "line 30002" in table.notes[0]


def test_numbers(file):
    assert single(file("x\n1\n-2.5\n+3\n.5\n1e3\n 7 \n")) == ("numeric", [1, -2.5, 3, 0.5, 1000, 7])


@pytest.mark.parametrize("missing", ["", "NA", "n/a", "NaN", "nan", "null", "NULL", "?", "  ", '""'])
def test_words_for_missing(file, missing):
    kind, values = single(file(f"x,y\n1,a\n{missing},b\n"))
    assert kind == "numeric"
    assert values[0] == 1
    assert np.isnan(values[1])
    assert single(file(f"x,y\nu,a\n{missing},b\n")) == ("category", ["u", None])


def test_text_is_trimmed_and_quotes_are_undone(file):
    assert single(file('x,y\n" a,b\n""c"" ",1\n')) == ("category", ['a,b\n"c"'])


def test_dates_and_timestamps_are_seconds_in_utc(file):
    kind, values = single(file("x\n2013-02-03\n2013-02-03 04:05\n2013-02-03T04:05:06.5+02:00\n2013-02-03T04:05:06Z\n"))
    assert kind == "time"
    assert values == [
        epoch(2013, 2, 3),
        epoch(2013, 2, 3, 4, 5),
        epoch(2013, 2, 3, 2, 5, 6, 500_000),
        epoch(2013, 2, 3, 4, 5, 6),
    ]


def test_times_of_day_are_seconds(file):
    assert single(file("x\n04:05\n23:59:30\n")) == ("numeric", [4 * 3600 + 5 * 60, 86_370])
    clocks = read_table(file("x,y,z\n04:05,04:05,\n23:59:30,7,\n,,\n"))
    assert [column.clock for column in clocks.columns] == [True, False, False]
    assert clocks["y"].kind == "category"
    assert clocks.select(np.array([0]))["x"].clock


def test_integers_that_float64_would_merge_stay_text(file, tmp_path):
    names = [str(2**53), str(2**53 + 1)]
    assert single(file("x\n" + "\n".join(names))) == ("category", names)
    write_table(tmp_path / "t.parquet", {"x": np.array([2**53, 2**53 + 1])})
    assert single(tmp_path / "t.parquet") == ("category", names)


def test_all_missing_is_numeric(file):
    kind, values = single(file("x,y\n,1\n,2\n"))
    assert kind == "numeric"
    assert np.isnan(values).all()


def test_given_kinds_win(file):
    path = file("x\n007\n8\n")
    assert single(path) == ("numeric", [7, 8])
    assert single(path, kinds={"x": "category", "absent": "time"}) == ("category", ["007", "8"])
    with pytest.raises(TableError, match=r"line 3, column 'x': 'b' is not a number"):
        read_table(file("x\n1\nb\n"), kinds={"x": "numeric"})
    with pytest.raises(TableError, match=r"line 2, column 'x': '1' is not a date"):
        read_table(file("x\n1\nb\n"), kinds={"x": "time"})
    with pytest.raises(ArgumentError, match=r"has kind 'number'; the kinds are numeric, category, time"):
        read_table(path, kinds={"x": "number"})


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xef\xbb\xbfx,y\n1,a\n2,b\n", "bom.csv"),
        (b'\xef\xbb\xbf"x","y"\n1,a\n2,b\n', "bom.csv"),
        (b"x,y\r\n1,a\r\n2,b\r\n", "crlf.csv"),
        (b"x,y\r\n1,a\n2,b\r\n", "crlf and lf.csv"),
        (b"x,y\r1,a\r2,b\r", "cr.csv"),
        (b'"x\n",y\r1,a\r"2","b\n"\r', "line feeds in quotes beside cr.csv"),
        (b"x,y\n1,a,\n2,b,\n", "delimiter at the end.csv"),
        (b"x,y\n1,a\n  \n2,b\n", "line of blanks.csv"),
        (b'x,y\n1, "a"\n2,"b"\n', "blank before a quote.csv"),
        (b"x,y\n1,a\n2,b", "unfinished.csv"),
        (b"x,y\n1,a\n\n2,b\n\n", "blank lines.csv"),
        (b"x;y\n1;a\n2;b\n", "semicolon.csv"),
        (b"x\ty\n1\ta\n2\tb\n", "tab.txt"),
        (b"x\ty\n1\ta\n2\tb\n", "tab.tsv"),
        (b"x|y\n1|a\n2|b\n", "bar.csv"),
        (b"x,y,\n1,a\n".replace(b"y,", b"y") + b"2,b\n", "plain.csv"),
        (b'"x\n",y\n1,a\n2,b\n', "header on two lines.csv"),
        (b'"x\n",y\r\n1,a\r\n2,b\r\n', "header on two lines, as csv.writer writes it.csv"),
        (b"sep=;\nx;y\n1;a\n2;b\n", "excel.csv"),
        (b"sep=\t\r\nx\ty\r\n1\ta\r\n2\tb\r\n", "excel with tabs.csv"),
        (b'\xef\xbb\xbf"sep=^"\r\nx^y\r\n1^a\r\n2^b\r\n', "excel with another delimiter.csv"),
        (gzip.compress(b"x,y\n1,a\n2,b\n", mtime=0), "packed.csv.gz"),
        (b"x,y\n1,a\n2,b\n", "it's; DROP TABLE cells --.csv"),
        (b"x,y\n1,a\n2,b\n", 'quo"te.CSV'),
    ],
)
def test_dialects(file, content, name):
    table = read_table(file(content, name))
    assert table.names == ("x", "y")
    assert table["x"].values.tolist() == [1, 2]
    assert table["y"].values.tolist() == ["a", "b"]


@pytest.mark.parametrize("name", ["a[b]*.csv", "a?1.csv", "[x].csv", "~.csv", "k=1.csv", "a[b].parquet"])
def test_file_names_are_read_literally(tmp_path, name):
    for other in ("ab1.csv", "ab.csv", "x.csv", "ab.parquet"):
        write_table(tmp_path / other.replace(".parquet", "_.parquet"), {"x": [9.0]})
    (tmp_path / "ab_.parquet").rename(tmp_path / "ab.parquet")
    written = tmp_path / f"plain{name[name.rindex('.') :]}"
    write_table(written, {"x": [1.0]})
    written.rename(tmp_path / name)
    assert single(tmp_path / name) == ("numeric", [1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty; a table has named columns"),
        (b"\xef\xbb\xbf", r"is empty; its first line must name the columns"),
        (b"\n1,2\n", r"line 1 is empty"),
        (b"x,y\n", r"has a header but no rows"),
        (b"x,y", r"has a header but no rows"),
        (b"x,y,x\n1,2,3\n", r"line 1: columns 1 and 3 are both named 'x'; rename one"),
        (b'"x,y\n1,2\n', r"line 1 does not name columns \(unexpected end of data\); close each quote"),
        (b"x,y\n1,2\n3\n", r"line 3 has 1 value but line 1 names 2 columns"),
        (b"x,y\n1,2\n3,4,5\n", r"line 3 has 3 values but line 1 names 2 columns"),
        (b"x,y\n1,2,3\n", r"or name the first column too if it numbers the rows"),
        (b"x,y,z\n1\n", r"or fill the line"),
        (b"x\n1,2\n", r"line 2 has 2 values but line 1 names 1 column; quote values that contain ','"),
        (b"# by me\nx,y\n1,2\n", r"line 1 names 1 column; delete the comment lines above the names"),
        (b'x,y\n"a\nb",2\n\n3,4\n5\n', r"line 6 has 1 value but"),
        (b"x,y\n1,2\n\x003,4\n", r"line 3 contains a NUL byte"),
        (b"x,\x00y\n1,2\n", r"line 1 contains a NUL byte"),
        (b"x,y\n1,2\ncaf\xe9,4\n", r"line 3 is not UTF-8 text; save the file with UTF-8"),
        (b"caf\xe9,y\n1,2\n", r"line 1 is not UTF-8 text"),
        ("x,y\n1,2\n".encode("utf-16"), r"line 1 is not UTF-8 text"),
        (b"x\n1\n2\r3", r"line 3 contains a carriage return; quote the value"),
        (b"x,y\r1,a\r2,b\n3,c\r", r"line 3 contains a line feed"),
        (b"x\r1\r2\n3\r", r"line 3 contains a line feed; quote the value, or end all lines the same way"),
        (b"x\ry\nz\n", r"line 2 contains a line feed"),
        (b"x\ry,z\n1,2\n", r"line 2 contains a line feed"),
        (b'x,y\n1,2\n"a,2\n3,4\n', r"line 3 cannot be parsed \(unexpected end of data\); close each quote"),
        (b'x,y\n1,2\n"a"b,2\n3,4\n', r"line 3 cannot be parsed"),
        (b"x,y\n1,2\n3," + b"4" * 2_100_000 + b".5\n", r"line 3, column 'y': '4{80}' is not a finite number"),
        (b"x,y\n1,2\n1e999,2\n3,2\n1e999,2\n", r"line 3, column 'x': '1e999' is not a finite number; leave it empty"),
        (b'x,y\n1,"2\n3"\n-inf,2\n', r"line 4, column 'x': '-inf' is not a finite number"),
        (b"x,y\n1,2\nInfinity,2\n", r"line 3, column 'x': 'Infinity' is not a finite number"),
        (b"x,y\n2020-02-30,2\n", r"line 2, column 'x': '2020-02-30' is not a date"),
        (b"x,y\n25:10,2\n", r"line 2, column 'x': '25:10' is not a time of the day"),
    ],
)
def test_bad_csv_is_refused_with_file_and_line(file, content, message):
    path = file(content)
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ('id,"Which? (a; b; c)",y\n1,2,3\n', ("id", "Which? (a; b; c)", "y")),
        ('"a;b";"c,d,e,f";g\n1;2;3\n', ("a;b", "c,d,e,f", "g")),
        ('"say ""a, b, c""";y\n1;2\n', ('say "a, b, c"', "y")),
        ("a, in kg;b, in m\n1;2\n", ("a, in kg", "b, in m")),
        ("name (last, first, middle);x\nDoe;1\n", ("name (last, first, middle)", "x")),
    ],
)
def test_the_delimiter_is_what_stands_between_names_and_between_values(file, content, names):
    assert read_table(file(content)).names == names


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (",x\n0,5\n1,6\n", ("column 1", "x")),
        ('"","x"\n"1",5\n"2",6\n', ("column 1", "x")),
        ("x,,\n5,a,\n6,b,\n", ("x", "column 2", "column 3")),
    ],
)
def test_columns_without_a_name_are_read_and_named(file, content, names):
    table = read_table(file(content))
    assert table.names == names
    assert table["x"].values.tolist() == [5, 6]
    made_up = [name for name in names if name != "x"]
    assert table.notes == tuple(f"column {name!r} has no name in the file; this one is made up" for name in made_up)


@pytest.mark.parametrize(
    "extra", ["inf", "1e999", "2023-02-30", "25:00", "31.02.2023"], ids=["inf", "1e999", "day", "hour", "customary"]
)
def test_what_other_columns_hold_does_not_matter(file, extra):
    path = file(f"x,extra,y\n1,{extra},a\n2,{extra},b\n")
    with pytest.raises(TableError, match="column 'extra'"):
        read_table(path)
    table = read_table(path, wanted=["y", "x"], optional=["z"])
    assert table.names == ("x", "y")
    assert table["x"].values.tolist() == [1, 2]
    assert read_table(path, wanted=["y"], optional=["x"]).names == ("x", "y")
    with pytest.raises(TableError, match=r"has no column 'extras'; did you mean 'extra'\?"):
        read_table(path, wanted=["extras"])


def test_what_other_columns_of_parquet_hold_does_not_matter(tmp_path):
    path = tmp_path / "t.parquet"
    duckdb.sql("SELECT [1] AS a, {'b': 1} AS s, 'x'::BLOB AS bytes, 'inf'::DOUBLE AS i, 7 AS x").write_parquet(
        str(path)
    )
    assert single(path, wanted=["x"]) == ("numeric", [7])
    with pytest.raises(TableError, match=r"t.parquet has no column 'y'; its columns are 'a', 's', 'bytes', 'i', 'x'"):
        read_table(path, wanted=["y"])


@pytest.mark.parametrize(
    "stored", ["DECIMAL(20, 0)", "DECIMAL(38, 0)", "DECIMAL(30, 2)", "DECIMAL(38, 22)", "BIGINT", "UBIGINT"]
)
def test_ids_that_float64_would_merge_stay_text_in_every_integer_type(tmp_path, stored):
    path = tmp_path / "t.parquet"
    ids = [2**53, 2**53 + 1, 7]
    duckdb.sql(f"SELECT unnest({ids})::{stored} AS x").write_parquet(str(path))
    assert single(path) == (
        ("numeric", list(map(float, ids))) if stored == "HUGEINT" else ("category", list(map(str, ids)))
    )
    duckdb.sql(f"SELECT unnest([7, NULL])::{stored} AS x").write_parquet(str(path))
    assert single(path)[0] == "numeric"


def test_the_text_of_parquet_is_read_as_that_of_every_source(file, tmp_path):
    texts = {
        "x": ["1", " 2", "NA", "3"],
        "money": ["$1,234.5", "$2", None, "$3"],
        "day": ["31.12.2023", "1.2.2023", "2024-01-01", ""],
        "odd": ["7", "8", "9", "nine"],
        "town": ["Oslo", "Brno", "Oslo", "?"],
        "code": ["007", "08", "09", "10"],
    }
    path = tmp_path / "t.parquet"
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(texts)
    frame.to_parquet(path)
    csv = file("")
    frame.to_csv(csv, index=False)
    kinds = {"code": "category"}
    stored, written = read_table(path, kinds), read_table(csv, kinds)
    for one, other in zip(stored.columns, written.columns, strict=True):
        assert (one.name, one.kind) == (other.name, other.kind)
        np.testing.assert_array_equal(one.values, other.values)
    assert stored["code"].values.tolist() == texts["code"]
    assert stored.notes[:2] == written.notes[:2]
    assert stored.notes[2].endswith("the first exception is 'nine' (row 4)")
    with pytest.raises(TableError, match=r"t.parquet, row 4, column 'odd': 'nine' is not a number"):
        read_table(path, {"odd": "numeric"})


def test_ids_of_more_digits_than_duckdb_reads_are_refused_and_quantities_are_not(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "id": ([Decimal(10**39 + 1), None, Decimal(10**39 + 2)], pyarrow.decimal256(45, 0)),
        "count": ([Decimal(7), None, Decimal(9)], pyarrow.decimal256(45, 0)),
        "mass": ([Decimal("1e20") + Decimal("0.5"), None, Decimal("1.25")], pyarrow.decimal256(60, 2)),
    }
    arrays = {name: pyarrow.array(values, type_) for name, (values, type_) in columns.items()}
    parquet.write_table(pyarrow.table(arrays), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"column 'id' holds whole numbers of more than 38 digits.*store them as text"):
        read_table(tmp_path / "t.parquet")
    parquet.write_table(pyarrow.table(arrays).drop(["id"]), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    np.testing.assert_array_equal(table["count"].values, [7, np.nan, 9])
    np.testing.assert_array_equal(table["mass"].values, [1e20, np.nan, 1.25])


def test_decimals_with_a_fraction_are_quantities(tmp_path):
    duckdb.sql("SELECT 9007199254740993.25::DECIMAL(20, 2) AS x").write_parquet(str(tmp_path / "t.parquet"))
    assert single(tmp_path / "t.parquet") == ("numeric", [9007199254740993.25])


@pytest.mark.parametrize("words", [("True", "False"), ("TRUE", "false"), ("true", "FALSE")])
def test_true_and_false_are_the_same_from_every_source(file, tmp_path, words):
    from_csv = single(file("x,y\n{},1\n{},2\n".format(*words)))
    duckdb.sql("SELECT unnest([true, false]) AS x").write_parquet(str(tmp_path / "bits.parquet"))
    duckdb.sql("SELECT unnest(['{}', '{}']) AS x".format(*words)).write_parquet(str(tmp_path / "text.parquet"))
    in_memory = Table.of({"x": np.array([True, False])})["x"].values.tolist()
    assert from_csv == single(tmp_path / "bits.parquet") == single(tmp_path / "text.parquet")
    assert from_csv == ("category", in_memory) == ("category", ["true", "false"])


@pytest.mark.parametrize(
    ("suffix", "columns", "rows"),
    [
        (".csv", 8000, 2),
        (".parquet", 1000, 2),
        pytest.param(".csv", 20_000, 200, marks=pytest.mark.nightly),
        pytest.param(".parquet", 4_000, 200, marks=pytest.mark.nightly),
    ],
)
def test_wide_tables(tmp_path, suffix, columns, rows):
    values = np.random.default_rng(0).normal(size=(columns, rows))
    write_table(tmp_path / f"t{suffix}", {f"gene {k}": column for k, column in enumerate(values)})
    table = read_table(tmp_path / f"t{suffix}")
    assert np.array_equal([column.values for column in table.columns], values)
    assert {column.kind for column in table.columns} == {"numeric"}
    assert table.notes == ()


def test_quotes_inside_of_a_value_are_kept(file):
    assert single(file('x,y\n5" pipe,1\n6" pipe,2\n"7"" pipe",3\n')) == ("category", ['5" pipe', '6" pipe', '7" pipe'])


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n"])
def test_line_ends_inside_of_quotes_are_kept_whatever_the_lines_end_in(file, ending):
    path = file(ending.join(["x,y", '"one\ntwo\rthree\r\nfour",1', "five,2", ""]).encode())
    assert read_table(path)["x"].values.tolist() == ["one\ntwo\rthree\r\nfour", "five"]


def test_paths_that_are_no_table(file, tmp_path):
    with pytest.raises(TableError, match=r"is a directory"):
        read_table(tmp_path)
    file("x\n1\n", "flights.csv")
    with pytest.raises(TableError, match=r"does not exist; did you mean 'flights.csv'\?"):
        read_table(tmp_path / "flight.csv")
    with pytest.raises(TableError, match=r"does not exist, nor does the directory .*nowhere; check the path"):
        read_table(tmp_path / "nowhere" / "else.csv")
    with pytest.raises(TableError, match=r"cannot be read: File name too long"):
        read_table(tmp_path / ("x" * 300 + ".csv"))
    with pytest.raises(TableError, match=r"is a workbook: save its sheet as CSV; .* ends in \.csv"):
        read_table(file("x\n1\n", "table.xlsx"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(TableError, match=r"is not a regular file"):
        read_table(tmp_path / "pipe.csv")


def test_a_long_value_is_read_and_does_not_hide_a_bad_one(file):
    long = "a" * 200_000
    assert single(file(f"x,y\n{long},1\n")) == ("category", [long])
    assert single(file(f'x,y\n"{long}, {long}",1\n')) == ("category", [f"{long}, {long}"])
    with pytest.raises(TableError, match=r"line 3, column 'y': 'inf' is not a finite number"):
        read_table(file(f"x,y\n{long},1\nb,inf\n"))


def test_damaged_gzip(file):
    packed = gzip.compress(b"x,y\n" + b"1,2\n" * 1000)
    with pytest.raises(TableError, match=r"not a complete gzip file"):
        read_table(file(packed[:20], "t.csv.gz"))
    with pytest.raises(TableError, match=r"not a complete gzip file"):
        read_table(file(b"x,y\n1,2\n", "t.csv.gz"))
    long = gzip.compress(np.random.default_rng(0).bytes(300_000).hex().encode().replace(b"7", b"\n"))
    with pytest.raises(TableError, match=r"not a complete gzip file"):
        read_table(file(long[:-1000], "t.csv.gz"))


def test_parquet_types(tmp_path):
    path = tmp_path / "t.parquet"
    duckdb.sql("""
        SELECT * FROM (VALUES (1::TINYINT, 1.5::DECIMAL(9, 2), true, 'a', DATE '2020-01-02', TIME '01:00', 1::HUGEINT),
                              (NULL, NULL, NULL, 'NA', NULL, NULL, NULL)) t(i, d, b, s, day, clock, h)
    """).write_parquet(str(path))
    table = read_table(path)
    kinds = ["numeric", "numeric", "category", "category", "time", "numeric", "numeric"]
    assert [column.kind for column in table.columns] == kinds
    assert [column.values[0] for column in table.columns] == [1, 1.5, "true", "a", epoch(2020, 1, 2), 3600, 1]
    assert all(column.missing.tolist() == [False, True] for column in table.columns)
    assert [column.name for column in table.columns if column.clock] == ["clock"]
    assert read_table(path, kinds={"i": "category"})["i"].values.tolist() == ["1", None]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT [1, 2] AS x", r"column 'x' has type list"),
        ("SELECT {'a': 1} AS x", r"column 'x' has type struct"),
        ("SELECT 'a'::BLOB AS x", r"column 'x' has type blob"),
        ("SELECT unnest(['1', 'inf'])::DOUBLE AS x", r"column 'x', row 2: inf is not a finite number"),
        ("SELECT 1 AS x WHERE false", r"has no rows"),
    ],
)
def test_bad_parquet(tmp_path, query, message):
    path = tmp_path / "t.parquet"
    duckdb.sql(query).write_parquet(str(path))
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert str(caught.value).count(str(path)) == 1


def test_damaged_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(path, {"x": np.arange(1000.0)})
    content = path.read_bytes()
    for damaged in (b"x,y\n1,2\n", content[:-5], content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(TableError, match=r"not a readable Parquet file"):
            read_table(path)


def test_missing_duckdb_names_the_extra(tmp_path, monkeypatch):
    write_table(tmp_path / "t.parquet", {"x": [1.0]})
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[table\]"'):
        read_table(tmp_path / "t.parquet")


def test_importing_data_does_not_import_duckdb():
    code = "import sys, chainrule.data; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
