"""What a plausible store gets wrong: file of the model, name, what stands there, what instead."""

from __future__ import annotations

FAULTS: list[tuple[str, str, str, str]] = [
    (
        "calls",
        "no version is compared",
        "        return given != self.sessions.version(",
        "        return False and (",
    ),
    (
        "calls",
        "a session that is gone is as judged",
        '        return given != self.sessions.version(request["site"], request["fingerprint"])',
        '        version = self.sessions.version(request["site"], request["fingerprint"])\n'
        "        return version is not None and given != version",
    ),
    ("calls", "record ignores tombstones", "        if erased[0]:\n", "        if False:\n"),
    (
        "calls",
        "a tombstone forbids only what is older",
        'at >= request["changed_at_ms"] for',
        'at > request["changed_at_ms"] for',
    ),
    (
        "calls",
        "exists is said before moved",
        '        if self.has_moved(request):\n            return {"outcome": "moved"}\n'
        "        person",
        '        met = [r for r in self.rows_of(site) if request["signature_hash"] in r["names"]]\n'
        "        if self.has_moved(request) and not met:\n"
        '            return {"outcome": "moved"}\n        person',
    ),
    (
        "calls",
        "event ids are no names",
        '        if request["event_id"] is not None:\n',
        "        if False:\n",
    ),
    (
        "calls",
        "no event id is one",
        '        if request["event_id"] is not None:\n'
        '            names.add("event " + request["event_id"])',
        '        names.add("event " + str(request["event_id"]))',
    ),
    (
        "calls",
        "event ids fold",
        'names.add("event " + request["event_id"])',
        'names.add("event " + request["event_id"].lower())',
    ),
    (
        "calls",
        "more signatures are no names",
        'names = {request["signature_hash"], *request["more_signature_hashes"]}',
        'names = {request["signature_hash"]}',
    ),
    (
        "calls",
        "only the first signature is looked for",
        'same = [row for row in self.rows_of(site) if row["names"] & names]',
        "same = [row for row in self.rows_of(site)\n"
        '                if row["names"] & (names - set(request["more_signature_hashes"]))]',
    ),
    (
        "calls",
        "names know no site",
        "return [row for key, row in self.rows.items() if key[0] == site]",
        "return list(self.rows.values())",
    ),
    (
        "calls",
        "an event is a person's",
        'same = [row for row in self.rows_of(site) if row["names"] & names]',
        'same = [row for row in self.rows_of(site) if row["names"] & names\n'
        '                and row["fingerprint"] == request["fingerprint"]]',
    ),
    (
        "calls",
        "names outlive the row",
        '        same = [row for row in same if not self.clock.is_over(row["until"])]\n',
        "",
    ),
    (
        "calls",
        "a row that is met gains names",
        "        if same:\n",
        '        if same:\n            same[0]["names"] |= names\n',
    ),
    (
        "calls",
        "a row that is met gets a job",
        "        if same:\n",
        "        if same:\n"
        '            if not same[0]["job"] and request["marketing"] == "pending":\n'
        '                same[0]["job"] = self.new_job(request)\n',
    ),
    (
        "calls",
        "a row that is met is queued again",
        "        if same:\n",
        "        if same:\n"
        '            if same[0]["job"]:\n'
        '                same[0]["job"] = self.new_job(request)\n',
    ),
    (
        "calls",
        "a row that is met lives longer",
        "        if same:\n",
        "        if same:\n"
        '            same[0]["until"] = self.clock.end(self.clock.now + request["keep_ms"])\n',
    ),
    (
        "calls",
        "the new call is told",
        '"call_id": same[0]["call_id"]',
        '"call_id": request["call_id"]',
    ),
    (
        "calls",
        "this request's verdict is told",
        'marketing = "enqueued" if same[0]["job"] else "skipped"',
        'marketing = "enqueued" if request["marketing"] == "pending" else "skipped"',
    ),
    (
        "calls",
        "no bound",
        '        if not self.clock.has_room(ends, 1, request["calls_per_site_max"]):',
        "        if False:",
    ),
    (
        "calls",
        "full before exists",
        "        if same:\n",
        '        if same and len(self.rows_of(site)) < request["calls_per_site_max"]:\n',
    ),
    (
        "calls",
        "no job with the row",
        '            row["job"] = self.new_job(request)\n        self.rows',
        "            pass\n        self.rows",
    ),
    (
        "calls",
        "a job for what was skipped",
        '        if request["marketing"] == "pending":\n',
        "        if True:\n",
    ),
    (
        "calls",
        "a call's keep is ignored",
        '"until": self.clock.end(now + request["keep_ms"]), "job"',
        '"until": self.clock.end(now + 86_400_000), "job"',
    ),
    (
        "calls",
        "a body is text",
        "row = {name: request[name] for name in KEPT}\n",
        'request = request | {"body": request["body"].decode("utf-8", "replace").encode()}\n'
        "        row = {name: request[name] for name in KEPT}\n",
    ),
    (
        "calls",
        "enqueue twice",
        '        if row["job"]:\n            return {"outcome": "already"}\n',
        "",
    ),
    (
        "calls",
        "enqueue again after the end",
        '        if row["job"]:\n            return',
        '        if row["job"] and not row["job"]["final"]:\n            return',
    ),
    (
        "calls",
        "enqueue ignores the version",
        "        if self.has_moved(request):\n            if row is None",
        "        if False:\n            if row is None",
    ),
    (
        "calls",
        "enqueue does not prolong",
        '        if row["until"] < self.clock.now + request["keep_ms"]:\n',
        "        if False:\n",
    ),
    (
        "calls",
        "enqueue shortens",
        '        if row["until"] < self.clock.now + request["keep_ms"]:\n',
        "        if True:\n",
    ),
    (
        "calls",
        "the delay is ignored",
        'due_at = self.clock.now + request["delay_ms"]',
        "due_at = self.clock.now",
    ),
    (
        "calls",
        "find knows no site",
        'row = self.row(request["site"], request["call_id"])\n        return {"call"',
        'row = next((r for k, r in self.rows.items() if k[1] == request["call_id"]), None)\n'
        '        return {"call"',
    ),
    (
        "calls",
        "what is over is found",
        '        return row if row and not self.clock.is_over(row["until"]) else None',
        "        return row",
    ),
    (
        "calls",
        "erase leaves no tombstone",
        'self.tombstones.add(person, request["tombstone"])\n',
        "pass\n",
    ),
    (
        "calls",
        "erase leaves the calls",
        '                del self.rows[request["site"], row["call_id"]]\n',
        "                pass\n",
    ),
    (
        "calls",
        "erase leaves the names",
        '                del self.rows[request["site"], row["call_id"]]\n',
        '                row["call_id"], row["job"] = "", None\n',
    ),
    (
        "calls",
        "erase takes one call",
        '                del self.rows[request["site"], row["call_id"]]\n',
        '                del self.rows[request["site"], row["call_id"]]\n                break\n',
    ),
    (
        "calls",
        "erase matches a pattern",
        '            if row["fingerprint"] == request["fingerprint"]:\n',
        '            if __import__("fnmatch").fnmatchcase(row["fingerprint"],\n'
        '                    request["fingerprint"].replace("_", "?").replace("%", "*")):\n',
    ),
    ("calls", "take gives before it is due", ' or now < job["due_at"]:', ":"),
    ("calls", "take gives one late", 'or now < job["due_at"]:', 'or now <= job["due_at"]:'),
    (
        "calls",
        "take ignores leases",
        '            if now < job["leased_until"]:\n',
        "            if False:\n",
    ),
    (
        "calls",
        "a job's lease is one longer",
        '            if now < job["leased_until"]:\n',
        '            if now <= job["leased_until"]:\n',
    ),
    (
        "calls",
        "a job's lease never ends",
        '            if now < job["leased_until"]:\n',
        '            if job["leased_until"]:\n',
    ),
    ("calls", "each job's lease is the same", 'now + request["lease_ms"]', "now + 30_000"),
    ("calls", "take gives what is final", 'job["final"] or now <', "now <"),
    (
        "calls",
        "take gives more than asked for",
        'for row in by_due[: request["limit"]]:',
        "for row in by_due:",
    ),
    (
        "calls",
        "take gives the newest first",
        'for row in by_due[: request["limit"]]:',
        'for row in by_due[::-1][: request["limit"]]:',
    ),
    (
        "calls",
        "take gives in the order of recording",
        'for row in by_due[: request["limit"]]:',
        'for row in due[: request["limit"]]:',
    ),
    ("calls", "attempts are not counted", '            job["attempts"] += 1\n', ""),
    (
        "calls",
        "attempts begin at none",
        'kept | {"attempts": job["attempts"]}',
        'kept | {"attempts": job["attempts"] - 1}',
    ),
    (
        "calls",
        "take gives jobs of calls that are over",
        '            if not self.clock.is_over(row["until"]):\n',
        "            if True:\n",
    ),
    (
        "calls",
        "finish ignores the owner",
        'if job is None or job["owner"] != request["owner"]:',
        "if job is None:",
    ),
    (
        "calls",
        "a late owner is lost",
        'if job is None or job["owner"] != request["owner"]:',
        'if job is None or job["owner"] != request["owner"] '
        'or job["leased_until"] <= self.clock.now:',
    ),
    ("calls", "sent is not final", '            job["final"] = True\n', "            pass\n"),
    (
        "calls",
        "failed is tried again",
        '        if request["result"] == "retry":\n',
        '        if request["result"] == "failed":\n'
        '            job["due_at"] = self.clock.now\n'
        '        elif request["result"] == "retry":\n',
    ),
    (
        "calls",
        "cancelled is forgotten",
        '            job["final"] = True\n',
        '            job["final"] = True\n'
        '            if request["result"] == "cancelled":\n                row["job"] = None\n',
    ),
    (
        "calls",
        "a retry waits for its lease",
        '        job["owner"], job["leased_until"] = None, 0\n',
        '        job["owner"] = None\n',
    ),
    (
        "calls",
        "a retry stays its owner's",
        '        job["owner"], job["leased_until"] = None, 0\n',
        '        job["leased_until"] = 0\n',
    ),
    (
        "calls",
        "a retry's delay is ignored",
        'job["due_at"] = self.clock.now + request["delay_ms"]\n        else',
        'job["due_at"] = self.clock.now\n        else',
    ),
    (
        "calls",
        "a retry prolongs the call",
        'job["due_at"] = self.clock.now + request["delay_ms"]\n        else',
        'job["due_at"] = self.clock.now + request["delay_ms"]\n'
        '            row["until"] = self.clock.end(max(row["until"], job["due_at"] + 1000))\n'
        "        else",
    ),
    (
        "calls",
        "purge drops what is alive",
        'if row["until"] <= now]',
        'if row["until"] <= now + 1000]',
    ),
    (
        "calls",
        "purge drops finished calls",
        'if row["until"] <= now]',
        'if row["until"] <= now or (row["job"] and row["job"]["final"])]',
    ),
    ("calls", "purge drops more than asked for", '        over = over[: request["limit"]]\n', ""),
    (
        "calls",
        "purge counts and drops nothing",
        "            del self.rows[key]\n",
        "            pass\n",
    ),
]
