"""Networks, a file each. Imported on executors only: importing one loads MXNet."""
