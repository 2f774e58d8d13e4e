"""What a plausible store gets wrong about room for what it keeps: as in the files beside it."""

from __future__ import annotations

FAULTS: list[tuple[str, str, str, str]] = [
    (
        "admission",
        "no bound of buckets",
        'if not self.has_room_for(site, following, request["buckets_per_site_max"]):',
        "if False:",
    ),
    (
        "admission",
        "one bucket less",
        'following, request["buckets_per_site_max"]):',
        'following, request["buckets_per_site_max"] - 1):',
    ),
    (
        "admission",
        "one bucket more",
        'following, request["buckets_per_site_max"]):',
        'following, request["buckets_per_site_max"] + 1):',
    ),
    (
        "admission",
        "buckets are held to the bound of claims",
        'request["buckets_per_site_max"]):',
        'request["claims_per_site_max"]):',
    ),
    (
        "admission",
        "room for one bucket is room for all",
        "return new == 0 or self.clock.has_room(own, new, most)",
        "return new == 0 or self.clock.has_room(own, 1, most)",
    ),
    (
        "admission",
        "buckets that are there need room",
        "return new == 0 or self.clock.has_room(own, new, most)",
        "return self.clock.has_room(own, len(list(buckets)), most)",
    ),
    (
        "admission",
        "buckets that are full again keep their place",
        "return new == 0 or self.clock.has_room(own, new, most)",
        "return new == 0 or len(own) + new <= most",
    ),
    (
        "admission",
        "all sites share the bound of buckets",
        "own = [end for key, end in self.full_at.items() if key[0] == site]",
        "own = list(self.full_at.values())",
    ),
    (
        "admission",
        "full of buckets keeps the claims",
        '            refused = self.take_tokens(site, request)\n            if refused:\n',
        '            refused = self.take_tokens(site, request)\n'
        '            if refused and refused["outcome"] == "limited":\n',
    ),
    (
        "admission",
        "full of buckets spends the tokens of those that are there",
        '                return {"outcome": "full"}\n            self.full_at',
        "                self.full_at.update({k: v for k, v in following.items()\n"
        "                                     if self.level(k) > now})\n"
        '                return {"outcome": "full"}\n            self.full_at',
    ),
    (
        "admission",
        "full of buckets before limited",
        "        if not waits:\n            if not self",
        '        if not self.has_room_for(site, following, request["buckets_per_site_max"]):\n'
        '            return {"outcome": "full"}\n'
        "        if not waits:\n            if not self",
    ),
    (
        "admission",
        "a takeover needs room for buckets",
        "        if not takeover:\n            refused",
        "        wanted = {(site, b[\"key\"]) for b in request[\"buckets\"]}\n"
        '        if not self.has_room_for(site, wanted, request["buckets_per_site_max"]):\n'
        '            return {"outcome": "full"}\n'
        "        if not takeover:\n            refused",
    ),
    (
        "sessions",
        "no bound of keys",
        'return self.clock.has_room(ends, 1, request["idempotency_per_site_max"])',
        "return True",
    ),
    (
        "sessions",
        "one key less",
        'request["idempotency_per_site_max"])',
        'request["idempotency_per_site_max"] - 1)',
    ),
    (
        "sessions",
        "keys that are over keep their place",
        'return self.clock.has_room(ends, 1, request["idempotency_per_site_max"])',
        'return len(ends) < request["idempotency_per_site_max"]',
    ),
    (
        "sessions",
        "all sites share the bound of keys",
        "ends = [end for own, end in self.statements.items() if own[0] == site]",
        "ends = list(self.statements.values())",
    ),
    (
        "sessions",
        "a known key needs room",
        "        if known_until and not self.clock.is_over(known_until):\n"
        "            return True\n",
        "",
    ),
    (
        "sessions",
        "a withdrawal needs room for its key",
        "        if not remembered and not narrowing:\n",
        "        if not remembered:\n",
    ),
    (
        "sessions",
        "a withdrawal takes room for its key",
        "        if statement and remembered:\n",
        "        if statement:\n",
    ),
    (
        "sessions",
        "a grant without room for its key is stored all the same",
        "        if not remembered and not narrowing:\n",
        "        if False:\n",
    ),
    (
        "sessions",
        "a floor too many is refused",
        "                self.too_many.add(site)\n",
        '                return {"outcome": "full"}\n',
    ),
    (
        "sessions",
        "a floor too many is another site's",
        "                self.too_many.add(site)\n",
        "                self.floors.each.pop(next(iter(self.floors.each)))\n"
        "                self.floors.merged.pop(next(iter(self.floors.merged)))\n",
    ),
    (
        "sessions",
        "a tombstone needs no room",
        '        if not self.tombstones.has_room(person, request["tombstones_per_site_max"]):\n',
        "        if False:\n",
    ),
    (
        "sessions",
        "a session is deleted without its tombstone",
        '            return {"outcome": "full"}\n        self.tombstones',
        '            self.sessions.pop((request["site"], request["fingerprint"]), None)\n'
        '            return {"outcome": "full"}\n        self.tombstones',
    ),
    (
        "sessions",
        "a tombstone makes way for another",
        '            return {"outcome": "full"}\n        self.tombstones',
        '            self.floors.each.pop(next(iter(self.floors.each)))\n'
        "            self.floors.merged.pop(next(iter(self.floors.merged)))\n"
        "        self.tombstones",
    ),
    (
        "sessions",
        "a tombstone that is there needs room",
        "        if key in kept and not self.clock.is_over(kept[key]):\n            return True\n",
        "",
    ),
    (
        "sessions",
        "all sites share the bound of floors",
        "for own, (_, end) in self.merged.items() if own[0] == key[0]}",
        "for own, (_, end) in self.merged.items()}",
    ),
    (
        "calls",
        "no bound of bytes",
        "if size > 0 and not self.clock.has_room(bytes_, size, most):",
        "if False:",
    ),
    (
        "calls",
        "one byte less",
        "has_room(bytes_, size, most):",
        "has_room(bytes_, size, most - 1):",
    ),
    (
        "calls",
        "one byte more",
        "has_room(bytes_, size, most):",
        "has_room(bytes_, size, most + 1):",
    ),
    (
        "calls",
        "a body is a byte",
        "size = len(request[\"body\"])",
        "size = min(len(request[\"body\"]), 1)",
    ),
    (
        "calls",
        "an empty body needs room",
        "        if size > 0 and not self.clock",
        "        size = max(size, 1)\n        if not self.clock",
    ),
    (
        "calls",
        "all sites share the bound of bytes",
        'bytes_ = [row["until"] for row in self.rows_of(site) for _ in row["body"]]',
        'bytes_ = [row["until"] for row in self.rows.values() for _ in row["body"]]',
    ),
    (
        "calls",
        "an erasure without its tombstone",
        '            return {"outcome": "full"}\n        self.tombstones',
        "            pass\n        self.tombstones",
    ),
    (
        "calls",
        "calls are erased without room for the tombstone",
        '            return {"outcome": "full"}\n        self.tombstones',
        "            for row in self.rows_of(request[\"site\"]):\n"
        "                del self.rows[request[\"site\"], row[\"call_id\"]]\n"
        '            return {"outcome": "full"}\n        self.tombstones',
    ),
]
