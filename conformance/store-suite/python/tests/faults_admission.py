"""What a plausible store gets wrong: file of the model, name, what stands there, what instead."""

from __future__ import annotations

FAULTS: list[tuple[str, str, str, str]] = [
    ("admission", "settle ignores the owner", ' and claim["owner"] == request["owner"]:', ":"),
    (
        "admission",
        "a lease never lapses",
        'rests = [claim["until"] - now for claim in held if now < claim["until"]]',
        'rests = [max(1, claim["until"] - now) for claim in held]',
    ),
    (
        "admission",
        "a lease is over one late",
        'for claim in held if now < claim["until"]]',
        'for claim in held if now <= claim["until"]]',
    ),
    (
        "admission",
        "a lease is over one early",
        'for claim in held if now < claim["until"]]',
        'for claim in held if now < claim["until"] - 1]',
    ),
    (
        "admission",
        "each lease is the same",
        '"until": now + request["lease_ms"],',
        '"until": now + 30_000,',
    ),
    (
        "admission",
        "the lease is as long as the keep",
        '"until": now + request["lease_ms"],',
        '"until": now + request["keep_ms"],',
    ),
    (
        "admission",
        "no lease is cut",
        'claim["until"] = min(claim["until"], now + request["lease_ms"])',
        "pass",
    ),
    (
        "admission",
        "a cut lease is not kept",
        'claim["until"] = min(claim["until"], now + request["lease_ms"])',
        'claim = {**claim}; claim["until"] = min(claim["until"], now + request["lease_ms"])',
    ),
    (
        "admission",
        "the owner may take its claims again",
        "        if rests:\n",
        '        if rests and any(c["owner"] != request["owner"] for c in held):\n',
    ),
    (
        "admission",
        "buckets are asked before claims",
        "        if done:\n            return self.met_done",
        "        refused = self.take_tokens(site, request)\n"
        "        if refused:\n            return refused\n"
        "        if done:\n            return self.met_done",
    ),
    ("admission", "a takeover spends a token", "        if not takeover:\n", "        if True:\n"),
    ("admission", "a refund is forgotten", 'self.refund(site, request["refund"])', "pass"),
    ("admission", "a refund for a part", 'if len(own) == len(request["claims"]):', "if own:"),
    (
        "admission",
        "a refund for a lost release",
        "        if not own:\n",
        '        if not own:\n            self.refund(site, request.get("refund", []))\n',
    ),
    (
        "admission",
        "a refund for each claim",
        'self.refund(site, request["refund"])',
        'self.refund(site, request["refund"] * len(request["claims"]))',
    ),
    (
        "admission",
        "a refund makes it full",
        'self.full_at[key] = self.clock.end(self.full_at[key] - bucket["interval_ms"])',
        "self.full_at[key] = self.clock.end(now)",
    ),
    (
        "admission",
        "a commit's keep is ignored",
        '            end = self.clock.end(now + request["keep_ms"])\n            for key in own',
        "            end = self.clock.end(now + 600_000)\n            for key in own",
    ),
    (
        "admission",
        "a commit never shortens",
        '            end = self.clock.end(now + request["keep_ms"])\n            for key in own',
        '            end = self.clock.end(max(now + request["keep_ms"], *(\n'
        '                int(self.claims[key]["forget_at"]) for key in own)))\n'
        "            for key in own",
    ),
    (
        "admission",
        "done lives for ever",
        '                    "forget_at": end,\n                    "forget_at_latest": end,',
        '                    "forget_at": self.clock.end(2**50),\n'
        '                    "forget_at_latest": self.clock.end(2**50),',
    ),
    ("admission", "a keep is ignored", 'end = now + request["keep_ms"]\n', "end = now + 600_000\n"),
    (
        "admission",
        "done is not prolonged",
        'if claim["forget_at"] < now + request["keep_ms"]:',
        "if False:",
    ),
    (
        "admission",
        "done is shortened",
        'if claim["forget_at"] < now + request["keep_ms"]:',
        "if True:",
    ),
    (
        "admission",
        "refused is not prolonged",
        "        for claim in done:\n",
        "        for claim in accepted:\n",
    ),
    (
        "admission",
        "only the first done is prolonged",
        "        for claim in done:\n",
        "        for claim in done[:1]:\n",
    ),
    (
        "admission",
        "the first done counts",
        "        if accepted:\n",
        '        if done[0]["result"] == "accepted":\n',
    ),
    ("admission", "held wins over done", "        if done:\n", "        if done and not held:\n"),
    (
        "admission",
        "done takes what is absent",
        "        for claim in done:\n",
        '        for claim in request["claims"]:\n'
        '            self.claims.setdefault((request["site"], claim), done[0])\n'
        "        for claim in done:\n",
    ),
    (
        "admission",
        "released is lapsed",
        "            del self.claims[key]\n",
        '            self.claims[key]["until"] = now\n',
    ),
    (
        "admission",
        "one claim is taken",
        "        for key in keys:\n            before",
        "        for key in keys[:1]:\n            before",
    ),
    (
        "admission",
        "a takeover takes only what lapsed",
        "        for key in keys:\n            before",
        "        for key in [k for k in keys if self.known(k)] or keys:\n            before",
    ),
    (
        "admission",
        "lapsed claims are forgotten",
        "held = [claim for claim in met if",
        'held = [claim for claim in met if claim.get("until", 0) > now and',
    ),
    (
        "admission",
        "claims know no site",
        'keys = [(site, claim) for claim in request["claims"]]',
        'keys = [("", claim) for claim in request["claims"]]',
    ),
    (
        "admission",
        "claims know no kind",
        'keys = [(site, claim) for claim in request["claims"]]',
        'keys = [(site, "s" + claim[1:]) for claim in request["claims"]]',
    ),
    ("admission", "a takeover is not told", '"takeover": takeover}', '"takeover": False}'),
    (
        "admission",
        "held for the shortest rest",
        '"retry_ms": max(rests)}',
        '"retry_ms": min(rests)}',
    ),
    ("admission", "no bound", "if new > 0 and not self.has_room", "if False and not self.has_room"),
    (
        "admission",
        "the bound is one less",
        'request["claims_per_site_max"]):',
        'request["claims_per_site_max"] - 1):',
    ),
    (
        "admission",
        "the bound is one more",
        'request["claims_per_site_max"]):',
        'request["claims_per_site_max"] + 1):',
    ),
    (
        "admission",
        "the bound is for one claim",
        "not self.has_room(site, new,",
        "not self.has_room(site, 1,",
    ),
    ("admission", "known claims need room", "new = len(keys) - len(met)", "new = len(keys)"),
    ("admission", "nothing needs room", "if new > 0 and not self.has_room", "if not self.has_room"),
    (
        "admission",
        "all sites share the bound",
        "own = [claim for key, claim in self.claims.items() if key[0] == site]",
        "own = list(self.claims.values())",
    ),
    (
        "admission",
        "done claims have no place",
        "own = [claim for key, claim in self.claims.items() if key[0] == site]",
        "own = [claim for key, claim in self.claims.items()\n"
        '               if key[0] == site and claim["state"] == "held"]',
    ),
    (
        "admission",
        "lapsed claims have no place",
        "own = [claim for key, claim in self.claims.items() if key[0] == site]",
        "own = [claim for key, claim in self.claims.items()\n"
        '               if key[0] == site and claim.get("until", 2**60) > self.clock.now]',
    ),
    (
        "admission",
        "a bucket is one token short",
        "if base + interval > now + window:",
        "if base + interval >= now + window:",
    ),
    (
        "admission",
        "a bucket holds one token more",
        "if base + interval > now + window:",
        "if base > now + window:",
    ),
    (
        "admission",
        "the wait is one short",
        "waits.append((base + interval - now - window, index))",
        "waits.append((base + interval - now - window - 1, index))",
    ),
    (
        "admission",
        "denied buckets burn the others",
        "        if not waits:\n",
        "        self.full_at.update({k: v for k, v in following.items()\n"
        '                             if k[1] not in [buckets[i]["key"] for _, i in waits]})\n'
        "        if not waits:\n",
    ),
    (
        "admission",
        "denied calls cost a token",
        "        retry_ms, index = max(waits)",
        "        for _, i in waits:\n"
        '            k = (site, buckets[i]["key"])\n'
        '            self.full_at[k] = self.clock.end(self.level(k) + buckets[i]["interval_ms"])\n'
        "        retry_ms, index = max(waits)",
    ),
    (
        "admission",
        "no bucket is cut",
        "base = min(max(self.level(key), now), now + window)",
        "base = max(self.level(key), now)",
    ),
    (
        "admission",
        "a cut bucket is not kept",
        "            if self.is_beyond(site, bucket):\n                window",
        "            if False:\n                window",
    ),
    (
        "admission",
        "only the bucket told of is cut",
        "        for bucket in buckets:\n            if self.is_beyond",
        "        for bucket in [buckets[max(waits)[1]]]:\n            if self.is_beyond",
    ),
    (
        "admission",
        "denied by the first",
        "retry_ms, index = max(waits)",
        "retry_ms, index = waits[0]",
    ),
    (
        "admission",
        "buckets know no site",
        '            key = (site, bucket["key"])\n            base',
        '            key = ("", bucket["key"])\n            base',
    ),
    (
        "admission",
        "limited claims are held",
        "            if refused:\n                return refused",
        "            if refused:\n"
        "                for key in keys:\n"
        '                    end = self.clock.end(now + request["keep_ms"])\n'
        '                    self.claims[key] = {"state": "held", "owner": request["owner"],\n'
        '                        "until": now + request["lease_ms"], "forget_at": end,\n'
        '                        "forget_at_latest": end}\n'
        "                return refused",
    ),
    (
        "admission",
        "trickled tokens are lost",
        "following[key] = self.clock.end(base + interval)",
        "following[key] = self.clock.end(now - -(base + interval - now) // interval * interval)",
    ),
    (
        "admission",
        "a full bucket loses its state too soon",
        "return 0 if end is None or",
        "return 0 if end is None or end <= self.clock.now + 20_000 or",
    ),
    (
        "admission",
        "refused is told as accepted",
        '"result": request["result"],',
        '"result": "accepted",',
    ),
    (
        "admission",
        "purge drops what is done",
        '        return {"outcome": "purged", "removed": 0}',
        '        self.claims = {k: c for k, c in self.claims.items() if c["state"] == "held"}\n'
        '        return {"outcome": "purged", "removed": 0}',
    ),
    (
        "admission",
        "purge drops buckets",
        '        return {"outcome": "purged", "removed": 0}',
        '        self.full_at.clear()\n        return {"outcome": "purged", "removed": 0}',
    ),
    (
        "clock",
        "everything is over one late",
        "        if end <= self.now:\n            return True\n        if self.was_over(end):",
        "        if end < self.now:\n            return True\n        if False:",
    ),
    (
        "clock",
        "everything is over one early",
        "        if end <= self.now:\n",
        "        if end <= self.now + 1:\n",
    ),
]
