"""What is still claimed when every claim's time is over, in the engine that keeps the claims."""

import asyncio
import time

from engines import Engines
from world import QUICK_CLAIM_S, World

WITHOUT_END = """
local found = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  if redis.call('PTTL', key) == -1 then found[#found + 1] = key end
end
return found
"""


async def claims_left(here: World) -> list[str]:
    left_in = in_redis if here.admission == "redis" else in_postgres
    end = time.monotonic() + QUICK_CLAIM_S
    while left := left_in(here.engines, here.site):
        if time.monotonic() > end:
            break
        await asyncio.sleep(0.25)
    return [f"still claimed: {claim!a}" for claim in left]


def keys_without_end(here: World) -> list[str]:
    """Keys of Redis that would live for ever."""
    keys = here.engines.redis("eval", WITHOUT_END, "0", f"cg1:{{{here.site}}}:*")
    return [f"without an end: {key!a}" for key in keys if key]


def in_redis(engines: Engines, site: str) -> list[str]:
    return engines.redis("--scan", "--pattern", f"cg1:{{{site}}}:c:*")


def in_postgres(engines: Engines, site: str) -> list[str]:
    """After a purge: what is over may lie there until then."""
    engines.sql("""SELECT consentgate.purge_admission('{"limit": 1000000}')""")
    return engines.sql(f"SELECT claim FROM consentgate.claims WHERE site_id = '{site}'")
