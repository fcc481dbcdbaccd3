"""`emr-ensembles pretrained pull`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

_FOLDER = "pretrained"


def add_parser(subparsers: Any) -> None:
    """Add `pretrained` to the command line."""
    parser = subparsers.add_parser("pretrained", help="fetch a checkpoint to train from")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_pull(commands)


def _add_pull(commands: Any) -> None:
    parser = commands.add_parser(
        "pull",
        help="fetch a checkpoint of the Hugging Face model zoo",
        description="Fetch a checkpoint of the Hugging Face model zoo: its config, weights and "
        "tokeniser, and nothing else. It is there whole, or not at all; origin.json says which "
        "version it is. HF_TOKEN gives access to what is not public, HF_ENDPOINT names another "
        "server.",
        epilog="Without a network, copy config.json, model.safetensors (or pytorch_model.bin) and "
        "tokenizer.json (or vocab.txt, with tokenizer_config.json) into one directory or URI: that "
        "is a checkpoint, too.",
    )
    parser.add_argument(
        "name", metavar="NAME", help="the model, e.g. sentence-transformers/all-MiniLM-L6-v2"
    )
    parser.add_argument(
        "--to",
        metavar="URI",
        help=f"directory, s3:// or hdfs://; default: {_FOLDER}/ and the last part of the name",
    )
    parser.add_argument(
        "--revision", metavar="R", help="branch, tag or commit; default: the newest version"
    )
    parser.set_defaults(handler=_pull)


def _pull(args: argparse.Namespace) -> int:
    # The other commands start without it.
    from pipeline.transfer.pretrained import pull

    to = args.to or f"{_FOLDER}/{args.name.rpartition('/')[2]}"
    pulled = pull(args.name, to, args.revision)
    size = sum(pulled.sizes.values()) / 1e6
    sys.stdout.write(
        f"{pulled.name} at {pulled.commit[:12]}: {len(pulled.sizes)} files, {size:.1f} MB, in "
        f"{pulled.uri}\n"
    )
    return 0
