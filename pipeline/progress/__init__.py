"""Progress of long work: steps that trainers report, and sinks that show or keep them.

Trainers call `track` and know no sink; a job installs sinks with `reporting`. Whatever happens to
a sink, training goes on.
"""

from pipeline.progress.bars import Bars
from pipeline.progress.event_file import EventFile
from pipeline.progress.follower import Follower
from pipeline.progress.lines import Lines
from pipeline.progress.reporting import Tracker, default_sinks, reporting, track
from pipeline.progress.steps import Sink, Step
from pipeline.progress.terminal import terminal

__all__ = [
    "Bars",
    "EventFile",
    "Follower",
    "Lines",
    "Sink",
    "Step",
    "Tracker",
    "default_sinks",
    "reporting",
    "terminal",
    "track",
]
