import time

from prefect import flow


@flow(name="never-ends", flow_run_name="Spring sale, 26 Nov")
def never_ends():
    time.sleep(600)
