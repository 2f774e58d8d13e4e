"""What a plausible store gets wrong: file of the model, name, what stands there, what instead."""

from __future__ import annotations

FAULTS: list[tuple[str, str, str, str]] = [
    (
        "sessions",
        "a version is counted by what is stored",
        "self.last_version += 1",
        "self.last_version = len(self.sessions) + 1",
    ),
    (
        "sessions",
        "a version is counted by person",
        "self.last_version += 1",
        "self.last_version = (version or 0) + 1",
    ),
    (
        "sessions",
        "a version is new only with new members",
        "self.last_version += 1",
        "self.last_version += not version or self.sessions[\n"
        '                site, request["fingerprint"]]["session"] '
        '!= {"version": version, **session}',
    ),
    (
        "sessions",
        "a keep is ignored",
        '"until": self.clock.end(now + request["keep_ms"]),',
        '"until": self.clock.end(now + 15_552_000_000),',
    ),
    (
        "sessions",
        "a change keeps the old end",
        '"until": self.clock.end(now + request["keep_ms"]),',
        '"until": self.sessions[site, request["fingerprint"]]["until"] if version is not None\n'
        '                else self.clock.end(now + request["keep_ms"]),',
    ),
    (
        "sessions",
        "finding prolongs",
        "        floor = self.floors.newest(person)\n        if floor !=",
        "        if kept:\n"
        '            kept["until"] = self.clock.end(kept["until"] + 1000)\n'
        "        floor = self.floors.newest(person)\n        if floor !=",
    ),
    (
        "sessions",
        "expected is ignored",
        '        if version != request["expected"]:\n',
        "        if False:\n",
    ),
    (
        "sessions",
        "none expected is any",
        '        if version != request["expected"]:\n',
        '        if request["expected"] is not None and version != request["expected"]:\n',
    ),
    (
        "sessions",
        "gone is as expected",
        '        if version != request["expected"]:\n',
        '        if version is not None and version != request["expected"]:\n',
    ),
    (
        "sessions",
        "a narrowing ignores the version",
        '        if version != request["expected"]:\n',
        '        if version != request["expected"] and not narrowing:\n',
    ),
    ("sessions", "a floor is forgotten", '        if request["floor"]:\n', "        if False:\n"),
    (
        "sessions",
        "the last floor wins",
        "return max(kept, default=None)",
        "at = kept[-1] if kept else None\n"
        "        self.newest_at_most = lambda key: at\n"
        "        return at",
    ),
    (
        "sessions",
        "the oldest floor wins",
        "return max(kept, default=None)",
        "at = min(kept, default=None)\n"
        "        self.newest_at_most = lambda key: at\n"
        "        return at",
    ),
    (
        "sessions",
        "a floor refuses only what is older",
        'session["changed_at_ms"] <= floor for',
        'session["changed_at_ms"] < floor for',
    ),
    ("sessions", "floors do not refuse", "            if below[0]:\n", "            if False:\n"),
    (
        "sessions",
        "a later floor ends the first",
        '        self.each.setdefault(key, []).append((floor["at_ms"], end))',
        '        at = max(floor["at_ms"], self.newest(key) or 0)\n'
        "        self.each[key] = [(at, end)]\n"
        "        self.merged[key] = (at, end)",
    ),
    (
        "sessions",
        "floors are kept for an hour",
        '        end = self.clock.end(self.clock.now + floor["keep_ms"])',
        "        end = self.clock.end(self.clock.now + 3_600_000)",
    ),
    (
        "sessions",
        "a floor refuses a narrowing",
        "        if session and not narrowing:\n            self.look",
        "        if session:\n            self.look",
    ),
    (
        "sessions",
        "a cap refuses a narrowing",
        "        is_new = session is not None and version is None\n",
        "        is_new = session is not None\n",
    ),
    (
        "sessions",
        "a key refuses a narrowing",
        "        if statement and not narrowing:\n",
        "        if statement:\n",
    ),
    (
        "sessions",
        "keys are not known",
        "        if statement and not narrowing:\n",
        "        if False:\n",
    ),
    (
        "sessions",
        "keys are not remembered",
        "        if statement and remembered:\n            end",
        "        if False:\n            end",
    ),
    (
        "sessions",
        "a key's keep is ignored",
        'end = self.clock.end(now + statement["keep_ms"])',
        "end = self.clock.end(now + 600_000)",
    ),
    (
        "sessions",
        "a key lives as long as the session",
        'end = self.clock.end(now + statement["keep_ms"])',
        'end = self.clock.end(now + request["keep_ms"])',
    ),
    (
        "sessions",
        "a key is taken before the version is compared",
        '        version = self.version(site, request["fingerprint"])\n',
        "        if statement:\n"
        '            end = self.clock.end(now + statement["keep_ms"])\n'
        '            self.statements[site, statement["key"]] = end\n'
        '        version = self.version(site, request["fingerprint"])\n',
    ),
    (
        "sessions",
        "a repeated key is prolonged",
        '                return {"outcome": "repeated"}',
        '                end = self.clock.end(now + statement["keep_ms"])\n'
        '                self.statements[site, statement["key"]] = end\n'
        '                return {"outcome": "repeated"}',
    ),
    (
        "sessions",
        "keys know no site",
        'self.statements.get((site, statement["key"]))',
        'next((e for k, e in self.statements.items() if k[1] == statement["key"]), None)',
    ),
    (
        "sessions",
        "a conflict leaves its floor",
        '        if version != request["expected"]:\n',
        '        if version != request["expected"]:\n'
        '            if request["floor"]:\n'
        '                self.floors.add((site, request["pseudonym"]), request["floor"])\n',
    ),
    (
        "sessions",
        "a delete leaves no tombstone",
        '        self.floors.add(person, request["tombstone"])\n',
        "",
    ),
    (
        "sessions",
        "a delete leaves the session",
        '        self.sessions.pop((request["site"], request["fingerprint"]), None)\n',
        "",
    ),
    (
        "sessions",
        "a session drops the floor under it",
        '        if request["floor"]:\n',
        "        if session:\n"
        "            self.floors.each.pop(person, None)\n"
        "            self.floors.merged.pop(person, None)\n"
        '        if request["floor"]:\n',
    ),
    (
        "sessions",
        "no bound",
        "        if is_new and not self.clock.has_room",
        "        if False and not self.clock.has_room",
    ),
    (
        "sessions",
        "all sites share the bound",
        'ends = [kept["until"] for key, kept in self.sessions.items() if key[0] == site]',
        'ends = [kept["until"] for kept in self.sessions.values()]',
    ),
    (
        "sessions",
        "full leaves its floor",
        '            return {"outcome": "full"}',
        '            if request["floor"]:\n'
        '                self.floors.add(person, request["floor"])\n'
        '            return {"outcome": "full"}',
    ),
    (
        "sessions",
        "zero is none",
        '"session": {"version": self.last_version, **session},',
        '"session": {"version": self.last_version, **session,\n'
        '                    "policy_version": session["policy_version"] or None},',
    ),
    (
        "sessions",
        "a member is not replaced",
        '"session": {"version": self.last_version, **session},',
        '"session": {"version": self.last_version, **session, "gpc": session["gpc"] or bool(\n'
        "                    version is not None and self.sessions[site, "
        'request["fingerprint"]]["session"]["gpc"])},',
    ),
    (
        "sessions",
        "scopes are one text",
        '"session": {"version": self.last_version, **session},',
        '"session": {"version": self.last_version, **session,\n'
        '                    "scopes": ",".join(session["scopes"]).split(",")},',
    ),
    (
        "sessions",
        "persons' names fold",
        "self.sessions.get((site, fingerprint))",
        "next((s for k, s in self.sessions.items()\n"
        "                     if k[0] == site and k[1].lower() == fingerprint.lower()), None)",
    ),
    (
        "sessions",
        "purge drops what is alive",
        'if kept["until"] <= now]',
        'if kept["until"] <= now + 1000]',
    ),
    (
        "sessions",
        "purge drops floors",
        "for floor in [own for own in floors if own[1] <= self.clock.now]:",
        "for floor in [*floors, *(self.merged.clear() or ())]:",
    ),
    (
        "sessions",
        "purge drops more than asked for",
        '        over = over[: request["limit"]]\n',
        "",
    ),
    (
        "sessions",
        "purge counts and drops nothing",
        "            del self.sessions[key]\n",
        "            pass\n",
    ),
]
