"""HDFS and YARN on this machine: the real daemons of the Hadoop that EMR has, on loopback."""
