import json

from pipeline.deep.training import without_initialisers


def test_equal_networks_have_equal_files() -> None:
    """MXNet names a constant's initialiser by its address in memory."""

    def exported(address: int) -> bytes:
        attributes = {"__init__": f"Constant_mean_{address}", "__shape__": "(1, 3)"}
        node = {"op": "null", "name": "mean", "attrs": attributes, "inputs": []}
        plain = {"op": "FullyConnected", "name": "dense", "inputs": []}
        return json.dumps({"nodes": [node, plain], "arg_nodes": [0]}).encode()

    found = without_initialisers(exported(140158825633360))
    assert found == without_initialisers(exported(140659623335440))
    graph = json.loads(found)
    assert graph["nodes"][0]["attrs"] == {"__shape__": "(1, 3)"}
    assert graph["arg_nodes"] == [0]
