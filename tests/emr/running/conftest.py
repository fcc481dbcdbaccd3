from tests.emr.proxied import emr_proxy as emr_proxy
from tests.emr.proxied import time as time
