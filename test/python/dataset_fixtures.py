"""Small Parquet, Arrow and zstd files as Arrow's own writers, Polars and the zstd tool write them, and what is in them.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pyarrow==26.0.1 polars==2.1.0 zstandard==0.25.0
    /tmp/venv/bin/python test/python/dataset_fixtures.py

Writes test/fixtures/datasets: rows.jsonl has the values that each of the other files must give, row for row.
"""

import datetime
import decimal
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import zstandard

OUT = Path(__file__).parent.parent / "fixtures" / "datasets"
ROWS = 60


def turns(i):
    return [{"role": "assistant" if j % 2 else "user", "content": f"turn {j} of {i}, ä🙂"} for j in range(i % 4 * 2)]


def table():
    n = range(ROWS)
    message = pa.struct([("role", pa.string()), ("content", pa.large_string())])
    start = datetime.datetime(2020, 1, 31, 1, 2, 3)
    return pa.table(
        {
            "prompt": [f"prompt {i} " + "x" * (i % 50) for i in n],
            "response": [f"response {i % 7}" for i in n],
            "messages": pa.array([turns(i) if i % 17 else None for i in n], pa.list_(message)),
            "i64": pa.array([None if i % 5 == 0 else (1 << 60) + i if i % 3 == 0 else i for i in n], pa.int64()),
            "u64": pa.array([(1 << 64) - 1 - i for i in n], pa.uint64()),
            "i8": pa.array([i % 100 - 50 for i in n], pa.int8()),
            "f": pa.array([float("nan") if i % 9 == 0 else i / 4 for i in n], pa.float32()),
            "d": pa.array([i / 7 for i in n]),
            "h": pa.array([i / 8 for i in n], pa.float16()),
            "b": pa.array([None if i % 11 == 0 else i % 2 == 0 for i in n]),
            "date": pa.array([start.date() + datetime.timedelta(days=i) for i in n]),
            "ts": pa.array([start.replace(microsecond=i) for i in n], pa.timestamp("us", tz="UTC")),
            "tsn": pa.array([start.replace(year=1960, microsecond=i) for i in n], pa.timestamp("ns")),
            "time": pa.array([start.replace(microsecond=i).time() for i in n], pa.time64("us")),
            "dec": pa.array([decimal.Decimal(i - 10) / 4 for i in n], pa.decimal128(20, 2)),
            "map": pa.array([[(f"k{j}", j) for j in range(i % 3)] for i in n], pa.map_(pa.string(), pa.int32())),
            "nest": pa.array([[[i, None], [], None][: i % 4] for i in n], pa.list_(pa.list_(pa.int16()))),
            "dict": pa.array(["ab"[i % 2] for i in n]).dictionary_encode(),
            "bin": pa.array([b"text" for i in n]),
            "null": pa.nulls(ROWS),
            "st": pa.array([None if i % 6 == 0 else {"x": {"y": [i]}, "z": None if i % 2 else "z"} for i in n]),
        }
    )


def whole(value):
    return value if value is None or abs(value) < 2**53 else str(value)


def iso(value, form):
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return value.strftime(form) + fraction


def expected(row):
    return row | {
        "i64": whole(row["i64"]),
        "u64": whole(row["u64"]),
        "f": None if row["f"] != row["f"] else row["f"],
        "h": float(row["h"]),
        "date": row["date"].isoformat(),
        "ts": iso(row["ts"], "%Y-%m-%dT%H:%M:%S") + "Z",
        "tsn": iso(row["tsn"], "%Y-%m-%dT%H:%M:%S"),
        "time": iso(row["time"], "%H:%M:%S"),
        "dec": str(row["dec"]),
        "map": dict(row["map"]),
        "bin": row["bin"].decode(),
    }


def write_groups(rows):
    """Row groups of none in between: of them nothing is written, and the offsets in the footer say so."""
    some = rows.select(["prompt", "response", "messages", "i64", "st"])
    with pq.ParquetWriter(OUT / "groups.parquet", some.schema, compression="zstd", store_schema=False) as out:
        for i in range(0, ROWS, 20):
            out.write_table(some.slice(0, 0))
            out.write_table(some.slice(i, 20))
        out.write_table(some.slice(0, 0))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rows = table()
    lines = "".join(json.dumps(expected(row)) + "\n" for row in rows.to_pylist())
    (OUT / "rows.jsonl").write_text(lines)

    small = {"row_group_size": 40, "data_page_size": 64, "write_batch_size": 8}
    small |= {"write_statistics": False, "store_schema": False}
    for codec in ["none", "snappy", "gzip", "brotli", "lz4"]:
        pq.write_table(rows, OUT / f"{codec}.parquet", compression=codec, **small)
    pq.write_table(rows, OUT / "zstd-v2.parquet", compression="zstd", data_page_version="2.0", **small)
    encodings = {"i64": "DELTA_BINARY_PACKED", "i8": "DELTA_BINARY_PACKED", "u64": "DELTA_BINARY_PACKED"}
    encodings |= {"prompt": "DELTA_BYTE_ARRAY", "response": "DELTA_LENGTH_BYTE_ARRAY"}
    encodings |= {"d": "BYTE_STREAM_SPLIT", "f": "BYTE_STREAM_SPLIT", "b": "RLE"}
    small |= {"use_dictionary": False, "column_encoding": encodings}
    pq.write_table(rows, OUT / "delta.parquet", compression="none", **small)

    write_groups(rows)

    for codec in [None, "lz4", "zstd"]:
        options = ipc.IpcWriteOptions(compression=codec)
        for kind, writer in [("stream", ipc.new_stream), ("file", ipc.new_file)]:
            with writer(OUT / f"{codec or 'none'}-{kind}.arrow", rows.schema, options=options) as out:
                for batch in rows.to_batches(max_chunksize=25):
                    out.write_batch(batch)

    frame = pl.from_arrow(rows.select(["prompt", "response", "messages", "i64", "d", "b", "st"]))
    frame.write_parquet(OUT / "polars.parquet", row_group_size=25, data_page_size=64)
    frame.write_ipc(OUT / "polars.arrow", compression="zstd")

    content = lines.encode()
    packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(content[:20_000])
    # Two frames, the second without its size, and something to be skipped between them.
    rest = zstandard.ZstdCompressor(level=19, write_content_size=False).compress(content[20_000:])
    skipped = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    (OUT / "rows.jsonl.zst").write_bytes(packed + skipped + rest)


if __name__ == "__main__":
    main()
