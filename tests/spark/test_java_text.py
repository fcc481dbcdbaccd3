"""Failures in Spark's own words, and what a user reads of them."""

from __future__ import annotations

import pytest

from pipeline.spark.java_text import paragraph

FRAMES = """\tat org.apache.spark.sql.execution.FileFormatWriter$.executeTask(A.scala:409)
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""
ABORTED = (
    "An error occurred while calling o113.parquet.\n: org.apache.spark.SparkException: Job aborted "
    "due to stage failure: Task 3 in stage 8.0 failed 4 times, most recent failure: Lost task 3.3 "
    "in stage 8.0 (TID 12) (10.0.0.7 executor 2): "
)
DRIVER = """
Driver stacktrace:
\tat org.apache.spark.scheduler.DAGScheduler.failJobAndIndependentStages(DAGScheduler.scala:2856)
"""


def write_failed(cause: str) -> str:
    chain = (
        "org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to "
        f"file:/data/scores.\n{FRAMES}Caused by: {cause}\n{FRAMES}\t... 17 more\n"
    )
    return f"{ABORTED}{chain}{DRIVER}Caused by: {chain}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            write_failed("java.io.IOException: No space left on device"),
            "Task failed while writing rows to file:/data/scores: No space left on device; free "
            "space on that disk, or let Spark and the job use another (spark.local.dir, output, "
            "scratch)",
        ),
        (
            write_failed(
                "java.io.FileNotFoundException: /data/scores/_temporary/0/part-00000.parquet "
                "(Permission denied)"
            ),
            "Task failed while writing rows to file:/data/scores: "
            "/data/scores/_temporary/0/part-00000.parquet (Permission denied)",
        ),
        (
            write_failed(
                "org.apache.hadoop.security.AccessControlException: Permission denied: user=ann, "
                'access=WRITE, inode="/data":hdfs:hadoop:drwxr-xr-x'
            ),
            "Task failed while writing rows to file:/data/scores: Permission denied: user=ann, "
            'access=WRITE, inode="/data":hdfs:hadoop:drwxr-xr-x',
        ),
        (
            write_failed("java.lang.OutOfMemoryError: Java heap space"),
            "Task failed while writing rows to file:/data/scores: OutOfMemoryError: Java heap "
            "space; give the executors or the driver more memory (spark.executor.memory, "
            "spark.driver.memory)",
        ),
        (
            "An error occurred while calling o172.collectToPython.\n"
            f": java.lang.OutOfMemoryError: GC overhead limit exceeded\n{FRAMES}",
            "OutOfMemoryError: GC overhead limit exceeded; give the executors or the driver more "
            "memory (spark.executor.memory, spark.driver.memory)",
        ),
        (
            f"{ABORTED}ExecutorLostFailure (executor 2 exited caused by one of the running tasks) "
            "Reason: Remote RPC client disassociated. Likely due to containers exceeding "
            f"thresholds, or network issues. Check driver logs for WARN messages.\n{DRIVER}",
            "(10.0.0.7 executor 2): ExecutorLostFailure (executor 2 exited caused by one of the "
            "running tasks) Reason: Remote RPC client disassociated. Likely due to containers "
            "exceeding thresholds, or network issues. Check driver logs for WARN messages.",
        ),
        (
            f"{ABORTED}org.apache.spark.SparkException: Python worker exited unexpectedly "
            f"(crashed)\n{FRAMES}Caused by: java.io.EOFException\n{FRAMES}",
            "Python worker exited unexpectedly (crashed): EOFException; memory is the usual "
            "reason: raise spark.executor.memoryOverhead, and see the executor's log",
        ),
        (
            f"{ABORTED}org.apache.spark.SparkException: Exception thrown in awaitResult: \n"
            f"{FRAMES}Caused by: org.apache.spark.SparkException: [CANNOT_READ_FILE_FOOTER] Could "
            f"not read footer for file: file:/data/a.parquet.\n{FRAMES}Caused by: "
            "java.lang.RuntimeException: file:/data/a.parquet is not a Parquet file. Expected "
            f"magic number at tail, but found [113, 117, 101, 116]\n{FRAMES}",
            "Could not read footer for file: file:/data/a.parquet: file:/data/a.parquet is not a "
            "Parquet file. Expected magic number at tail, but found [113, 117, 101, 116]",
        ),
        (
            "An error occurred while calling o31.load.\n: java.lang.RuntimeException: "
            f"java.lang.ClassNotFoundException: Class org.example.S3 not found\n{FRAMES}",
            "Class org.example.S3 not found",
        ),
        (
            f"An error occurred while calling o1.x.\n: java.lang.NullPointerException\n{FRAMES}",
            "NullPointerException",
        ),
        (
            "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)\n\n== SQL ==\n"
            "selec nothing fro\n^^^\n",
            "Syntax error at or near 'selec'.(line 1, pos 0)",
        ),
    ],
)
def test_a_failure_is_one_paragraph(text: str, said: str) -> None:
    assert paragraph(text) == said


def test_of_a_python_traceback_only_the_exception_is_told() -> None:
    traceback = (
        "org.apache.spark.api.python.PythonException: Traceback (most recent call last):\n"
        '  File "/x/worker.py", line 1247, in main\n    process()\n'
        "KeyError: 'first'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/x/job.py", line 3, in work\n    raise ValueError(text)\n'
        "my.errors.Refused: seven\nof nine\n"
    )
    assert paragraph(write_failed(traceback)) == "my.errors.Refused: seven of nine"


def test_a_very_long_message_is_cut() -> None:
    assert len(paragraph("x " * 10_000)) == 1500
