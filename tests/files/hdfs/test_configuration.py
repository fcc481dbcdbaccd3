from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.files.hdfs.configuration import addresses, read_configuration

ONE = {"fs.defaultFS": "hdfs://master:8020", "dfs.namenode.http-address": "0.0.0.0:50070"}
HA = {
    "fs.defaultFS": "hdfs://both",
    "dfs.ha.namenodes.both": "nn1, nn2",
    "dfs.namenode.http-address.both.nn1": "one:9870",
    "dfs.namenode.http-address.both.nn2": "two:9870",
    "dfs.namenode.https-address.both.nn1": "one:9871",
    "dfs.namenode.https-address.both.nn2": "two:9871",
}


@pytest.mark.parametrize(
    ("authority", "properties", "expected"),
    [
        ("", ONE, ("http://master:50070",)),
        ("master:8020", ONE, ("http://master:50070",)),
        ("other:8020", ONE, ("http://other:9870",)),
        ("other", {}, ("http://other:9870",)),
        ("other", {"dfs.http.policy": "HTTPS_ONLY"}, ("https://other:9871",)),
        ("", HA, ("http://one:9870", "http://two:9870")),
        ("both", {**HA, "dfs.http.policy": "HTTPS_ONLY"}, ("https://one:9871", "https://two:9871")),
    ],
)
def test_the_namenodes_of_a_uri_come_from_the_configuration(
    authority: str, properties: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert addresses(authority, properties) == expected


@pytest.mark.parametrize("properties", [{}, {"fs.defaultFS": "file:///"}])
def test_a_uri_without_a_namenode_that_nobody_names_is_refused(properties: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"no NameNode is named.*set HADOOP_CONF_DIR"):
        addresses("", properties)


def test_the_configuration_is_that_of_the_directory_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))
    monkeypatch.delenv("YARN_CONF_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "core-site.xml").write_text(
        "<configuration><property><name> fs.defaultFS </name><value>hdfs://a:1</value></property>"
        "<property><name>empty</name></property></configuration>"
    )
    assert read_configuration() == {"fs.defaultFS": "hdfs://a:1", "empty": ""}
    (tmp_path / "hdfs-site.xml").write_text("<configuration>")
    with pytest.raises(UserError, match=r"hdfs-site\.xml: is not a configuration of Hadoop"):
        read_configuration()


def test_a_container_of_spark_finds_what_spark_brought_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HADOOP_CONF_DIR", "YARN_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "__spark_conf__" / "__hadoop_conf__"
    place.mkdir(parents=True)
    (place / "core-site.xml").write_text(
        "<configuration><property><name>a</name><value>1</value></property></configuration>"
    )
    monkeypatch.chdir(tmp_path)
    assert read_configuration() == {"a": "1"}
