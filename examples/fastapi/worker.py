"""Sends the conversions that are due: take, send, say how that went. Run as many as you like."""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
from consentgate import AsyncGate, Conversion

from stores import stores

HERE = Path(__file__).parent
config = json.loads(Path(os.environ.get("GATE_CONFIG", HERE.parent / "config.json")).read_bytes())
# Where conversions go. Without one they are printed, by the id of their call alone.
SINK = os.environ.get("CONVERSIONS_URL")


async def send(job: Conversion) -> str:
    """`sent`; `failed` if it will never be taken; `retry` if it may be later."""
    if SINK is None:
        print(f"conversion of call {job.call_id}", flush=True)
        return "sent"
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            # The id of the call lets the receiver see a conversion that comes twice.
            headers = {"idempotency-key": job.call_id, "content-type": "application/json"}
            response = await client.post(SINK, content=job.body, headers=headers)
    except httpx.HTTPError:
        return "retry"
    if response.is_success:
        return "sent"
    # Too early, too many: such a client error ends by itself.
    is_final = response.is_client_error and response.status_code not in (408, 425, 429)
    return "failed" if is_final else "retry"


async def finish(gate: AsyncGate, job: Conversion, result: str) -> None:
    """What is not told is sent again."""
    for pause_s in (1, 2, 4, 0):
        if (await gate.finish_conversion(job, result)).outcome != "unavailable":
            return
        await asyncio.sleep(pause_s)


async def work(gate: AsyncGate) -> int:
    """One round over all sites; how many conversions left the queue, sent or cancelled."""
    taken = 0
    for site in config["sites"]:
        # Few enough that all are sent within their lease, should each take its longest.
        decision = await gate.take_conversions(site, 20)
        if decision.outcome == "unavailable":
            print(f"take: {decision.reason}", file=sys.stderr)
        taken += decision.cancelled
        for job in decision.conversions:
            await finish(gate, job, await send(job))
            taken += 1
    return taken


async def main() -> None:
    once = "--once" in sys.argv
    async with stores() as kept, AsyncGate(config, kept) as gate:
        while True:
            taken = await work(gate)
            await gate.purge(1000)
            if once and taken == 0:
                return
            if taken == 0:
                await asyncio.sleep(5)


if __name__ == "__main__":
    asyncio.run(main())
