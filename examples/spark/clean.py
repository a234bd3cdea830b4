"""Cleans JSON Lines on a Spark cluster: each partition goes through a dechrome of its own.

    spark-submit clean.py INPUT OUTPUT [--field PATH] [--partitions N] [--command ./dechrome]

INPUT and OUTPUT are any paths that Spark reads and writes, also of compressed files. The records of
the output are those of the input in the same order, whatever the partitions. The command must be on
the path of the workers; where it is not, `spark-submit --files dechrome` takes it along, and it is
then called ./dechrome.
"""

import argparse
import shlex

from pyspark.sql import SparkSession


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--field", default="text")
    parser.add_argument("--partitions", type=int)
    parser.add_argument("--command", default="dechrome")
    args = parser.parse_args()

    # One thread each: Spark runs one for each core. A record that cannot be used is left out; any
    # other failure fails the task, which Spark then runs again.
    command = [args.command, "-j1", "--format=jsonl", f"--field={args.field}", "--on-error=skip"]
    spark = SparkSession.builder.appName("dechrome").getOrCreate()
    records = spark.sparkContext.textFile(args.input, args.partitions)
    records.pipe(shlex.join(command), checkCode=True).saveAsTextFile(args.output)
    spark.stop()


main()
