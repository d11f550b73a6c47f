# SPDX-License-Identifier: Apache-2.0
"""The server's half on Spark: request files in, replies beside them, by `mapInPandas` with binary columns.

    spark-submit spark_predict.py server.plan evaluation.key requests/ replies.parquet

Plan and evaluation keys are read by every Python worker, from a path that all machines see. No secret key is needed,
and none may be there. Each file is one whole request. `replies.parquet` has the name of each request, and its reply.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, element_at, split

import blindsight as bs

plan, keys, requests, replies = sys.argv[1:]


def predict(batches: Iterator[pandas.DataFrame]) -> Iterator[pandas.DataFrame]:
    # Once a task: weights and keys are decoded here.
    server = bs.PreparedModel(bs.Plan.load(plan), threads=1).server(Path(keys).read_bytes(), threads=1)
    for batch in batches:
        answers = [bytes(server.predict(request)) for request in batch["request"]]
        yield pandas.DataFrame({"name": batch["name"], "reply": answers})


spark = (
    SparkSession.builder.appName("blindsight")
    # A request in memory at a time: they are megabytes each.
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", 1)
    .config("spark.sql.files.maxPartitionBytes", 256 << 20)
    .getOrCreate()
)
files = spark.read.format("binaryFile").option("pathGlobFilter", "*.ct").load(requests)
named = files.select(element_at(split(col("path"), "/"), -1).alias("name"), col("content").alias("request"))
named.mapInPandas(predict, "name string, reply binary").write.mode("errorifexists").parquet(replies)
